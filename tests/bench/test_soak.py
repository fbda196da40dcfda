"""The judges of the soak notice what they are there for: each is shown a run that is well and one that is not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from bench import soak
from bench.faults import Night, Span
from bench.returns import RETURN, Look, Returns, late
from bench.vitals import Bounds, Sample, growth

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


# -- growth


def samples(
    memory_a_minute: float = 0.0, files: float = 0.0, threads: float = 0.0, *, seconds: int = 600
) -> list[Sample]:
    """Every five seconds; a start that takes memory, and files that come and go, are everyday life."""
    chance = random.Random(1)
    return [
        Sample(
            at_s=at,
            memory=100 + min(at, 60) + memory_a_minute * at / 60 + chance.uniform(-5, 5),
            files=30 + round(files * at / 60) + chance.choice((0, 0, 0, 9)),
            threads=10 + round(threads * at / 60) + chance.choice((0, 0, 2)),
        )
        for at in range(0, seconds, 5)
    ]


@pytest.mark.parametrize(
    ("leak", "says"),
    [({}, ""), ({"memory_a_minute": 20}, "MiB"), ({"files": 5}, "open files"), ({"threads": 3}, "threads")],
)
def test_what_grows_is_told_from_what_only_starts_and_from_what_comes_and_goes(leak: dict[str, float], says: str):
    found = growth("watch", 7, samples(**leak), Bounds())
    assert found is not None
    problems = found.problems(Bounds())
    assert len(problems) == bool(says)
    assert all(says in words and "watch (7)" in words for words in problems)


def test_of_a_process_that_lived_briefly_nothing_is_said():
    assert growth("watch", 7, samples(100, seconds=90), Bounds()) is None


# -- cameras


def rows(returns: Returns, camera: str, *, from_s: float, to_s: float, lost: tuple[float, float]) -> None:
    """A camera's row each second, offline in between."""
    last = after(from_s)
    for second in range(int(from_s), int(to_s)):
        offline = lost[0] <= second < lost[1]
        last = last if offline else after(second)
        health, trouble = ("offline", "The camera did not answer in time.") if offline else ("online", "")
        returns.look([(f"rtsp://127.0.0.1:1/{camera}", health, trouble, last)], after(second + 0.5))


QUIET = Span("quiet: hang", after(10), after(20), "quiet")


@pytest.mark.parametrize(
    ("lost_until", "product", "problems"),
    [
        (40, None, 0),
        (60, None, 1),
        (60, Span("watch killed", after(22), after(23)), 0),  # it was killed meanwhile, and had more time
        (100, Span("watch killed", after(22), after(23)), 1),
        (60, Span("watch killed", after(52), after(53)), 1),  # too late to be the reason
        (900, None, 1),  # a watcher that never notices silence, or never tries again
    ],
)
def test_a_camera_that_is_not_back_in_time_is_found(lost_until: int, product: Span | None, problems: int):
    returns = Returns()
    rows(returns, "quiet", from_s=0, to_s=200, lost=(13, lost_until))
    found = late([QUIET, *([product] if product else [])], returns, after(200))
    assert len(found) == problems
    assert returns.causes(QUIET) == {"The camera did not answer in time."}


def test_what_was_cut_short_says_nothing():
    returns = Returns()
    rows(returns, "quiet", from_s=0, to_s=30, lost=(13, 900))
    assert late([QUIET], returns, after(30)) == []
    assert late([QUIET, Span("quiet: drip", after(25), after(35), "quiet")], returns, after(30)) == []


def test_an_old_picture_is_no_return():
    returns = Returns()
    returns.looks = [Look(after(s), "quiet", "online", "", after(19)) for s in range(20, 20 + 2 * RETURN.seconds)]
    assert len(late([QUIET], returns, after(200))) == 1


def test_a_camera_is_no_witness_until_it_is_back():
    returns = Returns()
    rows(returns, "quiet", from_s=0, to_s=200, lost=(13, 40))
    staged = [
        {
            "camera": "quiet",
            "in_view_from": after(s).isoformat(),
            "in_view_to": after(s + 10).isoformat(),
            "disturbed": False,
        }
        for s in (25, 60)
    ]
    soak.disturb(night := Night(intrusions=staged, spans=[QUIET]), returns)
    assert [one["disturbed"] for one in night.intrusions] == [True, False]


# -- candidates


@pytest.mark.parametrize(
    ("spans", "problems"),
    [([], 1), ([QUIET], 1), ([Span("spine stopped", after(1), after(8))], 0)],
)
def test_an_alert_that_comes_late_without_a_reason_is_found(spans: list[Span], problems: int):
    alerts = [
        {"category": "person", "captured": after(0).isoformat(), "raised": after(taken).isoformat()} for taken in (1, 9)
    ]
    alerts.append({"category": "offline", "captured": after(0).isoformat(), "raised": after(60).isoformat()})
    found = soak.late_candidates(Night(report={"alerts": alerts}, spans=spans), 5.0)
    assert len(found) == problems


def test_faults_come_in_the_order_of_their_seed_and_every_kind_once_before_one_comes_twice(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(soak.time, "monotonic", lambda: now[0])

    def names(seed: int) -> list[str]:
        now[0], found = 1.0, []
        todo = soak.plan(["a", "b", "c"], seconds=1200, every_s=20, chance=random.Random(seed))
        for fault in todo:
            now[0] += fault.lasts_s
            found.append(fault.name)
        return [name for name in found if name != "ordinary work"]

    assert names(4) == names(4) != names(5)
    kinds = [name.partition(": ")[2] for name in names(4) if ": " in name]
    assert len(kinds) > len(soak.KINDS)
    assert set(kinds[: len(soak.KINDS)]) == set(soak.KINDS)
    assert any(": " not in name for name in names(4)), "the product itself is never hit"
