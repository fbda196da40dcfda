"""The wall tells a supervisor what is so, of their centre alone, in few queries however much there is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import prefetch_related_objects
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.models import HandlingTarget, Incident, Looking, Shift
from responses.models import Attempt
from soc.console.wall import reads, slow, spine
from soc.core import clock
from soc.core.models import Event, Vitals
from tests import factories as make
from tests.console.wall.night import come, measured, night, sit_down
from tests.queries import at_most

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch"}
WALL = reverse("console-wall")


@pytest.fixture
def wall(sam, organisation, now):
    prefetch_related_objects([sam], "memberships")

    def look(**later):
        return reads.page(sam, organisation, at=now + timedelta(**later))

    return look


def test_an_empty_centre_has_a_calm_wall(client, organisation):
    text = client.get(WALL).content.decode()
    assert "Nothing waits." in text
    assert "Nobody is on shift" in text
    assert "Nothing. Approvals" in text


def test_a_full_night_asks_no_more_than_an_empty_one(client, organisation, sam, now):
    night(organisation, sam, at=now)
    client.get(WALL, headers=FETCH)
    with at_most(35):
        assert "Loading yard" in client.get(WALL, headers=FETCH).content.decode()


def test_who_is_on_what_how_much_came_and_who_rests(wall, organisation, sam, now):
    here = night(organisation, sam, at=now)
    seen = {one.user.sign: one for one in wall()["people"]}
    assert seen["Ines"].on[0].row == here.held[0]
    assert (seen["Mara"].windows[-3:], seen["Mara"].loaded, seen["Mara"].over_for_min) == ([11, 12, 13], True, 30)
    assert (seen["Mara"].full, seen["Ines"].full) == (True, False)
    assert seen["Priya"].on_break
    assert not seen["Priya"].overdue
    assert seen["Noel"].on == []
    assert wall()["working"] | {"back": None} == {
        "all": 5, "there": 4, "busy": 3, "free": 1, "resting": 1, "back": None,
    }  # fmt: skip
    assert list(seen)[-1] == "Priya"  # who rests stands last


def test_the_nearest_to_its_limit_stands_first_whatever_its_priority(wall, organisation, site, zone, now):
    HandlingTarget.objects.create(
        organisation=organisation, priority=3, soon_s=100, soon_share=80, late_s=200, late_share=98
    )
    urgent = come(site, zone=zone, at=now - timedelta(seconds=5))
    late = come(site, category="late_close", at=now - timedelta(seconds=96))
    queue = wall()["queue"]
    assert [one.shown.row for one in queue.waiting] == [late, urgent]
    assert (queue.n, queue.over, queue.oldest.age_s) == (2, 0, 96.0)
    assert queue.waiting[0].pressing
    assert not queue.waiting[1].pressing
    assert (queue.waiting[0].filled, queue.waiting[0].mark) == (72.0, 75.0)
    assert wall(seconds=6)["queue"].over == 1


def test_of_another_centre_nothing_is_seen(client, oscar, other_organisation, site, zone, now):
    come(site, zone=zone, at=now)
    other = Client()
    other.force_login(make.make_user("otto", "supervisor", other_organisation))
    assert "Pinewick" in client.get(WALL, headers=FETCH).content.decode()
    assert "Pinewick" not in other.get(WALL, headers=FETCH).content.decode()
    assert other.get(f"{WALL}?of={site.organisation_id}").status_code == 404


def test_operators_and_customers_have_no_wall(alice, carol):
    for user in (alice, carol):
        client = Client()
        client.force_login(user)
        assert client.get(WALL).status_code == 404


def needs(wall, **later):
    return {one.key.partition(":")[0]: one for one in wall(**later)["needs"]}


def test_a_silent_operator_and_what_they_hold_need_somebody(wall, organisation, alice, site, zone, now):
    sit_down(alice, organisation, at=now, seen=now)
    incident = come(site, zone=zone, at=now)
    Incident.objects.filter(pk=incident.pk).update(offered_to=alice)
    actions.claim(incident.pk, by=alice, at=now)
    assert needs(wall) == {}
    Shift.objects.filter(user=alice).update(silent_at=now)
    found = needs(wall)["silent"]
    assert (found.title, found.assign) == ("Ines does not answer", incident.pk)
    Shift.objects.filter(user=alice).update(silent_at=None, break_from=now, break_until=now + timedelta(minutes=5))
    assert needs(wall, minutes=4) == {}
    assert needs(wall, minutes=6)["break"].title == "Ines is not back from the break"


def test_what_nobody_claims_has_left_or_leaves_undecided_needs_somebody(wall, organisation, alice, site, zone, now):
    incident = come(site, zone=zone, at=now)
    rows = Incident.objects.filter(pk=incident.pk)
    assert needs(wall) == {}
    rows.update(escalation=2)
    assert needs(wall)["unclaimed"].gravity == 0
    rows.update(escalation=0, offered_to=alice)
    token = actions.claim(incident.pk, by=alice, at=now).token
    assert needs(wall) == {}
    rows.update(absent_since=now)
    assert needs(wall)["absent"].assign == incident.pk
    page = {"site": site, "incident": incident, "kind": "call", "dedup": "page", "created_at": now}
    Attempt.objects.create(**page, paged=make.make_user("otis", "supervisor", organisation, call_sign="Otis"))
    assert "Paged: Otis (planned)." in needs(wall)["absent"].words
    rows.update(absent_since=None, verdict_by=None)
    assert needs(wall)["undecided"].href == reverse("console-wall-watch", args=[incident.pk])
    actions.release(incident.pk, token=token, by=alice, at=now)
    assert needs(wall)["unclaimed"].over == "Nobody has it any more"


def test_supervisors_hear_what_nobody_claimed_in_its_time_until_somebody_has_it(
    client, organisation, alice, site, zone, now
):
    def heard() -> int:
        return client.get(f"{WALL}?of={organisation.pk}&part=heard", headers=FETCH).json()["priority"]

    late, urgent = come(site, category="late_close", at=now), come(site, zone=zone, at=now)
    Incident.objects.filter(pk__in=[late.pk, urgent.pk]).update(escalation=1)
    assert heard() == 0  # it is still the operators'
    Incident.objects.filter(pk=late.pk).update(escalation=2)
    assert heard() == late.priority == 3
    Incident.objects.filter(pk=urgent.pk).update(escalation=3)
    assert heard() == urgent.priority == 1
    actions.claim(urgent.pk, by=alice, at=now)
    assert heard() == 3
    elsewhere = Client()
    elsewhere.force_login(make.make_user("otto", "supervisor", make.make_organisation("Elsewhere")))
    assert elsewhere.get(f"{WALL}?part=heard", headers=FETCH).json() == {"priority": 0}
    assert elsewhere.get(f"{WALL}?of={organisation.pk}&part=heard", headers=FETCH).status_code == 404


def test_a_supervisor_on_shift_is_told_on_the_wall_what_is_offered_to_them(wall, sam, site, zone, now):
    incident = come(site, zone=zone, at=now)
    Incident.objects.filter(pk=incident.pk).update(offered_to=sam)
    assert needs(wall)["offer"].href == reverse("console-incident", args=[incident.pk])


def test_the_gravest_need_is_the_bright_one(wall, organisation, alice, site, zone, other_site, now):
    come(site, category="late_close", at=now)
    urgent = come(other_site, category="panic", at=now)
    Incident.objects.update(escalation=2)
    first, *_rest = wall()["needs"]
    assert first.assign == urgent.pk


# --- spine


def test_five_minutes_of_samples_are_drawn_and_what_is_wrong_is_marked(wall, organisation, now):
    measured(organisation, at=now)
    page = wall()
    assert page["fresh"]
    found = {one.name: one for one in page["gauges"]}
    assert (found["Worker canaries"].value, found["Worker canaries"].abnormal) == ("2 of 2", False)
    assert found["Relay lag"].path.startswith("M0.0 ")
    assert len(found["Relay lag"].samples) == 60
    assert (found["Frames older than 5 s"].value, found["Frames older than 5 s"].abnormal) == ("1", True)
    assert found["Frames older than 5 s"].words == "of 6 cameras"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"relay_lag_ms": 301}, "Relay lag"),
        ({"due": 3, "oldest_due_s": 5.1}, "Due deliveries"),
        ({"detect_age_ms": 900}, "Detect queue age"),
        ({"workers": ["respond@a"]}, "Worker canaries"),
        ({"workers": None}, "Worker canaries"),
        ({"detect_age_ms": None, "watchers": 0}, "Detect queue age"),
    ],
)
def test_each_figure_over_its_limit_is_marked_and_no_other(wall, organisation, now, wrong, name):
    measured(organisation, at=now, stale={}, **wrong)
    marked = {one.name for one in wall()["gauges"] if one.abnormal}
    assert marked - {"Phone line"} == {name}


def test_a_spine_that_measures_no_more_is_said_to_stand_still(wall, organisation, now):
    measured(organisation, at=now)
    assert wall(seconds=19)["fresh"]
    assert not wall(seconds=21)["fresh"]
    Vitals.objects.all().delete()
    assert all(one.abnormal for one in wall()["gauges"] if one.name != "Phone line")


def test_another_centres_cameras_are_not_counted(organisation, other_organisation, now):
    measured(other_organisation, at=now)
    rows = list(Vitals.objects.order_by("at"))
    assert [one.value for one in spine._of_centre(rows, organisation)] == ["0", "0 late"]


def test_the_most_that_waited_is_remembered_with_its_time(organisation, other_organisation, now):
    measured(organisation, at=now)
    most = slow.most_waiting(organisation.pk, now)
    assert (most.n, most.at) == (11, now - timedelta(seconds=5 * 39))
    assert slow.most_waiting(other_organisation.pk, now) is None


def test_what_changes_slowly_is_told_by_itself(client, organisation, sam, now):
    night(organisation, sam, at=now)
    text = client.get(f"{WALL}?part=slow", headers=FETCH).content.decode()
    assert "too few judged to say" in text
    assert "most 11" in text


def test_whoever_leads_only_a_part_is_not_told_what_waited_in_the_whole_nor_keeps_what_was_theirs(
    client, organisation, sam, site, now
):
    night(organisation, sam, at=now)
    assert "most 11" in client.get(f"{WALL}?part=slow", headers=FETCH).content.decode()
    sam.memberships.update(organisation=None, site=site)
    assert "most 11" not in client.get(f"{WALL}?part=slow", headers=FETCH).content.decode()


def test_whoever_leads_only_a_part_sees_who_is_at_work_there_and_how_much_of_it_came_to_them(
    organisation, sam, now, monkeypatch
):
    here = night(organisation, sam, at=now)
    part = here.held[0].site
    sam.memberships.update(organisation=None, site=part)
    page = reads.page(sam, organisation, at=now)
    assert [(one.user.sign, one.windows) for one in page["people"]] == [("Ines", [0, 0, 0, 0, 0, 1])]
    assert (page["whole"], page["working"]["busy"], page["working"]["all"]) == (False, 1, 1)
    Shift.objects.update(silent_at=now)
    assert [one.key for one in reads.page(sam, organisation, at=now)["needs"] if one.key.startswith("silent:")] == [
        f"silent:{here.people['Ines'].pk}"
    ]
    names = {one.name for one in page["gauges"]}
    assert "Phone line" in names
    assert not names & {"Consoles", "Frames older than 5 s", "Due escalations"}
    monkeypatch.setattr(reads, "whole", lambda *_: True)
    assert len(reads.page(sam, organisation, at=now)["people"]) == 5, "they are there to be seen"


def test_its_page_names_nobody_else_and_gives_to_whoever_may_handle_there(client, organisation, sam, customer, now):
    here = night(organisation, sam, at=now)
    elsewhere = make.make_user("elsa", "operator", customer, call_sign="Elsa")
    sit_down(elsewhere, organisation, at=now, seen=now)
    sam.memberships.update(organisation=None, site=here.held[0].site)
    text = client.get(WALL).content.decode()
    assert "Ines" in text
    assert [name for name in ("Mara", "Tomas", "Noel", "Priya", "Elsa") if name in text] == []
    panel = client.get(f"{WALL}?assign={here.held[0].pk}").content.decode()
    assert "Noel" in panel
    assert "Elsa" not in panel


# --- silent watch


def test_a_watch_is_read_only_recorded_once_and_told_to_nobody(client, sam, alice, organisation, site, zone, now):
    sit_down(alice, organisation, at=now, seen=now)
    incident = come(site, zone=zone, at=now)
    Incident.objects.filter(pk=incident.pk).update(offered_to=alice)
    actions.claim(incident.pk, by=alice, at=now)
    url = reverse("console-wall-watch", args=[incident.pk])
    for _ in range(3):
        text = client.get(url, headers=FETCH).content.decode()
    assert "<form" not in text
    assert client.get(url).status_code == 200
    assert Looking.objects.get(incident=incident).silent
    assert actions.lookers(incident, clock.now()) == []
    told = Event.objects.filter(kind="incident.watched", subject_id=incident.pk)
    assert told.count() == 1
    Looking.objects.update(seen_at=now - timedelta(seconds=61))  # looked away, and came back
    client.get(url)
    assert told.count() == 2


def test_no_operator_watches_another(alice, site, zone, now):
    incident = come(site, zone=zone, at=now)
    client = Client()
    client.force_login(alice)
    assert client.get(reverse("console-wall-watch", args=[incident.pk])).status_code == 404
    assert not Event.objects.filter(kind="incident.watched").exists()
