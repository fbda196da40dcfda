from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused
from incidents.models import Incident, Shift
from soc.core import events
from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act


def start_shift(*, user: User, organisation: Organisation, at: datetime) -> Shift:
    """Sit down at the desk: from now on incidents are offered. Starting twice changes nothing."""
    here = Q(organisation=organisation) | Q(customer__organisation=organisation) | Q(site__organisation=organisation)
    if not user.memberships.filter(here, role__in=MATRIX[Act.HANDLE]).exists():
        raise Refused("role", _("Your role may not handle incidents."))
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        shift = Shift.objects.filter(user=user, ended_at__isnull=True).first()
        if shift is not None:
            Shift.objects.filter(pk=shift.pk).update(seen_at=at, awake_at=at, active_at=at)
            return shift
        shift = Shift.objects.create(
            user=user, organisation=organisation, started_at=at, seen_at=at, awake_at=at, active_at=at
        )
        events.record("shift.started", shift, by=user, at=at)
    return shift


def end_shift(*, user: User, at: datetime) -> None:
    """Leave the desk. Refused while an incident is held: nobody logs off owning one."""
    with transaction.atomic():
        shift = Shift.objects.select_for_update(no_key=True).filter(user=user, ended_at__isnull=True).first()
        if shift is None:
            return
        held = Incident.objects.held_by(user).first()
        if held is not None:
            raise Refused(
                "holding",
                _("You still hold %(incident)s. Close it, or hand it back.") % {"incident": held.reference},
            )
        shift.ended_at = at
        shift.save(update_fields=["ended_at"])
        events.record("shift.ended", shift, by=user, at=at)


def hold_desks(*user_ids: UUID) -> None:
    """Lock these people's shifts, in one order: nobody leaves the desk in the moment an incident becomes theirs."""
    rows = Shift.objects.select_for_update(no_key=True).filter(user__in=user_ids, ended_at__isnull=True)
    list(rows.order_by("pk").values_list("pk"))


def now_free(user_id: UUID, *, at: datetime) -> None:
    """They let an incident go: who has been without one for longest is asked first."""
    Shift.objects.filter(user=user_id, ended_at__isnull=True).update(free_since=at)
