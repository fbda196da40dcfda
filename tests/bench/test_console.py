"""What the console's figures are judged by: a row that never came, a detail that came too late and a refusal are each seen."""

from __future__ import annotations

from bench.console_flow import ALARM, NOTE, Sent, judge
from bench.console_page import ConsolePage


def page(user: str = "a") -> ConsolePage:
    return ConsolePage("http://127.0.0.1:1", user, "cookie")


def arrivals() -> list[Sent]:
    """Two alarms and a note of one incident, all accepted."""
    return [Sent("i", 0, ALARM, 10.0, 201), Sent("i", 0, NOTE, 10.5, 200), Sent("i", 0, ALARM, 11.0, 201)]


def heard(one: ConsolePage) -> ConsolePage:
    one.heard.pushes["i", "incident.sounded"] = [10.1]
    one.heard.pushes["i", "incident.folded"] = [11.2]
    one.heard.pushes["i", "incident.noted"] = [10.6]
    one.heard.panes = [(10.15, 10.3), (10.65, 10.8), (11.25, 11.5)]
    return one


def test_every_row_counts_from_when_it_was_meant_to_be_sent():
    run = judge([heard(page()), heard(page("b"))], arrivals())
    assert [round(ms) for ms in sorted(run.rows)] == [100, 100, 100, 100, 200, 200]
    assert [round(ms) for ms in sorted(run.details)] == [300, 300, 500], "of the page that has it open"
    assert (run.missing, run.refused) == (0, {})


def test_a_row_that_never_came_is_missing():
    deaf = heard(page("b"))
    deaf.heard.pushes["i", "incident.folded"].clear()
    assert judge([heard(page()), deaf], arrivals()).missing == 1


def test_a_detail_that_was_not_fetched_after_its_row_never_came():
    one = heard(page())
    one.heard.panes.pop()
    assert max(judge([one], arrivals()).details) == float("inf")


def test_what_was_refused_is_told_and_not_waited_for():
    sent = arrivals()
    sent[2].status = 429
    run = judge([heard(page())], sent)
    assert (run.refused, run.missing) == ({429: 1}, 0)


async def test_a_page_that_sees_a_gap_asks_for_what_it_missed(monkeypatch):
    one, said = page(), []

    async def send(body):
        said.append(body)

    monkeypatch.setattr(one, "_send", send)
    one.last = {"ops": 4}
    await one._hear({"type": "event", "audience": "ops", "seq": 6, "prev": 5, "kind": "incident.noted"})
    assert said == [{"type": "resume", "last": {"ops": 4}}]
    assert (one.last, one.heard.gaps) == ({"ops": 4}, 1)
