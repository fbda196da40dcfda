"""Rules of a policy: which one counts for a zone and a category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cameras.categories import CATEGORIES, MUTABLE, Family

# Who is somebody: where a camera was tampered with shortly before, whoever is seen at the site belongs to it.
SOMEBODY: Final = frozenset({"person", "group", "loitering", "line_crossing"})
# What a camera's own pictures say is wrong with it, raised while its site is armed.
CONDITIONS: Final = frozenset({"blinded", "frozen", "moved", "dark", "slow"})
REPORTS: Final = frozenset({"restore", "open", "close", "test"})  # of a panel, kept for the record
TAMPERING: Final = frozenset({"blinded", "moved", "frozen", "site_lost"})
# What was not looked at may be anything; nor may it be hidden that nobody looks.
UNSEEN: Final = frozenset({"unfiltered_motion", "perception_down"})
THREATS: Final = frozenset(one.code for one in CATEGORIES.values() if one.threat)
# Raised whatever people did: threats, what is done to cameras, what nobody looked at, a disarming that nobody announced.
PROTECTED: Final = frozenset(CATEGORIES) - MUTABLE - REPORTS
# What "*" covers: what is seen in zones. Panels and troubles of cameras must be named.
ANY: Final = frozenset(code for code in MUTABLE if CATEGORIES[code].family == Family.INTRUSION)
# What a rule may make nothing of. Trouble of cameras and alarms of panels are at least watched.
IGNORABLE: Final = ANY | REPORTS
# Where a stay has a length.
STAYS: Final = frozenset({"person", "group", "vehicle", "loitering"})

WHEN: Final = ("armed", "disarmed", "always")


@dataclass(frozen=True, slots=True)
class Rule:
    """zone: an id, empty for every one. category: a code, or "*". when: armed, disarmed or always.

    priority, dwell_s: None leaves what it is. cooldown_s: after one that was raised, for so many seconds the same is only
    watched.
    """

    zone: str
    category: str
    when: str
    decision: str
    priority: int | None = None
    dwell_s: float | None = None
    cooldown_s: float = 0.0
    note: str = ""

    def covers(self, zone: str, category: str, *, armed: bool) -> bool:
        return (
            (not self.zone or self.zone == zone)
            and (self.category == category or (self.category == "*" and category in ANY))
            and self.when in ("always", "armed" if armed else "disarmed")
        )

    @property
    def rank(self) -> tuple[bool, bool]:
        """The higher, the more specific: zone and category, zone, category, neither."""
        return bool(self.zone), self.category != "*"


def rule_for(rules: Sequence[Rule], zone: str, category: str, *, armed: bool) -> int | None:
    """Which rule counts, from 0: the most specific one, of those the last."""
    best: int | None = None
    for number, rule in enumerate(rules):
        if rule.covers(zone, category, armed=armed) and (best is None or rule.rank >= rules[best].rank):
            best = number
    return best
