"""The live pictures' door: only who knows the key gets something, and every picture says how old it is."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest

from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.types import FrameStamp
from cameras.watching.live import LiveServer, key_of

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


def ask(camera: UUID, key: str) -> bytes:
    return json.dumps({"camera": str(camera), "key": key, "kind": "jpeg"}).encode()


def read(door: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := door.recv(size - len(data))):
        data += more
    return data


def test_pictures_arrive_with_their_age(server: LiveServer):
    with knock(server, ask(CAMERA, key_of(CAMERA))) as door:
        for _ in range(2):
            (size,) = struct.unpack(">I", read(door, 4))
            body = read(door, size)
            (captured,) = struct.unpack(">d", body[:8])
            assert 0 <= time.time() - captured < 3
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
