from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cameras.models.camera import Zone
from cameras.models.contact import SiteContact
from soc.core.models import SiteOwned


class AccessWindow(SiteOwned):
    """People who are expected at a site for a time. It always has an end, and ends by itself.

    Once: from `starts_at` to `ends_at`. Every week: on `weekdays` between `from_time` and `to_time` of the site's own time
    (an end at or before the start is on the next day), within `starts_at`..`ends_at`.
    """

    class Kind(models.TextChoices):
        STAFF = "staff", _("staff")
        CLEANER = "cleaner", _("cleaner")
        DELIVERY = "delivery", _("delivery")
        CONTRACTOR = "contractor", _("contractor")
        VISITOR = "visitor", _("visitor")

    kind = models.CharField(_("who"), max_length=20, choices=Kind.choices)
    label = models.CharField(_("name or firm"), max_length=120, blank=True)
    zones = models.ManyToManyField(
        Zone, blank=True, related_name="+", verbose_name=_("where"), help_text=_("none: everywhere")
    )
    people = models.PositiveSmallIntegerField(
        _("people at most"), default=1, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    vehicles = models.BooleanField(_("with a vehicle"), default=False)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    weekdays = models.JSONField(
        _("every week on"), default=list, blank=True, help_text=_("0 Monday … 6 Sunday; none: once")
    )
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)
    contact = models.ForeignKey(
        SiteContact, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("whom to ask")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    made_at = models.DateTimeField(editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    cancelled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("access window")
        verbose_name_plural = _("access windows")
        constraints = [
            models.CheckConstraint(name="access_window_ends", condition=Q(ends_at__gt=models.F("starts_at")))
        ]
        indexes = [models.Index(fields=["site", "ends_at"], name="access_window_by_end")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.label}".strip()
