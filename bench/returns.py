"""Whether every camera is back in time after its own fault has ended, as its row tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bench.faults import Span

# The longest wait between two attempts, an attempt that was under way and ends in a time-out, the first picture, and the
# row, which is written now and then.
RETURN = timedelta(seconds=15 + 6 + 3 + 6)
RESTART = timedelta(seconds=30)  # for whoever was killed meanwhile


@dataclass(frozen=True)
class Look:
    """What a camera's row said at a moment. `camera`: the last part of its address."""

    at: datetime
    camera: str
    health: str
    trouble: str
    last_frame_at: datetime | None


@dataclass
class Returns:
    """Filled while the product runs; judged afterwards."""

    looks: list[Look] = field(default_factory=list)

    def look(self, rows: Sequence[tuple[Any, ...]], at: datetime) -> None:
        """rows: address, health, trouble, last_frame_at of every camera."""
        self.looks += [Look(at, str(address).rpartition("/")[2], *rest) for address, *rest in rows]

    def back_at(self, camera: str, ended: datetime) -> datetime | None:
        """When its row first said that it is online with a picture younger than the end of the fault."""
        return next(
            (
                one.at
                for one in self.looks
                if one.camera == camera
                and one.at > ended
                and one.health == "online"
                and one.last_frame_at is not None
                and one.last_frame_at > ended
            ),
            None,
        )

    def causes(self, span: Span) -> set[str]:
        """What its row gave as the cause during a fault, and as long after it as it may take to return."""
        return {
            one.trouble
            for one in self.looks
            if one.camera == span.camera and span.began < one.at < span.ended + RETURN and one.trouble
        }


def late(spans: Sequence[Span], returns: Returns, until: datetime) -> list[str]:
    """The cameras that were not back in time, in words. A fault of the product meanwhile gives them longer; a fault that
    another one of the same camera cut short, or the end of the observation, says nothing.
    """
    problems = []
    for span in (span for span in spans if span.camera):
        back = returns.back_at(span.camera, span.ended)
        limit = span.ended + RETURN
        for other in sorted((one for one in spans if not one.camera), key=lambda one: one.began):
            if other.ended > span.ended and other.began < min(limit, back or limit):
                limit = max(limit, other.ended + RETURN + RESTART)
        again = min((one.began for one in spans if one.camera == span.camera and one.began > span.began), default=until)
        if back is None and min(again, until) < limit:
            continue
        if back is None or back > limit:
            took = "not" if back is None else f"{(back - span.ended).total_seconds():.0f} s after its end"
            problems.append(f"{span.name} ended at {span.ended:%H:%M:%S}: the camera was back {took}")
    return problems
