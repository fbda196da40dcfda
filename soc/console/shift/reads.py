"""What whoever sits down is told, item by item, and how the shift of whoever sits there stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cameras.actions.muting import instructions_now, muted_now
from cameras.models import Camera, Muting
from incidents import roster, staff
from incidents.actions.shifts import Item, alone
from incidents.models import Incident, Shift
from incidents.models.incident import HELD, State
from incidents.outcomes import SiteState
from responses import actions as responses
from responses.actions.stopping import words as stop_words
from responses.models import Attempt
from soc.console.calls import reads as calls
from soc.console.cover import reads as cover
from soc.console.door import incidents_of
from soc.console.readiness import reads as readiness
from soc.console.strip import headline, on_shift
from soc.core.models import Organisation, Site, User
from soc.core.rights import MATRIX, Act

MOST_INCIDENTS: Final = 40  # in a storm nobody reads more: those that wait behind are counted
OUT: Final = timedelta(hours=12)  # an order older than this is nobody's who is still on the way
BREAKS: Final = (10, 15, 30)  # minutes that are offered, as far as a break may be that long

GROUPS: Final = {
    "incidents": gettext_lazy("Incidents"),
    "out": gettext_lazy("Sent, without a result"),
    "sites": gettext_lazy("Sites that are not as usual"),
    "instructions": gettext_lazy("Instructions for now"),
    "faults": gettext_lazy("Faults"),
    "calls": gettext_lazy("Calls promised, callers to beware of"),
    "drills": gettext_lazy("Drills"),
}


def breaks() -> list[int]:
    return [minutes for minutes in BREAKS if minutes <= settings.BREAK_MIN]


def hand_over(user: User, *, at: datetime) -> list[Item]:
    """What is open where this user handles incidents, in the order of GROUPS, worded in their language; nothing accepted."""
    sites = Site.objects.visible_to(user, Act.HANDLE)
    return [
        *_incidents(user, drill=False),
        *_out(sites, at),
        *_sites(user, sites, at),
        *(_item("instructions", one.pk, f"{one.site.name}: {one.text}") for one in instructions_now(sites, at)),
        *_faults(user, at),
        *_calls(user, at),
        *_incidents(user, drill=True),
    ]


def page(user: User, organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """The start of a shift. Whoever was there before comes with their last words; who is expected and not there is named."""
    items = hand_over(user, at=at)
    there = [shift for shift in staff.before(user, organisation, at=at) if shift.ended_at is None]
    here = {shift.user_id for shift in there} | {user.pk}
    expected = roster.on_duty(organisation, at, "operator") + roster.on_duty(organisation, at, "lead")
    return {
        "groups": [
            (label, found) for key, label in GROUPS.items() if (found := [one for one in items if one["group"] == key])
        ],
        "count": len(items),
        "before": staff.before(user, organisation, at=at),
        "missing": [one.sign for one in {one.pk: one for one in expected}.values() if one.pk not in here],
        "papers": staff.wrong_papers(user, organisation, at=at),
    }


def now(user: User, *, at: datetime) -> dict[str, Any]:
    """How this user's shift stands, for the control in the top bar and the banners below it."""
    shift = on_shift(user)
    if shift is None:
        return {"shift": None, "silent": silent(user)}
    minutes = settings.PRESENCE_LONE_S // 60
    return {
        "shift": shift,
        "silent": silent(user),
        "alone": shift.break_until is None and alone(shift, at),
        "lone_minutes": minutes,
        "over": shift.break_until is not None and shift.break_until <= at,
        "breaks": breaks(),
    }


def silent(user: User) -> list[Shift]:
    """For whoever leads: who was asked whether they are there and has not answered."""
    led = user.memberships.filter(role__in=MATRIX[Act.ASSIGN], organisation__isnull=False).values("organisation")
    rows = Shift.objects.filter(organisation__in=led, ended_at__isnull=True, silent_at__isnull=False)
    return list(rows.exclude(user=user).select_related("user").order_by("silent_at"))


def held_by(user: User) -> list[tuple[Incident, str]]:
    """What keeps somebody at the desk."""
    return [(one, headline(one)) for one in incidents_of(user).filter(owner=user, state__in=HELD).by_urgency()]


def _item(group: str, key: Any, words: str) -> Item:
    return {"key": f"{group}:{key}", "group": group, "words": words, "accepted_at": ""}


def _incidents(user: User, *, drill: bool) -> list[Item]:
    rows = (
        incidents_of(user).unfinished().filter(drill=drill).exclude(~Q(counts="") & Q(state=State.PARKED)).by_urgency()
    )
    group, found = ("drills" if drill else "incidents"), list(rows[: MOST_INCIDENTS + 1])
    items = [_item(group, one.pk, f"{one.reference} {headline(one)}, {one.site.name}: {stands(one)}") for one in found]
    if len(found) <= MOST_INCIDENTS:
        return items
    more = rows.count() - MOST_INCIDENTS
    words = ngettext("and %(n)s more that waits", "and %(n)s more that wait", more) % {"n": more}
    return [*items[:MOST_INCIDENTS], _item(group, "more", words)]


def stands(incident: Incident) -> str:
    """How an incident stands, who has it, what comes next and when it is due, in one clause."""
    facts = {
        "owner": incident.owner.sign if incident.owner else "",
        "verdict": incident.get_verdict_display(),
        "reason": incident.reason,
        "due": f"{incident.due_at.astimezone(incident.site.zone_info):%H:%M}" if incident.due_at else "",
    }
    if incident.state == State.OPEN:
        return _("open, nobody has it")
    if incident.state == State.PARKED:
        return _("parked until %(due)s: %(reason)s") % facts
    if incident.state == State.WAITING:
        return _("%(owner)s waits until %(due)s: %(reason)s") % facts
    if not incident.verdict:
        return _("%(owner)s has it, not decided yet") % facts
    return _("%(owner)s has it: %(verdict)s") % facts


def _out(sites: Any, at: datetime) -> list[Item]:
    """Orders to responders of which nobody knows yet how they ended."""
    over = [Attempt.Status.DECLINED, Attempt.Status.DONE, Attempt.Status.FAILED]
    rows = Attempt.objects.filter(site__in=sites, kind=Attempt.Kind.CALL, responder__isnull=False, left_at__isnull=True)
    rows = rows.filter(created_at__gt=at - OUT).exclude(status__in=over)
    rows = rows.exclude(~Q(incident__state__in=[*HELD, State.OPEN, State.PARKED]) & Q(accepted_at__isnull=True))
    items = []
    for one in rows.select_related("responder", "incident__site").order_by("created_at"):
        facts = {"who": str(one.responder), "reference": one.incident.reference, "site": one.incident.site.name}
        if one.on_site_at:
            words = _("%(who)s is at %(site)s for %(reference)s, not left yet") % facts
        elif one.accepted_at:
            words = _("%(who)s is on the way to %(site)s for %(reference)s") % facts
        else:
            words = _("%(who)s was called to %(site)s for %(reference)s: no answer yet") % facts
        items.append(_item("out", one.pk, words))
    return items


def _sites(user: User, sites: Any, at: datetime) -> list[Item]:
    """On test, snoozed, runaway, blind or offline, left unset."""
    items = []
    for one in muted_now(sites, at):
        until = f"{one.ends_at.astimezone(one.site.zone_info):%H:%M}"
        facts = {"site": one.site.name, "where": _where(one), "until": until}
        if one.kind == Muting.Kind.TEST:
            words = _("%(site)s, %(where)s: on test until %(until)s") % facts
        else:
            words = _("%(site)s, %(where)s: snoozed until %(until)s") % facts
        items.append(_item("sites", one.pk, words))
    for incident, title in cover.runaways(user):
        counted: dict[str, object] = {"title": title, "site": incident.site.name, "n": incident.alert_count}
        items.append(_item("sites", incident.pk, _("%(site)s: runaway, %(title)s, counted %(n)s times") % counted))
    for left in _left(sites, at):
        items.append(_item("sites", left.pk, f"{left.site.name}: {left.get_site_state_display()} ({left.reference})"))
    return items


def _where(one: Muting) -> str:
    return one.zone.name if one.zone else one.camera.name if one.camera else _("whole site")


def _left(sites: Any, at: datetime) -> list[Incident]:
    """The last incident of each site that was left unset or insecure since the evening."""
    rows = Incident.objects.in_earnest().filter(site__in=sites, state=State.CLOSED, closed_at__gt=at - OUT)
    newest = rows.select_related("site").order_by("site", "-closed_at").distinct("site")
    open_ends = {SiteState.LEFT_UNSET, SiteState.INSECURE}
    return [one for one in newest if one.site_state in open_ends]


def _faults(user: User, at: datetime) -> list[Item]:
    items = []
    for stop in responses.stops_of(user):
        items.append(_item("faults", stop.pk, stop_words(stop)))
    if user.may_anywhere(Act.READINESS):
        found = (_trouble(one) for one in readiness.sites_of(user, at=at))
        items.extend(item for item in found if item is not None)
    return items


def _calls(user: User, at: datetime) -> list[Item]:
    items = []
    for one in calls.open_of(user, Act.HANDLE)[:MOST_INCIDENTS]:
        facts = {
            "site": one.site.name,
            "what": calls.told(one),
            "due": f"{one.due_at.astimezone(one.site.zone_info):%H:%M}",
        }
        late = one.due_at <= at
        words = _("%(site)s: %(what)s, overdue since %(due)s") if late else _("%(site)s: %(what)s, due %(due)s")
        items.append(_item("calls", one.pk, words % facts))
    return items


def _trouble(one: readiness.SiteState) -> Item | None:
    """The cameras of one site that see nothing, or that something else is wrong with."""
    unseeing = [row for row in one.rows if row.blind or row.camera.health == Camera.Health.OFFLINE]
    wrong = unseeing or [row for row in one.rows if row.wrong]
    if not wrong:
        return None
    facts = {
        "site": one.site.name,
        "blind": len(unseeing),
        "n": len(one.rows),
        "names": ", ".join(row.camera.name for row in wrong),
    }
    if unseeing:
        return _item("faults", one.site.pk, _("%(site)s: %(blind)s of %(n)s cameras see nothing (%(names)s)") % facts)
    return _item("faults", one.site.pk, _("%(site)s: trouble with %(names)s") % facts)
