"""Evidence: a snapshot at once, a first clip within a second, then the whole one; a full disk delays it and nothing else."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cameras.models import Angle, Candidate
from cameras.vision.best import Shot
from cameras.vision.ingest import Frame, Stream
from cameras.vision.types import Box
from cameras.watching import evidence as module
from cameras.watching import film as films
from cameras.watching import keepsakes
from cameras.watching.evidence import EvidenceDesk
from cameras.watching.film import Proof, View
from soc.core import clock, media, retention
from soc.core.models import Event, Media
from soc.core.store import EvidenceFiles
from tests import factories as make
from tests.vision.world import World
from tests.watching.conftest import add_camera

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(monkeypatch) -> Iterator[EvidenceDesk]:
    monkeypatch.setattr(films, "AFTER_S", 1.2)
    monkeypatch.setattr(films, "BEFORE_S", 1.5)
    monkeypatch.setattr(module, "RETRY_S", 0.2)
    monkeypatch.setattr(module, "ROUND_S", 0.1)
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

    def prove(candidate: Candidate, **fields: Any) -> Proof:
        wait_for(lambda: len(frames) > 5)
        assert stream.info is not None
        newest = frames[-1]
        given = {
            "trigger": newest.stamp.monotonic,
            "trigger_at": newest.stamp.captured,
            "held": stream.ring.snapshot(),
            "picture": newest.picture,
            "path": lambda: ((newest.stamp.monotonic, Box(0.4, 0.3, 0.5, 0.7)),),
            "box": Box(0.4, 0.3, 0.5, 0.7),
            "track": candidate.dedup,
        }
        return Proof(
            camera_id=candidate.camera_id,
            dedup=candidate.dedup,
            ring=stream.ring,
            info=stream.info,
            label="person",
            score=0.9,
            zone=((0, 0), (1, 0), (1, 1)),
            **{**given, **fields},  # type: ignore[arg-type]
        )

    yield prove
    stop.set()
    thread.join(10)


def wait_for(wanted: Callable[[], object], within_s: float = 40.0) -> None:
    until, pause = time.monotonic() + within_s, threading.Event()
    while not wanted():
        assert time.monotonic() < until, "it did not come to that"
        pause.wait(0.05)


def fresh(candidate: Candidate) -> Candidate:
    return Candidate.objects.select_related("clip", "snapshot").get(pk=candidate.pk)


def whole(candidate: Candidate, *, until: float = 1.0) -> bool:
    """Whether it has a clip that goes on for so long (s) after its trigger, and its picture."""
    now = fresh(candidate)
    if now.clip is None or now.snapshot is None:
        return False
    moments = {moment["id"]: moment["trigger_s"] for moment in now.clip.overlay["alerts"]}
    return candidate.dedup in moments and now.clip.duration_s > moments[candidate.dedup] + until


def clips() -> int:
    return Media.objects.filter(kind="clip").count()


def test_a_first_clip_comes_early_and_the_whole_one_after_it(desk: EvidenceDesk, filmed, camera, monkeypatch):
    monkeypatch.setattr(films, "AFTER_S", 4.0)  # a loaded machine takes longer to cut the first
    candidate = make.make_candidate(camera=camera)
    proof = filmed(candidate)
    desk.prove(proof)
    wait_for(lambda: Media.objects.filter(kind="snapshot").exists())
    wait_for(lambda: fresh(candidate).clip)
    assert time.monotonic() - proof.trigger < films.AFTER_S
    wait_for(lambda: whole(candidate))
    assert clips() == 2
    now = fresh(candidate)
    assert now.clip.duration_s == max(Media.objects.filter(kind="clip").values_list("duration_s", flat=True))
    assert now.clip.overlay["tracks"][0]["path"][0][0] == pytest.approx(now.clip.overlay["trigger_s"], abs=0.05)
    assert Event.objects.filter(kind="evidence.ready", subject_id=candidate.pk).count() == 3


def test_alerts_whose_windows_overlap_have_one_clip_with_all_their_tracks(desk: EvidenceDesk, filmed, camera):
    first, second = make.make_candidate(camera=camera), make.make_candidate(camera=camera)
    proof = filmed(first)
    desk.prove(proof)
    wait_for(lambda: fresh(first).clip)
    later = filmed(second)
    assert later.trigger > proof.trigger
    desk.prove(later)
    wait_for(lambda: whole(second) and whole(first))
    wait_for(desk.idle)
    one, other = fresh(first).clip, fresh(second).clip
    assert one == other
    assert {track["id"] for track in one.overlay["tracks"]} == {first.dedup, second.dedup}
    moments = [moment["trigger_s"] for moment in one.overlay["alerts"]]
    assert moments[1] - moments[0] == pytest.approx(later.trigger - proof.trigger, abs=0.01)
    assert one.duration_s >= later.trigger - proof.trigger + 1.0
    # What was replaced is nobody's any more, and goes.
    before = clips()
    retention.keep_house(clock.now() + timedelta(minutes=20))
    assert clips() == before
    left = Media.objects.filter(kind="clip", erased_at=None)
    assert list(left) == [one]


def test_an_alert_joins_a_clip_that_was_whole_already(desk: EvidenceDesk, filmed, camera):
    first, second = make.make_candidate(camera=camera), make.make_candidate(camera=camera)
    desk.prove(filmed(first))
    wait_for(lambda: whole(first))
    desk.prove(filmed(second))
    wait_for(lambda: whole(second) and fresh(first).clip == fresh(second).clip)


def test_a_clip_that_would_be_too_long_is_followed_by_another(desk: EvidenceDesk, filmed, camera, monkeypatch):
    monkeypatch.setattr(films, "LONGEST_S", 2.8)
    first, second = make.make_candidate(camera=camera), make.make_candidate(camera=camera)
    proof = filmed(first)
    desk.prove(proof)
    wait_for(lambda: time.monotonic() > proof.trigger + 0.6)
    desk.prove(filmed(second))
    wait_for(lambda: whole(first) and whole(second))
    assert fresh(first).clip != fresh(second).clip
    assert max(Media.objects.filter(kind="clip").values_list("duration_s", flat=True)) < 5


def test_the_best_picture_of_its_track_replaces_the_first_when_the_clip_is_whole(desk: EvidenceDesk, filmed, camera):
    candidate, other = make.make_candidate(camera=camera), make.make_candidate(camera=camera)
    proof = filmed(candidate)
    near = Box(0.3, 0.1, 0.6, 0.95)
    shot = Shot(proof.trigger_at - timedelta(seconds=2), proof.trigger - 2, near, 0.95, proof.picture)
    hardly = replace(shot, box=Box(0.4, 0.3, 0.51, 0.7))
    desk.prove(replace(proof, best=lambda: shot))
    desk.prove(filmed(other, best=lambda: hardly))
    wait_for(lambda: whole(candidate) and whole(other))
    best = fresh(candidate).snapshot
    assert best.overlay["best"] == {"box": [0.3, 0.1, 0.6, 0.95], "score": 0.95, "at": shot.captured.isoformat()}
    assert best.started_at == shot.captured
    assert "best" not in fresh(other).snapshot.overlay
    ready = Event.objects.filter(kind="evidence.ready", subject_id=candidate.pk).order_by("id")
    assert set(ready.last().data) == {"clip", "snapshot"}  # told of once, together


def test_evidence_waits_until_its_candidate_is_committed(desk: EvidenceDesk, filmed, camera):
    ghost = make.make_candidate(camera=camera, dedup="ghost")
    proof = filmed(ghost)
    Candidate.objects.filter(pk=ghost.pk).update(dedup="not yet")
    desk.prove(proof)
    wait_for(lambda: time.monotonic() > proof.trigger + films.EARLY_S + 0.3)
    assert not Media.objects.exists()
    Candidate.objects.filter(pk=ghost.pk).update(dedup="ghost")
    wait_for(lambda: whole(ghost))


def test_what_is_committed_late_gets_the_clip_that_the_others_have(desk: EvidenceDesk, filmed, camera):
    candidate, ghost = make.make_candidate(camera=camera), make.make_candidate(camera=camera, dedup="ghost")
    Candidate.objects.filter(pk=ghost.pk).update(dedup="not yet")
    desk.prove(filmed(candidate))
    desk.prove(filmed(ghost))
    wait_for(lambda: whole(candidate))
    Candidate.objects.filter(pk=ghost.pk).update(dedup="ghost")
    wait_for(lambda: whole(ghost))
    assert fresh(ghost).clip == fresh(candidate).clip


# --- other cameras


def test_another_cameras_view_is_cut_from_its_own_ring_and_shared_with_its_own_alerts(
    desk: EvidenceDesk, filmed, camera
):
    neighbour = make.make_camera(camera.site, "Gate")
    theirs, ours = make.make_candidate(camera=neighbour), make.make_candidate(camera=camera)
    angle = Angle(site=camera.site, candidate=theirs, camera=camera, trigger_at=theirs.received_at)
    angle.save()
    proof = filmed(ours)
    desk.view(View(camera.pk, angle.pk, proof.trigger, proof.ring, proof.info, proof.held))
    wait_for(lambda: Angle.objects.get(pk=angle.pk).clip)
    assert Angle.objects.get(pk=angle.pk).done_at is None  # that is its first clip
    desk.prove(filmed(ours))
    wait_for(lambda: whole(ours) and Angle.objects.get(pk=angle.pk).done_at)
    wait_for(desk.idle)
    done = Angle.objects.get(pk=angle.pk)
    assert (done.clip, done.words) == (fresh(ours).clip, "")
    told = Event.objects.filter(kind="evidence.ready", subject_id=theirs.pk, data__angle=str(angle.pk))
    assert told.exists()


# --- trouble with the store


def full(self: Any, name: str, content: Any) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_waited_for_and_the_whole_clip_stays(desk: EvidenceDesk, filmed, camera, monkeypatch):
    candidate = make.make_candidate(camera=camera)
    with monkeypatch.context() as patch:
        patch.setattr(EvidenceFiles, "_save", full)
        proof = filmed(candidate)
        desk.prove(proof)
        other = make.make_candidate(camera=camera)  # nothing waits for the disk but evidence
        wait_for(lambda: time.monotonic() > proof.trigger + films.AFTER_S + 0.4)
        assert fresh(candidate).clip is None
        assert not Media.objects.filter(writing=False).exists()  # a row comes first, and goes with a try that failed
    wait_for(lambda: whole(candidate))
    wait_for(desk.idle)
    assert whole(candidate), "a first clip that had to wait replaced the whole one"
    assert other.decision == "raise"
    assert fresh(candidate).evidence.get("lost") is None


def test_what_waits_is_bounded_the_oldest_clips_go_and_it_is_said_once(desk: EvidenceDesk, filmed, camera, monkeypatch):
    monkeypatch.setattr(films, "LONGEST_S", 0.0)  # every alert has a film of its own
    many = [make.make_candidate(camera=camera) for _ in range(6)]
    with monkeypatch.context() as patch:
        patch.setattr(EvidenceFiles, "_save", full)
        proofs = [filmed(candidate) for candidate in many]
        one = films.Film.of(proofs[0]).size
        desk.most_bytes = int(one * 2.5)
        for proof in proofs:
            desk.prove(proof)
            wait_for(lambda: desk.held_bytes() <= one * 2.6)
        wait_for(lambda: Event.objects.filter(kind="evidence.lost").exists())
        wait_for(lambda: [fresh(c).evidence.get("lost") is not None for c in many].count(True) >= 4)
        desk.most_bytes = 10**9
    wait_for(lambda: whole(many[-1]))
    wait_for(desk.idle)
    found = [fresh(candidate) for candidate in many]
    assert all(candidate.snapshot for candidate in found), "pictures are kept"
    assert [candidate.clip is None for candidate in found[:4]] == [True] * 4
    assert {candidate.evidence["lost"] for candidate in found[:4]} <= {"full", "slow"}
    assert Event.objects.filter(kind="evidence.lost").count() == 1


def test_a_store_that_hangs_delays_no_camera_and_its_packets_are_held_meanwhile(
    desk: EvidenceDesk, filmed, camera, monkeypatch
):
    hangs, entered, real = threading.Event(), threading.Event(), media.store

    def store(*args: Any, **how: Any) -> Media:
        entered.set()
        assert hangs.wait(20)
        return real(*args, **how)

    monkeypatch.setattr(films, "ABSORB_S", 0.1)
    monkeypatch.setattr(media, "store", store)
    candidate = make.make_candidate(camera=camera)
    proof = filmed(candidate)
    desk.prove(proof)
    assert entered.wait(10)
    began = time.monotonic()
    later = make.make_candidate(camera=camera)
    desk.prove(filmed(later))
    assert time.monotonic() - began < 15, "who proves waited for the store, which hangs for twenty seconds"
    wait_for(lambda: time.monotonic() > proof.trigger + films.AFTER_S + 0.5)
    proof.ring.clear()  # the connection ended: what the film did not take is gone
    hangs.set()
    wait_for(lambda: whole(candidate) and fresh(later).clip)


def test_at_the_end_what_is_ordered_is_cut_with_what_there_is(desk: EvidenceDesk, filmed, camera):
    candidate = make.make_candidate(camera=camera)
    desk.prove(filmed(candidate))
    desk.stop()
    now = fresh(candidate)
    assert now.clip is not None
    assert now.snapshot is not None


def test_the_end_does_not_wait_for_what_will_never_be_committed(desk: EvidenceDesk, filmed, camera):
    ghost = make.make_candidate(camera=camera, dedup="ghost")
    proof = filmed(ghost)
    ghost.delete()
    desk.prove(proof)
    began = time.monotonic()
    desk.stop(40)
    assert time.monotonic() - began < 20


def test_what_cannot_be_made_a_clip_is_said_on_the_row(desk: EvidenceDesk, filmed, camera):
    candidate = make.make_candidate(camera=camera)
    proof = filmed(candidate)
    strange = replace(proof.info, video=replace(proof.info.video, codec="vp8"))
    desk.prove(replace(proof, info=strange))
    wait_for(lambda: fresh(candidate).evidence.get("lost") == "clip")
    assert fresh(candidate).snapshot is not None
    assert keepsakes.WORDS["clip"]


def test_while_the_store_hangs_candidates_are_committed_as_fast_as_ever(watch, world, quick, monkeypatch):
    """The whole watch process, its store never answering: what is noticed is in the database at once, and the end is not
    waited for."""
    hangs = threading.Event()

    def hang(self: Any, name: str, content: Any) -> str:
        hangs.wait(60)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(EvidenceFiles, "_save", hang)
    site = make.make_site(make.make_customer(make.make_organisation()))
    make.arm_always(site)
    add_camera(site, "Street", world.address("street").url)
    watch.until(lambda: Candidate.objects.count() >= 2)
    late = [c.judged_at - c.received_at for c in Candidate.objects.all()]
    assert max(late) < timedelta(seconds=5)
    assert Candidate.objects.filter(clip__isnull=False).count() == 0
    assert not Media.objects.filter(writing=False).exists()
    began = time.monotonic()
    watch.evidence.stop(1.0)
    assert time.monotonic() - began < 10, "the end waited for the store, which hangs for a minute"
    hangs.set()
