"""Nothing crosses the border: every model under any set of memberships."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest
from django.apps import apps

from incidents.models import Alert
from soc.core.models import Customer, Media, Site, SiteOwned
from soc.core.rights import MATRIX, Act, Role, allows
from tests import factories as make

pytestmark = pytest.mark.django_db


def site_owned() -> list[type[SiteOwned]]:
    return [model for model in apps.get_models() if issubclass(model, SiteOwned)]


def test_the_world_has_a_row_of_every_model_that_belongs_to_a_site(world):
    for model in site_owned():
        sites = set(model._default_manager.values_list("site", flat=True))
        assert {place.site.pk for place in world.places.values()} <= sites, model.__name__


def reached(held: list[tuple[str, Any]], sites: list[Site], act: Act) -> set[uuid.UUID]:
    """The sites that (role, scope) pairs cover for an act."""
    return {
        site.pk
        for site in sites
        for role, scope in held
        if allows(role, act) and scope.pk in {site.pk, site.customer_id, site.organisation_id}
    }


def evidence_at(sites: set[uuid.UUID]) -> set[uuid.UUID]:
    """Clips and pictures of raised candidates there, and what other cameras saw of them."""
    alerts = Alert.objects.filter(site__in=sites).select_related("candidate")
    own = {pk for alert in alerts for pk in (alert.candidate.clip_id, alert.candidate.snapshot_id) if pk}
    return own | {angle.clip_id for alert in alerts for angle in alert.candidate.angles.all() if angle.clip_id}


@pytest.mark.parametrize("state", ["open", "claimed", "waiting", "parked"])
def test_an_incident_that_goes_on_opens_its_site_to_operators_and_no_other_site(world, state):
    """However many incidents are closed: one that is not opens pictures, of its site alone, to those in whose scope it is."""
    place = world.places["A1"]
    incident = make.make_incident(site=place.site, category="panic")
    type(incident).objects.filter(pk=incident.pk).update(state=state)
    operators = {
        "operator": {place.site.pk},
        "operator of a customer": {place.site.pk},
        "operator of A": {place.site.pk},
    }
    for name in [*operators, "operator of B", "installer", "admin", "guard"]:
        person = world.people[name]
        sites = operators.get(name, set())
        for model in site_owned():
            rows = model._default_manager.visible_to(person, Act.VIDEO)
            expected = set(model._default_manager.filter(site__in=sites).values_list("pk", flat=True))
            if model is Media:
                held = [(m.role, getattr(m, m.scope()[0])) for m in person.memberships.all()]
                expected |= evidence_at(reached(held, list(Site.objects.all()), Act.VIDEO_IN_INCIDENT))
            assert set(rows.values_list("pk", flat=True)) == expected, (name, model)
        assert set(Site.objects.visible_to(person, Act.VIDEO).values_list("pk", flat=True)) == sites, name
        seen = Customer.objects.visible_to(person, Act.VIDEO)
        assert {customer.pk for customer in seen} == ({place.customer.pk} if sites else set()), name


def test_no_membership_ever_shows_a_row_outside_it(world):
    """Any set of memberships, any act, any model: exactly the rows of the sites that they cover. Each set is asked about a
    quarter of the models, so that each model was asked for each kind of act by several sets."""
    dice = random.Random(20261122)
    at = {model: dict(model._default_manager.values_list("pk", "site")) for model in site_owned()}
    scopes = [scope for place in world.places.values() for scope in (place.organisation, place.customer, place.site)]
    sites = list(Site.objects.all())
    kinds = {**{MATRIX[act]: act for act in Act}, "video": Act.VIDEO}.values()
    for round_ in range(30):
        user = make.make_user(f"walker {round_}")
        held = [(dice.choice(Role.values), dice.choice(scopes)) for _ in range(dice.randint(0, 3))]
        for role, scope in held:
            make.give(user, role, scope)
        reaches = {act: reached(held, sites, act) for act in Act}
        for act, reach in reaches.items():
            assert set(Site.objects.visible_to(user, act).values_list("pk", flat=True)) == reach
        # What rows are seen follows from the roles that an act is for, and for VIDEO from what goes on: one act of each kind.
        for act in kinds:
            reach = reaches[act]
            for model in site_owned()[round_ % 4 :: 4]:
                rows = model._default_manager.visible_to(user, act)
                expected = {pk for pk, site in at[model].items() if site in reach}
                if model is Media and act == Act.VIDEO:
                    expected |= evidence_at(reached(held, sites, Act.VIDEO_IN_INCIDENT))
                assert set(rows.values_list("pk", flat=True)) == expected, (model, held, act)


def test_a_row_cannot_be_of_one_organisation_and_stand_at_anothers_site(world):
    """The organisation is copied from the site at every save, whatever was set."""
    mine, theirs = world.places["A1"], world.places["B1"]
    camera = mine.rows["camera"]
    camera.organisation = theirs.organisation
    camera.save()
    camera.refresh_from_db()
    assert camera.organisation_id == mine.organisation.pk
