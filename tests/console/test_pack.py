"""The contingency pack: what lies in it, for whom, and that this server can seal one and open none."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from cameras.models import SiteContact
from incidents import actions
from incidents.models import ContingencyKey
from responses.models import Attempt, Responder
from soc.console.pack import sealing
from soc.core.models import Event
from tests import factories as make

PHRASE = b"four quiet words here"


def pem_of(key) -> str:
    told = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return told.decode()


def text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def from_phrase(phrase: bytes, salt: bytes, rounds: int) -> AESGCM:
    return AESGCM(PBKDF2HMAC(hashes.SHA256(), 32, salt, rounds).derive(phrase))


@pytest.fixture(scope="module")
def keys():
    """(public PEM, locked private key) as a browser makes them."""
    key = rsa.generate_private_key(65537, 3072)
    secret = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, iv, rounds = b"s" * 16, b"i" * 12, 600_000
    hidden = from_phrase(PHRASE, salt, rounds).encrypt(iv, secret, None)
    locked = {"kdf": "PBKDF2-SHA256", "iterations": rounds, "salt": text(salt), "iv": text(iv), "private": text(hidden)}
    return pem_of(key), locked


def opened(pack: dict, phrase: bytes = PHRASE) -> dict:
    """As the page opens it, by another library than the one that sealed it knows of: only the phrase and the pack."""
    raw, locked = base64.b64decode, pack["locked"]
    secret = from_phrase(phrase, raw(locked["salt"]), locked["iterations"]).decrypt(
        raw(locked["iv"]), raw(locked["private"]), None
    )
    private = serialization.load_der_private_key(secret, None)
    key = private.decrypt(raw(pack["wrapped"]), sealing.OAEP)
    return json.loads(zlib.decompress(AESGCM(key).decrypt(raw(pack["iv"]), raw(pack["data"]), None)))


@pytest.fixture
def phrase_set(client, sam, keys):
    client.force_login(sam)
    answer = client.post("/console/pack/key/", {"public": keys[0], "locked": json.dumps(keys[1])})
    assert answer.status_code == 302
    return ContingencyKey.objects.get()


def taken(client, user) -> dict:
    client.force_login(user)
    answer = client.get("/console/pack/")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.django_db
def test_a_pack_opens_by_the_phrase_and_holds_what_is_needed_by_telephone(client, phrase_set, alice, zone, site):
    SiteContact.objects.create(site=site, name="Luis Ferro", role="keyholder", phone="+442079460011")
    incident = make.make_incident(zone=zone)
    card = {"facts": {"count": 1, "build": "man"}, "kind": "person", "subject": 1, "camera": None}
    actions.describe(incident.pk, **card, by=alice, at=make.NIGHT)
    guard = Responder.objects.create(organisation=site.organisation, name="Ivor Penn", phone="+441632960001")
    Attempt.objects.create(
        site=site, incident=incident, kind="call", responder=guard, dedup="once", by=alice, created_at=make.NIGHT
    )
    pack = taken(client, alice)
    inside = opened(pack)
    assert [one["reference"] for one in inside["incidents"]] == [incident.reference]
    assert inside["incidents"][0]["seen"] == ["one man"]
    assert "Call to Ivor Penn" in inside["incidents"][0]["sent"][0]  # nobody is to ring them a second time
    place = next(one for one in inside["sites"] if one["name"] == site.name)
    assert place["address"] == site.address
    assert place["contacts"] == [{"name": "Luis Ferro", "role": "keyholder", "phone": "+442079460011"}]
    assert inside["for"] == alice.sign


@pytest.mark.django_db
def test_nothing_of_it_can_be_read_from_outside(client, phrase_set, alice, zone, site):
    pack = taken(client, alice)
    outside = json.dumps(pack)
    for word in (site.name, site.address, alice.sign):
        assert word not in outside
    with pytest.raises(InvalidTag):
        opened(pack, b"five quiet words here")
    assert set(pack) == {"v", "made_at", "centre", "locked", "wrapped", "iv", "data"}


@pytest.mark.django_db
def test_each_pack_has_a_key_of_its_own(client, phrase_set, alice):
    first, second = taken(client, alice), taken(client, alice)
    assert first["wrapped"] != second["wrapped"]
    assert first["iv"] != second["iv"]


@pytest.mark.django_db
def test_nobody_is_given_what_they_may_not_see(client, phrase_set, other_site, organisation, customer, zone):
    """Somebody kept to one customer of the centre takes that customer's sites and incidents, and no others."""
    narrow = make.make_user("kept to one", "operator", customer)
    make.make_incident(site=other_site, category="panic")
    inside = opened(taken(client, narrow))
    assert other_site.name not in json.dumps(inside)
    assert inside["incidents"] == []
    assert inside["sites"]


@pytest.mark.django_db
def test_taking_one_is_written_down(client, phrase_set, alice):
    taken(client, alice)
    event = Event.objects.get(kind="contingency.pack_taken")
    assert event.by == alice
    assert event.data == {"key": str(phrase_set.pk)}


@pytest.mark.django_db
def test_without_a_phrase_there_is_no_pack_and_those_who_can_set_one_are_told(client, alice, sam):
    client.force_login(alice)
    assert client.get("/console/pack/").status_code == 204
    assert "/console/pack/key/" not in client.get("/console/").text
    client.force_login(sam)
    assert "/console/pack/key/" in client.get("/console/").text


@pytest.mark.django_db
def test_an_operator_sets_no_phrase(client, alice, keys):
    client.force_login(alice)
    assert client.get("/console/pack/key/").status_code == 404
    assert client.post("/console/pack/key/", {"public": keys[0], "locked": json.dumps(keys[1])}).status_code == 404
    assert not ContingencyKey.objects.exists()


@pytest.mark.django_db
def test_whoever_supervises_only_a_part_of_the_centre_sets_no_phrase_for_all_of_it(client, customer, site, keys):
    for where in (customer, site):
        client.force_login(make.make_user(f"kim-{where.pk}"[:30], "supervisor", where))
        assert "whole centre" in client.get("/console/pack/key/").text
        answer = client.post("/console/pack/key/", {"public": keys[0], "locked": json.dumps(keys[1])})
        assert answer.status_code == 409
    assert not ContingencyKey.objects.exists()


def weak(keys, **other):
    return keys[0], json.dumps({**keys[1], **other})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "make_bad",
    [
        lambda keys: ("", "{}"),
        lambda keys: ("not a key", json.dumps(keys[1])),
        lambda keys: (pem_of(ec.generate_private_key(ec.SECP256R1())), json.dumps(keys[1])),
        lambda keys: (pem_of(rsa.generate_private_key(65537, 2048)), json.dumps(keys[1])),
        lambda keys: (keys[0], "not json"),
        lambda keys: (keys[0], "[" * 20_000),
        lambda keys: (keys[0], "null"),
        lambda keys: weak(keys, iterations=599_999),
        lambda keys: weak(keys, iterations=10**9),
        lambda keys: weak(keys, iterations=True),
        lambda keys: weak(keys, salt=text(b"short")),
        lambda keys: weak(keys, private="AAAA"),
        lambda keys: weak(keys, private=5),
        lambda keys: weak(keys, iv="not base64!"),
        lambda keys: (keys[0], json.dumps({**keys[1], "phrase": "four quiet words here"})),
        lambda keys: (keys[0] + " " * 40_000, json.dumps(keys[1])),
    ],
)
def test_a_key_that_would_not_do_is_refused_in_words(client, sam, keys, make_bad):
    public, locked = make_bad(keys)
    client.force_login(sam)
    answer = client.post("/console/pack/key/", {"public": public, "locked": locked})
    assert answer.status_code == 409
    assert "Reload it and try again" in answer.text
    assert not ContingencyKey.objects.exists()
