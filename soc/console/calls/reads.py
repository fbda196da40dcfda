"""Calls that are owed and callers to beware of, as pages tell them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from incidents.actions import open_calls
from incidents.models import CallNote
from soc.core.models import Site, User
from soc.core.rights import Act

MOST: Final = 100
DUE: Final = (15, 30, 60, 120, 240, 480, 1440)  # minutes that the form offers
AGAIN: Final = (15, 60)


def open_of(user: User, act: Act = Act.CONSOLE) -> QuerySet[CallNote]:
    """What is open where this user may `act`, the earliest due first."""
    return open_calls(Site.objects.visible_to(user, act))


def page(user: User, *, at: datetime) -> dict[str, Any]:
    """The desk's page: what is open, what is overdue of it, and for whom the forms are."""
    notes = list(open_of(user)[: MOST + 1])
    sites = Site.objects.visible_to(user, Act.HANDLE).order_by("name")
    return {
        "notes": notes[:MOST],
        "more": len(notes) > MOST,
        "overdue": len([one for one in notes if one.due_at <= at]),
        "sites": sites,
        "mine": {site.pk for site in sites},
        "kinds": CallNote.Kind.choices,
        "due": DUE,
        "again": AGAIN,
        "at": at,
    }


def told(note: CallNote) -> str:
    """One clause without the time: whom to call, or whom to beware of, and what about."""
    facts = {"who": f"{note.who}, {note.number}" if note.number else note.who, "words": note.words}
    if note.kind == CallNote.Kind.PROMISED:
        return _("call %(who)s: %(words)s") % facts
    return _("beware of a caller, %(who)s: %(words)s") % facts
