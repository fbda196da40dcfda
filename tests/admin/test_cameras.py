"""Cameras: the password goes in and never comes out, addresses and outlines are checked, “Probe” speaks plainly."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from cameras.models import Camera, Zone
from cameras.vision.probe import ProbeReport
from tests import factories as make
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-camera"


@pytest.fixture(autouse=True)
def networks(settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8", "192.168.0.0/16"]


@pytest.fixture
def camera(site) -> Camera:
    return make.make_camera(site, username="admin", password=SECRET)


@pytest.fixture
def client(admin, as_):
    return as_(admin)


@pytest.fixture
def save(client, camera, url):
    def send(**changes: Any) -> Any:
        page = client.get(url(camera, "change"))
        data = {**fields_of(page), **changes}
        return client.post(url(camera, "change"), {name: value for name, value in data.items() if value is not None})

    return send


def test_a_password_is_never_shown(client, camera, url):
    for page in (url(camera, "change"), url(camera, "history"), url(Camera, "changelist")):
        assert SECRET not in client.get(page).content.decode()


def test_a_detector_that_is_not_here_or_not_what_its_card_says_is_kept_and_said(save, camera, settings, tmp_path):
    settings.MODELS_DIR = tmp_path

    def said(name: str) -> str:
        page = save(model=name)
        camera.refresh_from_db()
        assert camera.model == name
        return " ".join(str(one) for one in get_messages(page.wsgi_request) if one.level_tag == "warning")

    assert "no model of this name" in said("nobodys")
    assert said("nanodet-g-416-int8") == ""
    assert said("") == ""
    (tmp_path / "broken.json").write_text("{")
    assert "broken.json" in said("broken")


def test_an_empty_password_keeps_the_stored_one(save, camera):
    assert save(name="Renamed").status_code == 302
    camera.refresh_from_db()
    assert (camera.name, camera.password) == ("Renamed", SECRET)


def test_a_typed_password_replaces_it_and_is_kept_encrypted(save, camera):
    save(password="another one ")
    camera.refresh_from_db()
    assert camera.password == "another one "
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM cameras_camera WHERE id = %s", [camera.pk])
        assert "another" not in cursor.fetchone()[0]


def test_a_stored_password_can_be_forgotten(save, camera):
    save(forget_password="on")
    camera.refresh_from_db()
    assert camera.password == ""


def test_a_stored_password_is_not_sent_to_another_device(save, camera):
    answer = save(address="rtsp://192.168.7.7/stream")
    assert "another device" in answer.content.decode()
    assert save(address="rtsp://127.0.0.1:9000/other").status_code == 302
    assert save(address="rtsp://192.168.7.7/stream", password="its own").status_code == 302
    camera.refresh_from_db()
    assert camera.password == "its own"


def test_a_refused_form_does_not_echo_the_password(save):
    answer = save(address="http://127.0.0.1/", password="typed-just-now")
    assert answer.status_code == 200
    assert "typed-just-now" not in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1/x", "rtsp://"),
        ("file:///etc/passwd", "rtsp://"),
        ("rtsp://user:pw@127.0.0.1/x", "own fields"),
        ("rtsp://169.254.169.254/x", "metadata"),
        ("rtsp://8.8.8.8/x", "outside the networks"),
        ("rtsp://", "no host"),
        ("rtsp://127.0.0.1:99999/x", "port"),
        ("not an address", "space"),
    ],
)
def test_an_address_that_must_not_be_opened_is_refused_in_words(save, camera, address, words):
    answer = save(address=address, password="x")
    assert answer.status_code == 200
    assert words in answer.content.decode()
    camera.refresh_from_db()
    assert camera.address == "rtsp://127.0.0.1:8554/yard"


def test_zones_are_kept_with_the_camera(client, camera, url):
    page = client.get(url(camera, "change"))
    data = {**fields_of(page), "zones-TOTAL_FORMS": "1", "zones-0-name": "Gate", "zones-0-kind": "inside",
            "zones-0-polygon": "[[0,0],[1,0],[1,1]]", "zones-0-dwell_s": "2"}  # fmt: skip
    assert client.post(url(camera, "change"), data).status_code == 302
    zone = Zone.objects.get()
    assert (zone.name, zone.site_id, zone.organisation_id) == ("Gate", camera.site_id, camera.organisation_id)
    assert "<polygon" in client.get(url(camera, "change")).content.decode()


@pytest.mark.parametrize(
    "polygon",
    [
        "[[0,0],[1,1]]",
        "[[0,0],[1,1],[1,0],[0,1]]",
        "[[0,0],[2,0],[1,1]]",
        "[[0,0],[NaN,0],[1,1]]",
        "{}",
        "[",
        "7",
        '[["a","b"],[1,0],[1,1]]',
    ],
)
def test_an_outline_that_is_none_is_refused(client, camera, url, polygon):
    page = client.get(url(camera, "change"))
    data = {**fields_of(page), "zones-TOTAL_FORMS": "1", "zones-0-name": "Gate", "zones-0-kind": "inside",
            "zones-0-polygon": polygon, "zones-0-dwell_s": "2"}  # fmt: skip
    assert client.post(url(camera, "change"), data).status_code == 200
    assert not Zone.objects.exists()


# --- probe


@pytest.fixture
def looked(monkeypatch):
    asked: list[Any] = []

    def answer_with(report: ProbeReport) -> list[Any]:
        def look(address: Any) -> ProbeReport:
            asked.append(address)
            return report

        monkeypatch.setattr("cameras.admin.cameras.probe", look)
        return asked

    return answer_with


def press(client: Any, camera: Camera) -> str:
    answer = client.post(reverse("admin:cameras_camera_probe", args=[camera.pk]), follow=True)
    assert answer.status_code == 200
    return " ".join(str(message) for message in answer.context["messages"])


def test_probe_says_what_the_camera_sends(client, camera, looked):
    asked = looked(ProbeReport(video_codec="h264", width=1280, height=720, fps=12.4, backchannel=True))
    said = press(client, camera)
    assert "works" in said
    assert "h264 1280 × 720" in said
    assert "12 pictures a second" in said
    assert "takes sound" in said
    assert asked[0].credentials.password == SECRET
    assert SECRET not in said


def test_probe_says_why_not(client, camera, looked):
    looked(ProbeReport(fault="unauthorised", message="The camera did not accept the user name and password."))
    assert "did not accept the user name" in press(client, camera)


def test_probe_of_an_address_that_is_not_allowed_opens_nothing(client, camera, looked):
    asked = looked(ProbeReport())
    Camera.objects.filter(pk=camera.pk).update(address="rtsp://8.8.8.8/x")
    assert "outside the networks" in press(client, camera)
    assert not asked


def test_a_camera_that_really_refuses_is_reported(client, camera):
    """Port 1 of this machine: nobody listens there."""
    Camera.objects.filter(pk=camera.pk).update(address="rtsp://127.0.0.1:1/x")
    assert "refused the connection" in press(client, camera)


def test_probe_needs_a_post_and_a_camera_of_ones_own(client, other_admin, as_, camera, looked):
    asked = looked(ProbeReport())
    address = reverse("admin:cameras_camera_probe", args=[camera.pk])
    assert client.get(address).status_code == 302
    assert as_(other_admin).post(address).status_code == 404
    assert not asked


def test_the_small_picture_comes_from_the_same_device(client, camera, url):
    page = url(camera, "change")
    data = fields_of(client.get(page)) | {"sub_address": "rtsp://192.168.99.99/small"}
    assert "must come from the same device" in client.post(page, data).content.decode()
    host = camera.address.split("/")[2]
    assert client.post(page, data | {"sub_address": f"rtsp://{host}/small"}).status_code == 302


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("privacy_masks", "[[[0, 0], [1, 1]]]", "at least three points"),
        ("ignore_areas", '{"road": 1}', "list of at most"),
        ("perspective", '{"far": [0.9, 0.5], "near": [0.2, 0.1]}', "far above near"),
        ("day_score", "3", "less than or equal"),
    ],
)
def test_what_is_drawn_wrongly_is_said(client, camera, url, field, value, words):
    page = url(camera, "change")
    answer = client.post(page, fields_of(client.get(page)) | {field: value})
    assert words in answer.content.decode()


def test_a_zone_is_seen_by_cameras_of_its_own_site_alone(client, zone, other_camera, url):
    neighbour = make.make_camera(zone.site, "Neighbour")
    page = url(zone, "change")
    offered = client.get(page).context["adminform"].form.fields["also_seen_by"].queryset
    assert list(offered) == [neighbour]
    data = fields_of(client.get(page))
    assert client.post(page, data | {"also_seen_by": [str(other_camera.pk)]}).status_code == 200
    assert client.post(page, data | {"also_seen_by": [str(neighbour.pk)]}).status_code == 302
    assert list(zone.also_seen_by.all()) == [neighbour]


def test_the_picture_a_view_is_compared_with_goes_when_its_masks_change(save, camera, site):
    picture = make.make_media(site)
    Camera.objects.filter(pk=camera.pk).update(reference=picture)
    assert save(name="Renamed").status_code == 302
    camera.refresh_from_db()
    assert camera.reference == picture
    assert save(privacy_masks="[[[0, 0], [0.5, 0], [0.5, 0.5]]]").status_code == 302
    camera.refresh_from_db()
    assert (camera.reference, len(camera.privacy_masks)) == (None, 1)


def test_no_camera_is_left_to_itself_while_nobody_takes_in_what_it_reports(save, camera):
    page = save(analytics="camera")
    assert page.status_code == 200
    assert "nobody would look at its pictures" in page.content.decode()
    camera.refresh_from_db()
    assert camera.analytics == "ours"
