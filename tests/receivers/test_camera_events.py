"""Cameras that look for themselves: what they report becomes candidates, and is not told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cameras.models import Camera, Candidate
from cameras.receivers.camera_events import CameraReport, ReportRefused, camera_reports
from cameras.vision.types import Box, Detection
from tests import factories as make

AT = datetime(2026, 1, 16, 2, 13, 4, tzinfo=UTC)
LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
PERSON = Detection("person", 0.8, Box(0.1, 0.2, 0.2, 0.6))
pytestmark = pytest.mark.django_db


@pytest.fixture
def camera(site) -> Camera:
    make.arm_always(site)
    made = make.make_camera(site, "Gate", analytics=Camera.Analytics.CAMERA)
    make.make_zone(made, polygon=LEFT, dwell_s=2.0, classes=["person"])
    return made


def report(*detections: Detection, dedup: str = "1", at: datetime = AT) -> CameraReport:
    return CameraReport(dedup, at, detections)


def test_a_person_in_a_zone_is_a_candidate_like_one_of_ours(camera):
    (candidate,) = camera_reports(camera, report(PERSON), at=AT + timedelta(milliseconds=300))
    assert (candidate.source, candidate.category, candidate.decision) == ("camera", "person", "raise")
    assert candidate.captured_at == AT
    assert candidate.evidence["box"] == [0.1, 0.2, 0.2, 0.6]


def test_the_same_event_again_is_the_same_candidate(camera):
    first = camera_reports(camera, report(PERSON), at=AT)
    again = camera_reports(camera, report(PERSON), at=AT + timedelta(seconds=5))
    assert [one.pk for one in again] == [one.pk for one in first]
    assert Candidate.objects.count() == 1


def test_what_no_zone_counts_is_nothing(camera):
    outside = Detection("person", 0.9, Box(0.7, 0.2, 0.8, 0.6))
    car, dog = (Detection(label, 0.9, PERSON.box) for label in ("car", "dog"))
    assert camera_reports(camera, report(outside, car, dog), at=AT) == []


def test_of_several_of_a_kind_the_surest_stands_for_them(camera):
    (candidate,) = camera_reports(camera, report(PERSON, Detection("person", 0.95, PERSON.box)), at=AT)
    assert candidate.evidence["score"] == 0.95


def test_a_clock_that_is_far_off_is_not_believed(camera):
    (candidate,) = camera_reports(camera, report(PERSON, at=AT - timedelta(minutes=3)), at=AT)
    assert (candidate.captured_at, candidate.clock_source, candidate.clock_offset_s) == (AT, "arrival", -180.0)


def test_a_camera_that_is_looked_at_here_is_not_told_twice(camera):
    camera.analytics = Camera.Analytics.OURS
    with pytest.raises(ReportRefused) as refused:
        camera_reports(camera, report(PERSON), at=AT)
    assert refused.value.code == "analytics"
    assert not Candidate.objects.exists()


@pytest.mark.parametrize("fields", [{"dedup": ""}, {"at": datetime(2026, 1, 1)}])
def test_an_event_without_name_or_offset_is_refused(fields):
    with pytest.raises(ReportRefused):
        report(PERSON, **fields)
