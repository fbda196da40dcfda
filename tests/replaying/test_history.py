"""Replaying the policy in force over its own history gives its decisions, priorities and reason codes again: on thousands of
random histories. Each way to get it wrong is noticed on the same histories."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pytest

from cameras.context.facts import Context, Facts
from cameras.context.fold import Fold
from cameras.context.judge import judge
from cameras.context.schedule import ALWAYS
from cameras.replaying import again as module
from cameras.replaying.again import Row, again, limit_in
from tests.replaying.histories import History, history, policy

HISTORIES = 2000


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [history(seed) for seed in range(HISTORIES)]


def told(rows: Iterable[Row], of, **options) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [
        (row[0], verdict.decision, verdict.priority, tuple(reason.code for reason in verdict.reasons))
        for row, _facts, _context, verdict in again(rows, of, **options)
    ]


def kept(made: History) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(row[0], row[2], row[3], codes) for row, codes in zip(made.rows, made.codes, strict=True)]


def test_each_candidate_judged_again_by_its_own_version_gives_what_was(histories):
    for made in histories:
        assert told(made.rows, made.version_of, of_record=made.version_of) == kept(made)


def test_the_histories_hold_what_could_go_wrong(histories):
    """All of it, in numbers, or the test above would say little."""
    codes = [code for made in histories for found in made.codes for code in found]
    for code in ("armed", "disarmed", "dwell", "short_stay", "cooling_down", "runaway", "threat", "tampering"):
        assert codes.count(code) > 50, code
    assert sum(len(made.versions) > 1 for made in histories) > HISTORIES / 2
    assert len({row[2] for made in histories for row in made.rows}) == 3


def wrong(histories: list[History], judged) -> int:
    """In how many histories this way of judging again gives something else than what was."""
    return sum(judged(made) != kept(made) for made in histories)


def test_a_fold_that_another_site_left_behind_is_noticed(histories):
    def carried(made: History) -> list:
        other = histories[histories.index(made) ^ 1]  # at the same time
        both = {**other.versions, **made.versions}
        turns = chain.from_iterable(zip(other.rows, made.rows, strict=True))
        return told(turns, lambda row: both[row[6]])[1::2]

    some = [made for made in histories if "cooling_down" in str(made.codes) or "runaway" in str(made.codes)]
    assert wrong(some, carried) > 10


def test_an_order_by_the_time_of_capture_is_noticed(histories):
    def by_capture(made: History) -> list:
        rows = sorted(made.rows, key=lambda row: (Facts.from_json(module.json.loads(row[4])).at, row[1]))
        return sorted(told(rows, made.version_of), key=lambda found: int(found[0].rpartition("-")[2]))

    assert wrong(histories[:600], by_capture) > 0


def test_the_last_version_for_all_is_noticed(histories):
    assert wrong(histories[:300], lambda made: told(made.rows, lambda row: made.versions[made.rows[-1][6]])) > 100


def test_a_fold_that_begins_anew_with_each_candidate_is_noticed(histories, monkeypatch):
    monkeypatch.setattr(Fold, "after", lambda self, *args: Fold())
    assert wrong(histories[:300], lambda made: told(made.rows, made.version_of)) > 0


def test_the_end_of_a_stay_taken_for_what_was_known_is_noticed(histories):
    def by_the_end(made: History) -> list:
        rows = []
        for row in made.rows:
            facts = module.json.loads(row[4])
            rows.append(
                (*row[:4], module.json.dumps({**facts, "dwell_s": max(facts.get("dwell_s", 0), row[7] or 0)}), *row[5:])
            )
        return told(rows, made.version_of)

    assert wrong(histories[:300], by_the_end) > 0


# --- another policy


def stay(policy_number: int, dwell_s: float, stayed_s: float | None, limit_s: float) -> Row:
    at = "2026-11-22T02:10:00+00:00"
    facts = {
        "category": "person",
        "at": at,
        "zone": "yard",
        "zone_kind": "inside",
        "camera": "north",
        "dwell_s": dwell_s,
        "dwell_limit_s": 2.0,
    }
    return ("c", 1, "raise", 1, module.json.dumps(facts), "{}", "x", stayed_s)


def limited(dwell_s: float | None):
    from cameras.context.policy import read

    rules = [
        {
            "zone": None,
            "category": "person",
            "when": "always",
            "decision": "raise",
            "priority": None,
            "dwell_s": dwell_s,
            "cooldown_s": 0,
            "note": "",
        }
    ]
    week = [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]
    return read({"schedule": {"week": week}, "rules": rules if dwell_s else []}, time_zone="UTC", version=f"d{dwell_s}")


@pytest.mark.parametrize(
    ("limit_s", "stayed_s", "decision"),
    [
        (4.0, 4.2, "raise"),
        (4.0, 3.9, "watch"),
        (6.0, 4.2, "watch"),
        (6.0, 6.0, "raise"),
        (4.0, None, "watch"),
        (1.0, 2.0, "raise"),
    ],
)
def test_a_longer_limit_is_tried_on_how_long_they_stayed_in_the_end(limit_s, stayed_s, decision):
    record, other = limited(None), limited(limit_s)
    (found,) = again([stay(1, 2.0, stayed_s, 2.0)], lambda row: other, of_record=lambda row: record)
    assert found[3].decision == decision
    assert limit_in(found[3]) == limit_s


def test_who_left_too_soon_then_left_too_soon_now():
    """The same limit: what was known at the time decides, even if more came to be known."""
    record, same = limited(4.0), limited(4.0)
    (found,) = again([stay(1, 2.0, 9.0, 4.0)], lambda row: same, of_record=lambda row: record)
    assert found[3].decision == "watch"


def test_judging_again_is_judging():
    """No rule of its own: a row alone gets what the judge says."""
    row = history(7).rows[0]
    facts, context = Facts.from_json(module.json.loads(row[4])), Context.from_text(row[5])
    assert next(again([row], lambda row: policy(3)))[3] == judge(facts, context, policy(3), Fold())


def test_what_a_policy_cannot_judge_is_raised_as_it_was_when_it_came(monkeypatch):
    made = history(7)
    broken = policy(5)
    monkeypatch.setattr(type(broken), "arm", lambda self, *args: ALWAYS if self.unreadable else 1 / 0)
    found = told(made.rows, lambda row: broken)
    assert len(found) == len(made.rows)
    assert {(decision, codes[0]) for _, decision, _, codes in found} <= {
        ("raise", "policy_unreadable"),
        ("raise", "threat"),
    }
