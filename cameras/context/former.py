"""The verdict of context: a pure function of what was seen and the circumstances at that instant."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from cameras.categories import Family, category

POLICY_VERSION = "house-2"

# Who is somebody: where a camera was tampered with shortly before, whoever is seen at the site belongs to it.
SOMEBODY = frozenset({"person", "group", "loitering", "line_crossing"})
ROUNDED_OFF_S = 0.05001  # at most, of a figure that is kept to a tenth
# What a camera's own pictures say is wrong with it, raised while its site is armed.
CONDITIONS = frozenset({"blinded", "frozen", "moved", "dark", "slow"})


@dataclass(frozen=True)
class Reason:
    """Why, as a code with parameters; the sentence is made when it is shown, in the reader's language."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.params}


@dataclass(frozen=True)
class Facts:
    """What a sensor reports, as far as the verdict needs it. dwell_s in seconds, score 0..1 (None: not from a picture)."""

    category: str
    at: datetime
    zone_kind: str = ""  # inside | perimeter | "" without a zone
    dwell_s: float = 0.0
    score: float | None = None


@dataclass(frozen=True)
class Impaired:
    """How a site is that has just been armed: so many cameras without sight, of so many; unseen: a zone that nobody sees."""

    blind: int
    cameras: int
    unseen: bool = False


@dataclass(frozen=True)
class Context:
    """The circumstances, frozen and stored with the verdict so that it can be replayed exactly."""

    armed: bool
    arm_owner: str
    armed_since: datetime | None
    armed_until: datetime | None
    local_time: str
    dwell_limit_s: float = 0.0
    # The last camera of the site that was blinded, moved or frozen, or the loss of all, where that is not long ago.
    tampered_at: datetime | None = None
    tamper_kind: str = ""
    impaired: Impaired | None = None
    policy_version: str = POLICY_VERSION

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    decision: str  # raise | watch | ignore
    priority: int  # 1..3
    reasons: tuple[Reason, ...]
    category: str = ""  # what it is in these circumstances; empty: what the sensor called it

    @classmethod
    def of(cls, decision: str, priority: int, *reasons: Reason) -> Verdict:
        return cls(decision, priority, reasons)


def priority_of(facts: Facts) -> int:
    """The table's priority, but a person inside is 1 and in the perimeter 2."""
    entry = category(facts.category)
    if facts.category in {"person", "group"}:
        return 1 if facts.zone_kind == "inside" else 2
    return entry.priority


def judge(facts: Facts, context: Context) -> Verdict:
    """Decide in this order:

    1. A threat is always raised; and somebody at a site whose cameras were tampered with shortly before is one.
    2. Technical trouble is raised whether armed or not: a blind camera is found before the night, not in it.
       An ordinary panel signal that is only a report (restore, open, close, test) is watched.
    3. Disarmed: an intrusion is ignored, an alarm from a panel still raised.
    4. Armed: too short in the zone is watched, anything else raised.
    """
    entry = category(facts.category)
    priority = priority_of(facts)
    seen = Reason("seen", {"category": facts.category, "score": facts.score})
    if entry.threat:
        return Verdict.of("raise", priority, Reason("threat", {"category": facts.category}))
    if facts.category in SOMEBODY and context.tampered_at is not None:
        return _after_tampering(facts, context.tampered_at, context.tamper_kind, seen)
    if context.armed and facts.category in CONDITIONS:
        armed = Reason("armed", {"until": context.armed_until, "owner": context.arm_owner})
        return Verdict.of("raise", priority, armed, Reason("condition", {"category": facts.category}))
    if facts.category == "armed_impaired" and context.impaired is not None:
        state = context.impaired
        why = {"blind": state.blind, "cameras": state.cameras, "unseen": state.unseen}
        return Verdict.of("raise", 2 if state.unseen else priority, Reason("impaired", why))
    if entry.family == Family.TECHNICAL:
        return Verdict.of("raise", priority, Reason("technical", {"category": facts.category}))
    if facts.category in {"restore", "open", "close", "test"}:
        return Verdict.of("watch", priority, Reason("report", {"category": facts.category}))
    if entry.family == Family.PANEL:
        return Verdict.of("raise", priority, Reason("signal", {"category": facts.category}))
    if not context.armed:
        return Verdict.of(
            "ignore",
            priority,
            Reason("disarmed", {"until": context.armed_until, "owner": context.arm_owner}),
            seen,
        )
    armed = Reason("armed", {"until": context.armed_until, "owner": context.arm_owner})
    if facts.category == "unfiltered_motion":
        return Verdict.of("raise", priority, armed, Reason("nobody_looked", {}))
    if facts.category == "line_crossing":
        return Verdict.of("raise", priority, armed, seen, Reason("crossed", {}))
    # Judged by the figure that is kept, so that the verdict can be replayed and "2.0 of 2.0" is never too short. Nor is it
    # where rounding took something off: who stayed for 1.25 s of 1.25 s stayed long enough, and is seen only once.
    seconds = round(facts.dwell_s, 1)
    dwell = {"seconds": seconds, "limit": context.dwell_limit_s}
    if seconds + ROUNDED_OFF_S < context.dwell_limit_s:
        return Verdict.of("watch", priority, armed, seen, Reason("short_stay", dwell))
    return Verdict.of("raise", priority, armed, seen, Reason("dwell", dwell))


def _after_tampering(facts: Facts, tampered_at: datetime, kind: str, seen: Reason) -> Verdict:
    seconds = round(max((facts.at - tampered_at).total_seconds(), 0.0))
    tampering = Reason("tampering", {"kind": kind, "at": tampered_at, "seconds": seconds})
    threat = Reason("threat", {"category": "tamper_person"})
    return Verdict("raise", category("tamper_person").priority, (threat, tampering, seen), "tamper_person")
