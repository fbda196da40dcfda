"""A storm: a thousand alarms at once from a hundred sites, until each is on every console.

Every panel sends its ten as fast as they are answered; what is refused for now (429, 503) is sent again after the time that
was asked for, and counted. What is on a screen counts from the alarm's own acceptance.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bench import baselines
from bench.console_flow import ask
from bench.console_page import ConsolePage, Http
from bench.figures import Row, p99, rank
from bench.stage import Stage

SITES, EACH, PAGES, RUNS = 100, 10, 10, 3
URGENT: Final = 25  # every so manieth site begins with a hold-up: priority 1
URGENTS: Final = -(-SITES // URGENT)
SCREEN_S, ALL_S = 2.0, 2.0
SETTLE_S: Final = 60.0


@dataclass
class Sent:
    """One alarm: of which site, and when it was accepted (monotonic s), as which candidate."""

    site: str
    urgent: bool
    candidate: str = ""
    at: float = 0.0


@dataclass
class Storm:
    """Seconds. `seen`: from acceptance to each page's push; `urgent`: of priority 1, to a row in sight on the slowest page."""

    seen: list[float] = field(default_factory=list)
    urgent: list[float] = field(default_factory=list)
    intake_s: float = 0.0
    again: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    incidents: int = 0
    missing: int = 0


def measure(running: Stage, say: Callable[[str], None]) -> list[Row]:
    """Three rows, the worst of three storms."""
    people = ask(running, "operators", PAGES)
    storms = []
    for number in range(RUNS):
        found = asyncio.run(_storm(running, people))
        storms.append(found)
        say(f"storm, run {number + 1}: {described(found)}")
    bare = baselines.websocket_round_trips(running.url, f"sessionid={people[0][1]}", 60)
    count, each = SITES * EACH, "; ".join(map(described, storms))
    ping = p99(bare) / 1000, "ping and pong on the same socket, p99"
    return [
        Row(
            f"{count:,} alarms at once on {SITES} sites: lost, or on no screen", max(s.lost + s.missing for s in storms), "",
            None, "", 0, f"{storms[0].incidents} incidents of {SITES} sites; {each}",
        ),
        Row("priority 1 in a storm: accepted → on a screen, slowest", max(max(s.urgent) for s in storms), "s", *ping, SCREEN_S),
        Row("alarms of a storm: accepted → on every screen, p99", max(p99(s.seen) for s in storms), "s", *ping, ALL_S),
        Row(
            "incidents that a storm opens", max(s.incidents for s in storms), "", SITES, "sites", SITES + URGENTS,
            "one for every site's alarms; a hold-up is silent, and beside it",
        ),
    ]  # fmt: skip


def described(storm: Storm) -> str:
    refused = ", ".join(f"{status}: {n}" for status, n in storm.again.items()) or "none"
    return (
        f"intake {storm.intake_s:.1f} s, sent again {refused}, on every screen p50 {rank(storm.seen, 0.5):.2f} "
        f"p99 {p99(storm.seen):.2f} s, priority 1 at most {max(storm.urgent):.2f} s"
    )


async def _storm(running: Stage, people: list[list[str]]) -> Storm:
    panels = await asyncio.to_thread(ask, running, "sites", SITES)
    pages = [ConsolePage(running.url, user, cookie) for user, cookie in people]
    tasks = [asyncio.create_task(page.run()) for page in pages]
    try:
        await asyncio.gather(*(page.ready() for page in pages))
        storm, began = Storm(), time.monotonic()
        answered = await asyncio.gather(
            *(_panel(running.url, site, key, n % URGENT == 0, storm) for n, (site, key) in enumerate(panels))
        )
        sent = [one for panel in answered for one in panel]
        storm.intake_s = max(one.at for one in sent) - began
        await _settled(running, pages, sent, storm)
        return storm
    finally:
        for page in pages:
            await page.leave()
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(ask, running, "clear")


async def _panel(url: str, site: str, key: str, urgent: bool, storm: Storm) -> list[Sent]:
    http = Http(url, {"Authorization": f"Key {key}", "Content-Type": "application/json"})
    sent = []
    for number in range(EACH):
        one = Sent(site, urgent and not number)
        kind = "hold_up" if one.urgent else "alarm"
        body = {"kind": kind, "dedup": f"storm-{time.monotonic_ns()}-{number}", "at": datetime.now(UTC).isoformat()}
        while not one.candidate:
            answer = await http.ask("POST", "/api/signals", json.dumps(body).encode())
            if answer.status in (200, 201):
                one.at, one.candidate = time.monotonic(), json.loads(answer.body)["id"]
            elif answer.status in (429, 503):
                storm.again[answer.status] += 1
                await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
            else:
                raise RuntimeError(f"an alarm was answered {answer.status}: {answer.body[:200]!r}")
        sent.append(one)
    http.close()
    return sent


async def _settled(running: Stage, pages: Sequence[ConsolePage], sent: Sequence[Sent], storm: Storm) -> None:
    """Until the record has an alert of each and every page has heard of each; then how long it took."""
    until, found = time.monotonic() + SETTLE_S, {}
    while time.monotonic() < until:
        await asyncio.sleep(1.0)
        found = await asyncio.to_thread(ask, running, "positions", [one.candidate for one in sent])
        if len(found) == len(sent) and all(
            shown(page, place) is not None for place in found.values() for page in pages
        ):
            break
    storm.lost = len(sent) - len(found)
    storm.incidents = len({incident for _seq, incident, _site in found.values()})
    for one in sent:
        if one.candidate not in found:
            continue
        times = [shown(page, found[one.candidate]) for page in pages]
        storm.missing += sum(at is None for at in times)
        storm.seen += [at - one.at for at in times if at is not None]
        if one.urgent:
            rows = [page.heard.seen.get(found[one.candidate][1], float("inf")) for page in pages]
            storm.urgent.append(max(rows) - one.at)


def shown(page: ConsolePage, place: list[Any]) -> float | None:
    """When the page was told of an alert: by the push of its position, or by a snapshot that is at least as new."""
    seq = place[0]
    if seq in page.heard.at:
        return page.heard.at[seq]
    return next((at for head, at in page.heard.heads if head >= seq), None)
