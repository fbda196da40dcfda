"""People and their rights: a user has no role, a membership has."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soc.core.models.tenants import Customer, Organisation, Site
from soc.core.rights import Act, Role, allows, may_at
from soc.core.telephone import written_out


class User(AbstractUser):
    """Someone who logs in. Customers see a specialist by call-sign, never by name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call_sign = models.CharField(_("call-sign"), max_length=40, blank=True)
    phone = models.CharField(
        _("phone"),
        max_length=20,
        blank=True,
        validators=[written_out],
        help_text=_("on which they are paged while they are on call"),
    )
    # How they like their console: {"keys": {"R": "X"}, "single_keys": true}. Nothing in it opens anything.
    console = models.JSONField(default=dict, blank=True, editable=False)

    @property
    def sign(self) -> str:
        return self.call_sign or self.username

    def may(self, act: Act, site: Site) -> bool:
        """Whether some membership of this user allows `act` at this site."""
        return may_at(self, act, site)

    def may_anywhere(self, act: Act) -> bool:
        return any(allows(role, act) for role in self.roles())

    def roles(self) -> set[str]:
        return {membership.role for membership in self.memberships.all()}


class Membership(models.Model):
    """A right: one role over exactly one organisation, customer or site."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="memberships")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="memberships")
    site = models.ForeignKey(Site, models.CASCADE, null=True, blank=True, related_name="memberships")

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.CheckConstraint(
                name="membership_has_exactly_one_scope",
                condition=(
                    Q(organisation__isnull=False, customer__isnull=True, site__isnull=True)
                    | Q(organisation__isnull=True, customer__isnull=False, site__isnull=True)
                    | Q(organisation__isnull=True, customer__isnull=True, site__isnull=False)
                ),
                violation_error_message=_("Choose exactly one of organisation, customer or site."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.organisation or self.customer or self.site}"

    def clean(self) -> None:
        super().clean()
        if self.role in Role.of_centre() and not self.organisation_id and self.role != Role.INSTALLER:
            return  # a specialist may be kept to one customer or site
        if self.role in {Role.OWNER, Role.VIEWER} and self.organisation_id:
            raise ValidationError(
                {
                    "organisation": _(
                        "A customer's role is given for a customer or a site, not for the whole organisation."
                    )
                }
            )

    def scope(self) -> tuple[str, Any]:
        """("organisation" | "customer" | "site", id)."""
        for kind in ("organisation", "customer", "site"):
            if value := getattr(self, f"{kind}_id"):
                return kind, value
        raise ValueError("membership without a scope")
