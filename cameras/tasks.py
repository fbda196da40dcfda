"""The stateless half of perception: detect workers look at the newest frames that lie in this host's memory, and answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from time import monotonic, perf_counter
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.conf import settings

from cameras.vision.bell import Dozer, Ringer
from cameras.vision.slots import SlotFrame, SlotReader, SlotRef, owner_of
from cameras.vision.turns import STALE_S, Turns

log = logging.getLogger(__name__)

# One message costs about as much as looking for whose turn it is fifty times. So a task goes on for so long while there is
# something to look at; then the worker hears what else there is, such as that it is to end.
GO_ON_S: Final = 2.0
# Until the next frame of a single camera comes; to be woken costs a hundredth of a message.
DOZE_S: Final = 0.5
AGAIN: Final = 3  # looks at a frame that is written over while it is looked at

_turns: dict[str, Turns] = {}
_dozers: dict[str, Dozer] = {}


def detect_queue() -> str:
    """Frames lie in this host's memory: only its own workers can see them."""
    return f"detect.{settings.WATCH_HOST}"


@lru_cache(maxsize=1)
def models() -> Any:
    """The models of this worker process, warm once they are asked for; made after the fork, on first use."""
    from cameras.vision.models import Models

    return Models(settings.MODELS_DIR)


@lru_cache(maxsize=1)
def ringer() -> Ringer:
    return Ringer()


@worker_process_shutdown.connect
def put_away(**_: object) -> None:
    """A worker that ends takes its pipes with it."""
    while _dozers:
        _dozers.popitem()[1].close()


def _lain_down(space: str) -> Dozer:
    """This worker's dozer, dozing; a new one where somebody has removed its pipe."""
    if (known := _dozers.get(space)) is not None:
        try:
            return known.lie_down()
        except FileNotFoundError:
            _dozers.pop(space).close()
    made = _dozers[space] = Dozer(space)
    return made.lie_down()


@shared_task(name="cameras.detect", ignore_result=True)
def detect(refs: list[list[str | int]], ticket: int = 0) -> None:
    """Look at the newest frames, the most urgent slot first: those named, and any other of the same installation that has
    one meanwhile, for GO_ON_S at most. What became of the named ones does not matter: a slot that is gone or was answered is
    passed over.

    ticket: the sender's number of this task; it is told when the task ends.
    """
    names = [SlotRef.of(raw).name for raw in refs]
    if not names:
        return
    space = owner_of(names[0])[0]
    turns = _turns.setdefault(space, Turns(space))
    turns.meet(names)

    def tell(slot: str) -> None:
        ringer().answered(slot, ticket, hold=True)

    def doze() -> Dozer:
        dozer = _lain_down(space)
        ringer().dozes(names[0], ticket)
        ringer().flush()
        return dozer

    try:
        take_turns(turns, models().detector_for, told=tell, goes_on=ringer().flush, doze=doze)
    finally:
        ringer().ended(names[0], ticket)
        ringer().flush()


def take_turns(
    turns: Turns,
    detector_for: Callable[[str], Any],
    *,
    told: Callable[[str], None] = lambda slot: None,
    goes_on: Callable[[], None] = lambda: None,
    now: Callable[[], float] = monotonic,
    go_on_s: float = GO_ON_S,
    doze: Callable[[], Dozer] | None = None,
) -> int:
    """Look at one slot after the other until none has anything, or `go_on_s` is over; gives how many were answered.

    told: called with the name of each slot that was answered. goes_on: called before each look, when it is known that there
    is one. now: the monotonic clock of the frames' stamps. doze: lies down and gives what to wait for, DOZE_S in all, where
    nothing is to be looked at just now.
    """
    until, count = now() + go_on_s, 0
    while True:
        turn = turns.next(now())
        if turn is None and doze is not None:
            turn = _dozed(turns, doze, now, until)
        if turn is None:
            break
        goes_on()
        reader, mark = turn
        try:
            answered = _answer(reader, detector_for, now)
        except Exception:
            # One camera's trouble. It stays taken for its second, or the next to come here would stumble over it as well.
            log.exception("%s could not be looked at", reader.name)
        else:
            reader.release(mark)
            if answered:
                count += 1
                told(reader.name)
        if now() >= until:
            break
    return count


def _dozed(
    turns: Turns, doze: Callable[[], Dozer], now: Callable[[], float], until: float
) -> tuple[SlotReader, int] | None:
    """The next turn after a nap. Looked for again once others see that it dozes, and once it is awake: between those two
    whoever has something to look at wakes it. It may be a camera that nobody here has heard of.

    Another worker may be quicker with what it was woken for. Then it dozes on: to end for that would cost a message.
    """
    until = min(until, now() + DOZE_S)
    while (left := until - now()) > 0:
        with doze() as dozer:
            if (turn := turns.next(now())) is not None:
                return turn
            dozer.wait(left)
        if (turn := turns.next(now())) is not None:
            return turn
        turns.look_anew()
        if (turn := turns.next(now())) is not None:
            return turn
    return None


def _answer(reader: SlotReader, detector_for: Callable[[str], Any], now: Callable[[], float]) -> bool:
    """Look at a slot's frame where it lies and post what is there. False where no whole frame could be had."""
    for _ in range(AGAIN):
        frame = reader.look()
        if frame is None:
            return False
        if now() - frame.monotonic > STALE_S:
            if not reader.is_intact(frame):
                continue
            reader.post(frame, (), inference_ms=0.0, stale=True)
            return True
        detector = detector_for(frame.model)
        began = perf_counter()
        found = detector.detect(frame.picture, motion=frame.motion, min_score=_least(frame, detector))
        if reader.is_intact(frame):
            reader.post(frame, found, inference_ms=(perf_counter() - began) * 1000, model=detector.sha256)
            return True
    return False


def _least(frame: SlotFrame, detector: Any) -> float | None:
    """The least score to ask for. A score is a model's own measure: where another one stands in for the camera's, which is
    unknown or refused, its own counts, and the lower one, since how light it is only the watcher knows.
    """
    if not frame.model or detector.name == frame.model:
        return frame.min_score
    return min(detector.card.min_score, detector.card.night_min_score)
