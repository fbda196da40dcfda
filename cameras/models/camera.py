from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cameras.vision.address import AddressRefused, pin
from soc.core.crypto import SecretField
from soc.core.models import SiteOwned


class Camera(SiteOwned):
    """One camera, who watches it now, and how it is."""

    class Health(models.TextChoices):
        UNKNOWN = "unknown", _("not seen yet")
        ONLINE = "online", _("online")
        OFFLINE = "offline", _("no picture")

    name = models.CharField(_("name"), max_length=80)
    address = models.CharField(
        _("address"), max_length=400, help_text=_("rtsp://host:port/path, without user name and password")
    )
    username = models.CharField(_("user name"), max_length=80, blank=True)
    password = SecretField(_("password"), blank=True)
    enabled = models.BooleanField(_("in use"), default=True)
    speaker = models.BooleanField(_("has a speaker"), default=False)

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

    class Meta:
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="camera_name_in_site")]

    def __str__(self) -> str:
        return f"{self.site.name} · {self.name}"

    def digest(self) -> str:
        """Names this address and log-in without telling the password: another one is another device, to be looked at first."""
        given = "\0".join((self.address, self.username, self.password))
        return salted_hmac("cameras.probed", given, algorithm="sha256").hexdigest()

    def clean(self) -> None:
        super().clean()
        try:
            pin(self.address, networks=settings.CAMERA_NETWORKS)
        except AddressRefused as error:
            raise ValidationError({"address": str(error)}) from error


def polygon_in_picture(value: Any) -> None:
    """A list of at least three [x, y] points, 0..1, that does not cross itself."""
    if not isinstance(value, list) or len(value) < 3:
        raise ValidationError(_("A zone needs at least three points."))
    for point in value:
        if not (
            isinstance(point, list)
            and len(point) == 2
            and all(isinstance(v, int | float) and 0 <= v <= 1 for v in point)
        ):
            raise ValidationError(
                _("Every point is [x, y] with both between 0 and 1; %(point)s is not."),
                params={"point": point},
            )
    if crosses_itself(value):
        raise ValidationError(_("The zone's outline crosses itself."))


def crosses_itself(points: list[list[float]]) -> bool:
    def side(a: list[float], b: list[float], c: list[float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    edges = [(points[i], points[(i + 1) % len(points)]) for i in range(len(points))]
    for i, (a, b) in enumerate(edges):
        for j, (c, d) in enumerate(edges):
            if j <= i + 1 or (i == 0 and j == len(edges) - 1):
                continue  # neighbours share a point
            if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                return True
    return False


class Zone(SiteOwned):
    """A part of a camera's picture that means something: inside the fence, or along it."""

    class Kind(models.TextChoices):
        INSIDE = "inside", _("inside")
        PERIMETER = "perimeter", _("perimeter")

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

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints = [models.UniqueConstraint(fields=["camera", "name"], name="zone_name_in_camera")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.site_id = self.camera.site_id
        super().save(*args, **kwargs)
