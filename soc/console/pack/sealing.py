"""Sealing a pack for a centre's public key. Pure: no Django, no database.

A fresh AES-256-GCM key for each pack, wrapped by RSA-OAEP with SHA-256. The private key travels with the pack, locked by the
centre's phrase (PBKDF2-SHA256, then AES-256-GCM): browsers make and open all of it by Web Cryptography alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LEAST_BITS: Final = 3072
LEAST_ITERATIONS: Final = 600_000
MOST_ITERATIONS: Final = 10_000_000
LOCKED: Final = frozenset({"kdf", "iterations", "salt", "iv", "private"})
OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class Unusable(ValueError):
    """A key that no pack can be sealed for, or nobody could open."""


def public_key(pem: str) -> rsa.RSAPublicKey:
    """Raises Unusable."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnicodeEncodeError) as error:
        raise Unusable("not a public key") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise Unusable(f"not an RSA key of {LEAST_BITS} bits or more")
    return key


def check_locked(locked: Any) -> None:
    """That the private key was locked as hard as it must be, as far as that shows from outside. Raises Unusable."""
    if not isinstance(locked, dict) or set(locked) != LOCKED or locked["kdf"] != "PBKDF2-SHA256":
        raise Unusable("not a locked key")
    iterations = locked["iterations"]
    if type(iterations) is not int or not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise Unusable("locked by too few rounds, or too many")
    sizes = {name: len(_bytes(locked[name])) for name in ("salt", "iv", "private")}
    if sizes["salt"] < 16 or sizes["iv"] != 12 or not 1000 < sizes["private"] < 10_000:
        raise Unusable("not a locked key")


def seal(contents: dict[str, Any], public_pem: str) -> dict[str, str]:
    """{"wrapped", "iv", "data"} in base64: the JSON of `contents`, deflated (zlib), under a key of its own.

    Raises Unusable for a key that is none.
    """
    key, iv = AESGCM.generate_key(bit_length=256), os.urandom(12)
    plain = zlib.compress(json.dumps(contents, ensure_ascii=False).encode())
    return {
        "wrapped": _text(public_key(public_pem).encrypt(key, OAEP)),
        "iv": _text(iv),
        "data": _text(AESGCM(key).encrypt(iv, plain, None)),
    }


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Unusable("not base64")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Unusable("not base64") from error
