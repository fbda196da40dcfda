"""Secrets of this machine, generated on the first run into VAR and never committed."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from soc.ops.paths import private_dir, var_dir

MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    # A Fernet key: 32 random bytes in URL-safe base 64.
    "FIELD_KEY": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    # An account for the simulated phone network; a real one is given by the environment.
    "TWILIO_ACCOUNT_SID": lambda: "AC" + secrets.token_hex(16),
    "TWILIO_AUTH_TOKEN": lambda: secrets.token_hex(16),
    # The simulated alarm panel's.
    "DEMO_PANEL_KEY": lambda: secrets.token_urlsafe(32),
}


def load(var: Path | None = None) -> None:
    """Put every secret into the environment, where what is there already wins; make what is missing.

    VAR/secrets.env holds KEY=value lines, VAR/head_key.pem the Ed25519 key that signs the head of the chain
    of events. Both are 0600. Nothing is touched when the environment has them all.
    """
    wanted = [*MAKERS, "HEAD_KEY_FILE"]
    if all(os.environ.get(key) for key in wanted):
        return
    var = private_dir(var or var_dir())
    with _locked(var / "secrets.lock"):
        known = _read(var / "secrets.env")
        missing = {key: make() for key, make in MAKERS.items() if key not in known}
        if missing:
            known |= missing
            _write(var / "secrets.env", "".join(f"{key}={value}\n" for key, value in known.items()))
        head_key = var / "head_key.pem"
        if not os.environ.get("HEAD_KEY_FILE") and not head_key.exists():
            _write(head_key, new_head_key())
    for key, value in known.items():
        if not os.environ.get(key):
            os.environ[key] = value
    if not os.environ.get("HEAD_KEY_FILE"):
        os.environ["HEAD_KEY_FILE"] = str(head_key)


def new_head_key() -> str:
    """A new Ed25519 private key, PKCS #8 in PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {key.strip(): value.strip() for key, is_pair, value in pairs if is_pair}


def _write(path: Path, text: str) -> None:
    """Write a file that its owner alone may read: whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
