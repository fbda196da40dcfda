"""The wall tells a supervisor what is so, of their centre alone, in few queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.models import Incident, Shift
from soc.core import clock
from tests import factories as make

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch"}
WALL = reverse("console-wall")


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def page(sam) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def on_shift(user, organisation, now, **fields) -> Shift:
    actions.start_shift(user=user, organisation=organisation, at=now)
    Shift.objects.filter(user=user).update(seen_at=now, **fields)
    return Shift.objects.get(user=user)


def come(now, *, ago: float = 10, **fields) -> Incident:
    return make.make_incident(at=now - timedelta(seconds=ago - 1), **fields | {"at": now - timedelta(seconds=ago)})


def test_an_empty_centre_has_a_calm_wall(page, organisation, site):
    text = page.get(WALL).content.decode()
    assert "Nothing waits." in text
    assert "Nobody is on shift" in text
