from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from incidents.models.incident import Incident
from soc.core.models import SiteOwned


class Description(SiteOwned):
    """How a person or a vehicle in an incident was described at a moment. Never edited: what changes is a new row, and the
    newest of a subject counts. `version` counts within the incident, so that whoever was told version 3 knows what is new.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        VEHICLE = "vehicle", _("vehicle")

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="descriptions")
    version = models.PositiveIntegerField()
    subject = models.PositiveSmallIntegerField(help_text="1, 2, …: which person or vehicle of the incident")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    # Codes and short words by the names in incidents/subjects.py: count, clothing, doing, carrying, weapon, vehicle, plate,
    # direction. What is not known is left out.
    facts = models.JSONField(default=dict)
    last_seen_at = models.DateTimeField(null=True)
    last_seen_camera = models.ForeignKey(Camera, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("description")
        verbose_name_plural = _("descriptions")
        ordering = ["version"]
        constraints = [models.UniqueConstraint(fields=["incident", "version"], name="description_version")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.version}"
