"""Nothing crosses the border: every URL as everyone, and every model under any set of memberships.

The cast: two organisations; three customers in the first, two in the second, one site each; every role; a dealer who
holds memberships of two customers of the first; somebody deactivated, somebody without rights, nobody at all.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from cameras.models import ArmingInterval
from incidents import actions
from incidents.models import Alert
from responses.actions import links
from responses.models import Attempt, Message, Playbook, PlaybookRun, Responder
from soc.core import clock
from soc.core.models import Customer, Event, Media, Membership, Organisation, Site, SiteOwned, User
from soc.core.rights import MATRIX, Act, Role, allows
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db


# --- the world


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
    interval = ArmingInterval.objects.create(site=site, weekday=0, starts=time(20), ends=time(6))
    source, _ = make.make_source(site, f"Panel {mark}")
    candidate = make.make_candidate(zone=zone)
    candidate.clip = make.make_media(site, kind="clip", content=f"film {mark}".encode())
    candidate.snapshot = make.make_media(site, content=f"picture {mark}".encode())
    candidate.save()
    make.make_media(site, kind="clip", content=f"nobody's evidence {mark}".encode())
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
    event = Event.objects.filter(subject_id=incident.pk).first()
    rows = [site, customer, organisation, camera, zone, interval, source, candidate, candidate.clip, incident, note, run, attempt,
            responder, incident.alerts.get(), incident.verdicts.get(), event]  # fmt: skip
    found = {row._meta.model_name: row for row in rows if row is not None}
    return Place(mark, organisation, customer, site, found)


@dataclass
class World:
    places: dict[str, Place]
    people: dict[str, User | None]


@pytest.fixture
def world(settings) -> World:
    from soc.core.models import Delivery

    places: dict[str, Place] = {}
    people: dict[str, User | None] = {"nobody": None}
    for letter, number in (("A", 3), ("B", 2)):
        organisation = make.make_organisation(f"Organisation QX{letter}0QX")
        body: dict[str, Any] = {"families": ["intrusion"], "steps": []}
        for model in (Playbook, Message):
            name = f"{model.__name__} QX{letter}0QX"
            model.objects.create(organisation=organisation, name=name, number=1, body=body, published_at=NIGHT)
        operator = make.make_user(f"operator of {letter}", "operator", organisation)
        people[operator.username] = operator
        for index in range(1, number + 1):
            place = build(organisation, f"QX{letter}{index}QX", operator)
            own: dict[str, Any] = {
                "playbook": Playbook.objects.get(organisation=organisation),
                "message": Message.objects.get(organisation=organisation),
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
    held = Membership.objects.filter(user=person)
    return any(m.role in MATRIX[act] and (place is None or covers(m, place)) for m in held)


# --- every URL has its place in this table, by route. A line gives who gets what.


@dataclass(frozen=True)
class Line:
    """`act` opens it (at the place whose row the address names, if it names one); without it: `closed`, and 302 to the
    log-in for nobody."""

    act: Act | None = None
    of: str = ""  # the row that the address names
    method: str = "get"
    opened: frozenset[int] = frozenset({200})
    closed: int = 404
    nobody: int = 302
    data: tuple[tuple[str, str], ...] = ()
    also: Act | None = None  # another act that opens it as well


DONE = frozenset({200, 204, 302, 409})  # done, or refused as it stands now: never "not there"

TABLE: dict[str, list[Line]] = {
    "healthz": [Line(closed=200, nobody=200)],
    "": [Line(closed=-1)],
    "login/": [Line(closed=302, nobody=200)],
    "logout/": [Line(closed=405, nobody=405)],
    "media/<uuid:pk>": [Line(Act.VIDEO, "media", also=Act.VIDEO_IN_INCIDENT)],
    "console/": [Line(Act.CONSOLE)],
    "console/quiet/": [Line(Act.CONSOLE)],
    "console/shift/start/": [
        Line(Act.CONSOLE, method="post", opened=DONE),
        Line(Act.CONSOLE, opened=frozenset({405})),
    ],
    "console/shift/end/": [
        Line(Act.CONSOLE, method="post", opened=DONE),
        Line(Act.CONSOLE, opened=frozenset({405})),
    ],
    "console/incidents/<uuid:pk>/": [Line(Act.CONSOLE, "incident")],
    "console/incidents/<uuid:pk>/painted/": [Line(Act.CONSOLE, "incident", "post", DONE)],
    "console/incidents/<uuid:pk>/evidence-shown/": [Line(Act.CONSOLE, "incident", "post", DONE)],
    "console/incidents/<uuid:pk>/<slug:verb>/": [
        Line(Act.HANDLE, "incident", "post", DONE, data=(("verb", verb),))
        for verb in ("claim", "decide", "note", "close", "release", "reopen")
    ],
    "portal/": [Line(Act.PORTAL)],
    "portal/timeline/": [Line(Act.PORTAL)],
    "portal/incidents/<uuid:pk>": [Line(Act.PORTAL, "incident")],
    "api/signals": [Line(closed=401, nobody=401, method="post"), Line(closed=401, nobody=401)],
    "api/incidents": [Line(closed=200, nobody=401)],
    "api/incidents/<uuid:pk>": [Line(Act.SEE, "incident", nobody=401)],
    "api/schema": [Line(closed=200, nobody=-1)],
    "api/docs": [Line(closed=200, nobody=-1)],
    "twilio/voice/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    "twilio/gather/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    "twilio/status/<uuid:attempt_id>": [Line(of="attempt", method="post", closed=403, nobody=403)],
    # The responder's link: nobody's rights open it, and a wrong one is not there. The right one has a test of its own.
    "r/<str:token>": [Line(nobody=404)],
    "r/<str:token>/picture/<uuid:pk>": [Line(of="media", nobody=404)],
    "r/<str:token>/<slug:answer>": [Line(method="post", nobody=404, data=(("answer", "accept"),))],
    "twilio/sms": [Line(method="post", closed=403, nobody=403)],
}

# Administration: a list, and pages of one row. Who administers a row is told by `administers`.
ADMIN_PLAIN = {
    "", "login/", "logout/", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/",
    "r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$",
}  # fmt: skip
ADMIN_LIST = {"", "add/"}
ADMIN_ROW = {
    "<path:object_id>/", "<path:object_id>/change/", "<path:object_id>/delete/", "<path:object_id>/history/",
    "<id>/password/", "<path:object_id>/probe/", "<path:object_id>/new-key/",
}  # fmt: skip
# What a whole organisation shares is not one customer's administrator's.
OF_ORGANISATION = {"organisation", "responder", "playbook", "message", "shift"}
# The log of failed log-ins belongs to no tenant: superusers only.
ADMIN_NOBODYS = {"axes"}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern.url_patterns, route)


def admin_page(route: str) -> tuple[str, str, str] | None:
    """(app, model, rest) of an admin route about a model; None for the others."""
    match = re.fullmatch(r"admin/(\w+)/(\w+)/(.*)", route)
    return (match[1], match[2], match[3]) if match and match[1] != "password_change" else None


def has_a_place(route: str) -> bool:
    if route in TABLE:
        return True
    if not route.startswith("admin/"):
        return False
    rest = route.removeprefix("admin/")
    if rest in ADMIN_PLAIN or re.fullmatch(r"\(\?P<app_label>[\w|]+\)/\$", rest):
        return True
    page = admin_page(route)
    return page is not None and page[2] in ADMIN_LIST | ADMIN_ROW


def test_every_url_has_a_place_in_the_table():
    """A new one must say here who may open it."""
    known = set(routes())
    assert [route for route in known if not has_a_place(route)] == []
    assert [route for route in TABLE if route not in known] == []


def test_a_url_that_is_not_in_the_table_is_found():
    assert not has_a_place("console/secrets/")
    assert not has_a_place("admin/core/user/<path:object_id>/impersonate/")


# --- the walk


def address(route: str, place: Place, line: Line) -> str:
    pk = place.rows[line.of].pk if line.of else ""
    path = re.sub(r"<uuid:\w+>", str(pk), route)
    path = path.replace("<str:token>", "A" * 64)
    return "/" + re.sub(r"<slug:(\w+)>", lambda name: dict(line.data).get(name[1], ""), path)


def body(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")


def marks(text: str) -> set[str]:
    return set(re.findall(r"QX[AB]\d+QX", text))


def may_read(person: User | None, world: World) -> set[str]:
    """The marks that this person may meet."""
    if person is None or not person.is_active:
        return set()
    seen = {place.mark for place in world.places.values() if may(person, Act.SEE, place)}
    return seen | {f"QX{mark[2]}0QX" for mark in seen}


class Walk:
    """One person's way through the product; `wrong` has every answer that was not expected."""

    def __init__(self, name: str, person: User | None, world: World) -> None:
        self.name, self.person, self.world = name, person, world
        self.wrong: list[str] = []
        self.asked = 0
        self.may_read = may_read(person, world)
        self.client = Client()
        if person is not None:
            self.client.force_login(person)
        self.logged_in = person is not None and person.is_active

    def ask(self, url: str, expected: set[int] | frozenset[int], method: str = "get") -> None:
        self.asked += 1
        with transaction.atomic():
            form = {"content_type": "application/x-www-form-urlencoded"} if method == "post" else {}
            answer = getattr(self.client, method)(url, **form)
            text = body(answer) if answer.status_code == 200 else ""
            transaction.set_rollback(True)
        if answer.status_code not in expected:
            self.wrong.append(f"{self.name}: {method} {url} gave {answer.status_code}, not {sorted(expected)}")
        if leaked := marks(text) - self.may_read:
            self.wrong.append(f"{self.name}: {method} {url} shows {sorted(leaked)}")

    def near_and_far(self) -> list[Place]:
        """A customer, the neighbour of the same organisation, and one of the other."""
        return [self.world.places[name] for name in ("A1", "A2", "B1")]

    def everything(self) -> None:
        for route in routes():
            for line in TABLE.get(route, []):
                places = self.near_and_far() if line.of else [self.world.places["A1"]]
                for place in places:
                    self.ask(address(route, place, line), self._expected(line, place), line.method)

    def _expected(self, line: Line, place: Place) -> set[int] | frozenset[int]:
        if not self.logged_in:
            return {200, 302, 401, 403} if line.nobody == -1 else {line.nobody}
        if line.closed == -1:  # the start page sends everybody on, or says that there is nothing
            return {302} if any(may(self.person, act) for act in (Act.CONSOLE, Act.PORTAL)) or self._staff() else {403}
        if any(act is not None and may(self.person, act, place if line.of else None) for act in (line.act, line.also)):
            return line.opened
        if line.act is Act.HANDLE and may(self.person, Act.CONSOLE, place):
            return {line.closed, 409}  # who sees it on the console may be refused in words
        return {line.closed}

    def _staff(self) -> bool:
        return self.person is not None and self.person.is_staff

    def _administers(self, model: str, place: Place) -> bool:
        if model not in OF_ORGANISATION:
            return may(self.person, Act.ADMINISTER, place)
        held = Membership.objects.filter(user=self.person, organisation=place.organisation)
        return any(allows(membership.role, Act.ADMINISTER) for membership in held)

    def administration(self) -> None:
        """As for the rest: what is not administered is not there (the admin then goes to its index)."""
        administrator = self.logged_in and self._staff() and may(self.person, Act.ADMINISTER)
        for route in routes():
            page = admin_page(route)
            if page is None or page[2] not in ADMIN_LIST | ADMIN_ROW:
                continue
            app, model, rest = page
            if rest in ADMIN_LIST:
                allowed = {200, 403} if administrator and app not in ADMIN_NOBODYS else {302, 403}
                self.ask(f"/{route}", allowed)
                continue
            places = self.near_and_far() if administrator else [self.world.places["A1"]]
            for place in places:
                row = place.rows.get(model)
                pk = row.pk if row is not None else uuid.uuid4()
                own = administrator and row is not None and self._administers(model, place)
                url = "/" + re.sub(r"<(path:)?\w+>", str(pk), route)
                self.ask(url, {200, 302, 403, 405} if own else {302, 403, 404})


def test_everyone_at_every_url_gets_what_the_table_says(world):
    wrong: list[str] = []
    asked = 0
    for name, person in world.people.items():
        walk = Walk(name, person, world)
        walk.everything()
        wrong += walk.wrong
        asked += walk.asked
    assert wrong == [], "\n".join(wrong[:40])
    assert asked > 1000


@pytest.mark.parametrize(
    "name",
    ["nobody", "operator", "supervisor", "owner", "dealer", "staff without rights", "deactivated", "admin", "admin of a customer",
     "admin of a site", "admin of B"],
)  # fmt: skip
def test_administration_shows_and_changes_only_what_is_administered(world, name):
    walk = Walk(name, world.people[name], world)
    walk.administration()
    assert walk.wrong == [], "\n".join(walk.wrong[:40])


def test_every_kind_of_row_in_the_administration_is_walked(world):
    """A page about a model of ours that this world has no row of would be walked with a row that does not exist."""
    pages = {page[1] for page in map(admin_page, routes()) if page and page[0] not in ADMIN_NOBODYS}
    assert pages - set(world.places["A1"].rows) == set()


def test_an_owner_reads_their_own_and_the_dealer_the_sum_of_theirs(world):
    owner, dealer = Walk("owner", world.people["owner"], world), Walk("dealer", world.people["dealer"], world)
    assert {mark for mark in owner.may_read if "0" not in mark} == {"QXA1QX"}
    assert {mark for mark in dealer.may_read if "0" not in mark} == {"QXA1QX", "QXA2QX"}
    for walk in (owner, dealer):
        with_site = marks(body(walk.client.get("/portal/")))
        assert with_site == {mark for mark in walk.may_read if "0" not in mark}


def test_the_walk_itself_notices_a_leak(world, monkeypatch):
    """A view that forgets `visible_to` fails the same walk."""
    from soc.portal import reads

    monkeypatch.setattr(reads, "incidents_of", lambda user: reads.Incident.objects.order_by("-number"))
    walk = Walk("owner", world.people["owner"], world)
    walk.everything()
    assert any("shows" in found for found in walk.wrong)
    assert any("gave 200" in found for found in walk.wrong)


def test_a_responders_link_shows_its_own_place_to_whoever_holds_it_and_no_other(world):
    for letter, place in world.places.items():
        attempt: Any = place.rows["attempt"]
        others = [other for other in world.places.values() if other is not place]
        attempt.incident.refresh_from_db()
        at = attempt.incident.closed_at + timedelta(minutes=1)
        Attempt.objects.filter(pk=attempt.pk).update(created_at=at, accepted_at=at)
        url = f"/r/{links.token(attempt.pk)}"
        with patch.object(clock, "now", return_value=at):
            for person in (None, world.people["guard"], world.people["owner in B"]):
                client = Client()
                if person is not None:
                    client.force_login(person)
                page = client.get(url)
                assert page.status_code == 200, letter
                text = body(page)
                assert marks(text) <= {place.mark, f"QX{place.mark[2]}0QX"}
                assert f"Road {place.mark}" in text
                assert f"Note {place.mark}" not in text
                assert f"Summary {place.mark}" not in text
                picture = place.rows["candidate"].snapshot  # type: ignore[attr-defined]
                assert client.get(f"{url}/picture/{picture.pk}").status_code == 200
                for other in others:
                    theirs = other.rows["candidate"].snapshot  # type: ignore[attr-defined]
                    assert client.get(f"{url}/picture/{theirs.pk}").status_code == 404


def test_a_quiet_incident_that_goes_on_is_for_the_centre_alone_at_every_door(world):
    place = world.places["A1"]
    quiet = make.make_incident(site=place.site, category="duress")
    for name, person in world.people.items():
        if person is None or not person.is_active:
            continue
        client = Client()
        client.force_login(person)
        told = client.get(f"/api/incidents/{quiet.pk}").status_code == 200
        centre = any(m.role in Role.of_centre() and covers(m, place) for m in person.memberships.all())
        assert told == centre, name


# --- every model, any memberships


def site_owned() -> list[type[SiteOwned]]:
    return [model for model in apps.get_models() if issubclass(model, SiteOwned)]


def test_the_world_has_a_row_of_every_model_that_belongs_to_a_site(world):
    for model in site_owned():
        sites = set(model._default_manager.values_list("site", flat=True))
        assert {place.site.pk for place in world.places.values()} <= sites, model.__name__


def reached(held: list[tuple[str, Any]], sites: list[Site], act: Act) -> set[uuid.UUID]:
    """The sites that (role, scope) pairs cover for an act."""
    return {
        site.pk
        for site in sites
        for role, scope in held
        if allows(role, act) and scope.pk in {site.pk, site.customer_id, site.organisation_id}
    }


def evidence_at(sites: set[uuid.UUID]) -> set[uuid.UUID]:
    """Clips and pictures of raised candidates there."""
    alerts = Alert.objects.filter(site__in=sites).select_related("candidate")
    return {pk for alert in alerts for pk in (alert.candidate.clip_id, alert.candidate.snapshot_id) if pk}


@pytest.mark.parametrize("state", ["open", "claimed", "waiting", "parked"])
def test_an_incident_that_goes_on_opens_its_site_to_operators_and_no_other_site(world, state):
    """However many incidents are closed: one that is not opens pictures, of its site alone, to those in whose scope it is."""
    place = world.places["A1"]
    incident = make.make_incident(site=place.site, category="panic")
    type(incident).objects.filter(pk=incident.pk).update(state=state)
    operators = {
        "operator": {place.site.pk},
        "operator of a customer": {place.site.pk},
        "operator of A": {place.site.pk},
    }
    for name in [*operators, "operator of B", "installer", "admin", "guard"]:
        person = world.people[name]
        sites = operators.get(name, set())
        for model in site_owned():
            rows = model._default_manager.visible_to(person, Act.VIDEO)
            expected = set(model._default_manager.filter(site__in=sites).values_list("pk", flat=True))
            if model is Media:
                held = [(m.role, getattr(m, m.scope()[0])) for m in person.memberships.all()]
                expected |= evidence_at(reached(held, list(Site.objects.all()), Act.VIDEO_IN_INCIDENT))
            assert set(rows.values_list("pk", flat=True)) == expected, (name, model)
        assert set(Site.objects.visible_to(person, Act.VIDEO).values_list("pk", flat=True)) == sites, name
        seen = Customer.objects.visible_to(person, Act.VIDEO)
        assert {customer.pk for customer in seen} == ({place.customer.pk} if sites else set()), name


def test_no_membership_ever_shows_a_row_outside_it(world):
    """Any set of memberships, any act, every model: exactly the rows of the sites that they cover."""
    dice = random.Random(20261122)
    scopes = [scope for place in world.places.values() for scope in (place.organisation, place.customer, place.site)]
    sites = list(Site.objects.all())
    for round_ in range(30):
        user = make.make_user(f"walker {round_}")
        held = [(dice.choice(Role.values), dice.choice(scopes)) for _ in range(dice.randint(0, 3))]
        for role, scope in held:
            make.give(user, role, scope)
        for act in Act:
            reach = reached(held, sites, act)
            assert set(Site.objects.visible_to(user, act).values_list("pk", flat=True)) == reach
            for model in site_owned():
                rows = model._default_manager.visible_to(user, act)
                expected = set(model._default_manager.filter(site__in=reach).values_list("pk", flat=True))
                if model is Media and act == Act.VIDEO:
                    expected |= evidence_at(reached(held, sites, Act.VIDEO_IN_INCIDENT))
                assert set(rows.values_list("pk", flat=True)) == expected, (model, held, act)


def test_a_row_cannot_be_of_one_organisation_and_stand_at_anothers_site(world):
    """The organisation is copied from the site at every save, whatever was set."""
    mine, theirs = world.places["A1"], world.places["B1"]
    camera = mine.rows["camera"]
    camera.organisation = theirs.organisation
    camera.save()
    camera.refresh_from_db()
    assert camera.organisation_id == mine.organisation.pk
