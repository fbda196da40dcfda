from django.conf import settings
from django.db import models

from incidents.models.incident import Incident


class Looking(models.Model):
    """Whose screen an incident is open on. Told with each beat of a page, and past a few seconds after the last."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="looking")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    silent = models.BooleanField(default=False, help_text="a supervisor's silent watch: colleagues are not told")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="one_look_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.incident_id}"
