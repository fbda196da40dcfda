"""What is wrong with a policy: where, and what, as codes. Sentences are made when they are shown.

Refused: not_json {why}, not_an_object, not_a_list, not_text, not_a_number, not_a_whole_number, not_a_time, not_a_date,
not_hours, not_an_id, not_one_of {known}, unknown_key, missing {known?}, no_end, inverted, overlap {other: a path},
out_of_range {low, high}, too_long {longest}, too_many {most}, date_twice {date}, unknown_zone {zone} (of the time zone),
unknown_country {country}, unknown_region {country, subdiv}, threat_must_raise, protected_must_raise, at_least_watched,
never_cools (each {category}), hides_everything.

Warnings: dwell_without_effect {category}, no_such_zone, zone_hidden, zone_never_armed (each {zone}), contradicts and
never_counts {rule, other} (from 0; the other, later one counts), raised_though_disarmed {categories}, never_armed,
opening_unused, uncovered {day, from, to_day, to, hours}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """path: where in the body, as in schedule.week.1.to; empty: the body itself. warning: it may be published all the same."""

    path: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "code": self.code, "params": dict(self.params), "warning": self.warning}


class PolicyRefused(ValueError):
    """A policy that cannot be read. `problems`: all that were found, at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{one.path or 'policy'}: {one.code}" for one in self.problems))
