"""Who hears of an event: a face and a scope. Each audience has its own chain of positions, so that a gap is a real gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from soc.core.models import Event, User
from soc.core.rights import Act, allows

SCOPES = ("organisation", "customer", "site")


@dataclass(frozen=True)
class Face:
    """How one face shows the feed.

    `kinds`: the event kinds it is told of (None: all). `rows(event)` renders what changed, once per event for all of
    its readers: JSON that the page understands. `snapshot(user)` renders everything a page starts from.
    `beat(user_id, said)` is told every few seconds that a user's page is alive, for as long as the page itself says so, with
    the words of its last ping, which nobody has checked; {} for a socket that was just opened.
    `many(events)` is `rows` of several that come together, where that is less work: each as it is after the last.
    """

    name: str
    act: Act
    kinds: frozenset[str] | None
    rows: Callable[[Event], dict[str, Any]]
    snapshot: Callable[[User], dict[str, Any]]
    beat: Callable[[UUID, Mapping[str, Any]], None] | None = None
    many: Callable[[Sequence[Event]], list[dict[str, Any]]] | None = None


_faces: dict[str, Face] = {}


def register(face: Face) -> None:
    _faces[face.name] = face


def face(name: str) -> Face:
    return _faces[name]


@dataclass(frozen=True)
class Audience:
    face: str
    scope: str  # organisation | customer | site
    id: UUID

    @property
    def key(self) -> str:
        return f"{self.face}:{self.scope}:{self.id}"

    def hears(self, event: Event) -> bool:
        kinds = _faces[self.face].kinds
        return (kinds is None or event.kind in kinds) and getattr(event, f"{self.scope}_id") == self.id

    def events(self) -> QuerySet[Event]:
        """Its sealed events, in order."""
        rows = Event.objects.filter(seq__isnull=False, **{f"{self.scope}_id": self.id})
        kinds = _faces[self.face].kinds
        return (rows if kinds is None else rows.filter(kind__in=kinds)).order_by("seq")

    def last(self, up_to: int) -> int:
        """Its last position at or before `up_to`; 0 before the first."""
        return self.events().filter(seq__lte=up_to).aggregate(last=Max("seq"))["last"] or 0


def audiences_of(user: User) -> frozenset[Audience]:
    """One audience per membership that opens a face; empty for nobody and for the deactivated."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset(
        Audience(name, *membership.scope())
        for membership in user.memberships.all()
        for name, face in _faces.items()
        if allows(membership.role, face.act)
    )
