"""Which rows an administrator has: everything for a superuser, else what their memberships as administrator cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet, prefetch_related_objects

from soc.core.models import Customer, Membership, Organisation, Site, SiteOwned, User
from soc.core.rights import Act, allows

Anyone = User | AnonymousUser
Covered = dict[str, set[UUID]]
NOTHING = Q(pk__in=[])

_special: dict[type[Model], Callable[[Covered], Q]] = {}


def may_administer(user: Any) -> bool:
    """Somebody of the staff who is a superuser or an administrator of something."""
    if not user.is_active or not user.is_staff:
        return False
    if user.is_superuser:
        return True
    # One page asks hundreds of times: of every model that is in the menu, of every field and every row.
    prefetch_related_objects([user], "memberships")
    return bool(user.may_anywhere(Act.ADMINISTER))


def covered(user: User) -> Covered:
    """Ids by kind of scope: {"organisation": …, "customer": …, "site": …}."""
    held: Covered = {"organisation": set(), "customer": set(), "site": set()}
    for membership in user.memberships.all():
        if allows(membership.role, Act.ADMINISTER):
            kind, pk = membership.scope()
            held[kind].add(pk)
    return held


def within(held: Covered, *, organisation: str = "", customer: str = "", site: str = "") -> Q:
    """Rows covered through these paths; a path left out covers nothing."""
    found = NOTHING
    for kind, path in (("organisation", organisation), ("customer", customer), ("site", site)):
        if path and held[kind]:
            found |= Q(**{f"{path}__in": held[kind]})
    return found


def bind(*models: type[Model]) -> Callable[[Callable[[Covered], Q]], Callable[[Covered], Q]]:
    """Say which rows of a model are covered, where it is not simply a site's."""

    def register(rule: Callable[[Covered], Q]) -> Callable[[Covered], Q]:
        _special.update(dict.fromkeys(models, rule))
        return rule

    return register


def rows(user: Any, model: type[Model]) -> QuerySet[Any]:
    """The rows of `model` that `user` administers. A model that nobody bound is for superusers only."""
    everything = model._default_manager.all()
    if not may_administer(user):
        return everything.none()
    if user.is_superuser:
        return everything
    if model in _special:
        return everything.filter(_special[model](covered(user)))
    if issubclass(model, SiteOwned):
        return everything.filter(
            within(covered(user), organisation="organisation", customer="site__customer", site="site")
        )
    return everything.none()


@bind(Organisation)
def _organisations(held: Covered) -> Q:
    return within(held, organisation="pk")


@bind(Customer)
def _customers(held: Covered) -> Q:
    return within(held, organisation="organisation", customer="pk")


@bind(Site)
def _sites(held: Covered) -> Q:
    return within(held, organisation="organisation", customer="customer", site="pk")


@bind(Membership)
def _memberships(held: Covered) -> Q:
    return (
        within(held, organisation="organisation", customer="customer", site="site")
        | within(held, organisation="customer__organisation", customer="site__customer")
        | within(held, organisation="site__organisation")
    )


@bind(User)
def _users(held: Covered) -> Q:
    """Who holds a right over something covered; superusers only see each other."""
    return Q(memberships__in=Membership.objects.filter(_memberships(held)), is_superuser=False)
