"""From alert to incident. Folding must never hide a person: what does not fit exactly opens a new incident."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from cameras.categories import CATEGORIES, Family, category
from cameras.models import Candidate
from incidents.actions import runaway
from incidents.actions.offering import hasten, offer, start_deadlines
from incidents.models import Alert, Incident
from incidents.models.incident import IncidentQuerySet, State
from incidents.outcomes import DISMISSED
from soc.core import events
from soc.core.prepared import prepared

DRILL: Final = "drill"  # the source of what an announced exercise puts before operators
# Whose object is, or may be, somebody: a second one of these is a second person.
PEOPLE = frozenset({"person", "group", "person_down", "weapon", "tamper_person", "loitering", "line_crossing"})


def raise_alert(candidate_id: UUID, *, at: datetime) -> Alert:
    """Make the alert of a raised candidate and put it into an incident, new or folded. Idempotent.

    1. Lock the site's row: alerts of one site are folded one after the other.
    2. What a runaway repeats is counted by its one incident (`incidents.actions.runaway`).
    3. Look for an incident that may take it (see `fold_target`).
    4. Fold, sounding again when it adds a zone, a person or a higher category; or open a new one, offered at once.
    """
    with transaction.atomic():
        candidate = next(iter(_with_site(candidate_id)), None)
        if candidate is None:
            raise Candidate.DoesNotExist(f"no candidate {candidate_id}")
        known = next(iter(_alerts_of(candidate_id)), None)
        if known is not None:
            return known
        if candidate.source != DRILL and runaway.counted(candidate):
            return _count(candidate, at=at)
        incident = fold_target(candidate)
        if incident is None:
            return open_own(candidate, at=at)
        return _fold(candidate, incident, at=at)


@prepared
def _with_site(candidate: UUID) -> QuerySet[Candidate]:
    # NO KEY: a verb that holds the incident writes rows that refer to the site. The full lock would make the two
    # wait for each other.
    rows = Candidate.objects.select_for_update(of=("site",), no_key=True).select_related("site")
    return rows.filter(pk=candidate)


@prepared
def _alerts_of(candidate: UUID) -> QuerySet[Alert]:
    return Alert.objects.filter(candidate=candidate)


def fold_target(candidate: Candidate) -> Incident | None:
    """The incident that may take this alert, locked, or None.

    Same site and family, both quiet or neither, not parked or closed, no verdict authorised or false, and its alerts
    within the fold window (on both sides: what arrives late, after an outage, is an affair of its own). Never one that counts
    a runaway, unless it was taken seriously: whoever else comes there sounds, and is no part of it.
    One exception: a technical repeat that adds nothing folds into a parked incident. What belongs to a drill folds into that
    drill and into nothing else, and nothing folds into a drill but its own.
    """
    if candidate.source == DRILL:
        return _same_drill(candidate)
    entry = category(candidate.category)
    window = timedelta(seconds=settings.FOLD_WINDOW_S)
    since, until = candidate.captured_at - window, candidate.captured_at + window
    found = _fitting(candidate.site_id, entry.family, entry.quiet, since, until, frozenset(DISMISSED))
    fitting = next(iter(found), None)
    if fitting is not None or entry.family != Family.TECHNICAL:
        return fitting
    return (
        _same(candidate.site_id, entry.family, entry.quiet)
        .filter(
            _place(candidate, "alerts__candidate__"),
            state=State.PARKED,
            alerts__category=candidate.category,
            priority__lte=candidate.priority,
        )
        .order_by("-last_alert_at")
        .first()
    )


def _same(site: UUID, family: str, quiet: bool) -> IncidentQuerySet:
    """Nothing folds into a case of the blind audit, for it would end with it, nor into a drill: nobody would be sent."""
    same = Incident.objects.in_earnest().select_for_update(of=("self",), no_key=True)
    return same.filter(site=site, family=family, quiet=quiet).filter(Q(counts="") | Q(verdict__in=runaway.SERIOUS))


@prepared
def _fitting(
    site: UUID, family: str, quiet: bool, since: datetime, until: datetime, but: frozenset[str]
) -> QuerySet[Incident]:
    open_ones = _same(site, family, quiet).exclude(state__in=[State.PARKED, State.CLOSED])
    near = open_ones.exclude(verdict__in=but).filter(last_alert_at__gte=since, captured_at__lte=until)
    return near.order_by("-last_alert_at")[:1]


def _same_drill(candidate: Candidate) -> Incident | None:
    rows = Incident.objects.select_for_update(of=("self",), no_key=True).filter(site=candidate.site_id, drill=True)
    same = {"alerts__candidate__source": DRILL, "alerts__candidate__evidence__drill": candidate.evidence.get("drill")}
    return rows.filter(**same).exclude(state=State.CLOSED).first()


def _fold(candidate: Candidate, incident: Incident, *, at: datetime) -> Alert:
    incident.site = candidate.site  # is at hand: the same row
    entry = category(candidate.category)
    more_urgent = candidate.priority < incident.priority
    higher = entry.rank > category(incident.category).rank
    sounds = incident.state != State.PARKED and (
        more_urgent
        or higher
        or _adds_threat(candidate, incident)
        or _adds_zone(candidate, incident)
        or _adds_person(candidate, incident)
    )
    alert = _alert(candidate, incident, at=at, sounded=sounds)
    incident.alert_count += 1
    incident.last_alert_at = max(incident.last_alert_at, candidate.captured_at)
    if higher:
        incident.category = candidate.category
    if entry.quiet:
        incident.quiet_lifted_at = None  # somebody pressed it again: silent, until it is lifted anew
    if more_urgent:
        incident.priority = candidate.priority
        hasten(incident, at=at)
    incident.save()
    kind = "incident.sounded" if sounds else "incident.folded"
    events.record(kind, incident, by=None, at=at, alert=alert.pk, category=alert.category, priority=incident.priority)
    return alert


def _count(candidate: Candidate, *, at: datetime) -> Alert:
    """Into the one incident that counts this runaway, silently; the first one makes it, parked until somebody has to look."""
    incident = runaway.counting(candidate)
    if incident is None:
        incident = _incident_of(
            candidate,
            queued_at=max(at, candidate.judged_at),
            counts=runaway.key(candidate),
            state=State.PARKED,
            priority=runaway.PRIORITY,
            due_at=at + runaway.look_every(candidate.site),
            reason=runaway.REASON,
        )
        incident.save(force_insert=True)
        alert = _alert(candidate, incident, at=incident.queued_at, sounded=False)
        codes = {"alert": alert.pk, "category": alert.category, "priority": incident.priority, "why": "runaway"}
        events.record("incident.opened", incident, by=None, at=incident.queued_at, follows=incident.follows_id, **codes)
        runaway.flag(candidate, at=at)
        return alert
    alert = _alert(candidate, incident, at=at, sounded=False)
    incident.alert_count += 1
    incident.last_alert_at = max(incident.last_alert_at, candidate.captured_at)
    incident.save(update_fields=["alert_count", "last_alert_at"])
    codes = {"alert": alert.pk, "category": alert.category, "priority": incident.priority}
    events.record("incident.folded", incident, by=None, at=at, **codes)
    return alert


def _place(candidate: Candidate, path: str) -> Q:
    """Where it was noticed: camera and zone, or the panel or button that said so and its own zone."""
    panel_zone = candidate.evidence.get("panel_zone")
    said = {"evidence__panel_zone": panel_zone} if panel_zone else {"evidence__panel_zone__isnull": True}
    place = {
        "zone": candidate.zone_id,
        "camera": candidate.camera_id,
        "signal_source": candidate.signal_source_id,
        **said,
    }
    return Q(**{f"{path}{name}": value for name, value in place.items()})


def _adds_zone(candidate: Candidate, incident: Incident) -> bool:
    return not incident.alerts.filter(_place(candidate, "candidate__")).exists()


def _adds_threat(candidate: Candidate, incident: Incident) -> bool:
    """A threat is never hidden, not even behind a graver one: fire in an incident that began as a panic alarm."""
    if not category(candidate.category).threat:
        return False
    return not incident.alerts.filter(category=candidate.category).exists()


def _adds_person(candidate: Candidate, incident: Incident) -> bool:
    """Whether this is somebody not yet in the incident: another track, or a picture without one. In doubt, it is."""
    if candidate.category not in PEOPLE:
        return False
    track = candidate.evidence.get("track")
    same = incident.alerts.filter(candidate__camera=candidate.camera_id, candidate__evidence__track=track)
    return track is None or not same.exists()


def open_own(candidate: Candidate, *, at: datetime) -> Alert:
    """Open an incident for it and offer it, in the caller's transaction, which has the site's row locked."""
    queued_at = max(at, candidate.judged_at)
    incident = _incident_of(candidate, queued_at=queued_at)
    start_deadlines(incident, at=queued_at)
    incident.save(force_insert=True)
    alert = _alert(candidate, incident, at=queued_at, sounded=True)
    events.record(
        "incident.opened",
        incident,
        by=None,
        at=queued_at,
        alert=alert.pk,
        category=incident.category,
        priority=incident.priority,
        follows=incident.follows_id,
    )
    offer(incident, at=queued_at)
    return alert


def _incident_of(candidate: Candidate, *, queued_at: datetime, **other: Any) -> Incident:
    """A new one for this candidate, not saved yet. `other`: fields that are not as usual."""
    entry = category(candidate.category)
    usual: dict[str, Any] = {"priority": candidate.priority}
    return Incident(
        site=candidate.site,
        number=_next_number(),
        family=entry.family,
        category=entry.code,
        quiet=entry.quiet,
        drill=candidate.source == DRILL,
        follows=_previous(candidate, entry.family),
        alert_count=1,
        last_alert_at=candidate.captured_at,
        captured_at=candidate.captured_at,
        received_at=candidate.received_at,
        judged_at=candidate.judged_at,
        queued_at=queued_at,
        **usual | other,
    )


def raise_alone(candidate_id: UUID, *, at: datetime) -> Alert:
    """An incident of its own for an alarm that `raise_alert` fails on: nothing is looked up that could fail as well, and it
    is open to everyone at once. A category that this version does not know is taken for the gravest: silent at the site.
    """
    with transaction.atomic():
        candidate = Candidate.objects.select_related("site").get(pk=candidate_id)
        known = Alert.objects.filter(candidate=candidate).first()
        if known is not None:
            return known
        entry = CATEGORIES.get(candidate.category)
        queued_at = max(at, candidate.judged_at)
        incident = Incident(
            site=candidate.site,
            number=_next_number(),
            family=entry.family if entry else Family.INTRUSION,
            category=candidate.category,
            quiet=entry.quiet if entry else True,
            drill=candidate.source == DRILL,
            priority=candidate.priority,
            alert_count=1,
            last_alert_at=candidate.captured_at,
            captured_at=candidate.captured_at,
            received_at=candidate.received_at,
            judged_at=candidate.judged_at,
            queued_at=queued_at,
        )
        start_deadlines(incident, at=queued_at)
        incident.claim_by, incident.escalation = None, 1
        incident.save(force_insert=True)
        alert = _alert(candidate, incident, at=queued_at, sounded=True)
        codes = {"alert": alert.pk, "category": alert.category, "priority": alert.priority, "why": "not_folded"}
        events.record("incident.opened", incident, by=None, at=queued_at, **codes)
    return alert


def _previous(candidate: Candidate, family: str) -> Incident | None:
    """What went before here: the newest incident of site and family that is unfinished or within the fold window."""
    if candidate.source == DRILL:
        return None
    window = candidate.captured_at - timedelta(seconds=settings.FOLD_WINDOW_S)
    same = Incident.objects.in_earnest().filter(site=candidate.site_id, family=family)
    return same.exclude(state=State.CLOSED, last_alert_at__lt=window).order_by("-last_alert_at", "-number").first()


def _alert(candidate: Candidate, incident: Incident, *, at: datetime, sounded: bool) -> Alert:
    alert = Alert(
        site=candidate.site,
        incident=incident,
        candidate=candidate,
        category=candidate.category,
        priority=candidate.priority,
        captured_at=candidate.captured_at,
        raised_at=at,
        sounded=sounded,
    )
    alert.save(force_insert=True)
    return alert


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number')")
        return cursor.fetchone()[0]
