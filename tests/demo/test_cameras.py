"""The simulated cameras, as FFmpeg and a client of our own see them."""

from __future__ import annotations

import asyncio
import io
import struct
import time
import wave
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from soc.demo.cameras import faults, g711
from soc.demo.cameras.clips import load, staged
from soc.demo.cameras.intrusions import Schedule, TooMany, YardReel
from soc.demo.cameras.rtp import payload_of, split_h264
from soc.demo.world import World
from tests.demo.conftest import Outside, settings, until
from tests.demo.rtsp import BACKCHANNEL, Client, basic, digest, speak

QUICK = {"rtsp_transport": "tcp", "fpsprobesize": "0", "analyzeduration": "100000"}


def look(port: int, path: str, count: int = 12, **options: str) -> list[tuple[av.VideoFrame, float | None]]:
    """The first pictures of a camera with the sender's wall clock, through FFmpeg."""
    seen: list[tuple[av.VideoFrame, float | None]] = []
    url = f"rtsp://127.0.0.1:{port}/{path}"
    with av.open(url, options=QUICK | options, timeout=(5, 5)) as container:
        for packet in container.demux(video=0):
            wall = None
            if packet.has_sidedata("prft"):
                wall = struct.unpack("<q", bytes(packet.get_sidedata("prft"))[:8])[0] / 1e6
            seen += [(frame, wall) for frame in packet.decode()]
            if len(seen) >= count:
                break
    return seen


@pytest.mark.parametrize("name", ["yard", "street", "quiet", "foliage"])
async def test_a_camera_shows_moving_pictures_and_tells_the_time(world, name):
    seen = await asyncio.to_thread(look, world.rtsp.port, name)
    assert len(seen) >= 12
    assert seen[0][0].width >= 320
    walls = [wall for _, wall in seen if wall is not None and abs(time.time() - wall) < 10]
    assert len(walls) == len(seen)
    assert all(0.05 < later - earlier < 0.15 for earlier, later in pairwise(walls))


async def test_a_client_that_asks_for_udp_gets_it(world):
    seen = await asyncio.to_thread(look, world.rtsp.port, "quiet", 3, rtsp_transport="udp")
    assert len(seen) >= 3


async def test_many_clients_see_one_camera_at_once(world, outside):
    views = [asyncio.to_thread(look, world.rtsp.port, "street", 8) for _ in range(4)]
    assert all(len(seen) >= 8 for seen in await asyncio.gather(*views))
    street = next(one for one in await outside.get("/control/cameras") if one["name"] == "street")
    assert street["frames_sent"] >= 8
    await until(lambda: not world.cameras["street"].viewers)


async def test_nobody_enters_without_the_password(session):
    async with World(settings(camera_password="secret")) as world, Client(world.rtsp.port, "yard") as client:
        refused = await client.ask("DESCRIBE")
        assert refused.status == 401
        challenge = refused.headers["www-authenticate"]
        wrong = digest("admin", "wrong", challenge, "DESCRIBE", client.url)
        assert (await client.ask("DESCRIBE", Authorization=wrong)).status == 401
        right = digest("admin", "secret", challenge, "DESCRIBE", client.url)
        assert (await client.ask("DESCRIBE", Authorization=right)).status == 200
        assert (await client.ask("DESCRIBE", Authorization=basic("admin", "secret"))).status == 200


async def test_the_loudspeaker_plays_what_was_sent(world, outside):
    tone = (8_000 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)).astype(np.int16)
    async with Client(world.rtsp.port, "yard") as client:
        began = datetime.now(UTC)
        await speak(client, g711.encode(tone))
        await until(lambda: world.cameras["yard"].heard.seconds >= 1.0)
    with wave.open(io.BytesIO(await outside.bytes("/control/cameras/yard/heard.wav"))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8_000, 2, 1)
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    assert np.corrcoef(heard, tone)[0, 1] > 0.99
    (segment,) = await outside.get("/control/cameras/yard/heard")
    assert segment["seconds"] == 1.0
    assert 0.1 < segment["rms"] < 0.25
    assert began - timedelta(seconds=1) < datetime.fromisoformat(segment["started"]) < datetime.now(UTC)


async def test_a_camera_without_a_loudspeaker_says_so(world):
    async with Client(world.rtsp.port, "street") as client:
        refused = await client.ask("DESCRIBE", Require=BACKCHANNEL)
        assert (refused.status, refused.headers["unsupported"]) == (551, BACKCHANNEL)
        assert "sendonly" not in (await client.ask("DESCRIBE")).body
        assert (await client.ask("SETUP", "speaker", Transport="RTP/AVP/TCP;interleaved=0-1")).status == 404


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("PLAY", 454), ("RECORD", 405), ("SETUP", 404)],
)
async def test_requests_out_of_place_are_refused(world, request_line, status):
    async with Client(world.rtsp.port, "yard") as client:
        assert (await client.ask(request_line)).status == status


async def test_what_is_no_rtsp_ends_the_connection_and_nothing_else(world):
    for rubbish in (
        b"GET / HTTP/1.0\r\n\r\n",
        b"\xff\xfe" * 40_000,
        b"A B RTSP/1.0\r\nContent-Length: 9999999\r\n\r\n",
    ):
        async with Client(world.rtsp.port, "yard") as client:
            client.writer.write(rubbish)
            assert b"400" in await asyncio.wait_for(client.reader.read(100), 5)
    assert await asyncio.to_thread(look, world.rtsp.port, "quiet", 2)


# -- faults --------------------------------------------------------------------------------------------------------


async def playing(port: int, name: str) -> Client:
    """A client that plays the video of a camera and got its first packet."""
    client = await Client(port, name).__aenter__()
    assert (await client.ask("DESCRIBE")).status == 200
    assert (await client.ask("SETUP", "video", Transport="RTP/AVP/TCP;interleaved=0-1")).status == 200
    assert (await client.ask("PLAY")).status == 200
    await asyncio.wait_for(client.packet(), 5)
    return client


async def packets_until_it_breaks(client: Client) -> None:
    while True:
        await asyncio.wait_for(client.packet(), 5)


async def test_an_offline_camera_drops_its_clients_and_returns(world, outside):
    client = await playing(world.rtsp.port, "quiet")
    await outside.post("/control/cameras/quiet/fault", {"kind": "offline", "seconds": 60}, 201)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await packets_until_it_breaks(client)
    async with Client(world.rtsp.port, "quiet") as again:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await again.ask("DESCRIBE")
    await outside.post("/control/cameras/quiet/fault", {"kind": "none"})
    assert await asyncio.to_thread(look, world.rtsp.port, "quiet", 2)


async def test_a_frozen_camera_answers_and_shows_nothing(world, outside):
    client = await playing(world.rtsp.port, "quiet")
    camera = world.cameras["quiet"]
    await outside.post("/control/cameras/quiet/fault", {"kind": "freeze", "seconds": 1.5}, 201)
    sent, counted = camera.frames_sent, set[int]()

    def is_over() -> bool:
        if camera.faults.current is not None:
            counted.add(camera.frames_sent)
        return camera.faults.current is None

    assert (await client.ask("OPTIONS")).status == 200
    await until(is_over)
    assert counted == {sent}
    await until(lambda: camera.frames_sent > sent)


async def test_a_hanging_camera_accepts_and_never_answers(world, outside):
    await outside.post("/control/cameras/quiet/fault", {"kind": "hang", "seconds": 60}, 201)
    async with Client(world.rtsp.port, "quiet") as client:
        client.writer.write(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.5)


async def test_a_camera_may_send_garbage_and_recover(world, outside):
    await outside.post("/control/cameras/quiet/fault", {"kind": "garbage", "seconds": 60}, 201)
    async with Client(world.rtsp.port, "quiet") as client:
        client.writer.write(f"DESCRIBE {client.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert not (await asyncio.wait_for(client.reader.read(100), 5)).startswith(b"RTSP/")
    await outside.post("/control/cameras/quiet/fault", {"kind": "none"})
    assert await asyncio.to_thread(look, world.rtsp.port, "quiet", 2)


async def test_a_camera_may_have_no_video(world, outside):
    await outside.post("/control/cameras/yard/fault", {"kind": "no-video", "seconds": 60}, 201)
    async with Client(world.rtsp.port, "yard") as client:
        body = (await client.ask("DESCRIBE")).body
    assert "m=audio" in body
    assert "m=video" not in body


async def test_a_still_camera_repeats_one_picture(world, outside):
    client = await playing(world.rtsp.port, "street")
    await outside.post("/control/cameras/street/fault", {"kind": "still", "seconds": 60}, 201)
    client.writer.close()
    seen = await asyncio.to_thread(look, world.rtsp.port, "street", 12)
    first, last = (seen[n][0].to_ndarray(format="gray").astype(int) for n in (1, -1))
    assert np.abs(first - last).mean() < 1


async def test_a_dripping_camera_takes_its_time(world, outside):
    await outside.post("/control/cameras/quiet/fault", {"kind": "drip", "seconds": 60}, 201)
    async with Client(world.rtsp.port, "quiet") as client:
        began = time.monotonic()
        assert (await client.ask("DESCRIBE")).status == 200
        assert time.monotonic() - began > 0.5


async def test_unknown_faults_and_cameras_are_refused(outside):
    await outside.post("/control/cameras/yard/fault", {"kind": "explode"}, 400)
    await outside.post("/control/cameras/yard/fault", {"kind": "freeze", "seconds": "soon"}, 400)
    await outside.post("/control/cameras/nowhere/fault", {"kind": "freeze"}, 404)
    await outside.post("/control/cameras/street/intrusion", status=404)
    await outside.post("/control/cameras/street/fault", {"kind": "still"}, 400)


def test_a_fault_that_overlapped_is_remembered():
    at = [0.0]
    some = faults.Faults(lambda: at[0])
    some.begin(faults.FREEZE, 5)
    at[0] = 6.0
    assert some.current is None
    assert some.within(4, 10)
    assert not some.within(5, 10)


# -- people --------------------------------------------------------------------------------------------------------


async def test_an_intrusion_is_staged_now_and_told_truthfully(world, outside):
    before = datetime.now(UTC)
    made = await outside.post("/control/cameras/yard/intrusion", status=201)
    assert abs(datetime.fromisoformat(made["starts_at"]) - before) < timedelta(seconds=2)
    await until(lambda: any(one["began"] for one in world.cameras["yard"].intrusions()))
    (truth,) = await outside.get("/control/intrusions")
    came, left = (datetime.fromisoformat(truth[name]) for name in ("in_view_from", "in_view_to"))
    assert truth["id"] == made["id"]
    assert left - came >= timedelta(seconds=25)
    assert before < came < before + timedelta(seconds=6)


async def shown(reel: YardReel, seconds: float) -> list[bytes]:
    """The pictures of a yard, without waiting for them."""
    pictures = []
    for _ in range(round(seconds * 10)):
        unit = await reel.next()
        assert unit
        pictures.append(unit.nals[-1])
    return pictures


def yard(first_s: float = 12.0) -> YardReel:
    people = (staged("intrusion_a"), staged("intrusion_b"))
    return YardReel(load("empty"), people, Schedule(every_s=75.0, first_s=first_s))


async def test_people_come_on_schedule_for_at_least_25_seconds():
    reel = yard()
    await shown(reel, 12 + 75 + 75 + 5)
    assert [one.starts_at_s for one in reel.intrusions] == [12.0, 87.0, 162.0]
    assert all(one.in_view_to_s - one.in_view_from_s >= 25 for one in reel.intrusions)
    assert all(one.began for one in reel.intrusions)


async def test_a_staged_person_waits_for_the_one_before():
    reel = yard(first_s=3600.0)
    await shown(reel, 3.5)
    first, second = reel.stage(), reel.stage()
    assert (first.starts_at_s, second.starts_at_s) == (4.0, 36.0)
    await shown(reel, 60)
    assert (first.starts_at_s, second.starts_at_s) == (4.0, 36.0)
    for _ in range(10):
        reel.stage()
    with pytest.raises(TooMany):
        reel.stage()


async def test_the_schedule_can_be_changed(world, outside):
    await outside.post("/control/schedule", {"camera": "yard", "every_s": 40, "first_s": 5, "enabled": False})
    assert world.cameras["yard"].reel.schedule == Schedule(40.0, 5.0, enabled=False)
    await outside.post("/control/schedule", {"camera": "street"}, 404)
    await outside.post("/control/schedule", {"camera": "yard", "every_s": "often"}, 400)


def test_clips_of_the_yard_can_follow_each_other():
    clips = [load(name) for name in ("empty", "quiet", "intrusion_a", "intrusion_b")]
    assert len({clip.parameter_sets for clip in clips}) == 1
    for clip in clips:
        keys = [n for n, unit in enumerate(clip.units) if unit.key]
        assert keys == list(range(0, len(clip.units), 10))


# -- a given video ---------------------------------------------------------------------------------------------------


def make_video(file, *, seconds: float, fps: int = 25, size: tuple[int, int] = (321, 241)) -> None:
    """An odd-sized video in another codec."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mjpeg", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj444p"
        stream.time_base = Fraction(1, fps)
        for n in range(round(seconds * fps)):
            picture = np.full((size[1], size[0], 3), n * 3 % 255, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


async def test_a_given_video_is_played_once_at_its_own_rate_and_ends(tmp_path, session):
    make_video(tmp_path / "one.avi", seconds=3)
    async with World(settings(plays={"one": tmp_path / "one.avi"}, play_limit_s=2.0)) as world:
        began = time.monotonic()
        seen = await asyncio.to_thread(look, world.rtsp.port, "one", 1_000)
        assert len(seen) == 50
        assert 1.8 < time.monotonic() - began < 20
        assert (seen[0][0].width, seen[0][0].height) == (320, 240)
        (one,) = [c for c in await Outside(world, session).get("/control/cameras") if c["name"] == "one"]
        assert (one["frames_sent"], one["state"]) == (50, "ended")
        async with Client(world.rtsp.port, "one") as client:
            assert (await client.ask("DESCRIBE")).status == 404
            # Its loudspeaker still works: people may be spoken to after the video.
            await speak(client, b"\xff" * 160)
            await until(lambda: world.cameras["one"].heard.seconds > 0)


async def test_what_is_no_video_is_refused_at_the_start(tmp_path):
    (tmp_path / "no.mp4").write_bytes(b"this is no video" * 100)
    with pytest.raises(Exception, match="cannot be played"):
        await World(settings(plays={"no": tmp_path / "no.mp4"})).start()


# -- formats ---------------------------------------------------------------------------------------------------------


def test_long_nal_units_are_fragmented_and_can_be_put_together():
    long = bytes([0x65]) + bytes(range(256)) * 20
    parts = list(split_h264((b"\x67abc", long)))
    assert [marker for _, marker in parts] == [False] * (len(parts) - 1) + [True]
    assert all(len(payload) <= 1_400 for payload, _ in parts)
    fragments = [payload for payload, _ in parts[1:]]
    assert (fragments[0][1] & 0x80, fragments[-1][1] & 0x40) == (0x80, 0x40)
    again = bytes([(fragments[0][0] & 0xE0) | (fragments[0][1] & 0x1F)]) + b"".join(part[2:] for part in fragments)
    assert again == long


def test_mu_law_is_the_one_of_the_standard():
    # G.711's own anchors: both zeros, both ends.
    assert list(g711.decode(bytes([0xFF, 0x7F, 0x80, 0x00]))) == [0, 0, 32_124, -32_124]
    every = bytes(range(256))
    again = g711.encode(g711.decode(every))
    assert bytes(code for code in again if code != 0xFF) == bytes(code for code in every if code not in (0x7F, 0xFF))


@pytest.mark.parametrize(
    "data", [b"", b"\x80" * 11, b"\x40" + bytes(20), bytes([0x8F]) + bytes(20), bytes([0xA0]) + bytes(11) + b"ab\xff"]
)
def test_what_is_no_rtp_is_ignored(data):
    assert payload_of(data) is None
