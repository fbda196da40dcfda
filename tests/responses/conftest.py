"""An incident in an operator's hands, responders to send, and a telephone network of our own to misbehave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions as incidents
from responses.defaults import publish_defaults
from responses.models import Message, Responder
from soc.core import clock
from tests import factories as make
from tests.responses.network import Network


@pytest.fixture
def defaults(organisation):
    publish_defaults(organisation, at=make.NIGHT)


@pytest.fixture
def incident(zone, alice, defaults):
    """Priority 1, claimed by Alice a moment ago."""
    at = clock.now() - timedelta(seconds=5)
    made = make.make_incident(zone=zone, at=at)
    return incidents.claim(made.pk, by=alice, at=at)


@pytest.fixture
def guard(organisation):
    return Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001", rank=1)


@pytest.fixture
def second_guard(organisation):
    return Responder.objects.create(organisation=organisation, name="Nell Oake", phone="+441632960002", rank=2)


@pytest.fixture
def officers(organisation):
    """Sworn, under contract."""
    return Responder.objects.create(
        organisation=organisation, name="County patrol", kind="law_enforcement", phone="+441632960003", rank=3
    )


@pytest.fixture
def live_camera(organisation, defaults):
    return Message.objects.get(organisation=organisation, name="1 Live camera")


@pytest.fixture
def on_the_way(organisation, defaults):
    return Message.objects.get(organisation=organisation, name="3 On the way")


@pytest.fixture
def guard_on_the_way(organisation, defaults):
    return Message.objects.get(organisation=organisation, name="4 Guard on the way")


@pytest.fixture
def network(settings):
    """A telephone network on this machine, and the product pointed at it."""
    with Network() as network:
        settings.TWILIO_BASE_URL = network.url
        settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
        settings.TWILIO_AUTH_TOKEN = "a-token-of-the-tests"
        settings.PUBLIC_URL = "http://testserver"
        yield network
