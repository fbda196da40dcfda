"""What is wrong with a camera: a row while it lasts, an alert while armed, one for the site at arming, a threat with somebody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cameras import troubles
from cameras.actions import (
    camera_back,
    camera_drifts,
    camera_lost,
    camera_on_time,
    commit_candidate,
    condition_began,
    condition_ended,
    keep_reference,
    renew_reference,
)
from cameras.models import Camera, Candidate, Condition
from cameras.troubles import raise_troubles
from incidents.models import Incident
from incidents.models.incident import State
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db


def after(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def raised(**fields) -> list[tuple[str, int]]:
    rows = Candidate.objects.filter(decision="raise", **fields).order_by("captured_at", "category")
    return list(rows.values_list("category", "priority"))


def kinds(camera: Camera, *, open_only: bool = True) -> list[str]:
    rows = Condition.objects.filter(camera=camera)
    return sorted((rows.filter(ended_at=None) if open_only else rows).values_list("kind", flat=True))


def somebody(camera: Camera, at: datetime, *, category: str = "person", dwell_s: float = 5.0) -> Candidate:
    zone = camera.zones.first()
    return commit_candidate(
        site=camera.site, source="camera", category=category, camera=camera, zone=zone, captured_at=at, received_at=at,
        judged_at=at, dedup=f"{camera.pk}:{at}", evidence={"track": str(at), "label": "person"}, dwell_s=dwell_s, score=0.8,
    )  # fmt: skip


@pytest.fixture
def pair(site) -> tuple[Camera, Camera]:
    """Two cameras of an armed site; a person before either is in the perimeter."""
    make.arm_always(site)
    cameras = make.make_camera(site, "Gate"), make.make_camera(site, "Yard")
    for camera in cameras:
        make.make_zone(camera, f"Fence of {camera.name}", kind="perimeter")
    return cameras


@pytest.fixture
def nightly(site) -> list[Camera]:
    """Six cameras of a site that is armed from 20:00 to 06:00."""
    make.arm(site, "20:00", "06:00")
    return [make.make_camera(site, f"Camera {n}") for n in range(6)]


# --- rows


def test_one_row_is_open_for_each_camera_and_kind_and_stays_when_it_is_over(camera):
    first = condition_began(camera.pk, kind="blinded", at=after(0), detail={"cause": "covered"})
    assert condition_began(camera.pk, kind="blinded", at=after(5)) == first
    condition_began(camera.pk, kind="slow", at=after(6))
    assert kinds(camera) == ["blinded", "slow"]
    condition_ended(camera.pk, kind="blinded", at=after(60))
    condition_ended(camera.pk, kind="blinded", at=after(70))
    first.refresh_from_db()
    assert (first.began_at, first.ended_at, first.detail) == (after(0), after(60), {"cause": "covered"})
    condition_began(camera.pk, kind="blinded", at=after(80))
    assert kinds(camera, open_only=False) == ["blinded", "blinded", "slow"]
    told = list(Event.objects.filter(subject_id=camera.pk).order_by("pk").values_list("kind", "data__what"))
    assert told == [
        ("camera.condition_began", "blinded"),
        ("camera.condition_began", "slow"),
        ("camera.condition_ended", "blinded"),
        ("camera.condition_began", "blinded"),
    ]


def test_loss_and_a_wrong_clock_leave_rows_too(camera):
    camera_lost(camera.pk, code="ended", words="Gone.", at=after(0))
    camera_drifts(camera.pk, offset_s=40, at=after(1))
    assert kinds(camera) == ["drift", "offline"]
    camera_back(camera.pk, at=after(9))
    camera_on_time(camera.pk, at=after(10))
    assert kinds(camera) == []
    assert set(Condition.objects.values_list("kind", "began_at", "ended_at")) == {
        ("offline", after(0), after(9)),
        ("drift", after(1), after(10)),
    }


def test_a_camera_that_comes_and_goes_is_told_though_it_is_never_away_for_long(camera):
    def lose(at_s: float) -> None:
        camera_lost(camera.pk, code="ended", words="Gone.", at=after(at_s))
        camera_back(camera.pk, at=after(at_s + 40))

    for n in range(4):
        lose(n * 60)
    assert raised() == []
    for n in range(4, 20):
        lose(n * 60)
    assert raised() == [("offline", 3)]
    assert Candidate.objects.get().evidence == {"losses": 5, "within_s": 600}
    for n in range(20, 40):
        lose(n * 60)
    assert raised() == [("offline", 3)] * 2


def test_a_camera_lost_now_and_then_is_no_news(camera):
    for n in range(12):
        camera_lost(camera.pk, code="ended", words="Gone.", at=after(n * 200))
        camera_back(camera.pk, at=after(n * 200 + 20))
    assert raised() == []


def test_a_kind_that_there_is_not_is_an_error_and_a_deleted_camera_none(camera):
    with pytest.raises(ValueError):
        condition_began(camera.pk, kind="haunted", at=NIGHT)
    pk = camera.pk
    camera.delete()
    assert condition_began(pk, kind="dark", at=NIGHT) is None
    condition_ended(pk, kind="dark", at=NIGHT)


def test_a_camera_out_of_use_has_no_trouble(camera):
    condition_began(camera.pk, kind="dark", at=after(0))
    Camera.objects.filter(pk=camera.pk).update(enabled=False)
    raise_troubles(after(5))
    assert kinds(camera) == []


# --- alerts


@pytest.mark.parametrize(("kind", "priority"), [("blinded", 2), ("frozen", 3), ("moved", 3), ("dark", 3), ("slow", 3)])
def test_while_armed_each_trouble_is_one_alert_of_its_own(pair, kind, priority):
    condition_began(pair[0].pk, kind=kind, at=after(0), detail={"light": 0.2})
    assert raise_troubles(after(1)) == 1
    assert raise_troubles(after(2)) == raise_troubles(after(3000)) == 0
    alert = Candidate.objects.get()
    assert (alert.category, alert.priority, alert.camera, alert.decision) == (kind, priority, pair[0], "raise")
    assert [reason["code"] for reason in alert.reasons] == ["armed", "condition"]
    assert alert.evidence == {"since": after(0).isoformat(), "light": 0.2}
    assert Condition.objects.get().alert_at == after(1)


def test_disarmed_it_is_written_down_and_raises_nothing(camera):
    condition_began(camera.pk, kind="blinded", at=after(0))
    assert raise_troubles(after(1)) == 0
    assert not Candidate.objects.exists()


def test_what_comes_and_goes_is_told_once_in_ten_minutes_and_again_if_it_is_still_so(pair):
    for n in range(8):
        condition_began(pair[0].pk, kind="blinded", at=after(n * 60))
        raise_troubles(after(n * 60 + 1))
        condition_ended(pair[0].pk, kind="blinded", at=after(n * 60 + 30))
        raise_troubles(after(n * 60 + 31))
    assert raised() == [("blinded", 2)]
    condition_began(pair[0].pk, kind="blinded", at=after(500))
    assert raise_troubles(after(590)) == 0
    assert raise_troubles(after(602)) == 1


def test_a_place_that_is_dark_at_night_is_told_once_a_night(pair):
    for night in range(2):
        for hour in range(4):
            condition_began(pair[0].pk, kind="dark", at=after(night * 86_400 + hour * 3600))
            raise_troubles(after(night * 86_400 + hour * 3600 + 5))
            condition_ended(pair[0].pk, kind="dark", at=after(night * 86_400 + hour * 3600 + 1800))
    assert raised() == [("dark", 3), ("dark", 3)]


def test_a_lens_that_was_covered_for_seconds_is_told_though_it_is_free_again(pair):
    condition_began(pair[0].pk, kind="blinded", at=after(0))
    condition_ended(pair[0].pk, kind="blinded", at=after(20))
    condition_began(pair[1].pk, kind="dark", at=after(0))
    condition_ended(pair[1].pk, kind="dark", at=after(20))
    raise_troubles(after(40))
    assert raised() == [("blinded", 2)]


def test_a_recovery_closes_nothing(pair):
    condition_began(pair[0].pk, kind="blinded", at=after(0))
    raise_troubles(after(1))
    incident = make.make_incident(Candidate.objects.get())
    condition_ended(pair[0].pk, kind="blinded", at=after(60))
    raise_troubles(after(61))
    incident.refresh_from_db()
    assert (incident.state, Incident.objects.count()) == (State.OPEN, 1)


@pytest.mark.django_db(transaction=True)
def test_two_spines_at_once_raise_one(pair):
    condition_began(pair[0].pk, kind="frozen", at=after(0))
    gate = threading.Barrier(3)

    def spine() -> int:
        try:
            gate.wait(10)
            return raise_troubles(after(1))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        counted = sum(one.result(30) for one in [pool.submit(spine) for _ in range(3)])
    assert counted + raise_troubles(after(2)) == Candidate.objects.count() == 1


# --- at arming

EVENING = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def evening(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def test_armed_with_one_of_six_blind_is_one_alert_for_the_site_at_that_moment(nightly):
    condition_began(nightly[2].pk, kind="blinded", at=evening(-90))
    assert raise_troubles(evening(-1)) == 0
    assert raise_troubles(evening(0)) == 1
    assert raise_troubles(evening(1)) == raise_troubles(evening(300)) == 0
    alert = Candidate.objects.get()
    assert (alert.category, alert.priority, alert.camera) == ("armed_impaired", 3, nightly[2])
    assert alert.reasons == [{"code": "impaired", "blind": 1, "cameras": 6, "unseen": False}]
    assert Condition.objects.get().alert_at == evening(0)
    # The next evening it is told again: it is still so.
    assert raise_troubles(evening(24 * 60)) == 1


def test_several_are_one_alert_and_what_begins_later_is_another(nightly):
    camera_lost(nightly[0].pk, code="ended", words="Gone.", at=evening(-300))
    condition_began(nightly[1].pk, kind="moved", at=evening(-30))
    condition_began(nightly[2].pk, kind="slow", at=evening(-30))
    assert raise_troubles(evening(0)) == 2
    condition_began(nightly[3].pk, kind="frozen", at=evening(10))
    assert raise_troubles(evening(11)) == 1
    assert raised() == [("armed_impaired", 3), ("slow", 3), ("frozen", 3)]
    assert Candidate.objects.get(category="armed_impaired").reasons[0]["blind"] == 2


def test_a_lens_covered_just_before_arming_is_told_though_another_camera_was_blind_already(nightly):
    condition_began(nightly[0].pk, kind="moved", at=evening(-300))
    raise_troubles(evening(0))
    condition_began(nightly[1].pk, kind="blinded", at=evening(-0.07))  # it takes six seconds to be sure
    assert raise_troubles(evening(0.1)) == 1
    assert raise_troubles(evening(0.2)) == 0
    assert raised() == [("armed_impaired", 3), ("blinded", 2)]


def test_it_is_graver_where_the_blind_camera_is_the_only_one_of_its_zone(nightly):
    zone = make.make_zone(nightly[2])
    condition_began(nightly[2].pk, kind="blinded", at=evening(-90))
    zone.also_seen_by.add(nightly[3])
    assert troubles.sight_of(zone.site).unseen == []
    condition_began(nightly[3].pk, kind="dark", at=evening(-10))
    assert troubles.sight_of(zone.site).unseen == [zone]
    raise_troubles(evening(0))
    assert raised() == [("armed_impaired", 2)]


def test_a_site_that_sees_is_armed_in_silence(nightly):
    condition_began(nightly[2].pk, kind="blinded", at=evening(-90))
    condition_ended(nightly[2].pk, kind="blinded", at=evening(-80))
    camera_drifts(nightly[3].pk, offset_s=30, at=evening(-70))
    Candidate.objects.all()._raw_delete("default")
    assert raise_troubles(evening(0)) == 0


def test_a_spine_that_was_down_at_arming_tells_it_when_it_is_back(nightly):
    condition_began(nightly[2].pk, kind="blinded", at=evening(-90))
    assert raise_troubles(evening(200)) == 1
    assert raised() == [("armed_impaired", 3)]


def test_a_changed_schedule_counts_at_once(nightly, site):
    condition_began(nightly[2].pk, kind="blinded", at=evening(-90))
    assert raise_troubles(evening(-60)) == 0
    make.arm(site, "18:55", "06:00")
    assert raise_troubles(evening(-59)) == 1


# --- tampering, and then somebody


@pytest.mark.parametrize("kind", ["blinded", "moved", "frozen"])
def test_somebody_within_half_an_hour_of_tampering_is_priority_one(pair, kind):
    condition_began(pair[0].pk, kind=kind, at=after(0))
    condition_ended(pair[0].pk, kind=kind, at=after(30))
    seen = somebody(pair[1], after(14 * 60))
    assert (seen.category, seen.priority, seen.decision) == ("tamper_person", 1, "raise")
    assert [reason["code"] for reason in seen.reasons] == ["threat", "tampering", "seen"]
    assert (seen.reasons[1]["kind"], seen.reasons[1]["seconds"]) == (kind, 14 * 60)
    assert (seen.context["tamper_kind"], seen.facts["category"]) == (kind, "person")
    assert somebody(pair[1], after(31 * 60)).priority == 2


def test_it_counts_disarmed_too_and_for_whoever_stays_briefly(site):
    camera = make.make_camera(site)
    make.make_zone(camera, dwell_s=5)
    assert somebody(camera, after(0)).decision == "ignore"
    condition_began(camera.pk, kind="blinded", at=after(10))
    threat = somebody(camera, after(20), dwell_s=0.2)
    assert (threat.category, threat.decision) == ("tamper_person", "raise")


def test_a_site_that_was_lost_counts_as_tampered_with(pair):
    make.make_candidate(site=pair[0].site, category="site_lost", source="system", at=after(0))
    assert somebody(pair[0], after(600)).category == "tamper_person"


@pytest.mark.parametrize("kind", ["dark", "slow", "drift", "offline"])
def test_other_trouble_is_no_tampering(pair, kind):
    condition_began(pair[0].pk, kind=kind, at=after(0))
    assert somebody(pair[1], after(60)).category == "person"


def test_tampering_at_another_site_and_a_vehicle_are_no_threat(pair, other_camera):
    condition_began(other_camera.pk, kind="blinded", at=after(0))
    assert somebody(pair[1], after(60)).category == "person"
    condition_began(pair[0].pk, kind="blinded", at=after(0))
    assert somebody(pair[1], after(61), category="vehicle").category == "vehicle"


def test_whoever_was_seen_while_it_was_not_yet_sure_counts_too(pair):
    """The lens is covered at 0, told at 7; the neighbour saw somebody at 3."""
    seen = somebody(pair[1], after(3))
    assert seen.priority == 2
    condition_began(pair[0].pk, kind="blinded", at=after(0))
    raise_troubles(after(7))
    assert raised() == [("person", 2), ("tamper_person", 1), ("blinded", 2)]
    again = Candidate.objects.get(category="tamper_person")
    assert (again.captured_at, again.evidence["track"]) == (after(3), seen.evidence["track"])
    raise_troubles(after(8))
    assert Candidate.objects.filter(category="tamper_person").count() == 1


def test_the_person_of_a_tampering_joins_the_incident_and_makes_it_urgent(pair):
    incident = make.make_incident(somebody(pair[1], after(3)))
    assert incident.priority == 2
    condition_began(pair[0].pk, kind="blinded", at=after(0))
    raise_troubles(after(7))
    joined = make.make_incident(Candidate.objects.get(category="tamper_person"))
    assert (joined.pk, joined.priority, joined.category) == (incident.pk, 1, "tamper_person")


# --- the view as it shall be


def test_a_view_that_is_renewed_is_no_longer_moved_and_was_no_tampering(pair, sam):
    picture = make.make_media(pair[0].site)
    assert keep_reference(pair[0].pk, picture, at=after(0))
    assert not keep_reference(pair[0].pk, make.make_media(pair[0].site), at=after(1))
    condition_began(pair[0].pk, kind="moved", at=after(10))
    renew_reference(pair[0].pk, by=sam, at=after(60))
    pair[0].refresh_from_db()
    assert (pair[0].reference, pair[0].reference_at) == (None, after(60))
    assert kinds(pair[0]) == []
    assert somebody(pair[1], after(70)).category == "person"
    assert Event.objects.get(kind="camera.view_renewed").by == sam
