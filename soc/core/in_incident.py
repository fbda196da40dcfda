"""What "in an incident" means, told by the stage that knows incidents: the core imports nothing of ours.

Some see pictures only while there is an incident. Until somebody has told what one is nothing is in any, so that such a
right stays shut rather than opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True)
class Meaning:
    """`goes_on(path)`: rows whose site, at `path` from the row ("" when the row is the site), has an incident that is not
    finished. `proves()`: rows of Media that are the evidence of an incident, finished or not."""

    goes_on: Callable[[str], Q]
    proves: Callable[[], Q]


_told: list[Meaning] = []


def means(meaning: Meaning) -> None:
    """Tell it, once, at start."""
    _told[:] = [meaning]


def goes_on(path: str) -> Q:
    return _told[0].goes_on(path) if _told else Q(pk__in=[])


def proves() -> Q:
    return _told[0].proves() if _told else Q(pk__in=[])
