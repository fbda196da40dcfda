import hashlib
import json
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models.tenants import Organisation


class PublishedVersion(models.Model):
    """Abstract: one immutable version of something people follow (a policy, a playbook, a message).

    Immutable JSON and its SHA-256; a change is a new row with the next number, never an edit.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    number = models.PositiveIntegerField(_("version"))
    body = models.JSONField(_("content"), encoder=DjangoJSONEncoder)
    sha256 = models.CharField(max_length=64, editable=False)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValidationError(_("A published version is never edited: publish the next one."))
        self.sha256 = hashlib.sha256(json.dumps(self.body, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()
        super().save(*args, **kwargs)
