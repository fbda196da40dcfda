"""Who is where and for how long: tracks against polygons and lines, with inertia, giving a sighting for what a zone asks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from .lines import LineWatch
from .types import Departure, FrameStamp, Point, Presence, Sighting, Track, ZoneShape, ZoneUpdate

PERSON: Final = "person"
GROUP: Final = 3  # people at once in one zone
LONGEST_LOOK_AWAY_S: Final = 60.0  # what stands still is looked at again within this, and was there meanwhile
UNSURE_S: Final = 2.0  # unseen for longer, whoever comes back may be somebody else
PARKED_S: Final = 1200.0  # longer than a tracker remembers what stood still
YOUNG: Final = (
    8  # looks of a track's life that count before it was certain; who is known for longer was here to be judged
)
TENTH_S: Final = 0.051  # what is judged is rounded to a tenth: a stay that is too short must be so afterwards too
_EDGE = 1e-6  # what sums of floating point numbers may be short of


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """True where the point lies in the polygon or on its edge (even-odd rule). Coordinates 0..1."""
    x, y = point
    inside = False
    x1, y1 = polygon[-1]
    for x2, y2 in polygon:
        low, high = (y1, y2) if y1 < y2 else (y2, y1)
        if low - _EDGE <= y <= high + _EDGE:  # else this edge is neither touched nor crossed
            within = min(x1, x2) - _EDGE <= x <= max(x1, x2) + _EDGE
            if within and abs((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) <= _EDGE:
                return True
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        x1, y1 = x2, y2
    return inside


@dataclass(slots=True)
class _Stay:
    """One track's dealings with one zone. Times in monotonic seconds."""

    kind: str
    entered_at: datetime
    seen: float
    inside: bool = True  # at the last look
    looks: int = 1  # in a row inside
    dwell_s: float = 0.0
    left: float | None = None
    reported: bool = False
    loitered: bool = False
    parked: bool = False  # stands still for so long that it is only looked at now and then
    entered: bool = False  # was inside for so many looks that it was an entry
    over: bool = False
    last: tuple[Track, FrameStamp] | None = None  # as it was seen inside last


@dataclass(slots=True)
class _Passage:
    """One track's dealings with one line."""

    watch: LineWatch
    seen: float
    reported: dict[str, float] = field(default_factory=dict)  # direction → when


class ZoneWatch:
    """Holds zones and lines against tracks; one watch per camera.

    enter_looks: looks in a row that must find the foot point inside before a stay begins to count, so that a
    box that flickers over the edge is no entry; the dwell still counts from the first of them. leave_s:
    seconds outside (or unseen) after which the stay is over and its dwell with it. again_s: seconds away
    after which the same track is reported anew; a group that was smaller for so long is a new one, and the same track's
    crossings of a line in one direction are no closer together. longest_step_s: the most that one look may add to a dwell.
    """

    def __init__(
        self,
        zones: Iterable[ZoneShape],
        *,
        enter_looks: int = 2,
        leave_s: float = 1.5,
        again_s: float = 30.0,
        longest_step_s: float = 2.5,
    ) -> None:
        self.enter_looks, self.leave_s, self.again_s = enter_looks, leave_s, again_s
        self.longest_step_s = longest_step_s
        self._stays: dict[tuple[int, str], _Stay] = {}
        self._passages: dict[tuple[int, str], _Passage] = {}
        self._grouped: dict[str, float] = {}  # zone → when it last held a group that was reported
        self._short: list[Sighting] = []  # to be told with this look
        self._left: list[Departure] = []
        self._looked, self._before = -math.inf, -math.inf  # the last look and the one before it
        self.zones: tuple[ZoneShape, ...] = ()
        self.replan(zones)

    def replan(self, zones: Iterable[ZoneShape]) -> None:
        """Hold these zones from now on. Who is in a zone that stays keeps being in it."""
        zones = tuple(zones)
        if len({zone.id for zone in zones}) != len(zones):
            raise ValueError("two zones have one id")
        lines = {zone.id: zone.line for zone in zones}
        known = {zone.id for zone in self.zones}
        self._stays = {key: stay for key, stay in self._stays.items() if key[1] in lines}
        self._passages = {k: passage for k, passage in self._passages.items() if lines.get(k[1]) == passage.watch.line}
        self._grouped = {id: at for id, at in self._grouped.items() if id in known & lines.keys()}
        self.zones = zones

    def update(self, stamp: FrameStamp, tracks: Sequence[Track]) -> ZoneUpdate:
        """Judge one inferred frame's confirmed tracks.

        Gives what is to be reported, each once: a track and zone when the dwell is reached, a person when the loitering
        time is, a line when it was crossed, a zone when it holds a group; who is present; and who has left, after how long.
        Call it for every inferred frame, also with no tracks.
        """
        self._before, self._looked = self._looked, stamp.monotonic
        sightings: list[Sighting] = []
        present: list[Presence] = []
        for track in tracks:
            for zone in self.zones:
                if not zone.counts(track):
                    continue
                sightings += self._cross(zone, track, stamp)
                stay = self._look(zone, track, stamp)
                if stay is None or not stay.inside or stay.looks < self.enter_looks:
                    continue
                stay.entered = True
                sightings += self._judge(zone, track, stay, stamp)
                present.append(Presence(track, zone.id, stay.entered_at, stay.dwell_s, stay.reported))
        for zone in self.zones:
            sightings += self._gather(zone, tracks, stamp)
        self._part(stamp.monotonic)
        self._forget(stamp.monotonic)
        short, self._short = self._short, []
        left, self._left = self._left, []
        if sightings or short:
            people = self._people(stamp.monotonic)
            sightings = [replace(one, people=max(people, 1)) for one in sightings]
            short = [replace(one, people=max(people + (one.kind == PERSON), 1)) for one in short]
        return ZoneUpdate(tuple(sightings), tuple(present), tuple(short), tuple(left))

    def reported_in(self, track_id: int) -> tuple[str, ...]:
        """The zones in which a track is and was reported."""
        return tuple(zone for (id, zone), stay in self._stays.items() if id == track_id and stay.reported)

    def recall(self, track: Track, zones: Iterable[str], stamp: FrameStamp) -> None:
        """Know a track as somebody who was reported in these zones already."""
        for zone in {zone.id for zone in self.zones} & set(zones):
            stay = _Stay(
                track.kind, track.last_seen, stamp.monotonic, looks=self.enter_looks, parked=True, entered=True
            )
            stay.reported = stay.loitered = True
            self._stays[track.id, zone] = stay

    def renew(self, zones: Collection[str], *, vehicles: bool = False) -> None:
        """From now on people count in these zones who were reported before: what they do there means something else now.

        vehicles: these as well, if they are not parked. What is parked stays known.
        """
        for (_, zone), stay in self._stays.items():
            if zone in zones and (stay.kind == PERSON or (vehicles and not stay.parked)):
                stay.reported = stay.loitered = False
        for zone in zones:
            self._grouped.pop(zone, None)

    def reset(self) -> None:
        """Forget all stays; the next entry is reported anew."""
        self._stays.clear()
        self._passages.clear()
        self._grouped.clear()

    def _judge(self, zone: ZoneShape, track: Track, stay: _Stay, stamp: FrameStamp) -> Iterator[Sighting]:
        def sighting(category: str) -> Sighting:
            return Sighting(track, zone.id, stay.entered_at, stay.dwell_s, stamp, category)

        if not _seen(track, stamp):
            return  # believed to be there: nothing new was seen of it
        if not stay.reported and stay.dwell_s >= zone.dwell_of(track.kind) - _EDGE:
            stay.reported = True
            yield sighting(track.kind)
        long = zone.dwell_of("loitering")
        if long and not stay.loitered and track.kind == PERSON and stay.dwell_s >= long - _EDGE:
            stay.loitered = True
            yield sighting("loitering")

    def _cross(self, zone: ZoneShape, track: Track, stamp: FrameStamp) -> Iterator[Sighting]:
        if zone.line is None or not _seen(track, stamp):
            return
        now, key = stamp.monotonic, (track.id, zone.id)
        passage = self._passages.get(key)
        if passage is None:
            passage = self._passages[key] = _Passage(LineWatch(zone.line, looks=self.enter_looks), now)
        if _may_be_another(track, self._unseen_s(passage.seen)):
            passage.reported.clear()
        passage.seen = now
        side = passage.watch.update(track.box)
        if side is None or zone.line_direction not in ("both", side):
            return
        before, passage.reported[side] = passage.reported.get(side), now
        if before is None or now - before > self.again_s:
            yield Sighting(track, zone.id, stamp.captured, 0.0, stamp, "line_crossing", side)

    def _gather(self, zone: ZoneShape, tracks: Sequence[Track], stamp: FrameStamp) -> Iterator[Sighting]:
        """Several people at once, each for the dwell time, whether or not this very look found all of them."""
        now = stamp.monotonic
        members = {
            id: stay
            for (id, zone_id), stay in self._stays.items()
            if zone_id == zone.id
            and stay.kind == PERSON
            and stay.inside
            and stay.looks >= self.enter_looks
            and stay.dwell_s >= zone.dwell_of("group") - _EDGE
            and (stay.parked or now - stay.seen <= self.leave_s)
        }
        if len(members) < GROUP:
            if zone.id in self._grouped and now - self._grouped[zone.id] > self.again_s:
                del self._grouped[zone.id]
            return
        reported = zone.id in self._grouped
        newest = max(
            (track for track in tracks if track.id in members and _seen(track, stamp)),
            key=lambda track: members[track.id].entered_at,
            default=None,
        )
        if not reported and newest is not None:
            stay = members[newest.id]
            yield Sighting(newest, zone.id, stay.entered_at, stay.dwell_s, stamp, "group")
        if reported or newest is not None:
            self._grouped[zone.id] = now

    def _look(self, zone: ZoneShape, track: Track, stamp: FrameStamp) -> _Stay | None:
        now, key = stamp.monotonic, (track.id, zone.id)
        inside = contains(zone.polygon, track.box.foot)
        stay = self._stays.get(key)
        if not _seen(track, stamp):
            return stay  # stationary and believed to be where it was: neither gone nor there for longer
        if stay is None:
            if inside:
                stay = self._stays[key] = self._begun(zone, track, stamp)
            return stay
        stands = track.stationary
        if not stands and _may_be_another(track, self._unseen_s(stay.seen)):
            self._end(key, stay)
            stay.entered_at, stay.dwell_s, stay.looks = stamp.captured, 0.0, int(inside)
            stay.reported = stay.loitered = False
            stay.left, stay.inside, stay.seen, stay.parked = None, inside, now, False
            stay.entered, stay.over, stay.last = False, not inside, (track, stamp) if inside else None
            return stay
        if inside:
            away = now - stay.left if stay.left is not None else self._unseen_s(stay.seen)
            if away > self.leave_s and not stands:
                self._end(key, stay)
                self._return(stay, stamp, away)
            else:
                stay.dwell_s += min(now - stay.seen, LONGEST_LOOK_AWAY_S if stands else self.longest_step_s)
                stay.looks += 1
            stay.left, stay.inside, stay.seen, stay.over, stay.last = None, True, now, False, (track, stamp)
        else:
            if stay.inside:
                stay.left = stay.seen
                stay.looks = 0
            stay.inside, stay.seen = False, now
        stay.parked = track.stationary
        return stay

    def _unseen_s(self, seen: float) -> float:
        """For how long somebody was not found who was last found then; 0 where nobody has looked since: looks that are far
        apart are our doing."""
        return self._looked - seen if seen < self._before else 0.0

    def _return(self, stay: _Stay, stamp: FrameStamp, away: float) -> None:
        """A new stay of a known track: reported again only if it was away for long."""
        stay.entered_at, stay.dwell_s, stay.looks, stay.entered = stamp.captured, 0.0, 1, False
        if away > self.again_s:
            stay.reported = stay.loitered = False

    def _begun(self, zone: ZoneShape, track: Track, stamp: FrameStamp) -> _Stay:
        """A stay that begins with this look; or with the first of its looks, where a track has just become certain."""
        since, dwell_s, looks = stamp.monotonic, 0.0, 1
        for at, x, y in track.path[-2::-1] if len(track.path) <= YOUNG else ():
            if since - at > self.leave_s or not contains(zone.polygon, (x, y)):
                break
            since, dwell_s, looks = at, dwell_s + min(since - at, self.longest_step_s), looks + 1
        entered_at = stamp.captured - timedelta(seconds=stamp.monotonic - since)
        return _Stay(
            track.kind,
            entered_at,
            stamp.monotonic,
            looks=looks,
            dwell_s=dwell_s,
            parked=track.stationary,
            last=(track, stamp),
        )

    def _part(self, now: float) -> None:
        """Who has left a zone for long enough, or was missed in it for as long. What is parked is believed to be there."""
        for key, stay in self._stays.items():
            if stay.over or stay.parked:
                continue
            away = now - stay.left if stay.left is not None else self._unseen_s(stay.seen)
            if away > self.leave_s:
                self._end(key, stay)

    def _end(self, key: tuple[int, str], stay: _Stay) -> None:
        """A stay is over, once: how long it was, where it was reported; or that it was too short to be."""
        if stay.over:
            return
        stay.over = True
        if stay.reported:
            self._left.append(Departure(*key, stay.dwell_s))
            return
        zone = next(zone for zone in self.zones if zone.id == key[1])
        dwell_s = math.floor(10 * stay.dwell_s + _EDGE) / 10
        if stay.entered and stay.last is not None and dwell_s + TENTH_S < zone.dwell_of(stay.kind):
            track, stamp = stay.last
            self._short.append(Sighting(track, zone.id, stay.entered_at, dwell_s, stamp, track.kind))

    def _people(self, now: float) -> int:
        """How many people are in the zones of this camera, each counted once."""
        return len(
            {
                id
                for (id, _), stay in self._stays.items()
                if stay.kind == PERSON
                and stay.inside
                and stay.entered
                and (stay.parked or now - stay.seen <= self.leave_s)
            }
        )

    def _forget(self, now: float) -> None:
        """Drop stays nobody can come back to: a tracker forgets before this."""
        limit = max(self.again_s, self.leave_s) + 60.0
        for key, stay in [*self._stays.items()]:
            if now - stay.seen > (PARKED_S if stay.parked else limit):
                self._end(key, stay)
                del self._stays[key]
        for key, passage in [*self._passages.items()]:
            if now - passage.seen > (PARKED_S if key in self._stays else limit):
                del self._passages[key]


def _may_be_another(track: Track, unseen_s: float) -> bool:
    """Whether somebody who comes back may be somebody else: boxes tell no two people apart, and a second one must never be
    hidden behind the first. Reported once more, the same one folds into the incident."""
    return track.kind == PERSON and unseen_s > UNSURE_S


def _seen(track: Track, stamp: FrameStamp) -> bool:
    """Whether this very look found it: what is stationary is told of as well where it was missed."""
    return not track.stationary or track.last_seen == stamp.captured
