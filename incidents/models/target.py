import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from soc.core.models import Organisation

SHARE = [MinValueValidator(1), MaxValueValidator(100)]


class HandlingTarget(models.Model):
    """How soon an organisation wants incidents of one priority decided: two shares of them, each within its seconds from
    detection. Where there is no row the house targets count (`HANDLING_TARGETS` in the settings).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="handling_targets")
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=[(1, _("urgent")), (2, _("high")), (3, _("normal"))]
    )
    soon_s = models.PositiveIntegerField(_("most within"), help_text=_("seconds from detection to the verdict"))
    soon_share = models.FloatField(_("share of them"), validators=SHARE, help_text=_("percent"))
    late_s = models.PositiveIntegerField(_("nearly all within"), help_text=_("seconds from detection to the verdict"))
    late_share = models.FloatField(_("share of these"), validators=SHARE, help_text=_("percent"))

    class Meta:
        verbose_name = _("handling target")
        verbose_name_plural = _("handling targets")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "priority"], name="one_target_per_priority"),
            models.CheckConstraint(condition=Q(late_s__gt=F("soon_s")), name="target_late_after_soon"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.priority}"
