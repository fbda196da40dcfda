"""The plan of a site in the administration: its ground, its cameras' places, and nobody else's."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cameras.actions import plans
from cameras.models import Camera, SitePlan
from soc.core.media import opened
from soc.core.models import Event, Media
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


# --- the picture under it


def photograph(width: int = 320, height: int = 200, suffix: str = ".jpg") -> bytes:
    done, data = cv2.imencode(suffix, np.full((height, width, 3), 90, np.uint8))
    assert done
    return bytes(data.tobytes())


def with_exif(jpeg: bytes) -> bytes:
    """The JPEG with a part in which a camera would say where it was."""
    said = b"Exif\0\0GPS 47.61 N 122.33 W"
    return jpeg[:2] + b"\xff\xe1" + (len(said) + 2).to_bytes(2, "big") + said + jpeg[2:]


def bomb() -> bytes:
    """A few bytes that claim to be ten thousand megapixels."""
    return photograph(suffix=".png")[:16] + (100_000).to_bytes(4, "big") * 2 + photograph(suffix=".png")[24:]


@pytest.fixture
def lay(client, plan):
    def send(data: bytes, by: Client = client) -> Any:
        page = reverse("admin:cameras_siteplan_picture", args=[plan.pk])
        return by.post(page, {"picture": SimpleUploadedFile("ground.jpg", data)})

    return send


def test_a_picture_is_laid_under_the_plan_and_only_its_pixels_are_kept(client, lay, plan, admin):
    sent = with_exif(photograph())
    assert lay(sent).status_code == 302
    plan.refresh_from_db()
    assert plan.picture_place == {"x": 0, "y": 0, "width": 60, "height": 37.5}
    with opened(plan.picture) as file:
        kept = file.read()
    assert b"GPS" in sent
    assert b"GPS" not in kept
    assert b"Exif" not in kept
    assert (plan.picture.kind, plan.picture.site) == (Media.Kind.PLAN, plan.site)
    event = Event.objects.get(kind="plan.picture_put", by=admin)
    assert event.data["sha256"] == plan.picture.sha256
    shown = client.get(reverse("admin:cameras_siteplan_shown", args=[plan.pk]))
    assert (shown.status_code, shown.content) == (200, kept)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"GIF89a nothing of the kind", "not a JPEG or PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG or PNG"),
        (bomb(), "too large: 100000×100000"),
        (photograph() + bytes(9_000_000), "at most 8 MB"),
        (photograph()[:400], "damaged"),
        (photograph(640, 20), "more than 20 times"),
        (b"", "empty"),
    ],
    ids=["gif", "svg", "bomb", "long", "damaged", "strip", "empty"],
)
def test_what_is_no_picture_for_a_plan_is_refused_aloud_and_nothing_is_kept(lay, plan, sent, why):
    answer = lay(sent)
    assert answer.status_code == 409
    assert why in answer.content.decode()
    plan.refresh_from_db()
    assert plan.picture is None
    assert not Media.objects.exists()


def test_a_later_picture_takes_the_place_of_the_first_and_its_size_is_never_stretched(lay, save, plan):
    lay(photograph())
    wide = {"x": -4, "y": 2.5, "width": 80, "height": 1}
    assert save(picture_place=json.dumps(wide)).status_code == 302
    plan.refresh_from_db()
    assert plan.picture_place == {"x": -4, "y": 2.5, "width": 80, "height": 50}
    assert lay(photograph(400, 200)).status_code == 302
    plan.refresh_from_db()
    assert plan.picture_place == {"x": -4, "y": 2.5, "width": 80, "height": 40}


@pytest.mark.parametrize("place", ['{"x": 1}', '{"x": 0, "y": 0, "width": 0, "height": 1}', "[1]", '{"x": "a"}'])
def test_a_place_where_no_picture_can_lie_is_refused(lay, save, plan, place):
    lay(photograph())
    assert save(picture_place=place).status_code == 200
    plan.refresh_from_db()
    assert plan.picture_place["width"] == 60


def test_a_page_that_was_open_before_the_picture_came_takes_it_no_place(lay, plan, client, url):
    before = fields_of(client.get(url(plan, "change")))
    lay(photograph())
    assert client.post(url(plan, "change"), before).status_code == 302
    plan.refresh_from_db()
    assert plan.picture_place["width"] == 60


def test_it_is_taken_away_again(client, lay, plan):
    lay(photograph())
    client.post(reverse("admin:cameras_siteplan_picture", args=[plan.pk]), {"away": "1"})
    plan.refresh_from_db()
    assert (plan.picture, plan.picture_place) == (None, None)
    assert Event.objects.filter(kind="plan.picture_taken_away").count() == 1
    assert client.get(reverse("admin:cameras_siteplan_shown", args=[plan.pk])).status_code == 302


def test_nobody_elses_plan_gets_or_shows_a_picture(lay, plan, as_, other_admin, alice):
    lay(photograph())
    for stranger in (other_admin, alice):
        assert lay(photograph(400, 200), by=as_(stranger)).status_code in (302, 404)
        for name in ("picture", "shown"):
            page = as_(stranger).get(reverse(f"admin:cameras_siteplan_{name}", args=[plan.pk]))
            assert page.status_code in (302, 404)
    assert Event.objects.filter(kind="plan.picture_put").count() == 1


def test_a_picture_kept_as_it_was_sent_would_tell_where_it_was_taken(lay, plan, monkeypatch):
    class Sent:
        width, height = 320, 200

        def __init__(self, data: bytes) -> None:
            self.jpeg = data

    monkeypatch.setattr(plans, "decode", lambda data: data)
    monkeypatch.setattr(plans, "take", lambda data, **_limits: Sent(data))
    lay(with_exif(photograph()))
    plan.refresh_from_db()
    with opened(plan.picture) as file:
        assert b"GPS" in file.read()
