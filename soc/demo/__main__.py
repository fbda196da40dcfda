"""``python -m soc.demo``: run the simulated world until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from soc.demo.cameras.played import Unplayable
from soc.demo.settings import WorldSettings, read_settings
from soc.demo.world import World


async def run(settings: WorldSettings) -> None:
    """Run until asked to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with World(settings) as world:
        for line in world.lines():
            print(line, flush=True)
        await stop.wait()


def main() -> int:
    """Exit 0 after a stop, 1 with one line of reason where the world cannot start."""
    settings = read_settings()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    try:
        asyncio.run(run(settings))
    except (OSError, Unplayable) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
