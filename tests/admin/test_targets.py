"""Handling targets are an organisation's own, changed by its administrators, and kept with who changed them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents import targets
from incidents.models import HandlingTarget
from soc.core.admin.history import history_model

pytestmark = pytest.mark.django_db
ADD = reverse("admin:incidents_handlingtarget_add")


def given(organisation, **changed):
    return {
        "organisation": organisation.pk,
        "priority": 1,
        "soon_s": 20,
        "soon_share": 85,
        "late_s": 45,
        "late_share": 99,
    } | changed


def test_an_administrator_sets_a_target_which_counts_from_then_on(client, admin, organisation):
    client.force_login(admin)
    assert targets.target(organisation, 1) == targets.house(1)
    assert client.post(ADD, given(organisation)).status_code == 302
    assert targets.target(organisation, 1) == targets.Target(20, 85, 45, 99)
    row = HandlingTarget.objects.get()
    url = reverse("admin:incidents_handlingtarget_change", args=[row.pk])
    assert client.post(url, given(organisation, soon_s=25)).status_code == 302
    assert targets.target(organisation, 1).soon_s == 25
    assert history_model(HandlingTarget).objects.filter(pgh_obj_id=row.pk).count() >= 1


@pytest.mark.parametrize(
    "wrong", [{"late_s": 20}, {"soon_share": 101}, {"soon_share": 0}, {"priority": 4}, {"soon_s": ""}]
)
def test_a_target_that_makes_no_sense_is_refused_in_words(client, admin, organisation, wrong):
    client.force_login(admin)
    answer = client.post(ADD, given(organisation, **wrong))
    assert answer.status_code == 200
    assert answer.context["adminform"].errors
    assert not HandlingTarget.objects.exists()


def test_one_of_another_organisation_is_not_there(client, admin, other_organisation):
    client.force_login(admin)
    assert client.post(ADD, given(other_organisation)).status_code == 200
    assert not HandlingTarget.objects.exists()
