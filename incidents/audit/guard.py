"""Nothing of a case of the blind audit leaves the house. One guard, at every door of outward acts.

`keep_in` stands where an act is written down, and once more where it is done. A door that people press (`outward`) reveals the
case as well: whoever acts has taken it for real. PostgreSQL refuses the row of an act besides (`responses` migration 0008).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from incidents.audit.revealing import acted_upon
from incidents.errors import Refused
from incidents.models import AuditCase, Incident

CODE: Final = "exercise"

P = ParamSpec("P")
R = TypeVar("R")


class Exercise(Refused):
    """What was asked for would have left the house, and the incident is an exercise: nothing was sent."""

    def __init__(self) -> None:
        super().__init__(CODE, _("This was an exercise of the audit: nothing was sent."))


def is_exercise(incident_id: UUID) -> bool:
    return AuditCase.objects.filter(incident=incident_id).exists()


def keep_in(incident: Incident) -> None:
    """Raises Exercise for a case of the blind audit, revealed or not."""
    if is_exercise(incident.pk):
        raise Exercise


def outward(act: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A door of outward acts that somebody presses: `door(incident_id, *, by, at, …)`. Where it comes to the guard everything it
    did is undone, the case is revealed as judged real, and Exercise goes on to the page.
    """

    def guarded(door: Callable[P, R]) -> Callable[P, R]:
        @wraps(door)
        def press(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return door(*args, **kwargs)
            except Exercise:
                _reveal(act, args, kwargs)
                raise

        press.outward = act  # type: ignore[attr-defined]
        return press

    return guarded


def _reveal(act: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """After the door's own transaction was undone."""
    incident = args[0]
    acted_upon(incident.pk if isinstance(incident, Incident) else incident, act=act, by=kwargs["by"], at=kwargs["at"])
