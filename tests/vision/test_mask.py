"""Privacy masks: what they cover, down to the last pixel, and the stream that is made of masked pictures."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cameras.vision.address import pin
from cameras.vision.clip import ClipOrder, cut
from cameras.vision.h264 import parameter_sets
from cameras.vision.ingest import Frame, Stream
from cameras.vision.mask import BLACK, GREY, KEY_S, Mask, MaskedVideo
from cameras.vision.opening import StreamError
from cameras.vision.picture import Picture
from cameras.vision.ring import MediaPacket

from .conftest import picture, stamp_at

CORNER = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))


def bright(width: int, height: int) -> Picture:
    return Picture.of_bgr(np.full((height, width, 3), (250, 60, 250), np.uint8))


def inside(polygon, width: int, height: int) -> np.ndarray:
    """Every pixel that the outline touches, computed in another way: at sixteen times the size."""
    large = np.zeros((height * 16, width * 16), np.uint8)
    cv2.fillPoly(large, [np.array([(x * width * 16, y * height * 16) for x, y in polygon], np.int32)], 1)
    return np.asarray(large.reshape(height, 16, width, 16).any(axis=(1, 3)))


@pytest.mark.parametrize("seed", range(12))
def test_every_pixel_that_an_outline_touches_is_black_and_no_more_than_its_edge_beside_it(seed: int):
    chance = random.Random(seed)
    width, height = chance.choice([(64, 36), (98, 54), (130, 74)])
    polygon = tuple((chance.random(), chance.random()) for _ in range(chance.randint(3, 6)))
    given = bright(width, height)
    masked = Mask([polygon]).of(given)
    where = inside(polygon, width, height)
    assert (masked.y[where] == BLACK).all()
    chroma = where.reshape(height // 2, 2, width // 2, 2).any(axis=(1, 3))
    assert (masked.u[chroma] == GREY).all()
    assert (masked.v[chroma] == GREY).all()
    assert masked.bgr()[where].max() <= 3
    far = cv2.dilate(where.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert (masked.y[far] == given.y[far]).all()


def test_the_picture_given_stays_as_it_is():
    given = picture()
    before = given.i420()
    Mask([CORNER]).of(given)
    assert (given.i420() == before).all()


@pytest.mark.parametrize("polygons", [[], [((0, 0), (1, 1))]])
def test_a_mask_of_nothing_is_no_mask(polygons):
    with pytest.raises(ValueError, match="outlines"):
        Mask(polygons)


# -- the stream that is kept ------------------------------------------------------------------------------------------


def encoded(pictures: int, fps: float = 10.0) -> tuple[MaskedVideo, list[MediaPacket]]:
    video, mask = MaskedVideo(640, 360, fps), Mask([CORNER])
    base = Fraction(1, 90_000)
    packets = [
        video.add(mask.of(picture(seed=n)), stamp_at(n / fps, n), round(5000 + n / fps * 90_000), base)
        for n in range(pictures)
    ]
    return video, packets


def test_one_picture_in_is_one_packet_out_with_the_time_stamps_of_the_original():
    _video, packets = encoded(45)
    assert [p.pts for p in packets] == [5000 + n * 9000 for n in range(45)]
    assert [p.monotonic for p in packets] == pytest.approx([n / 10 for n in range(45)])
    assert all(p.data and p.captured == stamp_at(p.monotonic).captured for p in packets)
    keys = [p.monotonic for p in packets if p.keyframe]
    assert keys == pytest.approx([0.0, KEY_S, 2 * KEY_S])
    assert all(parameter_sets(p.data) for p in packets if p.keyframe)


def test_noise_does_not_make_the_stream_larger_than_the_ring_can_hold():
    _video, packets = encoded(60)
    assert sum(p.size for p in packets) * 8 / 6 < 6_500_000


def shown(packets) -> list[np.ndarray]:
    """BGR pictures of encoded packets."""
    decoder = av.CodecContext.create("h264", "r")
    images = [image for packet in packets for image in decoder.decode(av.Packet(packet.data))] + decoder.decode(None)
    return [image.to_ndarray(format="bgr24") for image in images]


def film(path: Path, codec: str = "libx264", *, size: tuple[int, int] = (320, 180), seconds: int = 4) -> Path:
    """A grey yard with a bright magenta window in its upper right quarter, and a figure that walks in and out of it."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10, options={"x265-params": "log-level=none"} if codec == "libx265" else {})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p" if codec != "mjpeg" else "yuvj420p"
        stream.gop_size = 20
        for n in range(10 * seconds):
            image = np.full((size[1], size[0], 3), 90, np.uint8)
            cv2.rectangle(
                image, (size[0] * 6 // 10, size[1] // 10), (size[0] * 9 // 10, size[1] * 4 // 10), (250, 40, 250), -1
            )
            x = (n * 9) % (size[0] - 20)
            cv2.rectangle(image, (x, size[1] // 4), (x + 12, size[1] * 3 // 4), (30, 200, 30), -1)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode())
    return path


def read(path: Path, mask: Mask | None, **options) -> tuple[Stream, list[Frame], list[MediaPacket]]:
    address = pin("rtsp://127.0.0.1:1/x", networks=["127.0.0.0/8"])
    stream = Stream(address, opener=lambda address, options: av.open(str(path)), mask=mask)
    frames: list[Frame] = []
    packets: list[MediaPacket] = []
    with pytest.raises(StreamError, match="closed"):
        stream.read(frames.append, on_packet=packets.append, **options)
    return stream, frames, packets


def magenta(image: np.ndarray) -> int:
    """How many pixels of the window are to be seen."""
    blue, green, red = (image[..., n].astype(int) for n in range(3))
    return int(((blue > 100) & (red > 100) & (blue - green > 60) & (red - green > 60)).sum())


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mjpeg"])
def test_a_stream_with_masks_gives_masked_pictures_and_packets_only(tmp_path: Path, codec: str):
    path = film(tmp_path / "x.mkv", codec)
    raw, plain, _packets = read(path, None)
    stream, frames, packets = read(path, Mask([CORNER]))
    assert len(frames) == len(plain) >= 38  # the last of a file with B-frames are not asked for
    assert all(magenta(frame.picture.bgr()) > 300 for frame in plain)  # it would be seen
    assert all(magenta(frame.picture.bgr()) == 0 for frame in frames)
    # Outside the mask nothing is changed, in the last frame as in the first: the decoder's own pictures are not touched.
    for given, masked in zip(plain, frames, strict=True):
        assert (given.picture.y[100:, :150] == masked.picture.y[100:, :150]).all()
    assert (stream.info.video.codec, str(stream.info.video.codec_string)[:5]) == ("h264", "avc1.")
    assert stream.ring.snapshot() == tuple(packets)
    assert len(packets) == len(frames)
    pictures = shown(packets)
    assert len(pictures) == len(frames)
    assert all(magenta(image) == 0 for image in pictures)
    assert abs(pictures[-1][120:, :100].astype(int) - plain[-1].picture.bgr()[120:, :100]).mean() < 6
    assert {p.pts for p in packets} == {f.pts for f in frames}
    clip = cut(stream.ring.snapshot(), stream.info, ClipOrder(packets[-1].monotonic, 30.0, 0.0))
    with av.open(io.BytesIO(clip.data)) as kept:
        images = [image.to_ndarray(format="bgr24") for image in kept.decode(video=0)]
    assert len(images) == len(frames)
    assert all(magenta(image) == 0 for image in images)
    assert raw.info.video.width == stream.info.video.width


def test_a_stream_with_masks_that_nobody_looks_at_keeps_masked_packets_too(tmp_path: Path):
    path = film(tmp_path / "x.mkv")
    stream, _frames, packets = read(path, Mask([CORNER]), looking=lambda: False)
    assert len(packets) >= 38
    assert all(magenta(image) == 0 for image in shown(stream.ring.snapshot()))


def test_the_check_finds_a_stream_that_is_not_masked(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Mask, "of", lambda self, picture: picture)
    _stream, frames, packets = read(film(tmp_path / "x.mkv"), Mask([CORNER]))
    assert min(magenta(frame.picture.bgr()) for frame in frames) > 300
    assert min(magenta(image) for image in shown(packets)) > 300


def test_the_check_finds_the_one_door_that_was_left_open(tmp_path: Path, monkeypatch):
    """Pictures masked, packets made of what came in."""
    encoded_as_masked = Stream._encoded

    def leaky(self, frame, image, *rest):
        return encoded_as_masked(self, replace(frame, picture=Picture.of_frame(image)), image, *rest)

    monkeypatch.setattr(Stream, "_encoded", leaky)
    _stream, frames, packets = read(film(tmp_path / "x.mkv"), Mask([CORNER]))
    assert max(magenta(frame.picture.bgr()) for frame in frames) == 0
    assert min(magenta(image) for image in shown(packets)) > 300
