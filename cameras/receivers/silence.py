"""A source that should be heard regularly and is not: raised once per silence, by a sweep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q

from cameras.actions import commit_candidate
from cameras.models import SignalSource
from soc.core.sweeps import sweep

# Two heartbeats may be lost on the way before it is worth a person's attention.
MISSED: Final = 2.5
BATCH: Final = 100


def _silent(at: datetime) -> Q:
    """Sources heard of before, that owe a heartbeat, whose silence is too long and not yet raised."""
    return Q(
        enabled=True,
        heartbeat_s__gt=0,
        lost_alert_at__isnull=True,
        last_seen_at__lt=at - ExpressionWrapper(F("heartbeat_s") * timedelta(seconds=MISSED), DurationField()),
    )


@sweep("cameras.silent_sources")
def raise_silent_sources(at: datetime) -> int:
    """Raise `heartbeat_lost` for each source silent for 2.5 of its heartbeats. A source never heard of is not yet installed."""
    raised = 0
    for pk in SignalSource.objects.filter(_silent(at)).values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            source = (
                SignalSource.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
                .select_related("site")
                .filter(_silent(at), pk=pk)
                .first()
            )
            if source is None:
                continue  # another spine has it, or it was heard just now
            assert source.last_seen_at is not None
            source.lost_alert_at = at
            source.save(update_fields=["lost_alert_at"])
            commit_candidate(
                site=source.site,
                source="system",
                signal_source=source,
                category="heartbeat_lost",
                captured_at=at,
                received_at=at,
                judged_at=at,
                dedup=f"silent:{source.pk}:{source.last_seen_at.isoformat()}",
            )
            raised += 1
    return raised
