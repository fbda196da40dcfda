"""The small cast of the tests, and the rows they act on. Plain functions: every default is what a night looks like."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cameras.actions import publish
from cameras.categories import category as of_category
from cameras.context.policy import Policy as ReadPolicy
from cameras.context.policy import read as read_policy
from cameras.models import Camera, Candidate, Policy, SignalSource, Zone
from soc.core.models import Customer, Media, Membership, Organisation, Site, User
from soc.core.rights import Role

NIGHT = datetime(2026, 11, 22, 2, 13, 4, tzinfo=UTC)  # a Sunday, 02:13:04
PASSWORD = "correct-horse-battery"
YARD = [[0.40, 0.30], [0.75, 0.30], [0.95, 0.55], [0.95, 0.90], [0.45, 0.80]]

_counter = itertools.count(1)


def make_organisation(name: str = "Harbour Watch") -> Organisation:
    return Organisation.objects.create(name=name)


def make_customer(organisation: Organisation, name: str = "Pinewick Logistics") -> Customer:
    return Customer.objects.create(organisation=organisation, name=name)


def make_site(customer: Customer, name: str = "Pinewick Depot", **fields: Any) -> Site:
    fields.setdefault("address", "18 Tern Lane, Pinewick")
    fields.setdefault("entrance", "Gate lane, east side; code holder is the guard")
    fields.setdefault("hazards", "Battery charging in the workshop")
    fields.setdefault("instructions", "Nobody works here at night. The cleaner comes on Tuesdays at 19:00.")
    fields.setdefault("time_zone", "Europe/London")
    return Site.objects.create(customer=customer, name=name, **fields)


def week(starts: str = "00:00", ends: str = "00:00", days: Iterable[int] = range(7)) -> dict[str, Any]:
    """A schedule with the same hours on these days; without any: around the clock."""
    return {"week": [{"day": day, "from": starts, "to": ends} for day in days]}


def set_policy(site: Site, body: dict[str, Any] | None = None, *, by: User | None = None, **parts: Any) -> Policy:
    """The next version of the site's policy: `body`, or what is given by name (schedule=…, rules=…)."""
    return publish(site, (body or {}) | parts, by=by, at=NIGHT - timedelta(days=40))


def arm(site: Site, starts: str, ends: str, days: Iterable[int] = range(7)) -> Policy:
    """Armed at these hours of the site's own time."""
    return set_policy(site, schedule=week(starts, ends, days))


def arm_always(site: Site) -> Policy:
    """Armed around the clock, every day."""
    return set_policy(site, schedule=week())


def read(time_zone: str = "UTC", **parts: Any) -> ReadPolicy:
    """A policy that no site has, as it is judged by."""
    return read_policy(parts, time_zone=time_zone, version="test")


def make_camera(site: Site, name: str = "Loading yard", **fields: Any) -> Camera:
    fields.setdefault("address", "rtsp://127.0.0.1:8554/yard")
    fields.setdefault("speaker", True)
    fields.setdefault("health", Camera.Health.ONLINE)
    return Camera.objects.create(site=site, name=name, **fields)


def make_zone(camera: Camera, name: str = "Yard", **fields: Any) -> Zone:
    fields.setdefault("polygon", YARD)
    return Zone.objects.create(camera=camera, name=name, **fields)


def make_source(site: Site, name: str = "Panel") -> tuple[SignalSource, str]:
    """The source and its key, which is seen only once."""
    source = SignalSource(site=site, name=name)
    key = source.new_key()
    source.save()
    return source, key


def make_user(
    username: str, role: str = "", scope: Organisation | Customer | Site | None = None, **fields: Any
) -> User:
    """Someone who logs in with PASSWORD; with one membership when a role and its scope are given."""
    fields.setdefault("call_sign", username.capitalize())
    user = User.objects.create_user(username, password=PASSWORD, **fields)
    if role and scope is not None:
        give(user, role, scope)
    return user


def give(user: User, role: str, scope: Organisation | Customer | Site) -> Membership:
    """One more right: `role` over `scope`."""
    kind = {Organisation: "organisation", Customer: "customer", Site: "site"}[type(scope)]
    return Membership.objects.create(user=user, role=Role(role), **{kind: scope})


def make_candidate(
    *,
    site: Site | None = None,
    camera: Camera | None = None,
    zone: Zone | None = None,
    category: str = "person",
    at: datetime = NIGHT,
    decision: str = "raise",
    **fields: Any,
) -> Candidate:
    """A judged candidate, captured at `at`, received 0.3 s and judged 0.4 s later."""
    camera = camera or (zone.camera if zone else None)
    site = site or (camera.site if camera else None)
    if site is None:
        raise ValueError("a candidate needs a site, a camera or a zone")
    entry = of_category(category)
    inside = zone is not None and zone.kind == Zone.Kind.INSIDE
    person = category in {"person", "group"}
    fields.setdefault("priority", (1 if inside else 2) if person else entry.priority)
    fields.setdefault("source", "camera" if camera else "signal")
    fields.setdefault("dedup", f"test-{next(_counter)}")
    fields.setdefault("received_at", at + timedelta(milliseconds=300))
    fields.setdefault("judged_at", at + timedelta(milliseconds=400))
    if camera is not None and entry.family == "intrusion":
        fields.setdefault(
            "evidence",
            {
                "track": next(_counter),
                "label": "person",
                "score": 0.91,
                "box": [0.62, 0.49, 0.69, 0.77],
                "path": [[0.0, 0.50, 0.49, 0.57, 0.77], [4.2, 0.62, 0.49, 0.69, 0.77]],
            },
        )
        fields.setdefault(
            "reasons",
            [
                {"code": "armed", "until": (at + timedelta(hours=4)).isoformat(), "owner": "schedule"},
                {"code": "seen", "category": category, "score": 0.91},
                {"code": "dwell", "seconds": 4.2, "limit": 2.0},
            ],
        )
    elif not entry.threat:
        fields.setdefault("reasons", [{"code": str(entry.family), "category": category}])
    else:
        fields.setdefault("reasons", [{"code": "threat", "category": category}])
    return Candidate.objects.create(
        site=site, camera=camera, zone=zone, category=category, captured_at=at, decision=decision, **fields
    )


def make_incident(candidate: Candidate | None = None, *, at: datetime | None = None, **fields: Any) -> Any:
    """The incident that raising a candidate opens or folds into. `fields` make the candidate when none is given."""
    from incidents.actions import raise_alert  # the line's own door, as in the product

    candidate = candidate or make_candidate(**fields)
    alert = raise_alert(candidate.pk, at=at or candidate.judged_at)
    alert.incident.refresh_from_db()
    return alert.incident


def make_media(site: Site, *, kind: str = "snapshot", content: bytes = b"", **fields: Any) -> Media:
    """Stored evidence; the bytes are a tiny picture unless given."""
    from soc.core import media

    fields.setdefault("content_type", "video/mp4" if kind == "clip" else "image/jpeg")
    fields.setdefault("suffix", "mp4" if kind == "clip" else "jpg")
    fields.setdefault("started_at", NIGHT)
    fields.setdefault("at", NIGHT)
    return media.store(site, kind=kind, content=content or picture(), **fields)


def picture(width: int = 64, height: int = 36, grey: int = 90) -> bytes:
    """A JPEG of one grey."""
    import cv2
    import numpy as np

    ok, data = cv2.imencode(".jpg", np.full((height, width, 3), grey, np.uint8))
    if not ok:
        raise ValueError("no picture")
    return data.tobytes()
