"""What the row says whose press was refused: why, what happened meanwhile and who did it, and the next sensible step."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import HELD, State
from incidents.outcomes import Outcome, Verdict
from soc.core.models import Event, User
from soc.core.rights import Act

MOST = 3
# Refusals because somebody or something moved the incident on; the others say themselves what to do.
MOVED = frozenset({"stale", "taken", "not_offered", "state"})
DID = {
    "incident.claimed": gettext_lazy("%(who)s claimed it"),
    "incident.taken_over": gettext_lazy("%(who)s took it over"),
    "incident.reassigned": gettext_lazy("%(who)s gave it to somebody else"),
    "incident.left_lying": gettext_lazy("%(who)s gave it to somebody awake, for your page was out of sight"),
    "incident.verdict": gettext_lazy("%(who)s decided: %(what)s"),
    "incident.parked": gettext_lazy("%(who)s parked it"),
    "incident.waiting": gettext_lazy("%(who)s let it wait"),
    "incident.released": gettext_lazy("%(who)s handed it back"),
    "incident.closed": gettext_lazy("%(who)s closed it: %(what)s"),
    "incident.reopened": gettext_lazy("%(who)s opened it again"),
    "incident.undone": gettext_lazy("%(who)s took the last step back"),
    "incident.returned": gettext_lazy("it went back to the queue"),
}


def words(incident: Incident, user: User, refused: Refused | None) -> str:
    """One short paragraph; "" where nothing was refused."""
    if refused is None:
        return ""
    why = str(refused.message)
    if refused.code not in MOVED:
        return why
    told = happened(incident, user)
    since = _("Meanwhile: %(told)s.") % {"told": "; ".join(told)} if told else ""
    return " ".join(part for part in (why, since, next_step(incident, user)) if part)


def happened(incident: Incident, user: User) -> list[str]:
    """What others did since the last act of `user` in it, the newest last: “02:13:40 Joel took it over”."""
    rows = Event.objects.filter(subject_id=incident.pk).order_by("-id")
    own = rows.filter(by=user).exclude(kind__in=("incident.painted", "incident.stamped")).values_list("id", flat=True)
    last = own.first() or 0
    events = rows.filter(id__gt=last, kind__in=DID).exclude(by=user).select_related("by")[:MOST]
    return [_told(incident, event) for event in reversed(events)]


def _told(incident: Incident, event: Event) -> str:
    what = ""
    if event.kind == "incident.verdict":
        what = str(dict(Verdict.choices).get(event.data.get("verdict", ""), ""))
    elif event.kind == "incident.closed":
        what = str(dict(Outcome.choices).get(event.data.get("outcome", ""), ""))
    who = event.by.sign if event.by else _("the centre")
    at = event.at.astimezone(incident.site.zone_info).strftime("%H:%M:%S")
    return f"{at} {str(DID[event.kind]) % {'who': who, 'what': what}}".rstrip(": ")


def next_step(incident: Incident, user: User) -> str:
    """What to press now."""
    if incident.state == State.CLOSED:
        return _("Nothing is left to do here: press J for what is next.")
    if incident.state == State.PARKED:
        return _("It comes back by itself; K takes it now.")
    if incident.state == State.OPEN:
        mine = incident.escalation > 0 or incident.offered_to_id in (None, user.pk)
        return _("Press Enter to claim it.") if mine else _("Press J for what is next.")
    if incident.state in HELD and incident.owner_id == user.pk:
        return _("This page shows it as it is now: look, then press again.")
    if incident.absent_since is not None or user.may(Act.TAKE_OVER, incident.site):
        return _("Ask them before you take over with K, or press J for what is next.")
    return _("Press J for what is next, or write a note: it reaches them.")
