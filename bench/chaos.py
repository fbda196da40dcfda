"""`make chaos`: the fault test, longer: rounds of every fault in random order. SECONDS (default 600) and SEED by environment."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

from bench import faults
from soc.ops.world import free_ports


def main() -> int:
    seconds = float(os.environ.get("SECONDS") or 600)
    seed = int(os.environ.get("SEED") or time.time())
    chance = random.Random(seed)
    each = faults.SPACING_S + sum(fault.lasts_s for fault in faults.FAULTS) / len(faults.FAULTS)
    plan = [chance.choice(faults.FAULTS) for _ in range(max(1, int(seconds / each)))]
    print(f"{len(plan)} faults, about {seconds:.0f} s, SEED={seed}", flush=True)
    password = secrets.token_urlsafe(16)
    world = faults.world_for_faults(Path(tempfile.mkdtemp(prefix="nightdesk-chaos-")), password, free_ports())
    try:
        with world:
            world.wait_healthy(120)
            night = asyncio.run(faults.play(world, password, plan))
        problems = faults.judge(night)
    finally:
        world.remove()
    told = len([i for i in night.intrusions if faults.covered(i, night)])
    print(
        f"{len(night.intrusions)} intrusions, {told} told of; {night.accepted} signals accepted, {len(night.calls)} calls"
    )
    if problems:
        print(faults.describe(night))
    for problem in problems:
        print(f"LOST: {problem}")
    print("nothing was lost" if not problems else f"{len(problems)} losses")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
