"""Who looked through a camera: recorded before the first live picture goes out, for the same answer as of clips."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from cameras.models import Camera
from soc.core import events
from soc.core.models import Event, User

ONE_VIEWING = timedelta(minutes=1)  # a tile and the large picture, a line that breaks: still the same viewing


def record_viewing(camera: Camera, *, by: User, at: datetime) -> None:
    """Record that somebody begins to see a camera live, unless it was recorded within ONE_VIEWING."""
    with transaction.atomic():
        # Of two sockets at once one waits, and then finds what the other has recorded.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        lately = Event.objects.filter(kind="camera.viewed", subject_id=camera.pk, by=by, at__gt=at - ONE_VIEWING)
        if not lately.exists():
            events.record("camera.viewed", camera, by=by, at=at)
