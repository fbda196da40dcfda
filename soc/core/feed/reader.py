"""One thread per web process follows the sealed events. PostgreSQL's NOTIFY is the doorbell, its rows the content."""

from __future__ import annotations

import json
import logging
import select
import threading
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


def message(audience: Audience, event: Event, prev: int, rows: dict[str, Any]) -> str:
    """One push. `prev` is the position that this audience was sent before it."""
    body = {
        "type": "event",
        "audience": audience.key,
        "seq": event.seq,
        "prev": prev,
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

    def heads(self, audiences: frozenset[Audience]) -> dict[str, int]:
        with self._lock:
            return {a.key: self._last[a] for a in audiences if a in self._last}

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
            for event in events:
                self._hand_on(event)
            if len(events) < BATCH:
                return

    def _hand_on(self, event: Event) -> None:
        rendered: dict[str, dict[str, Any]] = {}
        with self._lock:
            hearing = [audience for audience in self._push if audience.hears(event)]
        for audience in hearing:  # rendering reads the database: not under the lock
            if audience.face not in rendered:
                rendered[audience.face] = rows_of(audience.face, event)
        with self._lock:
            assert event.seq is not None
            for audience, pushes in self._push.items():
                if not audience.hears(event) or self._last[audience] >= event.seq:
                    continue
                rows = rendered.get(audience.face)
                # An audience that came while the others' rows were rendered: its page looks for itself.
                text = message(audience, event, self._last[audience], {"stale": True} if rows is None else rows)
                self._last[audience] = event.seq
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


reader = Reader()
