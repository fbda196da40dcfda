"""The wall's controls: what each asks for, and what it does. Each takes a reason and is one recorded act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from cameras.actions import muting
from cameras.models import Storm
from incidents.actions import drilling
from incidents.errors import Refused
from incidents.models import Incident
from responses.actions import stopping
from soc.console.sentences import what
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act

CHOOSE: Final = _("Choose to whom.")
WHOLE: Final = _("A stop holds the whole centre: it is for whoever supervises all of it.")

VERBS: Final = {
    "storm": Act.STORM, "storm-end": Act.STORM, "stop": Act.STOP, "lift": Act.STOP, "drill": Act.DRILL, "drill-end": Act.DRILL,
}  # fmt: skip


def form(verb: str, user: User, organisation: Organisation) -> dict[str, Any]:
    """What its panel shows. `may`: whether it is this user's to do here."""
    found: dict[str, Any] = {"name": verb, "may": user.may_anywhere(VERBS[verb])}
    if verb == "drill":
        sites = Site.objects.visible_to(user, Act.DRILL).filter(organisation=organisation)
        kinds = [(code, what(code)) for code in drilling.PLAYABLE]
        found |= {"sites": sites.order_by("name"), "kinds": sorted(kinds, key=lambda one: (one[0] != "person", one[1]))}
    if verb == "storm":
        found |= {"minutes": settings.STORM_MIN}
    return found


def do(verb: str, given: QueryDict, user: User, organisation: Organisation, *, at: datetime) -> None:
    """Raises Refused (either stage's); Http404 where there is nothing of the kind that is theirs."""
    try:
        DO[verb](given, user, organisation, at)
    except Organisation.DoesNotExist as error:
        raise Refused("whole", WHOLE) from error
    except (Site.DoesNotExist, Storm.DoesNotExist, Incident.DoesNotExist) as error:
        raise Http404 from error


def _storm(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    minutes = settings.STORM_MIN
    muting.start_storm(organisation, sites=[], minutes=minutes, reason=given.get("reason", ""), by=user, at=at)


def _storm_end(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    muting.end_storm(_id(given, "storm"), by=user, at=at)


def _stop(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    stopping.stop_dispatch(organisation, reason=given.get("reason", ""), by=user, at=at)


def _lift(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    stopping.lift_stop(organisation, by=user, at=at)


def _drill(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    site = Site.objects.visible_to(user, Act.DRILL).get(pk=_id(given, "site"), organisation=organisation)
    drilling.begin_drill(site.pk, reason=given.get("reason", ""), kind=given.get("kind", ""), by=user, at=at)


def _drill_end(given: QueryDict, user: User, organisation: Organisation, at: datetime) -> None:
    drilling.end_drill(_id(given, "incident"), by=user, at=at)


def _id(given: QueryDict, name: str) -> UUID:
    try:
        return UUID(given.get(name, ""))
    except ValueError as error:
        raise Refused(name, _("Choose one of the list.")) from error


DO: Final[dict[str, Callable[[QueryDict, User, Organisation, datetime], None]]] = {
    "storm": _storm, "storm-end": _storm_end, "stop": _stop, "lift": _lift, "drill": _drill, "drill-end": _drill_end,
}  # fmt: skip
