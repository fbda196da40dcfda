"""What earlier verdicts of a site left behind: cool-downs, and places that do nothing but alarm. Folded in the order of judging.

It is carried along from candidate to candidate, and comes out the same when it is made again from the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cameras.context.facts import Box, Context, Facts, moment_of
from cameras.context.place import same_place

if TYPE_CHECKING:
    from cameras.context.verdict import Verdict

RUNAWAYS_KNOWN: Final = 64  # of a site; the one that was quiet for longest is forgotten first
COOLING_KNOWN: Final = 256

Place = tuple[str, str, str]  # camera, zone, category


@dataclass(frozen=True, slots=True)
class Runaway:
    """A place that does nothing but alarm. count: how many since it began. looked: when somebody was last asked to look.

    last: of the last one. quiet: when it is over, if nothing more comes.
    """

    camera: str
    zone: str
    category: str
    box: Box | None
    since: datetime
    last: datetime
    looked: datetime
    quiet: datetime
    count: int

    def holds(self, facts: Facts) -> bool:
        """Whether it is this place that alarms again."""
        return (
            self.category == facts.category
            and self.camera == facts.camera
            and self.zone == facts.zone
            and self.since <= facts.at < self.quiet
            and same_place(self.box, facts.box)
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """cooling: from when until when the same is only watched, by place. runaways: the places that alarm for nothing."""

    cooling: Mapping[Place, tuple[datetime, datetime]] = field(default_factory=dict)
    runaways: tuple[Runaway, ...] = ()

    def runaway_of(self, facts: Facts) -> Runaway | None:
        for one in self.runaways:
            if one.holds(facts):
                return one
        return None

    def after(self, facts: Facts, context: Context, verdict: Verdict, ordinal: int) -> Fold:
        """The fold for the next candidate of the site. What is over by `facts.at` is dropped.

        ordinal, context: of the candidate; nothing that is kept now needs them.
        """
        if not self.cooling and not self.runaways and not verdict.cools_s and verdict.runaway is None:
            return self
        at = facts.at
        cooling, runaways = self.cooling, self.runaways
        if cooling and any(until <= at for _, until in cooling.values()):
            cooling = {place: span for place, span in cooling.items() if span[1] > at}
        if runaways and any(one.quiet <= at for one in runaways):
            runaways = tuple(one for one in runaways if one.quiet > at)
        if verdict.runaway is not None:
            others = [one for one in runaways if not _same(one, verdict.runaway)]
            others.sort(key=_last)
            runaways = (*others[max(0, len(others) + 1 - RUNAWAYS_KNOWN) :], verdict.runaway)
        if verdict.cools_s and verdict.decision == "raise":
            place = (facts.camera, facts.zone, facts.category)
            known = cooling.get(place)
            if known is None or known[0] < at:
                cooling = {**cooling, place: (at, at + timedelta(seconds=verdict.cools_s))}
                if len(cooling) > COOLING_KNOWN:
                    cooling = dict(sorted(cooling.items(), key=_ends)[-COOLING_KNOWN:])
        if cooling is self.cooling and runaways is self.runaways:
            return self
        return Fold(cooling, runaways)

    def as_json(self) -> dict[str, Any]:
        """Strings, numbers, lists: any JSON encoder takes it."""
        found: dict[str, Any] = {}
        if self.cooling:
            found["cooling"] = [
                [*place, since.isoformat(), until.isoformat()] for place, (since, until) in self.cooling.items()
            ]
        if self.runaways:
            found["runaways"] = [
                [
                    one.camera,
                    one.zone,
                    one.category,
                    one.box and list(one.box),
                    *(at.isoformat() for at in (one.since, one.last, one.looked, one.quiet)),
                    one.count,
                ]
                for one in self.runaways
            ]
        return found

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Fold:
        """Raises KeyError, ValueError or TypeError for what `as_json` cannot have written."""
        if not kept:
            return START
        return cls(
            {
                (camera, zone, category): (moment_of(since), moment_of(until))
                for camera, zone, category, since, until in kept.get("cooling", ())
            },
            tuple(map(_runaway, kept.get("runaways", ()))),
        )


START: Final = Fold()


def _runaway(kept: list[Any]) -> Runaway:
    camera, zone, category, box, since, last, looked, quiet, count = kept
    times = (moment_of(since), moment_of(last), moment_of(looked), moment_of(quiet))
    return Runaway(camera, zone, category, None if box is None else tuple(box), *times, count)


def _same(a: Runaway, b: Runaway) -> bool:
    return (a.camera, a.zone, a.category, a.box, a.since) == (b.camera, b.zone, b.category, b.box, b.since)


def _last(one: Runaway) -> datetime:
    return one.last


def _ends(item: tuple[Place, tuple[datetime, datetime]]) -> datetime:
    return item[1][1]
