"""Faults while intrusions flow: the whole product, real processes killed and stopped, and an account of what was lost.

Ground truth is the simulated world's own schedule of staged intrusions. `judge()` compares it with the record; it knows
nothing of how the product works inside. Used by the suite (90 seconds, each fault once) and by `make chaos` (longer).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from soc.ops.operator.operator import Operator
from soc.ops.smoke import Outside
from soc.ops.world import World

GRACE_S = 15.0  # from a fault's end until what it touched must be in an incident
SETTLE_S = 20.0  # observation after the last fault
SPACING_S = 6.0
COVERS = frozenset({"person", "group", "tamper_person", "loitering", "unfiltered_motion", "perception_down", "offline"})


@dataclass(frozen=True)
class Fault:
    """What is done to the product, and how long it lasts (seconds; 0: over as soon as it is done).

    camera: the one it is done to, where it is the camera that fails and not the product.
    """

    name: str
    do: Callable[[World], None]
    undo: Callable[[World], None] | None = None
    lasts_s: float = 0.0
    camera: str = ""


def _kill(name: str, number: int = signal.SIGKILL) -> Callable[[World], None]:
    def do(world: World) -> None:
        pids = world.pids(name)
        if not pids:
            raise AssertionError(f"there is no {name} to hit: a fault that does nothing proves nothing")
        for pid in pids:
            os.kill(pid, number)

    return do


def _kill_child(name: str) -> Callable[[World], None]:
    """One worker process of a pool, not its parent."""

    def do(world: World) -> None:
        for pid in world.pids(name):
            children = psutil.Process(pid).children(recursive=True)
            workers = [child for child in children if not child.children()]
            if workers:
                random.choice(workers).kill()

    return do


def _stop(name: str) -> Callable[[World], None]:
    return lambda world: world.supervisor.stop(f"app:{name}")


def _start(name: str) -> Callable[[World], None]:
    return lambda world: world.supervisor.start(f"app:{name}")


FAULTS: tuple[Fault, ...] = (
    Fault("watch killed", _kill("watch")),
    Fault("a detect worker killed", _kill_child("detect")),
    Fault("a response worker killed", _kill_child("respond")),
    Fault("spine killed", _kill("spine")),
    Fault("web killed", _kill("web")),
    Fault("the Redis-protocol server killed", _kill("valkey")),
    Fault("spine stopped", _kill("spine", signal.SIGSTOP), _kill("spine", signal.SIGCONT), 4.0),
    Fault("all detect workers down", _stop("detect"), _start("detect"), 8.0),
    Fault("PostgreSQL stopped at once", _kill("postgres", signal.SIGQUIT)),
)


def camera_fault(camera: str, kind: str, seconds: float) -> Fault:
    """One of the simulated cameras' own (`soc.demo.cameras.faults.KINDS`)."""

    def tell(world: World, kind: str) -> None:
        assert world.ports is not None
        url = f"http://127.0.0.1:{world.ports.phone}/control/cameras/{camera}/fault"
        body = {"kind": kind, "seconds": seconds + 60}  # it is ended here
        httpx.post(url, json=body, trust_env=False, timeout=10).raise_for_status()

    return Fault(f"{camera}: {kind}", lambda w: tell(w, kind), lambda w: tell(w, "none"), seconds, camera)


def lengthened(faults: Sequence[Fault], seconds: float = 66.0) -> list[Fault]:
    """The same, those that last at all lasting until a whole intrusion has come and gone."""
    return [replace(fault, lasts_s=seconds) if fault.lasts_s else fault for fault in faults]


@dataclass
class Span:
    """A fault as it happened."""

    name: str
    began: datetime
    ended: datetime
    camera: str = ""


@dataclass
class Night:
    """Everything the judge needs, all of it from outside the product but the record itself."""

    intrusions: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    accepted: int = 0
    refused: int = 0
    missed: list[int] = field(default_factory=list)
    unshown: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # one entry per call placed: the attempt it was for
    connections: int = 0
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))


def covered(intrusion: dict[str, Any], night: Night) -> bool:
    """Whether a staged intrusion is in an incident in time.

    An alert of its camera, captured while it was in view, raised within GRACE_S of its beginning or of the end of the
    last fault of the product that touched it, whichever is later.
    """
    began, ended = _time(intrusion["in_view_from"]), _time(intrusion["in_view_to"])
    ours = [span for span in night.spans if not span.camera]
    touched = [span.ended for span in ours if span.began <= ended and began <= span.ended + timedelta(seconds=2)]
    limit = max([began, *touched]) + timedelta(seconds=GRACE_S)
    slack = timedelta(seconds=1)
    for alert in night.report["alerts"]:
        mine = (alert["path"] or "").endswith(f"/{intrusion['camera']}") and alert["category"] in COVERS
        if mine and began - slack <= _time(alert["captured"]) <= ended + slack and _time(alert["raised"]) <= limit:
            return True
    return False


def judge(night: Night) -> list[str]:
    """What was lost, in words; empty when nothing was."""
    problems = []
    # A camera that was itself disturbed is no witness; an intrusion that has only begun has time left.
    staged = [i for i in night.intrusions if not i.get("disturbed")]
    ripe = [i for i in staged if _time(i["in_view_from"]) + timedelta(seconds=GRACE_S) < night.ended]
    if len(ripe) < 2:
        problems.append("too few intrusions to say anything")
    for intrusion in ripe:
        if not covered(intrusion, night):
            problems.append(f"nobody was told of the intrusion at {intrusion['in_view_from']} on {intrusion['camera']}")
    if night.report["raised_without_incident"]:
        problems.append(f"{night.report['raised_without_incident']} raised candidates have no incident")
    if night.report["signals"] != night.accepted:
        problems.append(f"{night.accepted} signals were accepted, {night.report['signals']} are on record")
    if night.missed:
        problems.append(f"a client missed the feed positions {night.missed[:5]}")
    if night.unshown:
        problems.append(f"{len(night.unshown)} incidents were never shown: {night.unshown[:3]}")
    twice = {attempt for attempt in night.calls if night.calls.count(attempt) > 1}
    if twice:
        problems.append(f"calls were placed twice: {sorted(twice)[:3]}")
    return problems


def describe(night: Night) -> str:
    """The night on one page: what was staged, what was done to the product, what it said and when."""
    rows = [
        (_time(i["in_view_from"]), f"intrusion on {i['camera']} until {i['in_view_to'][11:19]}")
        for i in night.intrusions
    ]
    rows += [(span.began, f"fault: {span.name} until {span.ended:%H:%M:%S}") for span in night.spans]
    for alert in night.report["alerts"]:
        path = (alert["path"] or "").rpartition("/")[2]
        words = f"alert {alert['category']} {path} raised {alert['raised'][11:19]} in {alert['incident'][:8]}"
        rows.append((_time(alert["captured"]), words))
    for incident in night.report["incidents"]:
        closed = (incident["clock"]["closed"] or "still open")[11:19]
        rows.append(
            (_time(incident["clock"]["queued"]), f"incident {incident['id'][:8]} {incident['category']} to {closed}")
        )
    return "\n".join(f"{at:%H:%M:%S} {words}" for at, words in sorted(rows))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Panel:
    """An alarm panel that repeats a signal until it is acknowledged, as panels do."""

    def __init__(self, world: World) -> None:
        self.url = f"{world.url}/api/signals"
        self.key = world.env["DEMO_PANEL_KEY"]
        self.accepted = self.refused = 0
        self._number = itertools.count()

    async def run(self, stop: asyncio.Event, every_s: float) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            while not stop.is_set():
                await self._signal(http, stop)
                await _wait(stop, every_s)

    async def _signal(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        body = {"kind": "test", "dedup": f"fault-{next(self._number)}", "at": datetime.now(UTC).isoformat()}
        tried = time.monotonic()
        while time.monotonic() - tried < 30:
            try:
                answer = await http.post(self.url, json=body, headers={"Authorization": f"Key {self.key}"})
                if answer.status_code in (200, 201):
                    self.accepted += 1
                    return
                self.refused += 1
            except httpx.HTTPError:
                self.refused += 1
            await _wait(stop, 0.4)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def play(
    world: World, password: str, faults: Iterable[Fault], *, resync: bool = True, spacing_s: float = SPACING_S,
    say: Callable[[str], None] = print, beside: Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None = None,
    night: Night | None = None,
) -> Night:  # fmt: skip
    """Let intrusions flow, do the faults one after the other, observe SETTLE_S more, and take stock.

    faults: taken one at a time, each when the one before is over. beside: runs until its event is set, while intrusions
    flow. night: what is filled in, for whoever wants to read along.
    """
    assert world.ports is not None
    night = night or Night()
    outside = Outside(world.ports.phone)
    operator = Operator(world.url, "ines", password, authority=str(world.authority) if world.authority else None)
    operator.feed.resync = resync
    await operator.sit_down()
    panel, stop = Panel(world), asyncio.Event()
    jobs = [
        asyncio.create_task(operator.feed.run()),
        asyncio.create_task(operator.work(stop.is_set)),
        asyncio.create_task(panel.run(stop, 2.0)),
    ]
    if beside is not None:
        jobs.append(asyncio.create_task(beside(stop)))
    await _until(lambda: _any_intrusion(outside), 60, "the first intrusion")
    for fault in faults:
        began = datetime.now(UTC)
        say(f"fault: {fault.name}")
        await asyncio.to_thread(fault.do, world)
        if fault.undo:
            await asyncio.sleep(fault.lasts_s)
            await asyncio.to_thread(fault.undo, world)
        night.spans.append(Span(fault.name, began, datetime.now(UTC), fault.camera))
        await asyncio.sleep(spacing_s)
        world.check()
    say(f"observing for {SETTLE_S:.0f} s")
    await asyncio.sleep(SETTLE_S)
    night.ended = datetime.now(UTC)
    stop.set()
    await asyncio.gather(*jobs[1:], return_exceptions=False)
    night.intrusions = await outside.get("/control/intrusions")
    await _take_stock(world, operator, night)
    operator.feed.stop()
    await jobs[0]
    night.accepted, night.refused = panel.accepted, panel.refused
    night.calls = await _calls(outside)
    night.connections = operator.feed.connections
    await operator.leave()
    return night


async def _any_intrusion(outside: Outside) -> bool:
    now = datetime.now(UTC)
    return any(_time(i["in_view_from"]) <= now for i in await outside.get("/control/intrusions"))


async def _until(look: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    limit = time.monotonic() + seconds
    while not await look():
        if time.monotonic() > limit:
            raise AssertionError(f"{what} did not come within {seconds:.0f} s")
        await asyncio.sleep(0.25)


async def _take_stock(world: World, operator: Operator, night: Night) -> None:
    """The record at rest: nothing owed, and the client given a few seconds to be told the last of it."""

    async def rest() -> bool:
        night.report = json.loads(await asyncio.to_thread(world.manage, "line_report"))
        night.missed = [
            seq
            for key in operator.feed.accounts
            for seq in operator.feed.missed(key, night.report["positions"].get(key, []))
        ]
        return night.report["owed"] == 0 and not night.missed

    limit = time.monotonic() + 12
    while not await rest() and time.monotonic() < limit:
        await asyncio.sleep(0.5)
    night.unshown = [i["reference"] for i in night.report["incidents"] if i["id"] not in operator.told]


async def _calls(outside: Outside) -> list[str]:
    """The attempt of every call that the phone network placed, by the address that it was told to ask."""
    return [str(call["url"]).rstrip("/").rpartition("/")[2] for call in (await outside.get("/log"))["calls"]]


def world_for_faults(
    var: Path, password: str, ports: Any, *, settings: str = "soc.settings", cameras: str = "yard,quiet",
    every_s: float = 36.0, speed: float = 1.0,
) -> World:  # fmt: skip
    """A world in whose yard somebody comes every `every_s` seconds of the film, which runs `speed` times as fast."""
    arguments = ["--auto-answer", "1", "--auto-press", "1", "--first", "6", "--every", str(every_s / speed)]
    arguments += ["--speed", str(speed)] if speed != 1.0 else []
    env = {
        "DEMO_PASSWORD": password,
        "DEMO_ARGS": json.dumps(arguments),
        "DJANGO_SETTINGS_MODULE": settings,
        "LOG_LEVEL": "WARNING",
        "CAMERA_LOST_S": "20",
        "DEMO_CAMERAS": cameras,
        "SEED": "seed_demo",  # to a world the name of a command; to `make chaos` and `make soak` a number
    }
    return World(var, ports=ports, env=env, throwaway=True, own_servers=True)
