"""Nothing of an exercise leaves the house: neither of a case of the blind audit nor of an announced drill. One guard, at every
door of outward acts.

`keep_in` stands where an act is written down, and once more where it is done. A door that people press (`outward`) reveals a
case of the audit as well: whoever acts has taken it for real. A drill goes on, and what was pressed is kept for the debriefing.
PostgreSQL refuses the row of an act besides (`responses` migrations 0008 and 0010).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import locked
from incidents.audit.revealing import acted_upon
from incidents.errors import Refused
from incidents.models import AuditCase, Incident
from soc.core import events

CODE: Final = "exercise"
PRESSED: Final = "drill.pressed"

P = ParamSpec("P")
R = TypeVar("R")


class Exercise(Refused):
    """What was asked for would have left the house, and the incident is an exercise: nothing was sent."""

    def __init__(
        self, code: str = CODE, message: object = _("This was an exercise of the audit: nothing was sent.")
    ) -> None:
        super().__init__(code, message)


class Drill(Exercise):
    """The same of an announced drill, which goes on."""

    def __init__(self) -> None:
        super().__init__("drill", _("This is a drill: nothing leaves the house. What you pressed is noted."))


def is_exercise(incident_id: UUID) -> bool:
    """A case of the blind audit, revealed or not. A drill is told by its own mark."""
    return AuditCase.objects.filter(incident=incident_id).exists()


def keep_in(incident: Incident) -> None:
    """Raises Exercise for a case of the blind audit, revealed or not, and for a drill."""
    if incident.drill:
        raise Drill
    if is_exercise(incident.pk):
        raise Exercise


def outward(act: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A door of outward acts that somebody presses: `door(incident_id, *, by, at, …)`. Where it comes to the guard everything it
    did is undone, and Exercise goes on to the page. A case of the audit is revealed as judged real; in a drill it is recorded
    that the door was pressed.
    """

    def guarded(door: Callable[P, R]) -> Callable[P, R]:
        @wraps(door)
        def press(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return door(*args, **kwargs)
            except Drill:
                _pressed(act, args, kwargs)
                raise
            except Exercise:
                _reveal(act, args, kwargs)
                raise

        press.outward = act  # type: ignore[attr-defined]
        return press

    return guarded


def _reveal(act: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """After the door's own transaction was undone."""
    acted_upon(_incident_id(args), act=act, by=kwargs["by"], at=kwargs["at"])


def _pressed(act: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """After the door's own transaction was undone: what would have been done, to whom and when."""
    names = ("message_id", "camera_id", "responder_id", "relay_id")
    told = {name.removesuffix("_id"): kwargs[name] for name in names if name in kwargs}
    with transaction.atomic():
        events.record(PRESSED, locked(_incident_id(args)), by=kwargs["by"], at=kwargs["at"], act=act, **told)


def _incident_id(args: tuple[Any, ...]) -> UUID:
    incident = args[0]
    return incident.pk if isinstance(incident, Incident) else incident
