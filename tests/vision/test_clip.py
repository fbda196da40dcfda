from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from cameras.vision.clip import Clip, ClipError, ClipOrder, cut
from cameras.vision.opening import AudioInfo, StreamInfo, VideoInfo
from cameras.vision.ring import MediaPacket, PacketRing

from .conftest import NOON

FPS, GOP = 10, 20


def encoded(seconds: float, *, b_frames: int = 0, container: str = "h264") -> tuple[list[MediaPacket], StreamInfo]:
    """Grey pictures that get lighter, as a camera's packets arriving at their own rate from monotonic second 100."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska" if container == "mp4" else "mpegts") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.options = {"g": str(GOP), "bf": str(b_frames), "preset": "ultrafast", "sc_threshold": "0"}
        for number in range(int(seconds * FPS)):
            image = np.full((192, 320, 3), 20 + number % 200, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    buffer.seek(0)
    packets = []
    with av.open(buffer) as source:
        video = source.streams.video[0]
        for packet in source.demux(video):
            if packet.size == 0 or packet.pts is None:
                continue
            at = len(packets) / FPS
            packets.append(
                MediaPacket(
                    "video",
                    bytes(packet),
                    packet.pts,
                    packet.dts,
                    video.time_base,
                    packet.is_keyframe,
                    NOON + timedelta(seconds=at),
                    100 + at,
                )
            )
        context = video.codec_context
        info = VideoInfo("h264", 320, 192, FPS, video.time_base, "yuv420p", bytes(context.extradata or b""))
    return packets, StreamInfo(info, AudioInfo("pcm_mulaw", 8000, 1, Fraction(1, 8000), b""))


def tone(seconds: float, begin: float = 100.0) -> list[MediaPacket]:
    """A loud G.711 square wave in packets of 20 ms, its timestamps counting from somewhere else."""
    wave = b"\x80" * 4 + b"\x00" * 4
    return [
        MediaPacket("audio", wave * 20, 77_000 + n * 160, None, Fraction(1, 8000), True, NOON, begin + n * 0.02 + 0.001)
        for n in range(int(seconds * 50))
    ]


def played(clip: Clip) -> tuple[list[float], list[float], np.ndarray]:
    """Times and mean grey of the decoded frames, and the sound."""
    with av.open(io.BytesIO(clip.data)) as source:
        frames = [(f.time, f.to_ndarray(format="gray").mean()) for f in source.decode(video=0)]
    sound = np.zeros(0)
    if clip.audio_codec:
        with av.open(io.BytesIO(clip.data)) as source:
            sound = np.concatenate([f.to_ndarray().reshape(-1) for f in source.decode(audio=0)])
    return [f[0] for f in frames], [f[1] for f in frames], sound


@pytest.mark.parametrize(("b_frames", "container"), [(0, "h264"), (2, "h264"), (0, "mp4"), (2, "mp4")])
def test_a_clip_holds_the_seconds_around_the_trigger(b_frames: int, container: str):
    packets, info = encoded(20, b_frames=b_frames, container=container)
    clip = cut(packets, info, ClipOrder(trigger=110.0, before_s=4.0, after_s=3.0))
    times, greys, _ = played(clip)
    assert len(times) == pytest.approx(70, abs=2)
    between = np.diff(times)[: -1 if b_frames else None]  # cut inside a group, the frames before the last are missing
    assert np.allclose(between, 0.1, atol=0.002)
    assert all(np.diff(greys) >= 0), "frames are in their order"
    assert clip.trigger_s == pytest.approx(4.0, abs=0.3)
    assert clip.duration_s == pytest.approx(7.0, abs=0.4)
    assert clip.starts_at == NOON + timedelta(seconds=clip.starts_monotonic - 100)
    assert clip.sha256 == hashlib.sha256(clip.data).hexdigest()
    assert clip.complete
    assert clip.codec is not None
    assert clip.codec.startswith("avc1.")


def test_a_clip_is_what_browsers_play_with_its_index_in_front():
    packets, info = encoded(8)
    clip = cut(packets, info, ClipOrder(104.0, 2.0, 2.0))
    assert clip.data[4:8] == b"ftyp"
    assert 0 < clip.data.index(b"moov") < clip.data.index(b"mdat")
    assert b"avc1" in clip.data
    with av.open(io.BytesIO(clip.data)) as source:
        assert source.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_sound_becomes_aac_at_its_place():
    packets, info = encoded(10)
    heard = tone(3.0, begin=104.0)
    mixed = sorted(packets + heard, key=lambda p: p.monotonic)
    clip = cut(mixed, info, ClipOrder(105.0, 5.0, 4.0))
    _, _, sound = played(clip)
    assert clip.audio_codec == "aac"
    begins = np.flatnonzero(np.abs(sound) > 0.3)[0] / 16_000
    ends = np.flatnonzero(np.abs(sound) > 0.3)[-1] / 16_000
    assert begins == pytest.approx(104.0 - clip.starts_monotonic, abs=0.1)
    assert ends - begins == pytest.approx(3.0, abs=0.1)


def test_timestamps_that_jump_do_not_tear_the_clip():
    packets, info = encoded(10)
    jumped = [
        p if p.monotonic < 105 else MediaPacket(p.kind, p.data, p.pts + 90_000 * 3000, None, *_rest(p)) for p in packets
    ]
    times, _, _ = played(cut(jumped, info, ClipOrder(105.0, 4.0, 4.0)))
    assert np.allclose(np.diff(times), 0.1, atol=0.01)


def _rest(p: MediaPacket) -> tuple:
    return (p.time_base, p.keyframe, p.received, p.monotonic)


def test_a_trigger_before_the_ring_begins_gives_what_there_is_and_says_so():
    packets, info = encoded(6)
    clip = cut(packets, info, ClipOrder(101.0, 8.0, 2.0))
    assert clip.starts_monotonic == pytest.approx(100.0, abs=0.05)
    assert not clip.complete


def test_without_a_keyframe_there_is_no_clip():
    packets, info = encoded(3)
    with pytest.raises(ClipError):
        cut([p for p in packets if not p.keyframe], info, ClipOrder(101.0))


def test_a_codec_that_cannot_be_copied_is_named():
    packets, _ = encoded(3)
    other = StreamInfo(VideoInfo("vp8", 320, 192, 10, Fraction(1, 90000), "yuv420p", b""))
    with pytest.raises(ClipError, match="VP8"):
        cut(packets, other, ClipOrder(101.0))


def test_an_order_is_due_when_the_ring_reaches_it_or_nothing_more_comes():
    packets, _ = encoded(4)
    ring, order = PacketRing(), ClipOrder(102.0, 1.0, 1.5)
    for packet in packets[:20]:
        ring.append(packet)
    assert not order.is_due(ring, 103.0)
    assert order.is_due(ring, 106.0)
    for packet in packets[20:]:
        ring.append(packet)
    assert order.is_due(ring, 103.6)


def of_pictures(seconds: float, fps: int) -> tuple[list[MediaPacket], StreamInfo]:
    """What a camera sends that sends JPEGs: ever lighter ones, two of them damaged."""
    packets = []
    for n in range(int(seconds * fps)):
        ok, jpeg = cv2.imencode(".jpg", np.full((192, 320, 3), 20 + n, np.uint8))
        assert ok
        data = jpeg.tobytes() if n not in (31, 32) else b"\xff\xd8 damaged"
        at = timedelta(seconds=n / fps)
        packets.append(
            MediaPacket("video", data, n * 9000, n * 9000, Fraction(1, 90000), True, NOON + at, 100 + n / fps)
        )
    info = VideoInfo("mjpeg", 320, 192, fps, Fraction(1, 90000), "yuvj420p", b"")
    return packets, StreamInfo(info, AudioInfo("pcm_mulaw", 8000, 1, Fraction(1, 8000), b""))


def test_a_clip_of_single_pictures_is_made_h264_and_keeps_its_times_and_sound():
    packets, info = of_pictures(10, 10)
    clip = cut([*packets, *tone(10)], info, ClipOrder(trigger=105.0, before_s=3.0, after_s=2.0))
    assert clip.codec.startswith("avc1.")
    assert clip.complete
    times, greys, sound = played(clip)
    assert len(times) == pytest.approx(60, abs=3)  # a second more before: its keyframe
    at_trigger = greys[min(range(len(times)), key=lambda n: abs(times[n] - clip.trigger_s))]
    assert at_trigger == pytest.approx(20 + 50, abs=6)
    assert np.abs(sound).mean() > 0.1
    assert clip.duration_s == pytest.approx(times[-1] + 0.1, abs=0.1)


def test_pictures_that_are_none_make_no_clip():
    packets, info = of_pictures(4, 10)
    with pytest.raises(ClipError):
        cut([packet._replace(data=b"no picture") for packet in packets], info, ClipOrder(102.0, 1.0, 1.0))


def test_h265_is_copied_and_named_so_that_players_that_can_play_it_know_it():
    """Most browsers cannot: the page then shows the picture and says so."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as out:
        stream = out.add_stream("libx265", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.options = {"preset": "ultrafast", "x265-params": f"keyint={GOP}:log-level=none"}
        for number in range(60):
            image = np.full((192, 320, 3), 20 + number, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    buffer.seek(0)
    packets, n = [], 0
    with av.open(buffer) as source:
        video = source.streams.video[0]
        for packet in source.demux(video):
            if packet.size and packet.pts is not None:
                at = n / FPS
                came = (NOON + timedelta(seconds=at), 100 + at)
                packets.append(
                    MediaPacket(
                        "video", bytes(packet), packet.pts, packet.dts, video.time_base, packet.is_keyframe, *came
                    )
                )
                n += 1
        extra = bytes(video.codec_context.extradata or b"")
        info = StreamInfo(VideoInfo("hevc", 320, 192, FPS, video.time_base, "yuv420p", extra), None)
    clip = cut(packets, info, ClipOrder(104.0, 1.0, 1.0))
    assert clip.codec == "hvc1"
    assert b"hvc1" in clip.data
    assert len(played(clip)[0]) >= 20


def test_a_full_disk_is_nothing_to_cutting(monkeypatch):
    """The muxer's file is in memory."""

    def full(*args, **how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    monkeypatch.setattr("tempfile.mkdtemp", full)
    packets, info = encoded(10)
    assert cut(packets, info, ClipOrder(105.0, 2.0, 2.0)).complete
