"""`make soak`: hours of ordinary work, with faults now and then, and bounds on what may be lost, late or leaked.

    make soak                                     an hour, a fault each 20 seconds
    make soak ARGS="--minutes 30 --speed 2"       30 minutes of film in 15
    make soak ARGS="--minutes 600 --fault-every 0"    a night of ordinary work
    make soak ARGS="--minutes 0 --console 10"     only the consoles

Minutes are those of the film. Time is compressed in three ways: with --speed the cameras' films run so many times as fast
(and send as many more pictures); people come every 36 seconds of it, and not a few times a night; faults last seconds and
come one after the other, and not once in weeks. Clocks and time-outs of the product are the real ones.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg2

from bench import console, console_flow, faults, returns
from bench.faults import Fault, Night, Span
from bench.stage import stage
from bench.vitals import Bounds, Growth, Vitals
from cameras.vision.bell import AWAKE, BELL, DOZE
from cameras.vision.slot_layout import NAME, PREFIX, default_directory
from soc.demo.cameras.faults import KINDS
from soc.ops.paths import socket_dir_path
from soc.ops.supervise import Supervisor
from soc.ops.world import World, free_ports

LOOK_S: Final = 1.0
VITALS_S: Final = 5.0
LASTS_S: Final = (4.0, 14.0)  # of a camera's fault
PRODUCT_SHARE: Final = 0.2  # of all faults: those of the product itself
EQUIPMENT: Final = ("demo",)
SEEN: Final = ("person", "group", "vehicle", "loitering", "line_crossing")


@dataclass
class Watchman:
    """Looks at the running product from outside: cameras' rows, processes, shared memory."""

    world: World
    began: float = field(default_factory=time.monotonic)
    returns: returns.Returns = field(default_factory=returns.Returns)
    slots: list[int] = field(default_factory=list)
    cameras: int = 0

    def __post_init__(self) -> None:
        self._supervisor = Supervisor(socket_dir_path(self.world.var) / "supervisor.sock")
        self.vitals = Vitals(self._programs)
        self._next_vitals = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            await asyncio.to_thread(self.look)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue

    def look(self) -> None:
        if (rows := self._rows()) is not None:
            self.cameras = len(rows)
            self.returns.look(rows, datetime.now(UTC))
        at_s = time.monotonic() - self.began
        if at_s >= self._next_vitals:
            self._next_vitals = at_s + VITALS_S
            self.vitals.look(at_s)
            self.slots.append(len(slots_of(self.world.var)))

    def _rows(self) -> list[tuple[Any, ...]] | None:
        """None while there is no database: it is one of the things that are killed."""
        try:
            connection = psycopg2.connect(self.world.env["DATABASE_URL"], connect_timeout=5)
        except psycopg2.OperationalError:
            return None
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT address, health, trouble, last_frame_at FROM cameras_camera WHERE enabled")
                return list(cursor.fetchall())
        except psycopg2.OperationalError:
            return None
        finally:
            connection.close()

    def _programs(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row in self._supervisor.processes():
            if row["pid"] and row["name"] not in EQUIPMENT:
                found.setdefault(row["name"].rstrip("_0123456789"), []).append(row["pid"])
        return found


def slots_of(var: Path) -> list[str]:
    """The pictures of this world's cameras in shared memory."""
    space = hashlib.sha256(str(var).encode()).hexdigest()[:8]
    found = map(NAME.match, (path.name for path in default_directory().glob(f"{PREFIX}.{space}.*")))
    # What is rung to each other, and what workers are tried with, is no camera's.
    return [one[0] for one in found if one and one["key"] not in (AWAKE, BELL, DOZE, "canary")]


def plan(cameras: Sequence[str], *, seconds: float, every_s: float, chance: random.Random) -> Iterator[Fault]:
    """Faults in random order until the time is over, none of a camera twice within a minute; without `every_s` only time
    passes.
    """
    until = time.monotonic() + seconds
    rested = dict.fromkeys(cameras, 0.0)
    kinds: list[str] = []
    while (left := until - time.monotonic()) > 0:
        if not every_s:
            yield Fault("ordinary work", lambda w: None, lambda w: None, min(60.0, left), camera="nobody")
            continue
        free = [name for name, since in rested.items() if time.monotonic() - since > 60 or not since]
        lasts = chance.uniform(*LASTS_S)
        if chance.random() < PRODUCT_SHARE or not free:
            one = chance.choice(faults.FAULTS)
        else:
            kinds = kinds or chance.sample(KINDS, len(KINDS))  # each comes before one comes again
            one = faults.camera_fault(chance.choice(free), kinds.pop(), lasts)
        began = time.monotonic()
        yield one
        if one.camera:
            rested[one.camera] = time.monotonic()
        pause = min(every_s - (time.monotonic() - began), until - time.monotonic())
        if pause > 0:
            yield Fault("ordinary work", lambda w: None, lambda w: None, pause, camera="nobody")


def disturb(night: Night, back: returns.Returns) -> None:
    """A camera is no witness until it is back from its own fault; how long that may take is judged apart."""
    for one in night.intrusions:
        began, ended = (datetime.fromisoformat(one[key]) for key in ("in_view_from", "in_view_to"))
        for span in (span for span in night.spans if span.camera == one["camera"]):
            until = back.back_at(span.camera, span.ended) or span.ended + returns.RETURN
            one["disturbed"] |= span.began <= ended and began <= until


def late_candidates(night: Night, late_s: float) -> list[str]:
    """Alerts of what was seen that were raised later than that after their picture, no fault of the product meanwhile."""
    ours = [span for span in night.spans if not span.camera]
    problems = []
    for alert in night.report["alerts"]:
        captured, raised = datetime.fromisoformat(alert["captured"]), datetime.fromisoformat(alert["raised"])
        touched = any(
            span.began - timedelta(seconds=2) <= raised and captured <= span.ended + timedelta(seconds=faults.GRACE_S)
            for span in ours
        )
        if alert["category"] in SEEN and not touched and (raised - captured).total_seconds() > late_s:
            problems.append(f"{alert['category']} at {captured:%H:%M:%S} was raised {raised - captured} later")
    return problems


def leaked(watchman: Watchman, after: list[str]) -> list[str]:
    """Pictures in shared memory that nobody owns. `after`: what is there when everything has ended."""
    problems = []
    if watchman.slots and min(watchman.slots[-6:]) > watchman.cameras:
        problems.append(f"{min(watchman.slots[-6:])} pictures in shared memory, of {watchman.cameras} cameras")
    if after:
        problems.append(f"{len(after)} pictures were left in shared memory at the end")
    return problems


def main(arguments: list[str]) -> int:
    """Exit codes: 0 every bound held, 1 one was broken."""
    asked = _asked(arguments)
    cameras = asked.cameras.split(",")
    bounds = Bounds(memory=asked.growth)
    seconds = asked.minutes * 60 / asked.speed
    print(f"{asked.minutes:g} minutes of film in {seconds / 60:.1f}, SEED={asked.seed}", flush=True)
    password = secrets.token_urlsafe(16)
    world = faults.world_for_faults(
        Path(tempfile.mkdtemp(prefix="nightdesk-soak-")),
        password,
        free_ports(),
        cameras=asked.cameras,
        speed=asked.speed,
    )
    try:
        with world:
            world.wait_healthy(180)
            watchman = Watchman(world)
            todo = plan(cameras, seconds=seconds, every_s=asked.fault_every, chance=random.Random(asked.seed))
            night = asyncio.run(faults.play(world, password, todo, spacing_s=1.0, say=_say, beside=watchman.run))
        after = slots_of(world.var)
    finally:
        world.remove()
    night.spans = [span for span in night.spans if span.camera != "nobody"]
    disturb(night, watchman.returns)
    grown = watchman.vitals.grown(bounds)
    problems = [f"LOST: {words}" for words in faults.judge(night)]
    problems += [f"NOT BACK: {words}" for words in returns.late(night.spans, watchman.returns, night.ended)]
    problems += [f"LATE: {words}" for words in late_candidates(night, asked.late)]
    problems += [f"GREW: {words}" for one in grown for words in one.problems(bounds)]
    problems += [f"LEFT: {words}" for words in leaked(watchman, after)]
    if asked.console:
        with stage(only=console.PROGRAMS, say=_say) as running:
            problems += [f"CONSOLE: {words}" for words in console_flow.soak(running, minutes=asked.console)]
    if problems:
        print(faults.describe(night))
    print(report(night, watchman, grown))
    print("\n".join(problems) if problems else "every bound held")
    return 1 if problems else 0


def report(night: Night, watchman: Watchman, grown: Sequence[Growth]) -> str:
    """What was done, what came of it, and how the processes did."""
    told = sum(faults.covered(one, night) for one in night.intrusions)
    disturbed = sum(bool(one.get("disturbed")) for one in night.intrusions)
    cameras = sum(bool(span.camera) for span in night.spans)
    lines = [
        f"{len(night.intrusions)} intrusions, {disturbed} of them while their camera was disturbed, {told} told of",
        f"{night.accepted} signals accepted, {len(night.calls)} calls",
        f"{cameras} faults of cameras, {len(night.spans) - cameras} of the product",
        f"load of the machine at the end {' '.join(f'{load:.1f}' for load in os.getloadavg())}, {os.cpu_count()} cores",
        *(_told(span, watchman.returns) for span in night.spans if span.camera),
        f"{'process':<12}{'pid':>8}{'lived s':>9}{'peak MiB':>10}{'gained':>8}{'files':>7}{'threads':>9}",
    ]
    lines += [
        f"{one.name:<12}{one.pid:>8}{one.lived_s:>9.0f}{one.peak:>10.0f}{one.memory:>+8.0f}{one.files:>+7}{one.threads:>+9}"
        for one in grown
    ]
    return "\n".join(lines)


def _told(span: Span, back: returns.Returns) -> str:
    at = back.back_at(span.camera, span.ended)
    when = "" if at is None else f", back after {(at - span.ended).total_seconds():.0f} s"
    causes = " / ".join(sorted(back.causes(span))) or "nothing was said"
    return f"{span.began:%H:%M:%S} {span.name} for {(span.ended - span.began).total_seconds():.0f} s{when}: {causes}"


def _say(words: str) -> None:
    if "ordinary work" not in words:
        print(f"{datetime.now(UTC):%H:%M:%S} {words}", flush=True)


def _asked(arguments: list[str]) -> Any:
    parser = argparse.ArgumentParser(
        prog="make soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--minutes", type=float, default=float(os.environ.get("MINUTES") or 60), help="of film; MINUTES")
    add("--speed", type=float, default=float(os.environ.get("SPEED") or 1), help="of the films; SPEED")
    add("--fault-every", type=float, default=20.0, help="seconds; 0: none")
    add("--seed", type=int, default=int(os.environ.get("SEED") or time.time()), help="of the order of faults; SEED")
    add("--cameras", default="yard,quiet,foliage", help="of the simulated ones")
    add("--growth", type=float, default=100.0, help="MiB a process may gain after its first minute")
    add("--console", type=float, default=10.0, help="minutes of steady work before fifty consoles, afterwards; 0: none")
    add("--late", type=float, default=5.0, help="seconds from a picture to its alert")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
