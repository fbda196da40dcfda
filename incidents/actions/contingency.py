"""The key that a centre's contingency packs are sealed with, and that somebody took one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from incidents.models import ContingencyKey
from soc.core import events
from soc.core.models import Organisation, User


def set_contingency_key(
    organisation: Organisation, *, public: str, locked: dict[str, Any], by: User, at: datetime
) -> ContingencyKey:
    """From now on packs are sealed with this one. Those that lie on desks open by the phrase they were made with."""
    with transaction.atomic():
        key = ContingencyKey.objects.create(organisation=organisation, public=public, locked=locked, by=by, at=at)
        events.record("contingency.key_set", organisation, by=by, at=at, key=key.pk)
    return key


def pack_taken(organisation: Organisation, key: ContingencyKey, *, by: User, at: datetime) -> None:
    """A desk was given a pack: who, when, and by which key it opens."""
    with transaction.atomic():
        events.record("contingency.pack_taken", organisation, by=by, at=at, key=key.pk)
