"""Other cameras that see a candidate's zone: their clips are wanted with the candidate, and cut by whoever watches them."""

from datetime import datetime
from typing import Final

from django.db import transaction

from cameras.models import Angle, Candidate
from soc.core import events
from soc.core.models import Media

MOST_ANGLES: Final = 8


def want_angles(candidate: Candidate) -> int:
    """Order a clip of every other camera in use that sees the zone; part of the transaction that writes the candidate."""
    if candidate.decision != Candidate.Decision.RAISE or candidate.zone is None:
        return 0
    others = candidate.zone.also_seen_by.filter(enabled=True, site=candidate.site_id).exclude(
        pk=candidate.zone.camera_id
    )
    made = [
        Angle(
            site_id=candidate.site_id,
            organisation_id=candidate.organisation_id,
            candidate=candidate,
            camera=camera,
            trigger_at=candidate.received_at,
        )
        for camera in others.order_by("name")[:MOST_ANGLES]
    ]
    Angle.objects.bulk_create(made)
    return len(made)


def attach_angle(angle: Angle, *, clip: Media, whole: bool, at: datetime) -> None:
    """Give it its clip; the whole one ends the order."""
    with transaction.atomic():
        Angle.objects.filter(pk=angle.pk).update(clip=clip, **({"done_at": at} if whole else {}))
        events.record("evidence.ready", angle.candidate, by=None, at=at, angle=angle.pk, clip=clip.sha256)


def angle_done(angle: Angle, *, words: str, at: datetime) -> None:
    """No more will come of it. `words` say why; where it has a first clip, that is what there is."""
    Angle.objects.filter(pk=angle.pk, done_at=None).update(done_at=at, words=words[:240])


def evidence_lost(candidate: Candidate, *, cause: str, first: bool, at: datetime) -> None:
    """Its whole clip will not come. Said on its row; with `first` as an event too: one for a camera and a time of trouble."""
    with transaction.atomic():
        row = Candidate.objects.select_for_update(no_key=True, of=("self",)).get(pk=candidate.pk)
        row.evidence = {**row.evidence, "lost": cause}
        row.save(update_fields=["evidence"])
        if first:
            events.record("evidence.lost", candidate, by=None, at=at, cause=cause, camera=candidate.camera_id)
