"""The rows for playing one given video: one camera, one zone covering its picture, armed around the clock."""

from __future__ import annotations

import os
from datetime import datetime

from django.core.management import CommandError
from django.db import transaction

from cameras.models import Camera, Zone
from responses.defaults import publish_defaults
from responses.models import Responder
from soc.core.models import Customer, Organisation, Site
from soc.core.rights import Role
from soc.seed.demo import MIDNIGHT
from soc.seed.people import Person, put_people
from soc.seed.rows import WHOLE_PICTURE, arm, ensure, put_camera


def seed(*, at: datetime) -> None:
    """All of it, or nothing. Raises CommandError without DEMO_PASSWORD: a script logs in with it."""
    if not os.environ.get("DEMO_PASSWORD"):
        raise CommandError("Set DEMO_PASSWORD: the scripted operator logs in with it.")
    with transaction.atomic():
        organisation, _ = ensure(Organisation, name="Footage")
        publish_defaults(organisation, at=at)
        customer, _ = ensure(Customer, organisation=organisation, name="Footage")
        site, made = ensure(Site, customer=customer, name="Footage", defaults={"address": "A file"})
        if made:
            arm(site, MIDNIGHT, MIDNIGHT, at=at)
        zones = [("Picture", Zone.Kind.INSIDE, WHOLE_PICTURE)]
        camera = put_camera(site, "Footage", path="footage", speaker=True, zones=zones)
        # The file is played once, to whoever looks first: that must be the watcher, not its first look.
        Camera.objects.filter(pk=camera.pk).update(probed=camera.digest())
        ensure(Responder, organisation=organisation, name="Guard", defaults={"phone": "+15550100301"})
        put_people([Person("script", Role.OPERATOR, (organisation,), "Script")])
