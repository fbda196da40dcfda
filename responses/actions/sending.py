"""Sending a responder: a call and a text at once, then the next one in order for as long as nobody has said yes."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import check_token, locked
from incidents.actions.undoing import ON_THE_WAY
from incidents.audit.guard import outward
from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import State
from responses.actions import facts, script
from responses.actions.planning import known, plan
from responses.actions.stopping import CODE, check_not_stopped, dispatch_stop
from responses.models import Attempt, Responder
from soc.core import events
from soc.core.models import User
from soc.core.prepared import prepared
from soc.core.rights import Act

Status, Kind = Attempt.Status, Attempt.Kind
CALL_AT_MOST = timedelta(minutes=10)  # a call whose end was never told is over by then
STOPPED = "stopped"  # in an attempt's data: the stop that kept it from being made
IN_HAND = (Status.PLANNED, Status.ACTING, Status.UNKNOWN, Status.PLACED, Status.ANSWERED)


@outward("send")
def send_responder(
    incident_id: UUID, *, responder_id: UUID, token: int, by: User, at: datetime, dedup: str
) -> list[Attempt]:
    """Order a responder to the site: [the call, the text]. The same `dedup` twice is one order.

    Raises Refused: `responder` (not one of this customer's), `calling` (is being called for this incident), `accepted` (has
    said yes), `stopped` (nobody is sent now), `dedup`, or Stale; Incident.DoesNotExist where `by` may not send anybody.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.DISPATCH)
        check_token(incident, token, by)
        if before := known(incident, dedup, kind=Kind.CALL, suffix=":call"):
            text = known(incident, dedup, kind=Kind.TEXT, suffix=":text")
            return [before, text] if text else [before]
        responder = _for(incident).filter(pk=responder_id).first()
        if responder is None:
            raise Refused("responder", _("There is no such responder for this site."))
        _not_twice(incident, responder, at=at)
        check_not_stopped(incident)
        return _send(incident, responder, by=by, at=at, dedup=dedup, order=None)


def available_responders(incident: Incident) -> list[Responder]:
    """Whom an operator can send to this site, in the order in which they are called."""
    return _available(incident.organisation_id, incident.site.customer_id)


@prepared
def _available(organisation: UUID, customer: UUID) -> QuerySet[Responder]:
    return _of(organisation, customer).order_by("rank", "name")


def may_come(incident: Incident, responder: Responder) -> bool:
    """Whether this responder is (still) one who can be sent to the incident's site."""
    return _for(incident).filter(pk=responder.pk).exists()


def _for(incident: Incident) -> QuerySet[Responder]:
    return _of(incident.organisation_id, incident.site.customer_id)


def _of(organisation: UUID, customer: UUID) -> QuerySet[Responder]:
    theirs = Q(customers__isnull=True) | Q(customers=customer)
    ids = Responder.objects.filter(theirs, organisation=organisation, enabled=True).values("pk")
    return Responder.objects.filter(pk__in=ids)


def _not_twice(incident: Incident, responder: Responder, *, at: datetime) -> None:
    calls = incident.attempts.filter(kind=Kind.CALL, responder=responder)
    if calls.filter(status=Status.ACCEPTED).exists():
        raise Refused("accepted", _("%(name)s has accepted already.") % {"name": responder.name})
    if calls.filter(status__in=IN_HAND, created_at__gt=at - CALL_AT_MOST).exists():
        raise Refused("calling", _("%(name)s is being called now.") % {"name": responder.name})


def _send(
    incident: Incident, responder: Responder, *, by: User | None, at: datetime, dedup: str, order: Attempt | None
) -> list[Attempt]:
    wait_s = settings.RESPONDER_ANSWER_S[incident.priority - 1]
    call = plan(
        incident,
        Kind.CALL,
        by=by,
        at=at,
        dedup=dedup,
        suffix=":call",
        responder=responder,
        order=order,
        answer_by=at + timedelta(seconds=wait_s),
        data={"ring_s": wait_s},
    )
    return [call, _text(incident, call, by=by, at=at, dedup=dedup, suffix=":text")]


def _text(incident: Incident, call: Attempt, *, by: User | None, at: datetime, dedup: str, suffix: str = "") -> Attempt:
    """What whoever is called reads besides."""
    return plan(
        incident,
        Kind.TEXT,
        by=by,
        at=at,
        dedup=dedup,
        suffix=suffix,
        responder=call.responder,
        order=call.order or call,
        data={"body": script.text_body(incident), "call": str(call.pk)},
    )


def carry_on(call_id: UUID, *, at: datetime) -> Attempt | None:
    """Try the next responder under the same order: this call brought no yes. Returns the next call, or None.

    Once per call: whoever comes second finds its deadline taken away. Nobody is called twice under one order, unless a stop of
    all dispatches kept the first call from being placed. With nobody left, `attempt.exhausted` is recorded: the specialist must
    see it. While a stop stands the deadline is left as it is: lifting the stop comes here again; and so is it while the end of
    the incident can still be taken back.
    """
    try:
        return _carry_on(call_id, at=at)
    except Refused as refused:
        if refused.code != CODE:
            raise
        return None  # stopped in this very moment: nothing was written


def _carry_on(call_id: UUID, *, at: datetime) -> Attempt | None:
    with transaction.atomic():
        call = facts.lock(call_id)
        said_yes = call.accepted_at and not call.declined_at
        if call.kind != Kind.CALL or call.answer_by is None or said_yes:
            return None
        if dispatch_stop(call.organisation_id):
            return None
        incident = locked(call.incident_id)  # two calls that end at once must not both choose the same next one
        if incident.closed_at and at < incident.closed_at + timedelta(seconds=settings.UNDO_S) + ON_THE_WAY:
            return None
        call.answer_by = None
        call.save(update_fields=["answer_by"])
        order = call.order or call
        called = Attempt.objects.filter(Q(pk=order.pk) | Q(order=order), kind=Kind.CALL)
        called = called.exclude(status=Status.FAILED, data__has_key=STOPPED)
        coming = incident.attempts.filter(kind=Kind.CALL, paged=None, status=Status.ACCEPTED).exists()
        if incident.state == State.CLOSED or coming:
            return None
        recent = incident.attempts.filter(kind=Kind.CALL, created_at__gt=at - CALL_AT_MOST)
        busy = recent.filter(paged=None, status__in=IN_HAND).values("responder_id")
        left = _for(incident).exclude(pk__in=called.values("responder_id")).exclude(pk__in=busy)
        # Whom the stop kept from being called was chosen, by the operator or by rank, and is called first.
        kept = left.filter(pk=call.responder_id).first() if call.responder_id and STOPPED in call.data else None
        responder = kept or left.order_by("rank", "name").first()
        if responder is None:
            events.record("attempt.exhausted", call, by=None, at=at, incident=incident.pk, order=order.pk)
            return None
        dedup = f"after:{call.pk}"
        return _send(incident, responder, by=None, at=at, dedup=dedup, order=order)[0]


def carry_on_all(organisation_id: UUID, *, at: datetime) -> int:
    """A stop was lifted, or an end taken back: every order that it held up goes on, where nobody is coming yet; and whoever was
    called and may still come gets the text that it held up. Returns how many calls and texts were ordered."""
    over = Q(declined_at__isnull=False) | Q(ended_at__isnull=False) | Q(status=Status.FAILED) | Q(answer_by__lte=at)
    calls = Attempt.objects.filter(over, organisation=organisation_id, kind=Kind.CALL, answer_by__isnull=False)
    ids = list(calls.order_by("answer_by").values_list("pk", flat=True))
    called = sum(carry_on(pk, at=at) is not None for pk in ids)
    texts = Attempt.objects.filter(kind=Kind.TEXT, status=Status.FAILED, data__has_key=STOPPED)
    going_on = Incident.objects.unfinished().filter(organisation=organisation_id)
    held_up = list(texts.filter(incident__in=going_on).order_by("created_at").values_list("pk", flat=True))
    return called + sum(_text_after_all(pk, at=at) for pk in held_up)


def _text_after_all(text_id: UUID, *, at: datetime) -> bool:
    """The text that a stop held up while its call rang, to somebody who may still come. Once."""
    with transaction.atomic():
        text = facts.lock(text_id)
        incident = locked(text.incident_id)
        call = Attempt.objects.filter(pk=text.data.get("call")).first()
        if incident.state == State.CLOSED or call is None or not _may_still_come(call):
            return False
        if known(incident, f"after:{text.pk}", kind=Kind.TEXT) or dispatch_stop(text.organisation_id):
            return False
        _text(incident, call, by=None, at=at, dedup=f"after:{text.pk}")
        return True


def _may_still_come(call: Attempt) -> bool:
    """Called, and not through with it: said yes, or has time left to."""
    if call.declined_at or call.status == Status.FAILED:
        return False
    return bool(call.accepted_at) or call.answer_by is not None
