"""The cast: two organisations; three customers in the first, two in the second, one site each; every role; a dealer who
holds memberships of two customers of the first; somebody deactivated, somebody without rights, nobody at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import prefetch_related_objects

from cameras.models import (
    AccessWindow,
    Angle,
    ArmChange,
    CameraHour,
    Condition,
    Dismissal,
    Muting,
    PasscodeTry,
    PolicyDraft,
    SiteContact,
    SitePlan,
    Storm,
    TemporaryInstruction,
)
from incidents import actions
from incidents.models import AuditCase, AuditDraw, CallNote, Description, HandlingTarget, KnownIntrusion, Review
from responses.models import Attempt, Message, Playbook, PlaybookRun, Relay, Responder
from soc.core.models import Approval, Customer, Delivery, Event, Membership, Organisation, Site, User
from soc.core.rights import MATRIX, Act, Role
from tests import factories as make
from tests.factories import NIGHT


@dataclass
class Place:
    """One customer with one site and everything that can hang below it. `mark` is in every name and text of it."""

    mark: str
    organisation: Organisation
    customer: Customer
    site: Site
    rows: dict[str, models.Model] = field(default_factory=dict)


def build(organisation: Organisation, mark: str, operator: User) -> Place:
    customer = make.make_customer(organisation, f"Customer {mark}")
    site = make.make_site(customer, f"Site {mark}", address=f"Road {mark}", instructions=f"Text {mark}")
    camera = make.make_camera(site, f"Camera {mark}")
    zone = make.make_zone(camera, f"Zone {mark}")
    make.arm(site, "20:00", "06:00", days=[0])
    source, _ = make.make_source(site, f"Panel {mark}")
    candidate = make.make_candidate(zone=zone)
    candidate.clip = make.make_media(site, kind="clip", content=f"film {mark}".encode())
    candidate.snapshot = make.make_media(site, content=f"picture {mark}".encode())
    candidate.save()
    make.make_media(site, kind="clip", content=f"nobody's evidence {mark}".encode())
    Condition.objects.create(site=site, camera=camera, kind="blinded", began_at=NIGHT)
    beside = make.make_media(site, kind="clip", content=f"the same from beside {mark}".encode())
    Angle.objects.create(site=site, candidate=candidate, camera=camera, trigger_at=NIGHT, clip=beside)
    incident = make.make_incident(candidate)
    at = NIGHT + timedelta(seconds=9)
    incident = actions.claim(incident.pk, by=operator, at=at)
    actions.decide(incident.pk, verdict="real", token=incident.token, by=operator, at=at)
    note = actions.add_note(incident.pk, text=f"Note {mark}", by=operator, at=at)
    responder = Responder.objects.create(organisation=organisation, name=f"Guard {mark}", phone="+442079460001")
    responder.customers.add(customer)
    playbook = Playbook.objects.get(organisation=organisation)
    run, _ = PlaybookRun.objects.get_or_create(
        incident=incident, defaults={"site": site, "playbook": playbook, "steps": []}
    )
    attempt = Attempt.objects.create(
        site=site, incident=incident, kind="call", responder=responder, dedup=mark, created_at=at
    )
    incident = actions.close(
        incident.pk, outcome="genuine.attempt_only", site_state="secure", summary=f"Summary {mark}",
        token=incident.token, by=operator, at=at,
    )  # fmt: skip
    ignored = make.make_candidate(zone=zone, decision="ignore")
    AuditDraw.objects.create(
        site=site, starts_at=NIGHT, ends_at=NIGHT + timedelta(days=1), made_at=at, seed=1, rate=1.0, population=1, showable=1,
        drawn=1,
    )  # fmt: skip
    AuditCase.objects.create(site=site, kind="sampled", candidate=ignored, seed=1, drawn_at=at)
    of_people = announced(site, mark, operator)
    PolicyDraft.objects.create(site=site, body={}, kept_by=operator, kept_at=NIGHT)
    CameraHour.objects.create(site=site, camera=camera, hour=NIGHT)
    Dismissal.objects.create(site=site, candidate=ignored, at=NIGHT)
    known = KnownIntrusion.objects.create(
        organisation=organisation, candidate=candidate, added_by=operator, added_at=at
    )
    seen: dict[str, Any] = {"site": site, "incident": incident}
    approval = Approval.objects.create(
        site=site, kind="address", about=mark, data={"before": f"Road {mark}", "after": f"Lane {mark}"}, reason=f"Moved {mark}",
        asked_by=operator, asked_at=at,
    )  # fmt: skip
    relay = Relay.objects.create(
        site=site, kind="light", name=f"Light {mark}", address="http://127.0.0.1:9/onvif/device_service", output="R1"
    )
    call = CallNote.objects.create(
        site=site, kind="promised", who=f"Caller {mark}", words=f"Keys {mark}", due_at=at, by=operator, at=at
    )
    plan = SitePlan.objects.create(
        site=site, width_m=60, height_m=40, shapes=[{"kind": "label", "points": [[1, 1]], "words": mark}]
    )
    card = Description.objects.create(
        **seen, version=1, subject=1, facts={"clothing": f"Coat {mark}"}, by=operator, at=at
    )
    review = Review.objects.create(**seen, operator=operator, drawn_at=at, words=f"Review {mark}")
    event = Event.objects.filter(subject_id=incident.pk).first()
    rows = [site, customer, organisation, camera, zone, source, candidate, candidate.clip, incident, note, run, attempt,
            *of_people, call, relay, approval, plan, card, review, responder,
            incident.alerts.get(), incident.verdicts.get(), event, known]  # fmt: skip
    found = {row._meta.model_name: row for row in rows if row is not None}
    return Place(mark, organisation, customer, site, found)


def announced(site: Site, mark: str, operator: User) -> list[models.Model]:
    """What people said of a site for a time that is not over."""
    span: dict[str, Any] = {"site": site, "starts_at": NIGHT, "ends_at": NIGHT + timedelta(days=36_500)}
    contact = SiteContact.objects.create(site=site, name=f"Contact {mark}")
    window = AccessWindow.objects.create(
        **span, kind="cleaner", label=f"Firm {mark}", made_by=operator, made_at=NIGHT, contact=contact
    )
    muting = Muting.objects.create(
        **span, kind="snooze", categories=["vehicle"], reason=f"Reason {mark}", made_by=operator
    )
    instruction = TemporaryInstruction.objects.create(**span, text=f"Instruction {mark}", made_by=operator)
    storm = Storm.objects.create(
        organisation=site.organisation,
        reason=f"Gale {mark}",
        starts_at=NIGHT,
        ends_at=span["ends_at"],
        made_by=operator,
    )
    storm.sites.add(site)
    change = ArmChange.objects.create(site=site, armed=False, how="phone", at=NIGHT, by=operator)
    PasscodeTry.objects.create(site=site, by=operator, at=NIGHT, right=True)
    return [contact, window, muting, instruction, storm, change]


@dataclass
class World:
    places: dict[str, Place]
    people: dict[str, User | None]


def build_world() -> World:
    places: dict[str, Place] = {}
    people: dict[str, User | None] = {"nobody": None}
    for letter, number in (("A", 3), ("B", 2)):
        organisation = make.make_organisation(f"Organisation QX{letter}0QX")
        body: dict[str, Any] = {"families": ["intrusion"], "steps": []}
        for model in (Playbook, Message):
            name = f"{model.__name__} QX{letter}0QX"
            model.objects.create(organisation=organisation, name=name, number=1, body=body, published_at=NIGHT)
        target = HandlingTarget.objects.create(
            organisation=organisation, priority=1, soon_s=20, soon_share=80, late_s=50, late_share=98
        )
        operator = make.make_user(f"operator of {letter}", "operator", organisation)
        people[operator.username] = operator
        for index in range(1, number + 1):
            place = build(organisation, f"QX{letter}{index}QX", operator)
            own: dict[str, Any] = {
                "playbook": Playbook.objects.get(organisation=organisation),
                "message": Message.objects.get(organisation=organisation),
                "handlingtarget": target,
            }
            event: Any = place.rows["event"]
            own["delivery"] = Delivery.objects.create(event=event, reaction="tests.walk", due_at=NIGHT, done_at=NIGHT)
            own["shift"] = actions.start_shift(user=operator, organisation=organisation, at=NIGHT)
            own["user"] = make.make_user(f"staff of QX{letter}{index}QX", "viewer", place.site)
            own["membership"] = own["user"].memberships.get()
            places[f"{letter}{index}"] = place
            place.rows.update(own)
    first = places["A1"]
    for role in Role.values:
        customers = role in {Role.OWNER, Role.VIEWER, Role.GUARD, Role.INSTALLER}
        people[role] = make.make_user(f"{role}", role, first.customer if customers else first.organisation)
    for name, role, scope in (
        ("operator of a customer", "operator", first.customer),
        ("supervisor of a site", "supervisor", first.site),
        ("admin of a customer", "admin", first.customer),
        ("admin of a site", "admin", first.site),
        ("owner of the neighbour", "owner", places["A2"].customer),
        ("admin of B", "admin", places["B1"].organisation),
        ("owner in B", "owner", places["B1"].customer),
    ):
        people[name] = make.make_user(name, role, scope)
    dealer = make.make_user("dealer", "owner", first.customer)
    make.give(dealer, "owner", places["A2"].customer)
    people["dealer"] = dealer
    people["without rights"] = make.make_user("without rights")
    people["staff without rights"] = make.make_user("staff without rights", is_staff=True)
    people["deactivated"] = make.make_user("deactivated", "supervisor", first.organisation, is_staff=True)
    User.objects.filter(username="deactivated").update(is_active=False)
    User.objects.filter(username__contains="admin").update(is_staff=True)
    for person in people.values():
        if person is not None:
            person.refresh_from_db()
    prefetch_related_objects([person for person in people.values() if person is not None], "memberships")
    return World(places, people)


# --- who may, told anew and simply: not by the code that is tested


def covers(membership: Membership, place: Place) -> bool:
    return (membership.organisation_id or membership.customer_id or membership.site_id) in {
        place.organisation.pk,
        place.customer.pk,
        place.site.pk,
    }


def may(person: User | None, act: Act, place: Place | None = None) -> bool:
    """Whether the person may `act` there (anywhere, without a place)."""
    if person is None or not person.is_active:
        return False
    return any(m.role in MATRIX[act] and (place is None or covers(m, place)) for m in person.memberships.all())
