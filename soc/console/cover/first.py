"""What an operator sees first in an incident: instructions for tonight, who disarmed the site, who is expected, whom to ask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cameras.actions.contacts import contacts_of
from cameras.actions.muting import instructions_at
from cameras.actions.presence import open_windows
from cameras.models import ArmChange
from incidents.actions import disarmed, numbers_shown
from incidents.models import Incident
from incidents.models.incident import State
from soc.core.models import Site, User
from soc.core.rights import Act, Role


def facts(incident: Incident, user: User, *, at: datetime) -> dict[str, Any]:
    """For the pane. A closed incident shows what was done about a disarm, and no more."""
    going_on = incident.state != State.CLOSED
    site = incident.site
    change = disarmed(incident)
    again = (
        ArmChange.objects.filter(site=site, armed=True, undone_at=None, at__gt=change.change.at).order_by("-at").first()
        if change
        else None
    )
    awaited, contacts = (open_windows(site, at), contacts_of(site)) if going_on else ([], [])
    return {
        "instructions": instructions_at(site, at) if going_on else [],
        "disarm": change,
        "disarmed_by": by_whom(change.change) if change else "",
        "armed_again": again,
        "awaited": awaited,
        "contacts": contacts,
        "numbers": bool(awaited or contacts) and numbers_shown(incident),
        "may_cover": user.may(Act.COVER, site),
        "may_override": user.may(Act.TAKE_OVER, site) and user.may(Act.HANDLE, site),
    }


def by_whom(change: ArmChange) -> str:
    """“by the owner, on the customer's page”."""
    how = str(change.get_how_display())
    if change.how == ArmChange.How.PANEL:
        return _("%(how)s %(name)s") % {"how": how, "name": change.source.name if change.source else ""}
    if change.by is None:
        return how
    roles = {m.role for m in change.by.memberships.all() if m.scope()[1] in _scopes(change.site)}
    who = change.by.sign
    if Role.OWNER in roles:
        who = pgettext("who disarmed", "the owner")
    return _("by %(who)s, %(how)s") % {"who": who, "how": how}


def _scopes(site: Site) -> set[Any]:
    return {site.pk, site.customer_id, site.organisation_id}
