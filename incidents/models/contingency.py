import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import Organisation


class ContingencyKey(models.Model):
    """What a centre's contingency packs are sealed with. The private key lies here locked by a phrase that only people have:
    this server can seal a pack and open none. A new one follows the old; the newest counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="contingency_keys")
    public = models.TextField(help_text="RSA public key, PEM")
    # {"kdf": "PBKDF2-SHA256", "iterations": n, "salt": b64, "iv": b64, "private": b64 of the PKCS 8 key under AES-256-GCM}
    locked = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("contingency key")
        verbose_name_plural = _("contingency keys")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.organisation} {self.at:%Y-%m-%d}"
