"""Organisation → customer → site. Every row of the product hangs below one of them."""

import uuid
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.rights import Act, scoped

if TYPE_CHECKING:
    from soc.core.models.people import User


def known_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            _("“%(zone)s” is not a time zone. Use a name like Europe/London."), params={"zone": value}
        )


class Organisation(models.Model):
    """A monitoring company: nothing crosses its border."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class CustomerQuerySet(models.QuerySet):
    def visible_to(self, user: "User", act: Act = Act.SEE) -> "CustomerQuerySet":
        """Customers some site of which the user may see, or whose own membership the user holds."""
        return self.filter(scoped(user, act, organisation="organisation", customer="", site="sites")).distinct()


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="customers")
    name = models.CharField(_("name"), max_length=120)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="customer_name_in_organisation")]

    def __str__(self) -> str:
        return self.name


class SiteQuerySet(models.QuerySet):
    def visible_to(self, user: "User", act: Act = Act.SEE) -> "SiteQuerySet":
        return self.filter(scoped(user, act, organisation="organisation", customer="customer", site=""))


class Site(models.Model):
    """A guarded place: an address, a time zone, and what a specialist must know within two seconds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, editable=False, related_name="sites")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="sites")
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=240)
    entrance = models.CharField(
        _("entrance"), max_length=240, blank=True, help_text=_("How to get in: gate, lane, code holder.")
    )
    hazards = models.CharField(_("hazards"), max_length=240, blank=True, help_text=_("Dogs, chemicals, open pits."))
    instructions = models.TextField(_("instructions"), blank=True, max_length=2000)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[known_zone])
    retention_days = models.PositiveSmallIntegerField(
        _("pictures and videos are kept"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("days; then they are erased, unless an incident they belong to goes on or is on hold"),
    )

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="site_name_in_customer")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.organisation_id = self.customer.organisation_id
        super().save(*args, **kwargs)

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class SiteOwnedQuerySet(models.QuerySet):
    """Reads of anything that belongs to a site start at visible_to()."""

    def visible_to(self, user: "User", act: Act = Act.SEE) -> Any:
        return self.filter(scoped(user, act, organisation="organisation", customer="site__customer", site="site"))


class SiteOwned(models.Model):
    """Abstract: a row of one site. Organisation is copied from the site, so that no query crosses tenants by a join."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, editable=False, related_name="+")
    site = models.ForeignKey(Site, models.PROTECT, related_name="%(class)ss")

    objects = SiteOwnedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.organisation_id = self.site.organisation_id
        super().save(*args, **kwargs)
