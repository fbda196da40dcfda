"""The matrix, against the table that the house works by; and that a role given is neither more nor less."""

from __future__ import annotations

import pytest

from soc.core import in_incident
from soc.core.models import Membership, Site
from soc.core.rights import MATRIX, Act, Role, allows
from tests import factories as make

COLUMNS = ("operator", "supervisor", "duty_manager", "admin", "installer", "qa", "owner", "viewer", "guard")

# One line per act that exists, one mark per role: the house's table, "+" may, "." may not.
# Rows of that table whose act does not exist yet (second person, share …) come with their act.
TABLE = {
    Act.HANDLE: "++.......",  # claim, talk, verdict, close
    Act.DISPATCH: "++.......",
    Act.SWITCH: "++.......",  # like talk: at the site, from an incident of one's own
    Act.TAKE_OVER: ".++......",
    Act.VIDEO: ".++..+++.",  # the reviewer's by sample: narrower where it is used
    Act.VIDEO_IN_INCIDENT: "+........",
    Act.WHO_WATCHED: "......+..",  # "audit log: own video"
    Act.EXPORT: ".++...+..",
    Act.HOLD: ".++......",  # like export: not in the table as such
    Act.AUDIT: ".+++.+...",  # the operator's own entries are not the log
    Act.ADMINISTER: "...+.....",  # users, roles
    Act.POLICY: ".+++.....",  # rules, playbooks
    Act.ADDRESS: ".+++.....",  # "address, agency (two people)"
    Act.LIFT_QUIET: ".++......",  # "storm, kill switch, lift quiet"
    Act.APPROVALS: "++++.....",  # whoever asks or is asked
    Act.PROPOSE: ".++++....",  # "installer proposes"; whoever publishes drafts as well
    Act.SIGN: ".+.......",
    Act.EXPLAIN: "++++.++..",
    Act.WHY: "++++.+...",
    Act.AUDIT_RESULTS: ".++..+...",
    Act.AUDIT_MARK: ".+.......",
    Act.ARM: "......+..",
    Act.ARM_VOUCHED: "++.......",  # "arm, disarm: passcode"
    Act.TEST: ".+..+....",
    Act.TEST_VOUCHED: "+........",  # "test mode: passcode"
    Act.STORM: ".++......",
    Act.INSTRUCT: "++....+..",  # temporary instruction
    Act.MUTE: "++.......",  # snooze: 30 min, most 60
    Act.MUTE_LONG: ".+.......",  # "supervisor 12 h"
    Act.PRESENCE: "++....+..",  # access windows: customer or operator
    Act.COVER: "+++.+....",
    # What faces there are, and that something exists: not in the table, decided here.
    Act.WALL: ".++......",
    Act.ASSIGN: ".++......",  # "take over"
    Act.STOP: ".++......",  # "storm, kill switch, lift quiet"
    Act.DRILL: ".+.......",
    Act.REVIEW: ".++..+...",
    Act.PACK: "+++......",
    Act.CONTINGENCY: ".++......",
    Act.SEE: "++++++++.",
    Act.READINESS: "+++++....",  # how cameras are, without pictures: whoever works with them
    Act.TEND: ".+.+.....",
    Act.FUNNEL: ".++..+++.",  # figures without pictures: a customer's of their own sites
    Act.CONSOLE: "+++......",
    Act.PORTAL: "......++.",
}


def test_every_act_has_its_line_and_every_role_its_column():
    assert set(TABLE) == set(Act) == set(MATRIX)
    assert set(COLUMNS) == set(Role.values)
    assert all(len(marks) == len(COLUMNS) for marks in TABLE.values())


@pytest.mark.parametrize("act", list(Act))
def test_the_matrix_is_the_houses_table(act):
    row = "".join("+" if allows(role, act) else "." for role in COLUMNS)
    assert row == TABLE[act], f"{act}: {dict(zip(COLUMNS, row, strict=True))}"


@pytest.mark.parametrize("role", COLUMNS)
def test_a_right_reaches_exactly_its_scope(role, organisation, customer, site, other_customer, other_site):
    """The same role given over the organisation, a customer or a site opens that and nothing beside it."""
    second = make.make_site(customer, "Pinewick Annexe")
    reach = {organisation: {site, second, other_site}, customer: {site, second}, site: {site}}
    for number, (scope, sites) in enumerate(reach.items()):
        user = make.make_user(f"user{number}", role, scope)
        for act in Act:
            may = TABLE[act][COLUMNS.index(role)] == "+"
            assert set(Site.objects.visible_to(user, act)) == (sites if may else set()), act
            # Asked of one site that is at hand, it is the same answer.
            told = {place for place in (site, second, other_site) if user.may(act, place)}
            assert told == (sites if may else set()), act
            assert user.may_anywhere(act) == may, act


def test_roles_do_not_add_up_across_scopes(site, other_site):
    """A viewer here and an operator there is no operator here."""
    user = make.make_user("both", "viewer", site)
    make.give(user, "operator", other_site)
    assert user.may(Act.HANDLE, other_site)
    assert not user.may(Act.HANDLE, site)
    assert user.may(Act.PORTAL, site)
    assert not user.may(Act.PORTAL, other_site)


def test_while_nobody_has_told_what_an_incident_is_an_operator_sees_no_picture(monkeypatch, alice, camera):
    make.make_incident(camera=camera)
    picture = make.make_media(camera.site)
    assert alice.may(Act.VIDEO, camera.site)
    monkeypatch.setattr(in_incident, "_told", [])
    assert not alice.may(Act.VIDEO, camera.site)
    assert not type(picture).objects.visible_to(alice).exists()


@pytest.mark.parametrize("state", ["deactivated", "without a membership", "a superuser"])
def test_without_a_membership_there_is_nothing(state, organisation, site):
    user = make.make_user("x", is_superuser=state == "a superuser", is_staff=True)
    if state == "deactivated":
        make.give(user, "supervisor", organisation)
        user.is_active = False
        user.save()
    assert not Site.objects.visible_to(user).exists()


@pytest.mark.parametrize(
    "scopes", [(), ("organisation", "customer"), ("customer", "site"), ("organisation", "customer", "site")]
)
def test_the_database_wants_exactly_one_scope(request, db, scopes):
    from django.db import IntegrityError

    user = make.make_user("x")
    chosen = {scope: request.getfixturevalue(scope) for scope in scopes}
    with pytest.raises(IntegrityError, match="membership_has_exactly_one_scope"):
        Membership.objects.create(user=user, role="operator", **chosen)
