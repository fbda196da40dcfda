"""What the sensing side writes: candidates with their verdict, and how cameras are."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from cameras.context.arming import arm_state
from cameras.context.policy import Context, Facts, judge
from cameras.models import Camera, Candidate, SignalSource, Zone
from soc.core import events
from soc.core.models import Media, Site

EVENT = {"raise": "candidate.raised", "watch": "candidate.watched", "ignore": "candidate.ignored"}

# After a crash of the process that a suspect camera has to itself: how long it is left alone, doubling.
FIRST_RETRY_S, LONGEST_RETRY_S = 30.0, 600.0
CRASHES = (
    "What answers there makes the decoder crash; it is not watched. It is tried again later, in a process of its own."
)


def context_of(site: Site, *, at: datetime, dwell_limit_s: float = 0.0) -> Context:
    """The circumstances of a site at `at`, frozen."""
    state = arm_state([row.interval() for row in site.armingintervals.all()], site.zone_info, at)
    return Context(
        armed=state.armed,
        arm_owner=state.owner,
        armed_since=state.since,
        armed_until=state.until,
        local_time=at.astimezone(site.zone_info).isoformat(timespec="seconds"),
        dwell_limit_s=dwell_limit_s,
    )


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
) -> Candidate:
    """Judge what was noticed and store it with its verdict and frozen context, in one transaction. Idempotent by `dedup`.

    Raises KeyError for a category that is not in the table, OperationalError while the database is away: the caller
    keeps what it has and tries again.
    """
    if known := Candidate.objects.filter(dedup=dedup).first():
        return known
    context = context_of(site, at=captured_at, dwell_limit_s=zone.dwell_s if zone else 0.0)
    facts = Facts(category, captured_at, zone.kind if zone else "", dwell_s, score)
    verdict = judge(facts, context)
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


def _locked(camera_id: UUID) -> Camera | None:
    """The camera's row with its site, locked; None where it was deleted meanwhile, and nothing is left to be said of it."""
    rows = Camera.objects.select_for_update(of=("self",)).select_related("site")
    return rows.filter(pk=camera_id).first()


def camera_back(camera_id: UUID, *, at: datetime) -> None:
    """A picture again: marked, and nothing is closed by it."""
    with transaction.atomic():
        row = _locked(camera_id)
        if row is None or row.health == Camera.Health.ONLINE:
            return
        was = row.health
        Camera.objects.filter(pk=row.pk).update(
            health=Camera.Health.ONLINE, health_since=at, trouble="", lost_alert_at=None
        )
        if was == Camera.Health.OFFLINE:
            events.record("camera.back", row, by=None, at=at)


def camera_lost(camera_id: UUID, *, code: str, words: str, at: datetime) -> None:
    """No picture: the state changes at once, the alert follows when it has lasted (cameras.health)."""
    words = words[:240]
    with transaction.atomic():
        row = _locked(camera_id)
        if row is None:
            return
        if row.health == Camera.Health.OFFLINE:
            if row.trouble != words:
                Camera.objects.filter(pk=row.pk).update(trouble=words)
            return
        Camera.objects.filter(pk=row.pk).update(health=Camera.Health.OFFLINE, health_since=at, trouble=words)
        events.record("camera.lost", row, by=None, at=at, code=code)


def camera_drifts(camera_id: UUID, *, offset_s: float, at: datetime) -> None:
    """Its clock is wrong by `offset_s` (camera minus ours): flagged, and one technical alert until it is right again."""
    with transaction.atomic():
        row = _locked(camera_id)
        if row is None:
            return
        Camera.objects.filter(pk=row.pk).update(drifting=True, clock_offset_s=offset_s)
        if row.drifting:
            return
        commit_candidate(
            site=row.site,
            source="system",
            category="drift",
            camera=row,
            captured_at=at,
            received_at=at,
            judged_at=at,
            dedup=f"drift:{row.pk}:{at.isoformat()}",
            evidence={"offset_s": round(offset_s, 1)},
        )


def camera_on_time(camera_id: UUID) -> None:
    """Its clock is right again: the next time it is not counts anew."""
    Camera.objects.filter(pk=camera_id, drifting=True).update(drifting=False, clock_offset_s=None)


def suspect_camera(camera_id: UUID, *, at: datetime) -> None:
    """A process crashed with this camera's bytes in its decoder. The camera goes to a process of its own.

    The first time at once. A camera that was suspect already waits, twice as long each time, and is lost meanwhile.
    """
    with transaction.atomic():
        row = _locked(camera_id)
        if row is None:
            return
        again = row.suspect_since is not None
        crashes = row.crashes + 1
        wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(crashes - 2, 20)) if again else 0.0
        Camera.objects.filter(pk=row.pk).update(
            suspect_since=row.suspect_since or at,
            crashes=crashes,
            retry_at=at + timedelta(seconds=wait_s),
            leased_by="",  # whoever held it is dead
            leased_until=None,
        )
        events.record("camera.suspected", row, by=None, at=at, crashes=crashes)
        if again:
            camera_lost(camera_id, code="crashed", words=CRASHES, at=at)


def clear_camera(camera_id: UUID, *, at: datetime) -> None:
    """Watched long enough without a crash: any process may have it again. How often it crashed is remembered."""
    with transaction.atomic():
        row = _locked(camera_id)
        if row is None or row.suspect_since is None:
            return
        Camera.objects.filter(pk=row.pk).update(suspect_since=None, retry_at=None)
        events.record("camera.cleared", row, by=None, at=at)
