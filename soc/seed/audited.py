"""The blind audit of the demonstration's month: what was drawn by lot from what was held back, and what operators said of it.

Only what was drawn has a clip: the others of what nobody was shown were not kept. So each draw took all that could be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from cameras.context.facts import Context, Facts
from cameras.models import Candidate
from incidents.audit.disguise import OF, SAID
from incidents.audit.drawing import DAY, LATE, SEEDS, same_hour
from incidents.models import Alert, AuditCase, AuditDraw, Incident, KnownIntrusion
from incidents.models.incident import State
from responses.actions.playbooks import possible
from responses.models import PlaybookRun
from soc.core.models import Site
from soc.seed import keepsakes
from soc.seed.handled import Handling
from soc.seed.month import Sighting
from soc.seed.past import Past, numbers

ContextOf = Callable[[Site, Facts], Context]

PART: Final = 0.26  # of what was held back: a new centre wants to know soon
STAY_S: Final = 1.2


def write(
    past: Past,
    handling: Handling,
    sightings: dict[UUID, Sighting],
    held_back: list[Candidate],
    *,
    context_of: ContextOf,
    at: datetime,
) -> None:
    """Draws of all days whose cases are over by `at`. `held_back`: with their sightings by id."""
    by_day: dict[tuple[Site, datetime], list[Candidate]] = defaultdict(list)
    for candidate in held_back:
        day = candidate.captured_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        by_day[candidate.site, day].append(candidate)
    rng = Random(f"{past.rng.getrandbits(64)}")
    cases: list[tuple[AuditCase, Candidate]] = []
    for (site, day), found in by_day.items():
        made_at = day + DAY + LATE + timedelta(minutes=3)
        if made_at + DAY + timedelta(hours=2) > at:
            continue
        number = int(PART * len(found) + rng.random())
        cases += [(case, case.candidate) for case in _draw(past, site, day, found, number, made_at, rng)]
    shown = sorted(
        ((same_hour(candidate, after=case.drawn_at), case) for case, candidate in cases), key=lambda one: one[0]
    )
    for (when, case), spoken in zip(shown, numbers(len(shown)), strict=True):
        _show(past, handling, case, sightings[case.candidate.pk], when, spoken, context_of)


def know(past: Past, handling: Handling, *, at: datetime) -> None:
    """The clearest of what was real is shown to operators again one day."""
    for going in [one for one in handling.all if one.cause.spoken_to]:
        first = going.alerts[0].candidate
        if first.clip is not None:
            known = KnownIntrusion(
                id=past.pk(),
                organisation_id=first.site.organisation_id,
                candidate=first,
                added_by=None,
                added_at=going.at["closed"],
            )
            past.add(known)


def _draw(
    past: Past, site: Site, day: datetime, found: list[Candidate], number: int, made_at: datetime, rng: Random
) -> list[AuditCase]:
    seed = rng.randrange(SEEDS)
    drawn = rng.sample(sorted(found, key=lambda one: one.pk), number)
    draw = AuditDraw(
        id=past.pk(), site=site, starts_at=day, ends_at=day + DAY, made_at=made_at, seed=seed, rate=1.0, population=len(found),
        showable=number, drawn=number,
    )  # fmt: skip
    past.add(draw)
    span = {"starts_at": day.isoformat(), "ends_at": (day + DAY).isoformat()}
    told = {"seed": seed, "rate": 1.0, "population": len(found), "showable": number, "drawn": number}
    past.record("audit.drawn", draw, by=None, at=made_at, **span, **told)
    return [
        AuditCase(id=past.pk(), site=site, kind="sampled", candidate=candidate, seed=seed, drawn_at=made_at)
        for candidate in drawn
    ]


def _show(
    past: Past,
    handling: Handling,
    case: AuditCase,
    sighting: Sighting,
    at: datetime,
    number: int,
    context_of: ContextOf,
) -> None:
    """The copy, its incident, and the verdict that ends it."""
    original = case.candidate
    keepsakes.keep_small(past, original, sighting)
    stamps = handling.stamps(at, at, replace(sighting.cause, verdict="false", spoken_to=False))
    verdict_at = stamps["verdict"]
    owner = handling.desk.idle(at, verdict_at)
    handling.desk.hold(owner, at, verdict_at)
    copy = _copy(past, case, at, context_of)
    incident = Incident(
        id=past.pk(), site=case.site, number=number, family="intrusion", category=copy.category, priority=copy.priority,
        state=State.CLOSED, alert_count=1, owner=owner, token=1, last_alert_at=copy.captured_at, captured_at=copy.captured_at,
        received_at=copy.received_at, judged_at=copy.judged_at, queued_at=at, turn_at=at, painted_by="browser",
        painted_at=stamps["painted"],
        claimed_at=stamps["claimed"], evidence_shown_at=stamps["evidence_shown"], verdict_at=verdict_at, closed_at=verdict_at,
    )  # fmt: skip
    alert = Alert(
        id=past.pk(), site=case.site, incident=incident, candidate=copy, category=copy.category, priority=copy.priority,
        captured_at=copy.captured_at, raised_at=at,
    )  # fmt: skip
    case.incident, case.verdict, case.judged_by, case.revealed_at = incident, sighting.cause.verdict, owner, verdict_at
    for row in (copy, incident, alert, case):
        past.add(row)
    told = {"alert": alert.pk, "category": copy.category, "priority": copy.priority, "follows": None}
    past.record("incident.opened", incident, by=None, at=at, **told)
    past.record("incident.offered", incident, by=None, at=at, to=owner.pk)
    past.record("incident.painted", incident, by=owner, at=stamps["painted"], painted_by="browser")
    past.record("incident.claimed", incident, by=owner, at=stamps["claimed"], token=1)
    past.record("incident.stamped", incident, by=owner, at=stamps["evidence_shown"], stamp="evidence_shown")
    of = {"incident": incident.pk, "of": case.kind, "candidate": original.pk, "seed": case.seed}
    past.record("audit.revealed", case, by=owner, at=verdict_at, verdict=case.verdict, acted="", **of)
    past.record("incident.closed", incident, by=owner, at=verdict_at, outcome="", site_state="", verdict="")
    steps = possible(handling.playbook.body["steps"], [])
    done = {"state": "done", "at": stamps["evidence_shown"].isoformat(), "by": str(owner.pk), "answer": ""}
    run = PlaybookRun(id=past.pk(), site=case.site, incident=incident, playbook=handling.playbook, steps=steps)
    run.results = {step["id"]: done for step in steps if step["kind"] == "look"}
    past.add(run)


def _copy(past: Past, case: AuditCase, at: datetime, context_of: ContextOf) -> Candidate:
    """As `incidents.audit.disguise.copy_of` makes it."""
    original = case.candidate
    judged_at = at - timedelta(milliseconds=120)
    received_at = judged_at - (original.judged_at - original.received_at)
    captured_at = received_at - (original.received_at - original.captured_at)
    facts = Facts.from_json(original.facts)
    limit = max(facts.dwell_limit_s, facts.dwell_s)
    facts = replace(facts, at=captured_at, dwell_s=round(limit + STAY_S, 1))
    reasons: list[dict[str, Any]] = [dict(reason) for reason in original.reasons if reason["code"] in SAID - {"dwell"}]
    reasons.append({"code": "dwell", "seconds": facts.dwell_s, "limit": facts.dwell_limit_s})
    return Candidate(
        id=past.pk(), site=original.site, source="audit", camera=original.camera, zone=original.zone, category=original.category,
        dedup=f"{original.camera_id}:{case.pk}", captured_at=captured_at, received_at=received_at, judged_at=judged_at,
        evidence={**original.evidence, OF: str(original.pk)}, decision="raise", priority=original.priority, reasons=reasons,
        facts=facts.as_json(), context=context_of(original.site, facts).as_json(),
        policy=original.policy, policy_version=original.policy_version,
        clip=original.clip, snapshot=original.snapshot,
    )  # fmt: skip
