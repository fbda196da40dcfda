from django.db import models

from cameras.models.camera import Camera
from cameras.models.candidate import Candidate
from soc.core.models import Media, SiteOwned


class WatchProcess(models.Model):
    """A `watch` process that lives: by their number each knows its fair share of the cameras."""

    name = models.CharField(max_length=80, primary_key=True, help_text="as in Camera.leased_by")
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Angle(SiteOwned):
    """Another camera that sees the zone of a candidate: its clip of the same moment, ordered from whoever watches it."""

    candidate = models.ForeignKey(Candidate, models.CASCADE, related_name="angles")
    camera = models.ForeignKey(Camera, models.CASCADE, related_name="angles")
    trigger_at = models.DateTimeField(help_text="by our clock: received_at of the candidate")
    # Null: to be cut by the watch process that holds the camera, if it still has the packets.
    done_at = models.DateTimeField(null=True)
    clip = models.ForeignKey(Media, models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=240, blank=True, help_text="why there is no clip")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["candidate", "camera"], name="angle_once")]
        indexes = [models.Index(fields=["camera"], condition=models.Q(done_at=None), name="angle_wanted")]

    def __str__(self) -> str:
        return f"{self.camera} of {self.candidate_id}"
