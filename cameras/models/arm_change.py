from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models.source import SignalSource
from soc.core.models import SiteOwned


class ArmChange(SiteOwned):
    """Somebody armed or disarmed a site that is not left to its schedule: who, how, when, and until when.

    A customer's toggle holds until `until` or the schedule's next border, whichever is first; a panel's until its next one.
    """

    class How(models.TextChoices):
        PORTAL = "portal", _("on the customer's page")
        PHONE = "phone", _("by phone, with a passcode")
        PANEL = "panel", _("at the panel")

    armed = models.BooleanField()
    how = models.CharField(max_length=10, choices=How.choices)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey(SignalSource, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    scheduled = models.BooleanField(default=False, help_text="within an opening or closing window")
    # The alarm that this is by itself, at this time unless it is undone before; NULL once it was raised, or where there is none.
    alert = models.CharField(max_length=30, blank=True, help_text="a category: disarmed unannounced, opened early")
    alert_by = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("arming by hand")
        verbose_name_plural = _("armings by hand")
        indexes = [
            models.Index(fields=["site", "-at"], name="arm_change_by_site"),
            models.Index(fields=["alert_by"], condition=models.Q(alert_by__isnull=False), name="arm_change_alert_by"),
        ]

    def __str__(self) -> str:
        return f"{'armed' if self.armed else 'disarmed'} {self.at:%Y-%m-%d %H:%M}"
