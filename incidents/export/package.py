"""The package itself: a ZIP written while it is read, nothing compressed, with a signed list of all that is in it.

No file is ever held whole in memory or on a disk of ours. Hashes are taken of the bytes that go out, so the list says of each
file whether it is still what was written.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from incidents.audit.guard import keep_in
from incidents.export import checking
from incidents.export.facts import Exhibit, Reader, exhibits, facts, record, utc
from incidents.models import Incident
from soc.core import chain, clock, events, heads
from soc.core.media import CHUNK, opened, record_view
from soc.core.models import User


def download(incident: Incident, *, by: User, reader: Reader) -> StreamingHttpResponse:
    """The answer to somebody who may export it. Recorded before the first byte leaves, and again with the list's hash.

    Raises Exercise for a case of the blind audit: nothing is signed that did not happen.
    """
    keep_in(incident)
    at = clock.now()
    answer = StreamingHttpResponse(
        Package(incident, by=by, reader=reader, at=at).begin(), content_type="application/zip"
    )
    answer["Content-Disposition"] = f'attachment; filename="{incident.reference}.zip"'
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


class _Sink:
    """What a ZIP is written into: takes bytes, gives them on, cannot go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        return

    def drained(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


@dataclass
class Package:
    """One export. `begin` records it and gives the bytes."""

    incident: Incident
    by: User
    reader: Reader
    at: datetime
    id: UUID = field(default_factory=uuid4)
    files: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> Iterator[bytes]:
        """Everything that is read from the database is read now; what is left is files."""
        shown = exhibits(self.incident, self.by)
        with transaction.atomic():
            hashes = [exhibit.media.sha256 for exhibit in shown]
            events.record(
                "incident.exported",
                self.incident,
                by=self.by,
                at=self.at,
                export=self.id,
                reader=self.reader,
                files=hashes,
            )
            for exhibit in shown:
                if exhibit.media.there:
                    record_view(exhibit.media, by=self.by, at=self.at, export=self.id)
        texts = {
            "README.txt": _readme(self.incident.reference),
            "public_key.pem": public_key(),
            "facts.json": _json(facts(self.incident, self.reader)),
            "events.json": _json(record(self.incident, shown, self.reader)),
        }
        return self._written(shown, texts)

    def _written(self, shown: list[Exhibit], texts: dict[str, bytes]) -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # a stream will do
            for name, content in texts.items():
                yield from self._text(archive, sink, name, content)
            for exhibit in shown:
                yield from self._exhibit(archive, sink, exhibit)
            manifest = _json(self._manifest())
            signature = heads.key().sign(manifest)
            archive.writestr(self._info(checking.MANIFEST), manifest)
            archive.writestr(self._info(checking.SIGNATURE), signature)
            yield sink.drained()
        yield sink.drained()
        with transaction.atomic():
            digest = hashlib.sha256(manifest).hexdigest()
            events.record(
                "incident.export_signed", self.incident, by=self.by, at=clock.now(), export=self.id, manifest=digest
            )

    def _text(self, archive: zipfile.ZipFile, sink: _Sink, name: str, content: bytes) -> Iterator[bytes]:
        archive.writestr(self._info(name), content)
        self.files.append({"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        yield sink.drained()

    def _exhibit(self, archive: zipfile.ZipFile, sink: _Sink, exhibit: Exhibit) -> Iterator[bytes]:
        media = exhibit.media
        entry: dict[str, Any] = {
            "name": exhibit.name,
            "media": str(media.pk),
            "kind": media.kind,
            "alert": exhibit.alert,
            "camera": exhibit.camera,
            "view_of_another_camera": exhibit.view_of_another_camera,
            "started_at": utc(media.started_at),
            "duration_s": media.duration_s,
            "stored_at": utc(media.created_at),
            "sha256_when_stored": media.sha256,
            "size_when_stored": media.size,
        }
        self.files.append(entry)
        if media.erased_at is not None:
            entry |= {"state": "erased", "erased_at": utc(media.erased_at)}
            return
        file = opened(media)
        if file is None:
            entry["state"] = "missing"
            return
        with file:
            yield from self._copied(archive, sink, file, entry)
        intact = (entry["sha256"], entry["size"]) == (media.sha256, media.size)
        entry["state"] = "intact" if intact else "damaged"
        overlay = {"media": str(media.pk), "started_at": utc(media.started_at), **(media.overlay or {})}
        yield from self._text(archive, sink, f"{exhibit.name}.json", _json(overlay))

    def _copied(self, archive: zipfile.ZipFile, sink: _Sink, file: IO[bytes], entry: dict[str, Any]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        with archive.open(self._info(entry["name"]), "w", force_zip64=entry["size_when_stored"] > 2**30) as copy:
            try:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    copy.write(chunk)
                    yield sink.drained()
            except OSError as error:  # what could be read is there, and named as damaged
                entry["error"] = type(error).__name__
        entry |= {"sha256": digest.hexdigest(), "size": size}
        yield sink.drained()

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(f"{self.incident.reference}/{name}", self.at.utctimetuple()[:6])
        info.external_attr = 0o644 << 16
        return info

    def _manifest(self) -> dict[str, Any]:
        seq, digest = chain.head()
        return {
            "format": checking.FORMAT,
            "incident": self.incident.reference,
            "incident_id": str(self.incident.pk),
            "export": str(self.id),
            "exported_at": utc(self.at),
            "for": self.reader,
            "record": {"seq": seq, "hash": digest},
            "files": self.files,
        }


def public_key() -> bytes:
    """The installation's, as PEM."""
    return heads.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _json(data: Any) -> bytes:
    return json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n"


def _readme(reference: str) -> bytes:
    words = _(
        """%(reference)s: evidence exported from Nightdesk

media/         pictures and videos as they were stored, each with a .json of what was detected in it and where
facts.json     what happened, what was decided, and when
events.json    where the centre's record has this: positions and hashes
manifest.json  every file with its size and SHA-256, and what its SHA-256 was when it was stored
manifest.sig   the signature of manifest.json (Ed25519)
public_key.pem the key to check it with. Compare it with the one that the centre gives you by another way.

A file whose state is "damaged" is not what was stored; "missing" and "erased" ones are named and not here.

To check it all at once, where Nightdesk is installed:
  python manage.py verify_export %(reference)s.zip --key public_key.pem

Without Nightdesk, in this folder:
  openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin -in manifest.json -sigfile manifest.sig
  sha256sum FILE        and compare it with manifest.json, for each file
"""
    )
    return (words % {"reference": reference}).encode()
