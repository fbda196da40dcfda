"""What the spine does for the blind audit: draws now and then, and every 250 ms what is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from incidents.audit import admitting, drawing
from incidents.models import AuditCase
from soc.core.away import LOST
from soc.core.sweeps import chore, sweep

AT_ONCE: Final = 20
AGAIN: Final = timedelta(minutes=10)


@chore("audit.draw")
def draw(at: datetime) -> int:
    """The lots of the days that are over."""
    return drawing.draw_due(at)


@sweep("audit.cases")
def cases(at: datetime) -> int:
    """Cases into the queue, their clips after them, and out again where something in earnest comes. Two queries when there is
    nothing to do. Raises ExceptionGroup after the others are done.
    """
    done, failed = 0, []
    due = AuditCase.objects.filter(due_at__lte=at).order_by("due_at").values_list("pk", "incident")
    for pk, incident in list(due[:AT_ONCE]):
        try:
            done += (admitting.give_clip if incident else admitting.admit)(pk, at=at)
        except LOST:
            raise  # the database is away: for the spine to wait out
        except Exception as error:
            failed.append(error)
            AuditCase.objects.filter(pk=pk).update(due_at=at + AGAIN)  # not four times a second
    done += admitting.give_way(at)
    if failed:
        raise ExceptionGroup("cases of the blind audit that could not be gone on with", failed)
    return done
