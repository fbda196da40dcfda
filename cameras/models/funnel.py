from django.db import models

from cameras.models.camera import Camera
from soc.core.models import SiteOwned


class CameraHour(SiteOwned):
    """What a camera's pictures came to in one hour (UTC): the wide end of the funnel."""

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="hours")
    hour = models.DateTimeField(help_text="its start")
    captured = models.BigIntegerField(default=0)
    moved = models.BigIntegerField(default=0, help_text="frames with motion: inferred + dropped")
    inferred = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["camera", "hour"], name="camera_hour_once")]
        indexes = [models.Index(fields=["site", "hour"], name="camera_hour_by_site")]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.hour:%Y-%m-%d %H}"
