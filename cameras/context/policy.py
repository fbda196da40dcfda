"""A site's policy: schedules, who owns the arm state, rules and limits; read from its body once, then asked by the million."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cameras.context.doubts import doubts
from cameras.context.facts import Toggle
from cameras.context.holidays import with_holidays
from cameras.context.parts import Body, Opening, Runaways, body_of
from cameras.context.reading import Notes, time_zone_of
from cameras.context.refusal import PolicyRefused, Problem
from cameras.context.rules import Rule, rule_for
from cameras.context.schedule import ALWAYS, ArmState, Calendar, Timeline
from cameras.context.verdict import Reason

__all__ = [
    "EMPTY",
    "Opening",
    "Policy",
    "PolicyRefused",
    "Problem",
    "Rule",
    "problems",
    "read",
    "unreadable",
    "with_holidays",
]

# A site that is always armed has no border at which a disarming by hand would end. It ends all the same.
DISARMED_AT_MOST: Final = timedelta(hours=24)
RULES_KNOWN: Final = 4096
BODIES_KNOWN: Final = 2048


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that counts: its number from 0, itself, and the reason that it is."""

    number: int
    rule: Rule
    reason: Reason


class Policy:
    """One version, compiled. Never changed once made; threads may share it.

    version: its number or id, as given. timezone: an IANA name. timeline: of the site's schedule; zones: of those with a
    schedule of their own. unreadable: nothing of it could be read, and everything is raised. remembers: how long before a
    candidate a dismissal still counts.
    """

    def __init__(self, version: str, body: Mapping[str, Any], given: Body, timezone: str, *, unreadable: bool = False):
        self.version = version
        self.body = body
        self.timezone = timezone
        self.unreadable = unreadable
        self.sha256 = sha256(_canonical(body).encode()).hexdigest() if not unreadable else ""
        self.owner: str = given.owner
        self.timeline = Timeline(given.calendar)
        self.zones: dict[str, Timeline] = {zone: Timeline(one) for zone, one in given.zones.items()}
        self.opening: Opening | None = given.opening
        self.rules: tuple[Rule, ...] = given.rules
        self.runaways: Runaways = given.runaways
        self.remembers = max(given.runaways.within, 2 * given.runaways.look)
        self._fired: dict[tuple[str, str, bool], Fired | None] = {}

    def __repr__(self) -> str:
        return f"Policy({self.version!r}, {self.sha256[:8]!r})"

    def arm(self, at: datetime, zone: str = "", toggle: Toggle | None = None) -> ArmState:
        """The arm state of the site, or of a zone with a schedule of its own. Raises ValueError for a time without an offset.

        A toggle counts where the owner takes it. Arming arms every zone; a zone with a schedule of its own is never
        disarmed by hand. An unreadable policy is armed.
        """
        if self.unreadable:
            return ALWAYS
        own = self.zones.get(zone) if zone else None
        if toggle is not None and self.owner != "schedule" and (toggle.armed or own is None):
            state = self._by_hand(at, toggle)
            if state is not None:
                return state
        return (own or self.timeline).state(at)

    def _by_hand(self, at: datetime, toggle: Toggle) -> ArmState | None:
        panel = self.owner == "panel"
        if (toggle.how == "panel") != panel or at < toggle.at:
            return None
        ends = [] if toggle.until is None else [toggle.until]
        if not panel:
            scheduled = self.timeline.state(toggle.at)
            if scheduled.until is not None:
                ends.append(scheduled.until)
            elif scheduled.armed and not toggle.armed:
                ends.append(toggle.at + DISARMED_AT_MOST)
        until = min(ends, default=None)
        if until is not None and at >= until:
            return None
        return ArmState(toggle.armed, self.owner, toggle.at, until)

    def rule_for(self, zone: str, category: str, *, armed: bool) -> Fired | None:
        """The rule that counts: the most specific one, of those the last."""
        key = (zone, category, armed)
        try:
            return self._fired[key]
        except KeyError:
            number = rule_for(self.rules, zone, category, armed=armed)
            found = None
            if number is not None:
                rule = self.rules[number]
                found = Fired(number, rule, Reason("rule", {"rule": number, "decision": rule.decision}))
            if len(self._fired) >= RULES_KNOWN:
                self._fired.clear()
            self._fired[key] = found
            return found

    def dwell_of(self, zone: str, category: str, *, armed: bool, own: float) -> float:
        """Seconds in a zone that are asked for; `own`: what the zone itself asks for.

        A rule for everything does not make loitering take less or longer: whoever wants that names it.
        """
        fired = self.rule_for(zone, category, armed=armed)
        if fired is None or fired.rule.dwell_s is None or (category == "loitering" and fired.rule.category == "*"):
            return own
        return fired.rule.dwell_s

    def without(self, number: int) -> Policy:
        """The same without one of its rules, counted from 0."""
        rules = [one for place, one in enumerate(self.body.get("rules") or []) if place != number]
        return read({**self.body, "rules": rules}, time_zone=self.timezone, version=f"{self.version} without {number}")


def read(body: Any, *, time_zone: str, version: str) -> Policy:
    """The policy that a body says, for a site in `time_zone`; a body that holds a time zone of its own, as published ones do, is
    read in that. The same body is read once.

    Raises PolicyRefused with every problem that was found, and nothing else whatever the body is.
    """
    try:
        text = _canonical(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyRefused([Problem("", "not_json", {"why": type(error).__name__})]) from error
    return _read(text, time_zone if isinstance(time_zone, str) else "", version)


@lru_cache(maxsize=BODIES_KNOWN)
def _read(text: str, time_zone: str, version: str) -> Policy:
    notes = Notes()
    body = json.loads(text)
    timezone = _zone_of(body, time_zone, notes)
    given = body_of(body, timezone, notes)
    notes.check()
    return Policy(version, body, given, timezone)


def problems(body: Any, *, time_zone: str, zones: Mapping[str, str]) -> list[Problem]:
    """Everything that is wrong with a body, refusals first, then what it would be worth thinking about. zones: names by id."""
    notes = Notes()
    try:
        body = json.loads(_canonical(body))
    except (TypeError, ValueError, RecursionError) as error:
        return [Problem("", "not_json", {"why": type(error).__name__})]
    given = body_of(body, _zone_of(body, time_zone, notes), notes)
    if not notes.refused:
        doubts(given, zones, notes)
    return sorted(notes.found, key=_warnings_last)


def _zone_of(body: Any, time_zone: Any, notes: Notes) -> str:
    """The time zone that a body is read in. The site's own is asked for all the same: a site of which nobody can tell the time is
    not judged by halves.
    """
    of_site = time_zone_of(time_zone, notes)
    held = body.get("time_zone") if isinstance(body, dict) else None
    return of_site if held is None or held == time_zone else time_zone_of(held, notes)


def unreadable(version: str, body: Any = None) -> Policy:
    """In place of a version that cannot be read: whatever is seen is raised."""
    return Policy(version, body if isinstance(body, dict) else {}, Body(Calendar("UTC")), "UTC", unreadable=True)


def _canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _warnings_last(problem: Problem) -> bool:
    return problem.warning


EMPTY: Final = Policy("", {}, Body(Calendar("UTC")), "UTC")
