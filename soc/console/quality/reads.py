"""What the pages of quality show, gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from incidents.actions.reviewing import CRITERIA, SCORES, handled_by
from incidents.models import Review
from soc.console.strip import headline
from soc.core.models import User
from soc.core.rights import Act

SHOWN_FOR: Final = timedelta(days=90)
MOST: Final = 50


@dataclass(frozen=True)
class Row:
    """`mean`: of the points that applied, None before it is done. `mine`: this user handled it, so another reviews it."""

    review: Review
    title: str
    mean: float | None
    mine: bool = False


@dataclass(frozen=True)
class OfOperator:
    """What one operator's reviews come to: how many, the mean of each criterion and of all."""

    user: User
    n: int
    mean: float | None
    by_criterion: list[float | None]
    unread: int


def reviews_of(user: User) -> QuerySet[Review]:
    """Those that this user may do or read: where they review, and their own once they are done."""
    mine = Q(operator=user, done_at__isnull=False)
    reach = Q(pk__in=Review.objects.visible_to(user, Act.REVIEW).values("pk"))
    rows = Review.objects.filter(reach | mine).select_related(
        "incident__site", "operator", "reviewer", "drawn_by", "site"
    )
    return rows.prefetch_related(
        *(f"incident__{path}" for path in ("alerts__candidate__zone", "alerts__candidate__camera"))
    )


def overview(user: User, *, at: datetime) -> dict[str, Any]:
    """What is to do, what was done, and what it comes to for each operator."""
    rows = reviews_of(user)
    reach = rows.filter(pk__in=Review.objects.visible_to(user, Act.REVIEW).values("pk"))
    due = reach.filter(done_at=None).order_by("drawn_at")[:MOST]
    done = reach.filter(done_at__gt=at - SHOWN_FOR).order_by("-done_at")
    return {
        "due": [_row(one, user) for one in due],
        "done": [_row(one) for one in done[:MOST]],
        "operators": _operators(done),
        "criteria": list(CRITERIA.items()),
        "own": rows.filter(operator=user, done_at__isnull=False).exists(),
    }


def own(user: User) -> list[Row]:
    """This user's own reviews, newest first."""
    rows = reviews_of(user).filter(operator=user, done_at__isnull=False)
    return [_row(one) for one in rows.order_by("-done_at")[:MOST]]


def one(user: User, pk: UUID) -> dict[str, Any] | None:
    """One review with its scores in words; None where it is not this user's to see."""
    review = reviews_of(user).filter(pk=pk).first()
    if review is None:
        return None
    may = user.may(Act.REVIEW, review.site)
    return {
        **vars(_row(review)),
        "incident": review.incident,
        "points": [(code, words, review.scores.get(code)) for code, words in CRITERIA.items()],
        "scale": list(SCORES.items()),
        "handled": handled_by(review, user),
        "may_score": may and review.done_at is None and not handled_by(review, user),
        "own": review.operator_id == user.pk,
    }


def mean(scores: dict[str, int | None]) -> float | None:
    given = [value for value in scores.values() if value is not None]
    return sum(given) / len(given) if given else None


def _row(review: Review, user: User | None = None) -> Row:
    mine = user is not None and review.operator_id == user.pk
    return Row(review, headline(review.incident), mean(review.scores), mine)


def _operators(done: QuerySet[Review]) -> list[OfOperator]:
    by_user: dict[UUID, list[Review]] = {}
    for review in done:
        by_user.setdefault(review.operator_id, []).append(review)
    found = []
    for rows in by_user.values():
        points = [[row.scores.get(code) for row in rows] for code in CRITERIA]
        means = [mean(dict(enumerate(values))) for values in points]  # type: ignore[arg-type]
        everything = mean({f"{n}:{k}": value for n, values in enumerate(points) for k, value in enumerate(values)})
        found.append(
            OfOperator(rows[0].operator, len(rows), everything, means, sum(row.read_at is None for row in rows))
        )
    return sorted(found, key=lambda one: (one.mean is None, one.mean, one.user.username))
