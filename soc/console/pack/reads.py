"""What a pack holds: as much as its reader may see, and what is needed to work by telephone and paper."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Prefetch

from cameras.models import Camera, SiteContact
from incidents.models import ContingencyKey, Incident, RosterEntry
from incidents.roster import to_come
from incidents.subjects import newest, sentence
from responses.models import Attempt, Responder
from soc.console import playbook
from soc.console.door import incidents_of
from soc.console.strip import headline
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act

MOST_ON_CALL: Final = 10
# Nothing is dialled twice because nobody knows any more that it was: what went out lies in the pack too.
WENT_OUT = Prefetch(
    "attempts",
    Attempt.objects.select_related("responder", "paged", "camera", "message", "relay").order_by("-created_at"),
)


def key_of(organisation: Organisation) -> ContingencyKey | None:
    return organisation.contingency_keys.order_by("-at").first()


def contents(user: User, organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """JSON: the centre's sites, their contacts and responders, open incidents, and who is on call. Instants are ISO 8601."""
    sites = list(
        Site.objects.visible_to(user, Act.PACK)
        .filter(organisation=organisation)
        .select_related("customer")
        .order_by("name")
    )
    ids = [site.pk for site in sites]
    contacts = by_site(SiteContact.objects.filter(site__in=ids, enabled=True).order_by("rank", "name"))
    cameras = by_site(Camera.objects.filter(site__in=ids, enabled=True).order_by("name"))
    responders = Responder.objects.filter(organisation=organisation, enabled=True).prefetch_related("customers")
    customers = {site.customer_id for site in sites}
    return {
        "made_at": at.isoformat(),
        "centre": organisation.name,
        "for": user.sign,
        "sites": [_site(site, contacts[site.pk], cameras[site.pk]) for site in sites],
        "responders": [
            one
            for responder in responders.order_by("rank", "name")
            if (one := _responder(responder, customers)) is not None
        ],
        "incidents": [_incident(row) for row in _unfinished(user, ids)],
        "on_call": [_on_call(entry) for entry in to_come(organisation, at, RosterEntry.Duty.ON_CALL)[:MOST_ON_CALL]],
    }


def _unfinished(user: User, sites: list[UUID]) -> Any:
    rows = incidents_of(user).filter(site__in=sites).unfinished().by_urgency()
    return rows.prefetch_related("notes", "descriptions", WENT_OUT)


def by_site(rows: Any) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.site_id].append(row)
    return found


def _site(site: Site, contacts: list[SiteContact], cameras: list[Camera]) -> dict[str, Any]:
    return {
        "name": site.name,
        "customer": site.customer.name,
        "address": site.address,
        "entrance": site.entrance,
        "hazards": site.hazards,
        "instructions": site.instructions,
        "time_zone": site.time_zone,
        "cameras": [camera.name for camera in cameras],
        "contacts": [{"name": one.name, "role": str(one.get_role_display()), "phone": one.phone} for one in contacts],
    }


def _responder(responder: Responder, customers: set[UUID]) -> dict[str, Any] | None:
    """None for one who serves only customers that the reader does not see."""
    served = list(responder.customers.all())
    if served and not any(customer.pk in customers for customer in served):
        return None
    return {
        "name": responder.name,
        "kind": str(responder.get_kind_display()),
        "phone": responder.phone,
        "minutes": responder.minutes,
        "customers": [customer.name for customer in served if customer.pk in customers],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "reference": incident.reference,
        "title": headline(incident),
        "site": incident.site.name,
        "priority": incident.priority,
        "state": str(incident.get_state_display()),
        "verdict": str(incident.get_verdict_display()) if incident.verdict else "",
        "owner": incident.owner.sign if incident.owner else "",
        "captured_at": incident.captured_at.isoformat(),
        "due_at": incident.due_at.isoformat() if incident.due_at else "",
        "reason": incident.reason,
        "quiet": incident.quiet,
        "notes": [
            f"{note.at:%H:%M} UTC {note.text}" for note in sorted(incident.notes.all(), key=lambda note: note.at)
        ],
        "seen": [sentence(card) for card in newest(incident.descriptions.all())],
        "sent": [
            f"{act.at:%H:%M} UTC {act.what}: {act.status}" for act in playbook.sent(list(incident.attempts.all()))
        ],
    }


def _on_call(entry: RosterEntry) -> dict[str, Any]:
    return {
        "sign": entry.user.sign,
        "phone": entry.user.phone,
        "from": entry.starts_at.isoformat(),
        "to": entry.ends_at.isoformat(),
    }
