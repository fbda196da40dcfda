"""What operators see of a case: a copy of the candidate as it would have come now. Nothing in it tells it from another.

The copy has the times of now, with the gaps that the candidate had; its clip and its picture; and the reasons that context would
give now for such a thing. Where the original was held back, those reasons are a pretence, as the whole case is, and are put right
when it is revealed. What is in the picture itself, a burnt-in clock or another season, is not disguised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from cameras.actions.candidates import Judged, facts_of, verdict_of
from cameras.context.facts import Facts
from cameras.context.fold import Fold
from cameras.models import EXERCISES, Candidate, Judging
from incidents.models import AuditCase

SOURCE: Final = "audit"
OF: Final = "of"  # in the copy's evidence: the id of the candidate that it is a copy of
# What an alarm may have among its reasons; what holds something back is none of these.
SAID: Final = frozenset({"armed", "disarmed", "seen", "dwell", "crossed"})
LONGEST_LAG: Final = timedelta(seconds=2)  # a candidate that waited out an outage is shown as if it had not
# From the verdict to the queue, and from a clip's end to its being stored.
QUEUED_S: Final = (0.04, 0.25)
STORED_S: Final = (0.8, 1.8)
STAYED_S: Final = (0.0, 1.5)  # longer than a zone asks for


class Implausible(Exception):
    """Such a thing would not be raised here now. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Pretence:
    """How context would judge such a thing now, as it is stored with a candidate."""

    priority: int
    reasons: list[dict[str, Any]]
    judged: Judged


def armed(reasons: list[dict[str, Any]]) -> bool | None:
    """The arm state that reasons name; None where it played no part."""
    codes = {reason.get("code") for reason in reasons}
    return True if "armed" in codes else False if "disarmed" in codes else None


def pretence(case: AuditCase, *, at: datetime) -> Pretence:
    """What context would say of such a thing if it came at `at` and stayed long enough.

    Raises Implausible where the site is in another arm state than it was (people belong there by day: a verdict would mean
    something else), where a known intrusion would not be raised, and after tampering, when anybody is a threat.
    """
    original = case.candidate
    facts = _facts(original, at=at)
    one = verdict_of(case.site, facts, fold=Fold())
    limit = one.policy.dwell_of(facts.zone, facts.category, armed=one.verdict.arm.armed, own=facts.dwell_limit_s)
    if facts.dwell_s < limit:
        stay = round(limit + Random(f"{case.pk}:stay").uniform(*STAYED_S), 1)
        facts = replace(facts, dwell_s=stay)
        one = verdict_of(case.site, facts, fold=Fold())
    verdict = one.verdict
    raised = verdict.decision == Candidate.Decision.RAISE
    if any(reason.code in {"runaway", "storm"} for reason in verdict.reasons):
        raise Implausible("storm")
    if verdict.category not in {"", original.category} or one.policy.unreadable:
        raise Implausible("tampered")
    if verdict.arm.armed != (armed(original.reasons) is not False) or (
        case.kind == AuditCase.Kind.INJECTED and not raised
    ):
        raise Implausible("state")
    reasons = [reason.as_json() for reason in verdict.reasons]
    if not raised:
        reasons = [reason for reason in reasons if reason["code"] in SAID]
        if limit and "dwell" not in {reason["code"] for reason in reasons}:
            reasons.append({"code": "dwell", "seconds": round(facts.dwell_s, 1), "limit": limit})
    return Pretence(verdict.priority, reasons, one)


def _facts(original: Candidate, *, at: datetime) -> Facts:
    if original.facts:
        return replace(Facts.from_json(original.facts), at=at)
    evidence = original.evidence  # from before facts were kept
    stayed = next((reason["seconds"] for reason in original.reasons if reason.get("seconds")), 0.0)
    seen = {"score": evidence.get("score"), "dwell_s": float(stayed), "zone": original.zone, "camera": original.camera}
    return facts_of(original.category, at, **seen)


def copy_of(case: AuditCase, *, at: datetime) -> Candidate:
    """The case's candidate as it would have come at `at`, stored; picture and clip come as with any.

    Raises Implausible.
    """
    original = case.candidate
    now = pretence(case, at=at)
    judging = Judging.objects.select_related("policy").filter(site=original.site_id).first()
    policy = judging.policy if judging else None
    dice = Random(f"{case.pk}:times")
    judged_at = at - timedelta(seconds=dice.uniform(*QUEUED_S))
    received_at = judged_at - _gap(original.received_at, original.judged_at)
    captured_at = received_at - _gap(original.captured_at, original.received_at)
    evidence = {key: value for key, value in original.evidence.items() if key != "lost"}
    copy = Candidate(
        site=original.site,
        source=SOURCE,
        camera=original.camera,
        zone=original.zone,
        category=original.category,
        dedup=f"{original.camera_id}:{case.pk}",
        captured_at=captured_at,
        clock_source=original.clock_source,
        clock_offset_s=original.clock_offset_s,
        received_at=received_at,
        judged_at=judged_at,
        evidence={**evidence, OF: str(original.pk)},
        decision=Candidate.Decision.RAISE,
        priority=now.priority,
        reasons=now.reasons,
        facts=now.judged.facts.as_json(),
        context=now.judged.context.as_json(),
        policy=policy,
        policy_version=now.judged.policy.version,
        model_sha256=original.model_sha256,
    )
    copy.save(force_insert=True)
    return copy


def _gap(first: datetime, then: datetime) -> timedelta:
    return min(max(then - first, timedelta()), LONGEST_LAG)


def clip_due(case: AuditCase, copy: Candidate) -> datetime:
    """When the clip of the copy could be whole, by what it shows: nobody films the future."""
    clip = case.candidate.clip
    assert clip is not None
    after = clip.started_at + timedelta(seconds=clip.duration_s) - case.candidate.captured_at
    dice = Random(f"{case.pk}:clip")
    return copy.captured_at + max(after, timedelta()) + timedelta(seconds=dice.uniform(*STORED_S))


def original_of(candidate: Candidate) -> Candidate | None:
    """The candidate that this one is a copy of, with what pictures need; None of one that is no copy."""
    of = candidate.evidence.get(OF)
    if candidate.source not in EXERCISES or not of:
        return None
    return Candidate.objects.select_related("site", "camera", "zone", "clip", "snapshot").get(pk=UUID(of))
