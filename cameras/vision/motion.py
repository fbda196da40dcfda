"""A cheap gate: which frames changed enough, and where, to be worth a detector's time. Works on luma alone."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .types import Box, Motion

# A worker or watcher process has one thread per camera already; OpenCV's own pool would only fight them.
cv2.setNumThreads(1)

LARGEST_SHIFT = 12.0  # grey levels taken off as a change of light; what jumps by more is a lamp, not a cloud

_F32 = NDArray[np.float32]


class MotionGate:
    """Difference to a running average, on a small picture; one gate per camera.

    width: width in pixels it works at. threshold: grey levels of difference that count as a change.
    least_area: smallest changed patch, as a part of the picture. global_part: when more of the picture than
    this changes at once, the light changed and not the scene. memory_s: time constant of the average; changed
    places are learnt at a quarter of that pace, so that somebody who stops does not become background while
    looked at. hold_s: how long `active` outlasts the last change.

    A light change that is slow and the same everywhere (dusk, a cloud) is taken off before comparing. A sudden one
    (a lamp, infrared) resets the average at once; what moves afterwards is seen against the new light.
    """

    def __init__(
        self,
        *,
        width: int = 320,
        threshold: int = 18,
        least_area: float = 0.0006,
        global_part: float = 0.55,
        memory_s: float = 4.0,
        hold_s: float = 3.0,
        most_boxes: int = 8,
    ) -> None:
        self.width, self.threshold, self.least_area = width, threshold, least_area
        self.global_part, self.memory_s, self.hold_s, self.most_boxes = (
            global_part,
            memory_s,
            hold_s,
            most_boxes,
        )
        self._average: _F32 | None = None
        self._seen: float | None = None
        self._moved: float | None = None
        self._speck = np.ones((3, 3), np.uint8)
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))

    def reset(self) -> None:
        """Forget the scene: after a reconnection or when the camera was moved."""
        self._average = self._seen = self._moved = None

    def update(self, luma: NDArray[np.uint8], monotonic: float) -> Motion:
        """Judge one frame. luma: (height, width) uint8, never written to. monotonic: seconds, for the pace of
        learning; frames may be skipped."""
        small = self._small(luma)
        passed = 0.0 if self._seen is None else min(max(monotonic - self._seen, 0.0), self.memory_s)
        self._seen = monotonic
        if self._average is None or self._average.shape != small.shape:
            self._average = small.astype(np.float32)
            return self._result(0.0, (), False, monotonic)
        changed = self._changed(small, self._average)
        part = cv2.countNonZero(changed) / changed.size
        if part > self.global_part:
            self._average = small.astype(np.float32)
            return self._result(part, (), True, monotonic)
        boxes = self._boxes(changed)
        self._learn(small, changed, passed)
        return self._result(part, boxes, False, monotonic)

    def _small(self, luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = luma.shape
        if width > self.width:
            # Whole steps first: averaging every pixel of a large picture would cost more than all the rest,
            # and the blur below takes care of what skipping leaves.
            step = width // self.width
            size = (self.width, max(1, round(height * self.width / width)))
            luma = np.asarray(cv2.resize(luma[::step, ::step], size), np.uint8)
        return np.asarray(cv2.GaussianBlur(luma, (5, 5), 0), np.uint8)

    def _changed(self, small: NDArray[np.uint8], average: _F32) -> NDArray[np.uint8]:
        # The median shift, from every eighth pixel both ways: a person does not move it, a cloud does.
        shift = float(np.median(small[::8, ::8] - average[::8, ::8]))
        shift = shift if abs(shift) <= LARGEST_SHIFT else 0.0
        expected = (average + shift).clip(0, 255).astype(np.uint8)
        _, mask = cv2.threshold(cv2.absdiff(small, expected), self.threshold, 1, cv2.THRESH_BINARY)
        return np.asarray(cv2.dilate(cv2.erode(mask, self._speck), self._kernel), np.uint8)

    def _boxes(self, changed: NDArray[np.uint8]) -> tuple[Box, ...]:
        height, width = changed.shape
        outlines, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        patches = sorted(((cv2.contourArea(line), line) for line in outlines), key=lambda patch: -patch[0])
        found: list[Box] = []
        for area, outline in patches[: self.most_boxes]:
            if area < self.least_area * changed.size:
                break
            x, y, w, h = cv2.boundingRect(outline)
            box = Box.clipped(x / width, y / height, (x + w) / width, (y + h) / height)
            if box is not None:
                found.append(box)
        return tuple(found)

    def _learn(self, small: NDArray[np.uint8], changed: NDArray[np.uint8], passed: float) -> None:
        assert self._average is not None
        pace = 1.0 - math.exp(-passed / self.memory_s)
        cv2.accumulateWeighted(small, self._average, pace, mask=1 - changed)
        cv2.accumulateWeighted(small, self._average, pace / 4, mask=changed)

    def _result(self, score: float, boxes: tuple[Box, ...], global_change: bool, monotonic: float) -> Motion:
        if boxes:
            self._moved = monotonic
        held = self._moved is not None and monotonic - self._moved <= self.hold_s
        return Motion(score, boxes, global_change, held)
