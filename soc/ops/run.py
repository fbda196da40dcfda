"""`make run`: the whole product with its simulated world, until Ctrl-C.

HOST (name or address to serve on), TLS=1 (https with a local authority), WEB_PORT, RTSP_PORT, PHONE_PORT,
DEMO=0, DEMO_HISTORY=0 (a demonstration without a past).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import sys
import time

from soc.ops import drop, lower
from soc.ops.paths import UnsafeFolder, var_dir
from soc.ops.ports import NoPort
from soc.ops.servers import ServerFailed
from soc.ops.signals import Asked, raise_once
from soc.ops.supervise import NotAnswering
from soc.ops.world import World, WorldFailed


def main() -> int:
    """Run until told to stop; 0 when that was asked for of a running product."""
    raise_once()
    lower.die_with_parent(signal.SIGTERM, os.getppid())
    started = time.monotonic()
    world = World(
        var_dir(),
        host=os.environ.get("HOST") or "127.0.0.1",
        https=os.environ.get("TLS") == "1",
        demo=os.environ.get("DEMO") != "0",
        env={"DEMO_HISTORY": os.environ.get("DEMO_HISTORY") or "1"},
        say=say,
    )
    up = False
    try:
        with world:
            try:
                world.wait_healthy(120)
                greet(world, time.monotonic() - started)
                up = True
                terminal = watch_terminal()
                while True:
                    if terminal.poll(1000):
                        raise Asked(signal.SIGHUP)
                    world.check()
            finally:
                say("stopping")
    except Asked as asked:
        say(f"stopped; everything is kept in {world.var}")
        return 0 if up else 128 + asked.number
    except (WorldFailed, ServerFailed, NotAnswering, NoPort, UnsafeFolder, drop.NotReadable) as error:
        print(error, file=sys.stderr, flush=True)
        return 1


def watch_terminal() -> select.poll:
    """What becomes ready when nobody can see our words any more.

    A closed terminal signals the first program of its session only, which may be make; and make waits for us.
    """
    poller = select.poll()
    if os.isatty(1) or stat.S_ISFIFO(os.fstat(1).st_mode):
        poller.register(1, 0)  # hang-ups and errors are reported without being asked for
    return poller


def greet(world: World, seconds: float) -> None:
    """Print where it is and how to log in."""
    assert world.ports is not None
    print(f"\nNightdesk is at {world.url} (ready in {seconds:.0f} s)")
    if world.demo:
        print(f"The simulated phones are at http://127.0.0.1:{world.ports.phone}")
    if world.authority:
        print(f"For a browser to trust it, import {world.authority} as an authority")
    if world.demo:
        print(world.manage("demo_logins").rstrip())
    print("Ctrl-C stops everything.", flush=True)


def say(sentence: str) -> None:
    """One line of progress."""
    with contextlib.suppress(OSError):  # the terminal may have gone; stopping goes on
        print(f"nightdesk: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
