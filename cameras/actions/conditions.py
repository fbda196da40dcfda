"""What is wrong with a camera, as rows: one is open for as long as it lasts, and stays when it is over."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cameras.actions.locking import locked
from cameras.models import Camera, Condition
from soc.core import events
from soc.core.models import Media, User


def condition_began(
    camera_id: UUID, *, kind: str, at: datetime, detail: dict[str, Any] | None = None
) -> Condition | None:
    """Note that a trouble began at `at`. One is open per camera and kind: telling it again changes nothing.

    The alert is another matter: a sweep raises it (cameras.health). None where the camera was deleted meanwhile.
    Raises ValueError for a kind that there is not.
    """
    kind = Condition.Kind(kind)
    with transaction.atomic():
        row = locked(camera_id)
        return begin(row, kind, at=at, detail=detail) if row is not None else None


def condition_ended(camera_id: UUID, *, kind: str, at: datetime) -> None:
    """It is over: marked, and nothing is closed by it."""
    with transaction.atomic():
        row = locked(camera_id)
        if row is not None:
            end(row, Condition.Kind(kind), at=at)


def begin(camera: Camera, kind: Condition.Kind, *, at: datetime, detail: dict[str, Any] | None = None) -> Condition:
    """For a camera that the caller has locked."""
    known = Condition.objects.filter(camera=camera, kind=kind, ended_at=None).first()
    if known is not None:
        return known
    condition = Condition(site=camera.site, camera=camera, kind=kind, began_at=at, detail=detail or {})
    condition.save(force_insert=True)
    events.record("camera.condition_began", camera, by=None, at=at, condition=condition.pk, what=str(kind))
    return condition


def end(camera: Camera, *kinds: Condition.Kind, at: datetime, **detail: Any) -> None:
    """Close what is open of these kinds, of a camera that the caller has locked."""
    for condition in Condition.objects.filter(camera=camera, kind__in=kinds, ended_at=None):
        condition.ended_at = max(at, condition.began_at)
        condition.detail = condition.detail | detail
        condition.save(update_fields=["ended_at", "detail"])
        code = {"condition": condition.pk, "what": condition.kind}
        events.record("camera.condition_ended", camera, by=None, at=condition.ended_at, **code)


def renew_reference(camera_id: UUID, *, by: User, at: datetime) -> None:
    """The view as it is now is the view from now on: its watcher takes the next good picture for it.

    A view that counted as moved is so no more, and that it was is no tampering.
    """
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return
        Camera.objects.filter(pk=row.pk).update(reference=None, reference_at=at)
        end(row, Condition.Kind.MOVED, at=at, accepted=True)
        events.record("camera.view_renewed", row, by=by, at=at)


def keep_reference(
    camera_id: UUID, picture: Media, *, at: datetime, masks: list[list[list[float]]] | None = None
) -> bool:
    """Take a stored picture for the one that the view is compared with, unless there is one by now. Says whether it did.

    masks: what is blackened in the picture; one that shows what is to be hidden by now is not taken. None: nobody asks.
    """
    with transaction.atomic():
        row = locked(camera_id)
        if row is None or row.reference_id is not None or masks not in (None, row.privacy_masks):
            return False
        Camera.objects.filter(pk=row.pk).update(reference=picture, reference_at=at)
        events.record("camera.view_kept", row, by=None, at=at, sha256=picture.sha256)
        return True
