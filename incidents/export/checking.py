"""Checking an exported package: plain Python, so that it can be read and trusted by whoever has to.

1. The list (manifest.json) is what was signed with the key.
2. Every file of the list is there with its size and SHA-256, and nothing else is.
3. What the list itself names as damaged, missing or erased is told.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

FORMAT: Final = "nightdesk-export-1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
CHUNK: Final = 256 * 1024
LARGEST_LIST: Final = 64 * 1024 * 1024
_LISTED_APART: Final = {MANIFEST, SIGNATURE}


class BadPackage(Exception):
    """It does not stand. `file` is the first that is wrong, "" for the package as a whole."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file}: {why}" if file else why)
        self.file, self.why = file, why


@dataclass(frozen=True)
class Verdict:
    """A package that stands: how many files, and those that were not what they should be when it was made: (name, state)."""

    incident: str
    exported_at: str
    files: int
    not_intact: tuple[tuple[str, str], ...]


def public_key(pem: bytes) -> Ed25519PublicKey:
    """Raises ValueError for what is no Ed25519 key."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key


def check(path: Path, key: Ed25519PublicKey) -> Verdict:
    """Raises BadPackage, which names the first bad file; OSError where the package cannot be read at all."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive, key)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadPackage("", f"not a readable package ({error})") from error


def _check(archive: zipfile.ZipFile, key: Ed25519PublicKey) -> Verdict:
    inside = _names(archive)
    for name in (MANIFEST, SIGNATURE):
        if name not in inside:
            raise BadPackage(name, "is not in the package")
        if inside[name].file_size > LARGEST_LIST:
            raise BadPackage(name, "is too large")
    listed = _read(archive, inside[MANIFEST], MANIFEST)
    try:
        key.verify(_read(archive, inside[SIGNATURE], SIGNATURE), listed)
    except InvalidSignature:
        raise BadPackage(MANIFEST, "is not what was signed with this key") from None
    manifest = _parsed(listed)
    expected: set[str] = set()
    not_intact: list[tuple[str, str]] = []
    for entry in manifest["files"]:
        name, state = str(entry["name"]), str(entry.get("state", "intact"))
        if state != "intact":
            not_intact.append((name, state))
        if "sha256" in entry:
            expected.add(name)
            _check_file(archive, inside.get(name), name, entry)
    if extra := sorted(inside.keys() - expected - _LISTED_APART):
        raise BadPackage(extra[0], "is not on the list")
    return Verdict(str(manifest["incident"]), str(manifest["exported_at"]), len(expected), tuple(not_intact))


def _names(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Entries by their names below the one folder that all are in."""
    infos = archive.infolist()
    tops = {info.filename.partition("/")[0] for info in infos}
    if len(tops) != 1:
        raise BadPackage("", "not a package of one incident")
    names = [info.filename.partition("/")[2] for info in infos]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadPackage(twice[0], "is there twice")
    return dict(zip(names, infos, strict=True))


def _parsed(listed: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(listed)
        if manifest["format"] != FORMAT:
            raise BadPackage(MANIFEST, f"is of another kind ({manifest['format']})")
        [(entry["name"], entry.get("sha256"), entry.get("size")) for entry in manifest["files"]]
        str(manifest["incident"] + manifest["exported_at"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPackage(MANIFEST, "cannot be read") from error
    return dict(manifest)


def _check_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo | None, name: str, entry: dict[str, Any]) -> None:
    if info is None:
        raise BadPackage(name, "is missing")
    if info.file_size != entry["size"]:
        raise BadPackage(name, f"has {info.file_size} bytes, not {entry['size']}")
    digest = hashlib.sha256()
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise BadPackage(name, f"cannot be read ({error})") from error
    if digest.hexdigest() != entry["sha256"]:
        raise BadPackage(name, "is not what was exported")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise BadPackage(name, f"cannot be read ({error})") from error
