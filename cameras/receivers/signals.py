"""Signals in: `accept()` commits one as a candidate, so that an answer means it will not be lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from cameras.actions import commit_candidate
from cameras.actions.arming import arm_by_panel
from cameras.models import Candidate, SignalSource
from soc.core import events

HEARTBEAT: Final = "heartbeat"
# What a source may say; each but the heartbeat is a category of the same name.
KINDS: Final = (
    "alarm", "restore", "open", "close", "hold_up", "duress", "panic", "fire", "medical", "test", HEARTBEAT,
)  # fmt: skip

# What a panel says of itself, where the panel owns the arm state.
ARMS: Final = {"open": False, "close": True}

FUTURE: Final = timedelta(minutes=5)
OLDEST: Final = timedelta(hours=24)
# A repeat within this is the same signal sent again; beyond it, a counter that started anew.
REPEAT: Final = timedelta(minutes=10)


class SignalRefused(ValueError):
    """A signal that is not accepted. `code` is stable, `field` names what to change, the message says how."""

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


@dataclass(frozen=True, slots=True)
class Signal:
    """What a source reports. `at` is its own clock (aware); `dedup` names this report among all of its reports.

    `zone` and `text` are the source's words about the place and the matter: kept with the candidate, never in events.
    """

    kind: str
    dedup: str
    at: datetime
    zone: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SignalRefused("kind", _("“%(kind)s” is not a kind of signal.") % {"kind": self.kind}, field="kind")
        if self.at.utcoffset() is None:
            raise SignalRefused("at", _("The time needs an offset, as in 2026-01-31T02:13:04Z."), field="at")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a signal: its candidate (None for a heartbeat) and whether it had been accepted before."""

    candidate: Candidate | None
    repeated: bool


def accept(source: SignalSource, signal: Signal, *, at: datetime) -> Receipt:
    """Commit a signal that arrived at `at`; when this returns, it is stored and will be shown.

    1. A time of the source more than five minutes ahead or a day old is refused: the alarm would be told wrongly.
    2. Whatever it says, the source was heard.
    3. A heartbeat is that and no more. A repeat gets the first receipt again. Anything else is judged and stored,
       with its event, in the same transaction.

    Raises SignalRefused; OperationalError while the database is away, and then nothing is stored.
    """
    if signal.at - at > FUTURE:
        raise SignalRefused(
            "in_the_future", _("This time is more than five minutes ahead: set the source's clock."), field="at"
        )
    if at - signal.at > OLDEST:
        raise SignalRefused(
            "too_old", _("This time is more than 24 hours ago: the signal is too old to act on."), field="at"
        )
    key = dedup_key(source, signal.dedup)
    try:
        receipt = _accept(source, signal, key, at=at)
    except IntegrityError:
        # Of two at once with one dedup, one is told so only when it comes to be stored: now the other's is there.
        receipt = _accept(source, signal, key, at=at)
    if receipt.repeated and receipt.candidate is not None:
        _check_same(receipt.candidate, signal)
    return receipt


def _accept(source: SignalSource, signal: Signal, key: str, *, at: datetime) -> Receipt:
    with transaction.atomic():
        before = heard(source, key, at=at)
        if signal.kind == HEARTBEAT:
            return Receipt(None, repeated=False)
        if before is not None:
            return Receipt(Candidate.objects.get(pk=before), repeated=True)
        candidate = _commit(source, signal, key, at=at)
        if signal.kind in ARMS:
            # By its own clock, as everything a source reports; one that is ahead counts from now.
            arm_by_panel(source, armed=ARMS[signal.kind], at=min(signal.at, at), received_at=at)
    return Receipt(candidate, repeated=False)


def dedup_key(source: SignalSource, dedup: str) -> str:
    """The same report of two sources is two reports."""
    return f"{source.pk}:{dedup}"


# Two at once may come here in either order: time does not run backwards. GREATEST passes over NULL.
_HEARD: Final = f"""
UPDATE {SignalSource._meta.db_table} SET last_seen_at = GREATEST(last_seen_at, %s) WHERE id = %s AND lost_alert_at IS NULL
RETURNING (SELECT id FROM {Candidate._meta.db_table} WHERE dedup = %s)
"""  # noqa: S608  our own names


def heard(source: SignalSource, key: str, *, at: datetime) -> UUID | None:
    """Note a sign of life, and the end of a silence that was raised; the candidate of that dedup key, where there is one.

    Called in a transaction. One statement, unless a silence ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, [at, source.pk, key])
        if row := cursor.fetchone():
            return row[0]
        back = (
            SignalSource.objects.select_for_update(of=("self",), no_key=True).select_related("site").get(pk=source.pk)
        )
        if back.lost_alert_at is not None:
            events.record("source.back", back, by=None, at=at)
            back.lost_alert_at = None
            back.save(update_fields=["lost_alert_at"])
        cursor.execute(_HEARD, [at, source.pk, key])
        row = cursor.fetchone()
    assert row is not None, "the row is locked, and not silent"
    return row[0]


def _commit(source: SignalSource, signal: Signal, key: str, *, at: datetime) -> Candidate:
    offset = (signal.at - at).total_seconds()
    ahead = signal.at > at
    return commit_candidate(
        site=source.site,
        source="signal",
        signal_source=source,
        category=signal.kind,
        # A clock ahead of ours would put the capture after the arrival: then the arrival is what we know.
        captured_at=at if ahead else signal.at,
        clock_source="arrival" if ahead else "sender",
        clock_offset_s=offset,
        received_at=at,
        judged_at=at,
        dedup=key,
        evidence=_words(signal),
        looked=True,
    )


def _words(signal: Signal) -> dict[str, Any]:
    said = {"panel_zone": signal.zone, "text": signal.text}
    return {name: words for name, words in said.items() if words}


def _check_same(candidate: Candidate, signal: Signal) -> None:
    """A source whose counter starts anew must be told: answering with an old receipt would lose its alarm."""
    said_at = candidate.received_at + timedelta(seconds=candidate.clock_offset_s)
    same = (
        candidate.category == signal.kind
        and candidate.evidence.get("panel_zone", "") == signal.zone
        and abs(said_at - signal.at) <= REPEAT
    )
    if not same:
        raise SignalRefused(
            "dedup_used",
            _("This dedup was used for another signal. Nothing was stored: send it again with a new one."),
            field="dedup",
        )
