import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cameras.models import Candidate
from incidents.models.incident import Incident
from soc.core.models import Organisation, SiteOwned
from soc.core.models.tenants import SiteOwnedQuerySet
from soc.core.rights import Act, scoped

if TYPE_CHECKING:
    from soc.core.models import User


class KnownIntrusionQuerySet(models.QuerySet):
    def visible_to(self, user: "User", act: Act = Act.AUDIT_RESULTS) -> "KnownIntrusionQuerySet":
        of = scoped(
            user, act, organisation="organisation", customer="candidate__site__customer", site="candidate__site"
        )
        return self.filter(of)


class KnownIntrusion(models.Model):
    """A recorded intrusion whose truth is known, put before operators now and then as if it happened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="known_intrusions")
    # The incident it was: its clip, picture and category are shown again, at its own site.
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    enabled = models.BooleanField(_("in use"), default=True)

    objects = KnownIntrusionQuerySet.as_manager()

    class Meta:
        verbose_name = _("known intrusion")
        verbose_name_plural = _("known intrusions")
        constraints = [models.UniqueConstraint(fields=["candidate"], name="known_intrusion_once")]

    def __str__(self) -> str:
        return f"{self.candidate_id}"


class AuditDraw(SiteOwned):
    """One draw by lot from what was held back at a site in a time: whoever repeats it with its seed draws the same cases.

    The draw of a day takes its share; that of a week takes what the week still lacks of its least number.
    """

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    seed = models.BigIntegerField()
    rate = models.FloatField(help_text="the share that was asked for, 0..1")
    population = models.PositiveIntegerField(help_text="what was held back in that time")
    showable = models.PositiveIntegerField(help_text="and still has its clip: drawn from these")
    drawn = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("draw of the blind audit")
        verbose_name_plural = _("draws of the blind audit")
        constraints = [
            models.UniqueConstraint(fields=["site", "starts_at", "ends_at"], name="audit_draw_once"),
            models.CheckConstraint(name="audit_draw_ends", condition=Q(ends_at__gt=F("starts_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.starts_at:%Y-%m-%d} {self.drawn} of {self.population}"


class AuditCaseQuerySet(SiteOwnedQuerySet):
    def visible_to(self, user: "User", act: Act = Act.AUDIT_RESULTS) -> "AuditCaseQuerySet":
        """For those who read results; what is not revealed yet is for nobody, since they may handle incidents as well."""
        rows: AuditCaseQuerySet = super().visible_to(user, act)
        return rows

    def revealed(self) -> "AuditCaseQuerySet":
        return self.filter(revealed_at__isnull=False)


class AuditCase(SiteOwned):
    """One case of the blind audit: an ignored candidate drawn by lot, or a known intrusion, judged by an operator unawares.

    What operators see is a copy of the candidate (`source` "audit") with fresh times, in an incident of its own.
    """

    class Kind(models.TextChoices):
        SAMPLED = "sampled", _("drawn from what was ignored")
        INJECTED = "injected", _("a known intrusion")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    candidate = models.ForeignKey(
        Candidate, models.PROTECT, related_name="audits", help_text="what is shown: the one that was, not its copy"
    )
    seed = models.BigIntegerField(help_text="of the draw: it can be made again")
    drawn_at = models.DateTimeField()
    # Into the queue at this time, when nothing forbids it, and then its clip; null once all of it was, or it was given up.
    due_at = models.DateTimeField(null=True)
    incident = models.OneToOneField(Incident, models.PROTECT, null=True, related_name="audit")
    verdict = models.CharField(max_length=20, blank=True)
    acted = models.CharField(max_length=20, blank=True, help_text="what was tried before a verdict: it counts as real")
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revealed_at = models.DateTimeField(null=True)
    given_up = models.CharField(max_length=40, blank=True, help_text="why nobody judged it: code")

    objects = AuditCaseQuerySet.as_manager()  # type: ignore[misc]  # narrower than the base's, as meant

    class Meta:
        verbose_name = _("audit case")
        verbose_name_plural = _("audit cases")
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="audit_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.candidate_id}"
