"""What a policy's author should think about: contradictions, hours that nobody covers, zones in which nobody is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cameras.context.parts import Body, Opening, hides, refuse_hiding
from cameras.context.reading import Notes
from cameras.context.rules import ANY, Rule
from cameras.context.schedule import DAY, Week

MINUTES: Final = 7 * 24 * 60
# Somebody is thought to be there in the daytime. Who says when the site is opened and closed is held to it.
DAYTIME_H: Final = 18
GAP_MIN: Final = 30
NAMED_MOST: Final = 20  # gaps that are told one by one


def doubts(body: Body, zones: Mapping[str, str], notes: Notes) -> None:
    """zones: names by id, of the site; without any, nothing is said of zones."""
    if zones:
        refuse_hiding(body.rules, set(zones), notes)
        if notes.refused:
            return
        _zones(body, zones, notes)
    _rules(body.rules, notes)
    _hours(body, notes)


def _zones(body: Body, zones: Mapping[str, str], notes: Notes) -> None:
    for zone, calendar in body.zones.items():
        if zone not in zones:
            notes.warn(f"zones.{zone}", "no_such_zone", zone=zone)
        elif calendar.empty and not body.calendar.empty:
            notes.warn(f"zones.{zone}.schedule", "zone_never_armed", zone=zone)
    for number, rule in enumerate(body.rules):
        if rule.zone and rule.zone not in zones:
            notes.warn(f"rules.{number}.zone", "no_such_zone", zone=rule.zone)
    for zone in sorted(zones):
        hidden = hides(body.rules, zone)
        if hidden is not None:
            notes.warn(f"rules.{hidden}.decision", "zone_hidden", zone=zone)


def _rules(rules: tuple[Rule, ...], notes: Notes) -> None:
    """Two for the same: the later one counts, where both apply."""
    for number, rule in enumerate(rules):
        for later in range(number + 1, len(rules)):
            other = rules[later]
            same = (rule.zone, rule.category) == (other.zone, other.category)
            if not same or not (rule.when == other.when or "always" in (rule.when, other.when)):
                continue
            if rule.decision != other.decision:
                notes.warn(f"rules.{number}", "contradicts", rule=number, other=later)
            elif other.when in ("always", rule.when):
                notes.warn(f"rules.{number}", "never_counts", rule=number, other=later)
            break
        if rule.category == "*" and rule.decision == "raise" and rule.when != "armed":
            notes.warn(f"rules.{number}.when", "raised_though_disarmed", categories=sorted(ANY))


def _hours(body: Body, notes: Notes) -> None:
    calendar = body.calendar
    if calendar.empty and not any(not one.empty for one in body.zones.values()):
        if body.owner == "schedule":
            notes.warn("schedule", "never_armed")
        return
    if body.opening is not None and body.owner == "schedule":
        notes.warn("opening", "opening_unused")
    if not any(calendar.week):
        return
    staffed = _staffed(body.opening)
    covered = _minutes(calendar.week)
    least = DAYTIME_H * 60 + 1
    if staffed is not None:
        covered = [a or b for a, b in zip(covered, staffed, strict=True)]
        least = GAP_MIN
    for start, length in list(_gaps(covered, least))[:NAMED_MOST]:
        end = (start + length) % MINUTES
        notes.warn(
            "schedule.week",
            "uncovered",
            **{"day": start // 1440, "from": _clock(start), "to_day": end // 1440, "to": _clock(end)},
            hours=round(length / 60, 1),
        )


def _clock(minute: int) -> str:
    return f"{minute % 1440 // 60:02}:{minute % 60:02}"


def _minutes(week: Week) -> list[bool]:
    """Which minutes of an ordinary week are within its hours."""
    found = [False] * MINUTES
    for number, day in enumerate(week):
        for hours in day:
            start, end = ((number * DAY + moment).total_seconds() / 60 for moment in hours.span())
            for minute in range(int(start), int(end)):
                found[minute % MINUTES] = True
    return found


def _staffed(opening: Opening | None) -> list[bool] | None:
    """Which minutes lie between a day's opening and its closing; None where that is not said."""
    if opening is None or opening.opens is None or opening.closes is None:
        return None
    opens, closes = opening.opens.calendar.week, opening.closes.calendar.week
    found = [False] * MINUTES
    ends = sorted(
        int((number * DAY + hours.span()[1]).total_seconds() / 60) for number, day in enumerate(closes) for hours in day
    )
    for number, day in enumerate(opens):
        for hours in day:
            start = int((number * DAY + hours.span()[0]).total_seconds() / 60)
            end = next((one for one in [*ends, *(one + MINUTES for one in ends)] if one > start), start)
            for minute in range(start, end):
                found[minute % MINUTES] = True
    return found


def _gaps(covered: list[bool], least: int) -> Iterator[tuple[int, int]]:
    """Where nothing covers the week for so many minutes at least: first minute and length. The week is a circle."""
    if not any(covered):
        yield 0, MINUTES
        return
    first = covered.index(True)
    start = None
    for step in range(first, first + MINUTES + 1):
        if not covered[step % MINUTES]:
            start = step if start is None else start
        elif start is not None:
            if step - start >= least:
                yield start % MINUTES, step - start
            start = None
