"""The kill switch: while a stop stands nobody is sent, by whomever. The voice at the site and paging one's own people go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.errors import Refused
from incidents.models import Incident
from responses.models import DispatchStop
from soc.core import events
from soc.core.models import Organisation, Site, User
from soc.core.prepared import prepared
from soc.core.rights import MATRIX, Act

LONGEST_REASON: Final = 200
CODE: Final = "stopped"


def stop_dispatch(organisation: Organisation, *, reason: str, by: User, at: datetime) -> DispatchStop:
    """From now on nobody is sent from this centre. Whoever is on the way already is not called back.

    Raises Refused: `reason`, `stopped` (one stands already); Organisation.DoesNotExist where `by` may not stop the whole of it.
    """
    _may(organisation.pk, by)
    reason = _reason(reason)
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        if standing := dispatch_stop(organisation):
            raise Refused(CODE, words(standing))
        stop = DispatchStop.objects.create(organisation=organisation, reason=reason, by=by, at=at)
        events.record("dispatch.stopped", stop, by=by, at=at)
    return stop


def lift_stop(organisation: Organisation, *, by: User, at: datetime) -> DispatchStop | None:
    """Responders may be sent again, and earlier orders are carried on. None where no stop stood.

    Raises Organisation.DoesNotExist where `by` may not.
    """
    _may(organisation.pk, by)
    with transaction.atomic():
        rows = DispatchStop.objects.select_for_update(of=("self",), no_key=True)
        stop = rows.filter(organisation=organisation, lifted_at=None).first()
        if stop is None:
            return None
        stop.lifted_by, stop.lifted_at = by, at
        stop.save(update_fields=["lifted_by", "lifted_at"])
        events.record("dispatch.lifted", stop, by=by, at=at)
    return stop


def dispatch_stop(organisation: Organisation | UUID) -> DispatchStop | None:
    """The stop that stands now, with who set it."""
    pk = organisation.pk if isinstance(organisation, Organisation) else organisation
    return next(iter(_standing(pk)), None)


@prepared
def _standing(organisation: UUID) -> QuerySet[DispatchStop]:
    return (
        DispatchStop.objects.select_related("by").filter(organisation=organisation, lifted_at=None).order_by("pk")[:1]
    )


def stops_of(user: User) -> list[DispatchStop]:
    """Those that stand in the centres of which this user sees a site on the console."""
    centres = Site.objects.visible_to(user, Act.CONSOLE).order_by().values("organisation")
    return list(
        DispatchStop.objects.select_related("by").filter(organisation__in=centres, lifted_at=None).order_by("at")
    )


def words(stop: DispatchStop, zone: ZoneInfo | None = None) -> str:
    """Why nobody is sent now: who stopped it, since when by the clocks of `zone`, and the reason."""
    since = f"{stop.at.astimezone(zone):%H:%M}" if zone else f"{stop.at.astimezone(UTC):%H:%M} UTC"
    told = {"sign": stop.by.sign, "time": since, "reason": stop.reason}
    return _("Nobody is sent now: %(sign)s stopped all dispatches at %(time)s. Reason: %(reason)s") % told


def check_not_stopped(incident: Incident) -> None:
    """Raises Refused `stopped` while a stop stands."""
    if stop := dispatch_stop(incident.organisation_id):
        raise Refused(CODE, words(stop, incident.site.zone_info))


def _may(organisation_id: UUID, by: User) -> None:
    if not by.memberships.filter(organisation=organisation_id, role__in=MATRIX[Act.STOP]).exists():
        raise Organisation.DoesNotExist(f"{by} may not stop dispatches of {organisation_id}")


def _reason(said: str) -> str:
    said = " ".join(said.split())
    if not said:
        raise Refused("reason", gettext_lazy("Say why nobody is to be sent."))
    if len(said) > LONGEST_REASON:
        raise Refused("reason", gettext_lazy("A reason has at most 200 characters."))
    return said
