"""The voice at the site: which message, through which loudspeaker, and whether it may be said now."""

import io
import re
import wave
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from cameras.vision.address import AddressRefused, Credentials, PinnedAddress, pin
from incidents.actions.locking import check_token, locked
from incidents.audit.guard import outward
from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import State
from responses.actions.planning import known, plan
from responses.models import Attempt, Message
from responses.ports import DeliveryError
from responses.spoken import TRUE_ONCE
from soc.core.models import User
from soc.core.prepared import prepared

RATE = 8000  # samples a second; 16-bit mono
LONGEST_S = 30
HOPEFUL = (Attempt.Status.PLACED, Attempt.Status.ANSWERED, Attempt.Status.ACCEPTED)
UNTRUE = {
    "call_placed": _("This would not be true yet: no call has been placed. Send a responder first."),
    "guard_called": _("This would not be true yet: no security guard has been called. Send one first."),
    "law_enforcement_called": _(
        "This would not be true: no sworn officers have been called. A guard or a keyholder is not law enforcement."
    ),
}
AUDIO_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.wav")


@outward("talk")
def talk(
    incident_id: UUID, *, message_id: UUID, camera_id: UUID, token: int, by: User, at: datetime, dedup: str
) -> Attempt:
    """Order a recorded message through a camera's loudspeaker. The same `dedup` twice is one order.

    Raises Refused: `quiet`, `untrue` (the message says what has not happened yet), `message`, `camera`, `speaker`, `busy`
    (one is playing there), `dedup`, or Stale; Incident.DoesNotExist where `by` may not see it.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        if before := known(incident, dedup, kind=Attempt.Kind.TALK):
            return before
        message = Message.objects.filter(pk=message_id, organisation_id=incident.organisation_id).first()
        if message is None:
            raise Refused("message", _("There is no such message."))
        camera = Camera.objects.filter(pk=camera_id, site_id=incident.site_id, enabled=True).first()
        if camera is None:
            raise Refused("camera", _("There is no such camera at this site."))
        if not camera.speaker:
            raise Refused("speaker", _("This camera has no loudspeaker."))
        if why := why_not(incident, message):
            raise Refused("quiet" if quiet_at(incident) else "untrue", why)
        if _playing(camera):
            raise Refused("busy", _("A message is being played there. Wait until it has ended."))
        return plan(incident, Attempt.Kind.TALK, by=by, at=at, dedup=dedup, camera=camera, message=message)


def why_not(incident: Incident, message: Message) -> str:
    """Why a message may not be played now, in words; empty when it may."""
    if quiet_at(incident):
        return quiet_words()
    return _untrue(message, _called(incident))


def _untrue(message: Message, called: set[str]) -> str:
    """Why its words are not true yet; `called`: which kinds of responders are."""
    for need in _needs(message):
        kind = Message.NEEDS.get(need, "")
        if need not in Message.NEEDS or not (kind in called if kind is not None else called):
            return str(UNTRUE.get(need, UNTRUE["call_placed"]))
    return ""


def quiet_at(incident: Incident) -> bool:
    """Whether nothing may be heard at the incident's site: it is quiet itself, or another one there is and goes on.
    One that a supervisor has lifted does not count. Whoever threatens somebody in the shop hears the loudspeaker in the yard too.
    """
    going_on = Incident.objects.in_earnest().filter(site=incident.site_id, quiet=True, quiet_lifted_at=None)
    return incident.hushed or going_on.exclude(state=State.CLOSED).exists()


def quiet_words() -> str:
    return str(_("Nothing may be heard at this site: a quiet incident goes on there."))


def _needs(message: Message) -> set[str]:
    """What the message was published to need, and what its recording's words need whatever it was published with."""
    spoken = TRUE_ONCE.get(str(message.body.get("audio", "")).removesuffix(".wav"), "")
    return {message.body.get("needs", ""), spoken} - {""}


def _called(incident: Incident, attempts: Iterable[Attempt] | None = None) -> set[str]:
    """The kinds of responders who are being called or have said yes. A call that was refused or reached nobody makes nothing
    true, and nobody is on the way who has been there and left.
    """
    if attempts is None:
        attempts = incident.attempts.filter(kind=Attempt.Kind.CALL, paged=None).select_related("responder")
    return {
        call.responder.kind if call.responder else ""
        for call in attempts
        if call.kind == Attempt.Kind.CALL and call.paged_id is None and call.status in HOPEFUL
        and call.placed_at is not None and call.left_at is None
    }  # fmt: skip


def _playing(camera: Camera) -> bool:
    """Whether a message is on its way to this loudspeaker: two at once are noise."""
    begun = [Attempt.Status.PLANNED, Attempt.Status.ACTING, Attempt.Status.PLACED]
    return Attempt.objects.filter(camera=camera, kind=Attempt.Kind.TALK, status__in=begun, ended_at=None).exists()


def available_messages(incident: Incident, attempts: Iterable[Attempt] | None = None) -> list[Message]:
    """The newest version of each message, by name; `.blocked` says in words why one cannot be played now. `attempts`: all of
    the incident's with their responders, where they are at hand."""
    messages: list[Message] = _newest(incident.organisation_id)
    quiet = quiet_words() if messages and quiet_at(incident) else ""
    called = _called(incident, attempts) if messages and not quiet else set()
    for message in messages:
        message.blocked = quiet or _untrue(message, called)
    return messages


@prepared
def _newest(organisation: UUID) -> QuerySet[Message]:
    return Message.objects.filter(organisation=organisation).order_by("name", "-number").distinct("name")


def talk_cameras(incident: Incident) -> list[Camera]:
    """The site's cameras with a loudspeaker: those that saw something first, the latest first of all."""
    cameras: list[Camera] = _with_loudspeaker(incident.site_id)
    if len(cameras) < 2:
        return cameras
    seen = sorted(incident.alerts.all(), key=lambda alert: alert.captured_at)
    order = {alert.candidate.camera_id: place for place, alert in enumerate(seen) if alert.candidate.camera_id}
    return sorted(cameras, key=lambda camera: -order.get(camera.pk, -1))


@prepared
def _with_loudspeaker(site: UUID) -> QuerySet[Camera]:
    return Camera.objects.filter(site=site, enabled=True, speaker=True).order_by("name")


def address_of(camera: Camera) -> PinnedAddress:
    """Where to connect, checked anew. Raises DeliveryError in words."""
    credentials = Credentials(camera.username, camera.password) if camera.username else None
    try:
        return pin(camera.address, networks=settings.CAMERA_NETWORKS, credentials=credentials)
    except AddressRefused as error:
        raise DeliveryError(error.message, permanent=True) from error


def sound(message: Message) -> bytes:
    """The message's samples: 16-bit mono at 8 kHz. Raises DeliveryError in words when the recording cannot be used."""
    name = str(message.body.get("audio", ""))
    if not AUDIO_NAME.fullmatch(name):
        raise DeliveryError(_("The message has no usable recording: tell the administrator."), permanent=True)
    path = finders.find(f"voice/{name}")
    if path is None:
        raise DeliveryError(_("The message's recording is missing: tell the administrator."), permanent=True)
    return _samples(Path(path))


@lru_cache(maxsize=32)
def _samples(path: Path) -> bytes:
    try:
        with wave.open(io.BytesIO(path.read_bytes())) as recording:
            form = (recording.getnchannels(), recording.getsampwidth(), recording.getframerate())
            if form != (1, 2, RATE) or recording.getnframes() > LONGEST_S * RATE:
                raise DeliveryError(
                    _("The recording must be mono, 16 bit, 8 kHz and at most 30 s long."), permanent=True
                )
            return recording.readframes(recording.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise DeliveryError(
            _("The message's recording cannot be read: tell the administrator."), permanent=True
        ) from error
