"""Whom one can ask: their words go in and never come out."""

from __future__ import annotations

import pytest

from cameras.models import SiteContact
from soc.core.admin.history import history_model

pytestmark = pytest.mark.django_db


def form(site, **fields) -> dict[str, str]:
    return {"site": str(site.pk), "name": "Luis Ferro", "role": "keyholder", "phone": "+442079460011", "rank": "1"} | {
        "enabled": "on",
        **fields,
    }


def add(client, url, site, **fields):
    return client.post(url(SiteContact, "add"), form(site, **fields))


def test_words_are_set_and_shown_nowhere(admin, site, as_, url):
    client = as_(admin)
    assert add(client, url, site, passcode="Amber Lantern", duress="Grey Lantern").status_code == 302
    contact = SiteContact.objects.get()
    assert [contact.answers(word) for word in ("amber lantern", "grey lantern", "lantern")] == [
        "passcode",
        "duress",
        "",
    ]
    for page in (url(contact, "change"), url(contact, "history"), url(SiteContact, "changelist")):
        text = client.get(page).content.decode()
        assert "antern" not in text
        assert contact.passcode_hash not in text
    kept = history_model(SiteContact)
    assert not {"passcode_hash", "duress_hash"} & {field.name for field in kept._meta.fields}


def test_saving_without_words_keeps_them_and_they_can_be_taken_away(admin, site, as_, url):
    client = as_(admin)
    add(client, url, site, passcode="amber lantern", duress="grey lantern")
    contact = SiteContact.objects.get()
    client.post(url(contact, "change"), form(site, name="Luis F."))
    contact.refresh_from_db()
    assert (contact.name, contact.answers("grey lantern")) == ("Luis F.", "duress")
    client.post(url(contact, "change"), form(site, forget="on"))
    contact.refresh_from_db()
    assert contact.passcode_hash == contact.duress_hash == ""


@pytest.mark.parametrize(
    "words",
    [
        {"passcode": "amber", "duress": ""},
        {"passcode": "amber lantern", "duress": "Amber  LANTERN"},
        {"passcode": "", "duress": "grey lantern"},
        {"passcode": "blue heron", "duress": ""},
        {"passcode": "amber lantern", "duress": "blue heron"},
        {"passcode": "amber lantern", "forget": "on"},
    ],
)
def test_words_that_could_be_mistaken_are_refused_and_not_shown_again(admin, site, as_, url, words):
    mira = SiteContact(site=site, name="Mira")
    mira.set_passcode("blue heron")
    mira.save()
    answer = add(as_(admin), url, site, **words)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "errornote" in text
    assert not any(word in text for word in words.values() if len(word) > 4)
    assert SiteContact.objects.count() == 1


def test_contacts_of_another_organisation_are_not_there(other_admin, site, as_, url):
    contact = SiteContact.objects.create(site=site, name="Luis Ferro")
    client = as_(other_admin)
    assert client.get(url(contact, "change")).status_code in {302, 404}
    assert add(client, url, site, passcode="amber lantern").status_code == 200
    assert SiteContact.objects.count() == 1
