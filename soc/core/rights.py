"""Who may do what: the matrix, in one place.

Rows are acts, columns roles. `scoped()` turns a user's memberships into one Q, and every read starts there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from soc.core import in_incident

if TYPE_CHECKING:
    from soc.core.models.people import User
    from soc.core.models.tenants import Site


class Role(TextChoices):
    OPERATOR = "operator", _("operator")
    SUPERVISOR = "supervisor", _("supervisor")
    DUTY_MANAGER = "duty_manager", _("duty manager")
    ADMIN = "admin", _("administrator")
    INSTALLER = "installer", _("installer")
    QA = "qa", _("quality reviewer")
    OWNER = "owner", _("customer, owner")
    VIEWER = "viewer", _("customer, viewer")
    GUARD = "guard", _("responder")

    @classmethod
    def of_centre(cls) -> frozenset[str]:
        return frozenset({cls.OPERATOR, cls.SUPERVISOR, cls.DUTY_MANAGER, cls.ADMIN, cls.QA})


class Act(StrEnum):
    SEE = "see"  # sites, cameras, incidents exist: every role but the guard, who comes by link
    CONSOLE = "console"  # the specialists' dashboard and its feed
    PORTAL = "portal"  # the customer's own pages and feed
    HANDLE = "handle"  # claim, talk, verdict, close
    DISPATCH = "dispatch"
    SWITCH = "switch"  # lights, sirens, gates at the site
    TAKE_OVER = "take_over"
    VIDEO = "video"  # clips and live view
    VIDEO_IN_INCIDENT = "video_in_incident"  # the same, but only of an incident: asked for as VIDEO, never by itself
    READINESS = "readiness"  # how cameras are: numbers and conditions, no pictures
    TEND = "tend"  # say that a camera's view is right as it is now, ask its loudspeaker
    WHO_WATCHED = "who_watched"  # which people watched one's own videos
    HOLD = "hold"  # keep an incident's evidence beyond the site's days
    EXPORT = "export"  # take it out of here, signed
    PRESENCE = "presence"  # say that people are expected
    ARM = "arm"  # one's own site
    ARM_VOUCHED = "arm_vouched"  # for somebody on the telephone who gave a passcode
    MUTE = "mute"  # snooze, an hour at most
    MUTE_LONG = "mute_long"  # and longer: half a day; test mode a day
    TEST = "test"  # test mode
    TEST_VOUCHED = "test_vouched"  # test mode for somebody who gave a passcode
    STORM = "storm"
    INSTRUCT = "instruct"  # a temporary instruction, with a passcode
    COVER = "cover"  # the page of what is muted, on test, expected
    EXPLAIN = "explain"  # ask what would happen to somebody who came, at the REST door
    WHY = "why"  # the same on the centre's pages, and why what came was raised or not
    PROPOSE = "propose"  # a draft of a site's policy
    POLICY = "policy"  # publish one
    ADDRESS = "address"  # ask for another address of a site, and be the second person on it
    LIFT_QUIET = "lift_quiet"  # let something be heard again in a quiet incident
    APPROVALS = "approvals"  # the page of what waits for a second person
    SIGN = "sign"  # for somebody else's, where incidents that were real would be lost
    ADMINISTER = "administer"
    AUDIT = "audit"
    AUDIT_RESULTS = "audit_results"  # what operators made of the blind audit's cases, once they are revealed
    AUDIT_MARK = "audit_mark"  # name the intrusions that are put before them
    WALL = "wall"  # the supervisors' wall
    ASSIGN = "assign"  # give an incident to somebody, a break, a place in the roster
    STOP = "stop"  # the kill switch: nobody is sent while it stands
    DRILL = "drill"  # begin an announced exercise
    REVIEW = "review"  # look at closed incidents as their operator saw them, and score them
    PACK = "pack"  # keep the contingency pack on one's workstation
    CONTINGENCY = "contingency"  # set the phrase that opens the packs
    FUNNEL = "funnel"  # what the filter passed and held back, and how much of what is real it passes


_R = Role
MATRIX: dict[Act, frozenset[str]] = {
    Act.SEE: frozenset(
        {_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN, _R.INSTALLER, _R.QA, _R.OWNER, _R.VIEWER}
    ),
    Act.CONSOLE: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.PORTAL: frozenset({_R.OWNER, _R.VIEWER}),
    Act.HANDLE: frozenset({_R.OPERATOR, _R.SUPERVISOR}),
    Act.DISPATCH: frozenset({_R.OPERATOR, _R.SUPERVISOR}),
    Act.SWITCH: frozenset({_R.OPERATOR, _R.SUPERVISOR}),
    Act.TAKE_OVER: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.VIDEO: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.QA, _R.OWNER, _R.VIEWER}),
    Act.VIDEO_IN_INCIDENT: frozenset({_R.OPERATOR}),
    Act.READINESS: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN, _R.INSTALLER}),
    Act.TEND: frozenset({_R.SUPERVISOR, _R.ADMIN}),
    Act.WHO_WATCHED: frozenset({_R.OWNER}),
    Act.HOLD: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.EXPORT: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.OWNER}),
    Act.PRESENCE: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.OWNER}),
    Act.ARM: frozenset({_R.OWNER}),
    Act.ARM_VOUCHED: frozenset({_R.OPERATOR, _R.SUPERVISOR}),
    Act.MUTE: frozenset({_R.OPERATOR, _R.SUPERVISOR}),
    Act.MUTE_LONG: frozenset({_R.SUPERVISOR}),
    Act.TEST: frozenset({_R.SUPERVISOR, _R.INSTALLER}),
    Act.TEST_VOUCHED: frozenset({_R.OPERATOR}),
    Act.STORM: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.INSTRUCT: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.OWNER}),
    Act.COVER: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER, _R.INSTALLER}),
    Act.EXPLAIN: _R.of_centre() | {_R.OWNER},
    Act.WHY: _R.of_centre(),
    Act.PROPOSE: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN, _R.INSTALLER}),
    Act.POLICY: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN}),
    Act.ADDRESS: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN}),
    Act.LIFT_QUIET: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.APPROVALS: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN}),
    Act.SIGN: frozenset({_R.SUPERVISOR}),
    Act.ADMINISTER: frozenset({_R.ADMIN}),
    Act.AUDIT: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.ADMIN, _R.QA}),
    Act.AUDIT_RESULTS: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.QA}),
    Act.AUDIT_MARK: frozenset({_R.SUPERVISOR}),
    Act.WALL: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.ASSIGN: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.STOP: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.DRILL: frozenset({_R.SUPERVISOR}),
    Act.REVIEW: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.QA}),
    Act.PACK: frozenset({_R.OPERATOR, _R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.CONTINGENCY: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER}),
    Act.FUNNEL: frozenset({_R.SUPERVISOR, _R.DUTY_MANAGER, _R.QA, _R.OWNER, _R.VIEWER}),
}


def allows(role: str, act: Act) -> bool:
    return role in MATRIX[act]


def scoped(
    user: User, act: Act, *, organisation: str, customer: str, site: str, among: frozenset[str] | None = None
) -> Q:
    """The rows on which some membership of `user` (with a role `among` these, if given) allows `act`.

    The three paths lead from the row to its organisation, customer and site; "" means the row is it.
    Nobody, a deactivated user and a user without a fitting membership get a Q that matches nothing. VIDEO is also what
    VIDEO_IN_INCIDENT gives at a site while an incident goes on there.
    """
    paths = {"organisation": organisation, "customer": customer, "site": site}
    nothing = Q(pk__in=[])
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return nothing
    held = [(m.role, *m.scope()) for m in user.memberships.all() if among is None or m.role in among]

    def reach(act: Act) -> Q:
        result = nothing
        for kind, path in paths.items():
            if found := [pk for role, of, pk in held if of == kind and allows(role, act)]:
                result |= Q(**{f"{path}__in" if path else "pk__in": found})
        return result

    if act != Act.VIDEO:
        return reach(act)
    return reach(act) | (reach(Act.VIDEO_IN_INCIDENT) & in_incident.goes_on(site))


def holds_only(user: User, among: frozenset[str]) -> bool:
    """Whether every role that `user` has anywhere is `among` these; nobody who is not logged in does."""
    return bool(user.is_authenticated) and all(membership.role in among for membership in user.memberships.all())


def may_at(user: User, act: Act, site: Site) -> bool:
    """`scoped` for one site that is at hand: without a query, where the user's memberships are; but for VIDEO in an incident."""
    if not user.is_authenticated or not user.is_active:
        return False
    scopes = {("organisation", site.organisation_id), ("customer", site.customer_id), ("site", site.pk)}
    held = {m.role for m in user.memberships.all() if m.scope() in scopes}
    if any(allows(role, act) for role in held):
        return True
    if act != Act.VIDEO or not any(allows(role, Act.VIDEO_IN_INCIDENT) for role in held):
        return False
    return type(site)._default_manager.filter(in_incident.goes_on(""), pk=site.pk).exists()
