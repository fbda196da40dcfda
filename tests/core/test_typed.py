"""A zero byte in what was typed is refused before any page reads it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.models import Note
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.make_user("alice", "operator", make.make_organisation())


@pytest.fixture
def incident(alice):
    site = make.make_site(make.make_customer(alice.memberships.get().organisation))
    return make.make_incident(site=site, category="panic")


def test_a_note_with_a_zero_byte_is_refused_and_one_without_is_kept(client, alice, incident):
    client.force_login(alice)
    url = reverse("console-act", args=[incident.pk, "note"])
    assert client.post(url, {"text": "half\0 a note"}).status_code == 400
    assert not Note.objects.exists()
    assert client.post(url, {"text": "a whole note"}).status_code < 400
    assert Note.objects.get().text == "a whole note"


def test_so_is_one_in_an_address_and_in_the_name_of_a_field(client, alice):
    client.force_login(alice)
    assert client.get("/console/ask/", {"zone": "\0"}).status_code == 400
    assert client.post("/console/shift/start/", {"\0": "x"}).status_code == 400


def test_the_administration_says_it_at_the_field(client):
    admin = make.make_user("root", is_staff=True, is_superuser=True)
    client.force_login(admin)
    answer = client.post("/admin/core/organisation/add/", {"name": "Quay\0side"})
    assert answer.status_code == 200
    assert "Null characters" in answer.content.decode()
