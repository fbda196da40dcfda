"""How the product speaks to PostgreSQL: nothing that was stopped or cut off keeps rows from the others for ever."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "statement_timeout"])
def test_a_forgotten_transaction_and_an_endless_statement_are_ended(limit):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {limit}")
        assert cursor.fetchone() == ("15s",)


def test_a_connection_whose_other_end_has_gone_is_noticed():
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 30
    assert options["tcp_user_timeout"] <= 30_000
