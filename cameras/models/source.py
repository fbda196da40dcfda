import hashlib
import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import SiteOwned


class SignalSource(SiteOwned):
    """A panel, button or system that reports over the REST door with a key of its own. Only the key's hash is kept."""

    name = models.CharField(_("name"), max_length=80)
    key_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    enabled = models.BooleanField(_("in use"), default=True)
    heartbeat_s = models.PositiveIntegerField(
        _("heartbeat expected every"), default=0, help_text=_("seconds; 0: none expected")
    )
    last_seen_at = models.DateTimeField(null=True, editable=False)
    lost_alert_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("signal source")
        verbose_name_plural = _("signal sources")

    def __str__(self) -> str:
        return f"{self.site.name} · {self.name}"

    @staticmethod
    def hash_key(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    def new_key(self) -> str:
        """Set a fresh key and return it: the only time it is seen."""
        key = secrets.token_urlsafe(32)
        self.key_sha256 = self.hash_key(key)
        return key
