from typing import Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models.camera import Camera, Zone
from cameras.models.policy import Policy
from cameras.models.source import SignalSource
from soc.core.models import Media, SiteOwned

# What was put before operators and never happened: in no figure, in no replay, and no picture of a camera's last hours.
EXERCISES: Final = ("audit", "drill")


class Candidate(SiteOwned):
    """What a sensor noticed, with the verdict of context and the frozen context it was judged by. Ignored ones too."""

    class Decision(models.TextChoices):
        RAISE = "raise", _("raise")
        WATCH = "watch", _("watch")
        IGNORE = "ignore", _("ignore")

    source = models.CharField(
        max_length=10,
        choices=[
            ("camera", _("camera")),
            ("signal", _("signal")),
            ("system", _("system")),
            ("audit", _("blind audit")),
            ("drill", _("drill")),
        ],
        help_text="audit: a copy shown to operators unmarked; drill: an announced exercise; in no figure and in no replay",
    )
    camera = models.ForeignKey(Camera, models.PROTECT, null=True, related_name="candidates")
    signal_source = models.ForeignKey(SignalSource, models.PROTECT, null=True, related_name="candidates")
    zone = models.ForeignKey(Zone, models.SET_NULL, null=True, related_name="candidates")
    category = models.CharField(max_length=30)
    dedup = models.CharField(max_length=120, unique=True, help_text="folds what arrives twice")

    captured_at = models.DateTimeField(help_text="the camera's clock where trusted")
    clock_source = models.CharField(max_length=10, default="arrival", help_text="rtcp | arrival | sender")
    clock_offset_s = models.FloatField(default=0, help_text="captured minus arrival, seconds")
    received_at = models.DateTimeField()
    judged_at = models.DateTimeField()

    # {"track": id, "label": …, "score": 0..1, "box": [x1, y1, x2, y2], "path": [[t, x1, y1, x2, y2], …]}; empty without a picture
    evidence = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    decision = models.CharField(max_length=10, choices=Decision.choices)
    priority = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list, encoder=DjangoJSONEncoder, help_text='[{"code": …, parameters…}]')
    context = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    policy_version = models.CharField(max_length=64, blank=True)
    # The order in which candidates of a site were judged; null before policies had versions.
    ordinal = models.BigIntegerField(null=True)
    facts = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="what was judged, so that it can be again"
    )
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, related_name="+")
    flip = models.JSONField(
        null=True, encoder=DjangoJSONEncoder, help_text="the least change that would turn the verdict"
    )
    # Seconds in the zone in the end, written once the track is over: a longer dwell is replayed by it.
    stayed_s = models.FloatField(null=True)
    model_sha256 = models.CharField(max_length=64, blank=True)

    clip = models.ForeignKey(Media, models.PROTECT, null=True, related_name="+")
    snapshot = models.ForeignKey(Media, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        indexes = [
            models.Index(fields=["site", "-captured_at"], name="candidate_by_site"),
            models.Index(fields=["camera", "-captured_at"], name="candidate_by_camera"),
            models.Index(fields=["site", "ordinal"], name="candidate_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.decision} {self.captured_at:%Y-%m-%d %H:%M:%S}"
