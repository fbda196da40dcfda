"""Arming and disarming by people: who may under which owner of the arm state, for how long, and whether it is an alarm by itself.

A disarm by hand while the schedule would have the site armed is `scheduled` where it falls into an opening window of the policy
(with its grace) or somebody is expected everywhere just now; else it is early within EARLY_OPEN_S of the next opening window,
and unannounced otherwise. What an operator did for a caller whose passcode was right is no alarm: a person has looked at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cameras.actions.contacts import vouched
from cameras.actions.presence import open_windows
from cameras.actions.standing import Standing, standing
from cameras.errors import Refused
from cameras.models import ArmChange, Muting, SignalSource
from soc.core import events
from soc.core.models import Site, User
from soc.core.rights import Act

How = ArmChange.How
CUSTOMER: Final = "customer"
PANEL: Final = "panel"
LONGEST: Final = timedelta(days=31)
# What is pressed within the time may arrive a little after it.
ON_THE_WAY: Final = timedelta(seconds=2)


def arm_by_customer(site: Site, *, armed: bool, until: datetime | None, by: User, at: datetime) -> ArmChange:
    """On the customer's own page. `until` None: until the schedule's next border. It can be undone for UNDO_S.

    Raises Refused: `schedule`, `panel` (the site is armed by that), `until`; Site.DoesNotExist where `by` may not.
    """
    site = Site.objects.visible_to(by, Act.ARM).get(pk=site.pk)
    return _change(site, How.PORTAL, armed=armed, until=until, by=by, at=at)


def arm_by_phone(
    site: Site,
    *,
    armed: bool,
    until: datetime | None,
    word: str,
    contact: UUID | None = None,
    by: User,
    at: datetime,
) -> ArmChange:
    """An operator for somebody who gave the passcode on the telephone. Raises as `arm_by_customer`, and `passcode`, `locked`.

    To be called outside of a transaction (see `contacts.vouch`).
    """
    site = Site.objects.visible_to(by, Act.ARM_VOUCHED).get(pk=site.pk)
    _check_owner(standing(site), How.PHONE)
    _check_until(until, at)
    vouched(site, word, by=by, at=at, contact=contact)
    return _change(site, How.PHONE, armed=armed, until=until, by=by, at=at)


def arm_by_panel(
    source: SignalSource, *, armed: bool, at: datetime, received_at: datetime | None = None
) -> ArmChange | None:
    """A panel said `open` or `close`, at `at` of its own clock: it holds where the panel owns the arm state, and is only a report
    elsewhere (None). Called in the transaction of its signal; told twice, it is written once.
    """
    site = source.site
    stands = standing(site)
    if stands.policy.owner != PANEL:
        return None
    known = ArmChange.objects.filter(source=source, at=at, armed=armed).first()
    if known is not None:
        return known
    return _write(
        stands, site, How.PANEL, armed=armed, until=None, by=None, source=source, at=at, said_at=received_at or at
    )


def undo(change_id: UUID, *, by: User, at: datetime) -> ArmChange:
    """As if it had not been done, for whoever did it, for UNDO_S. Raises Refused `too_late`; ArmChange.DoesNotExist."""
    with transaction.atomic():
        rows = ArmChange.objects.visible_to(by, Act.ARM).select_for_update(of=("self",), no_key=True)
        row: ArmChange = rows.select_related("site").get(pk=change_id, by=by)
        if row.undone_at is not None:
            return row
        if at - row.at > timedelta(seconds=settings.UNDO_S) + ON_THE_WAY:
            raise Refused("too_late", _("It is too late to undo this. Arm or disarm again."))
        row.undone_at, row.alert_by = at, None
        row.save(update_fields=["undone_at", "alert_by"])
        events.record("arming.undone", row, by=by, at=at, armed=row.armed)
    return row


def _check_owner(stands: Standing, how: str) -> None:
    owner = stands.policy.owner
    if owner == CUSTOMER or (owner == PANEL and how == How.PANEL):
        return
    if owner == PANEL:
        raise Refused("panel", _("This site is armed and disarmed at its alarm panel. Do it there, or call us."))
    raise Refused(
        "schedule",
        _("This site is armed by its schedule alone. Say whom you expect, or ask us to change the schedule."),
    )


def _check_until(until: datetime | None, at: datetime) -> None:
    if until is not None and not at < until <= at + LONGEST:
        raise Refused("until", _("Choose a time that lies ahead, a month at most."), field="until")


def _change(site: Site, how: str, *, armed: bool, until: datetime | None, by: User, at: datetime) -> ArmChange:
    _check_until(until, at)
    with transaction.atomic():
        # One after the other: each is judged by what the one before it left.
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        stands = standing(site)
        _check_owner(stands, how)
        return _write(stands, site, how, armed=armed, until=until, by=by, source=None, at=at, said_at=at)


def _write(
    stands: Standing,
    site: Site,
    how: str,
    *,
    armed: bool,
    until: datetime | None,
    by: User | None,
    source: SignalSource | None,
    at: datetime,
    said_at: datetime,
) -> ArmChange:
    before = stands.arm(at).armed
    weighed = weigh(stands, site, at) if before and not armed else Weighed(True)
    alert = "" if how == How.PHONE else weighed.alert
    wait = timedelta(seconds=settings.UNDO_S) + ON_THE_WAY if how == How.PORTAL else timedelta(0)
    row = ArmChange(
        site=site,
        armed=armed,
        how=how,
        at=at,
        until=until,
        by=by,
        source=source,
        scheduled=weighed.scheduled,
        alert=alert,
        alert_by=said_at + wait if alert else None,
    )
    row.save(force_insert=True)
    kind = "arming.armed" if armed else "arming.disarmed"
    codes = {"how": str(how), "until": until.isoformat() if until else None, "scheduled": weighed.scheduled}
    events.record(kind, row, by=by, at=at, **codes)
    if armed and not before:
        _end_tests(site, by=by, at=said_at)
    return row


def _end_tests(site: Site, *, by: User | None, at: datetime) -> None:
    """A test is of a site that is not armed, or was armed already when it began: whoever arms by hand ends what was forgotten."""
    rows = Muting.objects.select_for_update(of=("self",), no_key=True)
    running = rows.filter(site=site, kind=Muting.Kind.TEST, ended_at=None, starts_at__lte=at, ends_at__gt=at)
    for muting in running.select_related("site"):
        muting.ended_at, muting.ended_by = at, by
        muting.save(update_fields=["ended_at", "ended_by"])
        events.record("muting.ended", muting, by=by, at=at, what=muting.kind)


@dataclass(frozen=True)
class Weighed:
    """A disarm: whether it was to be looked for, and else the alarm that it is."""

    scheduled: bool
    alert: str = ""


def weigh(stands: Standing, site: Site, at: datetime) -> Weighed:
    """What a disarm at `at` is, of a site that was armed. See above.

    The panel of a site that declares neither opening windows nor a schedule cannot open at a wrong time: nobody knows it.
    """
    if any(not one.window.zones.all() for one in open_windows(site, at)):
        return Weighed(True)
    policy = stands.policy
    if policy.opening is None or policy.opening.opens is None:
        usual = policy.owner == PANEL and not policy.timeline.state(at).armed
        return Weighed(True) if usual else Weighed(False, "unscheduled_disarm")
    if policy.opening.in_time(at, opening=True):
        return Weighed(True)
    opens = policy.opening.opens.state(at).until
    early = opens is not None and opens - at <= timedelta(seconds=settings.EARLY_OPEN_S)
    return Weighed(False, "early_open" if early else "unscheduled_disarm")
