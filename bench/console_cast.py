"""Who and what the console's figures need: operators on shift with sessions, sites with panels, incidents on their desks.

Runs inside Django: `stage.world.manage("shell", "-c", "from bench import console_cast; console_cast.told(…)")`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import timedelta
from typing import Any, Final

CENTRE: Final = "Northlight Monitoring"
DEADLINES: Final = ("claim_by", "supervisor_by", "oncall_by", "verdict_by", "due_at")
PLACE: Final = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


def told(what: str, *values: Any) -> None:
    """Call one of these and print its answer as the last line, JSON."""
    print(json.dumps(globals()[what](*values)))


def centre() -> Any:
    """The monitoring company and a customer of the measurement's own."""
    from soc.core.models import Customer, Organisation

    organisation, _made = Organisation.objects.get_or_create(name=CENTRE)
    customer, _made = Customer.objects.get_or_create(organisation=organisation, name="Bench, console")
    return organisation, customer


def operators(count: int) -> list[list[str]]:
    """So many new operators, on shift: [[user, session key], …]. Nobody can log in as them by a password."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from incidents.actions import start_shift
    from soc.core import clock
    from soc.core.models import Membership, User
    from soc.core.rights import Role

    organisation, _customer = centre()
    first = User.objects.filter(username__startswith="bench-").count()
    people = [User(username=f"bench-{first + n}", call_sign=f"Bench {first + n}") for n in range(count)]
    for person in people:
        person.set_unusable_password()
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=person, role=Role.OPERATOR, organisation=organisation) for person in people
    )
    found = []
    for person in people:
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.create()
        start_shift(user=person, organisation=organisation, at=clock.now())
        assert session.session_key is not None
        found.append([str(person.pk), session.session_key])
    return found


def sites(count: int) -> list[list[str]]:
    """So many new sites, each with a panel: [[site, key], …]."""
    from cameras.models import SignalSource
    from soc.core.models import Site

    organisation, customer = centre()
    first = Site.objects.filter(customer=customer).count()
    places = [
        Site(
            organisation=organisation, customer=customer, name=f"Site {first + n}", address=f"{first + n} Bench Lane",
            time_zone="Europe/London",
        )
        for n in range(count)
    ]  # fmt: skip
    Site.objects.bulk_create(places)
    sources, keys = [], []
    for place in places:
        source = SignalSource(organisation=organisation, site=place, name="Panel")
        keys.append([str(place.pk), source.new_key()])
        sources.append(source)
    SignalSource.objects.bulk_create(sources)
    return keys


def desks(people: list[list[str]]) -> list[list[str]]:
    """For each of these operators, whose pages are open, a new site with an intrusion that is theirs, with a picture: in their
    order [[incident, key], …], the incident and the key of the site's panel. What they held before is off their desks, and
    whoever else is on shift has gone home: nothing is offered to them.
    """
    from incidents import actions
    from incidents.models import Incident, Shift
    from incidents.models.incident import State
    from soc.core import clock
    from soc.core.models import Site, User

    free = {pk: User.objects.get(pk=pk) for pk, _cookie in people}
    Shift.objects.filter(ended_at=None).exclude(user__in=list(free)).update(ended_at=clock.now())
    Incident.objects.filter(owner__in=list(free.values())).update(state=State.CLOSED, closed_at=clock.now())
    Incident.objects.filter(state=State.OPEN).update(state=State.CLOSED, closed_at=clock.now())
    found = {}
    for site, key in sites(len(people)):
        candidate = intrusion(Site.objects.get(pk=site), category="alarm")  # as the panel's own, which fold into it
        alert = actions.raise_alert(candidate.pk, at=clock.now())
        # Whom it was offered to; nobody, where a page is late with its beat.
        asked = Incident.objects.values_list("offered_to", flat=True).get(pk=alert.incident_id)
        owner = free.pop(str(asked)) if str(asked) in free else free.popitem()[1]
        actions.claim(alert.incident_id, by=owner, at=clock.now())
        found[str(owner.pk)] = [str(alert.incident_id), key]
    return [found[pk] for pk, _cookie in people]


def arrivals(count: int) -> list[str]:
    """So many intrusions with pictures at new sites, raised and not claimed: the incidents."""
    from incidents import actions
    from soc.core import clock
    from soc.core.models import Site

    candidates = [intrusion(Site.objects.get(pk=site)) for site, _key in sites(count)]
    return [str(actions.raise_alert(candidate.pk, at=clock.now()).incident_id) for candidate in candidates]


_numbers = itertools.count(1)


def intrusion(site: Any, *, category: str = "person") -> Any:
    """Somebody before a camera of this site, raised as that, with a picture; not yet an alert."""
    from cameras.models import Camera, Candidate, Zone
    from soc.core import clock, media

    camera = Camera.objects.create(site=site, name="Yard", address="rtsp://127.0.0.1:1/x", enabled=False)
    zone = Zone.objects.create(camera=camera, name="Yard", polygon=PLACE)
    at = clock.now() - timedelta(seconds=1)
    picture = media.store(
        site,
        kind="snapshot",
        content=_picture(next(_numbers)),
        content_type="image/jpeg",
        suffix="jpg",
        started_at=at,
        at=at,
    )
    return Candidate.objects.create(
        site=site, source="camera", camera=camera, zone=zone, category=category,
        dedup=f"bench:{hashlib.sha256(str(site.pk).encode()).hexdigest()[:40]}:{next(_numbers)}",
        captured_at=at, received_at=at, judged_at=at, decision="raise", priority=2, snapshot=picture,
        evidence={"track": 1, "label": "person", "score": 0.9, "box": [0.4, 0.3, 0.5, 0.7]},
        reasons=[{"code": "seen", "category": "person", "score": 0.9}],
    )  # fmt: skip


def _picture(number: int) -> bytes:
    """A JPEG of 1280 × 720, no two alike."""
    import cv2
    import numpy as np

    grey = np.random.default_rng(number).integers(60, 120, (90, 160, 3), np.uint8)
    done, data = cv2.imencode(".jpg", cv2.resize(grey, (1280, 720)))
    assert done
    return bytes(data.tobytes())


def still() -> None:
    """Take the demonstration's equipment out of use: nobody watches its cameras here, and whatever nobody watches is raised as
    lost, in the midst of what is measured."""
    from cameras.models import Camera, SignalSource

    Camera.objects.update(enabled=False)
    SignalSource.objects.update(heartbeat_s=0)
    clear()


def clear() -> int:
    """Take everything that is not finished off the desks; how many."""
    from incidents.models import Incident
    from incidents.models.incident import State
    from soc.core import clock

    return Incident.objects.unfinished().update(state=State.CLOSED, closed_at=clock.now(), **dict.fromkeys(DEADLINES))


def positions(candidates: list[Any]) -> dict[str, list[Any]]:
    """For each of these candidates the position of the event that told of its alert, its incident and the incident's site;
    those without an alert are left out.
    """
    from incidents.models import Alert
    from soc.core.models import Event

    alerts = Alert.objects.filter(candidate__in=candidates).select_related("incident")
    rows = {str(alert.pk): alert for alert in alerts}
    kinds = ("incident.opened", "incident.folded", "incident.sounded")
    found: dict[str, list[Any]] = {}
    for seq, name in Event.objects.filter(kind__in=kinds, data__alert__in=list(rows)).values_list("seq", "data__alert"):
        alert = rows[name]
        found[str(alert.candidate_id)] = [seq, str(alert.incident_id), str(alert.site_id)]
    return found
