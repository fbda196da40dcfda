"""Signed requests from the phone network to whoever placed a call, as Twilio makes them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import ssl
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from soc.demo.clock import now

log = logging.getLogger("soc.demo.phone")

TIMEOUT_S = 10.0
RETRIES_S = (0.5, 1.0, 2.0)
DISORDER_S = 1.0
LARGEST = 10_000_000
LARGEST_TEXT = 65_536


class Unreachable(Exception):
    """The other side did not answer, or not with success."""


@dataclass(frozen=True)
class Delivery:
    """One callback, as it was delivered or given up."""

    at: datetime
    url: str
    params: dict[str, str]
    status: int | None
    attempts: int


@dataclass
class Manners:
    """How callbacks are delivered: twice each, every other one late."""

    twice: bool = False
    disordered: bool = False


def sign(token: str, url: str, params: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted parameters, base64."""
    text = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Courier:
    """Makes the requests. One for the whole network; ``close`` ends what is still under way.

    ``authority`` is the certificate to trust for https addresses of a closed network.
    """

    def __init__(self, token: str, authority: Path | None = None) -> None:
        self._token = token
        self._tls = ssl.create_default_context(cafile=authority) if authority else None
        self.manners = Manners()
        self.deliveries: deque[Delivery] = deque(maxlen=2_000)
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: dict[str, int] = {}
        self._last: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Give up every delivery."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def tell(self, about: str, url: str, method: str, params: dict[str, str]) -> None:
        """Deliver a callback in the background, after the previous one of the same call or message."""
        count = self._counts.get(about, 0)
        self._counts[about] = count + 1
        late = self.manners.disordered and count % 2 == 0
        for _ in range(2 if self.manners.twice else 1):
            before = None if self.manners.disordered else self._last.get(about)
            task = self._spawn(self._deliver(before, DISORDER_S if late else 0.0, url, method, params))
            self._last[about] = task
            task.add_done_callback(lambda done: self._forget(about, done))

    async def fetch_text(self, url: str, method: str, params: dict[str, str]) -> str:
        """Ask for instructions. Raises Unreachable."""
        status, body = await self._request(url, method, params, LARGEST_TEXT)
        if status >= 400:
            raise Unreachable(f"{url} answered {status}")
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreachable(f"{url} answered what is no text") from error

    async def fetch_sound(self, url: str) -> int:
        """Fetch what shall be played; its size in bytes. Raises Unreachable."""
        status, body = await self._request(url, "GET", {}, LARGEST)
        if status >= 400:
            raise Unreachable(f"{url} answered {status}")
        return len(body)

    async def _deliver(
        self,
        before: asyncio.Task[None] | None,
        delay_s: float,
        url: str,
        method: str,
        params: dict[str, str],
    ) -> None:
        if before:
            await asyncio.wait([before])
        await asyncio.sleep(delay_s)
        status: int | None = None
        attempts = 0
        for pause_s in (*RETRIES_S, None):
            attempts += 1
            try:
                status, _ = await self._request(url, method, params, LARGEST_TEXT)
            except Unreachable as error:
                status = None
                log.warning("callback: %s", error)
            if pause_s is None or (status is not None and status < 500):
                break
            await asyncio.sleep(pause_s)
        self.deliveries.append(Delivery(now(), url, params, status, attempts))

    async def _request(self, url: str, method: str, params: dict[str, str], largest: int) -> tuple[int, bytes]:
        if method == "GET" and params:
            url += ("&" if "?" in url else "?") + urlencode(params)
            params = {}
        headers = {
            "X-Twilio-Signature": sign(self._token, url, params),
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        self._session = self._session or aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            connector=aiohttp.TCPConnector(ssl=self._tls or True),
        )
        try:
            async with self._session.request(
                # What was signed must be asked for, letter by letter.
                method,
                URL(url, encoded=True),
                data=urlencode(params).encode() if method == "POST" else None,
                headers=headers | ({"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}),
            ) as response:
                body = await response.content.read(largest + 1)
                while len(body) <= largest and not response.content.at_eof():
                    body += await response.content.read(largest + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{url}: {error or type(error).__name__}") from error
        if len(body) > largest:
            raise Unreachable(f"{url} answered more than {largest} bytes")
        return response.status, body

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget(self, about: str, done: asyncio.Task[None]) -> None:
        if self._last.get(about) is done:
            del self._last[about]
        if len(self._counts) > 10_000:
            self._counts.clear()
