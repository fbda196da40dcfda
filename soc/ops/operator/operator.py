"""The operator's night, by a script: take what is offered, look, decide, speak, send somebody, record the outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from soc.ops.operator.feed import FeedClient
from soc.ops.operator.forms import Form, find, forms

log = logging.getLogger(__name__)

MEDIA = re.compile(r"/media/[0-9a-f-]{36}")
SOON_S = 20.0


class Missing(AssertionError):
    """A stage of the line did not answer as it should. The message says which."""


class Operator:
    """One scripted operator. `handled` holds the ids closed; `missing` what went wrong, in words."""

    def __init__(self, url: str, username: str, password: str, *, authority: str | None = None) -> None:
        self.url, self.username, self.password = url, username, password
        tls = ssl.create_default_context(cafile=authority) if authority else None
        self.http = httpx.AsyncClient(
            base_url=url, verify=tls if tls else True, follow_redirects=True, timeout=10, trust_env=False
        )
        self.feed = FeedClient(url, self._cookies, on=self._hear, tls=tls)
        self.rows: dict[str, dict[str, Any]] = {}
        self.me = ""
        self.handled: list[str] = []
        self.missing: list[str] = []
        self.busy: str | None = None
        self._news = asyncio.Event()
        self._painted: set[str] = set()
        self.told: set[str] = set()  # every incident this operator's screen was told of

    # --- coming in

    async def sit_down(self) -> None:
        """Log in by the form, open the console, start the shift."""
        page = await self.http.get("/login/")
        await self._send(page.text, "", username=self.username, password=self.password)
        console = await self.http.get("/console/")
        if console.status_code != 200:
            raise Missing(f"the console answered {console.status_code} after log-in")
        found = re.search(r'"me":\s*"([0-9a-f-]{36})"', console.text)
        if not found:
            raise Missing("the console does not say who is logged in")
        self.me = found[1]
        page = await self.http.get("/console/shift/", headers={"X-Requested-With": "fetch"})
        form = find(page.text, "/shift/start/")
        if form is None:
            return  # on shift already, from another of these
        tested = {"sound": "yes", "microphone": "none"}
        taken: dict[str, str | list[str]] = {**form.values, **tested, "accepted": form.options.get("accepted", [])}
        answer = await self._post(form.action, taken)
        if answer.status_code != 200:
            raise Missing(f"the shift did not start: {_words(answer.text)}")

    def _cookies(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    async def _post(self, path: str, values: Mapping[str, str | list[str]]) -> httpx.Response:
        headers = {
            "X-CSRFToken": self.http.cookies.get("csrftoken") or "",
            "X-Requested-With": "fetch",
            "Referer": f"{self.url}/console/",
        }
        return await self.http.post(path, data=values, headers=headers)

    async def _send(self, html: str, ending: str, **values: str) -> httpx.Response:
        form = find(html, ending) if ending else next((f for f in forms(html) if f.method == "post"), None)
        if form is None:
            raise Missing(f"the page has no form {ending}")
        action = form.action or "/login/"
        headers = {"Referer": f"{self.url}{action}"}
        return await self.http.post(action, data={**form.values, **values}, headers=headers)

    # --- hearing

    def _hear(self, said: dict[str, Any]) -> None:
        if said["type"] == "snapshot":
            self.rows = {row["incident"]: row for row in said["rows"]}
        elif said.get("incident"):
            self.rows[said["incident"]] = said
        self.told |= self.rows.keys()
        self._news.set()

    def next_row(self) -> dict[str, Any] | None:
        """What this operator holds already, or may claim now: offered to me, or open to all; most urgent, then oldest."""
        mine = [
            row
            for row in self.rows.values()
            if (row["owner"] == self.me and row["state"] in ("claimed", "working"))
            or (row["state"] == "open" and (row["offered_to"] in ("", self.me) or row["escalation"] >= 1))
        ]
        return min(mine, key=lambda row: (row["priority"], row["queued"])) if mine else None

    # --- working

    async def work(self, until: Callable[[], bool]) -> None:
        """Handle what comes until `until()`; what is missing is noted and the night goes on."""
        while not until():
            row = self.next_row()
            if row is None:
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.3)
                continue
            self.busy = row["incident"]
            try:
                await self.handle(row)
            except Missing as error:
                self.missing.append(str(error))
                log.error("%s", error)
                self.rows.pop(row["incident"], None)
            except httpx.HTTPError as error:
                log.warning("the web answered with %s, trying again", type(error).__name__)
                await asyncio.sleep(0.5)
            finally:
                self.busy = None

    async def handle(self, row: dict[str, Any]) -> None:
        """One incident from offer to outcome."""
        pk = row["incident"]
        base = f"/console/incidents/{pk}/"
        if pk not in self._painted:
            await self._post(f"{base}painted/", {"at": _now(), "by": "script"})
            self._painted.add(pk)
        facts = await self._facts(pk)
        if facts["family"] == "intrusion":
            await self._see(base)
        claimed = await self._post(f"{base}claim/", {})
        if claimed.status_code == 409:
            self.rows.pop(pk, None)  # a colleague was quicker
            return
        await self._act(base, "decide", verdict="real")
        if facts["family"] == "intrusion":
            await self._respond(base, pk)
        await self._finish(base, pk, facts)
        self.handled.append(pk)
        self.rows.pop(pk, None)

    async def _see(self, base: str) -> None:
        """Wait for the first picture or clip and say that it is on the screen."""
        pane = await self._until(lambda: self._get(base), lambda text: bool(MEDIA.search(text)), "evidence in the pane")
        found = MEDIA.search(pane)
        assert found is not None
        answer = await self.http.get(found[0])
        if answer.status_code not in (200, 206) or not answer.content:
            raise Missing(f"evidence answered {answer.status_code}")
        await self._post(f"{base}evidence-shown/", {"at": _now(), "by": "script"})

    async def _respond(self, base: str, pk: str) -> None:
        """Challenge over the speaker, if the site has one; send the first responder; say that somebody comes."""
        await self._talk(base, pk, 0)
        send = find(await self._get(base), "/send")
        if send is None or not _offers(send, "responder"):
            return
        if not await self._submit(send, choose={"responder": 0}):
            return
        accepted = "responder_accepted"
        await self._until(lambda: self._facts(pk), lambda f: bool(f["clock"][accepted]), "a responder's acceptance")
        await self._talk(base, pk, -1)

    async def _talk(self, base: str, pk: str, message: int) -> None:
        talk = find(await self._get(base), "/talk")
        if talk is None or not (_offers(talk, "camera") and _offers(talk, "message")):
            return
        if await self._submit(talk, choose={"message": message, "camera": 0}):
            sent = "audio_sent"
            await self._until(lambda: self._facts(pk), lambda f: bool(f["clock"][sent]), "the challenge sent")

    async def _finish(self, base: str, pk: str, facts: dict[str, Any]) -> None:
        await self._post(f"{base}note/", {"text": "Handled by a script.", **await self._hidden(base)})
        for _ in range(12):
            pane = await self._get(base)
            step = find(pane, "/step-done")
            if step is None or not await self._submit_ok(step):
                break
        outcome = "genuine.deterred_by_voice" if facts["family"] == "intrusion" else "technical.camera"
        if facts["family"] == "panel":
            outcome = "genuine.attempt_only"
        closed = await self._post(
            f"{base}close/",
            {
                **await self._hidden(base),
                "outcome": outcome,
                "site_state": "secure",
                "summary": "A person entered the yard, was challenged over the loudspeaker and left.",
            },
        )
        if closed.status_code != 200:
            raise Missing(f"closing {facts['reference']} was refused: {_words(closed.text)}")

    # --- small things

    async def _get(self, path: str) -> str:
        answer = await self.http.get(path, headers={"X-Requested-With": "fetch"})
        if answer.status_code != 200:
            raise Missing(f"{path} answered {answer.status_code}")
        return answer.text

    async def _facts(self, pk: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/incidents/{pk}")
        if answer.status_code != 200:
            raise Missing(f"the API answered {answer.status_code} for an incident")
        return dict(answer.json())

    async def _hidden(self, base: str) -> dict[str, str]:
        """Token and dedup as the pane has them now."""
        pane = await self._get(base)
        for form in forms(pane):
            if "token" in form.values:
                return {key: form.values[key] for key in ("token", "dedup") if key in form.values}
        raise Missing("the pane carries no token after the claim")

    async def _act(self, base: str, verb: str, **values: str) -> None:
        answer = await self._post(f"{base}{verb}/", {**await self._hidden(base), **values})
        if answer.status_code != 200:
            raise Missing(f"{verb} was refused: {_words(answer.text)}")

    async def _submit(self, form: Form, choose: dict[str, int]) -> bool:
        """Press what the page offers; False when it was refused (a message still plays, a phone still rings)."""
        values = dict(form.values)
        for name, index in choose.items():
            offered = [option for option in form.options.get(name, []) if option]
            if offered:
                values[name] = offered[index]
        answer = await self._post(form.action, values)
        if answer.status_code == 409:
            log.warning("%s was refused: %s", form.action, _words(answer.text))
        elif answer.status_code != 200:
            raise Missing(f"{form.action} answered {answer.status_code}: {_words(answer.text)}")
        return answer.status_code == 200

    async def _submit_ok(self, form: Form) -> bool:
        values = dict(form.values)
        for name, offered in form.options.items():
            values.setdefault(name, next((option for option in offered if option), ""))
        return (await self._post(form.action, values)).status_code == 200

    async def _until(self, look: Callable[[], Awaitable[Any]], good: Callable[[Any], bool], what: str) -> Any:
        limit = time.monotonic() + SOON_S
        while True:
            found = await look()
            if good(found):
                return found
            if time.monotonic() > limit:
                raise Missing(f"{what} did not come within {SOON_S:.0f} s")
            await asyncio.sleep(0.15)

    async def leave(self) -> None:
        self.feed.stop()
        await self.http.aclose()


def _offers(form: Form, name: str) -> bool:
    return bool(form.values.get(name) or any(form.options.get(name, [])))


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _words(html: str) -> str:
    """The readable part of an answer, for a message."""
    found = re.search(r"data-refused[^>]*>(.*?)</", html, re.S)
    text = re.sub(r"<[^>]+>", " ", found[1] if found else html)
    return re.sub(r"\s+", " ", text).strip()[:240]
