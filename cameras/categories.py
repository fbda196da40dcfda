"""What a sensor can report: one table. Family, default priority, rank, and whether it may ever be hidden or heard.

`threat`: always armed, never hidden. `quiet`: nothing may be heard or seen at the site until a supervisor lifts it.
Rank orders categories of one incident: the highest names it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    INTRUSION = "intrusion"
    TECHNICAL = "technical"
    PANEL = "panel"


@dataclass(frozen=True)
class Category:
    code: str
    family: Family
    priority: int
    rank: int
    threat: bool = False
    quiet: bool = False


_I, _T, _P = Family.INTRUSION, Family.TECHNICAL, Family.PANEL

CATEGORIES: dict[str, Category] = {
    c.code: c
    for c in (
        Category("duress", _P, 1, 100, threat=True, quiet=True),
        Category("hold_up", _P, 1, 98, threat=True, quiet=True),
        Category("panic", _P, 1, 96, threat=True, quiet=True),
        Category("weapon", _I, 1, 94, threat=True),
        Category("fire", _P, 1, 92, threat=True),
        Category("medical", _P, 1, 90, threat=True),
        Category("person_down", _I, 1, 88, threat=True),
        Category("silent_guard", _P, 1, 86, threat=True),
        Category("tamper_person", _I, 1, 84, threat=True),
        Category("group", _I, 2, 64),
        Category("person", _I, 2, 62),
        Category("vehicle", _I, 2, 56),
        Category("loitering", _I, 2, 54),
        Category("line_crossing", _I, 2, 52),
        Category("unfiltered_motion", _I, 2, 50),
        Category("site_lost", _T, 2, 46),
        Category("blinded", _T, 2, 44),
        Category("perception_down", _T, 2, 42),
        Category("armed_impaired", _T, 3, 40),
        Category("frozen", _T, 3, 38),
        Category("moved", _T, 3, 34),
        Category("dark", _T, 3, 33),
        Category("offline", _T, 3, 32),
        Category("slow", _T, 3, 31),
        Category("drift", _T, 3, 30),
        Category("alarm", _P, 2, 48),
        # Somebody with a code or a log-in took the guard away at a time that nobody had announced.
        Category("unscheduled_disarm", _P, 2, 47),
        Category("early_open", _P, 3, 22),
        Category("late_close", _P, 3, 21),
        Category("restore", _P, 3, 10),
        Category("open", _P, 3, 12),
        Category("close", _P, 3, 11),
        Category("test", _P, 3, 2),
        Category("heartbeat_lost", _P, 3, 20),
    )
}

# What a snooze or the test mode may cover for a time. Never: threats (hold-up and duress among them), what is done to cameras
# (covered, moved, frozen, all lost at once), what nobody looked at, and that somebody disarmed unannounced.
MUTABLE: frozenset[str] = frozenset(
    {
        *("group", "person", "vehicle", "loitering", "line_crossing"),
        *("dark", "offline", "slow", "drift"),
        *("alarm", "early_open", "late_close", "heartbeat_lost"),
    }
)


def category(code: str) -> Category:
    """Raises KeyError for a code that is not in the table."""
    return CATEGORIES[code]
