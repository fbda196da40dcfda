"""Calls promised and callers to beware of: noted in seconds, put off, ended. What is open is handed to the next shift."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused
from incidents.models import CallNote, Incident
from incidents.models.calls import LONGEST_NUMBER, LONGEST_WHO, LONGEST_WORDS
from soc.core import events
from soc.core.models import Site, User
from soc.core.rights import Act

LATEST: Final = timedelta(days=7)
Kind, Ended = CallNote.Kind, CallNote.Ended


def note_call(
    site_id: UUID,
    *,
    kind: str,
    who: str,
    words: str,
    minutes: int,
    number: str = "",
    incident: UUID | None = None,
    by: User,
    at: datetime,
) -> CallNote:
    """Note that somebody is to be called within `minutes`, or whom to beware of until then.

    Raises Refused: `kind`, `who`, `words`, `number`, `minutes` (one to seven days), `drill` (nobody is promised anything in
    one); Site.DoesNotExist, Incident.DoesNotExist where `by` may not handle it, or it is of another site.
    """
    if kind not in Kind.values:
        raise Refused("kind", _("Choose what it is: a call promised, or a caller to beware of."))
    who, words, number = (" ".join(said.split()) for said in (who, words, number))
    if not who or len(who) > LONGEST_WHO:
        raise Refused("who", _("Say who it is, in 120 characters at most."))
    if not words or len(words) > LONGEST_WORDS:
        raise Refused("words", _("Say what it is about, in 400 characters at most."))
    if len(number) > LONGEST_NUMBER:
        raise Refused("number", _("A number has at most 30 characters."))
    site = Site.objects.visible_to(by, Act.HANDLE).get(pk=site_id)
    found = _incident(incident, site, by)
    with transaction.atomic():
        note = CallNote(
            site=site, kind=kind, incident=found, who=who, number=number, words=words, due_at=at + _span(minutes), by=by, at=at
        )  # fmt: skip
        note.save(force_insert=True)
        events.record("callnote.made", note, by=by, at=at, what=kind, due_at=note.due_at.isoformat(), incident=incident)
    return note


def put_off_call(note_id: UUID, *, minutes: int, by: User, at: datetime) -> CallNote:
    """Nobody was reached: due again in so many minutes.

    Raises Refused: `minutes`, `ended`; CallNote.DoesNotExist where `by` may not handle its site.
    """
    with transaction.atomic():
        note = _open(note_id, by)
        note.due_at, note.overdue_at, note.put_off = at + _span(minutes), None, note.put_off + 1
        note.save(update_fields=["due_at", "overdue_at", "put_off"])
        events.record("callnote.put_off", note, by=by, at=at, due_at=note.due_at.isoformat(), times=note.put_off)
    return note


def end_call(note_id: UUID, *, ended: str, by: User, at: datetime) -> CallNote:
    """It was done, or is not needed any more. Raises Refused: `how`, `ended`; CallNote.DoesNotExist."""
    if ended not in Ended.values:
        raise Refused("how", _("Say whether it was done, or is not needed any more."))
    with transaction.atomic():
        note = _open(note_id, by)
        note.ended, note.ended_at, note.ended_by = ended, at, by
        note.save(update_fields=["ended", "ended_at", "ended_by"])
        events.record("callnote.ended", note, by=by, at=at, ended=ended)
    return note


def call_overdue(note_id: UUID, *, at: datetime) -> bool:
    """It is due and nobody has ended it: said once for each time it was put off to. For the sweep."""
    with transaction.atomic():
        rows = CallNote.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        note = rows.filter(pk=note_id, ended_at=None, overdue_at=None, due_at__lte=at).first()
        if note is None:
            return False  # another spine has it, or it was ended meanwhile
        note.overdue_at = at
        note.save(update_fields=["overdue_at"])
        events.record("callnote.overdue", note, by=None, at=at, what=note.kind)
    return True


def open_calls(sites: Collection[Site] | QuerySet[Site]) -> QuerySet[CallNote]:
    """What is not ended at these sites, the earliest due first."""
    rows = CallNote.objects.filter(site__in=sites, ended_at=None)
    return rows.select_related("site", "by", "incident").order_by("due_at", "pk")


def _incident(incident_id: UUID | None, site: Site, by: User) -> Incident | None:
    if incident_id is None:
        return None
    found: Incident = Incident.objects.visible_to(by, Act.HANDLE).get(pk=incident_id, site=site)
    if found.drill:
        raise Refused("drill", _("This is a drill: nobody is promised a call in one."))
    return found


def _open(note_id: UUID, by: User) -> CallNote:
    rows = CallNote.objects.visible_to(by, Act.HANDLE).select_for_update(of=("self",), no_key=True)
    note: CallNote = rows.select_related("site").get(pk=note_id)
    if note.ended_at is not None:
        raise Refused("ended", _("Somebody has ended it meanwhile: %(how)s.") % {"how": note.get_ended_display()})
    return note


def _span(minutes: int) -> timedelta:
    if not 1 <= minutes <= LATEST.total_seconds() // 60:
        raise Refused("minutes", _("Choose a time within seven days."))
    return timedelta(minutes=minutes)
