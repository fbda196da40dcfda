"""A recording goes through the whole line up to the verdict as if it had happened then, and nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.test.utils import CaptureQueriesContext

from cameras.models import ArmChange, Candidate
from cameras.vision.models import Models
from cameras.vision.pipeline import Eye, Step
from cameras.vision.types import Box, Sighting, Track
from cameras.watching import replay as module
from soc.core.models import Event
from tests import factories as make

FOOTAGE = Path(__file__).parents[2] / "soc" / "demo" / "footage"
WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture
def camera(db):
    """“Loading yard” of a depot in London that is armed from 22:00 to 06:00."""
    site = make.make_site(make.make_customer(make.make_organisation()))
    make.arm(site, "22:00", "06:00")
    camera = make.make_camera(site)
    make.make_zone(camera, polygon=WHOLE, dwell_s=1.0)
    return camera


def replayed(video: Path | str = FOOTAGE / "intrusion_b.mp4", **options) -> str:
    out = StringIO()
    options = {"camera": "Loading yard", "at": "2026-11-22T02:10", "json": False} | options
    call_command("replay", str(video), stdout=out, **options)
    return out.getvalue()


class _Blink:
    """Stands for the eye where only what comes after it is tried: one sighting in the third frame."""

    def __init__(self, category: str = "person") -> None:
        self.category = category

    def see(self, frame):
        if frame.stamp.number != 2:
            return Step(frame, None)
        at = frame.stamp.captured
        track = Track(1, "person", Box(0.4, 0.4, 0.5, 0.8), 0.8, at, at, 5)
        found = Sighting(track, self.zone, at, 1.5, frame.stamp, self.category)
        return Step(frame, None, True, sightings=(found,))


@pytest.fixture
def blink(monkeypatch, camera):
    eye = _Blink()
    eye.zone = str(camera.zones.get().pk)
    monkeypatch.setattr(module, "eye_of", lambda plan, detector: eye)
    monkeypatch.setattr(Models, "detector_for", lambda self, name: SimpleNamespace(sha256="m"))
    return eye


def test_an_intruder_by_night_is_raised_with_everything_that_a_candidate_says(camera, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        lines = [json.loads(line) for line in replayed(json=True).splitlines()]
    assert lines
    first = lines[0]
    assert (first["verdict"], first["priority"], first["category"]) == ("raise", 1, "person")
    assert (first["camera"], first["zone"]) == ("Loading yard", "Yard")
    assert [reason["code"] for reason in first["reasons"]] == ["armed", "seen", "dwell"]
    assert 2.3 <= first["time_s"] <= 12
    assert first["at"].startswith("2026-11-22T02:10:")
    assert first["local_time"].startswith("2026-11-22T02:10:")
    assert first["context"] == {}
    assert first["dwell_s"] >= 1.0
    assert len(first["box"]) == 4


def test_nothing_is_written_and_the_database_is_only_asked(camera, blink):
    from django.db import connection

    before = Event.objects.count()
    with CaptureQueriesContext(connection) as asked:
        assert replayed()
    assert all(query["sql"].startswith("SELECT") for query in asked)
    assert (Candidate.objects.count(), Event.objects.count()) == (0, before)


def test_what_is_raised_cools_down_for_what_comes_after_it_in_the_recording(camera, blink, monkeypatch):
    rule = {"category": "person", "when": "armed", "decision": "raise", "cooldown_s": 600}
    make.set_policy(camera.site, schedule=make.week(), rules=[rule])
    see = blink.see
    blink.see = lambda frame: see(SimpleNamespace(stamp=replace(frame.stamp, number=frame.stamp.number % 10)))
    lines = [json.loads(line) for line in replayed(json=True).splitlines()]
    assert [line["verdict"] for line in lines] == ["raise", *["watch"] * (len(lines) - 1)]
    assert len(lines) > 2


def test_what_was_armed_by_hand_then_counts_for_the_eye_too_and_not_what_was_done_since(camera, blink, monkeypatch):
    make.set_policy(camera.site, schedule=make.week("22:00", "06:00"), owner="customer")
    night = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    for minutes, armed, undone in (
        (-60, False, None),
        (0, True, None),
        (5, False, 6),
        (20, False, None),
        (600, True, None),
    ):
        ArmChange.objects.create(
            site=camera.site, armed=armed, how="portal", at=night + timedelta(minutes=minutes),
            undone_at=None if undone is None else night + timedelta(minutes=undone),
        )  # fmt: skip
    plans = []
    monkeypatch.setattr(module, "eye_of", lambda plan, detector: plans.append(plan) or blink)
    (line,) = (json.loads(line) for line in replayed(json=True).splitlines())
    assert line["verdict"] == "raise"
    (plan,) = plans
    told = {minutes: bool(plan.arming(night + timedelta(minutes=minutes)).armed) for minutes in (-30, 1, 5.5, 10, 30)}
    assert told == {-30: False, 1: True, 5.5: False, 10: True, 30: False}


def test_by_day_the_same_is_ignored_since_the_site_is_disarmed(blink):
    (line,) = (json.loads(line) for line in replayed(at="2026-11-22T12:00", json=True).splitlines())
    assert line["verdict"] == "ignore"
    assert line["reasons"][0]["code"] == "disarmed"


@pytest.mark.parametrize(
    ("at", "local", "verdict"),
    [
        ("2026-07-01T22:30", "2026-07-01T22:30:00+01:00", "raise"),
        ("2026-07-01T21:30+00:00", "2026-07-01T22:30:00+01:00", "raise"),
        ("2026-07-01T05:30+00:00", "2026-07-01T06:30:00+01:00", "ignore"),
    ],
)
def test_a_time_without_an_offset_is_the_sites_own(blink, at, local, verdict):
    line = json.loads(replayed(at=at, json=True))
    assert line["local_time"] == local
    assert line["verdict"] == verdict


@pytest.mark.parametrize(
    ("at", "words"),
    [("2026-10-25T01:30", "happens twice"), ("2026-03-29T01:30", "skip"), ("yesterday", "is not a time")],
)
def test_a_time_that_is_none_or_two_is_refused_in_words(blink, at, words):
    with pytest.raises(CommandError, match=words):
        replayed(at=at)


def test_a_camera_that_is_not_one_is_refused_with_those_it_could_be(camera):
    make.make_camera(make.make_site(camera.site.customer, "Second depot"))
    with pytest.raises(CommandError) as refused:
        replayed()
    assert "could be any of 2" in str(refused.value)
    assert "Second depot" in str(refused.value)
    with pytest.raises(CommandError, match="There is no camera called"):
        replayed(camera="Roof")


def test_for_people_it_is_told_in_lines(blink):
    (line,) = replayed().splitlines()
    assert line.startswith("2026-11-22 02:10:00")
    assert "raise (priority 1)" in line
    assert "person in Yard, track 1: armed (until Sun 06:00, owner schedule)" in line


def test_a_quiet_recording_and_a_camera_without_zones_are_told_apart(camera, monkeypatch):
    monkeypatch.setattr(Models, "detector_for", lambda self, name: SimpleNamespace(sha256="m"))
    monkeypatch.setattr(Eye, "see", lambda self, frame: Step(frame, None))
    assert "Nothing that a zone asks for" in replayed()
    camera.zones.all().delete()
    assert "has no zones" in replayed()


@pytest.mark.parametrize("content", [None, b"", b"this is no video" * 100])
def test_a_file_that_is_no_video_is_refused_in_words(camera, tmp_path, content):
    video = tmp_path / "bad.mp4"
    if content is not None:
        video.write_bytes(content)
    with pytest.raises(CommandError, match=r"bad\.mp4: "):
        replayed(video)


def test_a_recording_cut_short_says_so_after_what_was_seen(camera, tmp_path, blink):
    whole = (FOOTAGE / "intrusion_b.mp4").read_bytes()
    video = tmp_path / "short.mp4"
    video.write_bytes(whole[: len(whole) // 2])
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("replay", str(video), camera="Loading yard", at="2026-11-22T02:10", stdout=out)
    assert "raise" in out.getvalue()


def test_the_stamp_of_a_sighting_is_the_moment_it_would_have_had(blink):
    line = json.loads(replayed(json=True))
    assert line["time_s"] == pytest.approx(0.2)
    assert line["at"].startswith("2026-11-22T02:10:00.2")
