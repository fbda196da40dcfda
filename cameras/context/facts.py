"""What is judged: what a sensor reports, and what people did about the site at that instant. Frozen, stored as JSON.

JSON leaves out what is empty: these are kept with every candidate, and read again by the million.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

Box = tuple[float, float, float, float]  # left, top, right, bottom, each 0..1


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a time without an offset: it would be read in the machine's own zone."""
    if at.utcoffset() is None:
        raise ValueError(f"a time needs its offset: {at}")
    return at.astimezone(UTC)


def moment_of(text: str) -> datetime:
    """Of JSON. Raises ValueError for what is no time with an offset."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is UTC else in_utc(at)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sensor reports, as far as the verdict needs it.

    at: aware, the moment it was captured. zone, camera: ids as text, empty without one. zone_kind: inside, perimeter or
    empty. dwell_s: seconds in the zone; dwell_limit_s: what the zone itself asks for. score: 0..1, None where it is not from
    a picture. people: how many were seen. blind, cameras, unseen: only of `armed_impaired`: so many cameras without sight,
    of so many; whether a zone is seen by none.
    """

    category: str
    at: datetime
    zone: str = ""
    zone_kind: str = ""
    camera: str = ""
    dwell_s: float = 0.0
    dwell_limit_s: float = 0.0
    score: float | None = None
    people: int = 1
    box: Box | None = None
    blind: int = 0
    cameras: int = 0
    unseen: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC:
            object.__setattr__(self, "at", in_utc(self.at))

    def as_json(self) -> dict[str, Any]:
        """Strings, numbers, lists: any JSON encoder takes it."""
        found: dict[str, Any] = {"category": self.category, "at": self.at.isoformat()}
        for name, empty in _FACTS:
            value = getattr(self, name)
            if value != empty:
                found[name] = list(value) if name == "box" else value
        return found

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Facts:
        """Raises KeyError, ValueError or TypeError for what `as_json` cannot have written."""
        get = kept.get
        box = get("box")
        return cls(
            kept["category"],
            moment_of(kept["at"]),
            get("zone", ""),
            get("zone_kind", ""),
            get("camera", ""),
            get("dwell_s", 0.0),
            get("dwell_limit_s", 0.0),
            get("score"),
            get("people", 1),
            None if box is None else tuple(box),
            get("blind", 0),
            get("cameras", 0),
            get("unseen", False),
        )


_FACTS: Final[tuple[tuple[str, Any], ...]] = (
    ("zone", ""),
    ("zone_kind", ""),
    ("camera", ""),
    ("dwell_s", 0.0),
    ("dwell_limit_s", 0.0),
    ("score", None),
    ("people", 1),
    ("box", None),
    ("blind", 0),
    ("cameras", 0),
    ("unseen", False),
)


@dataclass(frozen=True, slots=True)
class Toggle:
    """The last arming or disarming by hand. until: when it ends by itself, None: with the schedule's next border.

    how: portal, phone or panel. by: a role or a panel's code, never a name.
    """

    armed: bool
    at: datetime
    until: datetime | None
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class Expected:
    """People who are expected just now. id: of the access window. zones: ids; none: everywhere."""

    id: str
    kind: str
    people: int
    until: datetime
    zones: frozenset[str]
    vehicles: bool


@dataclass(frozen=True, slots=True)
class Muted:
    """A snooze or the test mode of an installer. camera, zone: ids, empty: any. categories: what it covers, by name."""

    id: str
    kind: str
    until: datetime
    camera: str
    zone: str
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What an operator called false or authorised: the candidate's ordinal, and when that was said."""

    ordinal: int
    at: datetime
    camera: str
    zone: str
    category: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Context:
    """What people did and what happened at the site, at the instant of the candidate. Nothing that policy or fold can derive.

    toggle: the last one, whoever owns the arm state: the policy says whether it counts. dismissed: of this camera, the last
    `Policy.remembers` before the instant. tampered_at: when a camera of the site was last tampered with, if not long ago.
    """

    toggle: Toggle | None = None
    expected: tuple[Expected, ...] = ()
    muted: tuple[Muted, ...] = ()
    storm_until: datetime | None = None
    tampered_at: datetime | None = None
    tamper_kind: str = ""
    dismissed: tuple[Dismissed, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Strings, numbers, lists: any JSON encoder takes it. Empty where nothing was going on."""
        found: dict[str, Any] = {}
        if self.toggle is not None:
            found["toggle"] = {
                "armed": self.toggle.armed,
                "at": _said(self.toggle.at),
                "until": _said(self.toggle.until),
                "how": self.toggle.how,
                "by": self.toggle.by,
            }
        if self.expected:
            found["expected"] = [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "people": one.people,
                    "until": _said(one.until),
                    "zones": sorted(one.zones),
                    "vehicles": one.vehicles,
                }
                for one in self.expected
            ]
        if self.muted:
            found["muted"] = [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "until": _said(one.until),
                    "camera": one.camera,
                    "zone": one.zone,
                    "categories": sorted(one.categories),
                }
                for one in self.muted
            ]
        if self.storm_until is not None:
            found["storm_until"] = _said(self.storm_until)
        if self.tampered_at is not None:
            found["tampered_at"] = _said(self.tampered_at)
        if self.tamper_kind:
            found["tamper_kind"] = self.tamper_kind
        if self.dismissed:
            found["dismissed"] = [
                [one.ordinal, _said(one.at), one.camera, one.zone, one.category, one.box and list(one.box)]
                for one in self.dismissed
            ]
        return found

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Context:
        """Raises KeyError, ValueError or TypeError for what `as_json` cannot have written."""
        if not kept:
            return CALM
        toggle = kept.get("toggle")
        return cls(
            toggle=None if toggle is None else _toggle(toggle),
            expected=tuple(map(_expected, kept.get("expected", ()))),
            muted=tuple(map(_muted, kept.get("muted", ()))),
            storm_until=_read(kept.get("storm_until")),
            tampered_at=_read(kept.get("tampered_at")),
            tamper_kind=kept.get("tamper_kind", ""),
            dismissed=tuple(map(_dismissed, kept.get("dismissed", ()))),
        )

    @staticmethod
    @lru_cache(maxsize=2048)
    def from_text(text: str) -> Context:
        """Of JSON text. The same text is read once: neighbours mostly share their circumstances."""
        return Context.from_json(json.loads(text))


CALM: Final = Context()


def _said(at: datetime | None) -> str | None:
    return None if at is None else in_utc(at).isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else moment_of(text)


def _toggle(kept: dict[str, Any]) -> Toggle:
    return Toggle(kept["armed"], moment_of(kept["at"]), _read(kept["until"]), kept["how"], kept["by"])


def _expected(kept: dict[str, Any]) -> Expected:
    until, zones = moment_of(kept["until"]), frozenset(kept["zones"])
    return Expected(kept["id"], kept["kind"], kept["people"], until, zones, kept["vehicles"])


def _muted(kept: dict[str, Any]) -> Muted:
    until, categories = moment_of(kept["until"]), frozenset(kept["categories"])
    return Muted(kept["id"], kept["kind"], until, kept["camera"], kept["zone"], categories)


def _dismissed(kept: list[Any]) -> Dismissed:
    ordinal, at, camera, zone, category, box = kept
    return Dismissed(ordinal, moment_of(at), camera, zone, category, None if box is None else tuple(box))
