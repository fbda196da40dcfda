"""One camera: shows its reel to everyone who plays it, on one clock, and keeps what its loudspeaker was given."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import numpy as np

from soc.demo.cameras import faults, g711
from soc.demo.cameras.encode import AccessUnit
from soc.demo.cameras.faults import Faults, Spell
from soc.demo.cameras.heard import Heard
from soc.demo.cameras.intrusions import Intrusion, YardReel, truth
from soc.demo.cameras.reels import Reel
from soc.demo.cameras.rtp import AUDIO_HZ
from soc.demo.clock import Stopwatch

log = logging.getLogger("soc.demo.cameras")

AUDIO_S = 0.1
TOO_LATE_S = 2.0  # later than this (the machine slept), pictures are not rushed after
NOISE_FLOOR = 12.0  # of the microphone, in 16-bit steps


class Viewer(Protocol):
    """A client that plays the camera."""

    def show(self, unit: AccessUnit, at_s: float) -> None:
        """Take one picture, due at that moment of the camera's clock."""
        ...

    def play_sound(self, payload: bytes, at_s: float) -> None:
        """Take 100 ms of PCMU."""
        ...

    def drop(self) -> None:
        """Break the connection."""
        ...

    def reset(self) -> None:
        """Break it as a machine does that has lost its memory: what is under way is lost, the other end gets an error."""
        ...

    def finish(self) -> None:
        """The pictures have ended: say goodbye."""
        ...


class Camera:
    """A camera by one name. Its clock, and with a yard its schedule, starts with the first client that plays."""

    def __init__(self, name: str, reel: Reel, *, backchannel: bool, once: bool = False) -> None:
        self.name = name
        self.reel = reel
        self.backchannel = backchannel
        self.once = once
        self.heard = Heard()
        self.viewers: set[Viewer] = set()
        self.connections: set[Viewer] = set()
        self.frames_sent = 0
        self.frames_shown = 0
        self.ended = False
        self.watch = Stopwatch()
        self.faults = Faults(lambda: self.watch.seconds())
        self._origin_s = 0.0
        self._timestamp_base = random.getrandbits(31)
        self._pump: asyncio.Task[None] | None = None
        self._sounds = itertools.cycle(_hiss())
        self._sounded_s = 0.0
        self._instead: list[AccessUnit] = []
        self._jump = 0
        self._jumped_s = 0.0
        self._last_key: AccessUnit | None = None

    # -- clock ---------------------------------------------------------------------------------------------------

    def timestamp(self, at_s: float, hertz: int) -> int:
        """The RTP timestamp of a moment, in seconds since the camera was made."""
        return self._timestamp_base + self._jump * hertz + round(at_s * hertz)

    def told_wall(self, at_s: float) -> float:
        """The wall clock (Unix seconds) that it tells its clients for that moment."""
        return self.watch.wall(at_s) + (faults.WRONG_BY_S if self.faults.current == faults.CLOCK else 0.0)

    def when(self, reel_s: float) -> datetime:
        """The wall time of a moment of the reel."""
        return self.watch.when(self._origin_s + reel_s)

    def shown_s(self) -> float:
        """The reel's seconds by now."""
        return self.watch.seconds() - self._origin_s if self._pump else 0.0

    # -- showing -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to show, if that has not begun."""
        if self._pump is None:
            self._origin_s = self.watch.seconds()
            self._sounded_s = self._origin_s
            self._pump = asyncio.create_task(self._run(), name=f"camera {self.name}")
            self._pump.add_done_callback(self._ran)

    async def stop(self) -> None:
        """End for good."""
        self.reel.close()
        for connection in list(self.connections):
            connection.drop()
        if self._pump:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)

    @property
    def state(self) -> str:
        """waiting (for a first client), playing, ended, or the name of a fault."""
        if self.faults.current:
            return self.faults.current
        return "ended" if self.ended else "playing" if self._pump else "waiting"

    async def _run(self) -> None:
        await self.reel.ready()
        while (unit := await self.reel.next()) is not None:
            due_s = self._origin_s + unit.at_s
            delay_s = due_s - self.watch.seconds()
            if delay_s < -TOO_LATE_S:
                self._origin_s -= delay_s
                due_s -= delay_s
            await asyncio.sleep(max(0.0, delay_s))
            if unit.key:
                self._last_key = unit
            self._show(self._unit(unit), due_s)
            self._sound(due_s)
        self.ended = True
        for viewer in list(self.viewers):
            viewer.finish()

    def _ran(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            log.error("camera %s stopped: %s", self.name, task.exception())
            self.ended = True
            for connection in list(self.connections):
                connection.drop()

    def _show(self, unit: AccessUnit, at_s: float) -> None:
        self.frames_shown += 1
        if self.faults.current in (*faults.SILENT, faults.SOUND_ONLY):
            return
        if self.faults.current == faults.TIMESTAMPS and at_s - self._jumped_s >= faults.JUMP_EVERY_S:
            self._jump, self._jumped_s = random.randrange(-36_000, 36_000), at_s
        if self.viewers:
            self.frames_sent += 1
        for viewer in list(self.viewers):
            viewer.show(unit, at_s)

    def _sound(self, until_s: float) -> None:
        while self._sounded_s + AUDIO_S <= until_s:
            payload = next(self._sounds)
            if self.faults.current not in faults.SILENT:
                for viewer in list(self.viewers):
                    viewer.play_sound(payload, self._sounded_s)
            self._sounded_s += AUDIO_S

    def _unit(self, unit: AccessUnit) -> AccessUnit:
        """The next picture of a fault that shows others, while it lasts and until a key frame lets the reel go on."""
        if not self._instead:
            return unit
        if unit.key and self.faults.current not in faults.REPLACES:
            self._instead = []
            return unit
        other = self._instead.pop(0)
        self._instead.append(other)
        return replace(other, at_s=unit.at_s)

    # -- faults and people ---------------------------------------------------------------------------------------

    async def misbehave(self, fault: str, seconds: float) -> Spell:
        """Begin a fault. Those that show another picture need one first: ValueError if there was none yet."""
        if fault in faults.REPLACES:
            if self._last_key is None:
                raise ValueError(f"camera {self.name} has shown no picture yet")
            self._instead = await faults.pictures_instead(fault, self._last_key, 10.0)
        spell = self.faults.begin(fault, seconds)
        if fault in faults.DROPS_CLIENTS:
            for connection in list(self.connections):
                connection.reset() if fault == faults.RESET else connection.drop()
        return spell

    def stage(self) -> Intrusion:
        """Let a person come now. Raises TypeError for a camera without a yard."""
        if not isinstance(self.reel, YardReel):
            raise TypeError(f"nobody can be staged at {self.name}")
        self.start()
        return self.reel.stage()

    def intrusions(self) -> list[dict[str, object]]:
        """The ground truth of this camera, oldest first; empty without a yard."""
        if not isinstance(self.reel, YardReel):
            return []
        return [
            truth(
                self.name,
                one,
                self.when,
                self.faults.within(self._origin_s + one.in_view_from_s, self._origin_s + one.in_view_to_s),
            )
            for one in self.reel.intrusions
        ]


def _hiss() -> list[bytes]:
    """Two seconds of what a microphone gives in a quiet place, in packets of 100 ms."""
    samples = np.random.default_rng(1).normal(0.0, NOISE_FLOOR, 2 * AUDIO_HZ).astype(np.int16)
    data = g711.encode(samples)
    size = int(AUDIO_S * AUDIO_HZ)
    return [data[start : start + size] for start in range(0, len(data), size)]
