"""An alarm panel: posts its signals to the product's REST door, and a heartbeat every minute."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass

import aiohttp

from soc.demo.clock import iso, now

log = logging.getLogger("soc.demo.panel")

KINDS = ("alarm", "restore", "open", "close", "hold_up", "test", "heartbeat")
HEARTBEAT_S = 60.0
TIMEOUT_S = 10.0
RETRY_S = 2.0
ATTEMPTS = 3


class NoAnswer(Exception):
    """The door could not be reached."""


@dataclass(frozen=True)
class Answer:
    """What the door said to a signal."""

    status: int
    body: str


class Panel:
    """One panel with its key, which is one source of the product."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/") + "/api/signals"
        self._key = key
        self._session: aiohttp.ClientSession | None = None
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with the heartbeats."""
        self._beating = asyncio.create_task(self._beat(), name="panel")

    async def close(self) -> None:
        """Stop."""
        if self._beating:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def send(self, kind: str, *, zone: str = "", text: str = "", dedup: str = "") -> Answer:
        """Send one signal, again with the same ``dedup`` while the door is closed. Raises NoAnswer, ValueError."""
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        signal = {
            "kind": kind,
            "dedup": dedup or secrets.token_hex(8),
            "at": iso(now()),
            "zone": zone,
            "text": text,
        }
        error: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(RETRY_S)
            try:
                answer = await self._post(signal)
            except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                error = problem
                continue
            if answer.status not in (429, 503) or attempt == ATTEMPTS - 1:
                return answer
        raise NoAnswer(f"{self._url}: {error or 'no answer'}")

    async def _post(self, signal: dict[str, str | None]) -> Answer:
        self._session = self._session or aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), headers={"Authorization": f"Key {self._key}"}
        )
        async with self._session.post(self._url, json=signal) as response:
            return Answer(response.status, await response.text())

    async def _beat(self) -> None:
        while True:
            try:
                answer = await self.send("heartbeat")
                if answer.status >= 300:
                    log.warning("heartbeat answered %s: %s", answer.status, answer.body[:200])
            except NoAnswer as error:
                log.warning("heartbeat: %s", error)
            await asyncio.sleep(HEARTBEAT_S)
