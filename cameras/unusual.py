"""Arming by people at an unusual time becomes alerts: a disarm that nobody took back, a site not closed in time. Sweeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from cameras.actions.arming import CUSTOMER, PANEL
from cameras.actions.candidates import commit_candidate
from cameras.actions.standing import standing, standings
from cameras.context.policy import Policy
from cameras.models import ArmChange
from soc.core.models import Site
from soc.core.sweeps import sweep

AT_ONCE: Final = 200
# How often sites are looked at for not being closed, and how late it may still be told, after the sweeps stood still.
LOOK_EVERY: Final = timedelta(seconds=15)
STILL_NEWS: Final = timedelta(hours=1)


@sweep("cameras.arm_changes")
def raise_arm_changes(at: datetime) -> int:
    """Raise what a disarm is by itself, once nobody can undo it any more."""
    due = ArmChange.objects.filter(alert_by__lte=at).order_by("alert_by").values_list("pk", flat=True)
    return sum(_raise(pk, at) for pk in list(due[:AT_ONCE]))


def _raise(pk: UUID, at: datetime) -> int:
    with transaction.atomic():
        rows = ArmChange.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        row = rows.filter(pk=pk, alert_by__lte=at).first()
        if row is None:
            return 0  # another spine has it, or it was undone
        commit_candidate(
            site=row.site,
            source="signal" if row.source_id else "system",
            signal_source=row.source,
            category=row.alert,
            captured_at=row.at,
            received_at=max(row.at, at),
            judged_at=at,
            dedup=f"{row.alert}:{row.pk}",
            evidence={"how": row.how, "change": str(row.pk)},
        )
        row.alert_by = None
        row.save(update_fields=["alert_by"])
        return 1


class _Every:
    """Lets a sweep of four times a second through every LOOK_EVERY only, by the time it is given."""

    def __init__(self) -> None:
        self._last: datetime | None = None

    def due(self, at: datetime) -> bool:
        if self._last is not None and self._last <= at < self._last + LOOK_EVERY:
            return False
        self._last = at
        return True


_every = _Every()


@sweep("cameras.late_close")
def late_closes(at: datetime) -> int:
    return raise_late_closes(at) if _every.due(at) else 0


def raise_late_closes(at: datetime) -> int:
    """Sites that people close, whose window to close in ended with its grace, and that are not armed: one alert each window."""
    declared = Site.objects.filter(judging__policy__body__opening__close__0__isnull=False)
    sites = list(declared.filter(judging__policy__body__owner__in=[CUSTOMER, PANEL]))
    raised = 0
    found = standings(sites) if sites else {}
    for site in sites:
        ended = _closing_ended(found[site.pk].policy, at)
        if ended is not None and not found[site.pk].arm(at).armed:
            raised += _not_closed(site, ended, at)
    return raised


def _closing_ended(policy: Policy, at: datetime) -> datetime | None:
    """When the window to close in ended whose grace has just run out; None where none has, or long ago."""
    if policy.opening is None or policy.opening.closes is None:
        return None
    state = policy.opening.closes.state(at - policy.opening.grace)
    if state.armed or state.since is None or at - policy.opening.grace - state.since > STILL_NEWS:
        return None
    return state.since


def _not_closed(site: Site, ended: datetime, at: datetime) -> int:
    with transaction.atomic():
        row = Site.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=site.pk).first()
        if row is None or standing(row).arm(at).armed:
            return 0
        candidate = commit_candidate(
            site=row,
            source="system",
            category="late_close",
            captured_at=at,
            received_at=at,
            judged_at=at,
            dedup=f"late_close:{site.pk}:{ended.isoformat()}",
            evidence={"due": ended.isoformat()},
        )
        return int(candidate.captured_at == at)
