from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cameras.models.shapes import (
    known_classes,
    line_in_picture,
    perspective_in_picture,
    place_on_plan,
    polygon_in_picture,
    polygons_in_picture,
)
from cameras.vision.address import AddressRefused, pin
from soc.core.crypto import SecretField
from soc.core.models import Media, SiteOwned

PERSON = ["person"]
SCORE = [MinValueValidator(0.05), MaxValueValidator(0.99)]


def person() -> list[str]:
    """What a zone counts where nobody said anything else."""
    return list(PERSON)


class Camera(SiteOwned):
    """One camera, who watches it now, and how it is."""

    class Health(models.TextChoices):
        UNKNOWN = "unknown", _("not seen yet")
        ONLINE = "online", _("online")
        OFFLINE = "offline", _("no picture")

    class Analytics(models.TextChoices):
        OURS = "ours", _("ours: pictures are looked at here")
        CAMERA = "camera", _("the camera's own: it reports what it sees")

    name = models.CharField(_("name"), max_length=80)
    address = models.CharField(
        _("address"), max_length=400, help_text=_("rtsp://host:port/path, without user name and password")
    )
    sub_address = models.CharField(
        _("address of the small picture"),
        max_length=400,
        blank=True,
        help_text=_("If the camera has one: it is looked at, and the large one is only recorded and shown."),
    )
    username = models.CharField(_("user name"), max_length=80, blank=True)
    password = SecretField(_("password"), blank=True)
    enabled = models.BooleanField(_("in use"), default=True)
    speaker = models.BooleanField(_("has a speaker"), default=False)

    # How it is looked at.
    analytics = models.CharField(_("analytics"), max_length=10, choices=Analytics.choices, default=Analytics.OURS)
    model = models.CharField(_("detector"), max_length=80, blank=True, help_text=_("empty: the house's"))
    day_score = models.FloatField(
        _("least score by day"), null=True, blank=True, validators=SCORE, help_text=_("0 to 1; empty: the detector's")
    )
    night_score = models.FloatField(
        _("least score by night"), null=True, blank=True, validators=SCORE, help_text=_("0 to 1; empty: the detector's")
    )
    ignore_areas = models.JSONField(
        _("areas without motion"),
        default=list,
        blank=True,
        validators=[polygons_in_picture],
        help_text=_("Outlines in which movement is no reason to look: a road, a flag. [[[x, y], …], …]"),
    )
    privacy_masks = models.JSONField(
        _("privacy masks"),
        default=list,
        blank=True,
        validators=[polygons_in_picture],
        help_text=_("Outlines blackened before anything is seen, kept or shown. [[[x, y], …], …]"),
    )
    # {"far": [y, height], "near": [y, height]}: how tall a person is (0..1) whose feet are at y (0..1), at two places.
    perspective = models.JSONField(
        _("perspective"),
        null=True,
        blank=True,
        validators=[perspective_in_picture],
        help_text=_('How tall a person is at two places: {"far": [feet, height], "near": [feet, height]}'),
    )
    # {"x": m, "y": m, "heading": degrees from north clockwise, "angle": degrees, "reach": m} on the site's plan; null: not on it
    on_plan = models.JSONField(_("place on the plan"), null=True, blank=True, validators=[place_on_plan])
    # The picture that a moved view is told by.
    reference = models.ForeignKey(Media, models.SET_NULL, null=True, editable=False, related_name="+")
    reference_at = models.DateTimeField(null=True, editable=False)

    # The lease: a watch process owns the camera until leased_until; a higher generation ends an older owner's rights.
    leased_by = models.CharField(max_length=80, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    generation = models.BigIntegerField(default=0, editable=False)
    media_address = models.CharField(
        max_length=80, blank=True, editable=False, help_text="host:port of the owner's live view"
    )

    health = models.CharField(_("state"), max_length=10, choices=Health.choices, default=Health.UNKNOWN, editable=False)
    health_since = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(_("cause"), max_length=240, blank=True, editable=False)
    last_frame_at = models.DateTimeField(null=True, editable=False)
    lost_alert_at = models.DateTimeField(null=True, editable=False, help_text="when the present loss was raised")
    probed = models.CharField(
        max_length=64, blank=True, editable=False, help_text="digest of the address that a first look found usable"
    )
    drifting = models.BooleanField(_("clock is wrong"), default=False, editable=False)
    clock_offset_s = models.FloatField(
        _("clock is ahead by"), null=True, editable=False, help_text=_("seconds; below zero: behind")
    )
    # A camera that was being decoded when a watch process crashed: watched by a process of its own until it has proven
    # harmless. After another crash nobody touches it before retry_at.
    suspect_since = models.DateTimeField(_("watched apart since"), null=True, editable=False)
    crashes = models.PositiveIntegerField(default=0, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)
    # {"captured": n, "gated": n, "inferred": n, "dropped": n, "dropped_by": {cause: n}}; captured is the sum of the three
    frames = models.JSONField(default=dict, editable=False)
    # How it does just now: {"fps": …, "decode_ms": …, "inference_ms": …, "inferred_fps": …, "age_ms": …, "light": 0..1}
    measured = models.JSONField(default=dict, editable=False)
    speaker_ok = models.BooleanField(_("speaker answers"), null=True, editable=False)
    speaker_words = models.CharField(max_length=240, blank=True, editable=False)
    speaker_checked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="camera_name_in_site")]

    def __str__(self) -> str:
        return f"{self.site.name} · {self.name}"

    def digest(self) -> str:
        """Names this address and log-in without telling the password: another one is another device, to be looked at first."""
        given = "\0".join((self.address, self.username, self.password, self.sub_address))
        return salted_hmac("cameras.probed", given, algorithm="sha256").hexdigest()

    def clean(self) -> None:
        super().clean()
        for name in ("address", "sub_address") if self.sub_address else ("address",):
            try:
                pin(getattr(self, name), networks=settings.CAMERA_NETWORKS)
            except AddressRefused as error:
                raise ValidationError({name: str(error)}) from error
        if self.sub_address and urlsplit(self.sub_address).hostname != urlsplit(self.address).hostname:
            # The log-in goes with it, and was given for the one device.
            raise ValidationError({"sub_address": _("The small picture must come from the same device.")})
        if self.analytics != self.Analytics.OURS:
            # Until a receiver takes in what cameras report, such a one would be armed and guard nothing, and nobody be told.
            raise ValidationError(
                {
                    "analytics": _(
                        "What cameras report themselves is not taken in yet: nobody would look at its pictures."
                    )
                }
            )


class Zone(SiteOwned):
    """A part of a camera's picture that means something: inside the fence, or along it."""

    class Kind(models.TextChoices):
        INSIDE = "inside", _("inside")
        PERIMETER = "perimeter", _("perimeter")

    class Direction(models.TextChoices):
        BOTH = "both", _("either way")
        LEFT = "left", _("to its left")
        RIGHT = "right", _("to its right")

    camera = models.ForeignKey(Camera, models.CASCADE, related_name="zones")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.INSIDE)
    polygon = models.JSONField(
        _("outline"), validators=[polygon_in_picture], help_text=_("[[x, y], …], each between 0 and 1")
    )
    dwell_s = models.FloatField(
        _("dwell"),
        default=2.0,
        validators=[MinValueValidator(0), MaxValueValidator(600)],
        help_text=_("seconds in the zone before it counts"),
    )
    classes = models.JSONField(
        _("what counts"), default=person, validators=[known_classes], help_text=_('["person"] or ["person", "vehicle"]')
    )
    loiter_s = models.FloatField(
        _("loitering after"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(3600)],
        help_text=_("seconds in the zone; 0: not watched for"),
    )
    line = models.JSONField(
        _("line"),
        null=True,
        blank=True,
        validators=[line_in_picture],
        help_text=_("[[x, y], [x, y]]: crossing it is reported as well"),
    )
    line_direction = models.CharField(
        _("crossed"),
        max_length=5,
        choices=Direction.choices,
        default=Direction.BOTH,
        help_text=_("seen along the line"),
    )
    also_seen_by = models.ManyToManyField(
        Camera,
        blank=True,
        related_name="sees_zones",
        verbose_name=_("also seen by"),
        help_text=_("their clips are kept too"),
    )

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints = [models.UniqueConstraint(fields=["camera", "name"], name="zone_name_in_camera")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.site_id = self.camera.site_id
        super().save(*args, **kwargs)
