"""Where something that moves is to be expected: its centre, by a Kalman filter of constant velocity for each axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .types import Box

# In the object's own widths (x) and heights (y), so that near and far, people and lorries are alike.
MEASURED: Final = (0.16, 0.07)  # how far a detector's box is off, standard deviation
AT_START: Final = (3.0, 0.3)  # how fast it may be when first seen, per second
TURNS: Final = (2.2, 0.3)  # how much its speed may change, per second and root of a second
LONGEST_S: Final = 4.0  # what was unseen for longer has had time to stop: it is not expected ever farther away
LEAST_SIZE: Final = 1e-4  # a sliver of a box has no size to reckon with
SIZE_PACE: Final = 0.4  # how quickly the size follows what is measured
SIZE_SPREAD: Final = 0.2  # how much the height of one object's boxes differs, as a part of it


@dataclass(slots=True)
class Axis:
    """Position and speed along one axis, with their variances and covariance. Unit: fractions of the picture, seconds."""

    at: float
    speed: float = 0.0
    p: float = 0.0
    pv: float = 0.0
    v: float = 0.0

    def later(self, passed: float, turns: float) -> tuple[float, float, float, float]:
        """(position, its variance, covariance, variance of the speed) after `passed` seconds."""
        q = turns * turns
        p = self.p + passed * (2 * self.pv + passed * self.v) + q * passed**3 / 3
        return self.at + self.speed * passed, p, self.pv + passed * self.v + q * passed**2 / 2, self.v + q * passed

    def hit(self, measured: float, passed: float, turns: float, noise: float) -> None:
        """Take a measurement with standard deviation `noise`, `passed` seconds after the last."""
        at, p, pv, v = self.later(passed, turns)
        total = p + noise * noise
        off = measured - at
        self.at, self.speed = at + p / total * off, self.speed + pv / total * off
        self.p, self.pv, self.v = p - p * p / total, pv - p * pv / total, v - pv * pv / total


@dataclass(slots=True)
class Course:
    """One object's way. Begin with `Course.of(box)`, then `hit` with every box that is its own."""

    x: Axis
    y: Axis
    width: float
    height: float

    @classmethod
    def of(cls, box: Box) -> Course:
        width, height = max(box.width, LEAST_SIZE), max(box.height, LEAST_SIZE)
        x, y = (Axis(at) for at in box.centre)
        for axis, unit, noise, fast in (
            (x, width, MEASURED[0], AT_START[0]),
            (y, height, MEASURED[1], AT_START[1]),
        ):
            axis.p, axis.v = (unit * noise) ** 2, (unit * fast) ** 2
        return cls(x, y, width, height)

    def expected(self, passed: float) -> tuple[float, float, float, float]:
        """(x, its variance, y, its variance) of the centre `passed` seconds after the last hit."""
        passed = min(max(passed, 0.0), LONGEST_S)
        x, px, _, _ = self.x.later(passed, TURNS[0] * self.width)
        y, py, _, _ = self.y.later(passed, TURNS[1] * self.height)
        return x, px + (MEASURED[0] * self.width) ** 2, y, py + (MEASURED[1] * self.height) ** 2

    def hit(self, box: Box, passed: float) -> None:
        """A box of this object, `passed` seconds after the last."""
        passed = min(max(passed, 0.0), LONGEST_S)
        x, y = box.centre
        self.x.hit(x, passed, TURNS[0] * self.width, MEASURED[0] * self.width)
        self.y.hit(y, passed, TURNS[1] * self.height, MEASURED[1] * self.height)
        self.width += SIZE_PACE * (max(box.width, LEAST_SIZE) - self.width)
        self.height += SIZE_PACE * (max(box.height, LEAST_SIZE) - self.height)
