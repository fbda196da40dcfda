"""Administrators' history: kept by triggers, with who and from what to what; no secrets, and not the product's own writes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client

from cameras.models import Camera, SignalSource
from cameras.receivers.signals import Signal, accept
from responses.models import Responder
from soc.core.admin.history import history_model
from soc.core.models import Membership, Site, User
from tests import factories as make
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db
TRACKED = (Site, Camera, apps.get_model("cameras.Zone"), Membership, SignalSource, Responder)


def kept(row):
    return history_model(type(row)).objects.filter(pgh_obj_id=row.pk).order_by("pgh_id")


@pytest.mark.parametrize("model", TRACKED)
def test_each_setting_is_tracked_without_secrets(model):
    names = {field.name for field in history_model(model)._meta.fields}
    assert not names & {"password", "key_sha256"}


def test_a_change_says_who_and_from_what_to_what(admin, site, as_, url, settings):
    client = as_(admin)
    page = client.get(url(site, "change"))
    answer = client.post(url(site, "change"), {**fields_of(page), "hazards": "Two dogs"})
    assert answer.status_code == 302
    event = kept(site).last()
    assert (event.pgh_label, event.hazards) == ("update", "Two dogs")
    assert event.pgh_context.metadata["user"] == str(admin.pk)
    text = client.get(url(site, "history")).content.decode()
    assert "<del>Battery charging in the workshop</del>" in text
    assert "<ins>Two dogs</ins>" in text
    assert "admin" in text


def test_a_users_history_has_their_rights(admin, alice, organisation, as_, url):
    membership = alice.memberships.get()
    membership.delete()
    make.give(alice, "supervisor", organisation)
    text = as_(admin).get(url(alice, "history")).content.decode()
    assert "membership removed" in text
    assert "<ins>supervisor</ins>" in text


def test_a_cameras_password_leaves_no_trace(camera):
    before = kept(camera).count()
    camera.password = "s3cret"
    camera.save()
    assert kept(camera).count() == before
    camera.name = "Renamed"
    camera.save()
    assert kept(camera).count() == before + 1


def test_what_the_product_writes_by_itself_makes_no_history(camera, site):
    source, _key = make.make_source(site)
    before = kept(camera).count(), kept(source).count()
    Camera.objects.update(frames={"captured": 1}, health="offline", leased_by="watch", generation=7)
    at = make.NIGHT
    accept(source, Signal("heartbeat", "1", at), at=at + timedelta(seconds=1))
    source.refresh_from_db()
    source.new_key()
    source.save()
    assert (kept(camera).count(), kept(source).count()) == before


def test_a_removal_is_kept_after_the_row_is_gone(organisation):
    responder = Responder.objects.create(organisation=organisation, name="Rowan", phone="+15550100900")
    pk = responder.pk
    responder.delete()
    labels = list(
        history_model(Responder).objects.filter(pgh_obj_id=pk).order_by("pgh_id").values_list("pgh_label", flat=True)
    )
    assert labels == ["insert", "delete"]


def test_a_change_outside_the_pages_is_kept_too(site, admin, as_, url):
    Site.objects.filter(pk=site.pk).update(entrance="By the river")
    text = as_(admin).get(url(site, "history")).content.decode()
    assert "By the river" in text
    assert "the system" in text


def test_the_pages_carry_the_products_name(root):
    client = Client()
    client.force_login(User.objects.get(pk=root.pk))
    assert "Nightdesk administration" in client.get("/admin/").content.decode()
    assert "Nightdesk administration" in Client().get("/admin/login/").content.decode()
