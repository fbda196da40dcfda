"""`make run`: the whole product with its simulated world, until Ctrl-C.

HOST (name or address to serve on), TLS=1 (https with a local authority), WEB_PORT, RTSP_PORT, PHONE_PORT,
DEMO=0.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time

from soc.ops import drop
from soc.ops.paths import UnsafeFolder, var_dir
from soc.ops.ports import NoPort
from soc.ops.servers import ServerFailed
from soc.ops.world import World, WorldFailed


def main() -> int:
    """Run until told to stop; 0 when that was asked for."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(stop))
    started = time.monotonic()
    world = World(
        var_dir(),
        host=os.environ.get("HOST") or "127.0.0.1",
        https=os.environ.get("TLS") == "1",
        demo=os.environ.get("DEMO") != "0",
        say=say,
    )
    try:
        with world:
            world.wait_healthy(120)
            greet(world, time.monotonic() - started)
            while not stop.wait(1):
                world.check()
            say("stopping")
        say("stopped; everything is kept in " + str(world.var))
        return 0
    except Interrupted:
        say("stopped")
        return 130
    except (WorldFailed, ServerFailed, NoPort, UnsafeFolder, drop.NotReadable) as error:
        print(error, file=sys.stderr, flush=True)
        return 1


class Interrupted(BaseException):
    """Ctrl-C while it was still starting."""


def _interrupt(stop: threading.Event) -> None:
    """Once the product is up, stopping is orderly; before that, and only once, it breaks off the start."""
    if stop.is_set():
        return
    stop.set()
    if not _greeted.is_set():
        raise Interrupted


_greeted = threading.Event()


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
    _greeted.set()


def say(sentence: str) -> None:
    """One line of progress."""
    with contextlib.suppress(OSError):  # the terminal may have gone; stopping goes on
        print(f"nightdesk: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
