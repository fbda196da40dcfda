"""Nothing crosses the border in the administration: every page of every model as everyone."""

from __future__ import annotations

import pytest

from tests.tenants.table import ADMIN_NOBODYS, admin_page, routes
from tests.tenants.walk import Walk

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name",
    ["nobody", "operator", "supervisor", "owner", "dealer", "staff without rights", "deactivated", "admin", "admin of a customer",
     "admin of a site", "admin of B"],
)  # fmt: skip
def test_administration_shows_and_changes_only_what_is_administered(world, name):
    walk = Walk(name, world.people[name], world)
    walk.administration()
    assert walk.wrong == [], "\n".join(walk.wrong[:40])


def test_every_kind_of_row_in_the_administration_is_walked(world):
    """A page about a model of ours that this world has no row of would be walked with a row that does not exist."""
    pages = {page[1] for page in map(admin_page, routes()) if page and page[0] not in ADMIN_NOBODYS}
    assert pages - set(world.places["A1"].rows) == set()
