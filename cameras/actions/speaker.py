"""Whether a camera takes sound: asked of the camera itself, since its model's name guarantees nothing."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cameras.actions.locking import locked
from cameras.models import Camera
from cameras.vision import backchannel
from cameras.vision.address import AddressRefused, Credentials, pin
from soc.core import events
from soc.core.models import User

PATIENCE_S = 3.0
AGAIN = timedelta(seconds=10)  # whoever presses again and again, or in two windows, gets the answer that there is
TAKES = "It offers a loudspeaker and takes our sound."
TAKES_NOT = "It answers, but offers no loudspeaker that takes our sound."


def check_speaker(camera_id: UUID, *, by: User | None, at: datetime) -> bool | None:
    """Ask, for some seconds at most, and keep the answer. Nothing is heard at the site. Not oftener than every AGAIN.

    Gives None where the camera could not be asked (its row says why) or is gone.
    """
    camera = Camera.objects.filter(pk=camera_id).first()
    if camera is None:
        return None
    lately = Q(speaker_checked_at__gt=at - AGAIN, speaker_checked_at__lte=at)
    if not Camera.objects.filter(~lately, pk=camera_id).update(speaker_checked_at=at):
        return camera.speaker_ok
    ok, words = _asked(camera)
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return None
        Camera.objects.filter(pk=row.pk).update(speaker_ok=ok, speaker_words=words[:240], speaker_checked_at=at)
        events.record("camera.speaker_checked", row, by=by, at=at, ok=ok)
    return ok


def _asked(camera: Camera) -> tuple[bool | None, str]:
    login = Credentials(camera.username, camera.password) if camera.username else None
    try:
        found = backchannel.probe(
            pin(camera.address, networks=settings.CAMERA_NETWORKS, credentials=login), timeout_s=PATIENCE_S
        )
    except AddressRefused as refused:
        return None, str(refused)
    except backchannel.TalkError as trouble:
        return None, str(trouble)
    return found, TAKES if found else TAKES_NOT
