"""The top bar lists the pages that its reader may open, and no other."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from soc.console import pages
from soc.core.rights import Role
from tests import factories as make

pytestmark = pytest.mark.django_db


def found(user, path="/console/") -> dict[str, bool]:
    request = RequestFactory().get(path)
    request.user = user
    return {link.page.view: link.current for link in pages.links(request)}


def test_whoever_follows_a_link_of_the_bar_gets_the_page(client, organisation):
    for role in Role:
        if role in pages.OUTSIDE:
            continue
        user = make.make_user(f"one {role}", role, organisation)
        client.force_login(user)
        listed = found(user)
        for view in listed:
            assert client.get(pages.reverse(view)).status_code == 200, (role, view)


def test_customers_find_no_page_of_the_centre(carol):
    assert found(carol) == {}


def test_the_page_that_is_open_is_marked_and_no_page_above_it(sam):
    assert [view for view, current in found(sam, "/console/filter/incidents/").items() if current] == ["console-filter"]
    assert [view for view, current in found(sam, "/console/").items() if current] == ["console"]
