"""The response clock as a line of stops: what has happened with its gap, what comes next, what is still to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from cameras.categories import Family
from incidents.models import Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict

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
# The machine's own stamps: on a narrow screen they are one stop, whose gap is the sum of theirs.
MACHINE = ("received", "judged", "queued")
MERGED = gettext_lazy("In the queue")
# What is worth showing before it has happened, in the order it usually does.
MAIN = ("painted", "claimed", "verdict", "closed")
CALLED = ("call_placed", "call_answered", "responder_accepted", "on_site")
ORDER = ("painted", "claimed", "evidence_shown", "verdict", "audio_sent", *CALLED, "closed")
DISMISSED = {Verdict.AUTHORISED, Verdict.FALSE}


@dataclass(frozen=True)
class Stop:
    name: str
    label: str
    text: str
    state: str  # done | now | next | todo
    screen: str = ""  # wide | narrow: shown on that only
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


def age(span: timedelta) -> str:
    """“45 s”, “6 min”, “2 h 5 min”, “3 days”: how long ago, or how late, as people say it."""
    total = max(0, int(span.total_seconds()))
    if total < 60:
        return _("%(n)d s") % {"n": total}
    if total < 3600:
        return _("%(n)d min") % {"n": total // 60}
    if total < 86_400:
        hours, left = divmod(total // 60, 60)
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": left}
    return ngettext("%(n)d day", "%(n)d days", total // 86_400) % {"n": total // 86_400}


def stops(incident: Incident, *, on_air: bool = False, soon_s: int = 0) -> list[Stop]:
    """Stamps in the order they happened, each with the gap to the one before, so that the gaps sum to the total; and what
    is still to come. What has happened stays where it is; what was passed over keeps its place between.

    `soon_s`: within how many seconds from detection it is to be decided; 0: it says by when supervisors are shown it.
    """
    order = list(LABELS)
    stamps = [(at, name) for name, at in incident.clock().items() if at is not None and name in LABELS]
    stamps.sort(key=lambda stamp: (stamp[0], order.index(stamp[1])))
    over = incident.state == State.CLOSED
    line: list[Stop] = []
    for n, (_at, name) in enumerate(stamps):
        line.append(_happened(incident, stamps, n, last=not over and n == len(stamps) - 1, on_air=on_air))
        if name == "queued":
            line.append(_merged(incident, line[-1]))
    if over:
        return line
    done = len(line)
    for name in _to_come(incident):
        line.insert(_place(line, name), Stop(name, str(LABELS[name]), _due(incident, name, soon_s), "todo"))
    follows = next((n for n in range(len(line)) if line[n].state == "todo" and n >= _last_done(line)), None)
    if done and follows is not None:
        line[follows] = replace(line[follows], state="next")
    return line


def _to_come(incident: Incident) -> list[str]:
    """What may still happen to this incident: no voice where none may be heard, no help for what was dismissed."""
    leave = {name for name, at in incident.clock().items() if at is not None}
    if incident.claimed_at:
        leave.add("painted")  # whoever claims has seen it, told or not
    if not any(alert.candidate.camera_id for alert in incident.alerts.all()):
        leave.add("evidence_shown")
    if incident.hushed or incident.family != Family.INTRUSION:
        leave.add("audio_sent")
    if incident.family == Family.TECHNICAL:
        leave.update(CALLED)
    if incident.verdict in DISMISSED:
        leave.update(("audio_sent", *CALLED))
    return [name for name in ORDER if name not in leave]


def _place(line: list[Stop], name: str) -> int:
    """Behind everything that comes before it: a step of the main path also behind all that has happened."""
    order = list(LABELS)
    later = order[order.index(name) :]
    ahead = [n for n, stop in enumerate(line) if stop.name not in later]
    return max([*ahead, _last_done(line) - 1 if name in MAIN else -1], default=-1) + 1


def _last_done(line: list[Stop]) -> int:
    return max((n for n, stop in enumerate(line) if stop.state != "todo"), default=-1) + 1


def _merged(incident: Incident, last: Stop) -> Stop:
    return Stop("queue", str(MERGED), "+ " + seconds(incident.queued_at - incident.captured_at), last.state, "narrow")


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
    return Stop(name, label, text, "now" if last else "done", "wide" if name in MACHINE else "", live)


def _due(incident: Incident, name: str, soon_s: int) -> str:
    if name == "verdict" and soon_s:
        return _("by %(time)s") % {"time": minutes(timedelta(seconds=soon_s))}
    by = {"verdict": incident.verdict_by, "claimed": incident.claim_by}.get(name)
    return _("by %(time)s") % {"time": minutes(by - incident.captured_at)} if by else ""
