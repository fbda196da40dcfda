"""Whatever is sent to whichever address, by whomever: an answer in words, and never an error of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.test import Client

from incidents import actions
from soc.console.acts import VERBS
from soc.core import clock
from tests import factories as make
from tests.tenants.table import TABLE, Line, admin_page, routes
from tests.tenants.walk import Walk, address, body

pytestmark = pytest.mark.django_db

SOURCES = ("soc/console", "soc/portal", "soc/core", "soc/api", "responses", "cameras/admin", "incidents")
FIELD = re.compile(r"""(?:get|getlist|_number|_id|_ids|_instant)\((?:\w+, )?"([a-z][\w.-]*)\"""")
WORDS = (
    "", "-1", "9" * 30, "1e999", "NaN", "0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30", "[]", "null", "a" * 3000,
    "00000000-0000-0000-0000-00000000000g", "\u202e\U0001f642\ufffe", "' OR 1=1 --", "../../etc/passwd", "%s%n{0}{{7*7}}",
    "\x1b\r\n\t",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"
BODIES = (
    ("application/json", b"[" * 20_000),
    ("application/json", b'{"kind": [{}], "dedup": {}, "at": []}'),
    ("application/json", b'"\\ud800"'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n"),
    ("multipart/form-data", b"--"),
    (FORM, b"%ff%fe=%ff&token=%00&=&&;"),
    (f"{FORM}; charset=rot13", b"text=uryyb"),
    (f"{FORM}; charset=utf-16", b"\xff\xfe\x00"),
    (FORM, b"&".join(b"f%d=1" % n for n in range(6001))),
    ("text/plain; charset=no-such", b"\xff" * 100),
    ("", b"\x00" * 100),
)
QUERIES = (
    "q=%00", "q=%ff&p=no", "o=no.-1.99", "p=99999999999999999999", "e=1&all=", "id__exact=%00", "organisation__id__exact=no",
    "site__name__regex=((", "no__such=1", "_popup=1&_to_field=%00",
)  # fmt: skip
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE", "HEAD")
ROUNDS = 1  # of the words, each time other ones for each field: with as many as there are words, each field meets each


def fields() -> list[str]:
    """Every name that some page reads out of a form or an address."""
    root = Path(__file__).parents[2]
    files = [file for source in SOURCES for file in sorted((root / source).rglob("*.py"))]
    return sorted({name for file in files for name in FIELD.findall(file.read_text())})


FIELDS = fields()


def typed(number: int) -> dict[str, str]:
    """A word for each field, other ones for each number."""
    return {name: WORDS[(place + number) % len(WORDS)] for place, name in enumerate(FIELDS)}


class Sender:
    """One person who sends nonsense; `wrong` has what was answered with an error of ours, or with nothing."""

    def __init__(self, name: str, person: Any) -> None:
        self.name, self.asked = name, 0
        self.wrong: list[str] = []
        self.client = Client(raise_request_exception=False)
        if person is not None:
            self.client.force_login(person)

    def send(self, method: str, url: str, data: Any = b"", content_type: str = FORM, **headers: Any) -> None:
        self.asked += 1
        with transaction.atomic():
            answer = self.client.generic(method, url, data, content_type=content_type, **headers)
            silent = answer.status_code >= 400 and method != "HEAD" and not body(answer).strip()
            transaction.set_rollback(True)
        if answer.status_code >= 500 or silent:
            self.wrong.append(
                f"{self.name}: {method} {url[:120]} {content_type} {data[:60]!r} gave {answer.status_code}"
            )

    def form(self, method: str, url: str, words: dict[str, str]) -> None:
        text = urlencode(words)
        if method == "GET":
            self.send("GET", f"{url.partition('?')[0]}?{text}")
        else:
            self.send("POST", url, text.encode())


def lines() -> Iterator[tuple[str, Line]]:
    for route in sorted(set(routes())):
        for line in TABLE.get(route, []):
            yield route, line


def test_the_names_that_pages_read_are_found():
    assert {"token", "minutes", "reason", "since", "until", "of", "site", "week", "subject", "zone"} <= set(FIELDS)


def test_nonsense_at_every_url_is_answered_in_words(world):
    """To each address somebody who may open it sends words for every field; and whoever's turn it is, right or not, sends what is
    no form at all, or by a method of their own."""
    place = world.places["A1"]
    people = {name: world.people[name] for name in ("operator", "supervisor", "owner", "nobody")}
    senders = {name: Sender(name, person) for name, person in people.items()}
    walks = {name: Walk(name, person, world) for name, person in people.items() if person is not None}
    for number, (route, line) in enumerate(lines()):
        url, of = address(route, place, line), place if line.of else None
        opening = next((name for name, walk in walks.items() if walk._opens(line, of)), "nobody")
        for once in range(ROUNDS):
            senders[opening].form(line.method.upper(), url, typed(number + 7 * once))
        turn = senders[list(people)[number % len(people)]]
        kind, content = BODIES[number % len(BODIES)]
        turn.send("POST", url, content, kind)
        senders[opening].send(METHODS[number % len(METHODS)], url, b"x")
    wrong = [one for sender in senders.values() for one in sender.wrong]
    assert wrong == [], "\n".join(wrong[:40])
    assert all(sender.asked > 30 for sender in senders.values())


def test_nonsense_in_what_an_operator_holds_is_refused_in_words(world):
    """With the claim's own token, so that it comes to what the form says."""
    operator, made = world.people["operator"], make.make_incident(site=world.places["A1"].site, category="vehicle")
    type(made).objects.filter(pk=made.pk).update(offered_to=operator)
    held = actions.claim(made.pk, by=operator, at=clock.now())
    sender = Sender("operator", operator)
    for number, verb in enumerate(VERBS):
        for once in range(ROUNDS):
            words = typed(number + 5 * once) | {"token": str(held.token)}
            sender.form("POST", f"/console/incidents/{held.pk}/{verb}/", words)
    assert sender.wrong == [], "\n".join(sender.wrong)


def test_so_is_nonsense_in_the_administration(world):
    """Its lists with every kind of query, and the pages on which a password is set."""
    admin = world.people["admin"]
    sender = Sender("admin", admin)
    lists = sorted(route for route in set(routes()) if (page := admin_page(route)) and page[2] == "")
    for number, route in enumerate(lists):
        sender.send("GET", f"/{route}?{QUERIES[number % len(QUERIES)]}")
    for path in ("/admin/password_change/", f"/admin/core/user/{admin.pk}/password/", "/admin/core/user/%00/change/"):
        for number in range(3):
            words = typed(number) | {"old_password": "\ufffe" * 3000, "new_password1": "a\0b", "new_password2": "[]"}
            sender.form("POST", path, words)
    assert sender.wrong == [], "\n".join(sender.wrong)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/console/", {"HTTP_COOKIE": 'sessionid="\\000bcdefghij"'}),
        ("/console/", {"HTTP_COOKIE": f"sessionid={'x' * 4000}; csrftoken=\x7f"}),
        ("/login/", {"HTTP_ACCEPT_LANGUAGE": "x" * 4000, "CONTENT_TYPE": "text/html; charset=rot13"}),
        ("/login/?next=%00%ff", {}),
        ("/%00", {}),
        ("/r/%00%ff", {}),
        ("/media/%ff", {"HTTP_RANGE": "bytes=-"}),
        ("/login/", {"HTTP_HOST": "a b\x01"}),
        ("/login/", {"CONTENT_LENGTH": "many"}),
    ],
)
def test_so_is_nonsense_in_an_address_or_a_header(path, headers):
    sender = Sender("nobody", None)
    sender.send("GET", path, **headers)
    assert sender.wrong == []


@pytest.mark.parametrize(
    "form",
    [
        {"username": "a\0b"},
        {"username": "x" * 100_000, "password": "y" * 100_000},
        {"username": "\ufffe"},
        {"next": "//x"},
    ],
)
def test_so_is_nonsense_at_the_door(form):
    sender = Sender("nobody", None)
    for path in ("/login/", "/admin/login/"):
        sender.form("POST", path, {"username": "alice", "password": "\ufffe", **form})
    assert sender.wrong == []


def test_without_the_look_at_what_was_sent_a_charset_and_a_cookie_would_be_errors(monkeypatch):
    monkeypatch.setattr("soc.core.typed.Legible.__call__", lambda self, request: self.get_response(request))
    sender = Sender("nobody", None)
    with pytest.raises(LookupError):  # not even the page of an error can be made
        sender.send("GET", "/login/?next=%C3%A4", CONTENT_TYPE="text/html; charset=rot13")
    sender.send("GET", "/console/", HTTP_COOKIE='sessionid="\\000bcdefghij"')
    sender.send("PUT", "/healthz")
    assert len(sender.wrong) == 2
