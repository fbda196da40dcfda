"""What machines report is taken in as fast as it is worked off: in a storm a report waits a moment for its answer, so that what
is accepted is on a screen at once and nothing urgent stands at the end of a long queue.

Nothing is refused for it: after `at_most_s` a report is taken in, whatever is owed. Where nobody works anything off, to wait
would help nobody, and nobody waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from channels.db import database_sync_to_async
from django.db import connection

from soc.core import clock
from soc.core.away import LOST
from soc.core.models import Delivery

log = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

ARRIVED: Final = "arrived"  # in the scope of a request that had to wait: when it came
STEP_S: Final = 0.05
LOOK_S: Final = 0.1  # how old at most what is known of the backlog
ALONE_S: Final = 1.0  # and where nobody works it off: that lasts
UNCOUNTED: Final = 16  # so many within LOOK_S are no storm: nothing is looked at for them

_OWED: Final = f"""
SELECT count(*), COALESCE(bool_or(leased_until > clock_timestamp()), false)
FROM (SELECT leased_until FROM {Delivery._meta.db_table} WHERE done_at IS NULL ORDER BY due_at LIMIT 1000) AS owed
"""  # noqa: S608  our own name


def backlog() -> int | None:
    """How many deliveries are owed; None where nobody works them off."""
    with connection.cursor() as cursor:
        cursor.execute(_OWED)
        owed, worked = cursor.fetchone()
    return owed if worked or not owed else None


class Paced:
    """ASGI in, ASGI out. `path`: whose requests may wait; `hurry`: none of these words is in the body of one that does. `most`:
    so many owed are worked off in less than a second. Bodies come whole."""

    def __init__(
        self, app: App, *, path: str, hurry: Sequence[bytes] = (), most: int = 24, at_most_s: float = 2.0,
        owed: Callable[[], int | None] = backlog,
    ) -> None:  # fmt: skip
        self.app, self.path, self.hurry, self.most, self.at_most_s, self.owed = app, path, hurry, most, at_most_s, owed
        self._known: int | None = 0
        self._let_in = self._inside = 0
        self._looked = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self.path:
            await self.app(scope, receive, send)
            return
        asked = [await receive()]
        if not any(word in asked[0].get("body", b"") for word in self.hurry):
            await self._wait(scope)
        self._let_in += 1
        self._inside += 1

        async def again() -> Message:
            return asked.pop() if asked else await receive()

        try:
            await self.app(scope, again, send)
        finally:
            self._inside -= 1

    async def _wait(self, scope: dict[str, Any]) -> None:
        arrived, until = clock.now(), clock.monotonic() + self.at_most_s
        while not await self._room(until) and clock.monotonic() < until:
            scope[ARRIVED] = arrived
            await asyncio.sleep(STEP_S)

    async def _room(self, until: float) -> bool:
        """Whether one more would be worked off soon: by what is owed, and what was let in since that was looked at or is not
        written down yet; and whenever nobody works off anything, or it cannot be told. A look that waits for its own turn, or for
        the database, is not waited for beyond `until`."""
        if clock.monotonic() - self._looked > (ALONE_S if self._known is None else LOOK_S):
            if self._looking is None and self._let_in < UNCOUNTED and not self._known:
                self._looked, self._let_in, self._known = clock.monotonic(), 0, 0  # a quiet night is not looked at
                return True
            self._looking = self._looking or asyncio.get_running_loop().create_task(self._look())
            await asyncio.wait({self._looking}, timeout=max(0.0, until - clock.monotonic()))
        return self._known is None or self._known + max(self._let_in, self._inside) < self.most

    async def _look(self) -> None:
        try:
            let_in = self._let_in
            self._known = await database_sync_to_async(self.owed)()
            self._let_in -= let_in
        except LOST:
            self._known = None  # whoever takes it in says that the database is away
        except Exception:  # no alarm is lost for not knowing how much is owed
            log.exception("how much is owed cannot be told: nobody waits for it")
            self._known = None
        finally:
            self._looked, self._looking = clock.monotonic(), None
