"""What the console's figures are judged by: a row that never came, a detail that came too late and a refusal are each seen."""

from __future__ import annotations

import asyncio

from bench.console import ended
from bench.console_flow import ALARM, NOTE, Sent, judge
from bench.console_page import Answer, ConsolePage


def page(user: str = "a") -> ConsolePage:
    return ConsolePage("http://127.0.0.1:1", user, "cookie")


def arrivals() -> list[Sent]:
    """Two alarms and a note of one incident, all accepted."""
    return [Sent("i", 0, ALARM, 10.0, 201), Sent("i", 0, NOTE, 10.5, 200), Sent("i", 0, ALARM, 11.0, 201)]


def heard(one: ConsolePage) -> ConsolePage:
    one.heard.pushes["i", "incident.sounded"] = [(10.1, 1)]
    one.heard.pushes["i", "incident.folded"] = [(11.2, 3)]
    one.heard.pushes["i", "incident.noted"] = [(10.6, 2)]
    one.heard.contained = {1: 10.3, 2: 10.8, 3: 11.5}
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


def test_a_detail_that_no_pane_had_in_it_never_came():
    one = heard(page())
    del one.heard.contained[3]
    assert max(judge([one], arrivals()).details) == float("inf")


def test_a_measurement_that_breaks_off_is_a_missed_row():
    def broken():
        raise AssertionError("the picture did not come")

    (row,) = ended("console_paint", broken)
    assert not row.holds
    assert "the picture did not come" in row.note
    assert ended("console_storm", list) == []


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


def opened(**asked) -> ConsolePage:
    """A page with its incident open, whose questions are answered by what was given for them."""
    one = page()
    one.open, one.mine, one.last = "i", True, {"ops": 4}

    async def answered(what: str) -> Answer:
        asked.setdefault("asked", []).append(what)
        return Answer(200, {"x-events": asked[what]}, b'<article data-evidence-shown="yes" data-mine="yes">')

    one.http.ask = lambda method, path, *rest: answered("fetch")
    one.beside.ask = lambda method, path, *rest: answered("act")
    one.asked = asked.setdefault("asked", [])
    return one


def told(seq: int, event: int) -> dict:
    row = {"incident": "i", "state": "working", "owner": "a", "priority": 2, "turn": "", "painted": True}
    return {
        "type": "event",
        "audience": "ops",
        "seq": seq,
        "prev": seq - 1,
        "id": event,
        "kind": "incident.noted",
        **row,
    }


async def idle(one: ConsolePage) -> None:
    async with asyncio.timeout(5):
        while one.busy:
            await asyncio.sleep(0.01)


async def test_what_an_act_answered_is_not_fetched_again():
    one = opened(act="8 9", fetch="9 10")
    await one.act("i", "note", text="Seen.")
    await one._hear(told(5, 9))
    await idle(one)
    assert one.asked == ["act"]
    await one._hear(told(6, 10))
    await idle(one)
    assert one.asked == ["act", "fetch"]
    assert set(one.heard.contained) == {8, 9, 10}


async def test_what_is_told_while_an_act_is_on_its_way_is_fetched_after_it_unless_its_answer_has_it():
    for answer, asked in (("8 9", ["act"]), ("8", ["act", "fetch"])):
        one, sent, arrives = opened(act=answer, fetch="8 9"), asyncio.Event(), asyncio.Event()

        async def slowly(*question, ask=one.beside.ask, sent=sent, arrives=arrives) -> Answer:
            sent.set()
            await arrives.wait()
            return await ask(*question)

        one.beside.ask = slowly
        act = asyncio.create_task(one.act("i", "note", text="Seen."))
        await sent.wait()
        await one._hear(told(5, 9))
        await idle(one)  # nothing is fetched meanwhile
        arrives.set()
        await act
        await idle(one)
        assert one.asked == asked
