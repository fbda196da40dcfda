"""Nothing crosses the border: every URL as everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client

from responses.actions import links
from responses.models import Attempt
from soc.core import clock
from soc.core.models import User
from soc.core.rights import Role
from tests import factories as make
from tests.tenants.table import TABLE, has_a_place, routes
from tests.tenants.walk import Walk, body, marks
from tests.tenants.world import covers

pytestmark = pytest.mark.django_db


def test_every_url_has_a_place_in_the_table():
    """A new one must say here who may open it."""
    known = set(routes())
    assert [route for route in known if not has_a_place(route)] == []
    assert [route for route in TABLE if route not in known] == []


def test_a_url_that_is_not_in_the_table_is_found():
    assert not has_a_place("console/secrets/")
    assert not has_a_place("admin/core/user/<path:object_id>/impersonate/")


def kind_of(person: User | None) -> Any:
    """The same for those between whom no page can tell."""
    if person is None:
        return None
    held = frozenset((membership.role, *membership.scope()) for membership in person.memberships.all())
    return person.is_active, person.is_staff, person.is_superuser, held


@pytest.mark.timeout(300)
def test_everyone_at_every_url_gets_what_the_table_says(world):
    wrong: list[str] = []
    asked, kinds = 0, set()
    for name, person in world.people.items():
        kind = kind_of(person)
        if kind in kinds:
            continue  # one with the same rights over the same has walked
        kinds.add(kind)
        walk = Walk(name, person, world)
        walk.everything()
        wrong += walk.wrong
        asked += walk.asked
    assert wrong == [], "\n".join(wrong[:40])
    assert asked > 1000


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
