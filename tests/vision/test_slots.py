from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cameras.vision.picture import Picture
from cameras.vision.slot_layout import PREFIX
from cameras.vision.slots import SlotCounts, SlotGone, SlotRef, SlotWriter, attach, sweep
from cameras.vision.types import Box, Detection

from .conftest import picture, stamp_at

PERSON = Detection("person", 0.75, Box(0.25, 0.25, 0.5, 0.75))


def flat(level: int, width: int = 320, height: int = 180) -> Picture:
    return Picture.of_i420(np.full(width * height * 3 // 2, level, np.uint8), width, height)


def test_a_worker_reads_the_frame_and_its_answer_comes_back(slot: SlotWriter, tmp_path: Path):
    shown = picture()
    slot.put(shown, stamp_at(1.0, 41), motion=[Box(0.25, 0.5, 0.5, 1.0)], min_score=0.25)
    ref = slot.request(1.0)
    assert ref == SlotRef(slot.name, 3, 41)
    with attach(ref.name, directory=tmp_path) as worker:
        frame = worker.read()
        assert frame is not None
        assert (frame.number, frame.generation, frame.min_score) == (41, 3, 0.25)
        assert frame.motion == (Box(0.25, 0.5, 0.5, 1.0),)
        assert np.array_equal(frame.picture.i420(), shown.i420())
        worker.post(frame, [PERSON], inference_ms=12.34, model="m")
    result = slot.take_result()
    assert result is not None
    assert result.stamp == stamp_at(1.0, 41)
    assert result.detections == (PERSON,)
    assert (result.inference_ms, result.model, result.dropped) == (12.34, "m", 0)
    assert slot.take_result() is None


def test_one_request_is_outstanding_and_overwritten_frames_are_counted(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    assert slot.request(1.0) is not None
    for number in (2, 3, 4):
        slot.put(flat(number), stamp_at(number, number))
        assert slot.request(float(number)) is None
    assert slot.outstanding_s(4.0) == 3.0
    with attach(slot.name, directory=tmp_path) as worker:
        frame = worker.read()
        assert frame is not None
        worker.post(frame, [], inference_ms=1.0)
    slot.put(flat(5), stamp_at(5.0, 5))
    result = slot.take_result()
    assert result is not None
    assert (result.stamp.number, result.dropped) == (4, 3)
    assert slot.counts == SlotCounts(put=5, inferred=1, dropped=3, waiting=1)
    assert slot.request(5.0) is not None
    assert slot.drop_waiting() == 1
    assert slot.counts == SlotCounts(put=5, inferred=1, dropped=4, waiting=0)


def test_a_frame_is_answered_once_even_if_the_task_comes_twice(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    with attach(slot.name, directory=tmp_path) as worker:
        frame = worker.read()
        assert frame is not None
        worker.post(frame, [PERSON], inference_ms=1.0)
        assert worker.read() is None
        assert worker.read(again=True) is not None


def test_after_giving_up_a_new_request_goes_out_and_a_late_answer_still_counts(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    slot.request(1.0)
    with attach(slot.name, directory=tmp_path) as worker:
        frame = worker.read()
        slot.give_up()
        slot.put(flat(2), stamp_at(2.0, 2))
        assert slot.request(2.0) is not None
        assert frame is not None
        worker.post(frame, [PERSON], inference_ms=1.0)
    result = slot.take_result()
    assert result is not None
    assert result.stamp.number == 1
    assert slot.counts.waiting == 1


def test_an_answer_of_another_generation_is_discarded(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    with attach(slot.name, directory=tmp_path) as worker:
        worker._layout.write_result(2, 1, b'{"d":[],"ms":1,"m":""}')
        assert slot.take_result() is None
        worker._layout.write_result(3, 99, b'{"d":[],"ms":1,"m":""}')
        assert slot.take_result() is None


def test_half_an_answer_is_none(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    with attach(slot.name, directory=tmp_path) as worker:
        frame = worker.read()
        assert frame is not None
        worker.post(frame, [PERSON], inference_ms=1.0)
        worker._layout._map[1060] ^= 0xFF
        assert slot.take_result() is None


def test_more_detections_than_fit_lose_the_weakest(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    with attach(slot.name, directory=tmp_path) as worker:
        frame = worker.read()
        assert frame is not None
        worker.post(frame, [PERSON] * 500, inference_ms=1.0)
    result = slot.take_result()
    assert result is not None
    assert 20 < len(result.detections) < 500


def test_a_frame_larger_than_the_slot_is_scaled_down(tmp_path: Path):
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=640, max_height=360) as writer:
        writer.put(flat(9, 1280, 720), stamp_at(1.0))
        with attach(writer.name, directory=tmp_path) as worker:
            frame = worker.read()
    assert frame is not None
    assert (frame.picture.width, frame.picture.height) == (640, 360)


def test_a_frame_the_owner_never_finished_is_not_taken(slot: SlotWriter, tmp_path: Path):
    slot.put(flat(1), stamp_at(1.0, 1))
    slot._layout._words[1] |= 1  # as a SIGKILL in the middle of put() leaves it
    with attach(slot.name, directory=tmp_path) as worker:
        assert worker.read(tries=3) is None
    slot.put(flat(2), stamp_at(2.0, 2))
    with attach(slot.name, directory=tmp_path) as worker:
        assert worker.read(tries=3) is not None


def test_readers_never_see_a_torn_frame(slot: SlotWriter, tmp_path: Path):
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            slot.put(flat(number % 251, 960, 540), stamp_at(number, number))

    writing = threading.Thread(target=write)
    writing.start()
    try:
        seen = 0
        with attach(slot.name, directory=tmp_path) as worker:
            until = time.monotonic() + 10
            while seen < 100 and time.monotonic() < until:
                frame = worker.read()
                if frame is None:
                    continue
                seen += 1
                assert np.all(frame.picture.i420() == frame.number % 251)
        assert seen == 100
    finally:
        done.set()
        writing.join(5)


def test_a_closed_slot_is_gone(tmp_path: Path):
    writer = SlotWriter("c", generation=1, directory=tmp_path)
    writer.close()
    with pytest.raises(SlotGone):
        attach(writer.name, directory=tmp_path)


def test_a_name_that_is_no_slots_is_refused(tmp_path: Path):
    with pytest.raises(ValueError):
        attach("../../etc/passwd", directory=tmp_path)
    with pytest.raises(ValueError):
        SlotRef.of(["/etc/passwd", 1, 1])


OWNER = """
import sys, time
from pathlib import Path
from cameras.vision.slots import SlotWriter
from tests.vision.conftest import picture, stamp_at
writer = SlotWriter("cam-9", generation=1, space="test", directory=Path(sys.argv[1]))
number = 0
while True:
    number += 1
    writer.put(picture(), stamp_at(number, number))
    if number == 1:
        print(writer.name, flush=True)
"""


def test_slots_of_a_killed_owner_are_swept_and_living_ones_stay(slot: SlotWriter, tmp_path: Path):
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        name = owner.stdout.readline().strip()
        assert sweep(space="test", directory=tmp_path) == []
        with attach(name, directory=tmp_path) as worker:
            owner.send_signal(signal.SIGKILL)
            owner.wait(5)
            worker.read(tries=3)  # whole or None, but no hang and no error
            assert sweep(space="other", directory=tmp_path) == []
            assert sweep(space="test", directory=tmp_path) == [name]
        with pytest.raises(SlotGone):
            attach(name, directory=tmp_path)
    finally:
        owner.kill()
        owner.wait(5)
        assert owner.stdout is not None
        owner.stdout.close()
    assert slot.path.exists()


WORKER = """
import os, signal, sys
from pathlib import Path
from cameras.vision.slots import attach
worker = attach(sys.argv[2], directory=Path(sys.argv[1]))
frame = worker.read()
if sys.argv[3] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
worker.post(frame, [], inference_ms=1.0)
"""


@pytest.mark.parametrize("fate", ["kill", "live"])
def test_a_worker_that_ends_takes_nothing_with_it(slot: SlotWriter, tmp_path: Path, fate: str):
    slot.put(flat(1), stamp_at(1.0, 1))
    subprocess.run([sys.executable, "-c", WORKER, str(tmp_path), slot.name, fate], timeout=30, check=False)
    assert slot.path.exists()
    assert (slot.take_result() is not None) == (fate == "live")
    slot.put(flat(2), stamp_at(2.0, 2))
    with attach(slot.name, directory=tmp_path) as worker:
        assert worker.read() is not None


def test_a_forked_child_does_not_take_the_slot_away(slot: SlotWriter):
    child = os.fork()
    if child == 0:
        slot.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert slot.path.exists()
    slot.put(flat(1), stamp_at(1.0, 1))


def test_a_slot_that_does_not_fit_is_an_error_and_not_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        SlotWriter("c", generation=1, directory=tmp_path)
    assert not list(tmp_path.glob(f"{PREFIX}*"))
