"""What is asked for, in words: what it would change, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cameras.actions.asking import ADDRESS, SNOOZE
from cameras.models import Camera, Zone
from incidents.actions.hushing import QUIET
from incidents.models import Incident
from responses import publishing
from soc.console.door import ALERTS
from soc.console.sentences import what
from soc.console.strip import headline
from soc.core import approving
from soc.core.models import Approval, Organisation, User
from soc.core.rights import Act, allows

LAST: Final = 20
URGENT: Final = QUIET  # an incident goes on
LONGEST_DIFF: Final = 200


@dataclass(frozen=True)
class Shown:
    """`pairs`: (name, as it is, as it would be)."""

    approval: Approval
    title: str
    where: str
    href: str
    pairs: list[tuple[str, str, str]]
    may: bool
    mine: bool
    zone: str

    @cached_property
    def changes(self) -> list[tuple[str, str]]:
        """Lines of a longer text, each (“+”, “-” or “ ”, text): looked for only where they are shown."""
        return _changes(self.approval) if self.approval.kind == publishing.ASKED else []


def page(user: User, *, at: datetime) -> dict[str, Any]:
    """What waits for this user's word, what of their own waits for somebody else's, and how their last ones ended."""
    found = sorted(approving.to_decide(user), key=lambda one: (one.kind != URGENT, -one.level, one.asked_at))
    waiting = [shown(one, user) for one in found]
    own = [shown(one, user) for one in approving.asked_by(user, last=LAST)]
    return {
        "deciding": [one for one in waiting if one.may],
        "waiting": [one for one in own if one.approval.state == Approval.State.WAITING],
        "ended": [one for one in own if one.approval.state != Approval.State.WAITING],
        "at": at,
    }


def shown(approval: Approval, user: User) -> Shown:
    """One of them, for this reader, who may decide it or asked for it."""
    mine = approval.asked_by_id == user.pk
    title, href, pairs = WORDS.get(approval.kind, _plain)(approval)
    where = approval.site.name if approval.site else approval.organisation.name
    may = not mine and approval.state == Approval.State.WAITING
    zone = approval.site.time_zone if approval.site else "UTC"
    return Shown(approval, title, where, href, pairs, may, mine, zone)


def title(approval: Approval) -> str:
    """What is asked for, in a few words."""
    return WORDS.get(approval.kind, _plain)(approval)[0]


def beside(incident: Incident) -> dict[str, Any]:
    """For the pane: who asked that something may be heard, and another address that nobody has granted."""
    waiting = list(approving.waiting_at(incident.site_id)) if getattr(incident, "asks", True) else []
    by_kind = {one.kind: one for one in waiting if one.kind != QUIET or one.about == str(incident.pk)}
    return {"quiet_asked": by_kind.get(QUIET), "address_asked": by_kind.get(ADDRESS)}


Told = tuple[str, str, list[tuple[str, str, str]]]  # title, address, pairs


def _plain(approval: Approval) -> Told:
    return approval.kind, "", []


def _quiet(approval: Approval) -> Told:
    incident = Incident.objects.select_related("site").prefetch_related(ALERTS).get(pk=approval.data["incident"])
    names = {"reference": incident.reference, "title": headline(incident)}
    words = _("Let something be heard and seen again: %(reference)s %(title)s") % names
    return words, reverse("console-incident", args=[incident.pk]), []


def _address(approval: Approval) -> Told:
    pair = (_("Address"), approval.data["before"], approval.data["after"])
    return _("Another address"), "", [pair]


def _snooze(approval: Approval) -> Told:
    data = approval.data
    zone = Zone.objects.filter(pk=data["zone"]).first() if data["zone"] else None
    camera = Camera.objects.filter(pk=data["camera"]).first() if data["camera"] else None
    place = zone.name if zone else camera.name if camera else _("whole site")
    covers = ", ".join(what(code) for code in data["categories"])
    words = _("Snooze for %(minutes)s minutes: %(place)s") % {"minutes": data["minutes"], "place": place}
    return words, reverse("console-cover-site", args=[approval.site_id]), [(_("Not raised"), "", covers)]


def _playbook(approval: Approval) -> Told:
    data = approval.data
    words = _("Publish the playbook “%(name)s”") if data["what"] == "playbook" else _("Publish the message “%(name)s”")
    return words % {"name": data["name"]}, "", []


def _changes(approval: Approval) -> list[tuple[str, str]]:
    name, after = approval.data["name"], approval.data["body"]
    rows = publishing.asked_for(approval)._default_manager.filter(organisation=approval.organisation, name=name)
    last = rows.order_by("-number").first()
    diff = publishing.difference(last.body if last else {}, after)
    return [(line[:1], line[1:]) for line in diff if not line.startswith("@@")][:LONGEST_DIFF]


def nobody(user: User) -> list[tuple[Organisation, list[str]]]:
    """For who administers a centre: what nobody of it could grant to whoever asks, in words."""
    found = []
    for membership in user.memberships.all():
        if not allows(membership.role, Act.ADMINISTER) or membership.organisation is None:
            continue
        centre = membership.organisation
        if kinds := [str(THINGS[kind]) for kind in approving.lacking(centre) if kind in THINGS]:
            found.append((centre, kinds))
    return found


THINGS: Final = {
    ADDRESS: gettext_lazy("another address of a site"),
    publishing.ASKED: gettext_lazy("a new version of a playbook or message"),
    SNOOZE: gettext_lazy("a snooze longer than an operator's"),
    QUIET: gettext_lazy("that something may be heard again in a silent incident"),
}
WORDS: Final = {QUIET: _quiet, ADDRESS: _address, SNOOZE: _snooze, publishing.ASKED: _playbook}
