"""“A person, there, then: what would happen, and why?” The judge asked about something that nobody has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from cameras.actions.candidates import fold_of, judged, limit_of
from cameras.actions.circumstances import context_of
from cameras.actions.policies import in_force
from cameras.categories import CATEGORIES
from cameras.context.facts import Context, Expected, Facts
from cameras.context.fold import Fold
from cameras.context.policy import Policy, read, with_holidays
from cameras.context.verdict import Flip, Verdict
from cameras.models import Judging, PolicyDraft, Zone
from cameras.replaying.again import limit_in
from soc.core.models import Site

MOST_PEOPLE: Final = 200
MOST_DWELL_S: Final = 24 * 3600.0

PLANNED: Final = "planned"  # whoever is expected there then, as people have said
NOBODY: Final = "nobody"


@dataclass(frozen=True)
class Question:
    """What might be noticed. dwell_s: seconds in the zone, None for as long as it takes. score: the detector's, 0..1.

    expected: PLANNED, NOBODY, or a kind of `AccessWindow` of whom one is expected then, whatever people have said.
    """

    site: Site
    category: str
    at: datetime
    zone: Zone | None = None
    dwell_s: float | None = None
    people: int = 1
    score: float | None = None
    expected: str = PLANNED

    def facts(self) -> Facts:
        """Raises KeyError for a category that is not in the table."""
        CATEGORIES[self.category]
        zone = self.zone
        return Facts(
            category=self.category,
            at=self.at,
            zone=str(zone.pk) if zone else "",
            zone_kind=zone.kind if zone else "",
            camera=str(zone.camera_id) if zone else "",
            dwell_s=self.dwell_s or 0.0,
            dwell_limit_s=limit_of(zone, self.category),
            score=self.score,
            people=self.people,
        )


@dataclass(frozen=True)
class Answer:
    """What a policy makes of a question, with all that it was made from."""

    question: Question
    facts: Facts
    context: Context
    policy: Policy
    verdict: Verdict
    flip: Flip | None

    def as_json(self) -> dict[str, Any]:
        return {
            "decision": self.verdict.decision,
            "priority": self.verdict.priority,
            "reasons": [reason.as_json() for reason in self.verdict.reasons],
            "flip": self.flip.as_json() if self.flip else None,
            "policy_version": self.policy.version,
        }


def ask(question: Question, *, policy: Policy | None = None) -> Answer:
    """Answer by the policy in force, or by another one. Reads only; a question is stored nowhere.

    Raises KeyError for a category that is not in the table.
    """
    facts = question.facts()
    policy = policy or in_force(question.site)
    context = _expected(question, context_of(question.site, facts))
    fold = _fold(question)
    if question.dwell_s is None:
        facts = _long_enough(facts, context, policy, fold)
    found = judged(facts, context, policy, fold)
    return Answer(question, facts, context, policy, found.verdict, found.flip)


def read_draft(draft: PolicyDraft) -> Policy:
    """A draft as it would be judged by, were it published when it was kept. Raises PolicyRefused."""
    site = draft.site
    year = draft.kept_at.astimezone(site.zone_info).year
    return read(with_holidays(draft.body, around=year), time_zone=site.time_zone, version="draft")


def _long_enough(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Facts:
    """As long as it takes: exactly the limit that this policy asks for there."""
    limit = limit_in(judged(replace(facts, dwell_s=MOST_DWELL_S), context, policy, fold).verdict)
    return replace(facts, dwell_s=facts.dwell_limit_s if limit is None else limit)


def _expected(question: Question, context: Context) -> Context:
    if question.expected == PLANNED:
        return context
    if question.expected == NOBODY:
        return replace(context, expected=())
    somebody = Expected(
        id="asked", kind=question.expected, people=1, until=question.at + timedelta(hours=1), zones=frozenset(),
        vehicles=question.category == "vehicle",
    )  # fmt: skip
    return replace(context, expected=(somebody,))


def _fold(question: Question) -> Fold:
    """What earlier verdicts left behind: each entry knows from when until when it counts."""
    judging = Judging.objects.filter(site=question.site).first()
    return fold_of(judging) if judging else Fold()
