"""The spine: a supervised loop that needs PostgreSQL only. Seals events, runs what is due, signs heads.

Two may run at once; each step is safe against the other and against being killed or stopped at any point.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import close_old_connections, connection

from soc.core import chain, deliveries, heads, vitals
from soc.core.away import LOST
from soc.core.clock import db_now, monotonic
from soc.core.sweeps import Sweep, all_chores, all_sweeps

log = logging.getLogger(__name__)

LEFT_ALONE_S = 3.0


@dataclass(frozen=True)
class Rhythm:
    """Seconds between rounds of each duty."""

    seal: float = 0.04
    due: float = 0.25
    sign: float = 60.0
    chores: float = 300.0
    vitals: float = 1.0  # whether it is time again


def run(stop: threading.Event, rhythm: Rhythm = Rhythm()) -> None:
    """Beat until `stop` is set. Each duty has a thread and a connection of its own: a sweep that waits for a locked row
    holds up neither the sealing nor the deliveries, and a telephone network that does not answer holds up no alarm.
    A lost database is waited out; other errors are logged.
    """
    running: set[int] = set()
    signer = _Signer(rhythm.sign)
    pools = [ThreadPoolExecutor(max_workers=4, thread_name_prefix=name) for name in ("delivery", "act")]
    with pools[0] as inner, pools[1] as outer:

        def owed() -> None:
            _due(inner, running, acting=False)
            _due(outer, running, acting=True)

        beside = [
            threading.Thread(target=_keep, args=(duty, rhythm.due, stop), name=duty.__name__) for duty in (_sweep, owed)
        ]
        # They may hang in a disk, or wait for workers that are gone: then nobody waits for them.
        slow = [
            threading.Thread(target=_keep, args=(duty, every_s, stop), name=duty.__name__, daemon=True)
            for duty, every_s in (
                (signer.sign, min(1.0, rhythm.sign)),
                (_chores, rhythm.chores),
                (_vitals, rhythm.vitals),
            )
        ]
        for thread in (*beside, *slow):
            thread.start()
        try:
            _keep(_seal, rhythm.seal, stop)
        finally:
            stop.set()
            for thread in beside:
                thread.join()
            for thread in slow:
                thread.join(LEFT_ALONE_S)


def _keep(duty: Callable[[], None], every_s: float, stop: threading.Event) -> None:
    while not stop.wait(every_s):
        try:
            duty()
        except LOST as error:
            log.warning("database not there, trying again: %s", _first_line(error))
            connection.close()
            stop.wait(0.2)
        except Exception:  # one bad duty must not silence the others; it is said aloud each time
            log.exception("a duty of the spine failed")
            stop.wait(1.0)
    connection.close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class _Signer:
    """Signs the head that moved on, once in `every_s`. It writes to a disk, so it is no part of the sealing: an alarm is not told
    of any later because the disk is full or the key has gone."""

    def __init__(self, every_s: float) -> None:
        self.every_s, self.signed, self.next = every_s, 0, 0.0

    def sign(self) -> None:
        if (now := monotonic()) < self.next:
            return
        seq, digest = chain.head()
        if seq > self.signed:
            heads.sign(seq, digest, at=db_now())
            self.signed, self.next = seq, now + self.every_s


def _seal() -> None:
    while chain.seal() == 500:
        pass


def _sweep() -> None:
    _each("sweep", all_sweeps())


def _chores() -> None:
    _each("chore", all_chores())


def _vitals() -> None:
    vitals.take(db_now())


def _each(kind: str, duties: dict[str, Sweep]) -> None:
    for name, duty in duties.items():
        try:
            duty(db_now())
        except LOST as error:
            # Also what waited too long for a lock: the other deadlines have passed all the same.
            log.warning("%s %s waits for the database: %s", kind, name, _first_line(error))
            connection.close()
        except Exception:  # a sweep that cannot finish must not hold back the others
            log.exception("%s %s failed", kind, name)


def _due(pool: ThreadPoolExecutor, running: set[int], *, acting: bool) -> None:
    for pk in deliveries.due(at=db_now(), acting=acting):
        if pk not in running:
            running.add(pk)
            pool.submit(_deliver, pk, running)


def _deliver(pk: int, running: set[int]) -> None:
    try:
        close_old_connections()
        deliveries.run(pk)
    except LOST as error:
        log.warning("delivery %s waits for the database: %s", pk, _first_line(error))
        connection.close()
    except Exception:  # nobody looks at the pool's results: what is not said here is never said
        log.exception("delivery %s could not be run", pk)
    finally:
        running.discard(pk)
