"""Each fault once while intrusions flow, and the proof that the test would notice."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from bench import faults
from soc.ops.world import World, free_ports

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def world():
    """make(settings=…) → a started world and its operators' password; its logs are kept while a test fails."""
    made: list[World] = []

    def make(settings: str = "soc.settings") -> tuple[World, str]:
        password = secrets.token_urlsafe(16)
        var = Path(tempfile.mkdtemp(prefix="nightdesk-fault-"))
        world = faults.world_for_faults(var, password, free_ports(), settings=settings)
        made.append(world)
        world.start()
        world.wait_healthy(120)
        return world, password

    yield make
    for one in made:
        one.stop()
        one.remove()
        shutil.rmtree(one.var, ignore_errors=True)


def test_nothing_is_lost_by_any_fault(world):
    """SIGKILL of watcher, detect worker, response worker, spine, web and Redis; SIGSTOP of the spine; no detect workers;
    an immediate stop of PostgreSQL."""
    running, password = world()
    night = asyncio.run(faults.play(running, password, faults.FAULTS))
    assert len(night.spans) == len(faults.FAULTS)
    assert night.connections > 1, "the web was killed: the operator's socket must have come back"
    assert faults.judge(night) == [], faults.describe(night)


def test_a_weakened_product_is_caught(world):
    """No sweep, no resync, no blind alarm: the same judge, the faults that these guarantees answer to."""
    running, password = world("tests.fault.weakened")
    wanted = ("the Redis-protocol server killed", "web killed", "all detect workers down")
    chosen = [fault for name in wanted for fault in faults.FAULTS if fault.name == name]
    night = asyncio.run(faults.play(running, password, faults.lengthened(chosen), resync=False))
    problems = faults.judge(night)
    # Which weakness shows depends on what was going on at the moment; that one does is the proof.
    assert problems, faults.describe(night)
