from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident
from soc.core.models import SiteOwned


class Review(SiteOwned):
    """A closed incident that was drawn, or chosen, to be looked at again by somebody who did not handle it, and their scores."""

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="review")
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", help_text="who closed it: never its reviewer"
    )
    drawn_at = models.DateTimeField()
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="null: by lot"
    )
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    scores = models.JSONField(default=dict, help_text="criterion → 0 to 4, or null where it does not apply")
    words = models.TextField(max_length=2000, blank=True, help_text="what the operator reads")
    read_at = models.DateTimeField(null=True, help_text="when the operator read it")

    class Meta:
        verbose_name = _("quality review")
        verbose_name_plural = _("quality reviews")
        indexes = [models.Index(fields=["organisation", "done_at", "drawn_at"], name="review_to_do")]

    def __str__(self) -> str:
        return f"{self.incident_id}"
