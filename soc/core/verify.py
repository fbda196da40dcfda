"""Verifying the record: chain and signed heads. Names the first bad row."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.core import heads
from soc.core.chain import GENESIS, digest
from soc.core.models import Event

UNSIGNED = timedelta(minutes=15)  # heads are signed each minute; a spine that is down seals nothing either


@dataclass(frozen=True)
class Finding:
    """The first thing that is wrong: where, and in what way."""

    seq: int | None
    event_id: int | None
    problem: str  # edited | deleted | reordered | tail cut | recomputed | head file
    detail: str


@dataclass(frozen=True)
class Report:
    events: int
    heads: int
    finding: Finding | None


def verify() -> Report:
    """Walk the chain once, in constant memory.

    1. Every seq follows its predecessor: a hole is a deletion.
    2. Every `prev` is the predecessor's hash: otherwise rows changed places.
    3. Every hash is what its content gives: otherwise the row was edited.
    4. Every signed head is found in the chain with its hash: a missing one is a cut tail, a different one a chain
       that somebody computed anew.
    5. Heads go on as long as the record does: a file that ends early was cut, or nobody signs.
    """
    try:
        signed = heads.read()
    except heads.HeadFileDamaged as error:
        return Report(0, 0, Finding(None, None, "head file", str(error)))
    wanted: dict[int, heads.Head] = {}
    for head in signed:  # the first word counts: whoever recomputes the chain may get it signed again later
        wanted.setdefault(head.seq, head)
    count, prev, seq, first, newest = 0, GENESIS, 0, None, None
    for event in Event.objects.filter(seq__isnull=False).order_by("seq").iterator(chunk_size=2000):
        count += 1
        seq += 1
        first, newest = first or event.at, event.at
        if event.seq != seq:
            return Report(
                count,
                len(signed),
                Finding(seq, None, "deleted", f"position {seq} is missing, the next row is {event.seq}"),
            )
        if event.prev != prev:
            return Report(
                count,
                len(signed),
                Finding(seq, event.pk, "reordered", f"row {event.pk} does not follow the row before it"),
            )
        if event.hash != digest(prev, event):
            return Report(
                count, len(signed), Finding(seq, event.pk, "edited", f"row {event.pk} is not what was sealed")
            )
        if seq in wanted and wanted[seq].hash != event.hash:
            return Report(
                count,
                len(signed),
                Finding(seq, event.pk, "recomputed", f"row {event.pk} is not the one signed at {wanted[seq].at}"),
            )
        prev = event.hash
    last = max(wanted, default=0)
    if last > seq:
        return Report(
            count,
            len(signed),
            Finding(seq + 1, None, "tail cut", f"the record ends at {seq}, a head was signed at {last}"),
        )
    if newest and first:
        signed_until = datetime.fromisoformat(signed[-1].at) if signed else first
        if newest - signed_until > UNSIGNED:
            detail = f"nothing was signed since {signed_until.isoformat()}, the record goes on to {newest.isoformat()}"
            return Report(count, len(signed), Finding(None, None, "head file", detail))
    return Report(count, len(signed), None)
