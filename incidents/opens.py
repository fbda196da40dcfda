"""What an incident opens to those who see pictures only in one: the site while it goes on in earnest, its evidence for good. And
what it keeps from being erased."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Alert, Incident
from incidents.models.incident import State


def goes_on(path: str) -> Q:
    """Rows whose site has an incident that is not closed. A drill is none: nobody's place is looked into for practice, and what
    is played of an old incident is its evidence. A case of the blind audit is one for as long as nobody knows it for a case.
    """
    rows = Incident.objects.unfinished().filter(drill=False)
    return Q(Exists(rows.filter(site=OuterRef(path or "pk"))))


def proves() -> Q:
    """Media that are the clip, the picture or another camera's view of a raised candidate. A first clip that a whole one has
    replaced is nobody's evidence any more: it is seen while the incident goes on."""
    return _shown_by(Alert.objects.all())


def keeps() -> Q:
    """Media of incidents that go on or are on hold: they stay, however old."""
    return _shown_by(Alert.objects.filter(~Q(incident__state=State.CLOSED) | Q(incident__hold_at__isnull=False)))


def _shown_by(alerts: QuerySet[Alert]) -> Q:
    """What these alerts show."""
    paths = ("candidate__clip", "candidate__snapshot", "candidate__angles__clip")
    return reduce(or_, (Q(Exists(alerts.filter(**{path: OuterRef("pk")}))) for path in paths))
