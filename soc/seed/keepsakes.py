"""Pictures and a few clips of the demonstration's history, cut from its own films. Small: the store is on somebody's laptop."""

from __future__ import annotations

import hashlib
import tempfile
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import av
import cv2
from django.conf import settings
from django.core.files.base import ContentFile

from cameras.models import Candidate
from incidents.outcomes import DISMISSED
from soc.core.models import Media
from soc.core.models.media import evidence_store
from soc.seed.handled import Going, Handling
from soc.seed.month import Sighting, moments
from soc.seed.past import Past

FILMS: Final = Path(settings.BASE_DIR) / "soc" / "demo" / "footage"
BEFORE_S, AFTER_S = 3.0, 5.0  # of a clip, around the moment
WIDTH: Final = 480
CLIPS: Final = 12  # of what was nobody's business: the latest so many
PICTURES: Final = timedelta(days=9)  # so far back it has pictures at all


def keep(past: Past, handling: Handling, sightings: dict[UUID, Sighting], *, at: datetime) -> None:
    """Give what was real its clips and pictures, and what was not, as far as it is new. `sightings`: by candidate."""
    needless = [going for going in handling.all if going.cause.verdict in DISMISSED]
    filmed = {
        going.incident.pk for going in [*needless[-CLIPS:], *(one for one in handling.all if one not in needless)]
    }
    for going in handling.all:
        if going.incident.pk in filmed or going.incident.captured_at > at - PICTURES:
            _keep(past, going, sightings, clip=going.incident.pk in filmed)


def _keep(past: Past, going: Going, sightings: dict[UUID, Sighting], *, clip: bool) -> None:
    for alert in going.alerts:
        candidate, sighting = alert.candidate, sightings[alert.candidate.pk]
        film, moment = sighting.cause.film, sighting.shown[0]
        if not film:
            continue
        zone = candidate.zone.polygon if candidate.zone else []
        tracks = [track(sighting, str(candidate.evidence["track"]), since=moment)]
        picture = _store(
            past, candidate, "snapshot", still(film, moment), started_at=candidate.captured_at, duration_s=0.0
        )
        picture.overlay = {"tracks": tracks, "zone": zone}
        candidate.snapshot = picture
        past.record("evidence.ready", candidate, by=None, at=picture.created_at, snapshot=picture.sha256)
        if clip:
            begun, seconds, data = cut(film, moment)
            started_at = candidate.captured_at - timedelta(seconds=moment - begun)
            stored = _store(past, candidate, "clip", data, started_at=started_at, duration_s=seconds)
            said = {"id": candidate.dedup, "trigger_s": round(moment - begun, 3), "zone": zone}
            drawn = [track(sighting, str(candidate.evidence["track"]), since=begun, until=begun + seconds)]
            stored.overlay = {
                "tracks": drawn,
                "zone": zone,
                "alerts": [said],
                "trigger_s": said["trigger_s"],
                "codec": CODEC,
            }
            candidate.clip = stored
            past.record("evidence.ready", candidate, by=None, at=stored.created_at, clip=stored.sha256)


def keep_small(past: Past, candidate: Candidate, sighting: Sighting) -> None:
    """A picture of its own and a clip that it shares with others of the site: enough to judge it by."""
    film, moment = sighting.cause.film, sighting.shown[0]
    candidate.snapshot = _store(
        past, candidate, "snapshot", still(film, moment), started_at=candidate.captured_at, duration_s=0.0
    )
    key = (candidate.site_id, film, int(moment) // SHARED_S)
    if key not in past.shared:
        begun, seconds, data = cut(film, float(key[2] * SHARED_S + 1))
        started_at = candidate.captured_at - timedelta(seconds=max(moment - begun, 0.0))
        past.shared[key] = _store(past, candidate, "clip", data, started_at=started_at, duration_s=seconds)
    candidate.clip = past.shared[key]


SHARED_S: Final = 6
CODEC: Final = "h264"


def track(sighting: Sighting, name: str, *, since: float, until: float | None = None) -> dict[str, Any]:
    """Where they were, in seconds from `since`, as the overlay has it: of a film with one person all its moments."""
    at, box = sighting.shown
    known = [(at, box)]
    if until is not None and sighting.cause.film != "street":
        known = [one for one in moments().get(sighting.cause.film, known) if since <= one[0] <= until] or known
    path = [[round(second - since, 3), *where] for second, where in known]
    return {"id": name, "label": "person", "score": sighting.score, "path": path}


def _store(
    past: Past, candidate: Candidate, kind: str, data: bytes, *, started_at: datetime, duration_s: float
) -> Media:
    """The row and its file, as `soc.core.media.store` keeps them."""
    suffix, content_type = ("mp4", "video/mp4") if kind == "clip" else ("jpg", "image/jpeg")
    later = timedelta(seconds=AFTER_S + 1.2) if kind == "clip" else timedelta(milliseconds=300)
    media = Media(
        id=past.pk(), site=candidate.site, kind=kind, key=f"{candidate.site_id}/{kind}/{past.pk()}.{suffix}",
        content_type=content_type, size=len(data), sha256=hashlib.sha256(data).hexdigest(), started_at=started_at,
        duration_s=duration_s, created_at=candidate.received_at + later,
    )  # fmt: skip
    evidence_store().save(media.key, ContentFile(data))
    past.add(media)
    return media


@lru_cache(maxsize=64)
def still(film: str, at_s: float) -> bytes:
    """The picture of a film at a second, as a JPEG, small."""
    with av.open(str(FILMS / f"{film}.mp4")) as source:
        stream = source.streams.video[0]
        assert stream.time_base is not None
        source.seek(int(at_s / stream.time_base), stream=stream)
        frame = next(frame for frame in source.decode(stream) if frame.time is None or frame.time >= at_s - 0.05)
        height = WIDTH * frame.height // frame.width // 2 * 2
        picture = frame.to_ndarray(format="bgr24", width=WIDTH, height=height)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        raise ValueError(f"no picture of {film} at {at_s} s")
    return data.tobytes()


@lru_cache(maxsize=64)
def cut(film: str, at_s: float) -> tuple[float, float, bytes]:
    """(where it begins in the film, how long it is, in seconds, the clip): copied from a key frame on, not encoded again."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cut.mp4"
        begun, seconds = _copied(FILMS / f"{film}.mp4", target, at_s)
        return begun, seconds, target.read_bytes()


def _copied(film: Path, target: Path, at_s: float) -> tuple[float, float]:
    with (
        av.open(str(film)) as source,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out,
    ):
        stream = source.streams.video[0]
        assert stream.time_base is not None
        copied = out.add_stream_from_template(stream)
        source.seek(int(max(at_s - BEFORE_S, 0) / stream.time_base), stream=stream)
        first: int | None = None
        last = 0.0
        for packet in source.demux(stream):
            if packet.dts is None or packet.pts is None:
                continue
            if first is None:
                first = packet.dts
            second = float(packet.pts * stream.time_base)
            if second > at_s + AFTER_S:
                break
            last = max(last, second)
            packet.pts -= first
            packet.dts -= first
            packet.stream = copied
            out.mux(packet)
        begun = float((first or 0) * stream.time_base)
    return round(begun, 3), round(last - begun + 0.1, 3)
