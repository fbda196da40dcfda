from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from soc.core import clock


@pytest.fixture
def now() -> datetime:
    return clock.now()


@pytest.fixture
def client(sam) -> Client:
    """The supervisor's."""
    client = Client()
    client.force_login(sam)
    return client
