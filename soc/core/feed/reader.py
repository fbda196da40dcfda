"""One thread per web process follows the sealed events. PostgreSQL's NOTIFY is the doorbell, its rows the content."""

from __future__ import annotations

import json
import logging
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from soc.core import chain
from soc.core.away import LOST
from soc.core.feed.audiences import Audience, face
from soc.core.models import Event

log = logging.getLogger(__name__)

Push = Callable[[str], None]
BATCH = 500
TOGETHER = 25  # shown by one question to the database; the first of them waits for the last
KEPT = 500  # messages of an audience, for those who come back


def message(audience: Audience, event: Event, prev: int, rows: dict[str, Any]) -> str:
    """One push. `prev` is the position that this audience was sent before it."""
    body = {
        "type": "event",
        "audience": audience.key,
        "seq": event.seq,
        "prev": prev,
        "id": event.pk,
        "kind": event.kind,
        "subject": [event.subject_type, event.subject_id],
        "site": event.site_id,
        "at": event.at,
        **rows,
    }
    return json.dumps(body, cls=DjangoJSONEncoder)


class Reader:
    """Hands sealed events to subscribed sockets. Thread-safe; starts with the first subscriber."""

    def __init__(self, poll_s: float = 0.5) -> None:
        self.poll_s = poll_s
        self._lock = threading.RLock()
        self._push: dict[Audience, set[Push]] = {}
        self._last: dict[Audience, int] = {}
        self._kept: dict[Audience, deque[tuple[int, int, str]]] = {}  # position, the one before it, message
        self._ready: dict[tuple[str, int], dict[str, Any]] = {}  # face and event of those at hand → its rows
        self._head = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def subscribe(self, audience: Audience, push: Push) -> int:
        """From now on `push` gets every message of the audience; the position it starts after.

        Called in a thread that may use the database.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # Nobody was listening: positions of the past are read afresh below.
                self._head = chain.head()[0]
                self._last.clear()
                self._kept.clear()
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="feed-reader", daemon=True)
                self._thread.start()
            if audience not in self._last:
                self._last[audience] = audience.last(self._head)
            self._push.setdefault(audience, set()).add(push)
            return self._last[audience]

    def unsubscribe(self, audience: Audience, push: Push) -> None:
        with self._lock:
            pushes = self._push.get(audience, set())
            pushes.discard(push)
            if not pushes:
                # A position is only kept up while somebody listens; the next subscriber reads it afresh.
                self._push.pop(audience, None)
                self._last.pop(audience, None)
                self._kept.pop(audience, None)

    def heads(self) -> dict[Audience, int]:
        """The last position of every audience that is listened to."""
        with self._lock:
            return dict(self._last)

    def kept(self, audience: Audience, since: int) -> list[tuple[int, str]] | None:
        """What the audience was sent after that position, (position, message) in order; None where that is not kept any more."""
        with self._lock:
            if self._last.get(audience) == since:
                return []
            later = [one for one in self._kept.get(audience, ()) if one[1] >= since]
        return [(seq, text) for seq, _prev, text in later] if later and later[0][1] == since else None

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except LOST as error:
                log.warning("feed waits for the database: %s", str(error).splitlines()[0])
                connection.close()
                self._stop.wait(0.2)
            except Exception:
                # A reader that dies is a control room that sees nothing. Say it, look again.
                log.exception("feed reader failed, going on")
                connection.close()
                self._stop.wait(0.5)
        connection.close()

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {chain.CHANNEL}")
        raw = connection.connection
        bell = select.poll()  # select() refuses descriptors from 1024 on, which a process with many sockets has
        bell.register(raw, select.POLLIN)
        while not self._stop.is_set():
            self._drain()
            if bell.poll(self.poll_s * 1000):
                raw.poll()
                raw.notifies.clear()

    def _drain(self) -> None:
        while True:
            events = list(Event.objects.filter(seq__gt=self._head).order_by("seq")[:BATCH])
            for at in range(0, len(events), TOGETHER):
                some = events[at : at + TOGETHER]
                self._ready = self._rows(some)
                for event in some:
                    self._hand_on(event)
            if len(events) < BATCH:
                return

    def _rows(self, events: list[Event]) -> dict[tuple[str, int], dict[str, Any]]:
        """What each face that is listened to shows of these. Rendering reads the database: not under the lock."""
        with self._lock:
            hearing = {
                (audience.face, event.pk) for audience in self._push for event in events if audience.hears(event)
            }
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for name in {name for name, _pk in hearing}:
            heard = [event for event in events if (name, event.pk) in hearing]
            found |= {(name, event.pk): rows for event, rows in zip(heard, many_of(name, heard), strict=True)}
        return found

    def _hand_on(self, event: Event) -> None:
        with self._lock:
            assert event.seq is not None
            for audience, pushes in self._push.items():
                if not audience.hears(event) or self._last[audience] >= event.seq:
                    continue
                # An audience that came while the others' rows were rendered: its page looks for itself.
                rows = self._ready.get((audience.face, event.pk), {"stale": True})
                prev = self._last[audience]
                text = message(audience, event, prev, rows)
                self._last[audience] = event.seq
                self._kept.setdefault(audience, deque(maxlen=KEPT)).append((event.seq, prev, text))
                for push in pushes:
                    push(text)
            self._head = event.seq


def rows_of(name: str, event: Event) -> dict[str, Any]:
    """What the face shows of an event. A picture that cannot be made becomes a request to look again, never a gap."""
    try:
        return face(name).rows(event)
    except LOST:
        raise
    except Exception:
        log.exception("face %s could not render event %s", name, event.pk)
        return {"stale": True}


def many_of(name: str, events: list[Event]) -> list[dict[str, Any]]:
    """`rows_of` of each of these."""
    together = face(name).many
    if together is not None and len(events) > 1:
        try:
            return together(events)
        except LOST:
            raise
        except Exception:
            log.exception("face %s could not render %s events together", name, len(events))
    return [rows_of(name, event) for event in events]


reader = Reader()
