"""Sitting down and getting up, as pages: what is open is taken on item by item, and nobody leaves holding an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import actions
from incidents.models import Credential, HandOver, RosterEntry, Shift
from responses.models import Attempt, Responder
from soc.console.shift import reads
from soc.core import clock
from soc.core.models import Event
from soc.ops.operator.forms import find
from tests import factories as make
from tests import queries

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
TESTED = {"sound": "yes", "microphone": "none"}


@pytest.fixture
def at_desk(client, alice):
    client.force_login(alice)
    return client


def offered(client) -> list[str]:
    """The keys of what is to be taken on, as the page has them."""
    form = find(client.get(reverse("console-shift"), **FETCH).text, "/shift/start/")
    assert form is not None
    return form.options.get("accepted", [])


def start(client, accepted=(), **fields):
    return client.post(reverse("console-shift-start"), {**TESTED, "accepted": accepted, **fields}, **FETCH)


def words(user) -> list[str]:
    return [item["words"] for item in reads.hand_over(user, at=clock.now())]


def test_a_quiet_night_is_begun_with_the_two_tests(at_desk, alice):
    assert offered(at_desk) == []
    assert "Nothing is open" in at_desk.get(reverse("console-shift")).text, "and without scripts as a whole page"
    assert "Break, end shift" in start(at_desk).text
    shift = Shift.objects.get()
    assert (shift.sound_heard_at is not None, shift.microphone) == (True, "none")
    assert HandOver.objects.get(shift=shift).items == []


@pytest.mark.parametrize(("missing", "says"), [("sound", "three tones"), ("microphone", "Test the microphone")])
def test_what_was_not_tried_is_asked_for(missing, says, at_desk):
    answer = start(at_desk, **{missing: ""})
    assert answer.status_code == 409
    assert says in answer.text
    assert not Shift.objects.exists()


def test_who_hears_nothing_may_sit_down_and_a_banner_says_so(at_desk, alice, dave, organisation):
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    assert "No sound at this desk" in start(at_desk, sound="no").text


def test_each_item_is_taken_on_and_kept_as_it_was_worded(at_desk, alice, zone):
    incident = make.make_incident(zone=zone, at=clock.now())
    (key,) = offered(at_desk)
    answer = start(at_desk)
    assert answer.status_code == 409
    assert "Still to be taken on" in answer.text
    assert incident.reference in answer.text
    assert start(at_desk, [key]).status_code == 200
    (kept,) = HandOver.objects.get().items
    assert (kept["key"], kept["words"]) == (
        key,
        f"{incident.reference} Person in Yard, Pinewick Depot: open, nobody has it",
    )
    assert kept["accepted_at"]


def test_what_came_after_the_page_was_made_is_not_taken_on_unread(at_desk, zone, other_site):
    first = make.make_incident(zone=zone, at=clock.now())
    keys = offered(at_desk)
    later = make.make_incident(site=other_site, at=clock.now())
    answer = start(at_desk, keys)
    assert answer.status_code == 409
    assert f'value="incidents:{first.pk}" checked' in answer.text
    assert f'value="incidents:{later.pk}" >' in answer.text


def test_incidents_are_told_with_owner_verdict_reason_and_time(zone, other_site, alice, dave):
    now = clock.now()
    held = actions.claim(make.make_incident(zone=zone, at=now).pk, by=dave, at=now)
    assert words(alice)[0].endswith("Mara has it, not decided yet")
    actions.decide(held.pk, verdict="suspicious", token=1, by=dave, at=now)
    assert words(alice)[0].endswith("Mara has it: suspicious")
    until = now + timedelta(minutes=20)
    actions.wait(held.pk, reason="the guard looks", until=until, token=1, by=dave, at=now)
    local = until.astimezone(held.site.zone_info)
    assert words(alice)[0].endswith(f"Mara waits until {local:%H:%M}: the guard looks")


def test_who_is_out_without_a_result_is_told_until_they_have_left(zone, organisation, alice):
    now = clock.now()
    incident = actions.claim(make.make_incident(zone=zone, at=now).pk, by=alice, at=now)
    guard = Responder.objects.create(
        organisation=organisation, name="Tern Lane guards", phone="+12065550142", minutes=9
    )
    call = Attempt(
        site=incident.site, incident=incident, kind="call", responder=guard, status="placed", dedup="1", created_at=now,
        by=alice,
    )  # fmt: skip
    call.save()
    assert f"Tern Lane guards was called to Pinewick Depot for {incident.reference}: no answer yet" in words(alice)
    call.status, call.accepted_at, call.on_site_at = "accepted", now, now
    call.save()
    assert f"Tern Lane guards is at Pinewick Depot for {incident.reference}, not left yet" in words(alice)
    call.left_at = now
    call.save()
    assert not any("Tern Lane" in line for line in words(alice))


def test_a_site_left_unset_is_told(zone, alice):
    now = clock.now()
    incident = actions.claim(make.make_incident(zone=zone, at=now).pk, by=alice, at=now)
    actions.decide(incident.pk, verdict="authorised", token=1, by=alice, at=now)
    actions.close(
        incident.pk,
        outcome="authorised.staff",
        site_state="left_unset",
        summary="Inventory.",
        token=1,
        by=alice,
        at=now,
    )
    assert words(alice) == [f"Pinewick Depot: Left unset by the customer ({incident.reference})"]


def test_a_camera_without_picture_is_told(zone, camera, alice):
    camera.health = camera.Health.OFFLINE
    camera.save()
    assert words(alice) == ["Pinewick Depot: 1 of 1 cameras see nothing (Loading yard)"]


def test_nothing_of_another_centre_or_customer_is_told(zone, other_camera, oscar, other_customer, organisation):
    make.make_incident(zone=zone, at=clock.now())
    eve = make.make_user("eve", "operator", other_customer)
    assert words(oscar) == words(eve) == []


def test_a_flood_is_counted_behind_forty(customer, alice, monkeypatch):
    monkeypatch.setattr(reads, "MOST_INCIDENTS", 3)
    for n in range(5):
        make.make_incident(site=make.make_site(customer, f"Site {n}"), at=clock.now())
    assert len(words(alice)) == 4
    assert words(alice)[-1] == "and 2 more that wait"


def test_the_hand_over_costs_the_same_for_one_site_and_for_five(customer, alice):
    for n in range(5):
        site = make.make_site(customer, f"Site {n}")
        make.make_incident(zone=make.make_zone(make.make_camera(site)), at=clock.now())
    with queries.at_most(30):
        reads.hand_over(alice, at=clock.now())


def test_who_was_there_is_named_with_their_last_words_and_who_is_missing(at_desk, alice, dave, sam, organisation):
    now = clock.now()
    actions.start_shift(user=dave, organisation=organisation, at=now)
    actions.end_shift(user=dave, at=now, last_words="The gate <b>sticks</b>.")
    RosterEntry.objects.create(
        organisation=organisation, user=sam, duty="lead", starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1), by=sam, at=now,
    )  # fmt: skip
    page = at_desk.get(reverse("console-shift"), **FETCH).text
    assert "The gate &lt;b&gt;sticks&lt;/b&gt;." in page
    assert "Expected by the roster and not here: Joel." in page


def test_a_licence_out_of_force_is_said_before_anything_is_pressed(at_desk, alice, organisation):
    Credential.objects.create(
        organisation=organisation, user=alice, kind="licence", valid_until=clock.now().date() - timedelta(days=2)
    )
    assert "You cannot start a shift." in at_desk.get(reverse("console-shift"), **FETCH).text
    answer = start(at_desk)
    assert answer.status_code == 409
    assert "Your licence was valid until" in answer.text


# --- getting up


def test_nobody_ends_a_shift_while_holding_an_incident(at_desk, alice, zone):
    start(at_desk)
    incident = actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())
    page = at_desk.get(reverse("console-shift-end"), **FETCH).text
    assert incident.reference in page
    answer = at_desk.post(reverse("console-shift-end"), **FETCH)
    assert answer.status_code == 409
    assert "You still hold" in answer.text
    assert Shift.objects.get().ended_at is None


def test_logging_out_ends_the_shift_first(at_desk, client):
    start(at_desk)
    first = at_desk.post(reverse("logout"))
    assert first.url == reverse("console-shift-end") + "?then=logout"
    assert "End your shift before you log out" in at_desk.get(first.url).text
    done = at_desk.post(reverse("console-shift-end"), {"then": "logout", "last_words": "All quiet."})
    assert done.url == reverse("login")
    assert Shift.objects.get().last_words == "All quiet."
    assert at_desk.get(reverse("console")).status_code == 302


def test_who_is_not_on_shift_logs_out_at_once(at_desk):
    assert "/login/" in at_desk.post(reverse("logout")).url


def test_nor_does_anybody_log_off_owning_an_incident_who_took_it_without_a_shift(client, sam, zone):
    client.force_login(sam)
    incident = actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=sam, at=clock.now())
    first = client.post(reverse("logout")).url
    assert first == reverse("console-shift-end") + "?then=logout"
    page = client.get(first).text
    assert "Nobody leaves holding an incident." in page
    assert incident.reference in page
    assert "End shift" not in page.split('id="begin-title"')[1]
    answer = client.post(reverse("console-shift-end"), {"then": "logout"})
    assert answer.status_code == 409
    assert f"You still hold {incident.reference}" in answer.text
    actions.release(incident.pk, token=incident.token, by=sam, at=clock.now())
    assert "/login/" in client.post(reverse("logout")).url


def test_whoever_has_no_console_any_more_logs_out(at_desk, alice):
    start(at_desk)
    alice.memberships.all().delete()
    assert "/login/" in at_desk.post(reverse("logout")).url


def test_a_break_is_taken_and_ended(at_desk, alice, dave, organisation):
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    start(at_desk)
    assert "On a break until" in at_desk.post(reverse("console-shift-break"), {"minutes": "15"}, **FETCH).text
    assert "On a break until" not in at_desk.post(reverse("console-shift-back"), **FETCH).text


@pytest.mark.parametrize("minutes", ["", "-1", "soon", "9999", "٣", "61"])
def test_minutes_that_are_none_are_refused(minutes, at_desk, dave, organisation):
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    start(at_desk)
    answer = at_desk.post(reverse("console-shift-break"), {"minutes": minutes}, **FETCH)
    assert answer.status_code == 409
    assert Shift.objects.filter(break_until__isnull=False).count() == 0


def test_the_banners_say_one_thing_at_a_time(at_desk, alice, dave, organisation):
    start(at_desk)
    now = reverse("console-shift-now")
    assert "You are alone at the desks." in at_desk.get(now, **FETCH).text
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    assert "banner" not in at_desk.get(now, **FETCH).text
    Shift.objects.update(asked_at=clock.now())
    assert "Are you there?" in at_desk.get(now, **FETCH).text
    Shift.objects.update(silent_at=clock.now())
    assert "Supervisors were told" in at_desk.get(now, **FETCH).text


def test_supervisors_see_who_does_not_answer_and_nobody_else_does(client, alice, dave, sam, oscar, organisation):
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    Shift.objects.update(asked_at=clock.now(), silent_at=clock.now())
    found = {}
    for someone in (alice, sam, oscar):
        client.force_login(someone)
        found[someone.username] = "Mara does not answer" in client.get(reverse("console-shift-now"), **FETCH).text
    assert found == {"alice": False, "sam": True, "oscar": False}


def test_a_shift_event_tells_every_page_whose_it_was(at_desk, alice):
    from soc.console import strip

    start(at_desk)
    assert strip.rows(Event.objects.get(kind="shift.started")) == {"desk": str(alice.pk)}
