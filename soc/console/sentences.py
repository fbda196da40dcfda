"""Codes into sentences, in the reader's language: what an incident is called and why it was raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from cameras.models import AccessWindow, Candidate

# What an operator reads first. With a place: “Person in Loading yard”.
WHAT: dict[str, Any] = {
    "duress": gettext_lazy("Duress signal"),
    "hold_up": gettext_lazy("Hold-up button"),
    "panic": gettext_lazy("Panic button"),
    "weapon": gettext_lazy("Weapon"),
    "fire": gettext_lazy("Fire alarm"),
    "medical": gettext_lazy("Medical alarm"),
    "person_down": gettext_lazy("Person down"),
    "silent_guard": gettext_lazy("Guard is silent"),
    "tamper_person": gettext_lazy("Camera tampered with, person near"),
    "group": gettext_lazy("Group"),
    "person": gettext_lazy("Person"),
    "vehicle": gettext_lazy("Vehicle"),
    "loitering": gettext_lazy("Loitering"),
    "line_crossing": gettext_lazy("Line crossed"),
    "unfiltered_motion": gettext_lazy("Motion nobody looked at"),
    "site_lost": gettext_lazy("Whole site lost"),
    "blinded": gettext_lazy("Camera covered"),
    "perception_down": gettext_lazy("Detection is down"),
    "armed_impaired": gettext_lazy("Armed with cameras that see nothing"),
    "frozen": gettext_lazy("Frozen picture"),
    "moved": gettext_lazy("Camera moved"),
    "dark": gettext_lazy("Too dark to see"),
    "slow": gettext_lazy("Too few pictures"),
    "offline": gettext_lazy("No picture"),
    "drift": gettext_lazy("Camera's clock is wrong"),
    "alarm": gettext_lazy("Alarm from the panel"),
    "unscheduled_disarm": gettext_lazy("Disarmed unannounced"),
    "early_open": gettext_lazy("Opened early"),
    "late_close": gettext_lazy("Not closed yet"),
    "restore": gettext_lazy("Alarm restored"),
    "open": gettext_lazy("Site opened"),
    "close": pgettext_lazy("a signal", "Site closed"),
    "test": gettext_lazy("Test signal"),
    "heartbeat_lost": gettext_lazy("Panel is silent"),
}
URGENCY = {
    1: pgettext_lazy("priority", "Urgent"),
    2: pgettext_lazy("priority", "High"),
    3: pgettext_lazy("priority", "Normal"),
}


def what(code: str) -> str:
    """The category in words; an unknown code (a newer version wrote it) is shown as it is."""
    return str(WHAT.get(code, code))


def place(candidate: Candidate) -> str:
    """Zone, else camera, else the panel it came from; "" without any."""
    nearest = candidate.zone or candidate.camera or candidate.signal_source
    return nearest.name if nearest else ""


def title(category: str, where: str) -> str:
    """What happens and where, in one line."""
    return _("%(what)s in %(place)s") % {"what": what(category), "place": where} if where else what(category)


@dataclass(frozen=True)
class Line:
    """One reason: `strong` is read at a glance, `rest` explains."""

    icon: str
    strong: str
    rest: str = ""


def why(candidate: Candidate) -> list[Line]:
    """The reasons of a candidate's verdict, in the order they were found."""
    return lines(candidate.reasons, place(candidate), candidate.site.zone_info)


def lines(reasons: Iterable[dict[str, Any]], where: str, zone: ZoneInfo) -> list[Line]:
    """Any reasons, as stored; `where`: what the zone is called, `zone`: the site's clocks."""
    return list(_lines(reasons, where, zone))


def _lines(reasons: Iterable[dict[str, Any]], where: str, zone: ZoneInfo) -> Iterable[Line]:
    for reason in reasons:
        code = reason.get("code", "")
        yield _SENTENCES.get(code, _unknown)(reason, where, zone)


def _clock(value: Any, zone: ZoneInfo) -> str:
    """A stored instant as the site's clock shows it; "" when there is none."""
    instant = value if isinstance(value, datetime) else parse_datetime(str(value or ""))
    return instant.astimezone(zone).strftime("%H:%M") if instant else ""


def _threat(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("warn", what(reason.get("category", "")), _("a threat is raised at any hour"))


def _technical(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    category = reason.get("category", "")
    if category == "site_lost":
        return Line("off", what(category), _("no camera is left: perhaps an attack"))
    return Line("off", what(category), _("trouble is raised whether armed or not"))


def _condition(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("off", what(reason.get("category", "")), _("armed, and this camera does not guard"))


def _impaired(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"blind": reason.get("blind", 0), "cameras": reason.get("cameras", 0)}
    rest = _("a zone is seen by no camera") if reason.get("unseen") else _("each zone is still seen by another one")
    return Line("off", _("Armed, %(blind)s of %(cameras)s blind") % words, rest)


def _tampering(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"what": what(reason.get("kind", "")), "time": _clock(reason.get("at"), zone)}
    minutes = round(reason.get("seconds", 0) / 60)
    before = ngettext("%(n)s minute earlier", "%(n)s minutes earlier", minutes) % {"n": minutes}
    return Line("off", _("%(what)s at %(time)s") % words, before if minutes else _("moments earlier"))


def _report(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("note", what(reason.get("category", "")), _("a report, kept for the record"))


def _signal(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("link", what(reason.get("category", "")), _("sent by the site's own system"))


def _disarmed(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    until = _clock(reason.get("until"), zone)
    return Line("lock", _("Disarmed until %(time)s") % {"time": until} if until else _("Disarmed"), _by_hand(reason))


def _armed(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    until = _clock(reason.get("until"), zone)
    strong = _("Armed until %(time)s") % {"time": until} if until else _("Armed")
    return Line("lock", strong, _("by the weekly schedule") if reason.get("owner") == "schedule" else _by_hand(reason))


def _by_hand(reason: dict[str, Any]) -> str:
    """Whose word the arm state is, where somebody armed or disarmed by hand."""
    return {"customer": _("by the customer"), "panel": _("at the panel")}.get(reason.get("owner", ""), "")


def _seen(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    score = reason.get("score")
    sure = _("detector's score %(score).2f") % {"score": score} if isinstance(score, int | float) else ""
    return Line("user", what(reason.get("category", "")), sure)


def _dwell(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"seconds": reason.get("seconds", 0), "place": where or _("the zone")}
    return Line("clock", _("%(seconds)s s in %(place)s") % words, _limit(reason))


def _short_stay(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"seconds": reason.get("seconds", 0), "place": where or _("the zone")}
    return Line("clock", _("Only %(seconds)s s in %(place)s") % words, _limit(reason))


def _limit(reason: dict[str, Any]) -> str:
    return _("limit %(limit)s s") % {"limit": reason.get("limit", 0)}


def _crossed(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("out", _("Crossed the line of %(place)s") % {"place": where or _("the zone")})


def _nobody_looked(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("eye", _("Motion that no detector looked at"), _("so a person must"))


def _rule(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    number = _("Rule %(number)s") % {"number": int(reason.get("rule", 0)) + 1}
    return Line("note", number, str(_OF_RULES.get(reason.get("decision", ""), "")))


_OF_RULES: dict[str, Any] = {
    "raise": gettext_lazy("it is raised"),
    "watch": gettext_lazy("it is watched, and nobody is called"),
    "ignore": gettext_lazy("it is ignored"),
}


def _muted(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"time": _clock(reason.get("until"), zone)}
    strong = _("On test until %(time)s") if reason.get("kind") == "test" else _("Snoozed until %(time)s")
    return Line("mute", strong % words)


def _expected(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("cal", _("%(who)s expected") % {"who": _who(reason)}, _expected_rest(reason, zone))


def _more_than_expected(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("cal", _("More people than expected"), _expected_rest(reason, zone))


def _who(reason: dict[str, Any]) -> str:
    kind = reason.get("kind", "")
    return str(dict(AccessWindow.Kind.choices).get(kind, kind)).capitalize()


def _expected_rest(reason: dict[str, Any], zone: ZoneInfo) -> str:
    words = {
        "people": reason.get("people", 1),
        "allowed": reason.get("allowed", 0),
        "time": _clock(reason.get("until"), zone),
    }
    return _("%(people)s of at most %(allowed)s, until %(time)s") % words


def _cooling_down(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"since": _clock(reason.get("since"), zone), "until": _clock(reason.get("until"), zone)}
    return Line("clock", _("Raised here at %(since)s") % words, _("the same is only watched until %(until)s") % words)


def _storm(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line(
        "off", _("Storm mode until %(time)s") % {"time": _clock(reason.get("until"), zone)}, _("people come first")
    )


def _drill(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("note", _("A drill"), _("begun by a supervisor; nothing leaves the house"))


def _runaway(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    words = {"count": reason.get("count", 0), "time": _clock(reason.get("since"), zone)}
    rest = _("only false alarms come from this place")
    return Line("warn", _("Number %(count)s since %(time)s") % words, rest)


def _unreadable(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("warn", _("The site's policy cannot be read"), _("so everything is raised"))


def _unknown(reason: dict[str, Any], where: str, zone: ZoneInfo) -> Line:
    return Line("ring", _("Rule “%(code)s”") % {"code": reason.get("code", "?")})


_SENTENCES = {
    "threat": _threat,
    "technical": _technical,
    "condition": _condition,
    "impaired": _impaired,
    "tampering": _tampering,
    "report": _report,
    "signal": _signal,
    "disarmed": _disarmed,
    "armed": _armed,
    "seen": _seen,
    "dwell": _dwell,
    "short_stay": _short_stay,
    "nobody_looked": _nobody_looked,
    "crossed": _crossed,
    "rule": _rule,
    "muted": _muted,
    "expected": _expected,
    "more_than_expected": _more_than_expected,
    "cooling_down": _cooling_down,
    "storm": _storm,
    "runaway": _runaway,
    "drill": _drill,
    "policy_unreadable": _unreadable,
}
