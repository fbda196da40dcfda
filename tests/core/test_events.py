"""Recording: in the action's transaction or not at all."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from soc.core import events
from soc.core.models import Delivery, Event
from tests.core.conftest import happen
from tests.factories import NIGHT


@pytest.mark.django_db(transaction=True)
def test_recording_outside_a_transaction_is_refused(site):
    with pytest.raises(RuntimeError, match="outside a transaction"):
        events.record("test.happened", site, by=None, at=NIGHT)
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_undone_was_never_recorded_and_owes_nothing(site, reactions):
    reactions(lambda event_id: None)
    with transaction.atomic():
        events.record("test.happened", site, by=None, at=NIGHT)
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("subject", ["site", "customer", "organisation", "camera"])
def test_the_scopes_come_from_the_subject(request, subject, site, customer, organisation):
    event = happen(request.getfixturevalue(subject))
    assert event.organisation == organisation
    assert event.customer == (None if subject == "organisation" else customer)
    assert event.site == (site if subject in {"site", "camera"} else None)


def test_one_delivery_is_owed_to_each_subscriber_of_the_kind(site, reactions):
    reactions(lambda event_id: None, name="tests.one")
    reactions(lambda event_id: None, name="tests.two")
    reactions(lambda event_id: None, name="tests.other", kind="test.else")
    event = happen(site)
    assert set(event.deliveries.values_list("reaction", flat=True)) == {"tests.one", "tests.two"}


def test_two_reactions_may_not_share_a_name(reactions):
    reactions(lambda event_id: None)
    with pytest.raises(ValueError, match=r"tests\.it"):
        reactions(lambda event_id: None)


def test_identifiers_in_the_data_are_kept_as_text(site):
    pk = uuid.uuid4()
    assert Event.objects.get(pk=happen(site, candidate=pk).pk).data == {"candidate": str(pk)}


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_costs_nothing_but_a_warning(site, reactions, monkeypatch, caplog):
    from soc.core import tasks

    monkeypatch.undo()  # the real hint
    monkeypatch.setattr(events, "_subscribers", {"test.happened": ["tests.it"]})

    def dead(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.deliver, "apply_async", dead)
    event = happen(site)
    assert event.deliveries.count() == 1
    assert "the spine will run it" in caplog.text
