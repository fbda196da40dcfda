"""How cameras are, for whoever works with them: who sees what, what is said of a camera in each state, and what is done there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cameras.actions import camera_lost, condition_began, condition_ended, keep_reference
from cameras.actions.speaker import check_speaker
from cameras.models import Camera, Candidate, Condition
from cameras.vision.backchannel import TalkError
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db

FETCH = {"headers": {"X-Requested-With": "fetch"}}


def as_user(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(client: Client, path: str, **options) -> str:
    answer = client.get(path, **options)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def page_of(camera: Camera) -> str:
    return f"/console/cameras/{camera.pk}/"


def test_a_site_with_a_blind_camera_stands_first_and_says_of_how_many(site, other_site, sam):
    make.arm_always(site)
    for n in range(6):
        make.make_camera(site, f"Camera {n}")
    make.make_camera(other_site, "Aisle")
    condition_began(Camera.objects.get(name="Camera 3").pk, kind="blinded", at=clock.now())
    shown = text(as_user(sam), "/console/cameras/")
    assert "Armed, 1 of 6 blind" in shown
    assert shown.index("Pinewick Depot") < shown.index("Corvane Forecourt")
    assert shown.index("Camera 3") < shown.index("Camera 0")
    assert "covered or blinded" in shown


def test_before_arming_it_says_what_it_will_be_armed_with(site, camera, sam, monkeypatch):
    at = clock.now().astimezone(site.zone_info)
    soon = at + timedelta(minutes=30)
    make.arm(site, f"{soon:%H:%M:%S}", f"{soon + timedelta(minutes=10):%H:%M:%S}", days=[soon.weekday()])
    make.make_zone(camera, "Yard")
    condition_began(camera.pk, kind="frozen", at=clock.now())
    shown = text(as_user(sam), "/console/cameras/")
    assert "Will be armed with 1 of 1 blind" in shown
    assert "No camera sees Yard." in shown


def test_evidence_that_was_lost_is_said_of_its_camera_for_a_day(site, camera, sam):
    at = clock.now()
    for age, evidence in ((1, {"lost": "slow"}), (0, {"lost": "full"}), (30, {"lost": "clip"}), (2, {})):
        make.make_candidate(camera=camera, at=at - timedelta(hours=age, seconds=1), evidence=evidence)
    assert "2 clips lost" in text(as_user(sam), "/console/cameras/")
    shown = text(as_user(sam), page_of(camera))
    assert "2 clips of the last day are lost. The store of evidence was full." in shown
    Candidate.objects.all().update(captured_at=at - timedelta(days=2))
    assert "last day" not in text(as_user(sam), page_of(camera))


def test_what_the_camera_looked_at_itself_and_what_was_too_much_to_keep_is_counted(camera, sam):
    frames = {"captured": 9000, "gated": 8000, "gated_by": {"camera": 7654}, "inferred": 1000, "short_unkept": 321}
    Camera.objects.filter(pk=camera.pk).update(frames=frames)
    shown = text(as_user(sam), page_of(camera))
    assert 'left to the camera itself</th><td class="r num">7,654' in shown
    assert ">321<" in shown


def test_nothing_to_show_says_who_adds_cameras(site, sam):
    assert "No camera yet" in text(as_user(sam), "/console/cameras/")


def test_a_camera_s_page_has_its_figures_its_conditions_and_its_history(camera, sam):
    at = clock.now()
    Camera.objects.filter(pk=camera.pk).update(
        last_frame_at=at,
        frames={"captured": 1000, "gated": 900, "inferred": 60, "dropped": 40, "dropped_by": {"paced": 30, "odd": 10}},
        measured={
            "fps": 9.96,
            "decode_ms": 3.4,
            "inference_ms": 31.2,
            "inferred_fps": 4.8,
            "age_ms": 120,
            "light": 0.31,
        },
    )
    condition_began(camera.pk, kind="moved", at=at, detail={"cause": "shifted", "shift": [0.15, -0.02]})
    condition_began(camera.pk, kind="slow", at=at - timedelta(hours=1), detail={"fps": 2.0, "usual_fps": 10.0})
    condition_ended(camera.pk, kind="slow", at=at)
    shown = text(as_user(sam), page_of(camera))
    for words in ("10.0", "3.4 ms", "31.2 ms", "120 ms", "more than are looked at in a second", "odd", "4.0 %"):
        assert words in shown, words
    assert "shifted in the picture: 15 % to the right, 2 % up." in shown
    assert "too few pictures" in shown
    part = text(as_user(sam), page_of(camera), **FETCH)
    assert "<html" not in part
    assert "shifted in the picture" in part


def test_a_page_names_no_detector_as_looking_that_does_not(camera, sam):
    Camera.objects.filter(pk=camera.pk).update(model="own", measured={"stand_in": False})
    assert "cannot be used there" not in text(as_user(sam), page_of(camera))
    Camera.objects.filter(pk=camera.pk).update(measured={"stand_in": True})
    shown = text(as_user(sam), page_of(camera))
    assert "own" in shown
    assert "cannot be used there" in shown


def test_what_was_not_measured_is_said_to_be_so(camera, sam):
    shown = text(as_user(sam), page_of(camera))
    assert shown.count("not measured yet") >= 5
    assert "No frame yet" in shown
    assert "Nothing was ever wrong with it." in shown


def test_an_operator_reads_the_figures_and_sees_no_picture(camera, alice):
    keep_reference(camera.pk, make.make_media(camera.site), at=clock.now())
    shown = text(as_user(alice), page_of(camera))
    assert "No picture for you here" in shown
    assert "camera-view" not in shown
    assert "/media/" not in shown
    assert "Ask the camera" not in shown


def test_a_supervisor_sees_the_live_picture_or_the_last_one_kept(camera, sam):
    assert f'data-camera="{camera.pk}"' in text(as_user(sam), page_of(camera))
    picture = make.make_media(camera.site)
    keep_reference(camera.pk, picture, at=clock.now())
    camera_lost(camera.pk, code="ended", words="The camera closed the connection.", at=clock.now())
    shown = text(as_user(sam), page_of(camera))
    assert "camera-view" not in shown
    assert f"/media/{picture.pk}" in shown
    assert "The camera closed the connection." in shown


def test_customers_and_strangers_find_nothing(camera, carol, oscar, bob):
    for user in (carol, bob):
        assert as_user(user).get("/console/cameras/").status_code == 404
    assert as_user(oscar).get(page_of(camera)).status_code == 404
    assert camera.name not in text(as_user(oscar), "/console/cameras/")


def test_the_view_is_renewed_by_who_tends_it_alone(camera, sam, alice, admin):
    keep_reference(camera.pk, make.make_media(camera.site), at=clock.now())
    condition_began(camera.pk, kind="moved", at=clock.now())
    assert as_user(alice).post(f"{page_of(camera)}view/").status_code == 404
    assert Condition.objects.filter(ended_at=None).exists()
    assert as_user(sam).post(f"{page_of(camera)}view/").status_code == 302
    camera.refresh_from_db()
    assert camera.reference is None
    assert not Condition.objects.filter(ended_at=None).exists()
    assert "The next good picture is kept for it." in text(as_user(admin), page_of(camera))


@pytest.mark.parametrize(
    ("answer", "ok", "words"),
    [(True, True, "takes our sound"), (False, False, "no loudspeaker"), (TalkError("refused"), None, "refused")],
)
def test_the_loudspeaker_is_asked_and_the_answer_kept(camera, sam, settings, monkeypatch, answer, ok, words):
    from cameras.vision import backchannel

    def probe(address, *, timeout_s):
        if isinstance(answer, Exception):
            raise answer
        return answer

    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(backchannel, "probe", probe)
    assert as_user(sam).post(f"{page_of(camera)}speaker/").status_code == 302
    camera.refresh_from_db()
    assert camera.speaker_ok is ok
    assert words in camera.speaker_words
    assert camera.speaker_checked_at
    assert Event.objects.get(kind="camera.speaker_checked").by == sam
    assert camera.speaker_words in text(as_user(sam), page_of(camera))


def test_the_loudspeaker_is_asked_once_in_ten_seconds_however_often_it_is_pressed(camera, settings, monkeypatch):
    from cameras.vision import backchannel

    asked = []
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    monkeypatch.setattr(backchannel, "probe", lambda address, *, timeout_s: bool(asked.append(address)) or True)
    for seconds in (0, 1, 9, 11):
        assert check_speaker(camera.pk, by=None, at=NIGHT + timedelta(seconds=seconds)) is True
    assert len(asked) == 2


def test_an_address_that_must_not_be_opened_is_not_asked(camera, sam, settings):
    settings.CAMERA_NETWORKS = ["10.0.0.0/8"]
    as_user(sam).post(f"{page_of(camera)}speaker/")
    camera.refresh_from_db()
    assert camera.speaker_ok is None
    assert "outside" in camera.speaker_words


def test_the_list_costs_the_same_few_queries_however_many_cameras(site, sam, django_assert_max_num_queries):
    for n in range(30):
        camera = make.make_camera(site, f"Camera {n}")
        make.make_zone(camera)
        condition_began(camera.pk, kind="dark", at=clock.now())
    client = as_user(sam)
    with django_assert_max_num_queries(20):
        text(client, "/console/cameras/")
