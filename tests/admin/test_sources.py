"""A source's key is shown once and stored nowhere but as its hash."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from cameras.models import SignalSource
from tests import factories as make

pytestmark = pytest.mark.django_db
KEY = re.compile(r'<code class="key">([\w-]{30,})</code>')


def shown(answer: Any) -> str:
    found = KEY.search(answer.content.decode())
    assert found is not None
    return found[1]


def test_a_new_source_shows_its_key_once(admin, site, as_, url):
    client = as_(admin)
    answer = client.post(
        url(SignalSource, "add"), {"site": str(site.pk), "name": "Panel", "enabled": "on", "heartbeat_s": "60"}
    )
    assert answer.status_code == 200
    key = shown(answer)
    source = SignalSource.objects.get()
    assert source.key_sha256 == SignalSource.hash_key(key)
    assert "no-store" in answer["Cache-Control"]
    for page in (
        url(source, "change"),
        url(source, "history"),
        url(SignalSource, "changelist"),
        reverse("admin:index"),
    ):
        assert key not in client.get(page).content.decode()
    assert not any(key in str(cookie) for cookie in client.cookies.values())


def test_a_new_key_ends_the_old_one(admin, site, as_, url):
    source, old = make.make_source(site)
    answer = as_(admin).post(reverse("admin:cameras_signalsource_key", args=[source.pk]))
    key = shown(answer)
    source.refresh_from_db()
    assert source.key_sha256 == SignalSource.hash_key(key) != SignalSource.hash_key(old)


def test_looking_at_the_address_makes_no_new_key(admin, site, as_):
    source, _old = make.make_source(site)
    assert as_(admin).get(reverse("admin:cameras_signalsource_key", args=[source.pk])).status_code == 302
    assert SignalSource.objects.get().key_sha256 == source.key_sha256


def test_another_organisations_source_gets_no_new_key(other_admin, site, as_):
    source, _old = make.make_source(site)
    assert as_(other_admin).post(reverse("admin:cameras_signalsource_key", args=[source.pk])).status_code == 404
    assert SignalSource.objects.get().key_sha256 == source.key_sha256


def test_saving_a_source_keeps_its_key(admin, site, as_, url):
    source, _old = make.make_source(site)
    answer = as_(admin).post(url(source, "change"), {"name": "Renamed", "heartbeat_s": "0"})
    assert answer.status_code == 302
    after = SignalSource.objects.get()
    assert (after.name, after.enabled, after.key_sha256) == ("Renamed", False, source.key_sha256)
