"""Where evidence meets database and store: the rows it is for, the media it becomes, and what is said where there is none."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, transaction

from cameras.actions import attach_evidence
from cameras.actions.angles import angle_done, attach_angle, evidence_lost
from cameras.models import Angle, Candidate
from cameras.vision import best
from cameras.vision.best import Shot
from cameras.vision.clip import Clip
from cameras.vision.snapshot import Snapshot
from cameras.vision.types import Box
from cameras.watching import film as films
from cameras.watching.film import Proof, Scene, View
from soc.core import clock, media
from soc.core.models import Media

log = logging.getLogger(__name__)

Row = Candidate | Angle
FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NotYet(Exception):
    """The row that evidence is for is still on its way into the database."""


@dataclass(eq=False)
class Picture:
    """The picture of the moment, as JPEG, until it is stored. `not_before`: monotonic s."""

    proof: Proof
    jpeg: Snapshot
    not_before: float = float("-inf")


@dataclass(frozen=True)
class Loss:
    """A scene whose whole clip will not come: `cause` full | slow | store | database | clip | failed."""

    scene: Scene
    cause: str
    words: str = ""


def cause_of(error: Exception) -> str:
    if isinstance(error, DatabaseError | InterfaceError):
        return "database"
    return "full" if isinstance(error, OSError) and error.errno in FULL else "store"


def row_of(scene: Scene) -> Row | None:
    """The committed row; None while there is none."""
    if isinstance(scene, View):
        return Angle.objects.select_related("site", "candidate__site").filter(pk=scene.angle_id).first()
    assert isinstance(scene, Proof)
    return Candidate.objects.select_related("site", "snapshot").filter(dedup=scene.dedup).first()


def keep_picture(picture: Picture) -> None:
    """Store the picture of the moment. Raises NotYet, OSError or DatabaseError."""
    proof = picture.proof
    candidate = row_of(proof)
    if not isinstance(candidate, Candidate):
        raise NotYet(proof.dedup)
    stored = _stored_picture(candidate, picture.jpeg, proof, starts=proof.trigger, at=proof.trigger_at)
    attach_evidence(candidate, snapshot=stored, at=clock.now())


def keep_clip(ready: Sequence[tuple[Scene, Row]], clip: Clip, overlay: dict[str, Any]) -> Media:
    """Store a cut of a film, for those that `give` hands it to."""
    return media.store(
        ready[0][1].site,
        kind="clip",
        content=clip.data,
        content_type="video/mp4",
        suffix="mp4",
        started_at=clip.starts_at,
        at=clock.now(),
        duration_s=round(clip.duration_s, 3),
        overlay=overlay,
    )


def give(ready: Sequence[tuple[Scene, Row]], stored: Media, *, reach: float, last: bool) -> None:
    """Give every scene its clip in one transaction, with the best picture of its track where the clip is whole.

    reach: up to where (monotonic s) the clip goes; last: nothing more will come.
    """
    pictures = {
        row.pk: _better(scene, row)
        for scene, row in ready
        if isinstance(scene, Proof) and isinstance(row, Candidate) and (last or _whole(scene, reach))
    }
    at = clock.now()
    with transaction.atomic():
        for scene, row in ready:
            if isinstance(row, Candidate):
                attach_evidence(row, clip=stored, snapshot=pictures.get(row.pk), at=at)
            else:
                attach_angle(row, clip=stored, whole=last or _whole(scene, reach), at=at)


def tell(loss: Loss, *, first: bool) -> None:
    """On the row that its whole clip will not come, and why; an event, where this is the camera's `first`."""
    at = clock.now()
    row = row_of(loss.scene)
    if isinstance(row, Angle):
        angle_done(row, words=loss.words or WORDS[loss.cause], at=at)
    elif row is not None:
        evidence_lost(row, cause=loss.cause, first=first, at=at)


WORDS: Final = {
    "full": "The store of evidence was full.",
    "slow": "The store of evidence was too slow.",
    "store": "The store of evidence could not take it.",
    "database": "The database was away for too long.",
    "clip": "No clip could be made of what the camera sent.",
    "failed": "No clip could be made; the log of the watcher says why.",
}


def _whole(scene: Scene, reach: float) -> bool:
    return scene.trigger + films.AFTER_S <= reach + 0.01


def _better(proof: Proof, candidate: Candidate) -> Media | None:
    """The best picture of its track, stored, where it is notably better than the one that is shown."""
    shot = proof.best()
    if shot is None or shot.worth <= _worth(proof, candidate) * best.BETTER:
        return None
    return _stored_picture(candidate, shot.taken(), proof, starts=shot.monotonic, at=shot.captured, shot=shot)


def _worth(proof: Proof, candidate: Candidate) -> float:
    """Of the picture that is shown now."""
    shown = (candidate.snapshot.overlay or {}).get("best") if candidate.snapshot else None
    if shown:
        return best.worth(Box(*shown["box"]), shown["score"])
    return best.worth(proof.box, proof.score) if proof.box is not None and candidate.snapshot else 0.0


def _stored_picture(
    candidate: Candidate, jpeg: Snapshot, proof: Proof, *, starts: float, at: Any, shot: Shot | None = None
) -> Media:
    """`starts`: the picture's moment in monotonic s, which its track's times count from."""
    overlay = proof.overlay(starts)
    if shot is not None:
        box = [round(value, 4) for value in shot.box.as_tuple()]
        overlay["best"] = {"box": box, "score": round(shot.score, 3), "at": shot.captured.isoformat()}
    return media.store(
        candidate.site,
        kind="snapshot",
        content=jpeg.jpeg,
        content_type="image/jpeg",
        suffix="jpg",
        started_at=at,
        at=clock.now(),
        overlay=overlay,
    )
