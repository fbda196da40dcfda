import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cameras.models.camera import Camera, Zone
from cameras.models.contact import SiteContact
from soc.core.models import Organisation, Site, SiteOwned
from soc.core.rights import Act, scoped

if TYPE_CHECKING:
    from soc.core.models import User


class Muting(SiteOwned):
    """A snooze, or the test mode of an installer: what it covers is stored and shown, but not raised, until its end.

    It never covers threats, tampering or hold-up (`cameras.categories.MUTABLE`).
    """

    class Kind(models.TextChoices):
        SNOOZE = "snooze", _("snoozed")
        TEST = "test", _("on test")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    camera = models.ForeignKey(
        Camera, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("camera")
    )
    zone = models.ForeignKey(Zone, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("zone"))
    categories = models.JSONField(_("what"), default=list, help_text=_("codes of what is not raised"))
    reason = models.CharField(_("reason"), max_length=240)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(_("until"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    vouched_by = models.ForeignKey(
        SiteContact, models.PROTECT, null=True, related_name="+", help_text="whose passcode was given"
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("muting")
        verbose_name_plural = _("mutings")
        constraints = [models.CheckConstraint(name="muting_ends", condition=Q(ends_at__gt=F("starts_at")))]
        indexes = [models.Index(fields=["site", "ends_at"], condition=Q(ended_at=None), name="muting_now")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.site_id}"


class StormQuerySet(models.QuerySet):
    def visible_to(self, user: "User", act: Act = Act.SEE) -> "StormQuerySet":
        """For those of the centre: customers read what it means for their site."""
        return self.filter(scoped(user, act, organisation="organisation", customer="pk", site="pk"))


class Storm(models.Model):
    """Storm mode of many sites, for a time: what is neither a person nor a threat waits behind what is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="storms")
    sites = models.ManyToManyField(Site, blank=True, related_name="storms", help_text=_("none: all"))
    reason = models.CharField(_("reason"), max_length=240)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(_("until"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = StormQuerySet.as_manager()

    class Meta:
        verbose_name = _("storm mode")
        verbose_name_plural = _("storm modes")
        constraints = [models.CheckConstraint(name="storm_ends", condition=Q(ends_at__gt=F("starts_at")))]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.starts_at:%Y-%m-%d %H:%M}"


class TemporaryInstruction(SiteOwned):
    """“Dog loose tonight”: what an operator must see first at this site, for a day at most, vouched for by a passcode."""

    text = models.CharField(_("instruction"), max_length=400)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(_("until"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    vouched_by = models.ForeignKey(SiteContact, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("temporary instruction")
        verbose_name_plural = _("temporary instructions")
        constraints = [models.CheckConstraint(name="instruction_ends", condition=Q(ends_at__gt=F("starts_at")))]
        indexes = [models.Index(fields=["site", "ends_at"], condition=Q(ended_at=None), name="instruction_now")]

    def __str__(self) -> str:
        return self.text
