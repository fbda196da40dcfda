"""Of which centres somebody's pages are: those in which they may do something, the one that is asked for, and whether they have
all of it."""

from __future__ import annotations

from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act, scoped


def centres(user: User, act: Act) -> list[Organisation]:
    """Those in which this user may `act` at some site, or in the whole, by name."""
    own = scoped(user, act, organisation="", customer="customers", site="sites")
    return list(Organisation.objects.filter(own).distinct().order_by("name"))


def asked_for(found: list[Organisation], asked: str) -> Organisation | None:
    """The one of them whose id is asked for, the first where nothing is asked; None for one that is not among them."""
    if not asked:
        return next(iter(found), None)
    return next((one for one in found if str(one.pk) == asked), None)


def whole(user: User, organisation: Organisation, act: Act) -> bool:
    """Whether this user may `act` in the whole of a centre, and not only at some sites of it."""
    return user.memberships.filter(organisation=organisation, role__in=MATRIX[act]).exists()
