"""The plan of a site in the administration: its ground, its cameras' places, and nobody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from cameras.models import Camera, SitePlan
from tests import factories as make
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db
PLACE = {"x": 4, "y": 6.5, "heading": 120, "angle": 70, "reach": 25}
SHED = {"kind": "building", "points": [[1, 1], [9, 1], [9, 6], [1, 6]], "words": "Shed"}


@pytest.fixture
def plan(site) -> SitePlan:
    return SitePlan.objects.create(site=site, width_m=60, height_m=40)


@pytest.fixture
def client(admin, as_):
    return as_(admin)


@pytest.fixture
def save(client, plan, url):
    def send(**changes: Any) -> Any:
        page = client.get(url(plan, "change"))
        data = {**fields_of(page), **changes}
        return client.post(url(plan, "change"), {name: value for name, value in data.items() if value is not None})

    return send


def test_what_is_drawn_and_placed_is_saved_with_one_press(save, plan, camera):
    assert save(shapes=json.dumps([SHED]), places=json.dumps({str(camera.pk): PLACE})).status_code == 302
    plan.refresh_from_db()
    camera.refresh_from_db()
    assert plan.shapes == [SHED]
    assert camera.on_plan == PLACE


def test_a_camera_is_taken_off_the_plan_and_the_others_stay(save, camera):
    Camera.objects.filter(pk=camera.pk).update(on_plan=PLACE)
    other = make.make_camera(camera.site, "Gate lane", on_plan=PLACE)
    assert save(places=json.dumps({str(camera.pk): None})).status_code == 302
    assert Camera.objects.get(pk=camera.pk).on_plan is None
    assert Camera.objects.get(pk=other.pk).on_plan == PLACE


@pytest.mark.parametrize(
    "place", [{"x": 1}, PLACE | {"angle": 720}, PLACE | {"x": "here"}, PLACE | {"reach": 0}, [1, 2], "north"]
)
def test_a_place_where_no_camera_can_be_is_refused(save, camera, place):
    assert save(places=json.dumps({str(camera.pk): place})).status_code == 200
    assert Camera.objects.get(pk=camera.pk).on_plan is None


@pytest.mark.parametrize(
    "shapes", ["[1]", '[{"kind": "moat", "points": [[1, 1]]}]', '[{"kind": "fence", "points": []}]', "not JSON"]
)
def test_a_shape_that_cannot_be_drawn_is_refused(save, plan, shapes):
    assert save(shapes=shapes).status_code == 200
    plan.refresh_from_db()
    assert plan.shapes == []


def test_a_camera_of_another_site_is_never_placed(save, other_camera):
    assert save(places=json.dumps({str(other_camera.pk): PLACE})).status_code == 200
    other_camera.refresh_from_db()
    assert other_camera.on_plan is None


def test_another_companys_plan_is_not_there(plan, as_, other_organisation, url):
    stranger = make.make_user("stranger", "admin", other_organisation, is_staff=True)
    assert as_(stranger).get(url(plan, "change")).status_code in (302, 404)
    page = as_(stranger).get(reverse("admin:cameras_siteplan_changelist"))
    assert plan.site.name not in page.content.decode()


def test_a_new_plan_is_for_a_site_that_one_administers(client, site, other_site, other_organisation):
    foreign = make.make_site(make.make_customer(other_organisation, "Strangers"), "Elsewhere")
    page = client.get(reverse("admin:cameras_siteplan_add")).content.decode()
    assert site.name in page
    assert foreign.name not in page
    sent = {"site": str(site.pk), "width_m": "60", "height_m": "40", "shapes": "[]", "places": ""}
    assert client.post(reverse("admin:cameras_siteplan_add"), sent).status_code == 302
    assert SitePlan.objects.get().site == site
