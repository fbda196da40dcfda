"""What changed between two bodies, in words; and the words of the policy's page for codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Final

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cameras.admin.policy_form import hours_text, part

Names = dict[str, str]  # of zones, by id

OWNERS: Final = {
    "schedule": gettext_lazy("the schedule"),
    "customer": gettext_lazy("the customer, over the schedule"),
    "panel": gettext_lazy("the site's panel"),
}
WHEN: Final = {
    "always": gettext_lazy("always"),
    "armed": gettext_lazy("while armed"),
    "disarmed": gettext_lazy("while disarmed"),
}
DECISIONS: Final = {
    "raise": pgettext_lazy("decision", "raise"),
    "watch": pgettext_lazy("decision", "keep, raise nothing"),
    "ignore": pgettext_lazy("decision", "ignore"),
}
PRIORITIES: Final = {1: gettext_lazy("1 urgent"), 2: gettext_lazy("2 high"), 3: gettext_lazy("3 normal")}
CATEGORIES: Final = {
    "*": gettext_lazy("anything"),
    "person": gettext_lazy("person"),
    "group": gettext_lazy("group"),
    "vehicle": gettext_lazy("vehicle"),
    "loitering": gettext_lazy("loitering"),
    "line_crossing": gettext_lazy("line crossing"),
    "unfiltered_motion": gettext_lazy("motion nobody looked at"),
    "alarm": gettext_lazy("alarm from the panel"),
    "heartbeat_lost": gettext_lazy("panel is silent"),
    "open": gettext_lazy("site opened"),
    "close": gettext_lazy("site closed"),
    "restore": gettext_lazy("alarm restored"),
    "test": gettext_lazy("test signal"),
    "offline": gettext_lazy("no picture"),
    "site_lost": gettext_lazy("whole site lost"),
    "blinded": gettext_lazy("camera covered"),
    "moved": gettext_lazy("camera moved"),
    "frozen": gettext_lazy("frozen picture"),
    "dark": gettext_lazy("too dark to see"),
    "slow": gettext_lazy("too few pictures"),
    "drift": gettext_lazy("camera's clock is wrong"),
    "perception_down": gettext_lazy("detection is down"),
    "armed_impaired": gettext_lazy("armed with cameras that see nothing"),
}
RULE_FIELDS: Final = {
    "zone": gettext_lazy("place"),
    "category": gettext_lazy("what"),
    "when": gettext_lazy("when"),
    "decision": gettext_lazy("decision"),
    "priority": gettext_lazy("priority"),
    "dwell_s": gettext_lazy("limit"),
    "cooldown_s": gettext_lazy("cool-down"),
    "note": gettext_lazy("note"),
}
LIMITS: Final = {
    "dismissed": gettext_lazy("dismissed before it is a runaway"),
    "within_min": gettext_lazy("within minutes"),
    "look_min": gettext_lazy("a look every, minutes"),
}
RUNAWAY: Final = {"dismissed": 5, "within_min": 10, "look_min": 15}


@dataclass(frozen=True)
class Change:
    """One difference. `before` and `after` are empty where there was or is nothing."""

    where: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        said = " → ".join(part for part in (self.before, self.after) if part)
        what = f"{self.where}: {self.what}" if self.what else self.where
        if self.before and not self.after:
            return _("%(what)s %(before)s, removed") % {"what": what, "before": self.before}
        return f"{what} {said}".strip()


def changes(before: dict[str, Any], after: dict[str, Any], names: Names) -> list[Change]:
    """What `after` changes of `before`, in the order of the page. Public holidays' days are the library's, not a change; nor is a
    time zone that only one of them holds: drafts and old versions hold none.
    """
    return list(_changes(before, after, names))


def _changes(before: dict[str, Any], after: dict[str, Any], names: Names) -> Iterator[Change]:
    if before.get("time_zone") and after.get("time_zone"):
        yield from _value(_("Time zone"), "", before["time_zone"], after["time_zone"])
    owners = [str(OWNERS.get(body.get("owner", "schedule"), body.get("owner"))) for body in (before, after)]
    if owners[0] != owners[1]:
        yield Change(_("Owner of the arm state"), "", *owners)
    yield from _schedule(before.get("schedule"), after.get("schedule"), _("Site"))
    old, new = (part(body.get("zones")) for body in (before, after))
    for zone in sorted({*old, *new}):
        where = names.get(zone, _("a zone that is gone"))
        if zone not in old or zone not in new:
            has, none = _("hours of its own"), _("as the site")
            yield Change(where, _("armed"), none if zone in new else has, has if zone in new else none)
        yield from _schedule(part(old.get(zone)).get("schedule"), part(new.get(zone)).get("schedule"), where)
    old, new = (part(body.get("opening")) for body in (before, after))
    for kind, what in (("open", _("may open")), ("close", _("has to close"))):
        yield from _days(old.get(kind), new.get(kind), _("Site"), what)
    yield from _value(_("Opening and closing"), _("grace, minutes"), old.get("grace_min", 15), new.get("grace_min", 15))
    yield from _rules(_rows(before.get("rules")), _rows(after.get("rules")), names)
    old, new = (RUNAWAY | part(body.get("runaway")) for body in (before, after))
    for name, limit in LIMITS.items():
        yield from _value(_("Runaway"), str(limit), old.get(name), new.get(name))


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _value(where: str, what: str, before: Any, after: Any) -> Iterator[Change]:
    if before != after:
        yield Change(where, what, *("" if value is None else str(value) for value in (before, after)))


def _schedule(before: Any, after: Any, where: str) -> Iterator[Change]:
    old, new = part(before), part(after)
    yield from _days(old.get("week"), new.get("week"), where, _("armed"))
    for kind, key in (("specials", _span), ("dates", _date)):
        rows_before, rows_after = ({key(row): _day_hours(row) for row in _rows(each.get(kind))} for each in (old, new))
        for name in sorted({*rows_before, *rows_after}):
            yield from _value(where, name, rows_before.get(name), rows_after.get(name))
    yield from _value(where, _("public holidays"), _holidays(old.get("holidays")), _holidays(new.get("holidays")))


def _days(before: Any, after: Any, where: str, what: str) -> Iterator[Change]:
    old, new = (_by_day(rows) for rows in (before, after))
    for day in sorted({*old, *new}):
        if old.get(day) != new.get(day):
            named = _("%(day)s %(what)s") % {"day": WEEKDAYS.get(day, str(day)), "what": what}
            never = _("never")
            yield Change(where, named, old.get(day, never), new.get(day, never))


def _by_day(rows: Any) -> dict[int, str]:
    found: dict[int, list[list[str]]] = {}
    for row in _rows(rows):
        if isinstance(row.get("day"), int):
            found.setdefault(row["day"], []).append([str(row.get("from")), str(row.get("to"))])
    return {day: hours_words(sorted(hours)) for day, hours in found.items()}


def hours_words(hours: Any) -> str:
    """As it is typed, but for whole days; empty for no hours."""
    return hours_text(hours).replace("00:00-00:00", _("all day"))


def _span(row: dict[str, Any]) -> str:
    span = " – ".join(_day(row.get(end)) for end in ("first", "last"))
    return f"{row.get('name')} ({span})" if row.get("name") else span


def _date(row: dict[str, Any]) -> str:
    return f"{_day(row.get('date'))} {row.get('name', '')}".strip()


def day_text(day: date) -> str:
    return str(formats.date_format(day, "j M Y"))


def _day(text: Any) -> str:
    try:
        return day_text(date.fromisoformat(text))
    except (TypeError, ValueError):
        return str(text)


def _day_hours(row: dict[str, Any]) -> str:
    return hours_words(row.get("hours")) or _("not armed")


def _holidays(said: Any) -> str | None:
    if not isinstance(said, dict) or not said.get("country"):
        return None
    where = "-".join(filter(None, (said.get("country"), said.get("subdiv"))))
    hours = _day_hours(said) if "hours" in said else _("as on other days")
    return f"{where}, {hours}"


# --- rules


def _rules(before: list[dict[str, Any]], after: list[dict[str, Any]], names: Names) -> Iterator[Change]:
    """Rules are numbered from 1. Those that stand between the same neighbours are the same rule, changed."""
    old, new = ([json.dumps(rule, sort_keys=True) for rule in rules] for rules in (before, after))
    for kind, a0, a1, b0, b1 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        shared = min(a1 - a0, b1 - b0)
        for number in range(shared):
            yield from _rule(before[a0 + number], after[b0 + number], b0 + number + 1, names)
        for number in range(a0 + shared, a1):
            yield Change(rule_name(before[number], number + 1, names), "", rule_words(before[number]), "")
        for number in range(b0 + shared, b1):
            yield Change(rule_name(after[number], number + 1, names), "", "", rule_words(after[number]))


def _rule(before: Any, after: Any, number: int, names: Names) -> Iterator[Change]:
    for name, what in RULE_FIELDS.items():
        old, new = (shown(name, rule.get(name), names) for rule in (before, after))
        if old != new:
            yield Change(rule_name(after, number, names), str(what), old, new)


def rule_name(rule: Any, number: int, names: Names) -> str:
    return _("%(place)s, rule %(n)s") % {"place": shown("zone", rule.get("zone"), names), "n": number}


def rule_words(rule: Any) -> str:
    """A rule on one line, without its place."""
    said = [shown(name, rule.get(name), {}) for name in ("category", "when", "decision")]
    said += [f"{RULE_FIELDS[name]} {shown(name, rule[name], {})}" for name in ("priority", "dwell_s") if rule.get(name)]
    return ", ".join(said)


def shown(name: str, value: Any, names: Names) -> str:
    """One field of a rule, as it is read."""
    if name == "zone":
        return names.get(str(value), _("a zone that is gone")) if value else _("Everywhere")
    if name == "priority":
        return str(PRIORITIES.get(value, value)) if value else _("as usual")
    if name == "dwell_s":
        return _seconds(value) if value is not None else _("the zone's own")
    if name == "cooldown_s":
        return _seconds(value or 0)
    words: dict[str, Any] = {"when": WHEN, "decision": DECISIONS, "category": CATEGORIES}.get(name, {})
    return str(words.get(value, value or "–"))


def _seconds(value: Any) -> str:
    return _("%(seconds)s s") % {"seconds": f"{value:.1f}" if isinstance(value, int | float) else value}
