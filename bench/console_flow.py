"""Sustained work before fifty consoles: twenty things a second are accepted, and every page shows every one of them.

Arrivals are open-loop: each is sent at its time, whether the ones before it were answered or not, and every figure counts from
that time. Half are alarms at the panel of a site whose incident lies on an operator's desk, half are notes of that operator.
The pages are those of `console_page`: they do what a browser's does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bench import baselines
from bench.console_page import Answer, ConsolePage, Http
from bench.figures import Row, p99, rank
from bench.stage import Stage

PAGES: Final = 50
A_SECOND: Final = 20.0
SECONDS: Final = 120.0
RUNS: Final = 1  # two minutes: some 2,400 arrivals on fifty pages, and `make soak` goes on for longer
SETTLE_S: Final = 20.0  # at most so long after the last arrival is waited for what has not come
ALARM: Final = ("incident.folded", "incident.sounded")
NOTE: Final = ("incident.noted",)
P50_MS, P99_MS, DETAIL_MS = 100.0, 300.0, 800.0


@dataclass
class Sent:
    """One arrival: where it was to be shown, by which kinds of events, when it was to be sent (monotonic s)."""

    incident: str
    owner: int
    kinds: tuple[str, ...]
    at: float
    status: int = 0


@dataclass
class Run:
    """Milliseconds from the intended sending: to the row on each page, and to the detail on the page that has it open."""

    rows: list[float] = field(default_factory=list)
    details: list[float] = field(default_factory=list)
    missing: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    gaps: int = 0
    arrivals: int = 0
    fetches: int = 0


def ask(stage: Stage, what: str, *values: Any) -> Any:
    """Something of `console_cast`, done in the running product."""
    arguments = ", ".join(map(repr, values))
    said = stage.world.manage(
        "shell", "-v", "0", "-c", f"from bench import console_cast\nconsole_cast.told({what!r}, {arguments})"
    )
    return json.loads(said.strip().splitlines()[-1])


def measure(running: Stage, say: Callable[[str], None]) -> list[Row]:
    """Four rows of the same runs, the worst of each."""
    people = ask(running, "operators", PAGES)
    bare = baselines.websocket_round_trips(running.url, f"sessionid={people[0][1]}", 100)
    runs = []
    for number in range(RUNS):
        found = sustained(running, people, seconds=SECONDS)
        runs.append(found)
        say(f"sustained, run {number + 1}: {described(found)}")
    return rows(runs, bare, SECONDS)


def soak(running: Stage, *, minutes: float) -> list[str]:
    """The same for longer, as `make soak` has it: what was broken of the bounds, in words; nothing else is looked at."""
    run = sustained(running, ask(running, "operators", PAGES), seconds=60 * minutes)
    print(f"{A_SECOND:g} a second × {PAGES} pages for {minutes:g} minutes: {described(run)}", flush=True)
    bounds = (
        (run.missing > 0, f"{run.missing} pushed rows never came"),
        (bool(run.refused), f"refused: {dict(run.refused)}"),
        (p99(run.rows) > P99_MS, f"99 of 100 rows came within {p99(run.rows):.0f} ms, not {P99_MS:.0f}"),
        (p99(run.details) > DETAIL_MS, f"99 of 100 details came within {p99(run.details):.0f} ms, not {DETAIL_MS:.0f}"),
    )
    return [words for broken, words in bounds if broken]


def rows(runs: Sequence[Run], bare: Sequence[float], seconds: float) -> list[Row]:
    what = f"{A_SECOND:g} a second × {PAGES} pages, {seconds:.0f} s"
    each = ", ".join(described(run) for run in runs)
    ping = "ping and pong on the same socket, p50", "ping and pong on the same socket, p99"
    return [
        Row(
            "accepted → pushed row received, p50", max(rank(run.rows, 0.5) for run in runs), "ms", rank(bare, 0.5), ping[0],
            P50_MS, f"from the intended sending; {what}; worst of {len(runs)}: {each}",
        ),
        Row("accepted → pushed row received, p99", max(p99(run.rows) for run in runs), "ms", p99(bare), ping[1], P99_MS),
        Row(
            "pushed rows that never came", sum(run.missing for run in runs), "", None, "", 0,
            f"of {sum(run.arrivals for run in runs) * PAGES:,}; {sum(run.gaps for run in runs)} gaps were noticed and made good; "
            f"refused: {dict(sum((run.refused for run in runs), Counter())) or 'nothing'}",
        ),
        Row(
            "the open incident's refetched detail, p99", max(p99(run.details) for run in runs), "ms", p99(bare), ping[1],
            DETAIL_MS, f"from the intended sending; {sum(run.fetches for run in runs)} fetches beside what acts "
            "answered, one in 500 ms and page at most",
        ),
    ]  # fmt: skip


def described(run: Run) -> str:
    return (
        f"rows p50 {rank(run.rows, 0.5):.0f} p99 {p99(run.rows):.0f}, detail p50 {rank(run.details, 0.5):.0f} "
        f"p99 {p99(run.details):.0f} ms, missing {run.missing}"
    )


def sustained(running: Stage, people: list[list[str]], *, seconds: float, a_second: float = A_SECOND) -> Run:
    """One run with a desk of each of these operators. Raises RuntimeError where the pages do not come up."""
    return asyncio.run(_sustained(running, people, seconds, a_second))


async def _sustained(stage: Stage, people: list[list[str]], seconds: float, a_second: float) -> Run:
    url = stage.url
    pages = [ConsolePage(url, user, cookie) for user, cookie in people]
    running = [asyncio.create_task(page.run()) for page in pages]
    try:
        await asyncio.gather(*(page.ready() for page in pages))
        desks = await asyncio.to_thread(ask, stage, "desks", people)
        await _opened(pages, [incident for incident, _key in desks])
        sent = await _send(url, pages, desks, seconds, a_second)
        await _settled(pages, sent)
        return judge(pages, sent)
    finally:
        for page in pages:
            await page.leave()
        for task in running:
            task.cancel()


async def _opened(pages: Sequence[ConsolePage], incidents: Sequence[str]) -> None:
    """Until each page has what its operator holds on the desk, and what that set going is over."""
    async with asyncio.timeout(60):
        while any(page.open != incident or not page.mine for page, incident in zip(pages, incidents, strict=True)):
            await asyncio.sleep(0.1)
    await asyncio.sleep(2.0)
    for page in pages:
        page.heard.pushes.clear()
        page.heard.panes = 0
        page.heard.contained.clear()


async def _send(
    url: str, pages: Sequence[ConsolePage], desks: list[list[str]], seconds: float, a_second: float
) -> list[Sent]:
    panels = [Http(url, {"Authorization": f"Key {key}", "Content-Type": "application/json"}) for _pk, key in desks]
    began = time.monotonic() + 0.5
    sent, jobs = [], []
    for number in range(int(seconds * a_second)):
        owner = number // 2 % len(desks)
        one = Sent(desks[owner][0], owner, NOTE if number % 2 else ALARM, began + number / a_second)
        sent.append(one)
        await asyncio.sleep(max(0.0, one.at - time.monotonic()))
        act = _note(pages[owner], one, number) if number % 2 else _alarm(panels[owner], one, number)
        jobs.append(asyncio.create_task(act))
    await asyncio.gather(*jobs)
    for panel in panels:
        panel.close()
    return sent


async def _alarm(panel: Http, one: Sent, number: int) -> None:
    body = {"kind": "alarm", "dedup": f"flow-{time.monotonic_ns()}-{number}", "at": datetime.now(UTC).isoformat()}
    await _answered(one, panel.ask("POST", "/api/signals", json.dumps(body).encode()))


async def _note(page: ConsolePage, one: Sent, number: int) -> None:
    await _answered(one, page.act(one.incident, "note", text=f"Seen, number {number}."))


async def _answered(one: Sent, asked: Awaitable[Answer]) -> None:
    """A server that does not answer has refused it, as status 0: said with the figures."""
    try:
        one.status = (await asked).status
    except (OSError, EOFError) as error:  # a time-out is one of the first
        print(f"not answered: {error!r}", flush=True)


def accepted(one: Sent) -> bool:
    return one.status in (200, 201)


def _due(sent: Sequence[Sent]) -> dict[tuple[str, tuple[str, ...]], list[Sent]]:
    """What is to be shown of each incident by each kind, in order: one site's alarms and one operator's notes do not overtake."""
    found: dict[tuple[str, tuple[str, ...]], list[Sent]] = defaultdict(list)
    for one in sent:
        if accepted(one):
            found[one.incident, one.kinds].append(one)
    return found


def _came(page: ConsolePage, incident: str, kinds: tuple[str, ...]) -> list[tuple[float, int]]:
    return sorted(push for kind in kinds for push in page.heard.pushes.get((incident, kind), ()))


async def _settled(pages: Sequence[ConsolePage], sent: Sequence[Sent]) -> None:
    """Until every page has everything, or it is not worth waiting any longer."""
    due, until = _due(sent), time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        if all(len(_came(page, *key)) >= len(ones) for page in pages for key, ones in due.items()):
            break
        await asyncio.sleep(0.2)
    while time.monotonic() < until and any(page.busy for page in pages):  # the last details
        await asyncio.sleep(0.1)


def judge(pages: Sequence[ConsolePage], sent: Sequence[Sent]) -> Run:
    """What came of what was sent."""
    run = Run(arrivals=len(sent))
    run.refused.update(one.status for one in sent if not accepted(one))
    run.gaps = sum(page.heard.gaps for page in pages)
    run.fetches = sum(page.heard.panes for page in pages)
    for (incident, kinds), ones in _due(sent).items():
        for number, page in enumerate(pages):
            came = _came(page, incident, kinds)
            run.missing += max(0, len(ones) - len(came))
            run.rows += [1000 * (at - one.at) for one, (at, _event) in zip(ones, came, strict=False)]
            if number == ones[0].owner:
                run.details += _details(page, ones, came)
    return run


def _details(page: ConsolePage, ones: Sequence[Sent], came: Sequence[tuple[float, int]]) -> list[float]:
    """When the open incident was there with each of these in it: by the pane that says so, an act's own answer too."""
    shown = page.heard.contained
    return [1000 * (shown.get(event, float("inf")) - one.at) for one, (_at, event) in zip(ones, came, strict=False)]
