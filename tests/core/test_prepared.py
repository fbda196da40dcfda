"""Reads whose SQL is made once: the answer is of now, for these arguments and these rights, or there is an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

from soc.core.models import Customer, Membership, Site, User
from soc.core.prepared import Given, forget, keep, prepared
from soc.core.rights import Act, Role
from tests import factories as make
from tests.factories import NIGHT
from tests.queries import at_most

pytestmark = pytest.mark.django_db


@prepared
def sites_of(customer: UUID) -> QuerySet[Site]:
    return Site.objects.filter(customer=customer).select_related("customer").order_by("name")


@prepared
def seen_by(user: User, act: Act) -> QuerySet[Site]:
    return Site.objects.visible_to(user, act).order_by("name")


def names(sites) -> list[str]:
    return [site.name for site in sites]


def test_each_call_asks_anew_and_for_its_own_arguments(customer, other_customer):
    make.make_site(customer, "Alpha")
    make.make_site(other_customer, "Beta")
    before = names(sites_of(customer.pk))
    make.make_site(customer, "Zulu")
    with at_most(1):
        found = sites_of(customer.pk)
        assert found[0].customer == customer
    assert names(found) == [*before, "Zulu"]
    assert names(sites_of(other_customer.pk)) == names(Site.objects.filter(customer=other_customer).order_by("name"))


def test_it_says_what_the_read_itself_would(customer):
    make.make_site(customer, "Alpha")
    plain = list(Site.objects.filter(customer=customer).order_by("name"))
    assert [vars(one) | {"_state": None} for one in sites_of(customer.pk)] == [
        vars(one) | {"_state": None} for one in plain
    ]


def test_nobody_is_answered_by_somebody_elses_rights(customer, other_customer, alice):
    mine, theirs = make.make_site(customer, "Mine"), make.make_site(other_customer, "Theirs")
    people = []
    for at in (customer, other_customer):
        person = User.objects.create_user(f"owner of {at.name}")
        Membership.objects.create(user=person, role=Role.OWNER, customer=at)
        people.append(person)
    assert {mine, theirs} <= set(seen_by(alice, Act.SEE))
    assert (mine in seen_by(people[0], Act.SEE), theirs in seen_by(people[0], Act.SEE)) == (True, False)
    assert (mine in seen_by(people[1], Act.SEE), theirs in seen_by(people[1], Act.SEE)) == (False, True)
    assert seen_by(people[0], Act.CONSOLE) == []


def test_a_right_that_was_taken_away_is_gone_at_once(customer):
    make.make_site(customer, "Mine")
    person = User.objects.create_user("owner")
    held = Membership.objects.create(user=person, role=Role.OWNER, customer=customer)
    assert seen_by(person, Act.SEE)
    held.delete()
    assert seen_by(User.objects.get(pk=person.pk), Act.SEE) == []
    held.save(force_insert=True)
    person.is_active = False
    assert seen_by(person, Act.SEE) == []


def test_a_lazy_user_is_the_user(customer, alice):
    make.make_site(customer, "Mine")
    lazy = SimpleLazyObject(lambda: User.objects.get(pk=alice.pk))
    keep(lazy, "memberships", list(alice.memberships.all()))
    with at_most(1):
        assert seen_by(lazy, Act.SEE)


def test_whose_it_is_may_be_asked_for(alice, bob):
    @prepared
    def held(user: User) -> QuerySet[Membership]:
        return Membership.objects.filter(user=user)

    assert {one.user_id for one in held(alice)} == {alice.pk}
    assert {one.user_id for one in held(bob)} == {bob.pk}


def test_text_that_differs_is_one_question(customer):
    @prepared
    def named(name: Given) -> QuerySet[Site]:
        return Site.objects.filter(name=name)

    make.make_site(customer, "Alpha")
    make.make_site(customer, "Beta")
    assert [names(named(Given(name))) for name in ("Alpha", "Beta", "Nobody's")] == [["Alpha"], ["Beta"], []]


def test_ids_are_one_question_however_many_they_are(customer):
    asked: list[tuple[UUID, ...]] = []

    @prepared
    def these(sites: tuple[UUID, ...]) -> QuerySet[Site]:
        asked.append(sites)
        return Site.objects.filter(pk__among=sites).order_by("name")

    sites = [make.make_site(customer, name) for name in ("Alpha", "Beta", "Gamma")]
    pks = [site.pk for site in sites]
    found = [names(these(tuple(some))) for some in (pks[:1], pks[1:], [])]
    assert found == [["Alpha"], ["Beta", "Gamma"], []]
    assert len(asked) == 2, "twice to be compiled, and then no more"
    assert names(Site.objects.exclude(pk__among=pks).filter(customer=customer)) == []
    assert names(Site.objects.filter(customer__pk__among=[customer.pk]).order_by("name")) == ["Alpha", "Beta", "Gamma"]


def free(pk: UUID) -> list[Site]:
    """The row, where nobody holds it; asked from elsewhere."""
    try:
        with transaction.atomic():
            return list(Site.objects.select_for_update(skip_locked=True).filter(pk=pk))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_what_locks_rows_does_so_in_a_transaction_only(customer):
    @prepared
    def held(pk: UUID) -> QuerySet[Site]:
        return Site.objects.select_for_update(no_key=True).filter(pk=pk)

    site = make.make_site(customer, "Alpha")
    for _ in range(2):  # when it is made, and when it is known
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            assert held(site.pk) == [site]
        assert asked[-1]["sql"].startswith("EXECUTE")
        with transaction.atomic(), ThreadPoolExecutor(1) as pool:
            assert held(site.pk) == [site]
            assert pool.submit(free, site.pk).result(10) == []
        with pytest.raises(TransactionManagementError):
            held(site.pk)


def test_what_is_made_of_an_argument_is_an_error_and_not_a_wrong_answer():
    """Made once, it would be the first caller's for ever."""

    @prepared
    def late(at) -> QuerySet[Site]:
        return Site.objects.filter(incidents__captured_at__gt=at - timedelta(hours=1))

    with pytest.raises(ValueError, match="made of its arguments"):
        late(NIGHT)


def test_an_argument_of_another_kind_is_an_error(customer):
    with pytest.raises(TypeError, match="Customer"):
        sites_of(customer)


def test_what_can_have_no_answer_has_none():
    @prepared
    def none(customer: UUID) -> QuerySet[Customer]:
        return Customer.objects.filter(pk__in=[], organisation=customer)

    assert none(UUID(int=1)) == []


class Clearing(str):
    """Whoever compares it a second time finds that another thread has cleared what was kept."""

    compared = 0
    __slots__ = ()

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        Clearing.compared += 1
        if Clearing.compared > 1:
            forget()
        return str(self) == str(other)


def test_to_be_cleared_by_another_thread_in_the_middle_of_asking_hides_nothing(customer):
    make.make_site(customer, "Alpha")

    @prepared
    def called(name: str) -> QuerySet[Site]:
        return Site.objects.filter(name=str(name))

    for _again in range(2):
        assert names(called(Clearing("Alpha"))) == ["Alpha"]
