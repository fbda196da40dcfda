"""A body as the fields of the page: the same names that `policy_form` reads, each with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.utils.dates import WEEKDAYS

from cameras.admin.policy_form import RULE_FIELDS, hours_text, part
from cameras.admin.policy_problems import Told
from cameras.admin.policy_words import RUNAWAY

WEEK: Final = ("day", "from", "to")
SPECIALS: Final = ("name", "first", "last", "hours")
DATES: Final = ("date", "name", "hours")
EMPTY_RULE: Final = {"when": "armed", "decision": "raise", "category": ""}


@dataclass(frozen=True)
class Cell:
    """One field. `wrong`: refused here, or something about it is warned of."""

    name: str
    value: str
    wrong: bool = False


@dataclass(frozen=True)
class Line:
    """One row of a list; `spare`: the empty one after the last, to be filled."""

    n: int
    cells: dict[str, Cell]
    said: list[Told] = field(default_factory=list)
    spare: bool = False


@dataclass
class Schedule:
    prefix: str  # its path in the body, and of its fields' names
    title: str
    week: list[Line]
    specials: list[Line]
    dates: list[Line]
    country: Cell
    subdiv: Cell
    hours: Cell
    as_weekday: bool
    said: list[Told]
    own: bool = True  # of a zone: whether it has hours of its own
    zone: str = ""
    # Filled in where it is drawn.
    days: list[Any] = field(default_factory=list)
    coming: list[Any] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)


class Fields:
    """Rows and cells of a body, with the problems put at their places."""

    def __init__(self, body: dict[str, Any], said: Iterable[Told]) -> None:
        self.body = body
        self.said = list(said)

    def cell(self, name: str, value: Any) -> Cell:
        text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        return Cell(name, text, any(one.path == name or one.path.startswith(f"{name}.") for one in self.said))

    def lines(
        self, prefix: str, values: Any, names: tuple[str, ...], empty: dict[str, Any] | None = None
    ) -> list[Line]:
        rows = [row for row in values if isinstance(row, dict)] if isinstance(values, list) else []
        found = []
        for n, row in enumerate([*rows, empty or {}]):
            path = f"{prefix}.{n}"
            given = {**row, "hours": hours_text(row.get("hours"))} if "hours" in names else row
            cells = {name: self.cell(f"{path}.{name}", given.get(name)) for name in names}
            here = [one for one in self.said if one.path == path or one.path.startswith(f"{path}.")]
            found.append(Line(n, cells, here if n < len(rows) else [], spare=n == len(rows)))
        return found

    def schedule(self, schedule: Any, prefix: str, title: str, *, own: bool = True, zone: str = "") -> Schedule:
        said = part(schedule)
        holidays = part(said.get("holidays"))
        at = f"{prefix}.holidays"
        return Schedule(
            prefix=prefix,
            title=title,
            week=self.lines(f"{prefix}.week", said.get("week"), WEEK),
            specials=self.lines(f"{prefix}.specials", said.get("specials"), SPECIALS),
            dates=self.lines(f"{prefix}.dates", said.get("dates"), DATES),
            country=self.cell(f"{at}.country", holidays.get("country")),
            subdiv=self.cell(f"{at}.subdiv", holidays.get("subdiv")),
            hours=self.cell(f"{at}.hours", hours_text(holidays.get("hours")) if "hours" in holidays else "00:00-00:00"),
            as_weekday=bool(holidays) and "hours" not in holidays,
            said=[one for one in self.said if one.path.startswith(at)],
            own=own,
            zone=zone,
        )

    def opening(self) -> dict[str, Any]:
        said = part(self.body.get("opening"))
        return {
            "open": self.lines("opening.open", said.get("open"), WEEK),
            "close": self.lines("opening.close", said.get("close"), WEEK),
            "grace": self.cell("opening.grace_min", said.get("grace_min", 15)),
        }

    def rules(self) -> list[Line]:
        return self.lines("rules", self.body.get("rules"), RULE_FIELDS, EMPTY_RULE)

    def runaway(self) -> dict[str, Cell]:
        said = part(self.body.get("runaway"))
        return {name: self.cell(f"runaway.{name}", said.get(name, usual)) for name, usual in RUNAWAY.items()}


DAYS: Final = tuple((str(number), name) for number, name in WEEKDAYS.items())


def coming(days: Any, *, after: date, most: int) -> list[tuple[date, str]]:
    """The next public holidays of a schedule's list, in order."""
    found = []
    for text, name in sorted((days or {}).items()):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if day >= after:
            found.append((day, str(name)))
    return found[:most]
