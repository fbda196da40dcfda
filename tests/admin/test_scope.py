"""An administrator has their own organisation and nothing else; others have nothing; the product's own rows are read only."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse

from cameras.models import Camera, Candidate, SignalSource, Zone
from incidents.models import Alert, Incident, Shift
from responses.defaults import publish_defaults
from responses.models import Attempt, Message, Playbook, Responder
from soc.core.admin.bound import BoundAdmin
from soc.core.models import Customer, Delivery, Event, Membership, Organisation, Site, User
from tests import factories as make

pytestmark = pytest.mark.django_db
WRITTEN_BY_THE_PRODUCT = (Candidate, Alert, Incident, Attempt, Event, Delivery, Shift)
SETTINGS = (Organisation, Customer, Site, Camera, Zone, SignalSource, Responder, User, Playbook, Message)


def furnish(site: Site, responder: str) -> dict[type, Any]:
    """One row of everything below a site."""
    camera = make.make_camera(site)
    zone = make.make_zone(camera)
    incident = make.make_incident(zone=zone)
    source, _key = make.make_source(site)
    organisation = site.organisation
    publish_defaults(organisation, at=make.NIGHT)
    who = Responder.objects.create(organisation=organisation, name=responder, phone="+15550100900")
    attempt = Attempt.objects.create(
        site=site, incident=incident, kind="call", responder=who, dedup=f"a-{site.pk}", created_at=make.NIGHT
    )
    user = make.make_user(f"user-{responder.lower()}", "operator", organisation)
    shift = Shift.objects.create(organisation=organisation, user=user, started_at=make.NIGHT, seen_at=make.NIGHT)
    alert = Alert.objects.get(incident=incident)
    event = Event.objects.filter(site=site)[0]
    delivery = Delivery.objects.filter(event__site=site).first() or Delivery.objects.create(
        event=event, reaction="test", due_at=make.NIGHT
    )
    return {
        Organisation: organisation, Customer: site.customer, Site: site, Camera: camera, Zone: zone, SignalSource: source,
        Responder: who, User: user, Playbook: Playbook.objects.filter(organisation=organisation).first(),
        Message: Message.objects.filter(organisation=organisation).first(), Candidate: alert.candidate, Alert: alert,
        Incident: incident, Attempt: attempt, Event: event, Delivery: delivery, Shift: shift,
    }  # fmt: skip


@pytest.fixture
def ours(site) -> dict[type, Any]:
    return furnish(site, "Rowan")


@pytest.fixture
def theirs(other_organisation) -> dict[type, Any]:
    customer = make.make_customer(other_organisation, "Saltmarsh Storage")
    return furnish(make.make_site(customer, "Saltmarsh Unit 4"), "Quayside")


def listed(client: Client, address: str) -> set[Any]:
    answer = client.get(address)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_every_page_of_ours_is_bound():
    for model, page in django_admin.site._registry.items():
        if model.__module__.split(".")[0] in {"soc", "cameras", "incidents", "responses"}:
            assert isinstance(page, BoundAdmin), model
    assert set(SETTINGS) | set(WRITTEN_BY_THE_PRODUCT) <= set(django_admin.site._registry)


@pytest.mark.parametrize("model", SETTINGS + WRITTEN_BY_THE_PRODUCT)
def test_an_administrator_sees_their_own_rows_only(model, admin, other_admin, ours, theirs, as_, url):
    for user, own, other in ((admin, ours, theirs), (other_admin, theirs, ours)):
        client = as_(user)
        seen = listed(client, url(model, "changelist"))
        assert own[model].pk in seen
        assert other[model].pk not in seen
        assert client.get(url(own[model], "change")).status_code == 200
        # Django sends a visitor of a row that is not theirs, as of one that does not exist, to the index.
        assert client.get(url(other[model], "change")).status_code == 302
        assert client.post(url(other[model], "change"), {}).status_code in {302, 403}
        assert client.get(url(other[model], "history")).status_code in {302, 404}
        assert client.post(url(other[model], "delete"), {"post": "yes"}).status_code in {302, 403}
        assert model._default_manager.filter(pk=other[model].pk).exists()


@pytest.mark.parametrize("model", SETTINGS + WRITTEN_BY_THE_PRODUCT)
def test_a_superuser_sees_everything(model, root, ours, theirs, as_, url):
    client = as_(root)
    assert {ours[model].pk, theirs[model].pk} <= listed(client, url(model, "changelist"))
    assert client.get(url(ours[model], "change")).status_code == 200
    assert client.get(url(ours[model], "history")).status_code == 200


@pytest.mark.parametrize("model", SETTINGS + WRITTEN_BY_THE_PRODUCT)
def test_others_have_nothing(model, alice, sam, carol, ours, as_, url):
    clerk = make.make_user("clerk", "operator", ours[Organisation], is_staff=True)
    late = make.make_user("late", "admin", ours[Organisation], is_staff=True, is_active=False)
    assert not late.has_perm("core.view_site")
    for page, what in (("changelist", model), ("change", ours[model]), ("add", model)):
        assert Client().get(url(what, page)).status_code == 302
        for user in (alice, sam, carol):
            assert as_(user).get(url(what, page)).status_code == 302
        assert as_(clerk).get(url(what, page)).status_code == 403


@pytest.mark.parametrize("model", WRITTEN_BY_THE_PRODUCT)
def test_what_the_product_wrote_is_read_only_even_for_a_superuser(model, root, ours, as_, url):
    client = as_(root)
    row = ours[model]
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert client.get(url(model, "add")).status_code == 403
    assert client.post(url(row, "change"), {"reason": "x", "error": "x"}).status_code == 403
    assert client.post(url(row, "delete"), {"post": "yes"}).status_code == 403
    client.post(
        url(model, "changelist"), {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    )
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_fields_offer_only_what_the_administrator_has(admin, ours, theirs, as_, url):
    client = as_(admin)
    fields: list[tuple[Any, str]] = [
        (Site, "customer"), (Camera, "site"), (Customer, "organisation"), (SignalSource, "site"), (Zone, "camera"),
        (Responder, "organisation"), (Responder, "customers"), (Playbook, "organisation"),
    ]  # fmt: skip
    for model, field in fields:
        form = client.get(url(model, "add")).context["adminform"].form
        offered = set(form.fields[field].queryset)
        related = model._meta.get_field(field).related_model
        assert ours[related] in offered
        assert theirs[related] not in offered


def test_another_organisations_row_cannot_be_slipped_into_a_form(admin, ours, theirs, as_, url):
    client = as_(admin)
    data = {"name": "Slipped", "address": "x", "time_zone": "UTC", "customer": str(theirs[Customer].pk)}
    answer = client.post(url(Site, "add"), data)
    assert answer.status_code == 200
    assert "customer" in answer.context["adminform"].form.errors
    assert not Site.objects.filter(name="Slipped").exists()


def test_filters_offer_no_names_of_other_tenants(admin, ours, theirs, as_, url):
    for model in (Site, Camera, SignalSource, Responder, Playbook, Candidate, Incident, Alert, Attempt, Zone):
        text = as_(admin).get(url(model, "changelist")).content.decode()
        for words in ("Saltmarsh", "Lantern Guard", "Quayside"):
            assert words not in text, (model, words)


def test_an_administrator_of_one_customer_has_that_customer(customer, other_customer, ours, other_site, as_, url):
    petra = make.make_user("petra", "admin", customer, is_staff=True)
    client = as_(petra)
    assert listed(client, url(Site, "changelist")) == {ours[Site].pk}
    assert listed(client, url(Customer, "changelist")) == {customer.pk}
    assert listed(client, url(Organisation, "changelist")) == set()
    assert listed(client, url(Responder, "changelist")) == set()
    assert client.get(url(Customer, "add")).status_code == 403


def test_what_was_used_is_not_removed(admin, root, ours, as_, url):
    for user in (admin, root):
        for model in (Organisation, Customer, Site, Camera, SignalSource, Responder, User, Playbook, Message):
            if model is SignalSource:
                make.make_candidate(site=ours[Site], category="alarm", signal_source=ours[SignalSource])
            assert as_(user).post(url(ours[model], "delete"), {"post": "yes"}).status_code == 403, model
            assert model._default_manager.filter(pk=ours[model].pk).exists()


def test_what_was_never_used_can_go(admin, customer, as_, url):
    site = make.make_site(customer, "A mistake")
    assert as_(admin).post(url(site, "delete"), {"post": "yes"}).status_code == 302
    assert not Site.objects.filter(pk=site.pk).exists()


def test_a_row_stays_with_its_tenant(root, ours, theirs, as_, url):
    """Even a superuser cannot move a site, camera or customer: its incidents would go with it."""
    fixed = {Site: "customer", Camera: "site", Customer: "organisation", SignalSource: "site", Zone: "camera"}
    for model, field in fixed.items():
        page = as_(root).get(url(ours[model], "change"))
        assert field not in page.context["adminform"].form.fields


# --- people


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    own = list(user.memberships.all())
    data: dict[str, Any] = {"username": user.username, "call_sign": user.call_sign, "is_active": "on",
                            "memberships-TOTAL_FORMS": str(len(own)), "memberships-INITIAL_FORMS": str(len(own))}  # fmt: skip
    for n, membership in enumerate(own):
        data |= {f"memberships-{n}-id": str(membership.pk), f"memberships-{n}-user": str(user.pk),
                 f"memberships-{n}-role": membership.role}  # fmt: skip
        kind, pk = membership.scope()
        data[f"memberships-{n}-{kind}"] = str(pk)
    return data | changes


def test_a_new_user_comes_with_a_membership(admin, organisation, as_, url):
    data = {"username": "nina", "call_sign": "Nina", "usable_password": "true", "password1": "a-long-enough-word",
            "password2": "a-long-enough-word", "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0",
            "memberships-0-role": "operator", "memberships-0-organisation": str(organisation.pk)}  # fmt: skip
    without = {**data, "memberships-TOTAL_FORMS": "0"}
    answer = as_(admin).post(url(User, "add"), without)
    assert answer.status_code == 200
    assert not User.objects.filter(username="nina").exists()
    answer = as_(admin).post(url(User, "add"), data)
    assert answer.status_code == 302, answer.context and answer.context["errors"]
    nina = User.objects.get(username="nina")
    assert nina.memberships.get().organisation == organisation
    assert nina.check_password("a-long-enough-word")


def test_no_right_is_given_over_another_organisation(admin, alice, other_organisation, as_, url):
    more = {"role": "operator", "user": str(alice.pk), "organisation": str(other_organisation.pk)}
    data = form_of(alice, **{f"memberships-1-{name}": value for name, value in more.items()})
    data["memberships-TOTAL_FORMS"] = "2"
    answer = as_(admin).post(url(alice, "change"), data)
    assert answer.status_code == 200
    assert not Membership.objects.filter(user=alice, organisation=other_organisation).exists()


def test_a_membership_with_two_scopes_is_refused_in_words(admin, alice, organisation, customer, as_, url):
    data = form_of(alice, **{"memberships-0-customer": str(customer.pk)})
    answer = as_(admin).post(url(alice, "change"), data)
    assert "exactly one" in answer.content.decode()


def test_an_administrator_does_not_make_superusers(admin, alice, as_, url):
    page = as_(admin).get(url(alice, "change"))
    assert "is_superuser" not in page.context["adminform"].form.fields
    as_(admin).post(url(alice, "change"), form_of(alice, is_superuser="on"))
    alice.refresh_from_db()
    assert not alice.is_superuser


def test_an_account_with_rights_elsewhere_is_not_taken_over(admin, alice, other_organisation, as_, url):
    """Its password would open the other organisation, too."""
    make.give(alice, "operator", other_organisation)
    client = as_(admin)
    assert client.get(reverse("admin:auth_user_password_change", args=[alice.pk])).status_code == 403
    page = client.get(url(alice, "change"))
    assert "username" not in page.context["adminform"].form.fields
    formset = page.context["inline_admin_formsets"][0].formset
    assert [form.instance.organisation for form in formset.initial_forms] != [other_organisation]
    assert len(formset.initial_forms) == 1
    assert "Lantern Guard" not in page.content.decode()


def test_a_superusers_account_is_out_of_reach(admin, root, organisation, as_, url):
    make.give(root, "admin", organisation)
    assert as_(admin).get(url(root, "change")).status_code == 302
    assert as_(admin).get(reverse("admin:auth_user_password_change", args=[root.pk])).status_code in {302, 404}


def test_a_password_hash_cannot_be_searched_for(admin, alice, as_, url):
    assert as_(admin).get(url(User, "changelist") + "?password__startswith=pbkdf2").status_code in {302, 400}
