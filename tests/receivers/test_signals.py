"""Signals that are not cameras: each becomes a stored, judged candidate, or is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cameras.categories import CATEGORIES
from cameras.models import ArmChange, Candidate, SignalSource
from cameras.receivers import signals
from cameras.receivers.signals import HEARTBEAT, KINDS, Receipt, Signal, SignalRefused, accept
from soc.core.models import Event
from tests import factories as make

AT = datetime(2026, 1, 16, 2, 13, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def source(site) -> SignalSource:
    return make.make_source(site)[0]


def signal(kind: str = "alarm", dedup: str = "1", at: datetime = AT, **words: str) -> Signal:
    return Signal(kind, dedup, at, **words)


def stored(source: SignalSource, report: Signal) -> Candidate:
    candidate = accept(source, report, at=AT).candidate
    assert candidate is not None
    return candidate


def test_every_kind_but_the_heartbeat_is_a_category():
    assert set(KINDS) - {HEARTBEAT} <= set(CATEGORIES)


@pytest.mark.parametrize(
    ("kind", "decision", "priority"),
    [
        ("alarm", "raise", 2), ("restore", "watch", 3), ("open", "watch", 3), ("close", "watch", 3), ("test", "watch", 3),
        ("hold_up", "raise", 1), ("duress", "raise", 1), ("panic", "raise", 1), ("fire", "raise", 1), ("medical", "raise", 1),
    ],
)  # fmt: skip
def test_each_kind_is_judged_and_recorded_with_its_event(source, kind, decision, priority):
    candidate = stored(source, signal(kind))
    assert (candidate.decision, candidate.priority) == (decision, priority)
    assert (candidate.source, candidate.signal_source, candidate.camera) == ("signal", source, None)
    event = Event.objects.get(subject_id=candidate.pk)
    assert event.kind == {"raise": "candidate.raised", "watch": "candidate.watched"}[decision]
    assert event.site_id == source.site_id


def test_the_context_is_frozen_with_the_candidate(source):
    make.arm_always(source.site)
    candidate = stored(source, signal())
    candidate.refresh_from_db()
    assert candidate.facts["category"] == candidate.category
    assert candidate.policy == source.site.judging.policy
    assert candidate.policy_version == f"1-{candidate.policy.sha256[:8]}"


def test_words_of_a_source_stay_out_of_the_record(source):
    candidate = stored(source, signal(zone="12 back door", text="glass broken, caller Mr Brown"))
    assert candidate.evidence == {"panel_zone": "12 back door", "text": "glass broken, caller Mr Brown"}
    event = Event.objects.get(subject_id=candidate.pk)
    assert "Brown" not in str(event.data)
    assert "back door" not in str(event.data)


def test_the_senders_clock_is_kept_with_its_offset(source):
    candidate = stored(source, signal(at=AT - timedelta(minutes=7)))
    assert candidate.captured_at == AT - timedelta(minutes=7)
    assert (candidate.clock_source, candidate.clock_offset_s) == ("sender", -420)
    assert candidate.captured_at <= candidate.received_at <= candidate.judged_at


def test_a_clock_ahead_of_ours_is_not_believed(source):
    candidate = stored(source, signal(at=AT + timedelta(minutes=4)))
    assert candidate.captured_at == AT
    assert (candidate.clock_source, candidate.clock_offset_s) == ("arrival", 240)


@pytest.mark.parametrize(
    ("at", "code"),
    [(AT + timedelta(minutes=5, seconds=1), "in_the_future"), (AT - timedelta(hours=24, seconds=1), "too_old")],
)
def test_a_time_that_cannot_be_is_refused_and_stores_nothing(source, at, code):
    with pytest.raises(SignalRefused) as refused:
        accept(source, signal(at=at), at=AT)
    assert (refused.value.code, refused.value.field) == (code, "at")
    assert not Candidate.objects.exists()
    assert not Event.objects.exists()


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(SignalRefused, match="offset"):
        Signal("alarm", "1", datetime(2026, 1, 1))


def test_an_unknown_kind_is_refused():
    with pytest.raises(SignalRefused, match="ghost"):
        Signal("ghost", "1", AT)


def test_a_repeat_gets_the_first_receipt(source):
    first = accept(source, signal(), at=AT)
    again = accept(source, signal(), at=AT + timedelta(seconds=30))
    assert (first.repeated, again.repeated) == (False, True)
    assert again.candidate == first.candidate
    assert Candidate.objects.count() == Event.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [signal("fire"), signal(zone="9"), signal(at=AT + timedelta(minutes=11))],
    ids=["another kind", "another zone", "another time"],
)
def test_a_dedup_used_for_something_else_is_refused_not_swallowed(source, other):
    accept(source, signal(), at=AT)
    with pytest.raises(SignalRefused) as refused:
        accept(source, other, at=AT + timedelta(minutes=11))
    assert refused.value.code == "dedup_used"
    assert Candidate.objects.count() == 1


def test_the_same_dedup_of_two_sources_is_two_signals(source):
    other, _ = make.make_source(source.site, "Second panel")
    assert accept(source, signal(), at=AT).candidate != accept(other, signal(), at=AT).candidate


def test_a_heartbeat_is_heard_and_no_candidate(source):
    receipt = accept(source, signal(HEARTBEAT), at=AT)
    source.refresh_from_db()
    assert receipt.candidate is None
    assert source.last_seen_at == AT
    assert not Candidate.objects.exists()
    assert not Event.objects.exists()


def test_any_signal_is_a_sign_of_life(source):
    accept(source, signal("test"), at=AT)
    source.refresh_from_db()
    assert source.last_seen_at == AT


def test_twenty_at_once_with_one_dedup_are_one_candidate(transactional_db, site):
    import threading

    from django.db import connection

    source, _ = make.make_source(site)
    receipts: list[Receipt] = []

    def send(n: int) -> None:
        try:
            receipts.append(accept(source, signal(), at=AT + timedelta(microseconds=n)))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(receipts) == 20
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert len({receipt.candidate for receipt in receipts}) == 1
    assert Candidate.objects.count() == 1


def test_an_opening_told_twice_in_the_same_moment_opens_once(source, monkeypatch):
    """The second's look for the first's candidate began before that was committed; its panel's clock is a little ahead."""
    make.set_policy(source.site, owner="panel", schedule=make.week("19:00", "07:00"))
    opened = signal("open", at=AT + timedelta(seconds=30))
    assert not accept(source, opened, at=AT).repeated
    usual, looks = signals.heard, []

    def too_early(source, key, *, at):
        looks.append(at)
        found = usual(source, key, at=at)
        return found if len(looks) > 1 else None

    monkeypatch.setattr(signals, "heard", too_early)
    assert accept(source, opened, at=AT + timedelta(milliseconds=5)).repeated
    assert ArmChange.objects.count() == 1
