"""The parts of a policy's body, each read and checked by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from cameras.categories import CATEGORIES, MUTABLE, Family
from cameras.context.holidays import regions_of
from cameras.context.reading import Notes, Part, date_at, hours_at, listed, mapped, week_at
from cameras.context.rules import IGNORABLE, PROTECTED, STAYS, THREATS, WHEN, Rule, rule_for
from cameras.context.schedule import Calendar, Hours, Special, Timeline

OWNERS: Final = ("schedule", "customer", "panel")
RULES_MOST: Final = 500
DATES_MOST: Final = 2000
SPECIALS_MOST: Final = 200
ZONES_MOST: Final = 1000
NAME_LONGEST: Final = 120
DWELL_LONGEST_S: Final = 600
LOITER_LONGEST_S: Final = 3600
COOLDOWN_LONGEST_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Runaways:
    """dismissed: so many called false in one place within `within` are a runaway. look: how often somebody has a look at it."""

    dismissed: int = 5
    within: timedelta = timedelta(minutes=10)
    look: timedelta = timedelta(minutes=15)


@dataclass(frozen=True)
class Opening:
    """When the site is to be opened and closed; None where nothing was said of it. Up to `grace` off is no alert."""

    opens: Timeline | None
    closes: Timeline | None
    grace: timedelta

    def in_time(self, at: datetime, *, opening: bool) -> bool:
        """Whether an opening, else a closing, at `at` is within its window. Where there is none, it always is."""
        line = self.opens if opening else self.closes
        if line is None:
            return True
        if line.state(at).armed or line.state(at + self.grace).armed or line.state(at - self.grace).armed:
            return True
        # A window shorter than the grace lies between these moments.
        return any(True for _ in line.borders(at - self.grace, at + self.grace))


@dataclass(frozen=True)
class Body:
    """A body that was read."""

    calendar: Calendar
    owner: str = "schedule"
    zones: Mapping[str, Calendar] = field(default_factory=dict)
    opening: Opening | None = None
    rules: tuple[Rule, ...] = ()
    runaways: Runaways = Runaways()


def body_of(body: Any, zone: str, notes: Notes) -> Body:
    """Reads what it can, in the time zone `zone`; what is wrong is in the notes."""
    part = Part(body, "", notes, known=("owner", "schedule", "zones", "opening", "rules", "runaway", "time_zone"))
    calendar = calendar_at(part.raw("schedule"), "schedule", zone, notes)

    def of_zone(key: str, value: Any, path: str) -> Calendar | None:
        own = Part(value, path, notes, known=("schedule",))
        return calendar_at(own.raw("schedule"), own.where("schedule"), zone, notes) if own.raw("schedule") else None

    read = Body(
        calendar,
        part.one_of("owner", OWNERS, "schedule"),
        mapped(part.raw("zones"), "zones", notes, of_zone, most=ZONES_MOST),
        opening_at(part.raw("opening"), zone, notes),
        tuple(
            one
            for entry, path in part.items("rules", most=RULES_MOST)
            if (one := rule_at(entry, path, notes)) is not None
        ),
        runaways_at(part.raw("runaway"), notes),
    )
    if not notes.refused:
        refuse_hiding(read.rules, {"", *(rule.zone for rule in read.rules)}, notes)
    return read


def calendar_at(value: Any, path: str, zone: str, notes: Notes) -> Calendar:
    if value is None:
        return Calendar(zone)
    part = Part(value, path, notes, known=("week", "specials", "dates", "holidays"))
    week = week_at(part.raw("week"), part.where("week"), notes)
    specials = specials_at(part.raw("specials"), part.where("specials"), notes)
    dates: dict[date, tuple[Hours, ...]] = {}
    names: dict[date, str] = {}
    for entry, where in part.items("dates", most=DATES_MOST):
        one = Part(entry, where, notes, known=("date", "hours", "name"))
        day = date_at(one.raw("date"), one.where("date"), notes)
        hours = hours_at(one.raw("hours"), one.where("hours"), notes)
        name = one.text("name", longest=NAME_LONGEST)
        if day is None:
            continue
        if day in dates:
            notes.refuse(one.where("date"), "date_twice", date=day.isoformat())
        dates[day] = hours
        if name:
            names[day] = name
    days, hours_then = holidays_at(part.raw("holidays"), part.where("holidays"), notes)
    return Calendar(zone, week, specials, dates, days, hours_then, names)


def specials_at(value: Any, path: str, notes: Notes) -> tuple[Special, ...]:
    """Ranges of days: none may share a day with another."""
    found: list[tuple[Special, str]] = []
    for entry, where in listed(value, path, notes, most=SPECIALS_MOST):
        part = Part(entry, where, notes, known=("name", "first", "last", "hours"))
        name = part.text("name", longest=NAME_LONGEST)
        first = date_at(part.raw("first"), part.where("first"), notes)
        if part.raw("last") is None:
            notes.refuse(part.where("last"), "no_end")
            continue
        last = date_at(part.raw("last"), part.where("last"), notes)
        hours = hours_at(part.raw("hours"), part.where("hours"), notes)
        if first is None or last is None:
            continue
        if last < first:
            notes.refuse(part.where("last"), "inverted")
            continue
        for other, at in found:
            if first <= other.last and other.first <= last:
                notes.refuse(where, "overlap", other=at)
        found.append((Special(name, first, last, hours), where))
    return tuple(sorted((one for one, _ in found), key=_first_day))


def _first_day(special: Special) -> date:
    return special.first


def holidays_at(value: Any, path: str, notes: Notes) -> tuple[dict[date, str], tuple[Hours, ...] | None]:
    """The names of holidays by date, and the hours of such a day (None: as its weekday)."""
    if value is None:
        return {}, None
    part = Part(value, path, notes, known=("country", "subdiv", "hours", "days"))
    country = part.text("country", longest=10, needed=True)
    subdiv = part.text("subdiv", longest=10) if part.raw("subdiv") is not None else ""
    hours = None if part.raw("hours") is None else hours_at(part.raw("hours"), part.where("hours"), notes)
    if part.raw("days") is None:
        # A draft. What was published holds its days, and stays readable whatever the list of countries becomes.
        regions = regions_of(country) if country else None
        if country and regions is None:
            notes.refuse(part.where("country"), "unknown_country", country=country)
        elif subdiv and subdiv not in (regions or ()):
            notes.refuse(part.where("subdiv"), "unknown_region", country=country, subdiv=subdiv)
    days: dict[date, str] = {}

    def of_day(key: str, value: Any, where: str) -> str | None:
        day = date_at(key, where, notes)
        if not isinstance(value, str):
            notes.refuse(where, "not_text")
        elif day is not None:
            days[day] = value[:NAME_LONGEST]
        return None

    mapped(part.raw("days"), part.where("days"), notes, of_day, most=DATES_MOST)
    return days, hours


def opening_at(value: Any, zone: str, notes: Notes) -> Opening | None:
    if value is None:
        return None
    part = Part(value, "opening", notes, known=("open", "close", "grace_min"))
    lines = [
        week_at(part.raw(name), part.where(name), notes, whole_days=False) if part.raw(name) else None
        for name in ("open", "close")
    ]
    grace = timedelta(minutes=part.number("grace_min", 15, 0, 240))
    opens, closes = (None if week is None else Timeline(Calendar(zone, week)) for week in lines)
    return Opening(opens, closes, grace)


def rule_at(value: Any, path: str, notes: Notes) -> Rule | None:
    known = ("zone", "category", "when", "decision", "priority", "dwell_s", "cooldown_s", "note")
    part = Part(value, path, notes, known=known)
    if not isinstance(value, dict):
        return None
    zone = part.text("zone", longest=64) if part.raw("zone") is not None else ""
    category = part.one_of("category", ("*", *CATEGORIES))
    when = part.one_of("when", WHEN, "always")
    decision = part.one_of("decision", ("raise", "watch", "ignore"))
    priority = part.number("priority", None, 1, 3, whole=True)
    # A stay that nobody makes would hide everybody; so would a cool-down without an end in sight.
    dwell_s = part.number("dwell_s", None, 0, LOITER_LONGEST_S if category == "loitering" else DWELL_LONGEST_S)
    cooldown_s = part.number("cooldown_s", 0, 0, COOLDOWN_LONGEST_S)
    if category in CATEGORIES:
        _refuse_hidden(category, decision, priority, cooldown_s, part)
    if dwell_s is not None and category != "*" and category not in STAYS:
        notes.warn(part.where("dwell_s"), "dwell_without_effect", category=category)
    note = part.text("note") if part.raw("note") is not None else ""
    return Rule(
        zone, category, when, decision, None if priority is None else int(priority), dwell_s, float(cooldown_s), note
    )


def _refuse_hidden(category: str, decision: str, priority: float | None, cooldown_s: float, part: Part) -> None:
    notes, named = part.notes, {"category": category}
    if category in THREATS:
        if decision != "raise":
            notes.refuse(part.where("decision"), "threat_must_raise", **named)
        if priority not in (None, 1):
            notes.refuse(part.where("priority"), "threat_must_raise", **named)
    elif category in PROTECTED:
        if decision != "raise":
            notes.refuse(part.where("decision"), "protected_must_raise", **named)
    elif decision == "ignore" and category not in IGNORABLE:
        notes.refuse(part.where("decision"), "at_least_watched", **named)
    if cooldown_s and (category not in MUTABLE or CATEGORIES[category].family == Family.PANEL):
        # Two inputs of a panel are no one place: an alarm of the one says nothing of the other.
        notes.refuse(part.where("cooldown_s"), "never_cools", **named)


def runaways_at(value: Any, notes: Notes) -> Runaways:
    if value is None:
        return Runaways()
    part = Part(value, "runaway", notes, known=("dismissed", "within_min", "look_min"))
    return Runaways(
        int(part.number("dismissed", 5, 2, 50, whole=True)),  # no more are kept with a candidate
        timedelta(minutes=part.number("within_min", 10, 1, 120)),
        timedelta(minutes=part.number("look_min", 15, 1, 60)),
    )


def hides(rules: tuple[Rule, ...], zone: str) -> int | None:
    """Which rule keeps people in a zone from ever being raised while armed; None where somebody is.

    Where they are only watched, a rule that names loitering or the crossing of a line may still raise them.
    """
    found = None
    for category in ("loitering", "line_crossing"):
        named = rule_for(rules, zone, category, armed=True)
        if named is not None and rules[named].category == category and rules[named].decision == "raise":
            return None
    for category in ("person", "group"):
        found = rule_for(rules, zone, category, armed=True)
        if found is None or rules[found].decision == "raise":
            return None
    return found


def refuse_hiding(rules: tuple[Rule, ...], zones: set[str], notes: Notes) -> None:
    """A policy that raises nobody anywhere is no policy."""
    hidden = [hides(rules, zone) for zone in sorted(zones)]
    if hidden and None not in hidden:
        notes.refuse(f"rules.{hidden[0]}.decision", "hides_everything")
