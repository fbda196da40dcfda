"""What an incident opens to those who see pictures only in one: the site while it goes on, its evidence for good."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from incidents.models import Alert, Incident


def goes_on(path: str) -> Q:
    """Rows whose site has an incident that is not closed."""
    return Q(Exists(Incident.objects.unfinished().filter(site=OuterRef(path or "pk"))))


def proves() -> Q:
    """Media that are the clip or the picture of a raised candidate. A first clip that a whole one has replaced is nobody's
    evidence any more: it is seen while the incident goes on."""
    return Q(Exists(Alert.objects.filter(candidate__clip=OuterRef("pk")))) | Q(
        Exists(Alert.objects.filter(candidate__snapshot=OuterRef("pk")))
    )
