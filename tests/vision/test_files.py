from __future__ import annotations

import resource
import struct
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cameras.vision.files import FilePicture, FileRefused, pictures_of


def still(path: Path, width: int = 320, height: int = 240) -> Path:
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = 200
    assert cv2.imwrite(str(path), image)
    return path


def test_every_picture_of_a_video_comes_with_its_time(footage: Callable[[str], Path]):
    pictures = list(pictures_of(footage("foliage.mp4")))
    assert [p.number for p in pictures] == list(range(208))
    assert pictures[0].seconds == 0.0
    assert pictures[10].seconds == pytest.approx(1.0)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_a_still_is_one_picture_at_time_zero(tmp_path: Path, suffix: str):
    (only,) = pictures_of(still(tmp_path / f"still{suffix}"))
    assert (only.number, only.seconds, only.picture.width, only.picture.height) == (0, 0.0, 320, 240)
    assert only.picture.y[:, :100].mean() > only.picture.y[:, 200:].mean() + 100


def test_odd_sides_lose_their_last_row(tmp_path: Path):
    (only,) = pictures_of(still(tmp_path / "odd.png", 321, 241))
    assert (only.picture.width, only.picture.height) == (320, 240)


def test_a_telephones_picture_is_turned_upright(tmp_path: Path):
    plain = still(tmp_path / "plain.jpg").read_bytes()
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:])
    (only,) = pictures_of(turned)
    assert (only.picture.width, only.picture.height) == (240, 320)
    assert only.picture.y[:100].mean() > only.picture.y[200:].mean() + 100  # orientation 6: its left side is up


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(tmp_path: Path, suffix: str):
    bomb = tmp_path / f"bomb{suffix}"
    assert cv2.imwrite(str(bomb), np.zeros((8_000, 8_000), np.uint8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileRefused, match="more than 33177600 pixels"):
        list(pictures_of(bomb))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


def test_what_is_no_picture_is_refused_in_words(tmp_path: Path):
    (tmp_path / "words.jpg").write_bytes(b"no picture")
    (tmp_path / "nothing.mp4").write_bytes(b"")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/stream.ts\n")
    for name in ("words.jpg", "nothing.mp4", "list.m3u8"):
        with pytest.raises(FileRefused):
            list(pictures_of(tmp_path / name))
    with pytest.raises(FileRefused, match="no such file"):
        next(pictures_of(tmp_path / "none.jpg"))
    with pytest.raises(FileRefused, match="not a file"):
        next(pictures_of(tmp_path))


@pytest.mark.parametrize("name", ["notes.txt", "read.nfo"])
def test_a_text_is_no_video_of_its_letters(tmp_path: Path, name: str):
    (tmp_path / name).write_text("What was seen in the night.\n" * 50)
    with pytest.raises(FileRefused, match="but a text"):
        list(pictures_of(tmp_path / name))


@pytest.mark.parametrize("name", ["2026-11-22T02:10.png", "yard%03d.png", "Höfe 空.png", "-yard [1]?*.png"])
def test_a_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        still(tmp_path / f"yard{number:03d}.png", 64, 48)
    still(tmp_path / name)
    (only,) = pictures_of(Path(name))
    assert only.picture.width == 320


def test_a_name_longer_than_names_may_be_is_refused_in_words():
    with pytest.raises(FileRefused, match="too long"):
        list(pictures_of(Path("x" * 300)))


def encoded(path: Path, *, count: int = 12, container: str | None = None) -> Path:
    """A video of `count` pictures, ten a second."""
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(count):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")))
        out.mux(stream.encode())
    return path


def test_a_video_that_tells_no_times_goes_on_all_the_same(tmp_path: Path):
    seconds = [one.seconds for one in pictures_of(encoded(tmp_path / "bare.h264", container="h264"))]
    assert seconds == pytest.approx([n / 25 for n in range(12)])


def test_where_the_time_begins_anew_it_goes_on(tmp_path: Path):
    part = encoded(tmp_path / "part.ts", count=30).read_bytes()
    (tmp_path / "whole.ts").write_bytes(part + part)
    seconds = [one.seconds for one in pictures_of(tmp_path / "whole.ts")]
    assert seconds == pytest.approx([n / 10 for n in range(60)])


def test_of_a_damaged_video_the_rest_is_read_and_that_is_said(tmp_path: Path, footage: Callable[[str], Path]):
    data = bytearray(footage("foliage.mp4").read_bytes())
    with av.open(str(footage("foliage.mp4"))) as container:
        places = [packet.pos or 0 for packet in container.demux(video=0) if packet.size]
    for at in places[30:33]:
        data[at : at + 16] = b"\xff" * 16
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    seen: list[FilePicture] = []
    with pytest.raises(FileRefused, match="3 parts of it are damaged and were passed over"):
        seen.extend(pictures_of(damaged))
    assert len(seen) > 150
