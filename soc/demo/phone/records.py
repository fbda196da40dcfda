"""What the phone network remembers: calls, messages, phones and how each phone behaves."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

QUEUED, RINGING, IN_PROGRESS = "queued", "ringing", "in-progress"
COMPLETED, BUSY, NO_ANSWER, FAILED, CANCELED = "completed", "busy", "no-answer", "failed", "canceled"
ENDED = (COMPLETED, BUSY, NO_ANSWER, FAILED, CANCELED)

MANUAL, ANSWER, DECLINE, IGNORE, FAIL = "manual", "answer", "decline", "ignore", "fail"
POLICIES = (MANUAL, ANSWER, DECLINE, IGNORE, FAIL)

HEARD_LINES = 200


def sid(prefix: str) -> str:
    """A new identifier of Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


@dataclass(frozen=True)
class Policy:
    """How a phone behaves by itself. ``press`` has one entry for each time keys are asked for."""

    kind: str = MANUAL
    answer_after_s: float = 3.0
    press: tuple[str, ...] = ()
    press_after_s: float = 1.0


@dataclass(frozen=True)
class Script:
    """Where a call's instructions come from."""

    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"


@dataclass(frozen=True)
class Listener:
    """Who is told of a call's progress, and of which events."""

    url: str = ""
    method: str = "POST"
    events: frozenset[str] = frozenset({COMPLETED})


@dataclass(frozen=True)
class Line:
    """One line of what the phone heard or did: ``kind`` is say, play, pressed, note ..."""

    at: datetime
    kind: str
    text: str


@dataclass
class Call:
    """One outgoing call. Only its runner (see calls.py) and the network change it."""

    sid: str
    to: str
    sender: str
    script: Script
    listener: Listener
    timeout_s: float
    created: datetime
    updated: datetime
    status: str = QUEUED
    started: datetime | None = None
    ended: datetime | None = None
    told: int = 0
    wish: str = ""  # what the phone or the API asked for while it rang: answer, decline, canceled
    wants_keys: bool = False
    wished: asyncio.Event = field(default_factory=asyncio.Event)
    keys: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    redirected: asyncio.Event = field(default_factory=asyncio.Event)
    heard: deque[Line] = field(default_factory=lambda: deque(maxlen=HEARD_LINES))

    @property
    def duration_s(self) -> int | None:
        """Whole seconds of talk, once it is over."""
        if self.status != COMPLETED or self.started is None or self.ended is None:
            return None
        return max(1, round((self.ended - self.started).total_seconds()))


@dataclass
class Message:
    """One text."""

    sid: str
    to: str
    sender: str
    service: str
    body: str
    listener: str
    created: datetime
    updated: datetime
    status: str = QUEUED
    sent: datetime | None = None


@dataclass(frozen=True)
class Duplicate:
    """Two calls to one number within the window; ``same_script`` if their instructions are the same too."""

    to: str
    first: str
    second: str
    apart_s: float
    same_script: bool


@dataclass
class Phone:
    """One number, and what reached it (identifiers, newest last)."""

    number: str
    policy: Policy
    calls: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=50))
