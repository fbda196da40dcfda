"""What is seen around an incident: cameras by number, what the clip is held against, the plan, what it follows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.models import Camera, SitePlan
from incidents import actions
from incidents.models import Incident, Looking
from soc.console import around, earlier, pane, strip
from soc.console.evidence import evidence
from soc.console.site_plan import Ground, site_plan
from soc.core import clock
from tests import factories as make

MINUTE = timedelta(minutes=1)
PLACE = {"x": 10, "y": 20, "heading": 0, "angle": 90, "reach": 40}


@pytest.fixture
def incident(zone) -> Incident:
    return make.make_incident(make.make_candidate(zone=zone, at=clock.now()))


def ended(zone, user, *, at, outcome="false.animal") -> Incident:
    candidate = make.make_candidate(zone=zone, at=at)
    candidate.snapshot = make.make_media(zone.site, started_at=at, at=at)
    candidate.save()
    incident = actions.claim(make.make_incident(candidate).pk, by=user, at=at + MINUTE)
    said = {"verdict": outcome.split(".")[0], "token": incident.token, "by": user}
    incident = actions.decide(incident.pk, **said, at=at + 2 * MINUTE)
    form = {"outcome": outcome, "site_state": "secure", "summary": "", "token": incident.token}
    return actions.close(incident.pk, **form, by=user, at=at + 3 * MINUTE)


def look(incident, user):
    seen = around.cameras(incident, user)
    return seen, evidence(incident, chosen=None, at=clock.now())


def compared(incident, user):
    seen, shown = look(incident, user)
    return around.compare(incident, shown, user, seen)


def test_numbers_go_by_name_and_the_tiles_begin_with_who_sees_the_zone(incident, zone, alice):
    for name in ("Gate lane", "Office", "Van bay"):
        make.make_camera(zone.site, name)
    zone.also_seen_by.add(Camera.objects.get(name="Van bay"))
    facts = around.facts(around.cameras(incident, alice))
    numbers = {one.camera.name: one.number for one in facts["cameras"]}
    assert numbers == {"Gate lane": 1, "Loading yard": 2, "Office": 3, "Van bay": 4}
    assert facts["own"].camera == zone.camera
    assert [one.camera.name for one in facts["others"]] == ["Van bay", "Gate lane", "Office"]


def test_of_many_cameras_the_one_that_raised_the_alarm_is_never_left_out(incident, zone, alice):
    for n in range(12):
        make.make_camera(zone.site, f"A {n:02}")
    seen = around.cameras(incident, alice)
    assert len(seen) == 9
    assert [one.camera for one in seen if one.own] == [zone.camera]


def test_the_clip_is_held_against_the_quiet_view_and_the_last_alarm(incident, zone, alice):
    assert compared(incident, alice) == []
    zone.camera.reference = make.make_media(zone.site, started_at=clock.now(), at=clock.now())
    zone.camera.save()
    ended(zone, alice, at=clock.now() - timedelta(days=2))
    found = compared(Incident.objects.get(pk=incident.pk), alice)
    assert [one["title"] for one in found] == ["Reference", "Last alarm"]
    assert found[0]["words"].endswith("nobody")
    assert "Animal" in found[1]["words"]


def test_a_drill_opens_no_live_picture_until_something_real_goes_on_there(client, zone, alice, sam):
    reference = make.make_media(zone.site, started_at=clock.now(), at=clock.now())
    Camera.objects.update(reference=reference)
    drill = actions.begin_drill(zone.site_id, reason="To try.", zone=zone.pk, by=sam, at=clock.now())
    client.force_login(alice)
    page = client.get(reverse("console-incident", args=[drill.pk])).text
    assert "A drill opens no live picture" in page
    assert "The live picture may show more" not in page
    assert str(reference.pk) not in page
    assert client.get(f"/media/{reference.pk}").status_code == 404
    assert [len(around.cameras(drill, user)) for user in (alice, sam)] == [0, 1]
    make.make_incident(make.make_candidate(zone=zone, at=clock.now()))
    assert [len(around.cameras(drill, user)) for user in (alice, sam)] == [1, 1]
    assert client.get(f"/media/{reference.pk}").status_code == 200


def test_a_drill_about_a_view_shows_no_picture_that_is_not_played_in_it(zone, alice, sam):
    Camera.objects.update(reference=make.make_media(zone.site, started_at=clock.now(), at=clock.now()))
    drill = actions.begin_drill(
        zone.site_id, reason="To try.", kind="blinded", zone=zone.pk, by=sam, at=clock.now() + MINUTE
    )
    assert look(drill, alice)[1].kind == "none"


def test_an_erased_picture_is_held_against_nothing(incident, zone, alice):
    gone = make.make_media(zone.site, started_at=clock.now(), at=clock.now())
    type(gone).objects.filter(pk=gone.pk).update(erased_at=clock.now())
    Camera.objects.update(reference=gone)
    assert compared(incident, alice) == []


def test_the_plan_marks_every_camera_and_where_somebody_was_last(incident, zone, alice):
    SitePlan.objects.create(site=zone.site, width_m=60, height_m=40)
    Camera.objects.update(on_plan=PLACE)
    candidate = incident.alerts.get().candidate
    path = [[n, 0.5, 0.5, 0.54, 0.5 + 0.12 * (1 - n / 8)] for n in range(5)]  # smaller and smaller: they walk away
    overlay = {"tracks": [{"id": 1, "label": "person", "score": 0.9, "path": path}]}
    candidate.clip = make.make_media(zone.site, kind="clip", duration_s=5, overlay=overlay)
    candidate.save()
    incident = Incident.objects.get(pk=incident.pk)
    drawn = site_plan(incident, alice, *look(incident, alice))
    assert [mark.number for mark in drawn.marks if mark.own] == [1]
    assert drawn.track
    assert drawn.words == "heading north"
    assert "metres from camera 1, Loading yard" in drawn.sentence


def test_a_picture_lies_under_the_plan_where_it_was_put_until_it_is_erased(incident, zone, alice):
    ground = make.make_media(zone.site, kind="plan")
    place = {"x": -6, "y": 3, "width": 72, "height": 40.5}
    plan = SitePlan.objects.create(site=zone.site, width_m=60, height_m=40, picture=ground, picture_place=place)
    lies = site_plan(incident, alice, *look(incident, alice)).picture  # 60 m are 360 units
    assert lies == Ground(f"/media/{ground.pk}", "-36.0", "18.0", "432.0", "243.0")
    SitePlan.objects.filter(pk=plan.pk).update(picture_place=None)
    lies = site_plan(incident, alice, *look(incident, alice)).picture
    assert (lies.x, lies.width, lies.height) == ("0.0", "360.0", "240.0")
    type(ground).objects.update(erased_at=clock.now())
    assert site_plan(incident, alice, *look(incident, alice)).picture is None


def test_the_plan_is_nobody_elses(incident, zone, alice, oscar, carol):
    SitePlan.objects.create(site=zone.site, width_m=60, height_m=40)
    assert site_plan(incident, alice, *look(incident, alice)) is not None
    assert site_plan(incident, oscar, *look(incident, alice)) is None
    assert SitePlan.objects.visible_to(oscar).count() == 0


def test_a_site_without_a_plan_has_none(incident, alice):
    assert site_plan(incident, alice, *look(incident, alice)) is None


def test_what_it_follows_is_told_with_its_end_in_one_line(zone, alice, incident, oscar):
    before = ended(zone, alice, at=incident.captured_at - timedelta(hours=1))
    Incident.objects.filter(pk=incident.pk).update(follows=before)
    incident.refresh_from_db()
    told = earlier.earlier(incident, alice)
    assert told.words == f"Follows {before.reference}, 1 h 0 min ago: false alarm, animal, Ines"
    assert earlier.earlier(incident, oscar) is None


def test_what_came_late_says_by_how_much_in_its_row_and_on_the_desk(zone, alice, client):
    at = clock.now()
    candidate = make.make_candidate(zone=zone, at=at - 12 * MINUTE, received_at=at, judged_at=at)
    incident = make.make_incident(candidate, at=at)
    assert "late by 12 min" in strip.row(incident)["html"]
    client.force_login(alice)
    answer = client.get(reverse("console-incident", args=[incident.pk]), HTTP_X_REQUESTED_WITH="fetch")
    assert "Late by 12 min" in answer.content.decode()


def test_of_those_that_came_late_the_newest_is_first_in_the_strip(customer, alice):
    at = clock.now()
    rows = []
    for n, age in enumerate((40, 6, 0)):
        site = make.make_site(customer, f"Site {n}")
        candidate = make.make_candidate(site=site, category="alarm", at=at - age * MINUTE, received_at=at, judged_at=at)
        rows.append(strip.row(make.make_incident(candidate, at=at)))
    turns = sorted(rows, key=lambda row: (row["priority"], row["turn"]))
    assert [row["where"] for row in turns] == ["Site 2", "Site 1", "Site 0"]
    assert [row["where"] for row in strip.snapshot(alice)["rows"]] == ["Site 2", "Site 1", "Site 0"]


def test_who_else_looks_is_named_and_who_watches_silently_is_not(incident, alice, sam, dave):
    for user, silent in ((alice, False), (sam, False), (dave, True)):
        Looking.objects.create(incident=incident, user=user, since=clock.now(), seen_at=clock.now(), silent=silent)
    assert pane.context(incident, alice)["looking"] == ["Joel"]


def test_of_the_last_ones_those_that_were_nothing_are_counted(incident, zone, alice):
    for n, outcome in enumerate(("false.animal", "authorised.staff", "genuine.attempt_only")):
        verdict = {"genuine": "real"}.get(outcome.split(".")[0])
        at = clock.now() - timedelta(days=n + 1)
        made = make.make_incident(make.make_candidate(zone=zone, at=at))
        fields = {"verdict": verdict or outcome.split(".")[0], "outcome": outcome, "owner": alice}
        Incident.objects.filter(pk=made.pk).update(state="closed", closed_at=at + MINUTE, **fields)
    facts = pane.context(incident, alice)
    assert (len(facts["past"]), facts["past_false"]) == (3, 2)
