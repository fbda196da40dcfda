from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from soc.core.models import PublishedVersion, Site, SiteOwned
from soc.core.models.tenants import SiteOwnedQuerySet


class Policy(PublishedVersion):
    """One version of a site's policy: schedules, rules, who owns the arm state. `cameras.context.policy.read` reads it.

    Numbers count by site. A change or a roll-back is the next version; none is ever edited or removed.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="policies")
    note = models.CharField(_("why it was changed"), max_length=240, blank=True)
    rolled_back_to = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="+")
    # What the replay over stored candidates found before it was published: counts, window, duration.
    replayed = models.JSONField(default=dict, editable=False)
    # A supervisor's word where incidents that were real would be lost.
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    signed_reason = models.CharField(max_length=400, blank=True, editable=False)

    objects = SiteOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="policy_version_of_site")]


class Judging(SiteOwned):
    """How candidates of a site are judged now: one row a site, locked by whoever judges or publishes.

    So candidates of a site have an order, and none is judged by two versions.
    """

    site = models.OneToOneField(Site, models.CASCADE, related_name="judging")
    policy = models.ForeignKey(
        Policy, models.PROTECT, null=True, related_name="+", help_text="in force; null: never armed"
    )
    ordinal = models.BigIntegerField(default=0, help_text="of the last candidate judged")
    # What earlier verdicts left behind: cool-downs, runaways. `cameras.context.fold` reads it.
    fold = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.site_id} {self.ordinal}"


class PolicyDraft(SiteOwned):
    """A change somebody is at work on: kept while they type, replayed before it is published."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="policy_draft")
    based_on = models.ForeignKey(Policy, models.PROTECT, null=True, related_name="+")
    body = models.JSONField()
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()
    # The last replay of exactly this body: {"sha256": …, "at": …, "newly_raised": n, "newly_hidden": n, "lost": [incident ids]}
    replayed = models.JSONField(default=dict)
    sign_asked_at = models.DateTimeField(null=True, help_text="a supervisor is asked to sign")

    def __str__(self) -> str:
        return f"draft of {self.site_id}"


class Dismissal(SiteOwned):
    """An operator called what a candidate showed false or authorised: enough of these in one place are a runaway.

    Written by a reaction to verdicts; taken back where the verdict is changed.
    """

    candidate = models.OneToOneField("cameras.Candidate", models.CASCADE, related_name="dismissal")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["site", "-at"], name="dismissal_by_site")]

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.at:%Y-%m-%d %H:%M}"
