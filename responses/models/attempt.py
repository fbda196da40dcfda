from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from incidents.models import Incident
from responses.models.contact import Responder
from responses.models.playbook import Message
from responses.models.relay import Relay
from soc.core.models import SiteOwned


class Attempt(SiteOwned):
    """One outward act. The row is committed before the act; after a time-out the provider is asked, never blindly retried."""

    class Kind(models.TextChoices):
        TALK = "talk", _("voice at the site")
        CALL = "call", _("call")
        TEXT = "text", _("text message")
        RELAY = "relay", _("light, siren or gate")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")  # committed, nobody has acted yet
        ACTING = "acting", _("in progress")  # a worker holds the lease: it may have happened
        PLACED = "placed", _("placed")  # the other side took it (provider id, or audio handed over)
        ANSWERED = "answered", _("answered")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unclear")  # being asked about

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="attempts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    responder = models.ForeignKey(Responder, models.PROTECT, null=True, related_name="attempts")
    paged = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="pages",
        help_text="somebody of the centre, told that nobody claims it",
    )
    camera = models.ForeignKey(Camera, models.PROTECT, null=True, related_name="attempts")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="attempts")
    relay = models.ForeignKey(Relay, models.PROTECT, null=True, related_name="attempts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    order = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="followers",
        help_text="the operator's order this one carries on",
    )
    dedup = models.CharField(max_length=200, unique=True, help_text="the same key press twice is one act")

    created_at = models.DateTimeField()
    acting_at = models.DateTimeField(null=True, help_text="when it was last begun")
    tries = models.PositiveSmallIntegerField(default=0, help_text="how often it was begun")
    leased_until = models.DateTimeField(
        null=True, help_text="begun: whose it is until then; else: looked at again then"
    )
    answer_by = models.DateTimeField(null=True, help_text="no answer until then: the next one is tried")
    # What is known to have happened. The status follows from these facts alone, so the order they arrive in does not matter.
    provider_id = models.CharField(max_length=64, blank=True, db_index=True)
    placed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_as = models.CharField(
        max_length=20, blank=True, help_text="the other side's word: completed, busy, no-answer, delivered …"
    )
    on_my_way_at = models.DateTimeField(null=True)
    on_site_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=240, blank=True)
    data = models.JSONField(default=dict, help_text="codes and numbers from the other side")

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes = [
            models.Index(fields=["leased_until"], condition=Q(leased_until__isnull=False), name="attempt_leased"),
            models.Index(fields=["answer_by"], condition=Q(answer_by__isnull=False), name="attempt_answer_by"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
