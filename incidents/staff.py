"""Who may sit down, and who sat there before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from incidents.models import Credential, Shift
from soc.core.models import Organisation, User

LATELY: Final = timedelta(hours=1)


def wrong_papers(user: User, organisation: Organisation, *, at: datetime) -> list[str]:
    """A sentence for each paper that is out of force, and for each that SHIFT_NEEDS names and that is not there. A
    paper is in force to the end of its last day.
    """
    today = timezone.localdate(at)
    held = {one.kind: one for one in Credential.objects.filter(user=user, organisation=organisation)}
    names = dict(Credential.Kind.choices)
    found = [
        _("Your %(paper)s was valid until %(day)s. An administrator can enter the new one.")
        % {"paper": names[one.kind], "day": date_format(one.valid_until, "j F Y")}
        for one in held.values()
        if one.valid_until < today
    ]
    return found + [
        _("No %(paper)s of yours is on record. An administrator can enter it.") % {"paper": names.get(kind, kind)}
        for kind in settings.SHIFT_NEEDS
        if kind not in held
    ]


def before(user: User, organisation: Organisation, *, at: datetime) -> list[Shift]:
    """The shifts of who is at the desks, or left them within the last hour; else of who left last. The newest end first."""
    others = Shift.objects.filter(organisation=organisation).exclude(user=user, ended_at__isnull=True)
    others = others.select_related("user").order_by("-ended_at", "user__username")
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=at - LATELY, ended_at__lte=at)
    return list(others.filter(lately)) or list(others.filter(ended_at__lte=at)[:1])
