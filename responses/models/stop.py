import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soc.core.models import Organisation


class DispatchStop(models.Model):
    """While one stands nobody is sent: neither by an operator nor by what carries an earlier order on. At most one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="dispatch_stops")
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("stop of all dispatches")
        verbose_name_plural = _("stops of all dispatches")
        constraints = [
            models.UniqueConstraint(fields=["organisation"], condition=Q(lifted_at=None), name="one_dispatch_stop")
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.at:%Y-%m-%d %H:%M}"
