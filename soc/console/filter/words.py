"""Causes of needless alarms, and suggestions about them, in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.causes import Cause, Weighed
from soc.console.sentences import WHAT


def place(cause: Cause) -> str:
    zone = cause.zone
    if zone is None:
        return _("without a zone")
    return f"{zone.name} · {zone.camera.name}" if zone.name != zone.camera.name else str(zone.name)


def what(cause: Cause) -> str:
    return capfirst(str(WHAT.get(cause.category, cause.category)))


def when(cause: Cause) -> str:
    if cause.hour is None:
        return _("at all hours")
    return _("mostly from %(hour)s") % {"hour": f"{cause.hour:02d}:00"}


def suggested(weighed: Weighed, cause: Cause) -> str:
    """What to change, in one sentence."""
    params: dict[str, Any] = weighed.suggestion.params
    place = {"place": cause.zone.name if cause.zone else cause.site.name}
    match weighed.suggestion.kind:
        case "dwell":
            return _("Raise at %(place)s only after %(seconds)s s.") % {**place, "seconds": _number(params["seconds"])}
        case "vehicle":
            return _("Keep vehicles at %(place)s, but raise nobody for them.") % place
        case "hours":
            hours = {"from": params["from"], "to": params["to"], "days": days(params["days"])}
            return _("Do not arm %(place)s from %(from)s to %(to)s on %(days)s.") % {**place, **hours}
        case "score":
            return _("Ask this camera for a score of %(score)s at least.") % {"score": params["score"]}
        case _other:
            return _("Draw an area without motion where the leaves, lights or animals are.")


def reason(weighed: Weighed) -> str:
    """What it was reckoned from, where that is worth saying."""
    params = weighed.suggestion.params
    match weighed.suggestion.kind:
        case "dwell" if params["shortest_real"] is None:
            return _("Nobody real was there in this time to compare with.")
        case "dwell":
            return _("The shortest stay of somebody real there was %(seconds)s s.") % {
                "seconds": _number(params["shortest_real"])
            }
        case "score":
            return _("The lowest score of somebody real there was %(score)s.") % {"score": params["least_real"]}
    return ""


def result(weighed: Weighed) -> str:
    """What came out of its replay."""
    if weighed.suggestion.kind == "area":
        return _("It is the camera's, not the policy's: what it would have stopped cannot be replayed.")
    would = _("Would have stopped %(stopped)s of %(number)s") % {"stopped": weighed.stopped, "number": weighed.number}
    if weighed.lost:
        return _("%(would)s, and lost what was real.") % {"would": would}
    kept = ngettext(
        "%(would)s; loses none of %(real)s real one.", "%(would)s; loses none of %(real)s real ones.", weighed.real
    )
    return kept % {"would": would, "real": weighed.real}


def besides(weighed: Weighed) -> str:
    said = []
    if weighed.besides:
        other = ngettext("And %(n)s other needless one.", "And %(n)s other needless ones.", weighed.besides)
        said.append(other % {"n": weighed.besides})
    if weighed.raised:
        more = ngettext("%(n)s more would be raised.", "%(n)s more would be raised.", weighed.raised)
        said.append(more % {"n": weighed.raised})
    return " ".join(said)


def days(numbers: list[int]) -> str:
    """Monday to Friday, or their names."""
    if len(numbers) == 7:
        return _("every day")
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return _("%(first)s to %(last)s") % {"first": WEEKDAYS[numbers[0]], "last": WEEKDAYS[numbers[-1]]}
    return ", ".join(str(WEEKDAYS[number]) for number in numbers)


def _number(value: float) -> str:
    return f"{value:g}"
