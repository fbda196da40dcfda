from __future__ import annotations

from fractions import Fraction

from cameras.vision.ring import MediaPacket, PacketRing

from .conftest import NOON


def packet(at: float, *, key: bool = False, size: int = 100, kind: str = "video") -> MediaPacket:
    return MediaPacket(kind, bytes(size), None, None, Fraction(1, 90000), key, NOON, at)  # type: ignore[arg-type]


def fill(ring: PacketRing, seconds: float, *, fps: int = 10, gop_s: float = 2.0, start: float = 0.0) -> None:
    every = int(fps * gop_s)
    for n in range(int(seconds * fps)):
        ring.append(packet(start + n / fps, key=n % every == 0))


def test_a_ring_begins_with_a_keyframe_and_reaches_back_far_enough():
    ring = PacketRing(seconds=6.0)
    fill(ring, 60)
    held = ring.snapshot()
    assert held[0].keyframe
    assert 6.0 <= held[-1].monotonic - held[0].monotonic < 8.1


def test_a_ring_keeps_a_whole_group_longer_than_itself():
    ring = PacketRing(seconds=3.0)
    fill(ring, 9.9, gop_s=10.0)
    assert ring.snapshot()[0].keyframe
    assert ring.snapshot()[0].monotonic == 0.0


def test_bytes_are_a_hard_limit_and_a_cut_group_goes_as_a_whole():
    ring = PacketRing(seconds=60.0, max_bytes=3000)
    fill(ring, 30)
    span = ring.span()
    assert span is not None
    assert span.bytes <= 3000
    assert span.bytes == sum(p.size for p in ring.snapshot())
    assert ring.snapshot()[0].keyframe


def test_sound_between_groups_leaves_with_its_group():
    ring = PacketRing(seconds=2.0)
    for n in range(200):
        ring.append(packet(n / 10, key=n % 10 == 0))
        ring.append(packet(n / 10 + 0.01, kind="audio", key=True, size=10))
    assert ring.snapshot()[0].kind == "video"
    assert ring.snapshot()[0].keyframe
    assert any(p.kind == "audio" for p in ring.snapshot())


def test_without_keyframes_age_alone_bounds_the_ring():
    ring = PacketRing(seconds=2.0)
    for n in range(1000):
        ring.append(packet(n / 10, kind="audio"))
    assert len(ring.snapshot()) <= 22


def test_an_emptied_ring_holds_nothing():
    ring = PacketRing()
    fill(ring, 3)
    assert ring.reaches(2.9)
    assert not ring.reaches(3.1)
    ring.clear()
    assert ring.span() is None
    assert ring.snapshot() == ()
    assert not ring.reaches(0.0)
