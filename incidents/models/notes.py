from django.conf import settings
from django.db import models

from incidents.models.incident import Incident
from incidents.outcomes import Verdict
from soc.core.models import SiteOwned


class VerdictChange(SiteOwned):
    """The verdict's history."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="verdicts")
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()


class Note(SiteOwned):
    """What an operator wrote for the record."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="notes")
    text = models.TextField(max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
