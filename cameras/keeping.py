"""What the sensing side keeps of stored pictures, however old they grow."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from cameras.models import Camera


def references() -> Q:
    """The pictures that a moved view is told by."""
    return Q(Exists(Camera.objects.filter(reference=OuterRef("pk"))))
