"""An incident on hold keeps its evidence: who may ask for it, and that it is remembered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import Refused
from incidents.models import Incident
from soc.core import retention
from soc.core.models import Event, Media
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(days=31)


@pytest.fixture
def incident(zone) -> Incident:
    candidate = make.make_candidate(zone=zone)
    candidate.clip = make.make_media(zone.site, kind="clip")
    candidate.save()
    incident = make.make_incident(candidate)
    Incident.objects.filter(pk=incident.pk).update(state="closed", closed_at=NIGHT)
    return Incident.objects.get(pk=incident.pk)


def erased(incident: Incident) -> bool:
    return Media.objects.get(pk=incident.alerts.get().candidate.clip_id).erased_at is not None


def test_a_hold_keeps_evidence_until_it_is_lifted_and_both_are_recorded_with_their_reasons(incident, sam):
    actions.hold(incident.pk, reason="  asked for by the police ", by=sam, at=NIGHT)
    incident.refresh_from_db()
    assert (incident.hold_at, incident.hold_by, incident.hold_reason) == (NIGHT, sam, "asked for by the police")
    retention.keep_house(LATER)
    assert not erased(incident)
    actions.lift_hold(incident.pk, reason="handed over", by=sam, at=LATER)
    incident.refresh_from_db()
    assert (incident.hold_at, incident.hold_by, incident.hold_reason) == (None, None, "")
    retention.keep_house(LATER)
    assert erased(incident)
    kinds = Event.objects.filter(subject_id=incident.pk, by=sam).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["incident.put_on_hold", "incident.hold_lifted"]
    assert [note.text for note in incident.notes.order_by("at")] == [
        "Put on hold: asked for by the police",
        "Hold lifted: handed over",
    ]


@pytest.mark.parametrize("who", ["alice", "admin", "carol", "oscar"])
def test_who_may_not_hold_finds_nothing(incident, request, who):
    person = request.getfixturevalue(who)
    for act in (actions.hold, actions.lift_hold):
        with pytest.raises(Incident.DoesNotExist):
            act(incident.pk, reason="because", by=person, at=NIGHT)


def test_a_duty_manager_may(incident, organisation):
    manager = make.make_user("erin", "duty_manager", organisation)
    assert actions.hold(incident.pk, reason="because", by=manager, at=NIGHT).hold_by == manager


def test_a_reason_is_asked_for_and_nothing_is_held_or_lifted_twice(incident, sam):
    for said, code in (("  ", "reason"), ("x" * 401, "reason")):
        with pytest.raises(Refused) as refused:
            actions.hold(incident.pk, reason=said, by=sam, at=NIGHT)
        assert refused.value.code == code
    with pytest.raises(Refused, match="not on hold"):
        actions.lift_hold(incident.pk, reason="because", by=sam, at=NIGHT)
    actions.hold(incident.pk, reason="because", by=sam, at=NIGHT)
    with pytest.raises(Refused, match="on hold already"):
        actions.hold(incident.pk, reason="because", by=sam, at=NIGHT)


@pytest.mark.django_db(transaction=True)
def test_whichever_comes_first_a_hold_or_the_erasing_the_other_waits_for_it(incident, sam):
    """Both take the site's row: while a hold is being written, retention passes the site over instead of erasing."""
    from django.db import transaction

    from tests.watching.conftest import in_a_thread

    with transaction.atomic():
        actions.hold(incident.pk, reason="because", by=sam, at=NIGHT)
        in_a_thread(lambda: retention.keep_house(LATER))
    assert not erased(incident)
    retention.keep_house(LATER)
    assert not erased(incident)
