"""A client of the live feed that keeps account of every position: what a page does, and proof that it missed nothing."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.typing import Origin

SILENCE_S = 5.0  # no beat for so long: the connection is dead, whatever TCP says


@dataclass
class Account:
    """What one audience was sent: where it began, and each position since, with the instant it came."""

    began: int
    last: int
    came: dict[int, float] = field(default_factory=dict)


class FeedClient:
    """Follows the feed over lost sockets until stopped; `on` is given every snapshot and every event, once.

    resync=False makes a client that never asks for what it missed: the variant that a test must catch.
    """

    def __init__(
        self,
        url: str,
        cookies: Callable[[], str],
        *,
        on: Callable[[dict[str, Any]], None],
        resync: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url.replace("http", "ws", 1) + "/ws/feed"
        self.origin = url
        self.cookies, self.on, self.resync, self.tls = cookies, on, resync, tls
        self.accounts: dict[str, Account] = {}
        self.connections = 0
        self.skew_s = 0.0
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._follow()
            except (OSError, websockets.WebSocketException, TimeoutError):
                await asyncio.sleep(random.uniform(0.1, 0.6))

    async def _follow(self) -> None:
        headers = {"Cookie": self.cookies()}
        async with websockets.connect(
            self.url,
            origin=Origin(self.origin),
            additional_headers=headers,
            ssl=self.tls,
            max_size=None,
            open_timeout=5,
            proxy=None,
        ) as socket:
            self.connections += 1
            last = {key: account.last for key, account in self.accounts.items()}
            if self.resync or not last:
                await socket.send(json.dumps({"type": "resume", "last": last}))
            while not self._stop.is_set():
                stopping = asyncio.ensure_future(self._stop.wait())
                receiving = asyncio.ensure_future(socket.recv())
                done, _ = await asyncio.wait(
                    {stopping, receiving}, timeout=SILENCE_S, return_when=asyncio.FIRST_COMPLETED
                )
                stopping.cancel()
                if receiving not in done:
                    receiving.cancel()
                    if self._stop.is_set():
                        return
                    raise TimeoutError
                await self._take(socket, json.loads(receiving.result()))

    async def _take(self, socket: Any, said: dict[str, Any]) -> None:
        kind = said["type"]
        if kind == "snapshot":
            for key, head in said["heads"].items():
                account = self.accounts.setdefault(key, Account(head, head))
                # A snapshot after a long absence stands for everything up to its head.
                for seq in range(account.last + 1, head + 1):
                    account.came.setdefault(seq, time.time())
                account.last = max(account.last, head)
            self.on(said)
        elif kind == "event":
            known = self.accounts.get(said["audience"])
            if known is None or said["seq"] <= known.last:
                return  # before the first snapshot, or sent twice
            account = known
            if said["prev"] != account.last and self.resync:
                await self._resume(socket)
                return
            account.last = said["seq"]
            account.came[said["seq"]] = time.time()
            self.on(said)
        elif kind == "beat":
            # As a page does: who does not answer is not there, and who touches nothing is asked whether they are.
            await socket.send(json.dumps({"type": "ping", "visible": True, "active": True}))
            behind = any(head > self.accounts[key].last for key, head in said["heads"].items() if key in self.accounts)
            if behind and self.resync:
                await self._resume(socket)

    async def _resume(self, socket: Any) -> None:
        last = {key: account.last for key, account in self.accounts.items()}
        await socket.send(json.dumps({"type": "resume", "last": last}))

    def missed(self, audience: str, positions: list[int]) -> list[int]:
        """Of the positions that the record holds for this audience, those this client never got."""
        account = self.accounts[audience]
        return [seq for seq in positions if seq > account.began and seq not in account.came]
