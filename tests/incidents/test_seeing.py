"""Who is told of an incident, and when."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from incidents.models import Incident
from soc.core.models import Membership, User
from soc.core.rights import Role, holds_only
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def untold(camera, other_camera) -> list[Incident]:
    """One that nobody has looked at yet, at Carol's and at Bob's."""
    return [make.make_incident(make.make_candidate(site=one.site, category="alarm")) for one in (camera, other_camera)]


def seen(user) -> set[Incident]:
    return set(Incident.objects.visible_to(user))


def test_the_centre_sees_what_nobody_has_looked_at_and_its_customers_do_not(untold, alice, sam, admin, carol, bob):
    assert [seen(user) for user in (alice, sam, admin)] == [set(untold)] * 3
    assert [seen(user) for user in (carol, bob)] == [set(), set()]


def test_whoever_is_of_the_centre_for_one_customer_is_told_no_sooner_at_another(untold, customer, other_customer):
    """A membership of the centre opens what is the centre's where it holds, and nothing elsewhere."""
    mixed = User.objects.create_user("both")
    Membership.objects.create(user=mixed, role=Role.OPERATOR, customer=customer)
    assert seen(mixed) == {untold[0]}
    Membership.objects.create(user=mixed, role=Role.OWNER, customer=other_customer)
    assert seen(User.objects.get(pk=mixed.pk)) == {untold[0]}


def test_a_weakened_rule_would_show_it(untold, customer, other_customer, monkeypatch):
    mixed = User.objects.create_user("both")
    Membership.objects.create(user=mixed, role=Role.OPERATOR, customer=customer)
    Membership.objects.create(user=mixed, role=Role.OWNER, customer=other_customer)
    monkeypatch.setattr("incidents.models.incident.holds_only", lambda user, among: True)
    assert seen(mixed) == set(untold)


def test_nobody_is_told_anything(untold):
    stranger = User.objects.create_user("stranger")
    assert (seen(stranger), seen(AnonymousUser())) == (set(), set())
    assert not holds_only(AnonymousUser(), Role.of_centre())
