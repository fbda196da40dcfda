"""The yard: empty most of the time, until a person is staged. The schedule kept here is the tests' ground truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from soc.demo.cameras.clips import Clip, Staged
from soc.demo.cameras.encode import AccessUnit

KEEP = 1_000
WAITING = 10


class TooMany(Exception):
    """More intrusions were asked for than are kept waiting."""


@dataclass
class Intrusion:
    """One staged person, in seconds since the camera started; estimates until ``began``."""

    id: int
    in_view_from_s: float
    in_view_to_s: float
    starts_at_s: float
    began: bool = False


@dataclass
class Schedule:
    """When people come by themselves: first after ``first_s``, then every ``every_s`` seconds."""

    every_s: float
    first_s: float
    enabled: bool = True


class YardReel:
    """Plays the empty scene, and from a key frame on an intrusion whenever one is due."""

    def __init__(self, empty: Clip, people: tuple[Staged, ...], schedule: Schedule) -> None:
        self.empty = empty
        self.people = people
        self.schedule = schedule
        self.intrusions: deque[Intrusion] = deque(maxlen=KEEP)
        self._due_s = schedule.first_s
        self._waiting: deque[Intrusion] = deque()
        self._count = 0
        self._staged = 0
        self._free_s = 0.0  # the next key frame at which an intrusion may begin
        self._pictures = self._run()

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        return self.empty.parameter_sets

    async def ready(self) -> None:
        """Clips in memory are always ready."""

    async def next(self) -> AccessUnit | None:
        return next(self._pictures)

    def close(self) -> None:
        """Nothing runs."""

    def stage(self) -> Intrusion:
        """Let a person come at the next key frame of the empty scene."""
        if len(self._waiting) >= WAITING:
            raise TooMany(f"{WAITING} intrusions are waiting already")
        starts = self._free_s + sum(self._next_person(k).clip.seconds for k in range(len(self._waiting)))
        person = self._next_person(len(self._waiting))
        intrusion = Intrusion(
            id=self._staged + 1,
            starts_at_s=starts,
            in_view_from_s=starts + person.in_view_from_s,
            in_view_to_s=starts + person.in_view_to_s,
        )
        self._staged += 1
        self._waiting.append(intrusion)
        self.intrusions.append(intrusion)
        return intrusion

    def reschedule(self, schedule: Schedule, now_s: float) -> None:
        """Replace the schedule; its first intrusion is ``first_s`` from now."""
        self.schedule = schedule
        self._due_s = now_s + schedule.first_s

    def _next_person(self, ahead: int) -> Staged:
        begun = self._staged - len(self._waiting)
        return self.people[(begun + ahead) % len(self.people)]

    def _run(self) -> Iterator[AccessUnit]:
        while True:
            for start in _key_frames(self.empty):
                while self._stage_what_is_due():
                    yield from self._play_waiting()
                yield from self._play(_group(self.empty, start))

    def _stage_what_is_due(self) -> bool:
        now_s = self._count / self.empty.fps
        if self.schedule.enabled and now_s >= self._due_s:
            self._due_s = max(self._due_s + self.schedule.every_s, now_s)
            if not self._waiting:
                self._free_s = now_s
                self.stage()
        return bool(self._waiting)

    def _play_waiting(self) -> Iterator[AccessUnit]:
        person = self._next_person(0)
        intrusion = self._waiting.popleft()
        now_s = self._count / self.empty.fps
        intrusion.starts_at_s = now_s
        intrusion.in_view_from_s = now_s + person.in_view_from_s
        intrusion.in_view_to_s = now_s + person.in_view_to_s
        intrusion.began = True
        self._free_s = now_s + person.clip.seconds
        yield from self._play(person.clip.units)

    def _play(self, units: tuple[AccessUnit, ...]) -> Iterator[AccessUnit]:
        end_s = (self._count + len(units)) / self.empty.fps
        self._free_s = max(self._free_s, end_s)
        for unit in units:
            yield AccessUnit(unit.nals, unit.key, self._count / self.empty.fps)
            self._count += 1


def _key_frames(clip: Clip) -> list[int]:
    return [number for number, unit in enumerate(clip.units) if unit.key]


def _group(clip: Clip, start: int) -> tuple[AccessUnit, ...]:
    following = [number for number in _key_frames(clip) if number > start]
    return clip.units[start : following[0] if following else len(clip.units)]


def truth(camera: str, intrusion: Intrusion, when: Callable[[float], datetime], disturbed: bool) -> dict[str, object]:
    """One row of the ground truth, in wall time."""
    return {
        "id": intrusion.id,
        "camera": camera,
        "starts_at": when(intrusion.starts_at_s).isoformat(timespec="milliseconds"),
        "in_view_from": when(intrusion.in_view_from_s).isoformat(timespec="milliseconds"),
        "in_view_to": when(intrusion.in_view_to_s).isoformat(timespec="milliseconds"),
        "began": intrusion.began,
        "disturbed": disturbed,
    }
