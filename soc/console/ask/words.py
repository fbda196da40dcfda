"""A verdict, its nearest flip, and what it was made from, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cameras.context.facts import Context, Toggle
from cameras.models import AccessWindow, ArmChange, Candidate, Muting, Policy
from soc.console.sentences import URGENCY, what

_DECISIONS: dict[str, Any] = {
    "raise": gettext_lazy("Raise, %(urgency)s"),
    "watch": gettext_lazy("Stay quiet, keep the clip"),
    "ignore": gettext_lazy("Ignore, keep the record"),
}
_DECIDED: dict[str, Any] = {
    "raise": gettext_lazy("Raised, %(urgency)s"),
    "watch": gettext_lazy("Watched: kept, and nobody was called"),
    "ignore": gettext_lazy("Ignored: kept, and nobody was called"),
}
_WOULD: dict[str, Any] = {
    "raise": gettext_lazy("Would raise %(how)s."),
    "watch": gettext_lazy("Would stay quiet %(how)s."),
    "ignore": gettext_lazy("Would be ignored %(how)s."),
}
_WOULD_HAVE: dict[str, Any] = {
    "raise": gettext_lazy("Would have been raised %(how)s."),
    "watch": gettext_lazy("Would have been watched only %(how)s."),
    "ignore": gettext_lazy("Would have been ignored %(how)s."),
}


def heading(decision: str, priority: int, *, past: bool = False) -> str:
    """The verdict itself, in two or three words. past: it was given."""
    said = (_DECIDED if past else _DECISIONS).get(decision, decision)
    return str(said) % {"urgency": str(URGENCY.get(priority, priority)).lower()}


def flip(said: Mapping[str, Any] | None, zone: ZoneInfo, *, past: bool = False) -> str:
    """The least change that would turn a verdict, as one sentence; "" where there is none."""
    if not said:
        return ""
    how = _FLIPS.get(said.get("code", ""))
    words = how(said, zone) if how else _("by “%(code)s”") % {"code": said.get("code", "?")}
    would = (_WOULD_HAVE if past else _WOULD).get(said.get("decision", ""), _("Would be otherwise %(how)s."))
    return str(would) % {"how": words}


def clock(value: Any, zone: ZoneInfo) -> str:
    """“Sun 02:10”, by the site's clocks; "" for no time."""
    instant = value if isinstance(value, datetime) else parse_datetime(str(value or ""))
    return date_format(instant.astimezone(zone), "D H:i") if instant else ""


def when(at: datetime, zone: ZoneInfo) -> str:
    """“Sun 22 Nov 2026, 02:13:04”, by the site's clocks."""
    return date_format(at.astimezone(zone), "D j M Y, H:i:s")


def _at(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("at %(time)s") % {"time": clock(said.get("at"), zone)}


def _dwell(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    seconds = float(said.get("seconds", 0))
    if seconds < 0:
        return _("with %(seconds).1f s less in the zone") % {"seconds": -seconds}
    return _("with %(seconds).1f more seconds in the zone") % {"seconds": seconds}


def _people(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    count = int(said.get("people", 0))
    return ngettext("with %(n)s person", "with %(n)s people", count) % {"n": count}


def _window_ends(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("once nobody is expected, from %(time)s") % {"time": clock(said.get("at"), zone)}


def _muting_ends(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("once it is no longer muted, from %(time)s") % {"time": clock(said.get("at"), zone)}


def _cooled(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("once the last alert has cooled down, from %(time)s") % {"time": clock(said.get("at"), zone)}


def _untampered(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("had no camera been tampered with")


def _rule(said: Mapping[str, Any], zone: ZoneInfo) -> str:
    return _("without rule %(number)s") % {"number": int(said.get("rule", 0)) + 1}


_FLIPS: dict[str, Callable[[Mapping[str, Any], ZoneInfo], str]] = {
    "at": _at,
    "dwell": _dwell,
    "people": _people,
    "window_ends": _window_ends,
    "muting_ends": _muting_ends,
    "cooled": _cooled,
    "untampered": _untampered,
    "rule": _rule,
}


# --- what it was made from


def facts(row: Candidate, *, over: bool) -> list[tuple[str, str]]:
    """What the sensor reported, as (name, words). over: nobody is at work on it any more."""
    return [(str(name), words) for name, words in _facts(row, over) if words]


def _facts(row: Candidate, over: bool) -> Iterator[tuple[Any, str]]:
    yield _("Captured"), when(row.captured_at, row.site.zone_info)
    noticed = row.evidence.get("noticed") or row.facts.get("category")
    yield _("Reported as"), what(noticed) if noticed and noticed != row.category else ""
    yield _("Zone"), f"{row.zone.name}, {row.zone.get_kind_display()}" if row.zone else ""
    yield _("Camera"), row.camera.name if row.camera else ""
    yield _("Sent by"), row.signal_source.name if row.signal_source else ""
    for reason in row.reasons:
        if reason.get("code") in ("dwell", "short_stay"):
            yield _("In the zone when judged"), _("%(seconds).1f s") % {"seconds": reason.get("seconds", 0)}
    if over and row.stayed_s is not None:
        yield _("In the zone in the end"), _("%(seconds).1f s") % {"seconds": row.stayed_s}
    people = row.facts.get("people", 1)
    yield _("People"), str(people) if over and people > 1 else ""
    score = row.evidence.get("score")
    yield _("Detector's score"), f"{score:.2f}" if isinstance(score, int | float) else ""


def reasons_only(row: Candidate) -> bool:
    """Whether nothing but its reasons was kept: it was judged before policies had versions."""
    return "local_time" in row.context


def context(row: Candidate) -> list[str]:
    """What people and circumstances added, sentence by sentence."""
    return [] if reasons_only(row) else list(circumstances(Context.from_json(row.context), row.site.zone_info))


def circumstances(said: Context, zone: ZoneInfo) -> Iterator[str]:
    """Each circumstance as one sentence, by the clocks of the site."""
    if said.toggle is not None:
        yield _toggle(said.toggle, zone)
    for one in said.expected:
        words = {"who": _label(AccessWindow.Kind, one.kind), "time": clock(one.until, zone), "n": one.people}
        one_person = _("Expected: %(who)s, one person, until %(time)s.")
        yield (one_person if one.people == 1 else _("Expected: %(who)s, %(n)s people, until %(time)s.")) % words
    for muted in said.muted:
        words = {"kind": _label(Muting.Kind, muted.kind), "time": clock(muted.until, zone)}
        yield _("%(kind)s until %(time)s.") % {**words, "kind": str(words["kind"]).capitalize()}
    if said.storm_until is not None:
        yield _("Storm mode until %(time)s.") % {"time": clock(said.storm_until, zone)}
    if said.tampered_at is not None:
        yield _("%(what)s at %(time)s.") % {"what": what(said.tamper_kind), "time": clock(said.tampered_at, zone)}
    if said.dismissed:
        count = len(said.dismissed)
        yield ngettext("%(n)s dismissed here shortly before.", "%(n)s dismissed here shortly before.", count) % {
            "n": count
        }


def _toggle(toggle: Toggle, zone: ZoneInfo) -> str:
    words = {"time": clock(toggle.at, zone), "how": _label(ArmChange.How, toggle.how)}
    if toggle.armed:
        return _("Armed by hand at %(time)s, %(how)s.") % words
    return _("Disarmed by hand at %(time)s, %(how)s.") % words


def _label(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


# --- whose word it is


def in_force(policy: Policy | None) -> str:
    return _("In force, v%(number)s") % {"number": policy.number} if policy else _("In force: no policy yet")


def draft(policy: Policy | None) -> str:
    return _("Draft, v%(number)s") % {"number": (policy.number if policy else 0) + 1}


def version(name: str) -> str:
    """The number of a version by its name, “12-0f3a9b2c”; "" of one without a number."""
    number = name.partition("-")[0]
    return _("policy v%(number)s") % {"number": number} if number.isdecimal() else ""
