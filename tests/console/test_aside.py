"""What stands beside the quiet night."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.models import Muting
from incidents import actions
from incidents.models import RosterEntry, Shift
from responses.models import Attempt
from soc.console.shift import aside
from soc.core import clock
from soc.core.models import Customer, User
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def shift(alice, organisation) -> Shift:
    items = [
        {
            "key": f"sites:{n}",
            "group": "sites",
            "words": f"Gate {n} is stuck",
            "accepted_at": "2026-11-23T22:00:00+00:00",
        }
        for n in range(9)
    ]
    actions.start_shift(user=alice, organisation=organisation, at=clock.now(), items=items)
    return Shift.objects.get()


def snooze(site, by, *, minutes: int) -> Muting:
    at = clock.now()
    return Muting.objects.create(
        site=site, kind="snooze", reason="Wind.", starts_at=at, ends_at=at + timedelta(minutes=minutes), made_by=by
    )


def test_what_was_taken_on_and_what_was_tried_stand_beside_the_quiet_night(client, alice, shift):
    client.force_login(alice)
    shown = client.get(reverse("console-quiet"), headers={"x-requested-with": "fetch"}).content.decode()
    assert "Gate 0 is stuck" in shown
    assert "and 1 more" in shown
    assert "Sound was not heard" in shown


def test_what_ends_within_hours_comes_up_soonest_first_and_only_at_ones_own_sites(
    alice, shift, site, other_organisation
):
    foreign = make.make_site(Customer.objects.create(organisation=other_organisation, name="Elsewhere"))
    snooze(site, alice, minutes=200)
    snooze(site, alice, minutes=20)
    snooze(site, alice, minutes=400)
    snooze(foreign, alice, minutes=10)
    Shift.objects.update(break_until=clock.now() + timedelta(minutes=60))
    shift.refresh_from_db()
    found = [
        one for one in aside.coming(alice, shift, at=clock.now()) if one.words in {"snooze ends", "your break ends"}
    ]
    assert [one.words for one in found] == ["snooze ends", "your break ends", "snooze ends"]
    assert {one.where for one in found} == {site.name, ""}


def test_whoever_is_on_call_stands_among_the_checks_with_what_their_telephone_last_did(
    shift, sam, zone, organisation, client, alice
):
    def said() -> list[tuple[str, bool]]:
        return [(one.words, one.wrong) for one in aside.telephones(organisation, at=clock.now())]

    assert said() == [("Nobody on call or in the lead has a telephone: nobody can be rung", True)]
    User.objects.filter(pk=sam.pk).update(phone="+442079460011")
    assert said() == [("Nobody on call has a telephone, Joel leads, never rung so far", True)]
    at = clock.now()
    RosterEntry.objects.create(
        organisation=organisation, user=sam, duty="on_call", starts_at=at - HOUR, ends_at=at + HOUR, by=sam, at=at
    )
    assert said() == [("Joel is on call, never rung so far", False)]
    rung = {
        "site": zone.site,
        "incident": make.make_incident(zone=zone),
        "kind": "call",
        "paged": sam,
        "created_at": NIGHT,
    }
    Attempt.objects.create(**rung, dedup="1", placed_at=NIGHT, answered_at=NIGHT)
    assert said() == [("Joel is on call, answered when rung on 22 Nov, 02:13", False)]
    Attempt.objects.create(**rung, dedup="2", placed_at=NIGHT + HOUR)
    assert said() == [("Joel is on call, did not answer when rung on 22 Nov, 03:13", True)]
    client.force_login(alice)
    shown = client.get(reverse("console-quiet"), headers={"x-requested-with": "fetch"}).content.decode()
    assert "Joel is on call, did not answer" in shown
    assert "+442079460011" not in shown


def test_who_is_not_on_shift_was_handed_nothing(alice):
    assert aside.beside(alice, None, at=clock.now()) == {}
