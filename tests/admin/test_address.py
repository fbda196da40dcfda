"""Where guards are sent is two people's word, whoever administers the site."""

from __future__ import annotations

import pytest

from soc.core import approving, clock
from soc.core.models import Approval
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["admin", "root"])
def test_another_address_waits_while_the_rest_is_saved(who, request, as_, url, site, sam):
    client = as_(request.getfixturevalue(who))
    page = client.get(url(site, "change"))
    answer = client.post(
        url(site, "change"), {**fields_of(page), "address": "81 Tern Lane", "hazards": "Two dogs"}, follow=True
    )
    assert "waits for a second person" in answer.text
    site.refresh_from_db()
    assert (site.address, site.hazards) == ("18 Tern Lane, Pinewick", "Two dogs")
    approving.grant(Approval.objects.get().pk, by=sam, at=clock.now())
    site.refresh_from_db()
    assert (site.address, site.hazards) == ("81 Tern Lane", "Two dogs")


def test_a_second_one_is_refused_in_words_while_the_first_waits(admin, as_, url, site):
    client = as_(admin)
    for address in ("81 Tern Lane", "82 Tern Lane"):
        page = client.get(url(site, "change"))
        answer = client.post(url(site, "change"), {**fields_of(page), "address": address}, follow=True)
    assert "asked for already" in answer.text
    assert Approval.objects.get().data["after"] == "81 Tern Lane"


def test_the_same_address_asks_nobody(admin, as_, url, site):
    client = as_(admin)
    page = client.get(url(site, "change"))
    client.post(url(site, "change"), {**fields_of(page), "entrance": "The other gate"})
    assert not Approval.objects.exists()
