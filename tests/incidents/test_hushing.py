"""A quiet incident is heard again by a supervisor's word alone, and is quiet again when somebody presses it again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import Refused, Stale
from incidents.models import Incident, Note
from responses.actions.talking import quiet_at
from soc.core import approving
from soc.core.models import Approval, Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(seconds=5)
WHY = "they have left"


@pytest.fixture
def silent(site, alice, sam) -> Incident:
    return actions.claim(make.make_incident(site=site, category="hold_up").pk, by=alice, at=LATER)


def ask(silent, by, **changes) -> Approval:
    given = {"reason": WHY, "token": silent.token, "by": by, "at": LATER, **changes}
    return actions.ask_to_lift(silent.pk, **given)


def test_the_operator_asks_and_a_supervisor_lifts_it(silent, alice, sam):
    asked = ask(silent, alice)
    silent.refresh_from_db()
    assert silent.hushed
    assert quiet_at(silent)
    approving.grant(asked.pk, by=sam, at=LATER)
    silent.refresh_from_db()
    assert not silent.hushed
    assert not quiet_at(silent)
    assert silent.quiet, "the customer is told when it is over, as before"
    told = Event.objects.filter(subject_id=silent.pk, kind__startswith="incident.quiet").order_by("id")
    assert list(told.values_list("kind", flat=True)) == ["incident.quiet_asked", "incident.quiet_lifted"]


def test_a_supervisors_no_is_told_to_whoever_holds_it(silent, alice, sam):
    approving.refuse(ask(silent, alice).pk, by=sam, at=LATER, said="look again")
    silent.refresh_from_db()
    assert silent.hushed
    assert Event.objects.filter(subject_id=silent.pk, kind="incident.quiet_kept").exists()


def test_no_operator_lifts_it_neither_their_own_nor_a_colleagues(silent, alice, dave):
    asked = ask(silent, alice)
    for operator in (alice, dave):
        with pytest.raises(Incident.DoesNotExist):
            actions.lift_quiet(silent.pk, reason=WHY, by=operator, at=LATER)
        with pytest.raises(Approval.DoesNotExist):
            approving.grant(asked.pk, by=operator, at=LATER)


def test_a_supervisor_lifts_it_without_being_asked(silent, sam):
    assert not actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER).hushed
    with pytest.raises(Refused, match="not silent"):
        actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER)


def test_it_is_lifted_with_the_reason_or_not_at_all(silent, sam, monkeypatch):
    with pytest.raises(Refused, match="Say why"):
        actions.lift_quiet(silent.pk, reason="  ", by=sam, at=LATER)

    def full(note):
        raise OSError("no room is left")

    with monkeypatch.context() as broken:
        broken.setattr(Note, "save", full)
        with pytest.raises(OSError, match="no room"):
            actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER)
    silent.refresh_from_db()
    assert silent.hushed, "neither the note nor the lifting"
    assert not Event.objects.filter(subject_id=silent.pk, kind="incident.quiet_lifted").exists()
    actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER)
    with pytest.raises(Refused, match="not silent"):
        actions.lift_quiet(silent.pk, reason="once more", by=sam, at=LATER)
    assert list(Note.objects.filter(incident=silent).values_list("text", "by")) == [(WHY, sam.pk)], "told once"


def test_a_duty_manager_lifts_it_who_handles_no_incident(silent, organisation):
    manager = make.make_user("manager", "duty_manager", organisation)
    assert not actions.lift_quiet(silent.pk, reason=WHY, by=manager, at=LATER).hushed


def test_only_who_holds_it_asks_once_and_only_where_it_is_silent(silent, alice, dave, zone):
    with pytest.raises(Stale):
        ask(silent, dave)
    ask(silent, alice)
    with pytest.raises(Refused, match="already"):
        ask(silent, alice)
    loud = actions.claim(make.make_incident(zone=zone).pk, by=alice, at=LATER)
    with pytest.raises(Refused, match="not silent"):
        ask(loud, alice)


def test_what_was_closed_meanwhile_is_not_lifted(silent, alice, sam):
    asked = ask(silent, alice)
    Incident.objects.filter(pk=silent.pk).update(state="closed", closed_at=LATER)
    with pytest.raises(Refused):
        approving.grant(asked.pk, by=sam, at=LATER)
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_pressed_again_it_is_silent_again(silent, sam, site):
    actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER)
    again = make.make_incident(make.make_candidate(site=site, category="hold_up", at=NIGHT + timedelta(seconds=30)))
    silent.refresh_from_db()
    assert again.pk == silent.pk, "it folds"
    assert silent.hushed


def test_another_silent_one_at_the_site_keeps_it_silent(silent, sam, site):
    other = make.make_incident(make.make_candidate(site=site, category="duress", at=NIGHT + timedelta(hours=1)))
    assert other.pk != silent.pk
    actions.lift_quiet(silent.pk, reason=WHY, by=sam, at=LATER)
    silent.refresh_from_db()
    assert quiet_at(silent)
