"""The live pictures' door: only who knows the key gets something, and every picture says how old it is."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import av
import numpy as np
import pytest

from cameras.vision.ingest import Frame, Stream
from cameras.vision.opening import StreamInfo, VideoInfo
from cameras.vision.picture import Picture
from cameras.vision.ring import MediaPacket, PacketRing
from cameras.vision.types import FrameStamp
from cameras.watching import live
from cameras.watching.live import DELTA, HEAD, KEY, LiveServer, key_of
from tests.console.airing import BASE, on_air

CAMERA = uuid4()


def latest(camera_id: UUID) -> Frame | None:
    if camera_id != CAMERA:
        return None
    now = datetime.now(UTC)
    picture = Picture.of_bgr(np.full((90, 160, 3), 100, np.uint8))
    return Frame(FrameStamp(int(time.monotonic() * 5), now, now, time.monotonic()), picture, True)


@pytest.fixture
def server() -> Iterator[LiveServer]:
    one = LiveServer("127.0.0.1", latest)
    one.start()
    yield one
    one.stop()


def knock(server: LiveServer, said: bytes) -> socket.socket:
    host, port = server.address.split(":")
    door = socket.create_connection((host, int(port)), timeout=5)
    door.sendall(said + b"\n")
    return door


def ask(camera: UUID, key: str, kind: str = "jpeg", **more: object) -> bytes:
    return json.dumps({"camera": str(camera), "key": key, "kind": kind, **more}).encode()


def read(door: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := door.recv(size - len(data))):
        data += more
    return data


def frame_from(door: socket.socket) -> bytes:
    """One frame, b"" where the other end hung up."""
    head = read(door, 4)
    return read(door, struct.unpack(">I", head)[0]) if len(head) == 4 else b""


def test_pictures_arrive_with_their_age(server: LiveServer):
    with knock(server, ask(CAMERA, key_of(CAMERA))) as door:
        for _ in range(2):
            (size,) = struct.unpack(">I", read(door, 4))
            body = read(door, size)
            (captured,) = struct.unpack(">d", body[:8])
            assert 0 <= time.time() - captured < 20
            assert body[8:10] == b"\xff\xd8"


@pytest.mark.parametrize(
    "said",
    [
        ask(CAMERA, "0" * 64),
        ask(CAMERA, "ключ"),
        ask(CAMERA, key_of(uuid4())),
        ask(uuid4(), key_of(CAMERA)),
        b"GET / HTTP/1.1",
        b"\xff\xfe\x00",
        b"[]",
        b'{"camera": 1, "key": []}',
        b"[" * 990,
        b"x" * 5000,
        b"",
        ask(CAMERA, "0" * 64, "h264"),
        ask(CAMERA, key_of(CAMERA), "fmp4"),
        ask(CAMERA, key_of(CAMERA), fps="fast"),
        ask(CAMERA, key_of(CAMERA), "h264"),  # which this server does not have
    ],
)
def test_a_wrong_key_and_garbage_get_nothing(server: LiveServer, said: bytes):
    # What was not read is thrown away with the connection.
    with knock(server, said) as door, contextlib.suppress(ConnectionResetError):
        assert read(door, 1) == b""


def test_a_camera_without_a_picture_ends_the_view(server: LiveServer):
    nobody = uuid4()
    with knock(server, ask(nobody, key_of(nobody))) as door:
        assert read(door, 1) == b""


# -- the camera's own video -------------------------------------------------------------------------------------------


def test_video_begins_with_its_name_and_a_keyframe_and_can_be_decoded():
    with on_air(fps=20) as air, knock(air.server, ask(CAMERA, key_of(CAMERA), "h264")) as door:
        head = frame_from(door)
        assert head[8] == HEAD
        said = json.loads(head[9:])
        assert (said["way"], said["width"], said["height"]) == ("h264", 640, 360)
        assert said["codec"].startswith("avc1.")
        decoder, shown, kinds, last = av.CodecContext.create("h264", "r"), 0, [], 0.0
        for _ in range(12):
            captured, kind, media_s = struct.unpack_from(">dBd", body := frame_from(door))
            assert 0 <= time.time() - captured < 20
            assert media_s > last
            last = media_s
            kinds.append(kind)
            shown += len(decoder.decode(av.Packet(body[17:])))
        assert kinds[0] == KEY
        assert set(kinds[1:]) <= {KEY, DELTA}
        assert shown >= 10


def test_a_camera_without_h264_is_shown_in_pictures():
    with on_air(codec="hevc") as air, knock(air.server, ask(CAMERA, key_of(CAMERA), "h264")) as door:
        head = frame_from(door)
        assert json.loads(head[9:]) == {"way": "jpeg"}
        assert frame_from(door)[8:10] == b"\xff\xd8"


def test_a_tile_gets_small_pictures_at_its_own_pace():
    with on_air(fps=20) as air, knock(air.server, ask(CAMERA, key_of(CAMERA), fps=5, width=480)) as door:
        times = []
        for _ in range(3):
            body = frame_from(door)
            times.append(time.monotonic())
            picture = av.CodecContext.create("mjpeg", "r").decode(av.Packet(body[8:]))[0]
            assert picture.width == 480
        assert times[-1] - times[0] > 0.3


@pytest.mark.parametrize("end", ["another connection", "no camera"])
def test_a_view_ends_with_the_stream_that_it_shows(end: str):
    with on_air() as air, knock(air.server, ask(CAMERA, key_of(CAMERA), "h264")) as door:
        assert frame_from(door)[8] == HEAD
        if end == "no camera":
            air.silent.set()
        else:
            air.server.on_air = lambda camera_id: SimpleNamespace()  # type: ignore[assignment,return-value]
        until = time.monotonic() + 10
        while frame_from(door):
            assert time.monotonic() < until


def stream_of(count: int) -> Stream:
    """A stream of pictures of 200 kB, a keyframe in ten; each ends with its number."""
    ring = PacketRing(seconds=1000, max_bytes=200_000_000)
    sets = b"\0\0\0\1\x67\x42\xc0\x1f\0\0\0\1\x68\xce"
    now, begun = datetime.now(UTC), time.monotonic()
    for n in range(count):
        data = b"\0\0\0\1\x65" + b"\xaa" * 200_000 + struct.pack(">I", n)
        ring.append(MediaPacket("video", data, n * 9000, n * 9000, BASE, n % 10 == 0, now, begun + n))
        if n == 0:
            first = ring.group()
    info = StreamInfo(VideoInfo("h264", 640, 360, 10.0, BASE, "yuv420p", sets))
    # A view that began with the first picture, and has not yet looked for more.
    begin, now_held = iter([first]), ring.group
    ring.group = lambda: next(begin, None) or now_held()  # type: ignore[method-assign]
    return cast(Stream, SimpleNamespace(ring=ring, info=info))


def read_slowly(late_s: float, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the pictures that come to somebody who at first reads nothing."""
    monkeypatch.setattr(live, "LATE_S", late_s)
    stream = stream_of(55)
    server = LiveServer("127.0.0.1", lambda camera_id: None, lambda camera_id: stream)
    server.start()
    numbers: list[int] = []
    try:
        with knock(server, ask(CAMERA, key_of(CAMERA), "h264")) as door:
            assert frame_from(door)[8] == HEAD
            time.sleep(0.6)
            while not numbers or numbers[-1] < 54:
                body = frame_from(door)
                assert body, numbers
                numbers.append(struct.unpack(">I", body[-4:])[0])
                assert body[8] == (DELTA if numbers[-1] % 10 else KEY)
    finally:
        server.stop()
    return numbers


def test_a_slow_reader_goes_on_at_a_later_keyframe_and_is_never_queued_for(monkeypatch):
    numbers = read_slowly(0.2, monkeypatch)
    gap = next(n for n in range(len(numbers) - 1) if numbers[n + 1] != numbers[n] + 1)
    assert numbers == [*range(gap + 1), *range(50, 55)]
    assert gap < 45
    # Without the limit everything would be kept for it.
    assert read_slowly(1e9, monkeypatch) == list(range(55))
