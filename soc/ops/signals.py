"""Being asked to stop, once."""

from __future__ import annotations

import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Asked(BaseException):
    """Somebody asked this program to stop; `number` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def raise_once(*numbers: int) -> None:
    """Have the first of these signals raise Asked in the main thread, and the others pass unheard.

    A closed terminal sends several at once (make passes its own on). No lock is taken and no event is set in the
    handler: a second signal could arrive while the first still holds it.
    """
    for number in numbers or NUMBERS:
        signal.signal(number, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    for other in NUMBERS:
        if signal.getsignal(other) is _raise:
            signal.signal(other, _pass)  # SIG_IGN would have the interpreter complain of one that is on its way
    raise Asked(number)


def _pass(number: int, frame: FrameType | None) -> None:
    """The first one has been heard already."""
