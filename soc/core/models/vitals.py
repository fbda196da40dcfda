from django.db import models


class Vitals(models.Model):
    """How the installation did at an instant, as the spine measured it. Kept for a day."""

    at = models.DateTimeField(primary_key=True)
    # Numbers by name: relay_lag_ms, due_deliveries, oldest_due_s, … as soc/core/vitals.py measures them.
    data = models.JSONField()

    class Meta:
        verbose_name_plural = "vitals"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
