"""Candidates: judged by context, stored with the verdict, and given what proves them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from cameras.actions.angles import want_angles
from cameras.context.arming import arm_state
from cameras.context.policy import SOMEBODY, Context, Facts, Impaired, Verdict, judge
from cameras.models import Camera, Candidate, Condition, SignalSource, Zone
from soc.core import events
from soc.core.models import Media, Site

EVENT = {"raise": "candidate.raised", "watch": "candidate.watched", "ignore": "candidate.ignored"}

TAMPERING = (Condition.Kind.BLINDED, Condition.Kind.MOVED, Condition.Kind.FROZEN)
TOLD_TAMPERING = ("blinded", "moved", "frozen", "site_lost")


def context_of(site: Site, *, at: datetime, dwell_limit_s: float = 0.0, somebody: bool = False) -> Context:
    """The circumstances of a site at `at`, frozen. somebody: a person is to be judged, for whom tampering counts."""
    tampering = last_tampering(site, at=at) if somebody else None
    state = arm_state([row.interval() for row in site.armingintervals.all()], site.zone_info, at)
    return Context(
        armed=state.armed,
        arm_owner=state.owner,
        armed_since=state.since,
        armed_until=state.until,
        local_time=at.astimezone(site.zone_info).isoformat(timespec="seconds"),
        dwell_limit_s=dwell_limit_s,
        tampered_at=tampering[0] if tampering else None,
        tamper_kind=tampering[1] if tampering else "",
    )


def last_tampering(site: Site, *, at: datetime) -> tuple[datetime, str] | None:
    """When a camera of the site was last blinded, moved or frozen, or all were lost, and which of these: seen by us or
    reported by the site itself, TAMPER_PERSON_S before `at` at most. A view moved on purpose is none.
    """
    between = (at - timedelta(seconds=settings.TAMPER_PERSON_S), at)
    seen = Condition.objects.filter(site=site, kind__in=TAMPERING, began_at__range=between)
    told = Candidate.objects.filter(
        site=site, category__in=TOLD_TAMPERING, captured_at__range=between, decision="raise"
    )
    found = [
        seen.exclude(detail__has_key="accepted").order_by("-began_at").values_list("began_at", "kind").first(),
        told.exclude(source="system", camera__isnull=False)
        .order_by("-captured_at")
        .values_list("captured_at", "category")
        .first(),
    ]
    return max((one for one in found if one is not None), default=None)


def limit_of(zone: Zone | None, category: str) -> float:
    """How many seconds in the zone this category asks for: none to cross its line, the loitering time to loiter."""
    if zone is None or category == "line_crossing":
        return 0.0
    return zone.loiter_s if category == "loitering" else zone.dwell_s


def verdict_of(
    site: Site,
    category: str,
    *,
    at: datetime,
    zone: Zone | None = None,
    dwell_s: float = 0.0,
    score: float | None = None,
    impaired: Impaired | None = None,
) -> tuple[Context, Verdict]:
    """What context makes of a thing noticed at `at`, and the context it is judged by. Writes nothing.

    Raises KeyError for a category that is not in the table.
    """
    context = context_of(site, at=at, dwell_limit_s=limit_of(zone, category), somebody=category in SOMEBODY)
    if impaired is not None:
        context = replace(context, impaired=impaired)
    return context, judge(Facts(category, at, zone.kind if zone else "", dwell_s, score), context)


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
    model_sha256: str = "",
    impaired: Impaired | None = None,
) -> Candidate:
    """Judge what was noticed and store it with its verdict and frozen context, in one transaction. Idempotent by `dedup`.

    Raises KeyError for a category that is not in the table, OperationalError while the database is away: the caller
    keeps what it has and tries again.
    """
    if known := Candidate.objects.filter(dedup=dedup).first():
        return known
    context, verdict = verdict_of(
        site, category, at=captured_at, zone=zone, dwell_s=dwell_s, score=score, impaired=impaired
    )
    if verdict.category and verdict.category != category:
        evidence = {
            **(evidence or {}),
            "noticed": category,
        }  # what the verdict was made of, so that it can be made again
        category = verdict.category
    candidate = Candidate(
        site=site,
        source=source,
        camera=camera,
        zone=zone,
        signal_source=signal_source,
        category=category,
        dedup=dedup,
        # A camera's clock a little ahead of ours must not put the capture after the arrival.
        captured_at=min(captured_at, received_at),
        clock_source=clock_source,
        clock_offset_s=clock_offset_s,
        received_at=received_at,
        judged_at=max(judged_at, received_at),
        evidence=evidence or {},
        decision=verdict.decision,
        priority=verdict.priority,
        reasons=[reason.as_json() for reason in verdict.reasons],
        context=context.as_json(),
        policy_version=context.policy_version,
        model_sha256=model_sha256,
    )
    try:
        with transaction.atomic():
            candidate.save(force_insert=True)
            want_angles(candidate)
            events.record(
                EVENT[verdict.decision],
                candidate,
                by=None,
                at=candidate.judged_at,
                category=category,
                priority=verdict.priority,
                camera=camera.pk if camera else None,
                zone=zone.pk if zone else None,
                reasons=[reason.code for reason in verdict.reasons],
            )
    except IntegrityError:
        return Candidate.objects.get(dedup=dedup)
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
