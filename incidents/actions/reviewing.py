"""Quality review: closed incidents, drawn by lot or chosen, are looked at again by somebody who did not handle them.

The lot is drawn by a hash of the incident under a secret of this installation: nobody can tell beforehand what will be drawn,
and drawing twice draws the same.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import locked
from incidents.errors import Refused
from incidents.models import Incident, Review
from incidents.models.incident import State
from soc.core import events
from soc.core.models import Event, User
from soc.core.rights import Act

MOST: Final = 4
LONGEST: Final = 2000
LOOK_BACK: Final = timedelta(days=8)  # what was closed longer ago is not drawn any more
CRITERIA: Final[dict[str, str | Promise]] = {
    "looked": _("Looked at what there was to see before deciding"),
    "verdict": _("Decided rightly, and in time"),
    "steps": _("Followed the steps, or said why not"),
    "said": _("What was said at the site and to people was true and fitting"),
    "sent": _("The right people were sent to the right place"),
    "record": _("Others can rely on the notes, the outcome and the summary"),
}
SCORES: Final[dict[int, str | Promise]] = {
    0: _("not done"),
    1: _("poor"),
    2: _("acceptable"),
    3: _("good"),
    4: _("a model for others"),
}
# Whoever did one of these handled the incident.
HANDLED: Final = (
    "incident.claimed",
    "incident.verdict",
    "incident.closed",
    "incident.taken_over",
    "incident.reassigned",
)


def draw_reviews(at: datetime) -> int:
    """Draw what was closed of late: REVIEW_RATE of it, and of every operator's last whole week at least one. Returns how many."""
    reviewed = Review.objects.filter(incident__closed_at__gt=at - LOOK_BACK * 2)
    known = set(reviewed.values_list("incident", flat=True))
    rows = _reviewable().filter(closed_at__gt=at - LOOK_BACK, closed_at__lte=at).select_related("site", "owner")
    wanted = [row for row in rows if row.pk not in known and lot(row.pk) < settings.REVIEW_RATE]
    done = sum(_draw(row, at=at) for row in wanted)
    return done + sum(_draw(row, at=at) for row in _at_least_one(at))


def _reviewable() -> Any:
    return Incident.objects.in_earnest().filter(state=State.CLOSED, owner__isnull=False).exclude(verdict="")


def _at_least_one(at: datetime) -> list[Incident]:
    """Of each operator who closed something in the last whole week (from Monday, UTC), nothing of it drawn: one by lot."""
    monday = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = _reviewable().filter(closed_at__gte=monday - timedelta(days=7), closed_at__lt=monday)
    by_operator: dict[tuple[UUID, UUID], list[Incident]] = defaultdict(list)
    has_one: set[tuple[UUID, UUID]] = set()
    for row in rows.select_related("site", "owner", "review"):
        whose = (row.organisation_id, row.owner_id)
        by_operator[whose].append(row)
        if getattr(row, "review", None) is not None:
            has_one.add(whose)
    return [min(rows, key=lambda row: lot(row.pk)) for whose, rows in by_operator.items() if whose not in has_one]


def lot(incident_id: UUID) -> float:
    """0..1, the same for the same incident, and known to nobody without the secret."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"review" + incident_id.bytes, sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _draw(incident: Incident, *, at: datetime) -> int:
    try:
        with transaction.atomic():
            _make(incident, by=None, at=at)
    except IntegrityError:  # another spine has drawn it
        return 0
    return 1


def _make(incident: Incident, *, by: User | None, at: datetime) -> Review:
    review = Review(site=incident.site, incident=incident, operator=incident.owner, drawn_at=at, drawn_by=by)
    review.save(force_insert=True)
    events.record("review.drawn", review, by=by, at=at, incident=incident.pk, operator=incident.owner_id)
    return review


def choose_review(incident_id: UUID, *, by: User, at: datetime) -> Review:
    """Look at this one too, drawn or not; one that is known already is given back.

    Raises Refused: `state` (not closed, or it had no verdict); Incident.DoesNotExist where `by` may not review.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.REVIEW)
        if known := Review.objects.filter(incident=incident).first():
            return known
        if not _reviewable().filter(pk=incident.pk).exists():
            raise Refused("state", _("Only a closed incident that somebody decided can be reviewed, and no exercise."))
        return _make(incident, by=by, at=at)


def score_review(review_id: UUID, *, scores: Mapping[str, int | None], words: str, by: User, at: datetime) -> Review:
    """Score every criterion 0 to 4, or None where it does not apply, and say something to the operator.

    Raises Refused: `own` (they handled it themselves), `done`, `scores`, `words`; Review.DoesNotExist where `by` may not.
    """
    read = _scores(scores)
    words = words.strip()
    if not words:
        raise Refused("words", _("Write what the operator is to read: what was good, and what would have been better."))
    if len(words) > LONGEST:
        raise Refused("words", _("A review has at most 2,000 characters."))
    with transaction.atomic():
        rows = Review.objects.visible_to(by, Act.REVIEW).select_for_update(of=("self",), no_key=True)
        review: Review = rows.select_related("site").get(pk=review_id)
        if handled_by(review, by):
            raise Refused("own", _("You handled this incident yourself: somebody else reviews it."))
        if review.done_at is not None:
            raise Refused("done", _("This incident was reviewed already."))
        review.scores, review.words, review.reviewer, review.done_at = read, words, by, at
        review.save(update_fields=["scores", "words", "reviewer", "done_at"])
        told = {"incident": review.incident_id, "operator": review.operator_id, "scores": read}
        events.record("review.done", review, by=by, at=at, **told)
    return review


def read_review(review_id: UUID, *, by: User, at: datetime) -> Review:
    """Its operator has it before them; the first time is kept. Raises Review.DoesNotExist for anybody else's."""
    with transaction.atomic():
        rows = Review.objects.select_for_update(of=("self",), no_key=True).select_related("site")
        review = rows.get(pk=review_id, operator=by, done_at__isnull=False)
        if review.read_at is None:
            review.read_at = at
            review.save(update_fields=["read_at"])
            events.record("review.read", review, by=by, at=at, incident=review.incident_id)
    return review


def handled_by(review: Review, user: User) -> bool:
    """Whether this user had a part in handling it."""
    if review.operator_id == user.pk:
        return True
    return Event.objects.filter(subject_id=review.incident_id, by=user, kind__in=HANDLED).exists()


def _scores(given: Mapping[str, int | None]) -> dict[str, int | None]:
    if set(given) != set(CRITERIA) or any(value is not None and value not in SCORES for value in given.values()):
        raise Refused("scores", _("Score each point from 0 to 4, or say that it does not apply."))
    if all(value is None for value in given.values()):
        raise Refused("scores", _("Score at least one point."))
    return {code: given[code] for code in CRITERIA}
