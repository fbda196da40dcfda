"""The response clock as a customer reads it: the same stamps that the operators are measured by, in the site's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import Incident
from incidents.outcomes import Verdict
from soc.core.models import Event, User
from soc.portal.sentences import sign

_LABELS = {
    "painted": gettext_lazy("On a specialist's screen"),
    "audio_sent": gettext_lazy("Spoke over the loudspeaker"),
    "audio_heard": gettext_lazy("Heard at the site"),
    "call_placed": gettext_lazy("Called a responder"),
    "call_answered": gettext_lazy("Responder answered"),
    "responder_accepted": gettext_lazy("Responder is on the way"),
    "on_site": gettext_lazy("Responder on site"),
    "closed": gettext_lazy("Closed"),
}


@dataclass(frozen=True)
class Stop:
    """One line: its stamp's name, what was done, when, and how that is written (a time, or the offset from it)."""

    name: str
    label: str
    at: datetime
    figure: str


def hour(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    return date_format(at.astimezone(zone), "H:i:s" if seconds else "H:i")


def day(at: datetime, zone: ZoneInfo) -> str:
    return date_format(at.astimezone(zone), "l j F Y")


def day_hour(at: datetime, zone: ZoneInfo) -> str:
    return date_format(at.astimezone(zone), "j M H:i")


def offset(gap: timedelta) -> str:
    """+ 1.1 s, + 24 s, + 4 min 12 s, + 3 h 5 min."""
    seconds = max(0.0, gap.total_seconds())
    if seconds < 9.95:
        return _("+ %(seconds).1f s") % {"seconds": seconds}
    whole = round(seconds)
    if whole < 60:
        return _("+ %(seconds)d s") % {"seconds": whole}
    if whole < 3600:
        return _("+ %(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return _("+ %(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}


def stops(incident: Incident) -> list[Stop]:
    """Every stamp that applies, in the order it happened. The first is a time of day, the others are offsets from it."""
    zone, start = incident.site.zone_info, incident.captured_at
    found: list[tuple[str, str, datetime]] = []
    for name, at in incident.clock().items():
        if at is None or name in {"captured", "received", "judged", "queued", "evidence_shown"}:
            continue  # machine steps within a second of the first line: the operators' page has them
        if name == "claimed":
            label = _("%(sign)s took it") % {"sign": _first_owner(incident)}
        elif name == "verdict":
            continue  # below, with its changes
        else:
            label = str(_LABELS[name])
        found.append((name, label, at))
    for number, change in enumerate(incident.verdicts.order_by("at", "pk")):
        words = _("Decided: %(verdict)s") if number == 0 else _("Changed to: %(verdict)s")
        told = words % {"verdict": Verdict(change.verdict).label} if change.verdict else _("Decision taken back")
        found.append(("verdict", told, change.at))
    order = list(incident.clock())
    found.sort(key=lambda stop: (stop[2], order.index(stop[0])))
    first = Stop("captured", _noticed(incident), start, hour(start, zone, seconds=True))
    return [first, *(Stop(name, label, at, offset(at - start)) for name, label, at in found)]


def mini(incident: Incident) -> list[tuple[str, str]]:
    """At most four figures for a card: seen, on a screen, decided, spoken to (or sent, or closed)."""
    start = incident.captured_at
    picked = [(hour(start, incident.site.zone_info), _("seen"))]
    last = (
        (incident.audio_sent_at, _("spoken to")),
        (incident.responder_accepted_at, _("on the way")),
        (incident.closed_at, _("closed")),
    )
    for at, word in (
        (incident.painted_at, _("on a screen")),
        (incident.verdict_at, _("decided")),
        next(((at, word) for at, word in last if at), (None, "")),
    ):
        if at:
            picked.append((offset(at - start), word))
    return picked


def _noticed(incident: Incident) -> str:
    if incident.family == "panel":
        return _("Alarm received")
    if incident.family == "technical":
        return _("Fault noticed")
    if incident.category in {"person", "group", "loitering", "line_crossing"}:
        return _("Camera saw a person")
    return _("Camera saw movement") if incident.category == "unfiltered_motion" else _("Camera saw it")


def _first_owner(incident: Incident) -> str:
    """Who claimed it first, as the stamp says; the present owner may be another."""
    claimed = Event.objects.filter(subject_id=incident.pk, kind="incident.claimed").order_by("id")
    by: User | None = next((event.by for event in claimed.select_related("by")[:1]), incident.owner)
    return sign(by)
