"""The demonstration: two monitoring companies, their customers, sites, cameras, people and responders."""

from __future__ import annotations

import os
from datetime import datetime, time
from pathlib import Path

from django.conf import settings
from django.db import transaction

from cameras.actions import publish
from cameras.models import SignalSource, SiteContact, Zone
from responses.defaults import publish_defaults
from responses.models import Relay, Responder
from soc.core.models import Customer, Organisation, Site
from soc.core.rights import Role
from soc.seed.contacts import passcodes, put_contact
from soc.seed.ground import lay_out
from soc.seed.people import Person, put_people
from soc.seed.roster import put_roster
from soc.seed.rows import WHOLE_PICTURE, Polygon, arm, ensure, keep_private, put_camera, put_relay, read_private

MIDNIGHT = time(0)
INSIDE, PERIMETER = Zone.Kind.INSIDE, Zone.Kind.PERIMETER

# Outlines for the simulated cameras' pictures: where a person's feet are when they are in the yard, on the path along
# it, on the forecourt.
YARD: Polygon = [[0.0, 0.42], [1.0, 0.42], [1.0, 1.0], [0.0, 1.0]]
PATH: Polygon = [[0.0, 0.22], [1.0, 0.22], [1.0, 0.42], [0.0, 0.42]]
FORECOURT: Polygon = [[0.0, 0.40], [0.55, 0.36], [1.0, 0.52], [1.0, 0.92], [0.45, 0.62], [0.0, 0.50]]
FOOTPATH: Polygon = [[0.0, 0.24], [0.55, 0.26], [0.98, 0.22], [1.0, 0.50], [0.55, 0.35], [0.0, 0.39]]


def seed(*, at: datetime, began: datetime | None = None) -> None:
    """All of it, or nothing. began: since when playbooks and policies have been in force; None: from now on."""
    since = began or at
    with transaction.atomic():
        northlight = _organisation("Northlight Monitoring", at=since)
        harbour = _organisation("Harbour Watch", at=since)
        pinewick, quillon, alder = (
            ensure(Customer, organisation=northlight, name=name)[0]
            for name in ("Pinewick Ltd", "Quillon Yards", "Alder Nurseries")
        )
        saltmarsh, _ = ensure(Customer, organisation=harbour, name="Saltmarsh Storage")
        depot = _depot(pinewick, at=since)
        quay = _quay(quillon, at=since)
        glasshouse = _glasshouse(alder, at=since)
        _showroom(pinewick, at=since)
        _unit(saltmarsh, at=since)
        for site in (depot, quay, glasshouse):
            lay_out(site)
        _contacts(depot, quay)
        _responders(northlight, harbour)
        put_people(
            [
                Person("ines", Role.OPERATOR, (northlight,), "Ines"),
                Person("tomas", Role.OPERATOR, (northlight,), "Tomas"),
                Person("noor", Role.SUPERVISOR, (northlight,), "Noor"),
                Person("petra", Role.ADMIN, (northlight,), "Petra", staff=True),
                Person("dana", Role.OWNER, (pinewick,)),
                Person("luis", Role.VIEWER, (pinewick,)),
                Person("harold", Role.OWNER, (quillon,)),
                Person("dealer", Role.VIEWER, (pinewick, quillon)),
                Person("bea", Role.OPERATOR, (harbour,), "Bea"),
                Person("admin", None, superuser=True),
            ]
        )
        put_roster(northlight, operators=("ines", "tomas"), lead="noor", at=at)
        _panel(depot)


def _organisation(name: str, *, at: datetime) -> Organisation:
    organisation, _ = ensure(Organisation, name=name)
    publish_defaults(organisation, at=at)
    return organisation


def _depot(customer: Customer, *, at: datetime) -> Site:
    """Armed around the clock, so that the first run shows something at any hour."""
    site, made = ensure(
        Site,
        customer=customer,
        name="Pinewick Depot",
        defaults={
            "address": "18 Tern Lane, Pinewick",
            "entrance": "Gate on Tern Lane, east side; the guard has the code",
            "hazards": "Battery charging in the workshop",
            "instructions": "Closed and empty: nobody belongs in the yard. Cleaners come by the front door only.",
            "time_zone": "Europe/London",
        },
    )
    if made:
        arm(site, MIDNIGHT, MIDNIGHT, at=at)
    zones = [("Yard", INSIDE, YARD), ("Path along the fence", PERIMETER, PATH)]
    yard = put_camera(site, "Loading yard", path="yard", speaker=True, zones=zones)
    back = put_camera(site, "Back yard", path="quiet", speaker=True, zones=zones)
    if made:
        yard.zones.get(name="Yard").also_seen_by.add(back)
    put_relay(site, "Yard lights", kind=Relay.Kind.LIGHT, output="light")
    put_relay(site, "Siren", kind=Relay.Kind.SIREN, output="siren")
    return site


def _quay(customer: Customer, *, at: datetime) -> Site:
    """Armed at night only: by day its passers-by are candidates that are ignored."""
    site, made = ensure(
        Site,
        customer=customer,
        name="Quay Street Lot",
        defaults={
            "address": "2 Quay Street, Quillon",
            "entrance": "Barrier on Quay Street; intercom to the centre",
            "instructions": "Open to the public by day. From 20:00 nobody may be on the forecourt.",
            "time_zone": "Europe/London",
        },
    )
    if made:
        arm(site, time(20), time(6), at=at)
    zones = [("Forecourt", INSIDE, FORECOURT), ("Footpath", PERIMETER, FOOTPATH)]
    put_camera(site, "Forecourt", path="street", speaker=False, zones=zones)
    return site


def _glasshouse(customer: Customer, *, at: datetime) -> Site:
    """Wind in the leaves around the clock, which is nobody."""
    site, made = ensure(
        Site,
        customer=customer,
        name="Glasshouse",
        defaults={
            "address": "Alder Road, Marrow Lane",
            "entrance": "Track beside the pump house",
            "hazards": "Open water tank behind the glasshouse",
            "time_zone": "Europe/London",
        },
    )
    if made:
        arm(site, MIDNIGHT, MIDNIGHT, at=at)
    put_camera(site, "Orchard side", path="foliage", speaker=False, zones=[("Hedge", PERIMETER, WHOLE_PICTURE)])
    return site


def _showroom(customer: Customer, *, at: datetime) -> None:
    """Armed and disarmed by its owner, on their own page: until somebody does, it is not armed."""
    site, made = ensure(
        Site,
        customer=customer,
        name="Pinewick Showroom",
        defaults={
            "address": "3 Market Square, Pinewick",
            "entrance": "Door on the square; the alley behind is a dead end",
            "instructions": "The owner arms it when the last one leaves. Ask for the passcode before anything else.",
            "time_zone": "Europe/London",
        },
    )
    if made and not site.policies.exists():
        publish(site, {"owner": "customer"}, by=None, at=at)
    put_camera(site, "Showroom floor", path="quiet", speaker=False, zones=[("Floor", INSIDE, YARD)])


def _contacts(depot: Site, quay: Site) -> None:
    # Numbers of the same range as the responders'.
    role = SiteContact.Role
    words, anew = passcodes()
    put_contact(depot, "Dana Kell", role.OWNER, "+15550100111", words=words, anew=anew)
    put_contact(depot, "Luis Ferrer", role.KEYHOLDER, "+15550100112", rank=2)
    put_contact(quay, "Harold Quill", role.OWNER, "+15550100121", words=words, anew=anew)


def _unit(customer: Customer, *, at: datetime) -> None:
    """The other company's: nobody of the first sees it, and the other way round."""
    site, made = ensure(
        Site,
        customer=customer,
        name="Saltmarsh Unit 4",
        defaults={"address": "Unit 4, Saltmarsh Way, Harbour", "time_zone": "Europe/Lisbon"},
    )
    if made:
        arm(site, time(19), time(7), at=at)


def _responders(northlight: Organisation, harbour: Organisation) -> None:
    # Numbers of a range kept free for fiction. The first are sworn officers, hired by contract: only of them may be said
    # that law enforcement is on the way.
    guard, keyholder, sworn = Responder.Kind.GUARD, Responder.Kind.KEYHOLDER, Responder.Kind.LAW_ENFORCEMENT
    for organisation, name, kind, phone, minutes, rank in (
        (northlight, "Tern County Marshals, car 2", sworn, "+15550100101", 12, 1),
        (northlight, "Rowan Guarding, car 5", guard, "+15550100102", 20, 2),
        (northlight, "Sela Okafor, keyholder", keyholder, "+15550100103", 25, 3),
        (harbour, "Quayside Patrol", guard, "+15550100201", 15, 1),
    ):
        defaults = {"kind": kind, "name": name, "minutes": minutes, "rank": rank}
        ensure(Responder, organisation=organisation, phone=phone, defaults=defaults)


def panel_key_file() -> Path:
    return Path(settings.VAR) / "demo_panel.key"


def _panel(site: Site) -> None:
    """The simulated panel's source. Its key comes from DEMO_PANEL_KEY or is made here; either way it lies in VAR, too."""
    source = SignalSource.objects.filter(site=site, name="Intruder panel").first()
    source = source or SignalSource(site=site, name="Intruder panel", heartbeat_s=60)
    before = source.key_sha256
    kept = read_private(panel_key_file()).strip()
    key = os.environ.get("DEMO_PANEL_KEY") or kept or source.new_key()
    if key != kept:
        keep_private(panel_key_file(), key + "\n")
    source.key_sha256 = SignalSource.hash_key(key)
    if source.key_sha256 != before:
        source.save()
