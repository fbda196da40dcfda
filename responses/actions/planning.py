"""The row before the act: an attempt and its event in one transaction. The reaction to the event does the rest."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from incidents.audit.guard import keep_in
from incidents.errors import Refused
from incidents.models import Incident
from responses.actions.stopping import check_not_stopped
from responses.models import Attempt
from soc.core import events
from soc.core.models import User

LONGEST_KEY = 150


def key(incident: Incident, dedup: str, suffix: str = "") -> str:
    """A client's key, made the incident's own: the same word in two incidents is two acts. Raises Refused."""
    if not dedup or len(dedup) > LONGEST_KEY or not dedup.isprintable():
        raise Refused("dedup", _("The request has no usable key of its own. Reload the page."))
    return f"{incident.pk}:{dedup}{suffix}"


def known(incident: Incident, dedup: str, *, kind: str, suffix: str = "") -> Attempt | None:
    """The attempt this key made before, if any."""
    return Attempt.objects.filter(dedup=key(incident, dedup, suffix), incident=incident, kind=kind).first()


def plan(
    incident: Incident, kind: str, *, by: User | None, at: datetime, dedup: str, suffix: str = "", **values: Any
) -> Attempt:
    """Write the attempt and record `attempt.planned`, in the caller's transaction. Raises Exercise: nothing of one goes out; and
    Refused `stopped` for a responder, where a stop was set since the caller looked.
    """
    keep_in(incident)
    attempt = Attempt(
        incident=incident,
        site=incident.site,
        kind=kind,
        by=by,
        created_at=at,
        dedup=key(incident, dedup, suffix),
        **values,
    )
    try:
        with transaction.atomic():
            attempt.save(force_insert=True)
    except IntegrityError:
        # PostgreSQL looks again at what we had looked at. What was committed in between is said in the same words.
        keep_in(incident)
        if attempt.responder_id is not None:
            check_not_stopped(incident)
        raise
    codes = {name: values[name].pk for name in ("camera", "message", "responder", "order", "paged") if values.get(name)}
    events.record("attempt.planned", attempt, by=by, at=at, incident=incident.pk, act=kind, **codes)
    return attempt
