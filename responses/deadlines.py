"""Deadlines of attempts, found by the spine every 250 ms. Nothing here talks to the outside: it only hands on."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from responses.actions import performing, sending
from responses.models import Attempt, DispatchStop
from soc.core.sweeps import sweep

AT_ONCE = 50  # rows a round; the rest waits a quarter of a second


@sweep("responses.unfinished")
def unfinished(at: datetime) -> int:
    """Attempts whose lease has lapsed: begun again, asked about, or (a message half played) ended in words."""
    open_ = [Attempt.Status.PLANNED, Attempt.Status.ACTING, Attempt.Status.UNKNOWN, Attempt.Status.PLACED]
    rows = Attempt.objects.filter(status__in=open_, leased_until__lte=at).order_by("leased_until")
    return sum(performing.pick_up(pk, at=at) for pk in list(rows.values_list("pk", flat=True)[:AT_ONCE]))


@sweep("responses.unanswered")
def unanswered(at: datetime) -> int:
    """Calls that nobody said yes to in time: the next responder is tried. The first one may still say yes. What a stop of all
    dispatches holds up waits for its end."""
    rows = Attempt.objects.filter(answer_by__lte=at, accepted_at__isnull=True).order_by("answer_by")
    stopped = DispatchStop.objects.filter(organisation=OuterRef("organisation"), lifted_at=None)
    rows = rows.filter(~Exists(stopped))
    due = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    return sum(sending.carry_on(pk, at=at) is not None for pk in due)
