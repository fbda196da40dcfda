"""What one person asks for and another grants or refuses."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from soc.core.models.tenants import Organisation, Site, SiteOwnedQuerySet


class Approval(models.Model):
    """A second person's word on an act that one alone may not do. What is asked lies in `data` as it was asked, and is done as
    that or not at all. It waits until somebody decides; where nobody does in time, it is shown further up.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waits")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, editable=False, related_name="+")
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, related_name="approvals", help_text="null: of the whole centre"
    )
    kind = models.CharField(max_length=20)
    about = models.CharField(max_length=240, help_text="what it would change: one may wait for each")
    data = models.JSONField(default=dict)
    reason = models.CharField(max_length=240)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decide_by = models.DateTimeField(
        null=True, help_text="then it is shown further up; null: decided, or as far up as it goes"
    )
    level = models.PositiveSmallIntegerField(default=0, help_text="how often it was not decided in time")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=240, blank=True, help_text="what whoever decided said of it")

    objects = SiteOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.UniqueConstraint(fields=["kind", "about"], condition=Q(state="waiting"), name="one_approval_waits"),
            # Whoever asked is never the second person, whichever code it is that writes.
            models.CheckConstraint(
                condition=~Q(state__in=["granted", "refused"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=models.F("asked_by"))),
                name="approval_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "asked_at"], condition=Q(state="waiting"), name="approval_waiting"),
            models.Index(fields=["site"], condition=Q(state="waiting"), name="approval_at_site"),
            models.Index(fields=["decide_by"], condition=Q(decide_by__isnull=False), name="approval_decide_by"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.site is not None:
            self.organisation_id = self.site.organisation_id
        super().save(*args, **kwargs)
