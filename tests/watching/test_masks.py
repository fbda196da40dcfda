"""Behind every door there are masked pictures only: whatever leaves a camera with privacy masks is looked at here.

One door forgotten is one too many: the same doors of a camera without masks must all show what is hidden, so a door that
nobody looks behind fails as well.
"""

from __future__ import annotations

import io
import json
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from uuid import UUID

import av
import cv2
import numpy as np
import pytest
from django.test import Client

from cameras.models import Camera
from cameras.vision.probe import ProbeReport
from cameras.vision.slots import SlotGone, SlotRef, attach
from cameras.watching import evidence, film
from cameras.watching.live import HEAD, LiveServer, key_of
from soc.core.models import Media
from tests import factories as make
from tests.vision import test_mask
from tests.vision.test_mask import CORNER, magenta, shown
from tests.vision.world import World
from tests.watching.conftest import Watch, add_camera

pytestmark = pytest.mark.django_db(transaction=True)

LEAST = 150  # pixels of the window, where a door shows it
Doors = dict[str, list[np.ndarray]]


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    """Two cameras that see the same yard, with a window at which nobody may look."""
    path = test_mask.film(tmp_path / "window.mp4", seconds=50)
    with World(plays={"open": path, "masked": path}) as running:
        yield running


@pytest.fixture
def slots(watch: Watch) -> Doors:
    """The pictures that detect workers find in shared memory, by slot."""
    found: Doors = defaultdict(list)
    ask = watch.desk.ask

    def looking(ref: SlotRef) -> None:
        try:
            with attach(ref.name) as reader:
                frame = reader.read()
                if frame is not None:
                    found[ref.name].append(frame.picture.bgr())
        except SlotGone:
            return
        ask(ref)

    object.__setattr__(watch.desk, "ask", looking)
    return found


def live(server: LiveServer, camera: UUID, kind: str, count: int) -> list[np.ndarray]:
    """What the live view of a camera shows."""
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as door:
        door.sendall(json.dumps({"camera": str(camera), "key": key_of(camera), "kind": kind}).encode() + b"\n")
        stream, decoder, pictures = door.makefile("rb"), av.CodecContext.create("h264", "r"), []
        while len(pictures) < count:
            body = stream.read(struct.unpack(">I", stream.read(4))[0])
            if kind == "jpeg":
                pictures.append(np.asarray(cv2.imdecode(np.frombuffer(body[8:], np.uint8), cv2.IMREAD_COLOR)))
            elif body[8] != HEAD:
                pictures += [image.to_ndarray(format="bgr24") for image in decoder.decode(av.Packet(body[17:]))]
    return pictures


def stored(camera: Camera, client: Client) -> Doors:
    """What the one view of media gives of everything that was ever stored of the camera's site, by kind; and of clips, the
    first cut and the last.
    """
    doors: Doors = defaultdict(list)
    rows = list(Media.objects.filter(site=camera.site).order_by("created_at"))
    clips = [row for row in rows if row.kind == "clip"]
    for row in rows:
        data = b"".join(client.get(f"/media/{row.pk}", secure=True).streaming_content)
        if row.content_type.startswith("image/"):
            doors[f"stored {row.kind}"].append(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
            continue
        with av.open(io.BytesIO(data)) as video:
            pictures = [image.to_ndarray(format="bgr24") for image in video.decode(video=0)]
        doors["first clip" if row == clips[0] else "whole clip" if row == clips[-1] else "clip"] += pictures
    return doors


def behind(camera: Camera, watch: Watch, slots: Doors, client: Client) -> Doors:
    """Every picture that can be had of a camera, by door."""
    newest, on_air = watch.keeper.newest(camera.pk), watch.keeper.on_air(camera.pk)
    assert newest is not None
    assert on_air is not None
    slot = watch.keeper.cameras[camera.pk].watcher.sight.slot
    server = LiveServer("127.0.0.1", watch.keeper.newest, watch.keeper.on_air)
    server.start()
    try:
        return {
            "slot": slots[slot.name],
            "newest frame": [newest.picture.bgr()],
            "ring": shown([packet for packet in on_air.ring.snapshot() if packet.kind == "video"]),
            "live pictures": live(server, camera.pk, "jpeg", 2),
            "live video": live(server, camera.pk, "h264", 8),
            **stored(camera, client),
        }
    finally:
        server.stop()


DOORS = {
    *("slot", "newest frame", "ring", "live pictures", "live video"),
    *("first clip", "whole clip", "stored snapshot"),
}


def test_behind_every_door_there_are_masked_pictures_only(
    watch: Watch, world: World, slots, customer, sam, monkeypatch
):
    monkeypatch.setattr(film, "AFTER_S", 1.5)
    monkeypatch.setattr(film, "BEFORE_S", 1.5)
    monkeypatch.setattr(evidence, "ROUND_S", 0.1)
    address = f"rtsp://127.0.0.1:{world.port}"
    cameras = {}
    for name, masks in (("open", []), ("masked", [[list(point) for point in CORNER]])):
        site = make.make_site(customer, name)
        make.arm_always(site)
        cameras[name] = add_camera(site, name, f"{address}/{name}", privacy_masks=masks)

    def whole(camera: Camera) -> bool:
        return Media.objects.filter(site=camera.site, kind="clip").count() >= 2

    watch.until(lambda: all(map(whole, cameras.values())), within_s=60)
    client = Client()
    client.force_login(sam, backend="django.contrib.auth.backends.ModelBackend")
    doors = {name: behind(camera, watch, slots, client) for name, camera in cameras.items()}
    # Seen without masks, the window is behind each of them: none is left out, and none is looked at in vain.
    assert {
        door for door, pictures in doors["open"].items() if pictures and max(map(magenta, pictures)) > LEAST
    } >= DOORS
    assert {door for door, pictures in doors["masked"].items() if pictures} >= DOORS
    leaks = {door: max(map(magenta, pictures)) for door, pictures in doors["masked"].items() if pictures}
    assert leaks == dict.fromkeys(leaks, 0)


def test_a_mask_that_is_drawn_holds_from_that_moment_on(watch: Watch, world: World, site):
    """The thread of before is let go of at once: what it still has is shown to nobody."""
    make.arm_always(site)
    camera = add_camera(site, "open", f"rtsp://127.0.0.1:{world.port}/open")
    watch.until(lambda: watch.keeper.newest(camera.pk) is not None)
    assert magenta(watch.keeper.newest(camera.pk).picture.bgr()) > LEAST
    before = watch.keeper.cameras[camera.pk].watcher
    Camera.objects.filter(pk=camera.pk).update(privacy_masks=[[list(point) for point in CORNER]])
    watch.until(before.stopping)
    assert watch.keeper.newest(camera.pk) is None
    assert watch.keeper.on_air(camera.pk) is None
    watch.until(lambda: watch.keeper.newest(camera.pk) is not None)
    assert magenta(watch.keeper.newest(camera.pk).picture.bgr()) == 0


def test_a_first_look_at_a_camera_brings_no_picture_home():
    assert {field.type for field in fields(ProbeReport)} <= {
        "str",
        "int",
        "bool",
        "str | None",
        "float | None",
        "bool | None",
    }
