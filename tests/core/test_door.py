"""Logging in and out, and the pages that say no."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import path
from django.views.defaults import bad_request

from soc.core import pulse
from soc.urls import urlpatterns as real
from tests import factories as make
from tests.core.conftest import happen


def broken(request):
    raise RuntimeError("a bug")


urlpatterns = [*real, path("broken", broken), path("bad", lambda request: bad_request(request, ValueError()))]


def log_in(client, name: str = "carol", password: str = make.PASSWORD, **query: str):
    return client.post("/login/", {"username": name, "password": password, **query})


@pytest.mark.parametrize(("who", "where"), [("carol", "/portal/"), ("alice", "/console/"), ("admin", "/admin/")])
def test_everyone_comes_to_their_own_face(client, request, site, who, where):
    request.getfixturevalue(who)
    answer = log_in(client, who)
    assert answer.status_code == 302
    assert client.get(answer["Location"])["Location"] == where


def test_one_whose_rights_open_nothing_is_told_so(client, db):
    make.make_user("new")
    log_in(client, "new")
    answer = client.get("/")
    assert answer.status_code == 403
    assert "no site has been opened to this account" in answer.content.decode()


def test_a_wrong_password_is_answered_in_words_and_keeps_the_name(client, carol):
    page = log_in(client, password="wrong").content.decode()
    assert "do not belong together" in page
    assert 'value="carol"' in page
    assert "wrong" not in page


def test_the_next_page_is_kept_and_never_another_site(client, carol, site):
    assert log_in(client, next="/portal/timeline/")["Location"] == "/portal/timeline/"
    client.post("/logout/")
    assert log_in(client, next="https://evil.example/")["Location"] == "/"


def test_too_many_wrong_passwords_close_the_account_for_a_while_and_say_so_calmly(client, carol, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, password="wrong")
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "Please wait a little" in page
    assert "Try again in 15 minutes." in page
    assert log_in(client).status_code == 429  # the right one does not help either
    assert log_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302  # nor is she locked out everywhere


def test_logging_out_is_a_post_and_ends_the_session(client, carol, site):
    client.force_login(carol)
    assert client.get("/logout/").status_code == 405
    assert client.get("/portal/").status_code == 200
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/portal/").status_code == 302


def test_a_post_without_its_token_is_refused_in_words(carol, site):
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "carol", "password": make.PASSWORD})
    assert answer.status_code == 403
    assert "Please do that once more" in answer.content.decode()


@override_settings(ROOT_URLCONF="tests.core.test_door")
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nowhere", 404, "There is nothing here"),
        ("/broken", 500, "Something broke on our side"),
        ("/bad", 400, "This could not be understood"),
    ],
)
def test_errors_have_a_page_that_stands_alone(db, address, status, words):
    answer = Client(raise_request_exception=False).get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert "/static/" not in page
    assert "prefers-color-scheme: dark" in page
    assert "bug" not in page


def test_the_door_lets_no_one_frame_it_and_no_script_in(client, db):
    answer = client.get("/login/")
    assert answer["X-Frame-Options"] == "DENY"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
    assert "<script>" not in answer.content.decode()


@pytest.fixture
def finger(monkeypatch):
    """Nothing of an earlier test's pulse."""
    monkeypatch.setattr(pulse, "_finger", pulse.Finger())


def test_the_process_says_that_it_lives_and_how_far_the_spine_is_behind(client, finger, site):
    assert client.get("/healthz").json() == {"ok": True, "lag_s": 0.0, "stuck": 0}
    happen(site)
    assert client.get("/healthz").json()["lag_s"] == 0.0, "it is asked at most every two seconds"


def test_a_process_without_its_database_says_so(client, finger, db, monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setattr(pulse, "measure", away)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"ok": False})
