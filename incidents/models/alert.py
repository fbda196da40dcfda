from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Candidate
from incidents.models.incident import Incident
from soc.core.models import SiteOwned


class Alert(SiteOwned):
    """A candidate that context raised, in the incident it opened or was folded into."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="alerts")
    candidate = models.OneToOneField(Candidate, models.PROTECT, related_name="alert")
    category = models.CharField(max_length=30)
    priority = models.PositiveSmallIntegerField()
    captured_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    sounded = models.BooleanField(default=True, help_text="it opened, added a zone or person, or raised the incident")

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [models.Index(fields=["incident", "captured_at"], name="alert_by_incident")]

    def __str__(self) -> str:
        return f"{self.category} {self.captured_at:%H:%M:%S}"
