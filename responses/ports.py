"""What we ask of the outside world, in our language. Adapters speak the vendors'.

An outward act ends in one of three ways: a receipt (it happened), `DeliveryError` (it did not), or `Unclear` (it may
have: ask, never repeat).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from cameras.vision.address import PinnedAddress


class DeliveryError(Exception):
    """It certainly did not happen. `permanent`: trying again will not help; the message is for the operator."""

    def __init__(self, message: object, *, permanent: bool) -> None:
        super().__init__(str(message))
        self.message, self.permanent = str(message), permanent


class Unclear(Exception):
    """It may have happened: the answer was lost. The message says what was seen, without secrets or numbers."""


@dataclass(frozen=True)
class Receipt:
    """The other side took it, under this id of its own."""

    provider_id: str
    at: datetime | None = None  # the provider's clock; None where it does not say


@dataclass(frozen=True)
class Heard:
    """What became of a message at the site: seconds of sound the camera took, and when the first 200 ms were handed over.

    `heard_at` is set only where it is proven that it sounded, with `how`.
    """

    handed_over_at: datetime
    seconds: float
    packets: int
    heard_at: datetime | None = None
    how: str = ""


class Voice(Protocol):
    """A telephone that can ring one person and report back under an attempt's id."""

    def call(self, number: str, *, attempt_id: UUID, ring_s: int) -> Receipt:
        """Place one call. Raises DeliveryError or Unclear."""
        ...

    def calls_to(self, number: str, *, since: datetime) -> list[Receipt]:
        """Every call we placed to `number` since then, queued ones too, oldest first.

        Raises DeliveryError when it cannot say.
        """
        ...


class Text(Protocol):
    """Short messages to one person."""

    def send(self, number: str, body: str, *, attempt_id: UUID) -> Receipt:
        """Send one message. Raises DeliveryError or Unclear."""
        ...

    def texts_to(self, number: str, marker: str, *, since: datetime) -> list[Receipt]:
        """Every message containing `marker` we sent to `number` since then, oldest first.

        Raises DeliveryError when it cannot say.
        """
        ...


class Talkdown(Protocol):
    """A loudspeaker at the site."""

    def talk(self, address: PinnedAddress, pcm: bytes, *, on_sound: Callable[[datetime], None]) -> Heard:
        """Play 16-bit mono samples at 8 kHz and wait until they are through.

        `on_sound` is called once, when the camera has taken the first 200 ms. Raises DeliveryError (nothing was taken)
        or Unclear (part of it was).
        """
        ...


@dataclass(frozen=True)
class Output:
    """One output of a device at the site. `root` and `path`: where its service is, as it was checked; `host`: as it was typed."""

    root: str
    path: str
    host: str
    token: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


class Relays(Protocol):
    """Outputs at the site: a light, a siren, a gate."""

    def switch(self, output: Output, *, on: bool) -> None:
        """Switch it, once. Raises DeliveryError or Unclear."""
        ...

    def stands(self, output: Output) -> bool:
        """Whether it is on now. Raises DeliveryError when the device cannot say."""
        ...
