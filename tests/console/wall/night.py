"""A night as a supervisor sees it: five at the desks, some incidents waiting, a day of decisions behind them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cameras.actions import muting
from cameras.models import Camera
from incidents import actions
from incidents.models import Incident, Shift
from soc.core.models import Event, Organisation, Site, User, Vitals
from tests import factories as make

PLACES = ("Tannery Row Storage", "Fenmoor Solar", "Corvane Autos", "Oakhurst School", "Halden Quay", "Quillon Yard")
_numbers = itertools.count(900_000)
NAMES = ("Ines", "Mara", "Tomas", "Noel", "Priya")


@dataclass
class Night:
    organisation: Organisation
    at: datetime
    sites: list[Site]
    people: dict[str, User]
    held: list[Incident]
    waiting: list[Incident]


def come(site: Site, *, at: datetime, zone: Any = None, **fields: Any) -> Incident:
    """An incident of something that was detected at `at`."""
    fields.setdefault("category", "person")
    candidate = make.make_candidate(site=site, zone=zone, at=at, **fields)
    return make.make_incident(candidate, at=at + timedelta(seconds=1))


def sit_down(user: User, organisation: Organisation, *, at: datetime, seen: datetime, **fields: Any) -> Shift:
    """On shift since `at`, their page heard of at `seen`."""
    return Shift.objects.create(
        user=user, organisation=organisation, started_at=at, seen_at=seen, awake_at=seen, active_at=seen, **fields
    )


def decided(
    site: Site, by: User, *, at: datetime, seconds: float, priority: int = 2, verdict: str = "false"
) -> Incident:
    """Not saved: detected at `at`, decided `seconds` later and closed."""
    return Incident(
        organisation=site.organisation,
        site=site,
        number=next(_numbers),
        family="intrusion",
        category="person",
        priority=priority,
        owner=by,
        state="closed",
        verdict=verdict,
        outcome="false.animal" if verdict == "false" else "genuine.attempt_only",
        captured_at=at,
        received_at=at,
        judged_at=at,
        queued_at=at,
        turn_at=at,
        last_alert_at=at,
        claimed_at=at + timedelta(seconds=3),
        verdict_at=at + timedelta(seconds=seconds),
        closed_at=at + timedelta(seconds=seconds + 60),
    )


def night(organisation: Organisation, sam: User, *, at: datetime) -> Night:
    """Everything at once; `sam` is the supervisor."""
    customer = make.make_customer(organisation, "Halden Estates")
    sites = [make.make_site(customer, name) for name in PLACES]
    zones = {}
    for number, site in enumerate(sites):
        camera = make.make_camera(site, "North fence", last_frame_at=at, health_since=at)
        zones[site.pk] = make.make_zone(camera, "Loading yard", kind="inside" if number in (4, 5) else "perimeter")
    Camera.objects.filter(site=sites[2]).update(health="offline", health_since=at - timedelta(minutes=22))
    people = {
        name: make.make_user(name.lower(), "operator", organisation, call_sign=name)
        for name in ("Ines", "Mara", "Tomas", "Noel", "Priya")
    }
    begun = at - timedelta(hours=4)
    for number, user in enumerate(people.values()):
        # Heard of for the next hour as well: no page of theirs is open here, and a spine may run.
        sit_down(user, organisation, at=begun, seen=at + timedelta(hours=1), desk=f"desk {number + 1}")
    # A day of decisions.
    past = []
    for number in range(60):
        when = at - timedelta(minutes=20 * number + 15)
        seconds = 7 + (number * number * 5 + number * 3) % 23 if number not in (5, 17) else 75
        by = list(people.values())[number % 4]
        verdict = "real" if number % 9 == 0 else "false"
        past.append(decided(sites[number % 4], by, at=when, seconds=seconds, priority=1 + number % 3, verdict=verdict))
    Incident.objects.bulk_create(past)
    # Whoever holds something; Mara has had too much.
    held = []
    for site, name, ago in ((sites[4], "Ines", 21), (sites[5], "Mara", 72), (sites[0], "Tomas", 47)):
        incident = come(site, zone=zones[site.pk], at=at - timedelta(seconds=ago + 5))
        Incident.objects.filter(pk=incident.pk).update(offered_to=people[name])
        held.append(actions.claim(incident.pk, by=people[name], at=at - timedelta(seconds=ago)))
    _flood(organisation, people["Mara"], at)
    Shift.objects.filter(user=people["Priya"]).update(
        break_from=at - timedelta(minutes=9), break_until=at + timedelta(minutes=6)
    )
    waiting = [
        come(sites[3], at=at - timedelta(seconds=79), category="offline", camera=Camera.objects.get(site=sites[3])),
        come(sites[1], at=at - timedelta(seconds=12), category="vehicle", zone=zones[sites[1].pk]),
        come(sites[2], at=at - timedelta(seconds=8), category="blinded", camera=Camera.objects.get(site=sites[2])),
    ]
    parked = come(sites[0], at=at - timedelta(minutes=30), category="late_close")
    Incident.objects.filter(pk=parked.pk).update(
        state="parked", due_at=at + timedelta(minutes=12), reason="keyholder is coming"
    )
    muting.snooze(
        sites[1],
        categories=["vehicle"],
        minutes=45,
        zone=zones[sites[1].pk].pk,
        reason="lorries until six",
        by=sam,
        at=at,
    )
    measured(organisation, at=at)
    return Night(organisation, at, sites, people, held, waiting)


def _flood(organisation: Organisation, user: User, at: datetime) -> None:
    """What came to somebody in the last hour, more and more."""
    made = []
    for window, n in enumerate((7, 8, 9, 11, 12, 12)):
        began = at - timedelta(minutes=10 * (5 - window) + 1)
        made += [
            Event(kind="incident.claimed", subject_type="incident", subject_id=uuid4(), organisation=organisation, by=user,
                  at=began - timedelta(seconds=number))
            for number in range(n)
        ]  # fmt: skip
    Event.objects.bulk_create(made)


def measured(organisation: Organisation, *, at: datetime, **wrong: Any) -> None:
    """Five minutes of samples; `wrong` is what the last one says otherwise."""
    key = str(organisation.pk)
    rows = []
    for number in range(60):
        data: dict[str, Any] = {
            "relay_lag_ms": 20 + (number * 13) % 40,
            "due": number % 3,
            "oldest_due_s": 0.2,
            "detect_age_ms": 70 + (number * 17) % 60,
            "workers": ["detect@a", "respond@a"],
            "watchers": 2,
            "consoles": 5,
            "cameras": {key: 6},
            "stale": {key: int(number > 40)},
            "late": {},
            "late_s": 0.0,
            "waiting": {key: 11 if number == 20 else 3},
        }
        rows.append(Vitals(at=at - timedelta(seconds=5 * (59 - number)), data=data | (wrong if number == 59 else {})))
    Vitals.objects.bulk_create(rows)
