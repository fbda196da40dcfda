"""What is muted for a time, and what operators must know first for a time. Nothing here is without an end, and nothing covers
threats, tampering or hold-up (`cameras.categories.MUTABLE`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.actions.contacts import vouched
from cameras.actions.standing import standing
from cameras.categories import MUTABLE, Family, category
from cameras.errors import Refused
from cameras.models import Camera, Muting, SiteContact, Storm, TemporaryInstruction, Zone
from soc.core import events
from soc.core.models import Organisation, Site, User
from soc.core.prepared import prepared
from soc.core.rights import MATRIX, Act

Kind = Muting.Kind
Sites = Collection[Site] | QuerySet[Site]
INSTRUCTION_AT_MOST: Final = timedelta(hours=24)
LONGEST_REASON: Final = 240
# What a test by an installer may set off anywhere: all that may be covered at all.
TESTED: Final = MUTABLE


def snooze(
    site: Site,
    *,
    categories: Collection[str],
    minutes: int,
    reason: str,
    camera: UUID | None = None,
    zone: UUID | None = None,
    by: User,
    at: datetime,
) -> Muting:
    """Do not raise these categories at one zone or camera for some minutes (SNOOZE_MIN: by an operator, by a supervisor).

    Raises Refused: `categories` (none, or one that may never be covered), `where` (what cameras report needs a zone or a
    camera), `reason`, `minutes`; Site.DoesNotExist where `by` may not.
    """
    site = Site.objects.visible_to(by, Act.MUTE).get(pk=site.pk)
    covers, place = wanted(site, categories, camera, zone)
    most = settings.SNOOZE_MIN[1 if by.may(Act.MUTE_LONG, site) else 0]
    ends = at + minutes_within(minutes, most)
    return _mute(site, Kind.SNOOZE, covers, place, reason, ends, None, by, at)


def wanted(
    site: Site, categories: Collection[str], camera: UUID | None, zone: UUID | None
) -> tuple[set[str], dict[str, Any]]:
    """What a snooze would cover, and where. Raises Refused: `categories`, `where`."""
    covers, place = _mutable(categories), _place(site, camera, zone)
    if not place and any(category(code).family == Family.INTRUSION for code in covers):
        raise Refused("where", _("Choose the zone or the camera: a whole site is never snoozed."), field="zone")
    return covers, place


def begin_test(
    site: Site,
    *,
    minutes: int,
    reason: str,
    camera: UUID | None = None,
    zone: UUID | None = None,
    word: str = "",
    contact: UUID | None = None,
    by: User,
    at: datetime,
) -> Muting:
    """Put a site (or one camera or zone of it) on test: whatever an installer sets off is kept and shown, and not raised. It
    ends before the site is armed next, however long was asked for. An operator gives the passcode of whoever asks.

    Raises Refused: `reason`, `minutes`, `where`, `passcode`, `locked`; Site.DoesNotExist where `by` may not. To be called
    outside of a transaction (see `contacts.vouch`).
    """
    unasked = Site.objects.visible_to(by, Act.TEST).filter(pk=site.pk).exists()
    site = Site.objects.visible_to(by, Act.TEST if unasked else Act.TEST_VOUCHED).get(pk=site.pk)
    place = _place(site, camera, zone)
    most = settings.TEST_MIN[1 if by.may(Act.MUTE_LONG, site) else 0]
    ends = at + minutes_within(minutes, most)
    armed_next = next_arming(site, at)
    if armed_next is not None:
        ends = min(ends, armed_next)
    reason = _reason(reason)
    whom = None if unasked else vouched(site, word, by=by, at=at, contact=contact)
    return _mute(site, Kind.TEST, TESTED, place, reason, ends, whom, by, at)


def end_muting(muting_id: UUID, *, by: User, at: datetime) -> Muting:
    """End it now, for whoever might have begun it. One that is over stays as it is. Muting.DoesNotExist where `by` may not."""
    with transaction.atomic():
        rows = _mine(by, Muting.objects.select_for_update(of=("self",), no_key=True).select_related("site"))
        muting: Muting = rows.get(pk=muting_id)
        if muting.ended_at is None and muting.ends_at > at:
            muting.ended_at, muting.ended_by = at, by
            muting.save(update_fields=["ended_at", "ended_by"])
            events.record("muting.ended", muting, by=by, at=at, what=muting.kind)
    return muting


def _mine(by: User, rows: Any) -> Any:
    """Of some mutings those that `by` may end: whoever may begin one of the kind."""
    snoozes = Site.objects.visible_to(by, Act.MUTE).values("pk")
    tests = [Site.objects.visible_to(by, act).values("pk") for act in (Act.TEST, Act.TEST_VOUCHED)]
    found = rows.filter(kind=Kind.SNOOZE, site__in=snoozes)
    for sites in tests:
        found = found | rows.filter(kind=Kind.TEST, site__in=sites)
    return found


def muted_now(sites: Sites, at: datetime) -> list[Muting]:
    """What is muted at these sites at `at`, what ends first first."""
    rows = Muting.objects.filter(site__in=sites, ended_at=None, starts_at__lte=at, ends_at__gt=at)
    return list(rows.select_related("site__customer", "camera", "zone", "made_by", "vouched_by").order_by("ends_at"))


def next_arming(site: Site, at: datetime) -> datetime | None:
    """When the site goes from disarmed to armed next, as far as is known."""
    stands = standing(site)
    state = stands.arm(at)
    if state.armed:
        if state.until is None:
            return None
        state = stands.arm(state.until)
        if state.armed:
            return state.since  # as good as: it was disarmed for no time at all
    return state.until


# --- Storm


def start_storm(
    organisation: Organisation,
    *,
    sites: Collection[UUID],
    minutes: int,
    reason: str,
    by: User,
    at: datetime,
) -> Storm:
    """Storm mode of these sites, or of all that `by` may put into it (`sites` empty), for STORM_MIN at most: what is neither a
    person nor a threat waits behind what is. Raises Refused: `role`, `sites`, `reason`, `minutes`.
    """
    mine = Site.objects.visible_to(by, Act.STORM).filter(organisation=organisation)
    chosen = list(mine.filter(pk__in=sites))
    if len(chosen) != len(set(sites)):
        raise Refused("sites", _("A site that you chose is not yours to put into storm mode."), field="sites")
    whole = by.memberships.filter(organisation=organisation, role__in=MATRIX[Act.STORM]).exists()
    if not chosen and not whole:
        chosen = list(mine)
        if not chosen:
            raise Refused("role", _("Your role may not start storm mode."))
    reason = _reason(reason)
    ends = at + minutes_within(minutes, settings.STORM_MIN)
    with transaction.atomic():
        storm = Storm(organisation=organisation, reason=reason, starts_at=at, ends_at=ends, made_by=by)
        storm.save(force_insert=True)
        storm.sites.set(chosen)
        events.record("storm.began", storm, by=by, at=at, ends_at=ends.isoformat(), sites=len(chosen))
    return storm


def renew_storm(storm_id: UUID, *, minutes: int, by: User, at: datetime) -> Storm:
    """Let it go on for so long from now. Raises Refused `minutes`, `over`; Storm.DoesNotExist where `by` may not."""
    with transaction.atomic():
        storm = _storm(storm_id, by)
        if storm.ended_at is not None or storm.ends_at <= at:
            raise Refused("over", _("It is over. Start it again."))
        storm.ends_at = max(storm.ends_at, at + minutes_within(minutes, settings.STORM_MIN))
        storm.save(update_fields=["ends_at"])
        events.record("storm.renewed", storm, by=by, at=at, ends_at=storm.ends_at.isoformat())
    return storm


def end_storm(storm_id: UUID, *, by: User, at: datetime) -> Storm:
    with transaction.atomic():
        storm = _storm(storm_id, by)
        if storm.ended_at is None and storm.ends_at > at:
            storm.ended_at, storm.ended_by = at, by
            storm.save(update_fields=["ended_at", "ended_by"])
            events.record("storm.ended", storm, by=by, at=at)
    return storm


def _storm(storm_id: UUID, by: User) -> Storm:
    """Under its lock. It is for whoever may put all of its sites into storm mode."""
    storm = Storm.objects.select_for_update(of=("self",), no_key=True).get(pk=storm_id)
    mine = Site.objects.visible_to(by, Act.STORM).filter(organisation=storm.organisation_id)
    sites = set(storm.sites.values_list("pk", flat=True)) or set(
        Site.objects.filter(organisation=storm.organisation_id).values_list("pk", flat=True)
    )
    if not sites or sites - set(mine.values_list("pk", flat=True)):
        raise Storm.DoesNotExist(f"no storm {storm_id} of this user")
    return storm


def storms_now(organisations: Collection[UUID] | QuerySet[Any, Any], at: datetime) -> list[Storm]:
    rows = Storm.objects.filter(organisation__in=organisations, ended_at=None, starts_at__lte=at, ends_at__gt=at)
    return list(rows.select_related("made_by").prefetch_related("sites").order_by("ends_at"))


# --- Temporary instructions


def instruct(
    site: Site,
    *,
    text: str,
    minutes: int,
    word: str,
    contact: UUID | None = None,
    by: User,
    at: datetime,
) -> TemporaryInstruction:
    """“Dog loose tonight”: what operators see first in every incident here, a day at most, vouched for by a passcode.

    Raises Refused: `text`, `minutes`, `passcode`, `locked`; Site.DoesNotExist where `by` may not. To be called outside of a
    transaction (see `contacts.vouch`).
    """
    site = Site.objects.visible_to(by, Act.INSTRUCT).get(pk=site.pk)
    text = text.strip()
    if not text:
        raise Refused("text", _("Write what operators must know."), field="text")
    if len(text) > 400:
        raise Refused("text", _("An instruction has at most 400 characters."), field="text")
    ends = at + minutes_within(minutes, int(INSTRUCTION_AT_MOST.total_seconds() // 60))
    whom = vouched(site, word, by=by, at=at, contact=contact)
    with transaction.atomic():
        row = TemporaryInstruction(site=site, text=text, starts_at=at, ends_at=ends, made_by=by, vouched_by=whom)
        row.save(force_insert=True)
        events.record("instruction.given", row, by=by, at=at, ends_at=ends.isoformat(), contact=whom.pk)
    return row


def end_instruction(instruction_id: UUID, *, by: User, at: datetime) -> TemporaryInstruction:
    with transaction.atomic():
        rows = TemporaryInstruction.objects.visible_to(by, Act.INSTRUCT).select_for_update(of=("self",), no_key=True)
        row: TemporaryInstruction = rows.select_related("site").get(pk=instruction_id)
        if row.ended_at is None and row.ends_at > at:
            row.ended_at, row.ended_by = at, by
            row.save(update_fields=["ended_at", "ended_by"])
            events.record("instruction.ended", row, by=by, at=at)
    return row


def instructions_now(sites: Sites, at: datetime) -> list[TemporaryInstruction]:
    return list(_instructions(at).filter(site__in=sites))


def instructions_at(site: Site, at: datetime) -> list[TemporaryInstruction]:
    """The same of one site, as the pane of an open incident asks."""
    return _of_site(site.pk, at)


@prepared
def _of_site(site: UUID, at: datetime) -> QuerySet[TemporaryInstruction]:
    return _instructions(at).filter(site=site)


def _instructions(at: datetime) -> QuerySet[TemporaryInstruction]:
    rows = TemporaryInstruction.objects.filter(ended_at=None, starts_at__lte=at, ends_at__gt=at)
    return rows.select_related("site__customer", "made_by", "vouched_by").order_by("starts_at")


# --- What all of them ask


def _mute(
    site: Site,
    kind: str,
    categories: Collection[str],
    place: dict[str, Any],
    reason: str,
    ends: datetime,
    whom: SiteContact | None,
    by: User,
    at: datetime,
) -> Muting:
    with transaction.atomic():
        muting = Muting(
            site=site,
            kind=kind,
            categories=sorted(categories),
            reason=_reason(reason),
            starts_at=at,
            ends_at=ends,
            made_by=by,
            vouched_by=whom,
            **place,
        )
        muting.save(force_insert=True)
        codes = {name: row.pk for name, row in place.items()}
        span = {"ends_at": ends.isoformat(), "contact": whom.pk if whom else None}
        events.record(
            "muting.began", muting, by=by, at=at, what=str(kind), categories=muting.categories, **codes, **span
        )
    return muting


def _mutable(categories: Collection[str]) -> set[str]:
    wanted = set(categories)
    if not wanted:
        raise Refused("categories", _("Choose what is not to be raised."), field="categories")
    if wanted - MUTABLE:
        raise Refused(
            "categories",
            _("Threats, hold-ups and what is done to a camera are raised always: they cannot be covered."),
            field="categories",
        )
    return wanted


def _place(site: Site, camera: UUID | None, zone: UUID | None) -> dict[str, Any]:
    """{"camera": …, "zone": …}, as far as they are named. A zone names its camera."""
    if zone is not None:
        row = Zone.objects.select_related("camera").filter(pk=zone, site=site).first()
        if row is None or camera not in (None, row.camera_id):
            raise Refused("where", _("This zone does not belong to this site."), field="zone")
        return {"camera": row.camera, "zone": row}
    if camera is not None:
        found = Camera.objects.filter(pk=camera, site=site).first()
        if found is None:
            raise Refused("where", _("This camera does not belong to this site."), field="camera")
        return {"camera": found}
    return {}


def _reason(said: str) -> str:
    said = said.strip()
    if not said:
        raise Refused("reason", _("Say why."), field="reason")
    if len(said) > LONGEST_REASON:
        raise Refused(
            "reason", _("A reason has at most %(most)s characters.") % {"most": LONGEST_REASON}, field="reason"
        )
    return said


def minutes_within(minutes: int, most: int) -> timedelta:
    """Raises Refused `minutes` for none, or more than `most`."""
    if not 0 < minutes <= most:
        if most >= 120 and most % 60 == 0:
            words = _("Choose an end within %(hours)s hours.") % {"hours": most // 60}
        else:
            words = _("Choose an end within %(minutes)s minutes.") % {"minutes": most}
        raise Refused("minutes", words, field="minutes")
    return timedelta(minutes=minutes)
