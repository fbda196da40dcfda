"""What the pane says of acts and of what became of them."""

from __future__ import annotations

import pytest

from incidents import actions as incidents
from responses import actions as responses
from responses.actions import callbacks, sending
from responses.models import Responder
from soc.console import playbook
from soc.core import clock
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_that_found_nobody_is_said_until_somebody_else_is_called(zone, alice, organisation):
    held = incidents.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())
    guard = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001", rank=1)

    def order(dedup: str):
        return responses.send_responder(
            held.pk, responder_id=guard.pk, token=held.token, by=alice, at=clock.now(), dedup=dedup
        )[0]

    call = order("k1")
    assert not any("Nobody is left" in act.status for act in playbook.sent(playbook.attempts(held)))
    callbacks.status(call.pk, "CA" + "1" * 32, "busy", of_call=True, at=clock.now())
    assert sending.carry_on(call.pk, at=clock.now()) is None
    newest = playbook.sent(playbook.attempts(held))[0]
    assert newest.failed
    assert "Nobody is left to call" in newest.status
    order("k2")
    assert not any("Nobody is left" in act.status for act in playbook.sent(playbook.attempts(held)))
