"""A cheap gate: which frames changed enough, and where, to be worth a detector's time. Works on luma alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .types import Box, Motion, Point
from .unrest import Unrest

# A worker or watcher process has one thread per camera already; OpenCV's own pool would only fight them.
cv2.setNumThreads(1)

LARGEST_SHIFT: Final = 12.0  # grey levels taken off as a change of light; what jumps by more is a lamp, not a cloud
SWEEP_PART: Final = 0.05  # where this part of the picture changed, it is worth asking whether it was only light
SWEEP_S: Final = 20.0  # where lights swept they sweep again: for so long smaller changes are asked too
AFTERGLOW_S: Final = 1.5  # the faint edge of a beam is there for so long before and after it is noticed
SAME_SCENE: Final = 0.85  # correlation with what was there before, above which a place only became lighter or darker
BARE_PART, BARE_LEAST = (
    0.04,
    2.0,
)  # a place is bare that varies by less than this part of its brightness, or grey levels
WINDOW: Final = (7, 7)  # pixels at a quarter of the working picture's area: the surroundings of a place
BESIDE: Final = np.ones((41, 41), np.uint8)
SETTLE_S: Final = 2.0  # after a sudden change a camera still adjusts its exposure
SETTLE_MEMORY_S: Final = 0.7

_F32 = NDArray[np.float32]
_U8 = NDArray[np.uint8]


class MotionGate:
    """Difference to a running average, on a small picture; one gate per camera.

    ignore: outlines in which nothing counts. width: least width in pixels it works at (up to twice that).
    threshold: grey levels of difference that count as a change. least_area: smallest changed patch, as a part of the
    picture. global_part: when more of the picture than this changes at once, the light changed and not the scene.
    memory_s: time constant of the average; changed places are learnt at a quarter of that pace, so that somebody who
    stops does not become background while looked at. hold_s: how long `active` outlasts the last change. peek_s: how
    long at most a change taken for leaves or light goes without a look.

    Light is no motion: what is slow and the same everywhere (dusk, a cloud) is taken off before comparing; a sudden
    change of everything (a lamp, infrared) resets the average at once; a large one (headlights that sweep) is left out
    where what was there can still be recognised.
    Restless places (unrest.py) must change by more, and hold nothing: what moves among leaves is looked at in the frames
    in which it stands out. What was taken for light or leaves is looked at every `peek_s`: neither hides anybody for
    longer.
    """

    def __init__(
        self,
        *,
        ignore: Sequence[Sequence[Point]] = (),
        width: int = 320,
        threshold: int = 18,
        least_area: float = 0.0006,
        global_part: float = 0.55,
        memory_s: float = 4.0,
        hold_s: float = 3.0,
        peek_s: float = 2.0,
        most_boxes: int = 8,
    ) -> None:
        self.ignore = tuple(tuple(polygon) for polygon in ignore)
        self.width, self.threshold, self.least_area = width, threshold, least_area
        self.global_part, self.memory_s, self.hold_s, self.peek_s = global_part, memory_s, hold_s, peek_s
        self.most_boxes = most_boxes
        self._around = np.ones((3, 3), np.uint8)
        self.reset()

    def reset(self) -> None:
        """Forget the scene: after a reconnection or when the camera was moved."""
        self._average: _F32 | None = None
        self._watched: _U8 | None = None
        self._unrest = Unrest(self.threshold)
        self._seen: float | None = None
        self._moved: float | None = None
        self._peeked: float | None = None
        self._settled = self._swept = -math.inf

    def update(self, luma: _U8, monotonic: float) -> Motion:
        """Judge one frame. luma: (height, width) uint8, never written to. monotonic: seconds, for the pace of
        learning; frames may be skipped.

        1. What differs from the average by the plain threshold, the light taken off.
        2. Of that, what differs by the threshold of its place: it is motion.
        3. Else, where there is any of the first: motion for this one frame, if the last look is `peek_s` ago.
        """
        small = self._small(luma)
        passed = 0.0 if self._seen is None else min(max(monotonic - self._seen, 0.0), self.memory_s)
        self._seen = monotonic
        if self._average is None or self._average.shape != small.shape:
            self._begin(small)
            return self._result(0.0, (), False, monotonic)
        difference, mask = self._difference(small, self._average)
        if not cv2.countNonZero(mask):
            # As most pictures of most cameras are. Each of OpenCV's functions costs more than its work where many threads wait.
            self._unrested(small, False, passed, monotonic)
            cv2.accumulateWeighted(small, self._average, self._paces(passed, monotonic)[0])
            return self._result(0.0, (), False, monotonic)
        changed = _halved(mask)
        part = cv2.countNonZero(changed) / self._area
        if part > self.global_part:
            self._average = small.astype(np.float32)
            self._unrest.skip()
            self._settled = monotonic + SETTLE_S
            return self._result(part, (), True, monotonic)
        noticed, lit = changed, False
        if part > SWEEP_PART or (part and 0 <= self._swept - monotonic <= SWEEP_S):
            noticed = changed.copy()
            part, light = self._leave_out_light(small, changed)
            lit = light > 0.1 * SWEEP_PART
            if light > SWEEP_PART / 2:
                self._swept = monotonic + SWEEP_S
        boxes: tuple[Box, ...] = ()
        brief = False
        if cv2.countNonZero(noticed):
            boxes, brief = self._judged(difference, changed, noticed, monotonic)
        self._unrested(small, lit, passed, monotonic)
        self._learn(small, mask, passed, monotonic)
        return self._result(part, boxes, False, monotonic, brief=brief)

    def _begin(self, small: _U8) -> None:
        height, width = small.shape
        self._average = small.astype(np.float32)
        self._unrest = Unrest(self.threshold)
        self._watched = None
        self._area = (width // 2) * (height // 2)
        if self.ignore:
            watched = np.full(small.shape, 255, np.uint8)
            outlines = [
                np.array([(x * width, y * height) for x, y in one]).round().astype(np.int32) for one in self.ignore
            ]
            for outline in outlines:
                cv2.fillPoly(watched, [outline], (0,))
            self._watched = watched
            self._area = max(cv2.countNonZero(_halved(watched)), 1)

    def _small(self, luma: _U8) -> _U8:
        """Shrunk by a whole number: of four pixels or more the mean of the middle ones, which needs no copy; halved as an
        average, which OpenCV does fastest; or pixels left out. Then blurred."""
        height, width = luma.shape
        step = max(min(width // self.width, height // 8), 1)  # of a strip, too, some lines are left
        if step >= 4:
            luma = np.asarray(cv2.resize(luma, (width // step, height // step)), np.uint8)
        elif step == 2:
            even, half = luma[: height & ~1, : width & ~1], (width // 2, height // 2)
            luma = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
        elif step == 3:
            luma = luma[::3, ::3]
        return np.asarray(cv2.blur(luma, (5, 5)), np.uint8)

    def _difference(self, small: _U8, average: _F32) -> tuple[_U8, _U8]:
        """(difference in grey levels, 255 where it exceeds the plain threshold)."""
        # The median shift, from every twelfth pixel both ways: a person does not move it, a cloud does.
        apart = (small[::12, ::12] - average[::12, ::12]).ravel()
        shift = float(np.partition(apart, apart.size // 2)[apart.size // 2])
        shift = shift if abs(shift) <= LARGEST_SHIFT else 0.0
        difference = cv2.absdiff(small, cv2.convertScaleAbs(average, alpha=1.0, beta=shift))
        if self._watched is not None:
            cv2.bitwise_and(difference, self._watched, dst=difference)
        _, mask = cv2.threshold(difference, self.threshold, 255, cv2.THRESH_BINARY)
        return np.asarray(difference, np.uint8), np.asarray(mask, np.uint8)

    def _judged(self, difference: _U8, changed: _U8, noticed: _U8, monotonic: float) -> tuple[tuple[Box, ...], bool]:
        """(boxes of what counts, whether for this frame only). noticed: what changed before light was left out."""
        thresholds = self._unrest.thresholds
        if thresholds is not None:
            above = _halved(np.asarray(cv2.compare(difference, thresholds, cv2.CMP_GT), np.uint8))
            changed = np.asarray(cv2.bitwise_and(above, changed), np.uint8)
        if boxes := self._boxes(changed):
            return boxes, all(self._unrest.is_restless(box) for box in boxes)
        looked = max((at for at in (self._moved, self._peeked) if at is not None), default=-math.inf)
        if 0 <= monotonic - looked < self.peek_s:
            return (), False
        return self._boxes(noticed), True

    def _leave_out_light(self, small: _U8, changed: _U8) -> tuple[float, float]:
        """Take out of `changed` the places that are only lit differently, and learn them. Gives, as parts of the picture,
        what is left and what was seen to be light.

        1. At half the size, and without what changes slowly from place to place, as light does: the correlation of each
           place's surroundings with what was there before.
        2. Where the structure is the same, or there is none (a road) or none that could be seen in the dark, nothing came
           and nothing went: somebody would at least have an outline.
        """
        assert self._average is not None
        size = (changed.shape[1], changed.shape[0])
        now, bright_now = _structure(np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.float32))
        average = np.asarray(cv2.resize(self._average, size, interpolation=cv2.INTER_AREA), np.float32)
        before, bright_before = _structure(average)
        var_now, var_before = cv2.blur(now * now, WINDOW), cv2.blur(before * before, WINDOW)
        shared = cv2.blur(now * before, WINDOW)
        alike = (shared > 0) & (shared * shared > SAME_SCENE**2 * var_now * var_before)
        # Light multiplies: what shows its structure in a beam is bare in the dark.
        gain = (bright_now / np.maximum(bright_before, 1.0)) ** 2
        bare_now, bare_before = _bare(bright_now), _bare(bright_before)
        unseen = (var_now < bare_now) & (var_before * gain < bare_now)
        unseen |= (var_before < bare_before) & (var_now < bare_before * gain)
        same = alike | unseen
        lit = same.astype(np.uint8) * 255
        light = cv2.countNonZero(cv2.bitwise_and(lit, changed)) / self._area
        left = cv2.morphologyEx(cv2.subtract(changed, lit), cv2.MORPH_OPEN, self._around)
        if cv2.countNonZero(left):
            # What is bare beside an outline is a coat, and not the road.
            beside = cv2.dilate(left, BESIDE)
            cv2.bitwise_and(changed, beside, dst=changed)
            lit = np.asarray(cv2.subtract(lit, beside), np.uint8)
        else:
            changed[...] = 0
        # All that is the same is learnt, changed by much or little: else the average would get edges where the light ended.
        learnt = cv2.resize(lit, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
        np.copyto(self._average, small, where=learnt > 0, casting="safe")
        return cv2.countNonZero(changed) / self._area, light

    def _boxes(self, changed: _U8) -> tuple[Box, ...]:
        height, width = changed.shape
        patches = cv2.dilate(changed, self._around)
        outlines, _ = cv2.findContours(patches, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        least = self.least_area * changed.size
        large = [(area, outline) for outline in outlines if (area := cv2.contourArea(outline)) >= least]
        large.sort(key=lambda patch: -patch[0])
        places = (cv2.boundingRect(outline) for _, outline in large[: self.most_boxes])
        return tuple(Box(x / width, y / height, (x + w) / width, (y + h) / height) for x, y, w, h in places)

    def _unrested(self, small: _U8, lit: bool, passed: float, monotonic: float) -> None:
        if lit or self._swept - monotonic > SWEEP_S - AFTERGLOW_S:
            self._unrest.skip()  # light is no unrest either: it would make people harder to notice
        else:
            self._unrest.update(small, passed)

    def _paces(self, passed: float, monotonic: float) -> tuple[float, float]:
        """How much of a picture is learnt (0..1): of what did not change, and of what did."""
        memory = SETTLE_MEMORY_S if 0 <= self._settled - monotonic <= SETTLE_S else self.memory_s
        return 1.0 - math.exp(-passed / memory), 1.0 - math.exp(-passed / (4 * memory))

    def _learn(self, small: _U8, mask: _U8, passed: float, monotonic: float) -> None:
        assert self._average is not None
        pace, slow = self._paces(passed, monotonic)
        # Everything at the slow pace, then the rest of the way where nothing changed.
        cv2.accumulateWeighted(small, self._average, slow)
        cv2.accumulateWeighted(small, self._average, (pace - slow) / (1.0 - slow), mask=cv2.bitwise_not(mask))

    def _result(
        self, score: float, boxes: tuple[Box, ...], global_change: bool, monotonic: float, *, brief: bool = False
    ) -> Motion:
        if boxes and brief:
            self._peeked = monotonic
        elif boxes:
            self._moved = monotonic
        held = self._moved is not None and monotonic - self._moved <= self.hold_s
        return Motion(score, boxes, global_change, held or bool(boxes))


def _halved(mask: _U8) -> _U8:
    """A mask at half the size: 255 where at least three of four pixels are set. Single pixels and thin lines go."""
    height, width = mask.shape
    half = cv2.resize(mask[: height & ~1, : width & ~1], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.threshold(half, 160, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _structure(image: _F32) -> tuple[_F32, _F32]:
    """(what differs from its surroundings, the surroundings' brightness)."""
    around = np.asarray(cv2.blur(image, WINDOW), np.float32)
    return image - around, around


def _bare(brightness: _F32) -> _F32:
    return np.maximum(BARE_PART * brightness, BARE_LEAST) ** 2
