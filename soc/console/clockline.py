"""The response clock as a line of stops: what has happened with its gap, what comes next, what is still to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.models import Incident
from incidents.models.incident import State

LABELS: dict[str, Any] = {
    "captured": gettext_lazy("Captured"),
    "received": gettext_lazy("Received"),
    "judged": gettext_lazy("Judged"),
    "queued": gettext_lazy("Queued"),
    "painted": gettext_lazy("On a screen"),
    "claimed": gettext_lazy("Claimed"),
    "evidence_shown": gettext_lazy("Evidence seen"),
    "verdict": gettext_lazy("Decided"),
    "audio_sent": gettext_lazy("Voice sent"),
    "audio_heard": gettext_lazy("Voice heard"),
    "call_placed": gettext_lazy("Call placed"),
    "call_answered": gettext_lazy("Answered"),
    "responder_accepted": gettext_lazy("On the way"),
    "on_site": gettext_lazy("On site"),
    "closed": pgettext_lazy("a stamp", "Closed"),
}
DECIDED: dict[str, Any] = {
    "real": gettext_lazy("Decided real"),
    "suspicious": gettext_lazy("Suspicious"),
    "cannot_tell": gettext_lazy("Cannot tell"),
    "authorised": gettext_lazy("Authorised"),
    "false": gettext_lazy("Decided false"),
}
# What is worth showing before it has happened; on a narrow screen the machine's own stamps make room.
EXPECTED = ("painted", "claimed", "verdict", "audio_heard", "call_placed", "responder_accepted", "on_site", "closed")
QUIET_EXPECTED = ("painted", "claimed", "verdict", "call_placed", "responder_accepted", "on_site", "closed")
LATER = {"responder_accepted"}
MINOR = {"captured", "received", "judged", "queued", "audio_sent", "call_answered"}


@dataclass(frozen=True)
class Stop:
    name: str
    label: str
    text: str
    state: str  # done | now | next | todo
    minor: bool
    live: bool = False


def seconds(span: timedelta) -> str:
    """“0.4 s”, “1:05”."""
    total = span.total_seconds()
    return _("%(seconds).1f s") % {"seconds": total} if total < 60 else minutes(span)


def minutes(span: timedelta) -> str:
    """“0:24”, “1:02:24”."""
    total = max(0, int(span.total_seconds()))
    hours, rest = divmod(total, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def stops(incident: Incident, *, on_air: bool = False) -> list[Stop]:
    """Stamps in the order they happened, each with the gap to the one before, so that the gaps sum to the total;
    then what is still to come."""
    stamps: list[tuple[datetime, str]] = [
        (at, name) for name, at in incident.clock().items() if at is not None and name in LABELS
    ]
    order = list(LABELS)
    stamps.sort(key=lambda stamp: (stamp[0], order.index(stamp[1])))
    over = incident.state == State.CLOSED
    line = [
        _happened(incident, stamps, n, last=not over and n == len(stamps) - 1, on_air=on_air)
        for n in range(len(stamps))
    ]
    if over:
        return line
    have = {name for _at, name in stamps}
    if incident.claimed_at:
        have |= {"painted"}  # whoever claims has seen it, told or not
    todo = [name for name in (QUIET_EXPECTED if incident.quiet else EXPECTED) if name not in have]
    for n, name in enumerate(todo):
        first = n == 0
        line.append(
            Stop(
                name, str(LABELS[name]), _due(incident, name), "next" if first else "todo", not first and name in LATER
            )
        )
    return line


def _happened(incident: Incident, stamps: list[tuple[datetime, str]], n: int, *, last: bool, on_air: bool) -> Stop:
    at, name = stamps[n]
    if n == 0:
        zone: ZoneInfo = incident.site.zone_info
        local = at.astimezone(zone)
        text = f"{local:%H:%M:%S}.{local.microsecond // 100000}"
    else:
        text = "+ " + seconds(at - stamps[n - 1][0])
    label = str(LABELS[name])
    if name == "verdict" and incident.verdict:
        label = str(DECIDED.get(incident.verdict, LABELS[name]))
    live = on_air and name in {"audio_sent", "audio_heard"}
    return Stop(name, label, text, "now" if last else "done", name in MINOR and not live, live)


def _due(incident: Incident, name: str) -> str:
    by = {"verdict": incident.verdict_by, "claimed": incident.claim_by}.get(name)
    return _("by %(time)s") % {"time": minutes(by - incident.captured_at)} if by else ""
