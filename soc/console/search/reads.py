"""Searching the record: sealed events only, newest first, page after page by their position.

Nothing here tells of an exercise of the blind audit that nobody has judged yet: whoever reads this may be shown it at the desk.
Neither its own events are listed, nor what cameras noticed, of which an exercise alone has none (that is told by "Ask it").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from incidents.models import Incident
from responses.models import Attempt
from soc.console.happened import SAID, Teller, kinds
from soc.console.times import centre_zone, local
from soc.core.models import Event, Organisation, Site, User
from soc.core.rights import Act, Role, scoped

A_PAGE: Final = 50
REFERENCE: Final = re.compile(r"(?:ND-)?(\d{1,12})", re.IGNORECASE)
SECRET: Final = Q(kind__startswith="audit.") & ~Q(kind__in=[kind for kind in SAID if kind.startswith("audit.")])
NOTICED: Final = Q(kind__startswith="candidate.")


@dataclass(frozen=True)
class Asked:
    """What is searched for; None or "" for anything. `own`: only what this user did themselves, since no more is theirs."""

    since: datetime | None = None
    until: datetime | None = None
    person: UUID | None = None
    site: UUID | None = None
    kind: str = ""
    incident: str = ""
    before: int | None = None
    own: bool = False
    zone: tzinfo | None = None


@dataclass(frozen=True)
class Row:
    event: Event
    words: str
    site: str
    incident: UUID | None
    reference: str


def asked_of(user: User, given: Any) -> Asked:
    """A search as it came in the address; what cannot be read is left out."""
    sees_all = user.may_anywhere(Act.AUDIT)
    centre = Organisation.objects.filter(memberships__user=user).order_by("name").first()
    zone = centre_zone(centre) if centre else None
    until = given.get("before", "")
    return Asked(
        since=local(given.get("since", ""), zone) if zone else None,
        until=local(given.get("until", ""), zone) if zone else None,
        person=_id(given.get("person", "")) if sees_all else None,
        site=_id(given.get("site", "")),
        kind=given.get("kind", "") if given.get("kind", "") in SAID else "",
        incident=given.get("incident", "").strip()[:20],
        before=int(until) if until.isascii() and until.isdigit() and len(until) < 19 else None,
        own=not sees_all,
        zone=zone,
    )


def visible_to(user: User) -> QuerySet[Event]:
    """The events that this user may read: all of where they may audit, and what they did themselves."""
    reach = partial(scoped, user, organisation="organisation", customer="customer", site="site")
    own = Q(by=user) & reach(act=Act.CONSOLE, among=Role.of_centre())
    return Event.objects.filter(reach(act=Act.AUDIT) | own, seq__isnull=False).exclude(SECRET | NOTICED)


def found(user: User, asked: Asked) -> dict[str, Any]:
    """One page of what fits, newest first; `next` is the position to go on from, None at the end."""
    rows = _fitting(user, asked)
    events = list(rows.select_related("by", "site")[: A_PAGE + 1])
    more, events = len(events) > A_PAGE, events[:A_PAGE]
    teller, incidents = Teller(events), _incidents(events, user)
    return {
        "rows": [_row(event, teller, incidents) for event in events],
        "next": events[-1].seq if more else None,
        "first": asked.before is None,
    }


def _fitting(user: User, asked: Asked) -> QuerySet[Event]:
    rows = visible_to(user)
    if asked.own:
        rows = rows.filter(by=user)
    for name, value in (("at__gte", asked.since), ("at__lt", asked.until), ("by", asked.person), ("site", asked.site)):
        if value is not None:
            rows = rows.filter(**{name: value})
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.incident:
        rows = rows.filter(_of_incident(user, asked.incident))
    if asked.before is not None:
        rows = rows.filter(seq__lt=asked.before)
    return rows.order_by("-seq")


def _of_incident(user: User, reference: str) -> Q:
    """What happened to one incident, its acts and its alerts; nothing where there is no such incident for this user."""
    match = REFERENCE.fullmatch(reference)
    incident = Incident.objects.visible_to(user).filter(number=int(match[1])).first() if match else None
    if incident is None:
        return Q(pk__in=[])
    acts = list(Attempt.objects.filter(incident=incident).values_list("pk", flat=True))
    candidates = list(incident.alerts.values_list("candidate", flat=True))
    return Q(subject_id__in=[incident.pk, *acts, *candidates]) | Q(
        site=incident.site_id, data__incident=str(incident.pk)
    )


def _incidents(events: list[Event], user: User) -> dict[UUID, str]:
    """The references of the incidents that these events are about, as far as this user may see them."""
    ids = {one for event in events if (one := _incident_of(event))}
    rows = Incident.objects.visible_to(user, Act.SEE).filter(pk__in=ids)
    return {row.pk: row.reference for row in rows.only("number")}


def _incident_of(event: Event) -> UUID | None:
    if event.subject_type == "incident":
        return event.subject_id
    return _id(str(event.data.get("incident", "")))


def _row(event: Event, teller: Teller, incidents: dict[UUID, str]) -> Row:
    about = _incident_of(event)
    known = about if about in incidents else None
    return Row(
        event,
        teller.say(event),
        event.site.name if event.site else "",
        known,
        incidents.get(about, "") if about else "",
    )


def choices(user: User) -> dict[str, Any]:
    """What may be chosen: the sites that this user sees, the people of their centres, every kind."""
    sites = Site.objects.visible_to(user).order_by("name")
    people: list[User] = []
    if user.may_anywhere(Act.AUDIT):
        centres = Organisation.objects.filter(memberships__user=user)
        held = User.objects.filter(memberships__organisation__in=centres).distinct()
        people = sorted(held, key=lambda one: (one.sign.lower(), one.username))
    return {"sites": sites, "people": people, "kinds": kinds()}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
