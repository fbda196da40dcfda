"""What a page answers when something fails that nobody caught."""

from __future__ import annotations

import pytest
from django.db import OperationalError


@pytest.mark.django_db
def test_while_the_database_is_away_a_page_says_so_and_when_to_try_again(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", _raises(OperationalError("gone")))
    client.cookies["sessionid"] = "somebody"
    answer = client.get("/console/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "cannot be reached just now" in answer.content.decode()


@pytest.mark.django_db
def test_any_other_error_is_ours_and_says_that_it_was_written_down(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", _raises(ValueError("a mistake")))
    client.cookies["sessionid"] = "somebody"
    answer = client.get("/console/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def _raises(error):
    def fail(*args, **kwargs):
        raise error

    return fail
