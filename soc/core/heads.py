"""Signed heads: each minute the chain's head is signed with a key outside the database, into a file beside the media.

Whoever rewrites the table cannot rewrite these lines.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings


@dataclass(frozen=True)
class Head:
    seq: int
    hash: str
    at: str
    signature: str

    def message(self) -> bytes:
        return f"nightdesk-head {self.seq} {self.hash} {self.at}".encode()


class HeadFileDamaged(Exception):
    """A line that is not a head, or whose signature is wrong. `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line} of the heads file: {why}")
        self.line = line


def path() -> Path:
    return Path(settings.MEDIA_ROOT) / "heads.jsonl"


def key() -> Ed25519PrivateKey:
    loaded = load_pem_private_key(settings.HEAD_KEY_FILE.read_bytes(), None)
    if not isinstance(loaded, Ed25519PrivateKey):
        raise TypeError("HEAD_KEY_FILE does not hold an Ed25519 key")
    return loaded


def sign(seq: int, digest: str, *, at: datetime) -> Head:
    """Append a signed head to the file, synced to the disk."""
    unsigned = Head(seq, digest, at.isoformat(), "")
    head = Head(seq, digest, at.isoformat(), base64.b64encode(key().sign(unsigned.message())).decode())
    path().parent.mkdir(parents=True, exist_ok=True)
    # One write of one line in append mode: two spines may do this at once.
    fd = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(fd, (json.dumps(head.__dict__) + "\n").encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    return head


def read() -> list[Head]:
    """Every head with its signature checked; raises HeadFileDamaged at the first that does not stand."""
    if not path().exists():
        return []
    public = key().public_key()
    heads = []
    for number, line in enumerate(path().read_bytes().splitlines(), 1):
        try:
            head = Head(**json.loads(line))
            public.verify(base64.b64decode(head.signature), head.message())
        except InvalidSignature:
            raise HeadFileDamaged(number, "the signature is wrong") from None
        except (ValueError, TypeError) as error:
            raise HeadFileDamaged(number, f"not a head ({error})") from error
        heads.append(head)
    return heads
