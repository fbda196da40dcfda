"""What a console's page does, without a browser: its socket, its refetches and its reports, as static/js/feed.js, desk.js and
console.js have them. Hundreds of these fit into one process.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

GAP_S: Final = 0.5  # at most one fetch of the open incident in this time, or in twice what the last one took
MOST_GAP_S: Final = 5.0
ANYTHING: Final = 0
ROOM: Final = 5  # rows in sight on a narrow screen
ANEW_S, FEW = 15.0, 8  # where more waits than is here: asked again so often, or sooner where so few are left
HELD: Final = {"claimed", "working", "waiting"}
ANSWER_S: Final = 30.0
UP_S: Final = 120.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Http:
    """One connection to the server, kept open as a browser keeps it; one request at a time."""

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, cookies: dict[str, str] | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._common = "".join(
            f"{name}: {value}\r\n" for name, value in {"Host": parts.netloc, **(headers or {})}.items()
        )
        self.cookies = {} if cookies is None else cookies
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._turn = asyncio.Lock()

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Raises OSError, TimeoutError; the next request then opens the connection anew."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        if self.cookies:
            extra += f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}\r\n"
        head = f"{method} {path} HTTP/1.1\r\n{self._common}{extra}Content-Length: {len(body)}\r\n\r\n"
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER_S):
                    try:
                        return await self._exchange(head.encode() + body)
                    except (asyncio.IncompleteReadError, ConnectionError):
                        # The server lets go of a connection on which nothing was asked for some seconds, as browsers know.
                        self.close()
                        return await self._exchange(head.encode() + body)
            except BaseException:
                self.close()
                raise

    async def _exchange(self, request: bytes) -> Answer:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        assert self._reader is not None
        self._writer.write(request)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        headers = {
            name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines if line)
        }
        if cookie := re.match(r"([^=]+)=([^;]+)", headers.get("set-cookie", "")):
            self.cookies[cookie[1]] = cookie[2]
        body = b""
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int((await self._reader.readline()).split(b";")[0], 16):
                body += (await self._reader.readexactly(size + 2))[:-2]
            await self._reader.readline()
        elif length := int(headers.get("content-length", "0")):
            body = await self._reader.readexactly(length)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


@dataclass
class Heard:
    """When this page got what, monotonic s: each push by incident and kind, in order, with its event; each event of
    the open incident by when a pane first had it. `panes`: how many were fetched, and shown."""

    pushes: dict[tuple[str, str], list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    contained: dict[int, float] = field(default_factory=dict)
    at: dict[int, float] = field(default_factory=dict)  # position → when
    heads: list[tuple[int, float]] = field(default_factory=list)  # of each snapshot, with when
    panes: int = 0
    gaps: int = 0
    snapshots: int = 0
    painted: int = 0
    seen: dict[str, float] = field(default_factory=dict)  # incident → when its row was first in sight


class ConsolePage:
    """One operator's page. `cookie`: their session. Nothing is asked of it but to be open; `note` is what its operator types."""

    def __init__(self, url: str, user: str, cookie: str, *, handles: bool = True) -> None:
        self.url, self.user, self.handles = url, user, handles
        self.heard = Heard()
        self.rows: dict[str, dict[str, Any]] = {}
        self.last: dict[str, int] = {}
        self.open = ""
        self.mine = False
        self._cookie = f"sessionid={cookie}"
        jar = {"sessionid": cookie}
        self._early: list[dict[str, Any]] = []
        self._behind = False
        self._beyond: dict[str, Any] | None = None
        self._asked = 0.0
        self._waiting: asyncio.Task[None] | None = None
        self._fetched = float("-inf")
        self._took = 0.0
        self._acting = self._acted = 0
        self._due: set[int] = set()
        self._seen: set[int] = set()
        self._told: set[str] = set()
        self._pictured: set[str] = set()
        self._jobs: set[asyncio.Task[None]] = set()
        self._token = ""
        self._socket: ClientConnection | None = None
        self._ready = asyncio.Event()
        self.ended = False
        self.http = Http(url, {"X-Requested-With": "fetch"}, jar)
        # A browser's reports go beside its fetches.
        self.beside = Http(url, {"X-Requested-With": "fetch"}, jar)

    async def run(self) -> None:
        """Until `leave`: reconnects as the page does, with what it has heard of."""
        page = await self.http.ask("GET", "/console/")
        token = re.search(r'data-csrf="([^"]+)"', page.body.decode())
        if page.status != 200 or token is None:
            raise RuntimeError(f"the console was answered {page.status}")
        self._token = token[1]
        address = self.url.replace("http", "ws", 1) + "/ws/feed"
        while not self.ended:
            try:
                async with connect(
                    address, origin=Origin(self.url), additional_headers={"Cookie": self._cookie}, proxy=None, max_size=None,
                    ping_interval=None, compression=None,
                ) as socket:  # fmt: skip
                    self._socket = socket
                    await self._send({"type": "resume", "last": self.last})
                    await self._ping()
                    async for text in socket:
                        await self._hear(json.loads(text))
            except (ConnectionClosed, OSError):
                await asyncio.sleep(0.25)

    async def ready(self) -> None:
        """Until the first snapshot is here and the page has opened what it opens by itself. Raises RuntimeError."""
        try:
            async with asyncio.timeout(UP_S):
                await self._ready.wait()
        except TimeoutError:
            said = f"{self.heard.snapshots} snapshots, {self.open or 'nothing'} open, {self.heard.panes} panes"
            raise RuntimeError(f"a page is not up after {UP_S:.0f} s: {said}") from None

    @property
    def busy(self) -> bool:
        """Whether anything is asked, or about to be."""
        return self._waiting is not None or bool(self._jobs)

    async def cut(self) -> None:
        """The line breaks: the page comes back by itself."""
        if self._socket is not None:
            await self._socket.close()

    async def leave(self) -> None:
        self.ended = True
        await self.cut()
        for job in (*self._jobs, *filter(None, [self._waiting])):
            job.cancel()
        self.http.close()
        self.beside.close()

    # --- feed.js

    async def _send(self, body: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(body))

    async def _ping(self) -> None:
        body = {"type": "ping", "t": round(time.time() * 1000), "visible": True, "active": True, "open": self.open}
        await self._send(body)

    async def _hear(self, said: dict[str, Any]) -> None:
        kind = said["type"]
        if kind == "snapshot":
            self._snapshot(said)
            for event in self._early:
                await self._event(event)
            self._early.clear()
        elif kind == "event":
            await self._event(said)
        elif kind == "beat":
            await self._ping()
            await self._beat(said)

    async def _event(self, said: dict[str, Any]) -> None:
        now = time.monotonic()
        if not self.last:
            self._early.append(said)
            return
        audience, known = said["audience"], self.last.get(said["audience"])
        if known is not None and said["seq"] <= known:
            return
        if known is None or said["prev"] != known:
            self.heard.gaps += 1
            await self._send({"type": "resume", "last": self.last})
            return
        self.last[audience] = said["seq"]
        self.heard.at[said["seq"]] = now
        if said.get("stale"):
            self.last = {}
            await self._send({"type": "resume", "last": {}})
        elif said.get("incident"):
            self.heard.pushes[said["incident"], said["kind"]].append((now, said["id"]))
            self._update(said)

    async def _beat(self, said: dict[str, Any]) -> None:
        behind = bool(self.last) and any(head > self.last.get(key, -1) for key, head in said["heads"].items())
        if behind and self._behind:
            await self._send({"type": "resume", "last": self.last})
        self._behind = behind and not self._behind
        if self._thin():
            self.last = {}
            await self._send({"type": "resume", "last": {}})

    # --- strip.js and console.js

    def _snapshot(self, said: dict[str, Any]) -> None:
        self.heard.snapshots += 1
        self.last = dict(said["heads"])
        self.heard.heads.append((max(self.last.values(), default=0), time.monotonic()))
        self.rows = {row["incident"]: row for row in said["rows"]}
        self._beyond, self._asked = said["beyond"], time.monotonic()
        self._look()
        if self.open:
            self.refresh()
        self._settle()
        if not self.open:
            self._ready.set()

    def _update(self, row: dict[str, Any]) -> None:
        if row["state"] == "closed":
            self.rows.pop(row["incident"], None)
        else:
            self.rows[row["incident"]] = row
        self._look()
        if row["incident"] == self.open and row["id"] not in self._seen:
            self.refresh(row["id"])
        self._settle()

    def _thin(self) -> bool:
        if self._beyond is None:
            return False
        few = sum(row["state"] == "open" for row in self.rows.values()) < FEW and self._beyond["waiting"]
        return time.monotonic() - self._asked > (1.0 if few else ANEW_S)

    def _in_order(self) -> list[dict[str, Any]]:
        return sorted(self.rows.values(), key=lambda row: (row["priority"], row["turn"]))

    def _claimable(self) -> list[dict[str, Any]]:
        rows = [row for row in self._in_order() if row["state"] == "open"]
        mine = [row for row in rows if row["offered_to"] in ("", self.user) or row["escalation"]]
        return sorted(mine, key=lambda row: (row["priority"], row["offered_to"] != self.user)) if self.handles else []

    def _look(self) -> None:
        """What has come into sight; of what may be claimed, that is reported once."""
        shown = [row for row in self._in_order() if row["state"] != "parked"]
        shown.sort(key=lambda row: row["incident"] != self.open)
        in_sight = {row["incident"] for row in shown[:ROOM]}
        now = time.monotonic()
        for pk in in_sight:
            self.heard.seen.setdefault(pk, now)
        for row in self._claimable():
            pk = row["incident"]
            if not row["painted"] and pk not in self._told and pk in in_sight:
                self._told.add(pk)
                self.heard.painted += 1
                self._beside(self._report(pk, "painted"))

    def _settle(self) -> None:
        mine = [row["incident"] for row in self._in_order() if row["owner"] == self.user and row["state"] in HELD]
        if self.open in mine or self.mine:
            return
        claimable = self._claimable()
        here = next((row for row in claimable if row["incident"] == self.open), None)
        if here is not None and claimable[0]["priority"] >= here["priority"] and not mine:
            return
        following = mine[0] if mine else claimable[0]["incident"] if claimable else ""
        if following and following != self.open:
            self.open = following
            self._due.clear()
            self._seen.clear()
            self._beside(self._fetch())

    # --- desk.js

    def refresh(self, why: int = ANYTHING) -> None:
        """`why`: an event that nothing shown has in it, or ANYTHING."""
        self._due.add(why)
        self._refresh()

    def _refresh(self) -> None:
        if self._waiting is not None or self._acting or not self.open or not self._due:
            return
        gap = min(MOST_GAP_S, max(GAP_S, 2 * self._took))
        self._waiting = asyncio.create_task(self._soon(max(0.0, gap - (time.monotonic() - self._fetched))))

    async def _soon(self, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        self._waiting = None
        if self._due and not self._acting:
            self._beside(self._fetch())

    def _shown(self, pane: Answer, before: set[int]) -> None:
        """A pane of the open incident has come; `before`: why it was asked for."""
        events = {int(word) for word in pane.headers.get("x-events", "").split()}
        self._due -= before | events
        self._seen = events
        now = time.monotonic()
        for event in events:
            self.heard.contained.setdefault(event, now)

    async def _fetch(self) -> None:
        pk, began, acted, before = self.open, time.monotonic(), self._acted, set(self._due)
        self._fetched = began
        pane = await self.http.ask("GET", f"/console/incidents/{pk}/")
        if pk != self.open:
            return
        if pane.status != 200:
            raise RuntimeError(f"the pane was answered {pane.status}")
        self._took = time.monotonic() - began
        if acted == self._acted:  # else an act's answer is newer
            self.heard.panes += 1
            self._shown(pane, before)
        self._refresh()
        html = pane.body.decode()
        self.mine = 'data-mine="yes"' in html
        if pk not in self._pictured and 'data-evidence-shown="yes"' not in html and 'data-kind="snapshot"' in html:
            self._pictured.add(pk)
            if picture := re.search(r'data-url="([^"]+)"', html):
                await self.http.ask("GET", picture[1])
            await self._report(pk, "evidence-shown")
        self._ready.set()

    async def post(self, pk: str, verb: str, **values: str) -> Answer:
        """What the page sends."""
        form = {"csrfmiddlewaretoken": self._token, **values}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"{self.url}/console/",
            "Origin": self.url,
        }
        return await self.beside.ask("POST", f"/console/incidents/{pk}/{verb}/", urlencode(form).encode(), headers)

    async def act(self, pk: str, verb: str, **values: str) -> Answer:
        """What its operator does: the answer is the pane as it then is."""
        before = set(self._due)
        self._acting += 1
        try:
            answer = await self.post(pk, verb, **values)
        finally:
            self._acting -= 1
        if answer.status in (200, 409):
            self._acted += 1
            if pk == self.open:
                self._shown(answer, before)
        self._refresh()
        return answer

    async def _report(self, pk: str, what: str) -> None:
        answer = await self.post(pk, what, at=datetime.now(UTC).isoformat())
        if answer.status not in (204, 404):
            raise RuntimeError(f"{what} was answered {answer.status}")

    def _beside(self, work: Any) -> None:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._done)

    def _done(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()) is not None:
            print(f"a page failed: {error!r}", flush=True)
