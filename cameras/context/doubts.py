"""What a policy's author should think about: contradictions, hours that nobody covers, zones in which nobody is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from cameras.context.parts import Body, hides, refuse_hiding
from cameras.context.reading import Notes
from cameras.context.rules import ANY, Rule
from cameras.context.schedule import Week

MINUTE: Final = timedelta(minutes=1)
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
    covered, least = bytearray(MINUTES), DAYTIME_H * 60 + 1
    for start, end in _spans(calendar.week):
        _mark(covered, start, end)
    if body.opening is not None and body.opening.opens is not None and body.opening.closes is not None:
        least = GAP_MIN
        for start, end in _staffed(body.opening.opens.calendar.week, body.opening.closes.calendar.week):
            _mark(covered, start, end)
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


def _spans(week: Week) -> list[tuple[int, int]]:
    """Its hours as minutes from the first midnight of the week."""
    return sorted(
        (number * 1440 + start // MINUTE, number * 1440 + end // MINUTE)
        for number, day in enumerate(week)
        for start, end in (hours.span() for hours in day)
    )


def _staffed(opens: Week, closes: Week) -> Iterator[tuple[int, int]]:
    """From each opening to the next closing."""
    ends = [end + later for later in (0, MINUTES) for _, end in _spans(closes)]
    for start, _ in _spans(opens):
        end = next((one for one in ends if one > start), start)
        yield start, end


def _mark(covered: bytearray, start: int, end: int) -> None:
    """The week is a circle."""
    covered[start:end] = b"\1" * (min(end, MINUTES) - start)
    if end > MINUTES:
        covered[: end - MINUTES] = b"\1" * (end - MINUTES)


def _gaps(covered: bytearray, least: int) -> Iterator[tuple[int, int]]:
    """Where nothing covers the week for so many minutes at least: first minute and length."""
    first = covered.find(1)
    if first < 0:
        yield 0, MINUTES
        return
    ring, end = covered[first:] + covered[: first + 1], 0
    while (start := ring.find(0, end)) >= 0:
        end = ring.find(1, start)
        if end - start >= least:
            yield (first + start) % MINUTES, end - start
