"""Evidence: a snapshot at once, a first clip within a second, then the whole one; a full disk delays it and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cameras.models import Candidate
from cameras.vision.ingest import Frame, Stream
from cameras.watching import evidence as module
from cameras.watching.evidence import EvidenceDesk, Proof
from soc.core import media
from soc.core.models import Event, Media
from tests import factories as make
from tests.vision.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(monkeypatch) -> Iterator[EvidenceDesk]:
    monkeypatch.setattr(module, "AFTER_S", 1.5)
    monkeypatch.setattr(module, "RETRY_S", 0.2)
    one = EvidenceDesk()
    one.start()
    yield one
    one.stop()


@pytest.fixture
def filmed(world: World) -> Iterator[Callable[..., Proof]]:
    """proof(candidate) → its evidence, from a camera that goes on being read."""
    stream, stop = Stream(world.address("street")), threading.Event()
    frames: list[Frame] = []
    thread = threading.Thread(target=stream.read, args=(frames.append,), kwargs={"should_stop": stop.is_set})
    thread.start()

    def prove(candidate: Candidate) -> Proof:
        wait_for(lambda: len(frames) > 5)
        assert stream.info is not None
        newest = frames[-1]
        return Proof(
            camera_id=candidate.camera_id,
            dedup=candidate.dedup,
            trigger=newest.stamp.monotonic,
            trigger_at=newest.stamp.captured,
            ring=stream.ring,
            info=stream.info,
            held=stream.ring.snapshot(),
            picture=newest.picture,
            path=tuple,
            label="person",
            score=0.9,
            zone=((0, 0), (1, 0), (1, 1)),
        )

    yield prove
    stop.set()
    thread.join(10)


def wait_for(wanted: Callable[[], object], within_s: float = 15.0) -> None:
    until, pause = time.monotonic() + within_s, threading.Event()
    while not wanted():
        assert time.monotonic() < until
        pause.wait(0.05)


def whole(candidate: Candidate) -> bool:
    candidate.refresh_from_db()
    return candidate.clip is not None and candidate.clip.duration_s > 1.2 and candidate.snapshot is not None


def test_a_first_clip_comes_early_and_the_whole_one_after_it(desk: EvidenceDesk, filmed, camera):
    candidate = make.make_candidate(camera=camera)
    proof = filmed(candidate)
    desk.prove(proof)
    wait_for(lambda: Media.objects.filter(kind="snapshot").exists())
    wait_for(lambda: Media.objects.filter(kind="clip").exists())
    assert time.monotonic() - proof.trigger < module.AFTER_S + 0.3
    wait_for(lambda: Media.objects.filter(kind="clip").count() == 2 and whole(candidate))
    assert candidate.clip.duration_s == max(Media.objects.filter(kind="clip").values_list("duration_s", flat=True))
    assert Event.objects.filter(kind="evidence.ready", subject_id=candidate.pk).count() == 3


def test_a_full_disk_is_waited_for_and_the_whole_clip_stays(desk: EvidenceDesk, filmed, camera, monkeypatch):
    full, real = threading.Event(), media.store
    full.set()

    def store(*args, **how):
        if full.is_set():
            raise OSError(28, "No space left on device")
        return real(*args, **how)

    monkeypatch.setattr(media, "store", store)
    candidate = make.make_candidate(camera=camera)
    desk.prove(filmed(candidate))
    other = make.make_candidate(camera=camera)  # nothing waits for the disk but evidence
    threading.Event().wait(2.0)
    candidate.refresh_from_db()
    assert candidate.clip is None
    full.clear()
    wait_for(lambda: whole(candidate))
    wait_for(desk.idle)
    assert whole(candidate), "a first clip that had to wait replaced the whole one"
    assert other.decision == "raise"


def test_evidence_waits_until_its_candidate_is_committed(desk: EvidenceDesk, filmed, camera):
    ghost = make.make_candidate(camera=camera, dedup="ghost")
    proof = filmed(ghost)
    Candidate.objects.filter(pk=ghost.pk).update(dedup="not yet")
    desk.prove(proof)
    threading.Event().wait(1.0)
    assert not Media.objects.exists()
    Candidate.objects.filter(pk=ghost.pk).update(dedup="ghost")
    wait_for(lambda: whole(ghost))
