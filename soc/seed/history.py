"""A month of stored history for the demonstration: so that replay, funnel and audit have something to show on first run.

What was seen is a story (`month`); what was made of it is not: each sighting is judged by the policy that was in force, in
the order of its site, with the circumstances of its time. So a replay comes to the same, and a change to something else.
Written once, and never into a product where anybody has seen anything yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from django.db import connection, transaction

from cameras.actions.candidates import Judged, facts_of, judged
from cameras.actions.circumstances import MOST_DISMISSED
from cameras.actions.policies import locked_judging, readable, version_of
from cameras.context.facts import Context, Dismissed, Facts
from cameras.context.fold import Fold
from cameras.models import Camera, CameraHour, Candidate, Judging, Policy, Zone
from responses.models import Message, Playbook
from soc.core.models import Organisation, Site, User
from soc.seed import agreed, audited, keepsakes, month
from soc.seed.handled import Desk, Handling
from soc.seed.month import Sighting
from soc.seed.past import Past

ORGANISATION: Final = "Northlight Monitoring"
DEDUP: Final = "history:"
LEAST_STEP_S: Final = 0.1  # between pictures: a limit is noticed so much late at most


@dataclass
class Place:
    """One site as it was judged so far."""

    site: Site
    policies: list[Policy]
    circumstances: agreed.Circumstances
    cameras: dict[str, Camera]
    zones: dict[tuple[str, str], Zone]
    fold: Fold = field(default_factory=Fold)
    ordinal: int = 0
    track: int = 0

    def policy_at(self, at: datetime) -> Policy:
        """In force at `at`: the newest of those published by then; the first where it is from before."""
        return next((one for one in reversed(self.policies) if one.published_at <= at), self.policies[0])


def write(*, at: datetime) -> int:
    """Write the month before `at`; gives how many candidates. None where there is any candidate already."""
    with transaction.atomic(), connection.cursor() as cursor:
        # A month is judged between two statements: on a slow machine that takes longer than a transaction may be idle.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        organisation = Organisation.objects.select_for_update(no_key=True).get(name=ORGANISATION)
        if Candidate.objects.filter(organisation=organisation).exists():
            return 0
        rng = Random(f"nightdesk history {at.astimezone(month.LONDON).date().isoformat()}")
        past = Past(rng)
        places = _places(organisation, at=at)
        handling = _handling(organisation, past, rng)
        sightings = month.month(at)
        judged_now = [(_judge(places[one.site], one, handling, past, rng), one) for one in sightings]
        seen = {candidate.pk: sighting for candidate, sighting in judged_now}
        handling.finish()
        _count_frames(places, past, rng, at=at)
        keepsakes.keep(past, handling, seen, at=at)
        held_back = [
            candidate for candidate, sighting in judged_now if candidate.decision != "raise" and sighting.cause.film
        ]

        def context_of(site: Site, facts: Facts) -> Context:
            return _context(places[site.name], facts, handling)

        audited.write(past, handling, seen, held_back, context_of=context_of, at=at)
        audited.know(past, handling, at=at)
        past.keep()
        for place in places.values():
            _leave(place)
    return len(seen)


def _places(organisation: Organisation, *, at: datetime) -> dict[str, Place]:
    found = {}
    people = {user.username: user for user in User.objects.filter(username__in=["noor", "ines", "tomas"])}
    for site in Site.objects.filter(organisation=organisation).select_related("customer", "organisation"):
        cameras = {camera.name: camera for camera in Camera.objects.filter(site=site)}
        for camera in cameras.values():
            camera.site = site
        zones = {}
        for zone in Zone.objects.filter(site=site).select_related("camera"):
            zone.site = site
            zones[zone.camera.name, zone.name] = zone
        policies = agreed.publish_versions(site, zones, by=people["noor"], at=at)
        circumstances = agreed.circumstances(site, zones, people, at=at)
        found[site.name] = Place(site, policies, circumstances, cameras, zones)
    return found


def _handling(organisation: Organisation, past: Past, rng: Random) -> Handling:
    desk = Desk([User.objects.get(username=name) for name in ("ines", "tomas", "noor")])
    playbook = Playbook.objects.filter(organisation=organisation, body__families__contains="intrusion").latest("number")
    message = Message.objects.filter(organisation=organisation, body__audio="live-camera.wav").latest("number")
    return Handling(past, rng, desk, playbook=playbook, message=message)


def _judge(place: Place, sighting: Sighting, handling: Handling, past: Past, rng: Random) -> Candidate:
    """Judge one sighting as the line would have, and hand it on where it was raised."""
    zone, camera = place.zones[sighting.camera, sighting.zone], place.cameras[sighting.camera]
    captured = sighting.at.astimezone(UTC)
    received = captured + timedelta(milliseconds=rng.randrange(60, 190))
    judged_at = received + timedelta(milliseconds=rng.randrange(8, 40))
    policy = place.policy_at(judged_at)
    one = _seen(place, sighting, zone, camera, captured, policy, handling)
    place.ordinal += 1
    place.track += 1
    candidate = Candidate(
        id=past.pk(), site=place.site, source="camera", camera=camera, zone=zone, dedup=f"{DEDUP}{place.site.pk}:{place.ordinal}",
        captured_at=captured, received_at=received, judged_at=judged_at, evidence=_evidence(sighting, place.track),
        ordinal=place.ordinal, category=one.verdict.category or one.facts.category, decision=one.verdict.decision,
        priority=one.verdict.priority, reasons=[reason.as_json() for reason in one.verdict.reasons], facts=one.facts.as_json(),
        context=one.context.as_json(), flip=one.flip.as_json() if one.flip else None, policy=policy,
        policy_version=version_of(policy), stayed_s=sighting.stayed_s,
    )  # fmt: skip
    place.fold = one.folded(place.ordinal)
    past.add(candidate)
    kind = {"raise": "candidate.raised", "watch": "candidate.watched", "ignore": "candidate.ignored"}[
        candidate.decision
    ]
    past.record(
        kind, candidate, by=None, at=judged_at, category=candidate.category, priority=candidate.priority, camera=camera.pk,
        zone=zone.pk, reasons=[reason.code for reason in one.verdict.reasons],
    )  # fmt: skip
    if candidate.decision == "raise":
        handling.raised(candidate, sighting.cause)
    return candidate


def _seen(
    place: Place, sighting: Sighting, zone: Zone, camera: Camera, at: datetime, policy: Policy, handling: Handling
) -> Judged:
    """Reported as soon as they had stayed for as long as is asked for, or when they had gone before."""
    compiled = readable(policy, place.site)

    def after(dwell_s: float) -> Judged:
        facts = facts_of(
            sighting.category, at, zone=zone, camera=camera, dwell_s=dwell_s, score=sighting.score, people=sighting.people,
            box=sighting.box,
        )  # fmt: skip
        return judged(facts, _context(place, facts, handling), compiled, place.fold)

    to_the_end = after(sighting.stayed_s)
    limit = next((reason.params["limit"] for reason in to_the_end.verdict.reasons if reason.code == "dwell"), None)
    if limit is None:
        return to_the_end if to_the_end.verdict.decision != "ignore" else after(min(sighting.stayed_s, zone.dwell_s))
    return after(round(min(sighting.stayed_s, limit + LEAST_STEP_S), 1))


def _context(place: Place, facts: Facts, handling: Handling) -> Context:
    """As `cameras.actions.circumstances.context_of` would have read it from the rows of that time."""
    lately = [
        Dismissed(
            ordinal=candidate.ordinal or 0, at=at, camera=facts.camera, zone=str(candidate.zone_id), category=candidate.category,
            box=tuple(candidate.evidence["box"]),
        )
        for at, candidate in handling.dismissed(place.site, facts.at)
        if str(candidate.camera_id) == facts.camera and candidate.category == facts.category
    ]  # fmt: skip
    return place.circumstances.context(facts.at, dismissed=tuple(lately[-MOST_DISMISSED:]))


def _evidence(sighting: Sighting, track: int) -> dict[str, Any]:
    left, top, right, bottom = sighting.box
    step = 0.05 if left < 0.5 else -0.05
    begun = [round(left - step, 3), top, round(right - step, 3), bottom]
    path = [[0.0, *begun], [sighting.stayed_s, *sighting.box]]
    return {"track": track, "label": "person", "score": sighting.score, "box": list(sighting.box), "path": path}


def _count_frames(places: dict[str, Place], past: Past, rng: Random, *, at: datetime) -> None:
    """The wide end of the funnel, hour by hour."""
    for place in places.values():
        for camera in place.cameras.values():
            for hour in _hours(month.first_day(at), at):
                captured, moved, inferred = month.frames(camera.name, hour, rng)
                past.add(
                    CameraHour(
                        id=past.pk(),
                        site=place.site,
                        camera=camera,
                        hour=hour,
                        captured=captured,
                        moved=moved,
                        inferred=inferred,
                    )
                )


def _hours(first: datetime, until: datetime) -> Iterator[datetime]:
    """Every whole hour, by UTC, that was over by `until`."""
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour + timedelta(hours=1) <= until:
        yield hour
        hour += timedelta(hours=1)


def _leave(place: Place) -> None:
    """The order of verdicts goes on from there."""
    row = locked_judging(place.site)
    Judging.objects.filter(pk=row.pk).update(ordinal=place.ordinal, fold=place.fold.as_json())
