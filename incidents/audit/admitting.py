"""A case into the queue, when nothing forbids it, and out of it again, when something does. By the sweep; nothing here waits.

The queue is for alarms: a case waits for a quiet moment, and gives way to the first thing that is in earnest.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cameras.actions import attach_evidence
from cameras.models import Muting
from incidents.actions.folding import open_own
from incidents.actions.offering import may_handle
from incidents.audit.disguise import Implausible, clip_due, copy_of
from incidents.audit.drawing import same_hour, showable
from incidents.audit.revealing import withdraw
from incidents.models import AuditCase, Incident, KnownIntrusion, Shift
from incidents.models.incident import HELD, State
from soc.core import events
from soc.core.models import Organisation, Site

MOST_WAITING: Final = 2
LEAST_ON_SHIFT: Final = 2
HERE: Final = timedelta(seconds=60)  # a console is heard of every two seconds
SHIFT: Final = timedelta(hours=8)
UNCLAIMED: Final = 2  # an escalation at which supervisors are shown it: nobody has time for an exercise


def admit(case_id: UUID, *, at: datetime) -> bool:
    """Put a case that is due into the queue, or off, or give it up. True where something was done."""
    with transaction.atomic():
        rows = AuditCase.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        rows = rows.select_related(
            "site", "candidate__site", "candidate__zone", "candidate__camera", "candidate__clip", "candidate__snapshot"
        )
        case = rows.filter(pk=case_id, due_at__lte=at, incident__isnull=True).first()
        if case is None:
            return False  # another spine has it
        if why := hopeless(case, at=at):
            case.due_at, case.given_up = None, why
            case.save(update_fields=["due_at", "given_up"])
            events.record("audit.given_up", case, by=None, at=at, why=why)
            return True
        # One after the other in a centre, and none while the site's alarms are being folded.
        Organisation.objects.select_for_update(no_key=True).get(pk=case.organisation_id)
        Site.objects.select_for_update(no_key=True).get(pk=case.site_id)
        if why := forbidden(case, at=at):
            _put_off(case, why, at=at)
            return True
        try:
            copy = copy_of(case, at=at)
        except Implausible as implausible:
            _put_off(case, implausible.code, at=at)
            return True
        alert = open_own(copy, at=at)
        attach_evidence(copy, snapshot=case.candidate.snapshot, at=at)  # its clip comes when it could be whole
        case.incident_id, case.due_at = alert.incident_id, clip_due(case, copy)
        case.save(update_fields=["incident", "due_at"])
        return True


def _put_off(case: AuditCase, why: str, *, at: datetime) -> None:
    """Later, and not in the moment in which what forbade it is over: who sees one come then knows it."""
    if why in {"state", "tampered", "muted"}:
        case.due_at = same_hour(case.candidate, after=at + HERE)
    else:
        least, most = settings.AUDIT_WAIT_MIN
        case.due_at = at + timedelta(minutes=Random(f"{case.pk}:{at.isoformat()}").uniform(least, most))
    case.save(update_fields=["due_at"])


def hopeless(case: AuditCase, *, at: datetime) -> str:
    """Why it will never come, as a code; empty where it may."""
    candidate = case.candidate
    if at - case.drawn_at > timedelta(days=settings.AUDIT_GIVEN_UP_DAYS):
        return "late"
    if not type(candidate).objects.filter(showable(at), pk=candidate.pk).exists():
        return "erased"
    if (
        candidate.camera is None
        or not candidate.camera.enabled
        or (candidate.zone is None and "zone" in candidate.facts)
    ):
        return "camera"
    known = KnownIntrusion.objects.filter(candidate=candidate, enabled=True)
    return "not_in_use" if case.kind == AuditCase.Kind.INJECTED and not known.exists() else ""


def forbidden(case: AuditCase, *, at: datetime) -> str:
    """Why it must not come now, as a code; empty where it may."""
    if why := pressing(case.site, at=at):
        return why
    now = Q(incident__isnull=False, revealed_at__isnull=True)
    centre = AuditCase.objects.filter(organisation_id=case.organisation_id)
    if centre.filter(now).exists():
        return "another"
    if centre.filter(incident__queued_at__gt=at - SHIFT).count() >= settings.AUDIT_MOST_A_SHIFT:
        return "enough"
    # An alarm in earnest would be folded into what went on here a moment ago, and this one could not be.
    window = timedelta(seconds=settings.FOLD_WINDOW_S)
    if Incident.objects.filter(site=case.site_id, last_alert_at__gt=at - window).exists():
        return "site"
    if Muting.objects.filter(site=case.site_id, starts_at__lte=at, ends_at__gt=at, ended_at=None).exists():
        return "muted"
    return ""


def pressing(site: Site, *, at: datetime) -> str:
    """Why operators have no time for an exercise at this site, as a code; empty where they have: anything open or held is
    priority 1, more than two wait, fewer than two are on shift, or something goes on at the site itself."""
    earnest = Incident.objects.in_earnest().filter(organisation_id=site.organisation_id)
    if earnest.filter(state__in=[State.OPEN, *HELD], priority=1).exists():
        return "urgent"
    if earnest.unclaimed().count() > MOST_WAITING:
        return "waiting"
    shifts = Shift.objects.filter(organisation_id=site.organisation_id, ended_at__isnull=True, seen_at__gte=at - HERE)
    there = shifts.filter(user__is_active=True).select_related("user").prefetch_related("user__memberships")
    if sum(may_handle(shift, site) for shift in there) < LEAST_ON_SHIFT:
        return "few"
    if earnest.unfinished().filter(site=site, counts="").exists():
        return "site"
    return ""


def give_clip(case_id: UUID, *, at: datetime) -> bool:
    """Its clip has become whole, as far as anybody can tell."""
    with transaction.atomic():
        rows = AuditCase.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        rows = rows.select_related("candidate__clip", "incident")
        case = rows.filter(pk=case_id, due_at__lte=at, incident__isnull=False).first()
        if case is None or case.incident is None:
            return False
        case.due_at = None
        case.save(update_fields=["due_at"])
        copy = case.incident.alerts.select_related("candidate").get().candidate
        attach_evidence(copy, clip=case.candidate.clip, at=at)
        return True


def give_way(at: datetime) -> int:
    """Withdraw every case that waits unclaimed, where an alarm wants the room that it takes; and one that somebody is at, where
    something urgent waits and nobody is free to be asked. One query when there is no case.
    """
    going_on = Incident.objects.filter(audit__isnull=False, state__in=[State.OPEN, *HELD])
    done = 0
    for incident in going_on.select_related("site"):
        if incident.state == State.OPEN:
            why = pressing(incident.site, at=at) or ("unclaimed" if incident.escalation >= UNCLAIMED else "")
        else:
            why = "urgent" if _urgent_waits(incident) else ""
        if why:
            done += _give_way(incident, why, at=at)
    return done


def _urgent_waits(case: Incident) -> bool:
    """Whether something of priority 1 is open in this centre that nobody is asked for, since all are at something; or the one at
    the case itself is, since it is of their site.
    """
    earnest = Incident.objects.in_earnest().unclaimed().filter(organisation_id=case.organisation_id, priority=1)
    return earnest.filter(Q(offered_to__isnull=True) | Q(offered_to=case.owner_id)).exists()


def _give_way(incident: Incident, why: str, *, at: datetime) -> bool:
    states = [State.OPEN] if incident.state == State.OPEN else HELD
    with transaction.atomic():
        rows = Incident.objects.filter(state__in=states).select_for_update(skip_locked=True, of=("self",), no_key=True)
        now = rows.select_related("site").filter(pk=incident.pk).first()
        return now is not None and withdraw(now, why, at=at)  # else somebody has claimed it, and goes on
