"""Telling the detect workers that there is something to look at, and the cameras that it was looked at.

A hint both ways: lost, late or refused, the watcher notices. What is to be looked at lies in the slots, and the workers
choose among them; here is only decided how many tasks are under way.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cameras.tasks import GO_ON_S, detect, detect_queue
from cameras.vision.bell import Bell, Ring, Waker, mark_of
from cameras.vision.slots import SlotRef
from soc.core import clock

log = logging.getLogger(__name__)

LOST_S: Final = 1.5  # a task of which nothing was heard for so long does not count any more
# One that was not begun waits for a worker that goes on for as long as it may, and is no use to anybody after that.
UNBEGUN_S: Final = GO_ON_S + 0.5
EXPIRES_S: Final = UNBEGUN_S
# While more waits than workers can look at, answers are taken together that come within so long.
GATHER_S: Final = 0.025


def send(refs: Sequence[SlotRef], ticket: int) -> None:
    """As a message to the workers of this host. Raises what the broker's client raises."""
    detect.apply_async(([ref.as_list() for ref in refs], ticket), queue=detect_queue(), expires=EXPIRES_S, retry=False)


class HandOff:
    """One thread per watch process. `ask` never blocks.

    At most workers + 1 tasks are under way: one for each worker and one so that nobody waits for the broker. A worker that
    dozes in its task is woken rather than sent another. What is asked for meanwhile is found by those at work, or sent when
    one of them is done. So overload makes each camera be looked at less often, and never makes a queue.
    """

    def __init__(
        self,
        space: str,
        *,
        workers: int,
        send: Callable[[Sequence[SlotRef], int], None] = send,
        directory: Path | None = None,
    ) -> None:
        """space: that of the slots. workers: how many there are on this host. Raises OSError where no bell can be had."""
        self.most = workers + 1
        self._send = send
        self._bell, self._waker = Bell(space, directory=directory), Waker(space, directory=directory)
        self._waiting: dict[str, SlotRef] = {}  # asked for, and in no task yet
        self._listeners: dict[int, dict[str, Callable[[], None]]] = {}  # by mark
        self._lock = threading.Lock()
        self._woken = self._stop = self._silent = False
        self._room = True  # for one more task, or with one that dozes
        self._dozing = False  # whether some worker may be
        self._unheard: set[str] = set()  # slots for which a worker was woken, and not answered since
        self._tickets: dict[int, float] = {}  # until when it counts, monotonic s; this thread's alone
        self._numbers = itertools.count(1)
        self._pause = threading.Event()  # set at the end
        self._thread = threading.Thread(target=self._run, name="hand-off", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, ref: SlotRef) -> None:
        """There is something to look at. May be called from any thread."""
        # To wake this object's thread, for it to wake a worker, costs as much again.
        if self._dozing and not self._stop and ref.name not in self._unheard:
            if self._waker.wake(1, told=True):
                self._unheard.add(ref.name)
                return
            self._dozing = False
        with self._lock:
            if self._stop:
                return
            self._waiting[ref.name] = ref
            if self._room and not self._woken:  # else it is found by those at work, or sent when one of them is done
                self._woken = True
                self._bell.wake()

    def listen(self, slot: str, take: Callable[[], None] | None) -> None:
        """Call `take` on the hand-off's thread whenever a slot was answered; None ends that."""
        with self._lock:
            heard = self._listeners.setdefault(mark_of(slot), {})
            if take is not None:
                heard[slot] = take
            else:
                heard.pop(slot, None)
                self._waiting.pop(slot, None)
                self._unheard.discard(slot)
                if not heard:
                    del self._listeners[mark_of(slot)]

    def stop(self) -> None:
        self._pause.set()
        with self._lock:
            self._stop = True
            self._bell.wake()
        if self._thread.ident is not None:
            self._thread.join(timeout=3)
        if not self._thread.is_alive():
            self._bell.close()
            self._waker.close()

    def _run(self) -> None:
        while True:
            # Tasks that are under way may be lost without a word; then something that waits is sent anew.
            rings = self._bell.wait(LOST_S if self._tickets else None)
            if rings and len(self._waiting) > 2 * self.most and not self._dozing:
                # A frame waits for its worker several times as long by then, and to wake up for each answer costs most.
                self._pause.wait(GATHER_S)
                rings += self._bell.wait(0.0)
            with self._lock:
                self._woken = False
                if self._stop:
                    return
            try:
                self.hear(rings, clock.monotonic())
                self.send_waiting(clock.monotonic())
            except Exception:
                # Whatever it is, without this thread no camera is looked at any more. Who asks again is sent.
                log.exception("the hand-off stumbled")
                self._room = True

    def hear(self, rings: Sequence[Ring], monotonic: float) -> None:
        """Note which tasks are alive or done, and have the answered cameras take their answers."""
        marks: set[int] = set()
        for ring in rings:
            if ring.mark is None and not ring.dozes:
                self._tickets.pop(ring.ticket, None)
                continue
            if ring.mark is not None:
                marks.add(ring.mark)
            else:
                self._dozing = True
            if ring.ticket in self._tickets:
                self._tickets[ring.ticket] = monotonic + LOST_S
        for mark in marks:
            with self._lock:
                heard = dict(self._listeners.get(mark, {}))
            for slot, take in heard.items():
                self._unheard.discard(slot)
                try:
                    take()
                except Exception:
                    log.exception("%s: the answer could not be used", slot)

    def send_waiting(self, monotonic: float) -> None:
        """Wake workers that doze for what is asked for. Send the rest, as so many tasks as there is room for: each brings one
        worker more.
        """
        self._tickets = {ticket: until for ticket, until in self._tickets.items() if monotonic < until}
        room = self.most - len(self._tickets)
        with self._lock:
            asked = list(self._waiting.values()) if room > 0 or self._dozing else []
        # A worker that was stopped while it dozed wakes nobody can tell when: who asks again is sent.
        fresh = [ref for ref in asked if ref.name not in self._unheard]
        woken = self._waker.wake(len(fresh), told=self._dozing)
        self._unheard |= {ref.name for ref in fresh[:woken]}
        refs = [ref for ref in asked if ref not in fresh[:woken]]
        with self._lock:
            self._dozing = self._dozing and woken == len(fresh)
            # Before they are sent: who asks meanwhile either finds room or is found by the next to look here.
            self._room = room > len(refs) or self._dozing
            for ref in asked if room > 0 else fresh[:woken]:
                if self._waiting.get(ref.name) is ref:
                    del self._waiting[ref.name]
        if room <= 0:
            return
        for share in (refs[n::room] for n in range(min(room, len(refs)))):
            ticket = next(self._numbers)
            try:
                self._send(share, ticket)
                self._silent = False
                self._unheard -= {ref.name for ref in share}
            except Exception as error:
                # The broker is away. The camera asks again, and after three seconds the motion becomes an alarm.
                if not self._silent:
                    log.warning("detect workers cannot be told: %s", type(error).__name__)
                self._silent = self._room = True
                return
            self._tickets[ticket] = monotonic + UNBEGUN_S
