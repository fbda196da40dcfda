"""Where guards are sent is two people's word, whoever administers the site."""

from __future__ import annotations

import pytest

from soc.core import approving, clock
from soc.core.models import Approval
from tests import factories as make
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


def test_a_second_one_is_refused_in_words_while_the_first_waits(admin, as_, url, site, sam):
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


def test_a_centre_of_one_is_told_whom_to_add_and_keeps_its_address(admin, as_, url, site):
    client = as_(admin)
    page = client.get(url(site, "change"))
    changed = {**fields_of(page), "address": "81 Tern Lane", "hazards": "Two dogs"}
    answer = client.post(url(site, "change"), changed, follow=True)
    assert "add a second person (supervisor, duty manager, administrator), then ask again" in answer.text
    site.refresh_from_db()
    assert (site.address, site.hazards) == ("18 Tern Lane, Pinewick", "Two dogs")
    assert not Approval.objects.exists()
    assert "nobody who could grant another address of a site" in client.get("/console/cameras/").text
    make.make_user("second", "duty_manager", site.organisation)
    client.post(url(site, "change"), changed, follow=True)
    assert Approval.objects.get().data["after"] == "81 Tern Lane"
    assert "another address of a site" not in client.get("/console/cameras/").text
