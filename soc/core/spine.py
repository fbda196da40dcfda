"""The spine: a supervised loop that needs PostgreSQL only. Seals events, runs what is due, signs heads.

Two may run at once; each step is safe against the other and against being killed or stopped at any point.
"""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from soc.core import chain, deliveries, heads
from soc.core.clock import db_now, monotonic
from soc.core.sweeps import all_sweeps

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rhythm:
    """Seconds between rounds of each duty."""

    seal: float = 0.04
    due: float = 0.25
    sign: float = 60.0


def run(stop: threading.Event, rhythm: Rhythm = Rhythm()) -> None:
    """Beat until `stop` is set. A lost database is waited out; any other error of a duty is logged and does not stop the rest."""
    next_due = next_sign = 0.0
    signed = 0
    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="delivery") as pool:
        while not stop.wait(rhythm.seal):
            try:
                while chain.seal() == 500:
                    pass
                now = monotonic()
                if now >= next_due:
                    next_due = now + rhythm.due
                    _due(pool)
                if now >= next_sign:
                    seq, digest = chain.head()
                    if seq > signed:
                        heads.sign(seq, digest, at=db_now())
                        signed = seq
                        next_sign = now + rhythm.sign
            except (OperationalError, InterfaceError) as error:
                log.warning("database not there, trying again: %s", str(error).splitlines()[0])
                connection.close()
                stop.wait(0.2)
            except Exception:  # one bad duty must not silence the others; it is said aloud each time
                log.exception("a duty of the spine failed")
                stop.wait(1.0)


_running: set[int] = set()


def _due(pool: ThreadPoolExecutor) -> None:
    at = db_now()
    for name, sweep in all_sweeps().items():
        try:
            sweep(at)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # a sweep that cannot finish must not hold back the deliveries
            log.exception("sweep %s failed", name)
    for pk in deliveries.due(at=at):
        if pk not in _running:
            _running.add(pk)
            pool.submit(_deliver, pk)


def _deliver(pk: int) -> None:
    try:
        close_old_connections()
        deliveries.run(pk)
    except (OperationalError, InterfaceError) as error:
        log.warning("delivery %s waits for the database: %s", pk, str(error).splitlines()[0])
        connection.close()
    except Exception:  # nobody looks at the pool's results: what is not said here is never said
        log.exception("delivery %s could not be run", pk)
    finally:
        _running.discard(pk)
