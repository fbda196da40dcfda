"""Candidates: judged by context, stored with the verdict, and given what proves them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from cameras.actions.angles import want_angles
from cameras.actions.circumstances import context_of
from cameras.actions.policies import in_force, next_turn, published, readable, version_of
from cameras.categories import category as entry_of
from cameras.context.facts import Box, Context, Facts
from cameras.context.fold import Fold
from cameras.context.judge import Flip, Verdict, flip, judge
from cameras.context.policy import Policy, unreadable
from cameras.models import Camera, Candidate, Judging, SignalSource, Zone
from soc.core import events
from soc.core.models import Media, Site

log = logging.getLogger(__name__)

EVENT = {"raise": "candidate.raised", "watch": "candidate.watched", "ignore": "candidate.ignored"}


@dataclass(frozen=True)
class Judged:
    """A verdict and all that it was made from: what was seen, the circumstances, the policy, what earlier verdicts left."""

    facts: Facts
    context: Context
    policy: Policy
    fold: Fold
    verdict: Verdict

    @property
    def flip(self) -> Flip | None:
        """The least change that would have turned it. A stumble of this search loses no alarm: then there is none."""
        try:
            return flip(self.facts, self.context, self.policy, self.fold, self.verdict)
        except Exception:
            log.exception("no flip of %s by policy %s", self.facts, self.policy.version)
            return None

    def folded(self, ordinal: int) -> Fold:
        """What this verdict leaves behind for those after it. Nor may this lose an alarm."""
        try:
            return self.fold.after(self.facts, self.context, self.verdict, ordinal)
        except Exception:
            log.exception("what verdict %s of %s leaves behind cannot be told", ordinal, self.facts)
            return self.fold


def limit_of(zone: Zone | None, category: str) -> float:
    """How many seconds in the zone it asks for itself: none to cross its line, the loitering time to loiter."""
    if zone is None or category == "line_crossing":
        return 0.0
    return zone.loiter_s if category == "loitering" else zone.dwell_s


def facts_of(
    category: str,
    at: datetime,
    *,
    zone: Zone | None = None,
    camera: Camera | None = None,
    dwell_s: float = 0.0,
    score: float | None = None,
    people: int = 1,
    box: Box | None = None,
    blind: int = 0,
    cameras: int = 0,
    unseen: bool = False,
) -> Facts:
    """What a sensor reports, as it is judged and stored. Raises KeyError for a category that is not in the table."""
    entry_of(category)
    camera_id = camera.pk if camera else zone.camera_id if zone else ""
    return Facts(
        category=category,
        at=at,
        zone=str(zone.pk) if zone else "",
        zone_kind=zone.kind if zone else "",
        camera=str(camera_id),
        dwell_s=dwell_s,
        dwell_limit_s=limit_of(zone, category),
        score=score,
        people=people,
        box=box,
        blind=blind,
        cameras=cameras,
        unseen=unseen,
    )


def verdict_of(site: Site, facts: Facts, *, fold: Fold | None = None) -> Judged:
    """What the policy in force makes of something noticed, in the circumstances of its time. Writes nothing.

    fold: what earlier verdicts left behind; None for what they left so far.
    """
    if fold is None:
        judging = Judging.objects.filter(site=site).first()
        fold = fold_of(judging) if judging else Fold()
    return judged(facts, context_of(site, facts), in_force(site), fold)


def judged(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Judged:
    """Where the judge itself stumbles over a policy, that one cannot be read: told as an error, and everything is raised."""
    try:
        return Judged(facts, context, policy, fold, judge(facts, context, policy, fold))
    except Exception:
        log.exception("policy %s cannot judge %s: it is raised", policy.version, facts)
        policy = unreadable(policy.version)
        return Judged(facts, context, policy, fold, judge(facts, context, policy, fold))


def fold_of(judging: Judging) -> Fold:
    """What earlier verdicts of a site left behind. Where it cannot be read: nothing, so that nothing cools down."""
    try:
        return Fold.from_json(judging.fold)
    except Exception:
        log.exception("what verdicts of site %s left behind cannot be read", judging.site_id)
        return Fold()


def commit_candidate(
    *,
    site: Site,
    source: str,
    category: str,
    captured_at: datetime,
    received_at: datetime,
    judged_at: datetime,
    dedup: str,
    camera: Camera | None = None,
    zone: Zone | None = None,
    signal_source: SignalSource | None = None,
    evidence: dict[str, Any] | None = None,
    clock_source: str = "arrival",
    clock_offset_s: float = 0.0,
    dwell_s: float = 0.0,
    score: float | None = None,
    people: int = 1,
    model_sha256: str = "",
    blind: int = 0,
    cameras: int = 0,
    unseen: bool = False,
    looked: bool = False,
) -> Candidate:
    """Judge what was noticed and store it with its verdict and all that it was judged by, in one transaction. Idempotent
    by `dedup`; with `looked` the caller has just found that there is none of it yet, and begins its transaction anew where
    another one was quicker (IntegrityError).

    The site's order of verdicts is locked from before the policy is read until the candidate is stored: no candidate is
    judged by two versions, each has the next ordinal, and what one verdict leaves behind is there for the next.

    Raises KeyError for a category that is not in the table, OperationalError while the database is away: the caller
    keeps what it has and tries again.
    """
    if not looked and (known := Candidate.objects.filter(dedup=dedup).first()):
        return known
    box = (evidence or {}).get("box")
    captured_at = min(captured_at, received_at)  # a camera's clock a little ahead of ours: it was not after the arrival
    facts = facts_of(
        category,
        captured_at,
        zone=zone,
        camera=camera,
        dwell_s=dwell_s,
        score=score,
        people=people,
        box=(box[0], box[1], box[2], box[3]) if box else None,
        blind=blind,
        cameras=cameras,
        unseen=unseen,
    )
    context = context_of(site, facts)
    candidate = Candidate(
        site=site,
        source=source,
        camera=camera,
        zone=zone,
        signal_source=signal_source,
        dedup=dedup,
        captured_at=captured_at,
        clock_source=clock_source,
        clock_offset_s=clock_offset_s,
        received_at=received_at,
        judged_at=max(judged_at, received_at),
        evidence=evidence or {},
        model_sha256=model_sha256,
    )
    if looked:
        return _store(candidate, facts, context)  # a savepoint would cost two more ways to the database
    try:
        with transaction.atomic():
            return _store(candidate, facts, context)
    except IntegrityError:
        if known := Candidate.objects.filter(dedup=dedup).first():
            return known  # committed while we judged: what was written here, the ordinal too, is taken back
        raise


def _store(candidate: Candidate, facts: Facts, context: Context) -> Candidate:
    """Judge and store, with the site's order of verdicts locked."""
    judging = next_turn(candidate.site)
    policy, fold = published(judging.policy_id), fold_of(judging)
    one = judged(facts, context, readable(policy, candidate.site), fold)
    verdict, turned = one.verdict, one.flip
    candidate.ordinal = judging.ordinal
    candidate.category = verdict.category or facts.category
    candidate.decision, candidate.priority = verdict.decision, verdict.priority
    candidate.reasons = [reason.as_json() for reason in verdict.reasons]
    candidate.facts, candidate.context = facts.as_json(), context.as_json()
    candidate.flip = turned.as_json() if turned else None
    candidate.policy, candidate.policy_version = policy, version_of(policy)
    candidate.save(force_insert=True)
    if (folded := one.folded(judging.ordinal).as_json()) != judging.fold:
        Judging.objects.filter(pk=judging.pk).update(fold=folded)
    want_angles(candidate)
    events.record(
        EVENT[verdict.decision],
        candidate,
        by=None,
        at=candidate.judged_at,
        category=candidate.category,
        priority=verdict.priority,
        camera=candidate.camera_id,
        zone=candidate.zone_id,
        reasons=[reason.code for reason in verdict.reasons],
    )
    return candidate


def attach_evidence(
    candidate: Candidate, *, at: datetime, clip: Media | None = None, snapshot: Media | None = None
) -> None:
    """Give a candidate its clip or snapshot once they are stored."""
    given = {name: media for name, media in (("clip", clip), ("snapshot", snapshot)) if media is not None}
    if not given:
        return
    with transaction.atomic():
        Candidate.objects.filter(pk=candidate.pk).update(**given)
        hashes = {name: media.sha256 for name, media in given.items()}
        events.record("evidence.ready", candidate, by=None, at=at, **hashes)
