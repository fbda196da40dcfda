"""Who may sit at a desk and when: papers that must be in force, the roster, and what one shift hands to the next."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from incidents.models.shift import Shift
from soc.core.models import Organisation


class Credential(models.Model):
    """A paper without which nobody watches: its end is a date, the last day on which it is in force."""

    class Kind(models.TextChoices):
        LICENCE = "licence", _("licence")
        VETTING = "vetting", _("vetting")
        TRAINING = "training", _("training")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="credentials")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    valid_until = models.DateField(_("valid until"), help_text=_("the last day"))

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "user", "kind"], name="one_credential_of_a_kind")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_kind_display()}"


class RosterEntry(models.Model):
    """Who is expected at the desk, leads, or is on call, from when to when."""

    class Duty(models.TextChoices):
        OPERATOR = "operator", _("operator")
        LEAD = "lead", _("lead")
        ON_CALL = "on_call", _("on call")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="roster")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="roster")
    duty = models.CharField(_("duty"), max_length=10, choices=Duty.choices, default=Duty.OPERATOR)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("roster entry")
        verbose_name_plural = _("roster")
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="roster_entry_ends")]
        indexes = [models.Index(fields=["organisation", "ends_at", "starts_at"], name="roster_by_time")]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d %H:%M}"


class HandOver(models.Model):
    """What somebody was told when they sat down, item by item as it was worded then, and that they took it on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    shift = models.OneToOneField(Shift, models.PROTECT, related_name="hand_over")
    outgoing = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", help_text="who was at the desks then")
    # [{"key": "incident:<id>", "group": "incidents", "words": …, "accepted_at": ISO}], in the order in which it was shown
    items = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")

    def __str__(self) -> str:
        return f"{self.shift}"
