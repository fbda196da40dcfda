"""What a camera shows: an endless run of pictures, each with the moment it is due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from soc.demo.cameras.clips import Clip
from soc.demo.cameras.encode import AccessUnit


class Reel(Protocol):
    """A source of encoded pictures; ``at_s`` of each is seconds since the camera started."""

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        """(SPS, PPS) for the SDP."""
        ...

    async def ready(self) -> None:
        """Wait until the parameter sets are known."""
        ...

    async def next(self) -> AccessUnit | None:
        """The next picture, or None at the end."""
        ...

    def close(self) -> None:
        """Stop whatever makes the pictures."""
        ...


class LoopReel:
    """One clip, again and again."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self._pictures = self._run()

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        return self.clip.parameter_sets

    async def ready(self) -> None:
        """A clip in memory is always ready."""

    async def next(self) -> AccessUnit | None:
        return next(self._pictures)

    def close(self) -> None:
        """Nothing runs."""

    def _run(self) -> Iterator[AccessUnit]:
        count = 0
        while True:
            for unit in self.clip.units:
                yield AccessUnit(unit.nals, unit.key, count / self.clip.fps)
                count += 1
