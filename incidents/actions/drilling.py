"""Announced exercises. A drill is an incident like any other for whoever handles it, marked as one for everybody of the centre,
in nobody's figures, and nothing of it leaves the house (`incidents.audit.guard`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.actions import attach_evidence
from cameras.categories import CATEGORIES, Family, category
from cameras.models import Candidate, Zone
from incidents.actions.folding import DRILL, raise_alert
from incidents.actions.locking import locked, move
from incidents.actions.shifts import now_free
from incidents.errors import Refused
from incidents.models import Incident, KnownIntrusion, Note
from incidents.models.incident import HELD, State
from soc.core import events
from soc.core.models import Site, User
from soc.core.rights import Act

LONGEST_REASON: Final = 200
# What may be played: alarms that ask something of an operator.
PLAYABLE: Final = tuple(
    code
    for code in CATEGORIES
    if code not in {"test", "open", "close", "restore", "perception_down", "unfiltered_motion"}
)


def begin_drill(
    site_id: UUID,
    *,
    reason: str,
    by: User,
    at: datetime,
    kind: str = "person",
    zone: UUID | None = None,
    known: UUID | None = None,
) -> Incident:
    """Put a drill before the operators: an alarm of this category, at this zone of the site; or a known intrusion of the site,
    with its pictures and its own category and zone (`known`). Where neither is named, the likeliest of them is played.

    Raises Refused: `reason`, `kind`, `zone`, `known`, `another` (one goes on at this site), `urgent` (something urgent is open:
    not now); Site.DoesNotExist where `by` may not.
    """
    reason = _reason(reason)
    with transaction.atomic():
        site = Site.objects.select_for_update(of=("self",), no_key=True).visible_to(by, Act.DRILL).get(pk=site_id)
        if _going_on().filter(site=site).exists():
            raise Refused("another", _("A drill goes on at this site already. End that one first."))
        # A case of the blind audit that nobody knows for one forbids it like any: what begins beside it would tell of it.
        pressing = Incident.objects.as_known().filter(state__in=[State.OPEN, *HELD], priority=1)
        if pressing.filter(organisation=site.organisation_id).exists():
            raise Refused("urgent", _("Something urgent is open. Begin the drill when it is over."))
        if kind not in PLAYABLE:
            raise Refused("kind", _("Choose what the drill is about."))
        shown = _shown(site, known) if known or zone else _likeliest(site, kind)
        candidate = _candidate(site, kind, _zone(site, zone, kind, shown), shown, at=at)
        incident = raise_alert(candidate.pk, at=at).incident
        if shown is not None:
            attach_evidence(candidate, clip=shown.clip, snapshot=shown.snapshot, at=at)
        Note(site=site, incident=incident, text=str(_("Drill: %(reason)s") % {"reason": reason}), by=by, at=at).save()
        played = {"known": known} if known else {}
        events.record("drill.began", incident, by=by, at=at, category=candidate.category, **played)
    return incident


def end_drill(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """Break a drill off, whoever holds it. Raises Refused `drill` (it is none), `state` (it is over); Incident.DoesNotExist where
    `by` may not."""
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.DRILL)
        if not incident.drill:
            raise Refused("drill", _("This is no drill."))
        _end(incident, "supervisor", by=by, at=at)
    return incident


def give_way(at: datetime) -> int:
    """End the drills of a centre in which something urgent waits and nobody is free to be asked, or only whoever is at the drill.
    Returns how many; one query when there is no drill."""
    done = 0
    for pk, organisation, owner in list(_going_on().values_list("pk", "organisation", "owner")):
        asked = Q(offered_to__isnull=True) | Q(offered_to=owner) if owner else Q(offered_to__isnull=True)
        if not _urgent().unclaimed().filter(asked, organisation=organisation).exists():
            continue
        with transaction.atomic():
            rows = _going_on().select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
            incident = rows.filter(pk=pk).first()
            if incident is not None:
                _end(incident, "urgent", by=None, at=at)
                done += 1
    return done


def drills_of(user: User) -> QuerySet[Incident]:
    """The drills that go on where this user may begin one."""
    rows: Any = Incident.objects.visible_to(user, Act.DRILL).filter(drill=True)
    return rows.unfinished().select_related("site", "owner").order_by("queued_at")


def _going_on() -> Any:
    return Incident.objects.filter(drill=True).unfinished()


def _urgent() -> Any:
    return Incident.objects.in_earnest().filter(state__in=[State.OPEN, *HELD], priority=1)


def _end(incident: Incident, why: str, *, by: User | None, at: datetime) -> None:
    """`why` is a code: supervisor | urgent. It ends without a verdict of its own, or keeps the one that was given."""
    owner = incident.owner_id
    move(incident.end_exercise, at=at)
    incident.save()
    events.record("drill.ended", incident, by=by, at=at, why=why)
    # The desks see it end as they see any end.
    events.record("incident.closed", incident, by=by, at=at, outcome="", site_state="", verdict=incident.verdict)
    if owner is not None:
        now_free(owner, at=at)


def _reason(said: str) -> str:
    said = " ".join(said.split())
    if not said:
        raise Refused("reason", _("Say what the drill is for."))
    if len(said) > LONGEST_REASON:
        raise Refused("reason", _("A reason has at most %(most)s characters.") % {"most": LONGEST_REASON})
    return said


def _shown(site: Site, known: UUID | None) -> Candidate | None:
    if known is None:
        return None
    rows = KnownIntrusion.objects.filter(candidate__site=site, enabled=True).select_related(
        "candidate__camera", "candidate__zone", "candidate__clip", "candidate__snapshot"
    )
    found = rows.filter(pk=known).first()
    if found is None or found.candidate.clip is None or not found.candidate.clip.there:
        raise Refused("known", _("This recorded intrusion cannot be played here: it has no pictures any more."))
    return found.candidate


def _likeliest(site: Site, kind: str) -> Candidate | None:
    """The newest known intrusion of this kind here that has its pictures."""
    rows = KnownIntrusion.objects.filter(candidate__site=site, candidate__category=kind, enabled=True)
    paths = ("candidate__camera", "candidate__zone", "candidate__clip", "candidate__snapshot")
    found = (one.candidate for one in rows.select_related(*paths).order_by("-added_at"))
    return next((one for one in found if one.clip is not None and one.clip.there), None)


def _zone(site: Site, zone: UUID | None, kind: str, shown: Candidate | None) -> Zone | None:
    if shown is not None:
        return shown.zone
    if zone is None:
        zones = Zone.objects.filter(camera__site=site, camera__enabled=True).select_related("camera")
        inside_first = (
            zones.order_by("kind", "camera__name", "name") if category(kind).family == Family.INTRUSION else []
        )
        return next(iter(inside_first), None)
    found = Zone.objects.filter(pk=zone, camera__site=site).select_related("camera").first()
    if found is None:
        raise Refused("zone", _("There is no such zone at this site."))
    return found


def _candidate(site: Site, kind: str, zone: Zone | None, shown: Candidate | None, *, at: datetime) -> Candidate:
    """As it would have come just now. It is in no order of verdicts and leaves nothing behind: a drill makes nothing cool down,
    counts towards no runaway, and no real alarm is judged otherwise for it."""
    drill = uuid4()
    camera = shown.camera if shown else zone.camera if zone else None
    entry = category(shown.category if shown else kind)
    inside = zone is not None and zone.kind == Zone.Kind.INSIDE and entry.code in {"person", "group"}
    evidence: dict[str, Any] = {"drill": str(drill)}
    if shown is not None:
        evidence = {
            **{key: value for key, value in shown.evidence.items() if key != "lost"},
            **evidence,
            "of": str(shown.pk),
        }
    candidate = Candidate(
        site=site,
        source=DRILL,
        camera=camera,
        zone=zone,
        category=entry.code,
        dedup=f"drill:{drill}",
        captured_at=at,
        received_at=at,
        judged_at=at,
        evidence=evidence,
        decision=Candidate.Decision.RAISE,
        priority=1 if inside else entry.priority,
        reasons=[{"code": "drill"}],
    )
    candidate.save(force_insert=True)
    return candidate
