"""What operators called false or authorised, as far as the filter learns from it: enough of these in one place are a runaway."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from cameras.models import Candidate, Dismissal


def note_dismissal(candidate_ids: Iterable[UUID], *, at: datetime) -> int:
    """Note at `at` that an operator dismissed what these candidates showed. May run twice: the first time counts.

    Gives how many are noted now and were not before.
    """
    rows = Candidate.objects.filter(pk__in=list(candidate_ids), dismissal=None).only("site_id", "organisation_id")
    made = [Dismissal(candidate=row, site_id=row.site_id, organisation_id=row.organisation_id, at=at) for row in rows]
    Dismissal.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def take_back(candidate_ids: Iterable[UUID]) -> int:
    """It was something after all: what was noted of these candidates counts no more. Gives how many were noted."""
    deleted, _ = Dismissal.objects.filter(candidate__in=list(candidate_ids)).delete()
    return deleted
