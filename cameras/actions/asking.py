"""What of a site two people decide: another address, and a snooze that is longer than an operator's. Asked for here by one, done
once another has granted it (`soc.core.approving`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cameras.actions import muting
from cameras.errors import Refused
from soc.core import approving, events
from soc.core.models import Approval, Site, User
from soc.core.rights import Act

ADDRESS: Final = "address"
SNOOZE: Final = "snooze"
LONGEST_ADDRESS: Final = 240


def ask_address(site: Site, *, address: str, reason: str, by: User, at: datetime) -> Approval:
    """Ask for another address. Until somebody else has granted it whoever is sent goes to the old one.

    Raises Refused: `address`, `reason`, `asked` (one waits already); Site.DoesNotExist where `by` may not.
    """
    address = " ".join(address.split())
    before = Site.objects.values_list("address", flat=True).get(pk=site.pk)
    if not address or len(address) > LONGEST_ADDRESS or address == before:
        raise Refused("address", _("Write the new address, in 240 characters at most."), field="address")
    data = {"before": before, "after": address}
    return _ask(ADDRESS, site, str(site.pk), data, reason, by, at)


def ask_snooze(
    site: Site,
    *,
    categories: Collection[str],
    minutes: int,
    reason: str,
    camera: UUID | None = None,
    zone: UUID | None = None,
    by: User,
    at: datetime,
) -> Approval:
    """Ask a supervisor for a longer snooze than one's own. It begins when it is granted.

    Raises Refused as `muting.snooze` does, and `asked`; Site.DoesNotExist where `by` may not snooze there at all.
    """
    site = Site.objects.visible_to(by, Act.MUTE).get(pk=site.pk)
    wanted, place = muting.wanted(site, categories, camera, zone)
    muting.minutes_within(minutes, settings.SNOOZE_MIN[1])
    data = {"categories": sorted(wanted), "minutes": minutes, "camera": str(camera or ""), "zone": str(zone or "")}
    about = f"{site.pk}:{':'.join(str(row.pk) for row in place.values())}"
    return _ask(SNOOZE, site, about, data, reason, by, at)


def _ask(name: str, site: Site, about: str, data: dict[str, Any], reason: str, by: User, at: datetime) -> Approval:
    try:
        return approving.ask(name, of=site, about=about, data=data, reason=reason, by=by, at=at)
    except approving.Refused as refused:
        raise Refused(refused.code, refused.message, field="reason") from refused


def _change_address(approval: Approval, by: User, at: datetime) -> None:
    assert approval.site is not None
    with transaction.atomic():
        site = Site.objects.select_for_update(no_key=True, of=("self",)).get(pk=approval.site.pk)
        if site.address != approval.data["before"]:
            raise Refused("changed", _("The address is another one by now: refuse this, and have it asked for anew."))
        site.address = approval.data["after"]
        site.save(update_fields=["address"])
        events.record("site.address_changed", site, by=by, at=at, approval=approval.pk, asked_by=approval.asked_by_id)


def _snooze(approval: Approval, by: User, at: datetime) -> None:
    assert approval.site is not None
    data = approval.data
    muting.snooze(
        approval.site, categories=data["categories"], minutes=data["minutes"], reason=approval.reason,
        camera=_id(data["camera"]), zone=_id(data["zone"]), by=by, at=at,
    )  # fmt: skip


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None


def register() -> None:
    """When the app is ready."""
    wait = {name: timedelta(seconds=settings.APPROVAL_WAIT_S[name]) for name in (ADDRESS, SNOOZE)}
    approving.register(ADDRESS, approving.Kind(Act.ADDRESS, Act.ADDRESS, wait[ADDRESS], _change_address))
    approving.register(SNOOZE, approving.Kind(Act.MUTE, Act.MUTE_LONG, wait[SNOOZE], _snooze))
