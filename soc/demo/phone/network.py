"""The phone network: places calls, sends texts, and lets phones answer, decline, press keys and hang up."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from soc.demo.clock import now
from soc.demo.phone import records
from soc.demo.phone.calls import Runner
from soc.demo.phone.couriers import Courier
from soc.demo.phone.errors import Refused
from soc.demo.phone.records import Call, Duplicate, Line, Listener, Message, Phone, Policy, Script, sid

KEEP = 2_000
KEEP_PHONES = 500
KEYS = "0123456789*#"

T = TypeVar("T")


class NoSuchCall(Exception):
    """The phone has no call in the state that was needed."""


@dataclass(frozen=True)
class Settings:
    """How the network behaves. ``speech_s`` is the time a spoken character takes."""

    account: str
    token: str
    policy: Policy = field(default_factory=Policy)
    calls_per_second: float = 1.0
    speech_s: float = 0.03
    duplicate_window_s: float = 30.0
    authority: Path | None = None


class PhoneNetwork:
    """All state of the network, in memory and bounded; the counters go on counting."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.policy = settings.policy
        self.courier = Courier(settings.token, settings.authority)
        self.calls: OrderedDict[str, Call] = OrderedDict()
        self.messages: OrderedDict[str, Message] = OrderedDict()
        self.phones: OrderedDict[str, Phone] = OrderedDict()
        self.duplicates: deque[Duplicate] = deque(maxlen=KEEP)
        self.counters: Counter[str] = Counter()
        self.version = 0
        self._changes = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_dial_s = 0.0

    async def close(self) -> None:
        """End every call and callback."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.courier.close()

    # -- what is asked by the REST API ---------------------------------------------------------------------------

    def place(self, to: str, sender: str, script: Script, listener: Listener, timeout_s: float) -> Call:
        """Place a call; it rings as soon as the rate of calls allows."""
        at = now()
        call = Call(sid("CA"), to, sender, script, listener, timeout_s, created=at, updated=at)
        self._note_duplicate(call)
        _keep(self.calls, call.sid, call)
        self.phone(to).calls.append(call.sid)
        self.counters["calls"] += 1
        runner = Runner(
            call,
            account=self.settings.account,
            courier=self.courier,
            policy=lambda: self.phone(to).policy,
            speech_s=self.settings.speech_s,
            changed=self.changed,
        )
        self._spawn(self._dial(runner))
        self.changed()
        return call

    def send(self, to: str, sender: str, service: str, body: str, listener: str) -> Message:
        """Send a text; it is delivered at once."""
        at = now()
        message = Message(sid("SM"), to, sender, service, body, listener, at, at, "accepted" if service else "queued")
        _keep(self.messages, message.sid, message)
        self.phone(to).messages.append(message.sid)
        self.counters["messages"] += 1
        self._spawn(self._deliver(message))
        self.changed()
        return message

    def end(self, call: Call, status: str) -> None:
        """Cancel a call that is not answered yet, or complete one whatever its state. An ended call stays as it is."""
        if call.status in (records.QUEUED, records.RINGING):
            self._wish(call, "canceled")
        elif call.status == records.IN_PROGRESS and status == records.COMPLETED:
            call.over.set()

    def redirect(self, call: Call, script: Script) -> None:
        """Give a call in progress new instructions. Raises Refused."""
        if call.status != records.IN_PROGRESS:
            raise Refused(21220, "Call is not in-progress. Cannot redirect.")
        call.script = replace(script, fallback_url=script.fallback_url or call.script.fallback_url)
        call.redirected.set()

    # -- what is done at a phone ---------------------------------------------------------------------------------

    def phone(self, number: str) -> Phone:
        """The phone of a number; it exists as soon as somebody names it."""
        if number not in self.phones:
            _keep(self.phones, number, Phone(number, self.policy), KEEP_PHONES)
        return self.phones[number]

    def answer(self, number: str) -> Call:
        """Take the call that rings. Raises NoSuchCall."""
        return self._wish(self._latest(number, records.RINGING), "answer")

    def decline(self, number: str) -> Call:
        """Refuse the call that rings. Raises NoSuchCall."""
        return self._wish(self._latest(number, records.RINGING), "decline")

    def hang_up(self, number: str) -> Call:
        """End the call in progress. Raises NoSuchCall."""
        call = self._latest(number, records.IN_PROGRESS)
        call.heard.append(Line(now(), "note", "hung up at the phone"))
        call.over.set()
        return call

    def press(self, number: str, keys: str) -> Call:
        """Press keys in the call in progress. Raises NoSuchCall, or ValueError for what is no key."""
        if not keys or any(key not in KEYS for key in keys):
            raise ValueError(f"keys are {KEYS}")
        call = self._latest(number, records.IN_PROGRESS)
        for key in keys:
            call.heard.append(Line(now(), "pressed", key))
            call.keys.put_nowait(key)
        self.changed()
        return call

    def set_policy(self, number: str, policy: Policy) -> None:
        """How that phone behaves from now on, for a call that rings already too."""
        self.phone(number).policy = policy
        self.changed()

    def set_default_policy(self, policy: Policy) -> None:
        """How every phone behaves from now on."""
        self.policy = policy
        for phone in self.phones.values():
            phone.policy = policy
        self.changed()

    # -- changes -------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Count a change, and wake whoever waits for one."""
        self.version += 1
        self._spawn(self._wake())

    async def wait_beyond(self, version: int, seconds: float) -> int:
        """Wait until something changed since ``version``, or the time is up; the version now."""
        async with self._changes:
            try:
                await asyncio.wait_for(self._changes.wait_for(lambda: self.version > version), max(0.0, seconds))
            except TimeoutError:
                return self.version
        return self.version

    # -- inside --------------------------------------------------------------------------------------------------

    async def _wake(self) -> None:
        async with self._changes:
            self._changes.notify_all()

    async def _dial(self, runner: Runner) -> None:
        loop = asyncio.get_running_loop()
        if self.settings.calls_per_second:
            start_s = max(loop.time(), self._next_dial_s)
            self._next_dial_s = start_s + 1 / self.settings.calls_per_second
            await asyncio.sleep(start_s - loop.time())
        await runner.run()
        self.counters[runner.call.status] += 1

    async def _deliver(self, message: Message) -> None:
        for status in ("sent", "delivered"):
            await asyncio.sleep(0.1)
            message.status = status
            message.updated = now()
            message.sent = message.sent or message.updated
            self.changed()
            if message.listener:
                params = {
                    "AccountSid": self.settings.account,
                    "ApiVersion": "2010-04-01",
                    "From": message.sender,
                    "MessageSid": message.sid,
                    "MessageStatus": status,
                    "SmsSid": message.sid,
                    "SmsStatus": status,
                    "To": message.to,
                }
                if message.service:
                    params["MessagingServiceSid"] = message.service
                self.courier.tell(message.sid, message.listener, "POST", params)

    def _latest(self, number: str, status: str) -> Call:
        for call_sid in reversed(self.phone(number).calls):
            call = self.calls.get(call_sid)
            if call and call.status == status and not call.wish.startswith("cancel"):
                if status == records.RINGING and call.wish:
                    continue
                return call
        raise NoSuchCall(f"{number} has no call that is {status}")

    def _wish(self, call: Call, wish: str) -> Call:
        call.wish = wish
        call.wished.set()
        return call

    def _note_duplicate(self, call: Call) -> None:
        for other_sid in reversed(self.phone(call.to).calls):
            other = self.calls.get(other_sid)
            if other is None:
                continue
            apart_s = (call.created - other.created).total_seconds()
            if apart_s <= self.settings.duplicate_window_s:
                same = (other.script.url, other.script.twiml) == (call.script.url, call.script.twiml)
                self.duplicates.append(Duplicate(call.to, other.sid, call.sid, round(apart_s, 3), same))
                self.counters["duplicates"] += 1
            return

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _keep(kept: OrderedDict[str, T], key: str, value: T, most: int = KEEP) -> None:
    """Add, and let go of the oldest beyond ``most``."""
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
