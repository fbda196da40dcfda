"""From alert to incident. Folding must never hide a person: what does not fit exactly opens a new incident."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from cameras.categories import Family, category
from cameras.models import Candidate
from incidents.actions.offering import offer, start_deadlines
from incidents.models import Alert, Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict
from soc.core import events
from soc.core.models import Site

DISMISSED = (Verdict.AUTHORISED, Verdict.FALSE)
PEOPLE = frozenset({"person", "group", "person_down", "weapon", "tamper_person"})


def raise_alert(candidate_id: UUID, *, at: datetime) -> Alert:
    """Make the alert of a raised candidate and put it into an incident, new or folded. Idempotent.

    1. Lock the site's row: alerts of one site are folded one after the other.
    2. Look for an incident that may take it (see `fold_target`).
    3. Fold, sounding again when it adds a zone, a person or a higher category; or open a new one, offered at once.
    """
    with transaction.atomic():
        candidate = Candidate.objects.select_related("site").get(pk=candidate_id)
        Site.objects.select_for_update().get(pk=candidate.site_id)
        known = Alert.objects.filter(candidate=candidate).first()
        if known is not None:
            return known
        incident = fold_target(candidate)
        if incident is None:
            return _open(candidate, at=at)
        return _fold(candidate, incident, at=at)


def fold_target(candidate: Candidate) -> Incident | None:
    """The incident that may take this alert, locked, or None.

    Same site and family, not parked or closed, no verdict authorised or false, and its last alert within the fold
    window. One exception: a technical repeat that adds nothing folds into a parked incident.
    """
    entry = category(candidate.category)
    window = candidate.captured_at - timedelta(seconds=settings.FOLD_WINDOW_S)
    same = Incident.objects.select_for_update(of=("self",)).filter(site=candidate.site_id, family=entry.family)
    fitting = (
        same.exclude(state__in=[State.PARKED, State.CLOSED])
        .exclude(verdict__in=DISMISSED)
        .filter(last_alert_at__gte=window, quiet=entry.quiet)
        .order_by("-last_alert_at")
        .first()
    )
    if fitting is not None or entry.family != Family.TECHNICAL:
        return fitting
    return (
        same.filter(
            state=State.PARKED,
            alerts__category=candidate.category,
            alerts__candidate__camera=candidate.camera_id,
        )
        .order_by("-last_alert_at")
        .first()
    )


def _fold(candidate: Candidate, incident: Incident, *, at: datetime) -> Alert:
    entry = category(candidate.category)
    higher = entry.rank > category(incident.category).rank or candidate.priority < incident.priority
    sounds = incident.state != State.PARKED and (
        higher or _adds_zone(candidate, incident) or _adds_person(candidate, incident)
    )
    alert = _alert(candidate, incident, at=at, sounded=sounds)
    incident.alert_count += 1
    incident.last_alert_at = max(incident.last_alert_at, candidate.captured_at)
    more_urgent = candidate.priority < incident.priority
    if entry.rank > category(incident.category).rank:
        incident.category = candidate.category
    incident.priority = min(incident.priority, candidate.priority)
    if more_urgent and incident.state == State.OPEN:
        # The shorter deadlines of the higher priority start now; an offer that stands is kept.
        offered_to, offered_at = incident.offered_to, incident.offered_at
        start_deadlines(incident, at=at)
        incident.offered_to, incident.offered_at = offered_to, offered_at
    incident.save()
    kind = "incident.sounded" if sounds else "incident.folded"
    events.record(kind, incident, by=None, at=at, alert=alert.pk, category=alert.category, priority=incident.priority)
    return alert


def _adds_zone(candidate: Candidate, incident: Incident) -> bool:
    return not incident.alerts.filter(candidate__zone=candidate.zone_id, candidate__camera=candidate.camera_id).exists()


def _adds_person(candidate: Candidate, incident: Incident) -> bool:
    """Whether this is somebody not yet in the incident: another track, or a picture without one. In doubt, it is."""
    if candidate.category not in PEOPLE:
        return False
    track = candidate.evidence.get("track")
    same = incident.alerts.filter(candidate__camera=candidate.camera_id, candidate__evidence__track=track)
    return track is None or not same.exists()


def _open(candidate: Candidate, *, at: datetime) -> Alert:
    entry = category(candidate.category)
    queued_at = max(at, candidate.judged_at)
    incident = Incident(
        site=candidate.site,
        number=_next_number(),
        family=entry.family,
        category=entry.code,
        quiet=entry.quiet,
        priority=candidate.priority,
        follows=_previous(candidate, entry.family),
        alert_count=1,
        last_alert_at=candidate.captured_at,
        captured_at=candidate.captured_at,
        received_at=candidate.received_at,
        judged_at=candidate.judged_at,
        queued_at=queued_at,
    )
    start_deadlines(incident, at=queued_at)
    incident.save(force_insert=True)
    alert = _alert(candidate, incident, at=queued_at, sounded=True)
    events.record(
        "incident.opened",
        incident,
        by=None,
        at=queued_at,
        alert=alert.pk,
        category=entry.code,
        priority=incident.priority,
        follows=incident.follows_id,
    )
    offer(incident, at=queued_at)
    return alert


def _previous(candidate: Candidate, family: str) -> Incident | None:
    """What went before here: the newest incident of site and family whose last alert is within the fold window."""
    window = candidate.captured_at - timedelta(seconds=settings.FOLD_WINDOW_S)
    same = Incident.objects.filter(site=candidate.site_id, family=family, last_alert_at__gte=window)
    return same.order_by("-last_alert_at", "-number").first()


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
