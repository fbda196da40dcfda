"""G.711, H.264 headers, pictures and snapshots."""

from __future__ import annotations

import hashlib
import io

import av
import cv2
import numpy as np
import pytest

from cameras.vision import g711, h264, snapshot
from cameras.vision.picture import MAX_PIXELS, Picture, PictureRefused, check_size

from .conftest import picture


@pytest.mark.parametrize(("law", "codec"), [("PCMU", "pcm_mulaw"), ("PCMA", "pcm_alaw")])
def test_g711_agrees_with_ffmpeg(law: str, codec: str):
    every = bytes(range(256))
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    (frame,) = decoder.decode(av.Packet(every))
    assert np.array_equal(g711.decode(every, law), frame.to_ndarray().reshape(-1))


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_g711_encodes_to_the_nearest_value(law: str):
    samples = np.arange(-32768, 32768, 7, dtype=np.int16)
    back = g711.decode(g711.encode(samples, law), law).astype(np.int32)
    error = np.abs(back - samples)
    assert np.all(error <= np.maximum(np.abs(samples.astype(np.int32)) // 16, 8) + 700 * (np.abs(back) > 31000))
    assert abs(int(g711.decode(bytes([g711.SILENCE[law]]), law)[0])) <= 8


def test_parameter_sets_are_found_in_both_forms():
    sps, pps = b"\x67\x4d\x40\x1f\xda", b"\x68\xee\x0d\x2c\x80\x01"
    boxed = b"\x01\x4d\x40\x1f\xff\xe1\x00\x05" + sps + b"\x01\x00\x06" + pps
    plain = h264.START + sps + h264.START + pps
    assert h264.avc_parameter_sets(boxed) == plain
    assert h264.avc_parameter_sets(plain) == plain
    assert h264.avc_codec_string(boxed) == h264.avc_codec_string(plain) == "avc1.4d401f"
    assert h264.parameter_sets(plain + h264.START + b"\x65abc") == plain
    assert h264.avc_length_size(boxed) == 4
    assert h264.avc_length_size(plain) is None
    assert h264.to_annex_b(b"\x00\x00\x00\x02\x65a\x00\x00\x00\x09cut", 4) == h264.START + b"\x65a"
    assert h264.avc_codec_string(b"") is None
    assert h264.avc_parameter_sets(b"\x01\x02") == b""


def test_a_picture_survives_being_taken_apart():
    image = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8), (31, 31), 0)
    shown = Picture.of_bgr(image)
    assert (shown.width, shown.height) == (160, 120)
    assert np.abs(shown.bgr().astype(int) - image).mean() < 2
    assert np.array_equal(shown.rgb()[..., ::-1], shown.bgr())
    assert np.array_equal(Picture.of_i420(shown.i420().tobytes(), 160, 120).i420(), shown.i420())


def test_a_picture_with_odd_sides_loses_a_row_and_a_column():
    shown = Picture.of_bgr(np.zeros((101, 203, 3), np.uint8))
    assert (shown.width, shown.height) == (202, 100)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "gray", "rgb24"])
def test_frames_of_any_pixel_format_become_pictures(pixel_format: str):
    image = np.full((100, 200, 3), 77, np.uint8)
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
    shown = Picture.of_frame(frame)
    assert (shown.width, shown.height) == (200, 100)
    assert abs(int(shown.y.mean()) - 77) < 20


def test_a_picture_is_shrunk_with_its_proportions_and_never_enlarged():
    shown = picture(640, 360)
    small = shown.shrunk(320, 320)
    assert (small.width, small.height) == (320, 180)
    assert shown.shrunk(1000, 1000) is shown


def test_sizes_out_of_bounds_are_refused():
    with pytest.raises(PictureRefused, match="too large"):
        check_size(20_000, 20_000)
    with pytest.raises(PictureRefused, match="too small"):
        check_size(8, 100)
    with pytest.raises(PictureRefused):
        Picture.of_i420(b"1234", 16, 16)


def test_a_snapshot_is_a_jpeg_within_the_limits():
    taken = snapshot.take(picture(1920, 1080), max_width=640)
    assert taken.jpeg[:2] == b"\xff\xd8"
    assert (taken.width, taken.height) == (640, 360)
    assert taken.sha256 == hashlib.sha256(taken.jpeg).hexdigest()
    back = snapshot.decode(taken.jpeg)
    assert (back.width, back.height) == (640, 360)


def test_pictures_from_outside_that_are_damaged_or_bombs_are_refused():
    good = snapshot.take(picture()).jpeg
    with pytest.raises(PictureRefused):
        snapshot.decode(b"GIF89a nothing of the kind")
    with pytest.raises(PictureRefused):
        snapshot.decode(b"")
    with pytest.raises(PictureRefused, match="too large"):
        snapshot.decode(good + bytes(9 * 1024 * 1024))
    with pytest.raises(PictureRefused, match="too large"):
        snapshot.decode(_claiming(good, 20_000, 20_000))
    with pytest.raises(PictureRefused, match="damaged"):
        snapshot.decode(good[:50] + good[: good.index(b"\xff\xc0") + 20][50:])
    done, png = cv2.imencode(".png", np.zeros((40, 60, 3), np.uint8))
    assert done
    assert snapshot.decode(png.tobytes()).width == 60
    with pytest.raises(PictureRefused, match="too large"):
        snapshot.decode(png.tobytes()[:16] + (50_000).to_bytes(4, "big") * 2 + png.tobytes()[24:])


def test_what_a_drawing_leaves_transparent_is_white():
    clear = np.zeros((40, 60, 4), np.uint8)
    clear[10:20, 10:20] = (0, 0, 255, 255)
    for depth in (clear, clear.astype(np.uint16) * 257):
        done, png = cv2.imencode(".png", depth)
        assert done
        seen = snapshot.decode(png.tobytes()).bgr()
        assert (seen[30, 40] > 250).all()
        assert seen[15, 15, 2] > 200 > 60 > seen[15, 15, 0]


def _claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """The JPEG with another size in its header: a small file that would decode to more than a gigabyte."""
    at = jpeg.index(b"\xff\xc0") + 5
    assert width * height > MAX_PIXELS
    stream = io.BytesIO(jpeg)
    data = bytearray(stream.getvalue())
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)
