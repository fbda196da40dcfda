"""One call's life: it rings, is answered or not, hears its instructions, presses keys, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin

from soc.demo.clock import now
from soc.demo.phone import records
from soc.demo.phone.couriers import Courier, Unreachable
from soc.demo.phone.records import Call, Line, Policy, Script
from soc.demo.phone.twiml import Invalid, Verb, parse

LONGEST_CALL_S = 600.0
MOST_DOCUMENTS = 50  # a redirect to itself would never end
LONGEST_SPEECH_S = 20.0
PLAYED_BYTES_S = 16_000.0
APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
BEFORE_INITIATED_S = 0.05
BEFORE_RINGING_S = 0.15


class HungUp(Exception):
    """The instructions end the call here."""


class Runner:
    """Runs one call from dialling to its end."""

    def __init__(
        self,
        call: Call,
        *,
        account: str,
        courier: Courier,
        policy: Callable[[], Policy],
        speech_s: float,
        changed: Callable[[], None],
    ) -> None:
        self.call = call
        self._account = account
        self._courier = courier
        self._policy = policy
        self._speech_s = speech_s  # seconds a spoken character takes
        self._changed = changed
        self._presses = 0

    async def run(self) -> None:
        """The whole life. Always ends in one of the final states."""
        call = self.call
        try:
            await asyncio.sleep(BEFORE_INITIATED_S)
            self._tell("initiated", "initiated")
            await asyncio.sleep(BEFORE_RINGING_S)
            if not call.wish and self._policy().kind == records.FAIL:
                self._end(records.FAILED)
                return
            if not call.wish:
                self._become(records.RINGING)
                self._tell("ringing", records.RINGING)
            outcome = await self._ring()
            if outcome != records.IN_PROGRESS:
                self._end(outcome)
                return
            call.started = now()
            self._become(records.IN_PROGRESS)
            self._tell("answered", records.IN_PROGRESS)
            await self._talk()
            self._end(records.COMPLETED)
        finally:
            if call.status not in records.ENDED:
                self._end(records.FAILED)

    # -- ringing -------------------------------------------------------------------------------------------------

    async def _ring(self) -> str:
        call = self.call
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not call.wish:
            policy = self._policy()
            rung_s = loop.time() - began
            if policy.kind == records.ANSWER and rung_s >= policy.answer_after_s:
                return records.IN_PROGRESS
            if policy.kind == records.DECLINE and rung_s >= min(policy.answer_after_s, 1.0):
                return records.BUSY
            if rung_s >= call.timeout_s:
                return records.NO_ANSWER
            # A policy may be changed while it rings, so the wait is short.
            await _within(call.wished.wait(), min(0.1, call.timeout_s - rung_s))
        return {"answer": records.IN_PROGRESS, "decline": records.BUSY}.get(call.wish, records.CANCELED)

    # -- talking -------------------------------------------------------------------------------------------------

    async def _talk(self) -> None:
        """Follow the instructions until they end, somebody hangs up, or new instructions replace them."""
        call = self.call
        while not call.over.is_set():
            call.redirected.clear()
            talk = asyncio.ensure_future(self._follow(call.script))
            over = asyncio.ensure_future(call.over.wait())
            redirected = asyncio.ensure_future(call.redirected.wait())
            tasks: list[asyncio.Future[Any]] = [talk, over, redirected]
            try:
                await asyncio.wait(tasks, timeout=LONGEST_CALL_S, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                call.wants_keys = False
            if isinstance(results[0], Exception) and not isinstance(results[0], HungUp):
                raise results[0]
            if not call.redirected.is_set():
                return

    async def _follow(self, script: Script) -> None:
        try:
            if script.url:
                await self._follow_url(script.url, script.method, {})
            else:
                await self._execute(parse(script.twiml), "")
        except (Invalid, Unreachable) as error:
            self._note(str(error))
            if not script.fallback_url:
                await self._say(APPLICATION_ERROR)
                return
            try:
                await self._follow_url(script.fallback_url, script.fallback_method, {})
            except (Invalid, Unreachable) as second:
                self._note(str(second))
                await self._say(APPLICATION_ERROR)

    async def _follow_url(self, url: str, method: str, extra: dict[str, str], depth: int = 0) -> None:
        if depth >= MOST_DOCUMENTS:
            raise Invalid("the instructions go in circles")
        document = await self._courier.fetch_text(url, method, self._params(records.IN_PROGRESS) | extra)
        await self._execute(parse(document), url, depth)

    async def _execute(self, verbs: Sequence[Verb], base: str, depth: int = 0) -> None:
        """Follow the verbs; a Redirect or pressed keys leave them for another document."""
        for verb in verbs:
            if verb.name == "Hangup":
                raise HungUp
            if verb.name == "Reject":
                self._note("Reject is for incoming calls; hung up")
                raise HungUp
            if verb.name == "Redirect":
                await self._leave_for(verb.text, verb, base, {}, depth)
                return
            if verb.name == "Gather":
                pressed = await self._gather(verb)
                if pressed or verb.attributes.get("actionOnEmptyResult") == "true":
                    extra = {"Digits": pressed, "FinishedOnKey": ""}
                    await self._leave_for(verb.attributes.get("action", ""), verb, base, extra, depth)
                    return
            else:
                await self._perform(verb)

    async def _leave_for(self, target: str, verb: Verb, base: str, extra: dict[str, str], depth: int) -> None:
        url = urljoin(base, target) if target else base
        if not url.startswith(("http://", "https://")):
            raise Invalid(f"{verb.name} leads nowhere: the instructions have no address of their own")
        method = verb.attributes.get("method", "POST").upper()
        await self._follow_url(url, method, extra, depth + 1)

    async def _perform(self, verb: Verb) -> None:
        times = int(verb.number("loop", 1)) or 10
        if verb.name == "Say":
            for _ in range(min(times, 10)):
                await self._say(verb.text)
        elif verb.name == "Pause":
            await asyncio.sleep(min(verb.number("length", 1), LONGEST_CALL_S))
        elif verb.name == "Play" and verb.text:
            for _ in range(min(times, 10)):
                await self._play(verb.text)

    async def _say(self, text: str) -> None:
        self._hear("say", text)
        await asyncio.sleep(min(len(text) * self._speech_s, LONGEST_SPEECH_S))

    async def _play(self, url: str) -> None:
        size = await self._courier.fetch_sound(url)
        self._hear("play", f"{url} ({size} bytes)")
        await asyncio.sleep(min(size / PLAYED_BYTES_S, LONGEST_SPEECH_S) if self._speech_s else 0)

    async def _gather(self, verb: Verb) -> str:
        """Read out what is inside, then wait for keys; a key stops the reading."""
        call = self.call
        wanted = int(verb.number("numDigits", 0))
        timeout_s = verb.number("timeout", 5)
        finish = verb.attributes.get("finishOnKey", "#")
        while not call.keys.empty():
            call.keys.get_nowait()
        call.wants_keys = True
        self._changed()
        presser = asyncio.ensure_future(self._press_by_policy())
        reading = asyncio.ensure_future(self._read_out(verb.inner))
        pressed = ""
        try:
            while not (wanted and len(pressed) >= wanted):
                key = await self._next_key(reading, timeout_s)
                if key is None or key == finish:
                    break
                pressed += key
            return pressed
        finally:
            call.wants_keys = False
            presser.cancel()
            reading.cancel()
            results = await asyncio.gather(presser, reading, return_exceptions=True)
            self._changed()
            for result in results:
                if isinstance(result, Exception):
                    raise result

    async def _next_key(self, reading: asyncio.Future[None], timeout_s: float) -> str | None:
        """The next key; the time-out runs from the end of the reading or from the last key."""
        key = asyncio.ensure_future(self.call.keys.get())
        try:
            if not reading.done():
                both: list[asyncio.Future[Any]] = [key, reading]
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if key.done():
                    reading.cancel()
            if not key.done():
                await asyncio.wait([key], timeout=timeout_s)
            return key.result() if key.done() else None
        finally:
            key.cancel()

    async def _read_out(self, verbs: Sequence[Verb]) -> None:
        for verb in verbs:
            await self._perform(verb)

    async def _press_by_policy(self) -> None:
        policy = self._policy()
        if policy.kind != records.ANSWER or self._presses >= len(policy.press):
            return
        keys = policy.press[self._presses]
        self._presses += 1
        await asyncio.sleep(policy.press_after_s)
        for key in keys:
            self._hear("pressed", key)
            self.call.keys.put_nowait(key)

    # -- telling -------------------------------------------------------------------------------------------------

    def _become(self, status: str) -> None:
        self.call.status = status
        self.call.updated = now()
        self._changed()

    def _end(self, status: str) -> None:
        self.call.ended = now()
        self._become(status)
        self._tell(records.COMPLETED, status)

    def _hear(self, kind: str, text: str) -> None:
        self.call.heard.append(Line(now(), kind, text))
        self._changed()

    def _note(self, text: str) -> None:
        self._hear("note", text)

    def _params(self, status: str) -> dict[str, str]:
        call = self.call
        return {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": status,
            "Called": call.to,
            "Caller": call.sender,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
        }

    def _tell(self, event: str, status: str) -> None:
        """Tell the listener of an event it asked for."""
        call = self.call
        if not call.listener.url or event not in call.listener.events:
            return
        params = self._params(status) | {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.told),
            "Timestamp": rfc2822(now()),
        }
        if event == records.COMPLETED:
            seconds = call.duration_s or 0
            params |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
            params["SipResponseCode"] = {"busy": "486", "no-answer": "487", "canceled": "487"}.get(
                status, "404" if status == records.FAILED else "200"
            )
        call.told += 1
        self._courier.tell(call.sid, call.listener.url, call.listener.method, params)


def rfc2822(at: datetime) -> str:
    """As Twilio writes times: Tue, 31 Aug 2010 20:36:28 +0000."""
    return format_datetime(at)


async def _within(wait: object, seconds: float) -> None:
    """Wait for something, but not for longer."""
    try:
        await asyncio.wait_for(wait, max(0.0, seconds))  # type: ignore[arg-type]
    except TimeoutError:
        return
