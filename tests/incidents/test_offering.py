"""Pushed, not picked: who is asked, and who is asked next."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection

from incidents import actions, deadlines
from incidents.actions.offering import PRESENT, offer_waiting
from incidents.errors import Refused
from incidents.models import Incident, Shift
from soc.core.models import Event, Site, User
from soc.core.sweeps import all_sweeps
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.together import together

SOON = NIGHT + timedelta(seconds=3)


def sits_down(user: User, organisation, at: datetime = NIGHT) -> None:
    actions.start_shift(user=user, organisation=organisation, at=at)


def elsewhere(site: Site, name: str) -> Site:
    return make.make_site(site.customer, name)


def intruder(site: Site, *, at: datetime = NIGHT, **fields) -> Incident:
    """A new incident; those before it at the same site are out of the fold window."""
    candidate = make.make_candidate(site=site, at=at, **fields)
    return make.make_incident(candidate, at=candidate.judged_at)


def test_an_incident_is_offered_at_once_to_the_operator_at_the_desk(site, organisation, alice):
    sits_down(alice, organisation)
    incident = intruder(site)
    assert incident.offered_to == alice
    assert Event.objects.get(kind="incident.offered").data == {"to": str(alice.pk)}


@pytest.mark.parametrize("why", ["no shift", "shift ended", "not heard of", "deactivated", "role taken away"])
def test_who_is_not_there_is_not_asked(why, site, organisation, alice):
    if why != "no shift":
        sits_down(alice, organisation)
    at = NIGHT
    if why == "shift ended":
        actions.end_shift(user=alice, at=NIGHT)
    elif why == "not heard of":
        at = NIGHT + PRESENT + timedelta(seconds=1)
    elif why == "deactivated":
        User.objects.update(is_active=False)
    elif why == "role taken away":
        alice.memberships.all().delete()
    assert intruder(site, at=at).offered_to is None


def test_an_operator_of_another_customers_sites_is_not_asked(site, organisation, other_customer):
    visitor = make.make_user("vera", "operator", other_customer)
    sits_down(visitor, organisation)
    assert intruder(site).offered_to is None


def test_who_holds_one_or_was_asked_is_not_asked_again(site, other_site, organisation, alice, dave):
    sits_down(alice, organisation)
    first = intruder(site)
    assert intruder(other_site).offered_to is None
    actions.claim(first.pk, by=alice, at=SOON)
    assert offer_waiting(SOON) == 0
    sits_down(dave, organisation, at=SOON)
    assert offer_waiting(SOON) == 1
    assert Incident.objects.get(offered_to=dave).site == other_site


def test_the_site_goes_to_whoever_handled_it_last(site, organisation, alice, dave):
    sits_down(alice, organisation)
    first = intruder(site)
    sits_down(dave, organisation, at=NIGHT + timedelta(seconds=1))
    actions.claim(first.pk, by=alice, at=SOON)
    actions.decide(first.pk, verdict="false", token=1, by=alice, at=SOON)
    actions.close(first.pk, outcome="false.animal", site_state="secure", summary="A fox.", token=1, by=alice, at=SOON)
    assert intruder(elsewhere(site, "North"), at=SOON).offered_to == dave  # longest without one
    Incident.objects.filter(offered_to=dave).update(offered_to=None, escalation=1)
    assert intruder(site, at=SOON + timedelta(seconds=2)).offered_to == alice


def test_the_one_longest_without_an_incident_is_asked_first(site, organisation, alice, dave):
    sits_down(dave, organisation)
    sits_down(alice, organisation, at=NIGHT + timedelta(seconds=1))
    first = intruder(site)
    assert first.offered_to == dave
    actions.claim(first.pk, by=dave, at=SOON)
    released = actions.release(first.pk, token=1, by=dave, at=SOON)
    assert released.offered_to == alice  # not back to the one who just let it go


def test_most_urgent_first(site, organisation, alice):
    later = intruder(elsewhere(site, "North"), priority=2)
    urgent = intruder(elsewhere(site, "South"), priority=1, at=NIGHT + timedelta(seconds=1))
    sits_down(alice, organisation, at=SOON)
    assert offer_waiting(SOON) == 1
    urgent.refresh_from_db()
    later.refresh_from_db()
    assert (urgent.offered_to, later.offered_to) == (alice, None)


@pytest.mark.parametrize("why", ["absent", "shift ended", "took another", "deactivated"])
def test_an_offer_moves_when_its_operator_cannot_take_it(why, site, other_site, organisation, alice, dave):
    sits_down(alice, organisation)
    other = intruder(other_site)
    Incident.objects.filter(pk=other.pk).update(escalation=1, offered_to=None)
    incident = intruder(site, priority=2)
    assert incident.offered_to == alice
    sits_down(dave, organisation, at=SOON)
    at = SOON
    if why == "absent":
        at = NIGHT + PRESENT + timedelta(seconds=2)
        actions.seen(dave.pk, at=at)
    elif why == "shift ended":
        actions.end_shift(user=alice, at=SOON)
    elif why == "took another":
        actions.claim(other.pk, by=alice, at=SOON)
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert offer_waiting(at) == 1
    incident.refresh_from_db()
    assert incident.offered_to == dave
    assert incident.offered_at == at
    assert offer_waiting(at) == 0


def test_an_offer_nobody_else_can_take_is_taken_back_and_the_screens_are_told(site, organisation, alice, dave):
    sits_down(alice, organisation)
    incident = intruder(site)
    actions.end_shift(user=alice, at=SOON)
    assert offer_waiting(SOON) == 1
    incident.refresh_from_db()
    assert incident.offered_to is None
    assert Event.objects.filter(kind="incident.offered").order_by("-id")[0].data == {"to": None}
    assert actions.claim(incident.pk, by=dave, at=SOON).owner == dave


def test_a_shift_starts_once_and_is_not_left_while_holding(site, organisation, alice):
    sits_down(alice, organisation)
    sits_down(alice, organisation, at=SOON)
    assert Shift.objects.get().seen_at == SOON
    held = actions.claim(intruder(site).pk, by=alice, at=SOON)
    with pytest.raises(Refused) as refused:
        actions.end_shift(user=alice, at=SOON)
    assert refused.value.code == "holding"
    actions.release(held.pk, token=held.token, by=alice, at=SOON)
    actions.end_shift(user=alice, at=SOON)
    assert Shift.objects.get().ended_at == SOON


@pytest.mark.parametrize("someone", ["carol", "admin", "oscar"])
def test_a_shift_needs_a_right_in_that_organisation(someone, organisation, request):
    with pytest.raises(Refused):
        sits_down(request.getfixturevalue(someone), organisation)


def test_a_heartbeat_is_written_at_most_every_second_and_a_half(organisation, alice, django_assert_num_queries):
    sits_down(alice, organisation)
    actions.seen(alice.pk, at=NIGHT + timedelta(seconds=1))
    assert Shift.objects.get().seen_at == NIGHT
    with django_assert_num_queries(1):
        actions.seen(alice.pk, at=NIGHT + timedelta(seconds=2))
    assert Shift.objects.get().seen_at == NIGHT + timedelta(seconds=2)


@pytest.mark.django_db(transaction=True)
def test_two_spines_offering_at_once_never_ask_one_operator_twice(customer, organisation):
    people = [make.make_user(f"operator{n}", "operator", organisation) for n in range(4)]
    for person in people:
        sits_down(person, organisation)
    sites = [make.make_site(customer, f"Site {n}") for n in range(8)]
    with together(2) as threads:
        for _ in range(15):
            Incident.objects.update(offered_to=None, last_alert_at=NIGHT - timedelta(days=1), escalation=1)
            Shift.objects.update(seen_at=NIGHT - timedelta(hours=1))  # nobody is there: all of them wait
            for site in sites:
                intruder(site)
            Shift.objects.update(seen_at=NIGHT)
            moved = threads.run(lambda _: offer_waiting(SOON), range(2))
            offer_waiting(SOON)  # what one spine left to the other's locked rows
            asked = list(Incident.objects.filter(offered_to__isnull=False).values_list("offered_to", flat=True))
            assert all(isinstance(answer, int) for answer in moved), moved
            assert sorted(asked) == sorted(person.pk for person in people)


def test_an_idle_spine_asks_two_questions(site, organisation, alice, django_assert_num_queries):
    sits_down(alice, organisation)
    held = actions.claim(intruder(site).pk, by=alice, at=NIGHT)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=NIGHT)
    with django_assert_num_queries(1):
        assert offer_waiting(NIGHT) == 0
    with django_assert_num_queries(1):
        assert deadlines.deadlines(NIGHT) == 0


def test_a_queue_that_nobody_is_free_for_costs_two_questions_however_long(customer, django_assert_num_queries):
    for n in range(12):
        intruder(make.make_site(customer, f"Site {n}"))
    with django_assert_num_queries(2):
        assert offer_waiting(SOON) == 0


def test_nor_more_where_only_somebody_asleep_is_free(customer, organisation, alice, dave, django_assert_num_queries):
    """In a storm the sweeps would else be late for every deadline."""
    for user in (alice, dave):
        sits_down(user, organisation)
    for n in range(12):
        intruder(make.make_site(customer, f"Site {n}"))
    asked = Incident.objects.get(offered_to=alice)
    actions.claim(asked.pk, by=alice, at=NIGHT)
    Incident.objects.filter(offered_to=dave).update(offered_to=None, offered_at=None)
    Shift.objects.filter(user=dave).update(awake_at=NIGHT - timedelta(seconds=60))
    with django_assert_num_queries(3):
        assert offer_waiting(SOON) == 0


def test_offers_that_stand_cost_one_question(customer, organisation, alice, django_assert_num_queries):
    sits_down(alice, organisation)
    intruder(make.make_site(customer, "North"))
    with django_assert_num_queries(1):
        assert offer_waiting(SOON) == 0


def test_all_sweeps_together_ask_few_questions_of_an_idle_night(organisation, alice, django_assert_max_num_queries):
    sits_down(alice, organisation)
    with django_assert_max_num_queries(2 * len(all_sweeps())):
        for sweep in all_sweeps().values():
            assert not sweep(NIGHT)


def test_the_sweeps_find_their_rows_by_index(db, django_assert_num_queries):
    """With sequential scans made dear, a plan that still reads all incidents has no index to use."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plans = []
    original = connection.execute_wrapper

    def explain(execute, sql, params, many, context):
        if sql.startswith("SELECT") and "incidents_incident" in sql:
            execute("EXPLAIN " + sql, params, many, context)
            plans.append("\n".join(row[0] for row in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with original(explain):
        offer_waiting(NIGHT)
        deadlines.deadlines(NIGHT)
    assert len(plans) == 2
    assert not [plan for plan in plans if "Seq Scan on incidents_incident" in plan], plans


def test_what_follows_at_a_site_is_asked_of_whoever_holds_it_and_nothing_else(
    site, other_site, organisation, alice, dave
):
    sits_down(alice, organisation)
    actions.claim(intruder(site).pk, by=alice, at=NIGHT)
    sits_down(dave, organisation)
    Incident.objects.update(last_alert_at=NIGHT - timedelta(days=1))
    assert intruder(site, at=SOON).offered_to == alice
    assert offer_waiting(SOON) == 0, "their holding the other one takes nothing from them"
    assert intruder(other_site, at=SOON).offered_to == dave


def test_whoever_is_busy_elsewhere_too_is_not_asked_for_a_site_they_hold(
    site, other_site, organisation, alice, sam, dave
):
    sits_down(alice, organisation)
    for where in (site, other_site):
        actions.claim(intruder(where).pk, by=alice, at=NIGHT)
    Incident.objects.update(last_alert_at=NIGHT - timedelta(days=1))
    assert intruder(site, at=SOON).offered_to is None


@pytest.mark.parametrize("why", ["break", "silent"])
def test_nothing_is_offered_on_a_break_or_to_who_did_not_answer(why, site, organisation, alice):
    sits_down(alice, organisation)
    column = {"break": "break_until", "silent": "silent_at"}[why]
    Shift.objects.update(**{column: SOON})
    assert intruder(site).offered_to is None


def test_who_sleeps_is_asked_only_where_nobody_is_awake(site, other_site, organisation, alice, dave):
    sits_down(alice, organisation)
    sits_down(dave, organisation, at=NIGHT + timedelta(seconds=1))
    late = NIGHT + timedelta(seconds=20)
    actions.seen(alice.pk, at=late, visible=False)
    actions.seen(dave.pk, at=late)
    first = intruder(site, at=late)
    assert first.offered_to == dave
    actions.claim(first.pk, by=dave, at=late)
    assert intruder(other_site, at=late).offered_to is None, "Dave is awake, and sees that it waits"
    actions.release(first.pk, token=1, by=dave, at=late)
    Incident.objects.update(offered_to=None)
    actions.end_shift(user=dave, at=late)
    assert offer_waiting(late) == 1
    assert Incident.objects.get(offered_to__isnull=False).offered_to == alice


def test_who_was_given_as_much_as_is_taken_well_is_passed_over_while_somebody_is_free_but_for_what_is_urgent(
    site, organisation, alice, dave, settings
):
    settings.LOAD_LINE = 2  # one more would be too much: it goes to Dave before, not after
    sits_down(alice, organisation)
    for n in range(2):
        done = actions.claim(intruder(elsewhere(site, f"Site {n}"), priority=2).pk, by=alice, at=NIGHT)
        actions.release(done.pk, token=1, by=alice, at=NIGHT)
    Incident.objects.update(escalation=1, offered_to=None)
    Shift.objects.filter(user=alice).update(free_since=NIGHT - timedelta(hours=1))  # she would be asked first
    sits_down(dave, organisation, at=SOON)
    assert intruder(elsewhere(site, "North"), at=SOON, priority=2).offered_to == dave
    assert intruder(elsewhere(site, "West"), at=SOON, priority=2).offered_to == alice, "nobody else is free"
    Incident.objects.update(escalation=1, offered_to=None)
    assert intruder(elsewhere(site, "South"), at=SOON, priority=1).offered_to == alice
