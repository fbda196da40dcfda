"""What waits for one browser: never much, never old for long."""

from __future__ import annotations

import struct

from cameras.watching.live import DELTA, KEY
from soc.console import waiting
from soc.console.waiting import Waiting


def frame(n: int, kind: int = DELTA, size: int = 10) -> bytes:
    return struct.pack(">dB", float(n), kind) + bytes(size)


def number(body: bytes | None) -> int | None:
    return None if body is None else int(struct.unpack_from(">d", body)[0])


def taken(waiting: Waiting) -> list[int | None]:
    found = []
    while (body := waiting.take()) is not None:
        found.append(number(body))
    return found


def test_of_pictures_only_the_newest_waits():
    waiting = Waiting("jpeg")
    for n in range(5):
        waiting.put(frame(n), float(n))
    assert taken(waiting) == [4]


def test_video_waits_in_order_from_a_keyframe_on():
    waiting = Waiting("h264")
    for n, kind in enumerate([DELTA, DELTA, KEY, DELTA, DELTA]):
        waiting.put(frame(n, kind), n / 10)
    assert taken(waiting) == [2, 3, 4]


def test_video_that_waited_too_long_is_left_out_up_to_the_next_keyframe():
    waiting = Waiting("h264")
    for n in range(60):  # six seconds, a keyframe each second, and nobody takes anything
        waiting.put(frame(n, KEY if n % 10 == 0 else DELTA), n / 10)
    left = taken(waiting)
    assert left == list(range(40, 60))
    assert 60 - left[0] <= waiting_limit()


def waiting_limit() -> int:
    return round(waiting.LATE_S * 10)


def test_without_a_keyframe_nothing_is_sent_until_one_comes():
    waiting = Waiting("h264")
    waiting.put(frame(0, KEY), 0.0)
    for n in range(1, 50):
        waiting.put(frame(n), n / 10)
    assert taken(waiting) == []
    waiting.put(frame(50), 5.0)
    assert taken(waiting) == []
    waiting.put(frame(51, KEY), 5.1)
    waiting.put(frame(52), 5.2)
    assert taken(waiting) == [51, 52]


def test_the_group_that_a_view_begins_with_may_be_long():
    waiting = Waiting("h264")
    for n in range(250):
        waiting.put(frame(n, KEY if n == 0 else DELTA), 0.0)
    assert len(taken(waiting)) == 250


def test_what_waits_is_bounded_in_bytes():
    waiting = Waiting("h264")
    for n in range(30):
        waiting.put(frame(n, KEY, 1_000_000), 0.0)
    assert len(taken(waiting)) <= 10


def test_another_stream_begins_with_a_keyframe_of_its_own():
    waiting = Waiting("h264")
    waiting.put(frame(0, KEY), 0.0)
    waiting.begin("h264")
    waiting.put(frame(1), 0.1)
    assert taken(waiting) == []
    waiting.begin("jpeg")
    waiting.put(frame(2), 0.2)
    assert taken(waiting) == [2]
