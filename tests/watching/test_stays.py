"""What becomes of stays: the short ones are candidates that are watched, and of each it is written down how long it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cameras.actions import standing
from cameras.models import Camera, Candidate
from cameras.vision.slots import SlotGone, SlotRef, attach
from cameras.vision.types import Box, Departure, Detection, Sighting, Track
from cameras.watching.outbox import ROOM, Outbox
from cameras.watching.pending import PendingStay
from cameras.watching.plan import plan_of
from cameras.watching.stays import MOST_SHORT, SHORT_WITHIN_S, Stays
from cameras.watching.watcher import Watcher
from tests import factories as make
from tests.factories import NIGHT
from tests.vision.conftest import stamp_at
from tests.watching.conftest import WHOLE, Watch
from tests.watching.test_outbox import candidate, wait_for
from tests.watching.test_sight import Gate, frame

FPS = 10


class People:
    """Finds whom it is told to, at once."""

    def __init__(self) -> None:
        self.there: list[Box] = []

    def ask(self, ref: SlotRef) -> None:
        try:
            with attach(ref.name) as reader:
                if (shown := reader.read()) is not None:
                    found = [Detection("person", 0.9, box) for box in self.there]
                    reader.post(shown, found, inference_ms=1.0, model="m")
        except SlotGone:
            return


def standing_at(x: float) -> Box:
    return Box(x, 0.3, x + 0.1, 0.8)


@pytest.fixture
def yard(watch: Watch, camera):
    """visit(seconds, boxes=, disarmed=) plays a visit and what comes after it; gives the candidates, the oldest first."""
    make.arm_always(camera.site)
    make.make_zone(camera, polygon=WHOLE, dwell_s=2.0)
    people = People()
    made: list[Watcher] = []
    number = 0

    def play(seconds: float, boxes: list[Box]) -> None:
        nonlocal number
        people.there = boxes
        for number in range(number, number + int(seconds * FPS)):  # noqa: B020  it goes on where it was
            made[0]._frame(frame(number, person_at=0.4 if boxes else None))
        number += 1

    def visit(seconds: float, boxes: list[Box] | None = None) -> list[Candidate]:
        if not made:
            row = Camera.objects.prefetch_related("zones").get(pk=camera.pk)
            made.append(Watcher(plan_of(row, standing(row.site)), 1, replace(watch.desk, ask=people.ask)))
            made[0]._open_eyes()
            made[0].sight.gate = Gate()
        play(seconds, boxes if boxes is not None else [standing_at(0.4)])
        play(4.0, [])
        assert wait_for(watch.outbox.drained)
        return list(Candidate.objects.filter(category="person").order_by("captured_at"))

    yield visit
    made[0]._close_eyes()


@pytest.mark.django_db(transaction=True)
class TestWatched:
    def test_a_short_stay_is_a_candidate_that_is_watched_with_its_length_and_its_way(self, yard: Callable):
        (row,) = yard(1.5)
        assert row.decision == "watch"
        assert "short_stay" in [reason["code"] for reason in row.reasons]
        assert 0.8 <= row.stayed_s <= 1.6
        assert row.captured_at < NIGHT.replace(second=NIGHT.second + 2)
        assert len(row.evidence["path"]) >= 3
        assert row.facts["dwell_s"] == row.stayed_s

    def test_who_stays_is_raised_and_the_row_says_later_for_how_long(self, yard: Callable):
        (row,) = yard(6.0)
        assert row.decision == "raise"
        assert 5.0 <= row.stayed_s <= 6.1

    def test_how_many_people_were_there_is_judged_with_it(self, yard: Callable):
        rows = yard(5.0, [standing_at(0.2), standing_at(0.6)])
        assert len(rows) == 2
        assert [row.facts.get("people", 1) for row in rows] == [2, 2]

    def test_many_short_stays_are_bounded_and_counted(self, yard: Callable, watch: Watch):
        for _ in range(MOST_SHORT + 2):
            rows = yard(1.0)
        assert len(rows) == MOST_SHORT


@pytest.mark.django_db(transaction=True)
def test_while_nothing_is_armed_short_stays_are_nothing(yard, camera):
    make.set_policy(camera.site, schedule={})
    assert yard(1.5) == []
    assert [row.decision for row in yard(4.0)] == ["ignore"]


# --- the bookkeeping


def sighted(track_id: int, category: str = "person", zone: str = "yard") -> Sighting:
    track = Track(track_id, "person", standing_at(0.4), 0.9, NIGHT, NIGHT, 5)
    return Sighting(track, zone, NIGHT, 2.0, stamp_at(2.0), category)


def test_all_candidates_of_one_stay_are_told_and_no_other():
    stays = Stays()
    stays.note(sighted(1), "person")
    stays.note(sighted(1, "loitering"), "loitering")
    stays.note(sighted(1, "line_crossing"), "line")
    stays.note(sighted(1, zone="gate"), "gate")
    assert stays.over([Departure(1, "yard", 61.234)]) == [PendingStay(("person", "loitering"), 61.23)]
    assert stays.over([Departure(2, "yard", 5.0)]) == []


def test_room_for_short_stays_comes_back():
    stays = Stays()
    assert [stays.has_room(n) for n in range(MOST_SHORT + 1)] == [True] * MOST_SHORT + [False]
    assert stays.left_out == 1
    assert stays.has_room(SHORT_WITHIN_S)
    assert not stays.has_room(SHORT_WITHIN_S)


@pytest.mark.django_db(transaction=True)
def test_a_length_is_written_once_it_is_longer_and_where_the_candidate_is_still_there(tmp_path, camera):
    outbox = Outbox(tmp_path)
    outbox.put(candidate(camera, "stays"))
    for seconds in (4.0, 9.5, 2.0):
        outbox.add(PendingStay(("stays", "gone"), seconds))
    outbox.start()
    assert wait_for(outbox.drained)
    outbox.stop()
    assert Candidate.objects.get(dedup="stays").stayed_s == 9.5


def test_lengths_take_no_candidates_room_and_are_not_kept_in_files(tmp_path):
    outbox = Outbox(tmp_path / "outbox")
    for _ in range(ROOM):
        outbox.add(PendingStay(("x",), 1.0))
    assert len(outbox._waiting) == ROOM // 2
    assert outbox.put(candidate(None, "y"))
    outbox.stop()
    (file,) = (tmp_path / "outbox").glob("*.jsonl")
    assert len(file.read_text().splitlines()) == 1
