"""What is wrong with a camera's picture, told from the pictures alone: frozen, blinded, moved, too dark, too slow.

Each trouble begins when it has lasted and ends when it has been over for a while: whoever walks past a lens, a headlight, a
cloud and a lamp switched on are none. A picture that nothing can be said of (a black one says nothing of its view) neither
begins nor ends anything.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from .grain import Grain
from .look import Look, Match, Polygons, View, look_at, mask_of

Kind = Literal["frozen", "blinded", "moved", "dark", "slow"]
KINDS: Final[tuple[Kind, ...]] = ("frozen", "blinded", "moved", "dark", "slow")

_DARK: Final = 38 / 255  # the brightest twentieth is no lighter: black is 16 in most cameras
_CLEAR: Final = 70 / 255
_BURNT: Final = 0.5
_FEW_EDGES: Final = 0.02  # a wall, the sky: nothing to tell a view by
_BARE: Final = 0.004


@dataclass(frozen=True)
class Change:
    """A trouble that began or ended. `since`: monotonic s at which it was first (not) seen. `detail`: what was measured,
    and as `cause` how it shows: covered, black, dazzled, lost, shifted, another.
    """

    kind: Kind
    began: bool
    since: float
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Seconds that a trouble must last to begin, and be over to end.

    frozen_s: a camera that looks at nothing that moves, by a strong encoder, sends some ten seconds of the very same
    picture and then one with new grain. A picture drawn by a machine (a test card) is not told from a frozen one.
    slow_part: of the usual rate; less than half, since many cameras halve it for the night.
    """

    frozen_s: float = 30.0
    blinded_s: float = 6.0
    shifted_s: float = 8.0
    another_s: float = 20.0
    dark_s: float = 20.0
    slow_s: float = 15.0
    over_s: float = 10.0
    sudden_s: float = 4.0
    slow_part: float = 0.45
    least_fps: float = 1.0
    learn_s: float = 120.0  # time constant of what the view usually is


class Hold:
    """One trouble's state: None while nothing is known. `feed` gives True when it begins, False when it ends."""

    def __init__(self, over_s: float) -> None:
        self.over_s = over_s
        self.on: bool | None = None
        self.since: float = 0.0
        self._seen: bool | None = None

    def feed(self, seen: bool | None, now: float, *, begin_s: float) -> bool | None:
        """seen: whether the trouble shows in this picture; None: nothing can be said, and the count begins anew."""
        if seen is None or seen != self._seen:
            self._seen, self.since = seen, now
        if seen is None or seen == self.on or now - self.since < (begin_s if seen else self.over_s):
            return None
        self.on = seen
        return seen


class ConditionWatch:
    """One camera's pictures, about one a second. Knows no clock: time is the pictures' own.

    reference: luma of the picture that shows the view as it shall be, or None. masks: outlines (0..1) that are black.
    """

    def __init__(
        self, *, reference: NDArray[np.uint8] | None = None, masks: Polygons = (), limits: Limits | None = None
    ):
        self.limits = limits or Limits()
        self._mask = mask_of(masks)
        self._grain = Grain()
        self._holds = {kind: Hold(self.limits.over_s) for kind in KINDS}
        self._new_at: deque[float] = deque(maxlen=2)
        self._grain_since: float | None = None
        self._usual: View | None = None
        self._usual_fps: float | None = None
        self._clear: tuple[float, float] | None = None  # when it was last light enough, and how light
        self._dark_since: tuple[float, bool] | None = None
        self._at: float | None = None
        self._reference: View | None = None
        self.light = 0.0
        self.presentable = False  # whether the last picture shows the view so well that it may stand for it
        self.refer(reference)

    def refer(self, reference: NDArray[np.uint8] | None, *, anew: bool = False) -> None:
        """Compare with this picture from now on. anew: the camera was changed on purpose, forget what it usually showed and
        how many pictures a second it usually sent.
        """
        self._reference = None if reference is None else View(look_at(reference, self._mask))
        if anew:
            self._usual = self._usual_fps = None
            for kind in ("moved", "slow"):
                self._holds[kind] = Hold(self.limits.over_s)

    def reconnected(self) -> None:
        """A break: nothing is counted across it, and pictures from before say nothing about the sensor's grain now."""
        self._new_at.clear()
        self._grain_since = self._at = self._clear = self._dark_since = None
        self._grain = Grain()

    def update(self, luma: NDArray[np.uint8], monotonic: float, *, fps: float | None = None) -> list[Change]:
        """Judge one picture. luma: (height, width) uint8, never written to. monotonic: seconds. fps: pictures a second
        that came since the last one judged, None where that is not known.
        """
        look = look_at(luma, self._mask)
        self.light = look.light
        dark, sudden = self._darkness(look, monotonic)
        beside = {name: view.match(look) for name, view in self._views().items()}
        blinded, how = self._blinded(look, beside, dark, sudden)
        moved, where = (None, {}) if dark or blinded else self._moved(look, beside)
        if dark and (sudden or self._holds["blinded"].on):
            dark = False  # it did not get dark: somebody made it so, or it was covered before
        frozen, frozen_s = self._frozen(luma, monotonic, seeing=not (dark or blinded))
        judged: list[tuple[Kind, bool | None, float, dict[str, Any]]] = [
            ("blinded", blinded, self.limits.blinded_s, {"cause": how}),
            ("dark", dark, self.limits.dark_s, {}),
            ("moved", moved, self._patience(where), where),
            ("frozen", frozen, frozen_s, {}),
            ("slow", self._slow(fps, monotonic), self.limits.slow_s, self._rates(fps)),
        ]
        numbers = {"light": round(look.light, 3), "edges": round(look.edges, 3)}
        changes = [
            Change(kind, began, self._since(kind), numbers | detail if began else numbers)
            for kind, seen, begin_s, detail in judged
            if (began := self._holds[kind].feed(seen, monotonic, begin_s=begin_s)) is not None
        ]
        self._learn(look, beside, monotonic, well=not (dark or blinded or moved))
        return changes

    # --- what is compared with

    def _views(self) -> dict[str, View]:
        views = {"reference": self._reference, "usual": self._usual}
        return {name: view for name, view in views.items() if view is not None and view.edges >= _FEW_EDGES}

    def _learn(self, look: Look, beside: dict[str, Match], now: float, *, well: bool) -> None:
        """What the camera usually shows changes slowly, and not while something may be wrong."""
        passed = 0.0 if self._at is None else min(max(now - self._at, 0.0), 5.0)
        self._at = now
        usual, view = beside.get("usual"), self._usual
        self.presentable = well and look.edges >= _BARE and look.bright >= _CLEAR and look.burnt < 0.3
        if not well or look.bright < _DARK:
            return
        if view is None:
            if look.edges >= _BARE:
                self._usual = View(look)
        elif usual is None or usual.kept >= 0.5 or usual.agree >= 0.5:
            view.learn(look, min(passed / self.limits.learn_s, 1.0))

    # --- dark, blinded

    def _darkness(self, look: Look, now: float) -> tuple[bool, bool]:
        """(too dark to see, and that from one moment to the next)."""
        if look.bright >= _DARK:
            self._dark_since = None
            if look.bright >= _CLEAR:
                self._clear = (now, look.bright)
            return False, False
        if self._dark_since is None:
            fell = self._clear is not None and now - self._clear[0] <= self.limits.sudden_s
            self._dark_since = (now, fell)
        return True, self._dark_since[1]

    def _blinded(self, look: Look, beside: dict[str, Match], dark: bool, sudden: bool) -> tuple[bool | None, str]:
        """Whether the lens sees nothing any more, and how that shows. None in the dark: it may be either."""
        if dark:
            return (True, "black") if sudden or self._holds["blinded"].on else (None, "")
        if not beside:
            if (self._reference is None and self._usual is None) and look.edges < _BARE:
                return True, "dazzled" if look.burnt >= _BURNT else "covered"
            return (None if look.edges < _FEW_EDGES else False), ""
        usual = beside.get("usual") or beside["reference"]
        if look.burnt >= _BURNT and usual.support < 0.35:
            return True, "dazzled"
        if look.edges < _BARE:
            return True, "covered"
        lost = usual.kept < 0.3 and usual.left < 0.35
        if lost and "usual" not in beside:  # nothing known of before: the light may have changed the picture as much
            light = self._reference.light if self._reference else 0.0
            lost = usual.kept < 0.2 and usual.left < 0.2 and 0.67 < look.light / max(light, 0.01) < 1.5
        return lost, "lost" if lost else ""

    # --- moved

    def _moved(self, look: Look, beside: dict[str, Match]) -> tuple[bool | None, dict[str, Any]]:
        """Whether this is another view. None where there is nothing to compare, or too little to compare by."""
        name = "reference" if "reference" in beside else "usual"
        match, view = beside.get(name), self._views().get(name)
        if match is None or view is None:
            return None, {}
        if match.agree >= 0.6 and match.support >= 0.05:
            return False, {}
        here, best, shift = view.displaced(look)
        far = max(abs(shift[0]), abs(shift[1])) >= 0.025
        if far and best >= 0.3 and best >= 1.5 * here:
            return True, {"cause": "shifted", "shift": [round(v, 3) for v in shift], "likeness": round(best, 2)}
        if here >= 0.2 or match.agree >= 0.35:
            return False, {}
        rich = look.edges >= 0.3 * view.edges and match.support >= 0.15
        if rich and match.agree < 0.25:
            return True, {"cause": "another", "likeness": round(here, 2)}
        return None, {}

    def _patience(self, where: dict[str, Any]) -> float:
        return self.limits.another_s if where.get("cause") == "another" else self.limits.shifted_s

    # --- frozen, slow

    def _frozen(self, luma: NDArray[np.uint8], now: float, *, seeing: bool) -> tuple[bool | None, float]:
        """(whether no new picture came for so long, seconds that this must go on): the wait is in the judgement."""
        new = self._grain.is_new(luma, self._mask)
        if new is None or not seeing:
            self._new_at.clear()
            self._grain_since = None
            return None, 0.0
        if self._grain_since is None:
            self._grain_since = now
        if new:
            self._new_at.append(now)
        window = self.limits.frozen_s
        if len(self._new_at) == 2 and now - self._new_at[0] <= window:
            return False, 0.0
        waited = now - (self._new_at[-1] if self._new_at else self._grain_since)
        return (True if waited >= window else None), 0.0

    def _slow(self, fps: float | None, now: float) -> bool | None:
        if fps is None:
            return None
        usual = self._usual_fps
        slow = fps < self.limits.least_fps or (usual is not None and fps < self.limits.slow_part * usual)
        if not slow:
            self._usual_fps = fps if usual is None else usual + (fps - usual) * 0.02
        return slow

    def _rates(self, fps: float | None) -> dict[str, float]:
        rates = {"fps": fps, "usual_fps": self._usual_fps}
        return {name: round(rate, 1) for name, rate in rates.items() if rate is not None}

    def _since(self, kind: Kind) -> float:
        since = self._holds[kind].since
        if kind == "frozen" and self._holds[kind].on:  # the wait came first
            return max(since - self.limits.frozen_s, 0.0)
        return since
