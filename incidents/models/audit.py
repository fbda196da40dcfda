import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.models import Candidate
from incidents.models.incident import Incident
from soc.core.models import Organisation, SiteOwned


class KnownIntrusion(models.Model):
    """A recorded intrusion whose truth is known, put before operators now and then as if it happened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="known_intrusions")
    # The incident it was: its clip, picture and category are shown again, at its own site.
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    enabled = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("known intrusion")
        verbose_name_plural = _("known intrusions")
        constraints = [models.UniqueConstraint(fields=["candidate"], name="known_intrusion_once")]

    def __str__(self) -> str:
        return f"{self.candidate_id}"


class AuditCase(SiteOwned):
    """One case of the blind audit: an ignored candidate drawn by lot, or a known intrusion, judged by an operator unawares."""

    class Kind(models.TextChoices):
        SAMPLED = "sampled", _("drawn from what was ignored")
        INJECTED = "injected", _("a known intrusion")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="audits", help_text="what is shown")
    seed = models.BigIntegerField(help_text="of the draw: it can be made again")
    drawn_at = models.DateTimeField()
    # Into the queue at this time, when nothing forbids it; null once it was, or was given up.
    due_at = models.DateTimeField(null=True)
    incident = models.OneToOneField(Incident, models.PROTECT, null=True, related_name="audit")
    verdict = models.CharField(max_length=20, blank=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revealed_at = models.DateTimeField(null=True)
    given_up = models.CharField(max_length=40, blank=True, help_text="why it never came: code")

    class Meta:
        verbose_name = _("audit case")
        verbose_name_plural = _("audit cases")
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="audit_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.candidate_id}"
