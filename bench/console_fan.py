"""One message to two hundred operators: what the feed adds to a bare `websockets` server that broadcasts the same.

Both servers run in processes of their own and stamp each message as it is made; two hundred clients in this one note when it
came. Ours is the product's application under the product's server, told by events that are recorded and sealed; only what a row
looks like is replaced by padding, so that both send 500 bytes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from bench.figures import Row, p99, rank
from soc.ops import secrets
from soc.ops.paths import CHECKOUT
from soc.ops.ports import free_port
from soc.ops.servers import Servers

OPERATORS: Final = 200
BYTES: Final = 500
MESSAGES, EVERY_S, RUNS = 100, 0.05, 3
BURST: Final = 300
RATIO: Final = 2.0
WITHIN_S: Final = 60.0


def measure(say: Callable[[str], None]) -> list[Row]:
    """Two rows: the ratio of the 99th percentiles, the worst of three runs, and what was missing."""
    var = Path(tempfile.mkdtemp(prefix="nightdesk-fan-"))
    try:
        with Servers(var, names=("postgres",)) as servers:
            secrets.load(var)
            port = free_port()
            env = {**os.environ, **servers.urls(), "NIGHTDESK_VAR": str(var), "LOG_LEVEL": "WARNING"}
            env |= {"PUBLIC_URL": f"http://127.0.0.1:{port}", "REDIS_URL": "redis://127.0.0.1:1/0"}
            with server("ours", port, env) as ours, server("bare", free_port(), env) as bare:
                return asyncio.run(_measure(ours, bare, say))
    finally:
        shutil.rmtree(var, ignore_errors=True)


class Server:
    """One of the two: told what to do by a line, answers by a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._said: IO[str] = process.stdin
        self._told: IO[str] = process.stdout
        self.ready = self.answer()

    def answer(self) -> Any:
        """Raises RuntimeError where it has ended."""
        for line in self._told:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError("a server of the measurement has ended")

    def ask(self, **what: Any) -> Any:
        self._said.write(json.dumps(what) + "\n")
        self._said.flush()
        return self.answer()


@contextmanager
def server(which: str, port: int, env: dict[str, str]) -> Iterator[Server]:
    command = [sys.executable, "-m", "bench.console_fan", which, str(port)]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait(20)


class Listener:
    """A page that only listens: follows the positions as a page does, and notes how long each message took."""

    def __init__(self, url: str, cookie: str = "") -> None:
        self.url, self.cookie = url, cookie
        self.took: list[float] = []  # ms
        self.came: set[int] = set()
        self.last: dict[str, int] = {}
        self.count = 0
        self.there = asyncio.Event()
        self.ended = False
        self._socket: ClientConnection | None = None

    async def run(self) -> None:
        headers = {"Cookie": f"sessionid={self.cookie}"} if self.cookie else {}
        address = self.url.replace("http", "ws", 1) + ("/ws/feed" if self.cookie else "/")
        while not self.ended:
            try:
                async with connect(
                    address, origin=Origin(self.url), additional_headers=headers, proxy=None, ping_interval=None
                ) as socket:
                    self._socket = socket
                    if self.cookie:
                        await socket.send(json.dumps({"type": "resume", "last": self.last}))
                    else:
                        self.there.set()
                    async for text in socket:
                        await self._hear(json.loads(text), time.monotonic())
            except (ConnectionClosed, OSError):
                await asyncio.sleep(0.1)

    async def _hear(self, said: dict[str, Any], now: float) -> None:
        kind = said["type"]
        if kind == "beat" and self._socket is not None:
            await self._socket.send('{"type": "ping", "t": 1}')
        elif kind == "snapshot":
            self.last = dict(said["heads"])
            self.there.set()
        elif kind == "event":
            self.count += 1
            if not self.cookie:
                self.took.append(1000 * (now - said["t"]))
                return
            known = self.last.get(said["audience"], -1)
            if said["seq"] > known and said["prev"] == known and self._socket is not None:
                self.last[said["audience"]] = said["seq"]
                self.came.add(said["seq"])
                self.took.append(1000 * (now - said["t"]))
            elif said["seq"] > known and self._socket is not None:
                await self._socket.send(json.dumps({"type": "resume", "last": self.last}))

    async def cut(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def leave(self) -> None:
        self.ended = True
        await self.cut()


async def _measure(ours: Server, bare: Server, say: Callable[[str], None]) -> list[Row]:
    pages = [Listener(ours.ready["url"], cookie) for cookie in ours.ready["cookies"]]
    others = [Listener(bare.ready["url"]) for _ in range(OPERATORS)]
    tasks = [asyncio.create_task(one.run()) for one in (*pages, *others)]
    try:
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(one.there.wait() for one in (*pages, *others)))
        ratios, told = [], []
        for number in range(RUNS + 1):
            took = [await _pace(which, them) for which, them in ((bare, others), (ours, pages))]
            if not number:
                continue  # the first ones load code
            ratios.append(p99(took[1]) / p99(took[0]))
            told.append(f"{p99(took[1]):.1f} over {p99(took[0]):.1f}")
            say(
                f"to {OPERATORS}, run {number}: p50 {rank(took[1], 0.5):.1f} over {rank(took[0], 0.5):.1f} ms, p99 {told[-1]} ms"
            )
        missing, gone = await _burst(ours, pages), await _reconnects(ours, pages)
        say(f"after a burst of {BURST}: {missing} missing; after {OPERATORS} reconnects: {gone} missing")
    finally:
        for one in (*pages, *others):
            await one.leave()
        for task in tasks:
            task.cancel()
    return [
        Row(
            f"{BYTES}-byte message to {OPERATORS} operators: p99 over a bare server's", max(ratios), "×", 1.0,
            "`websockets` broadcasting the same", RATIO, f"worst of {RUNS} runs; ms: {', '.join(told)}",
        ),
        Row(
            f"missing after a burst of {BURST} and after forced reconnects", missing + gone, "", None, "", 0,
            f"{OPERATORS} pages; {missing} and {gone}",
        ),
    ]  # fmt: skip


async def _pace(which: Server, them: list[Listener]) -> list[float]:
    before = [one.count for one in them]
    for one in them:
        one.took.clear()
    await asyncio.to_thread(which.ask, do="pace", count=MESSAGES, every_s=EVERY_S)
    await _until(lambda: all(one.count - had >= MESSAGES for one, had in zip(them, before, strict=True)))
    return [value for one in them for value in one.took]


async def _burst(ours: Server, pages: list[Listener]) -> int:
    told = await asyncio.to_thread(ours.ask, do="burst", count=BURST)
    return await _missing(pages, told["positions"])


async def _reconnects(ours: Server, pages: list[Listener]) -> int:
    """Every page's line breaks, some sooner, some later, while messages go on."""
    telling = asyncio.create_task(asyncio.to_thread(ours.ask, do="pace", count=60, every_s=0.05))
    for number, page in enumerate(pages):
        await page.cut()
        if number % 10 == 9:
            await asyncio.sleep(0.1)
    return await _missing(pages, (await telling)["positions"])


async def _missing(pages: list[Listener], positions: list[int]) -> int:
    wanted = set(positions)
    await _until(lambda: all(wanted <= page.came for page in pages))
    return sum(len(wanted - page.came) for page in pages)


async def _until(good: Callable[[], bool], within_s: float = 30.0) -> None:
    """Or until it is not worth waiting any longer."""
    until = time.monotonic() + within_s
    while not good() and time.monotonic() < until:
        await asyncio.sleep(0.1)


# --- the servers, each in a process of its own


def padded(body: dict[str, Any]) -> dict[str, Any]:
    """With as much padding as makes BYTES of it."""
    return body | {"pad": "x" * max(0, BYTES - len(json.dumps(body | {"pad": ""})))}


def commands() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def answer(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def bare_server(port: int) -> None:
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    async def stay(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def main() -> None:
        async with serve(stay, "127.0.0.1", port, ping_interval=None) as serving:
            answer(url=f"http://127.0.0.1:{port}")
            asked = commands()
            while (one := await asyncio.to_thread(next, asked, None)) is not None:
                for _ in range(one["count"]):
                    broadcast(serving.connections, json.dumps(padded({"type": "event", "t": time.monotonic()})))
                    await asyncio.sleep(one["every_s"])
                answer(positions=[])

    asyncio.run(main())


def our_server(port: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "soc.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    import uvicorn

    from bench import console_cast
    from soc.core.feed import audiences
    from soc.core.models import Organisation
    from soc.core.rights import Act

    organisation, _made = Organisation.objects.get_or_create(name=console_cast.CENTRE)
    cookies = [cookie for _user, cookie in console_cast.operators(OPERATORS)]
    usual = audiences.face("ops")
    ours = audiences.Face(
        "ops", Act.CONSOLE, frozenset({"bench.told"}), lambda event: {"t": time.monotonic(), "pad": PAD},
        lambda user: {"rows": [], "beyond": None},
        usual.beat,
    )  # fmt: skip
    audiences.register(ours)
    config = uvicorn.Config(
        "soc.asgi:application", host="127.0.0.1", port=port, lifespan="off", ws_max_size=1 << 20, access_log=False,
        log_level="warning",
    )  # fmt: skip
    serving = uvicorn.Server(config)
    threading.Thread(target=lambda: tell(serving, organisation.pk, port, cookies), daemon=True).start()
    serving.run()


PAD: Final = "x" * 190  # with what the feed says around it: 500 bytes


def tell(serving: Any, organisation_id: Any, port: int, cookies: list[str]) -> None:
    from django.db import transaction

    from soc.core import chain, clock, events
    from soc.core.models import Event, Organisation

    pause = threading.Event()
    while not serving.started:
        pause.wait(0.05)
    while chain.seal():
        pass
    organisation = Organisation.objects.get(pk=organisation_id)
    answer(url=f"http://127.0.0.1:{port}", cookies=cookies)
    for one in commands():
        before = chain.head()[0]
        rounds, each = (1, one["count"]) if one["do"] == "burst" else (one["count"], 1)
        for _ in range(rounds):
            with transaction.atomic():
                for _message in range(each):
                    events.record("bench.told", organisation, by=None, at=clock.now())
            chain.seal()
            pause.wait(one.get("every_s", 0))
        told = Event.objects.filter(seq__gt=before, kind="bench.told").order_by("seq").values_list("seq", flat=True)
        answer(positions=list(told))


if __name__ == "__main__":
    {"ours": our_server, "bare": bare_server}[sys.argv[1]](int(sys.argv[2]))
