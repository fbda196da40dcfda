"""The incident: handling is its state, the verdict a field with history, the response clock its columns."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE, FSMField, transition

from incidents.outcomes import Outcome, SeenAs, SiteState, Verdict
from soc.core.models import SiteOwned
from soc.core.models.tenants import SiteOwnedQuerySet
from soc.core.rights import Act, Role, holds_only, scoped

if TYPE_CHECKING:
    from datetime import datetime

    from soc.core.models import User


class State(models.TextChoices):
    OPEN = "open", _("open")
    CLAIMED = "claimed", _("claimed")
    WORKING = "working", _("working")
    WAITING = "waiting", _("waiting")
    PARKED = "parked", _("parked")
    CLOSED = "closed", _("closed")


HELD = (State.CLAIMED, State.WORKING, State.WAITING)  # somebody owns it

DEADLINES = ("claim_by", "supervisor_by", "oncall_by", "verdict_by", "due_at")

# The response clock's main path, in order: its gaps sum to the total. Then the offsets, null where they do not apply.
MAIN_PATH = ("captured", "received", "judged", "queued", "painted", "claimed", "verdict", "closed")
OFFSETS = (
    "evidence_shown",
    "audio_sent",
    "audio_heard",
    "call_placed",
    "call_answered",
    "responder_accepted",
    "on_site",
)


def turn(captured_at: "datetime", queued_at: "datetime") -> "datetime":
    """By which it stands in the queue among those of its priority. Of several that were late the newest comes first."""
    age = queued_at - captured_at
    return queued_at + age if age > timedelta(seconds=settings.LATE_S) else queued_at


class IncidentQuerySet(SiteOwnedQuerySet):
    def visible_to(self, user: "User", act: Act = Act.SEE) -> "IncidentQuerySet":
        """As every row of a site; but one that nobody has looked at yet is for the centre alone, and so is a quiet one
        (hold-up, duress, panic) while it goes on: whoever forces a customer may be looking over their shoulder, at any
        door. A case of the blind audit or a drill never leaves the centre.
        """
        seen = super().visible_to(user, act)
        if holds_only(user, Role.of_centre()):
            return seen  # to ask of each row what is told to others costs a join and finds nothing more
        paths = {"organisation": "organisation", "customer": "site__customer", "site": "site"}
        of_centre = scoped(user, act, **paths, among=Role.of_centre())
        told = Q(claimed_at__isnull=False, audit__isnull=True, drill=False) & (Q(quiet=False) | Q(state=State.CLOSED))
        return seen.filter(of_centre | told)

    def in_earnest(self) -> "IncidentQuerySet":
        """Without drills and the cases of the blind audit, which are in no figure and nothing goes by them."""
        return self.filter(audit__isnull=True, drill=False)

    def as_known(self) -> "IncidentQuerySet":
        """The same for what is read while it goes on: a case of the blind audit counts until it is known for one, or the
        figures beside the queue would tell it from the rest."""
        return self.filter(drill=False).exclude(audit__revealed_at__isnull=False)

    def unfinished(self) -> "IncidentQuerySet":
        return self.exclude(state=State.CLOSED)

    def unclaimed(self) -> "IncidentQuerySet":
        return self.filter(state=State.OPEN)

    def held_by(self, user: "User") -> "IncidentQuerySet":
        return self.filter(owner=user, state__in=HELD)

    def by_urgency(self) -> "IncidentQuerySet":
        """Priority, then whose turn is first."""
        return self.order_by("priority", "turn_at", "number")


class Incident(SiteOwned):
    number = models.BigIntegerField(unique=True, editable=False, help_text="what people say aloud: ND-1042")
    family = models.CharField(max_length=10)
    category = models.CharField(max_length=30, help_text="the highest in rank of its alerts")
    quiet = models.BooleanField(default=False, help_text="nothing may be heard or seen at the site")
    quiet_lifted_at = models.DateTimeField(null=True, help_text="a supervisor let it be heard again")
    priority = models.PositiveSmallIntegerField()
    state = FSMField(default=State.OPEN, choices=State.choices, protected=True)
    drill = models.BooleanField(default=False, help_text="an announced exercise: nothing of it leaves the house")
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="followed_by")
    alert_count = models.PositiveIntegerField(default=0)
    # A runaway's one incident: what repeats at this camera, zone and class is counted here and does not sound. "" for others.
    counts = models.CharField(max_length=120, blank=True, editable=False)
    last_alert_at = models.DateTimeField()
    # Within its priority the earliest turn comes first. When it was queued; and of what came late, after an outage, so much
    # later as it is old: newest threat first.
    turn_at = models.DateTimeField()

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="incidents")
    token = models.BigIntegerField(
        default=0, help_text="fencing: grows with every claim; a write with an older one is refused"
    )
    absent_since = models.DateTimeField(null=True, help_text="the owner has gone: whoever handles may take it over")
    offered_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="offers")
    offered_at = models.DateTimeField(null=True)
    # Deadlines are columns; a sweep finds what has passed and sets each to NULL once acted on.
    claim_by = models.DateTimeField(null=True, help_text="then offered to all")
    supervisor_by = models.DateTimeField(null=True, help_text="then supervisors are shown it")
    oncall_by = models.DateTimeField(null=True, help_text="then it is shown to on-call")
    verdict_by = models.DateTimeField(null=True, help_text="no verdict after claim: supervisors are shown it")
    due_at = models.DateTimeField(null=True, help_text="parked: returns; waiting: look again")
    escalation = models.PositiveSmallIntegerField(default=0, help_text="0 one operator, 1 all, 2 supervisor, 3 on-call")
    reason = models.CharField(max_length=200, blank=True, help_text="why parked or waiting")

    verdict = models.CharField(max_length=20, choices=Verdict.choices, blank=True)
    outcome = models.CharField(max_length=50, choices=Outcome.choices, blank=True)
    site_state = models.CharField(max_length=20, choices=SiteState.choices, blank=True)
    seen_as = models.CharField(
        max_length=20, choices=SeenAs.choices, blank=True, help_text="who or what it turned out to be"
    )
    summary = models.TextField(blank=True, max_length=2000, help_text="what the customer reads")

    # On hold: its pictures and videos are kept, however old they grow.
    hold_at = models.DateTimeField(_("on hold since"), null=True)
    hold_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("put on hold by")
    )
    hold_reason = models.CharField(_("why it is on hold"), max_length=400, blank=True)

    captured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    judged_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    painted_at = models.DateTimeField(null=True)
    painted_by = models.CharField(max_length=10, blank=True, help_text="browser | script")
    claimed_at = models.DateTimeField(null=True)
    verdict_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    evidence_shown_at = models.DateTimeField(null=True)
    audio_sent_at = models.DateTimeField(null=True)
    audio_heard_at = models.DateTimeField(null=True)
    call_placed_at = models.DateTimeField(null=True)
    call_answered_at = models.DateTimeField(null=True)
    responder_accepted_at = models.DateTimeField(null=True)
    on_site_at = models.DateTimeField(null=True)

    objects = IncidentQuerySet.as_manager()  # type: ignore[misc]  # narrower than the base's, as meant

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        indexes = [
            models.Index(
                fields=["organisation", "priority", "turn_at"],
                condition=~Q(state="closed"),
                name="incident_queue",
            ),
            models.Index(fields=["site", "family", "-last_alert_at"], name="incident_fold"),
            # How soon what was detected in a span of time was decided.
            models.Index(fields=["organisation", "captured_at"], name="incident_detected"),
            models.Index(
                fields=["site", "counts"], condition=~Q(counts="") & ~Q(state="closed"), name="incident_counting"
            ),
            # Whether one goes on here: asked for every picture that an operator sees.
            models.Index(fields=["site"], condition=~Q(state="closed"), name="incident_goes_on"),
            # Few of many: asked for with every queue.
            models.Index(fields=["organisation"], condition=Q(state="parked"), name="incident_parked"),
            # What the sweeps ask every 250 ms, among any number of closed ones.
            models.Index(fields=["priority", "queued_at"], condition=Q(state="open"), name="incident_open"),
            models.Index(
                fields=["owner"], condition=Q(state__in=["claimed", "working", "waiting"]), name="incident_held"
            ),
            *(
                models.Index(fields=[column], condition=Q(**{f"{column}__isnull": False}), name=f"incident_{column}")
                for column in DEADLINES
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.turn_at = self.turn_at or turn(self.captured_at, self.queued_at)
        super().save(*args, **kwargs)

    @property
    def reference(self) -> str:
        return f"ND-{self.number}"

    @property
    def unattended(self) -> bool:
        """Nobody looks after it: it is in nobody's hands, or in those of somebody who has gone."""
        return self.state == State.OPEN or (self.state in HELD and self.absent_since is not None)

    @property
    def hushed(self) -> bool:
        """Whether nothing may be heard or seen at the site because of it."""
        return self.quiet and self.quiet_lifted_at is None

    @property
    def late_by(self) -> timedelta | None:
        """How old it was when it was queued, where that is more than LATE_S."""
        return self.queued_at - self.captured_at if self.turn_at > self.queued_at else None

    def refresh_from_db(self, using: Any = None, fields: Any = None, from_queryset: Any = None) -> None:
        # A protected FSM field refuses setattr, which Django's refresh uses: let it be loaded afresh instead.
        if fields is None or "state" in fields:
            self.__dict__.pop("state", None)
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)

    def clock(self) -> dict[str, "datetime | None"]:
        """Every stamp of the response clock by its name; what does not apply is None."""
        return {name: getattr(self, f"{name}_at") for name in MAIN_PATH + OFFSETS}

    # --- Transitions: they assign fields, actions tell the world. One per verb. A stamp is set once and never lies
    # before the one it follows, whichever machine's clock it came from.

    @transition(field=state, source=[State.OPEN, State.PARKED], target=State.CLAIMED)
    def claim(self, *, by: "User", at: "datetime") -> None:
        self.owner = by
        self.token += 1
        self.absent_since = None
        self.offered_to = self.offered_at = None
        self.claim_by = self.supervisor_by = self.oncall_by = self.due_at = None
        self.claimed_at = self.claimed_at or max(at, self.painted_at or self.queued_at)

    @transition(field=state, source=[State.CLAIMED, State.WORKING, State.WAITING], target=State.WORKING)
    def decide(self, *, verdict: str, at: "datetime") -> None:
        self.verdict = verdict
        self.verdict_at = self.verdict_at or max(at, self.claimed_at or at)
        self.verdict_by = self.due_at = None

    @transition(field=state, source=State.WORKING, target=State.WAITING)
    def wait(self, *, until: "datetime", reason: str) -> None:
        self.due_at, self.reason = until, reason

    @transition(field=state, source=State.WAITING, target=State.WORKING)
    def resume(self) -> None:
        self.due_at = None

    @transition(field=state, source=[State.CLAIMED, State.WORKING], target=State.PARKED)
    def park(self, *, until: "datetime", reason: str) -> None:
        self.due_at, self.reason, self.owner = until, reason, None
        self.verdict_by = self.absent_since = self.oncall_by = None

    @transition(field=state, source=list(HELD), target=State.OPEN)
    def release(self) -> None:
        self.owner = None
        self.token += 1
        self.verdict_by = self.due_at = self.absent_since = None

    @transition(field=state, source=State.PARKED, target=State.OPEN)
    def come_back(self) -> None:
        self.due_at = None

    @transition(field=state, source=list(HELD), target=State.CLOSED)
    def close(self, *, outcome: str, site_state: str, summary: str, at: "datetime") -> None:
        self.outcome, self.site_state, self.summary = outcome, site_state, summary
        self.closed_at = max(at, self.verdict_at or at)
        self.verdict_by = self.due_at = self.absent_since = self.oncall_by = None

    @transition(field=state, source=[State.OPEN, *HELD, State.PARKED], target=State.CLOSED)
    def end_exercise(self, *, at: "datetime") -> None:
        """A case of the blind audit was judged, or was withdrawn: it ends without verdict and outcome of an incident."""
        self.closed_at = max(at, self.verdict_at or at)
        self.claim_by = self.supervisor_by = self.oncall_by = self.verdict_by = self.due_at = None
        self.offered_to = self.offered_at = self.absent_since = None
        self.hold_at, self.hold_by, self.hold_reason = None, None, ""

    @transition(field=state, source=[State.OPEN, State.WORKING, State.PARKED, State.CLOSED], target=RETURN_VALUE(*HELD))
    def take_back(self, *, by: "User", state: str) -> str:
        """Whoever acted last undoes it, within seconds: theirs again, in the `state` of HELD from before."""
        self.owner = by
        self.absent_since = self.oncall_by = None
        return state

    @transition(field=state, source=State.CLOSED, target=State.OPEN)
    def reopen(self) -> None:
        self.owner = None
        self.token += 1
        self.outcome = self.site_state = ""
        self.closed_at = None
