"""What is wrong with a policy, in words and at its place. Codes are the core's; an unknown one is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cameras.admin.policy_words import CATEGORIES, RULE_FIELDS, Names
from cameras.context.policy import Problem

SAID: Final = {
    "missing": gettext_lazy("Something is missing here."),
    "no_end": gettext_lazy("It needs an end."),
    "inverted": gettext_lazy("The end lies before the beginning."),
    "overlap": gettext_lazy("It overlaps %(other)s: change one of them, or join them."),
    "not_a_time": gettext_lazy("That is no time of day: 07:30 is one."),
    "not_a_date": gettext_lazy("That is no date."),
    "not_hours": gettext_lazy("These are no hours: 14:00-18:00 are."),
    "not_a_number": gettext_lazy("That is no number."),
    "not_a_whole_number": gettext_lazy("That is no whole number."),
    "out_of_range": gettext_lazy("Between %(low)s and %(high)s."),
    "not_text": gettext_lazy("That is no text."),
    "too_long": gettext_lazy("At most %(longest)s letters."),
    "too_many": gettext_lazy("At most %(most)s of these."),
    "not_one_of": gettext_lazy("That is not one of the choices."),
    "not_an_object": gettext_lazy("That is not how a policy is written."),
    "not_a_list": gettext_lazy("That is not how a policy is written."),
    "not_an_id": gettext_lazy("That is not how a policy is written."),
    "not_json": gettext_lazy("That is not how a policy is written."),
    "unknown_key": gettext_lazy("A policy has nothing of that name."),
    "date_twice": gettext_lazy("This date stands here twice."),
    "unknown_zone": gettext_lazy("The site's time zone, “%(zone)s”, is none: change it on the site's page."),
    "unknown_country": gettext_lazy("No public holidays are known of “%(country)s”."),
    "unknown_region": gettext_lazy("No region “%(subdiv)s” is known of %(country)s."),
    "threat_must_raise": gettext_lazy("A threat is raised, and urgent: no rule may make it less."),
    "protected_must_raise": gettext_lazy("“%(category)s” is raised whatever else holds: it may hide anything."),
    "at_least_watched": gettext_lazy("“%(category)s” is at least kept: it cannot be ignored."),
    "never_cools": gettext_lazy("“%(category)s” has no cool-down: each time counts."),
    "hides_everything": gettext_lazy(
        "With this nobody is ever raised anywhere, not even while armed: that is no policy."
    ),
    "zone_hidden": gettext_lazy("With this rule nobody is ever raised in %(zone)s, not even while armed."),
    "zone_never_armed": gettext_lazy("By a schedule of its own %(zone)s is never armed: nobody is ever raised there."),
    "dwell_without_effect": gettext_lazy("“%(category)s” has no stay: the limit changes nothing."),
    "never_armed": gettext_lazy("The site is never armed: a person or vehicle seen here raises nothing."),
    "uncovered": gettext_lazy(
        "%(day)s %(from)s to %(to_day)s %(to)s: not armed, and nobody said that anybody is there."
    ),
    "opening_unused": gettext_lazy(
        "The schedule owns the arm state: nobody opens or closes, so these hours change nothing."
    ),
    "no_such_zone": gettext_lazy("This zone is not there any more."),
    "contradicts": gettext_lazy(
        "Rule %(other)s is of the same place and thing, says another decision, and counts instead."
    ),
    "never_counts": gettext_lazy(
        "Rule %(other)s is of the same place and thing, and counts instead: this one never does."
    ),
    "raised_though_disarmed": gettext_lazy("Whatever is seen is raised while disarmed too: by day that is everybody."),
}
PLACES: Final = {
    "owner": gettext_lazy("Owner of the arm state"),
    "week": gettext_lazy("Armed hours"),
    "specials": gettext_lazy("Special days"),
    "dates": gettext_lazy("Dates"),
    "holidays": gettext_lazy("Public holidays"),
    "open": gettext_lazy("May open"),
    "close": gettext_lazy("Has to close"),
    "opening": gettext_lazy("Opening and closing"),
    "runaway": gettext_lazy("Runaway"),
    "rules": gettext_lazy("Rule"),
    "time_zone": gettext_lazy("Time zone"),
}


@dataclass(frozen=True)
class Told:
    """One problem as a person reads it. path: of the field in the body, which names the field on the page too."""

    path: str
    where: str
    said: str
    warning: bool


def told(problems: Iterable[Problem], names: Names) -> list[Told]:
    return [Told(one.path, where(one.path, names), sentence(one, names), one.warning) for one in problems]


def sentence(problem: Problem, names: Names) -> str:
    values: dict[str, Any] = dict(problem.params)
    if "category" in values:
        values["category"] = CATEGORIES.get(values["category"], values["category"])
    if "zone" in values and problem.code != "unknown_zone":
        values["zone"] = names.get(str(values["zone"]), values["zone"])
    if isinstance(values.get("other"), int):
        values["other"] += 1  # rules are numbered from 1 where they are shown
    elif "other" in values:
        values["other"] = where(str(values["other"]), names)
    for name in ("day", "to_day"):
        if isinstance(values.get(name), int):
            values[name] = WEEKDAYS.get(values[name], values[name])
    said = SAID.get(problem.code)
    if said is None:
        shown = ", ".join(f"{name} {value}" for name, value in values.items())
        return f"{problem.code.replace('_', ' ')} {shown}".strip()
    try:
        return str(said) % values
    except KeyError:  # a parameter was renamed: the sentence without it says more than none
        return problem.code.replace("_", " ")


def where(path: str, names: Names) -> str:
    """“Yard, armed hours, row 2”: a path as the page names its place."""
    parts = path.split(".")
    said: list[str] = []
    if parts[0] == "zones" and len(parts) > 1:
        said.append(names.get(parts[1], _("a zone that is gone")))
        parts = parts[2:]
    if parts[:1] in (["schedule"], ["opening"]) and len(parts) > 1:
        parts = parts[1:]
    if not parts or not parts[0]:
        return ", ".join(said)
    place = str(PLACES.get(parts[0], parts[0]))
    row = int(parts[1]) + 1 if len(parts) > 1 and parts[1].isdigit() else None
    if parts[0] == "rules" and row is not None:
        said.append(f"{place} {row}")
        said += [str(RULE_FIELDS[name]) for name in parts[2:3] if name in RULE_FIELDS]
    else:
        said.append(place)
        said += [_("row %(n)s") % {"n": row}] if row is not None else []
    return ", ".join(said)
