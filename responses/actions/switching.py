"""Lights, sirens and gates at the site: which, whether it may be switched now, and whether it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cameras.vision.address import AddressRefused
from incidents.actions.locking import check_token, locked
from incidents.audit.guard import outward
from incidents.errors import Refused
from responses import adapters
from responses.actions import facts
from responses.actions.planning import known, plan
from responses.actions.talking import quiet_at
from responses.models import Attempt, Relay
from responses.models.relay import place
from responses.ports import DeliveryError, Output
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act

STALE: Final = timedelta(seconds=30)  # a gate that opens half a minute after the key is a gate that nobody watches
QUIET: Final = _("Nothing may be heard or seen at this site: a quiet incident goes on there.")
BEGUN: Final = (Attempt.Status.PLANNED, Attempt.Status.ACTING, Attempt.Status.UNKNOWN)


@outward("relay")
def switch(incident_id: UUID, *, relay_id: UUID, on: bool, token: int, by: User, at: datetime, dedup: str) -> Attempt:
    """Order a light, a siren or a gate to be switched. The same `dedup` twice is one order.

    Raises Refused: `quiet`, `relay` (none such in use at the site), `off` (it goes back by itself), `busy` (is being switched),
    `dedup`, or Stale; Incident.DoesNotExist where `by` may not switch anything there.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.SWITCH)
        check_token(incident, token, by)
        if before := known(incident, dedup, kind=Attempt.Kind.RELAY):
            return before
        # Locked: two incidents of one site never switch one thing at the same time.
        rows = Relay.objects.select_for_update(of=("self",), no_key=True)
        relay = rows.filter(pk=relay_id, site_id=incident.site_id, enabled=True).first()
        if relay is None:
            raise Refused("relay", _("There is nothing of this kind to switch at this site."))
        if quiet_at(incident):
            raise Refused("quiet", QUIET)
        if not on and relay.goes_back:
            raise Refused("off", _("It goes back by itself."))
        if Attempt.objects.filter(relay=relay, status__in=BEGUN).exists():
            raise Refused("busy", _("It is being switched just now. Wait for what becomes of that."))
        return plan(incident, Attempt.Kind.RELAY, by=by, at=at, dedup=dedup, relay=relay, data={"on": on})


def frozen(site: Site) -> list[dict[str, Any]]:
    """What can be switched at a site, as an incident's playbook keeps it."""
    shown = ("id", "kind", "name", "goes_back")
    rows = Relay.objects.filter(site=site, enabled=True).values(*shown)
    first = Relay.Kind.values.index  # what harms least comes first
    return [{**row, "id": str(row["id"])} for row in sorted(rows, key=lambda row: (first(row["kind"]), row["name"]))]


def why_not(attempt: Attempt, *, at: datetime) -> tuple[str, str] | None:
    """(code, words) where it should no longer be done."""
    relay = _relay(attempt)
    if quiet_at(attempt.incident):
        return "quiet", str(QUIET)
    if not relay.enabled:
        return "relay", str(_("It is not in use any more."))
    if at - attempt.created_at > STALE:
        return "late", str(_("It could not be switched in time. Switch it again if it still fits."))
    return None


def do(attempt: Attempt) -> None:
    """The act itself, once. Raises DeliveryError or Unclear."""
    adapters.relays().switch(_output(attempt), on=bool(attempt.data["on"]))
    facts.switched(attempt.pk, at=clock.now(), how="answered")


def ask(attempt: Attempt) -> str:
    """How it stands at the site after an act whose answer was lost: "" where it was switched, else why it counts as failed, in
    words. Never switched a second time by itself. Raises DeliveryError where the device cannot say.
    """
    wanted, relay = bool(attempt.data["on"]), _relay(attempt)
    if adapters.relays().stands(_output(attempt)) == wanted:
        facts.switched(attempt.pk, at=clock.now(), how="asked")
        return ""
    if relay.goes_back:
        return str(
            _("It is not known whether it was switched: it goes back by itself. Look before you switch it again.")
        )
    return str(_("The device says that it is not switched. Switch it again if it still fits."))


def _relay(attempt: Attempt) -> Relay:
    assert attempt.relay is not None, "an attempt of kind relay names one"
    return attempt.relay


def _output(attempt: Attempt) -> Output:
    """Where to connect, checked anew. Raises DeliveryError in words."""
    relay = _relay(attempt)
    try:
        root, path, host = place(relay.address)
    except AddressRefused as error:
        raise DeliveryError(error.message, permanent=True) from error
    return Output(root, path, host, relay.output, relay.username, relay.password)
