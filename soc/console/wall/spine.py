"""How the installation does: eight figures, each with its last five minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from responses.models import Attempt
from soc.core.models import Organisation, User, Vitals
from soc.core.rights import Act

PAST: Final = timedelta(minutes=5)
OLD: Final = timedelta(seconds=20)  # newer there must be a sample, or the spine does not measure
LAG_MS: Final = 300
DUE_S: Final = 5.0
DETECT_MS: Final = 500
LATE_S: Final = 5.0
WIDTH, HEIGHT = 160, 28


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure. `path`: its samples as an SVG path, "" where there are none. `words`: limit or what else is to be known."""

    name: str
    value: str
    words: str
    abnormal: bool = False
    path: str = ""
    samples: list[float] = field(default_factory=list, repr=False)
    last: datetime | None = None  # when it was seen to work, or not to


def gauges(user: User, organisation: Organisation, *, at: datetime, whole: bool) -> tuple[list[Gauge], bool]:
    """The figures, and whether they are of now. Two queries. What is counted of a whole centre, or of all of them, is for whoever
    leads the `whole` of one."""
    rows = list(Vitals.objects.filter(at__gte=at - PAST, at__lte=at + PAST).order_by("at"))
    fresh = bool(rows) and rows[-1].at >= at - OLD
    counted = [_consoles(rows), *_of_centre(rows, organisation)] if whole else []
    return [*_of_installation(rows), *counted, phone(user, organisation, at)], fresh


def _gauge(
    rows: Sequence[Vitals], name: str, read: Callable[[dict[str, Any]], Any], show: Callable[[Any], str], words: str,
    *, wrong: Callable[[Any], bool] = lambda value: False, least: float = 1.0,
) -> Gauge:  # fmt: skip
    samples = [read(row.data) for row in rows]
    value = samples[-1] if samples else None
    if value is None:
        return Gauge(name, _("not known"), words, abnormal=True)
    drawn = [float(sample) for sample in samples if sample is not None]
    return Gauge(name, show(value), words, wrong(value), spark(drawn, least), drawn)


def spark(samples: Sequence[float], least: float = 1.0) -> str:
    """A line through the samples, oldest on the left. Its scale reaches to `least` at least: what is small looks small."""
    if len(samples) < 2:
        return ""
    top = max(*samples, least)
    step = WIDTH / (len(samples) - 1)
    points = (f"{number * step:.1f} {HEIGHT - 3 - 22 * sample / top:.1f}" for number, sample in enumerate(samples))
    return "M" + "L".join(points)


def _of_installation(rows: Sequence[Vitals]) -> list[Gauge]:
    last = rows[-1].data if rows else {}
    oldest = last.get("oldest_due_s", 0.0)
    names = {name for row in rows for name in row.data.get("workers") or ()}
    return [
        _gauge(rows, _("Relay lag"), lambda data: data.get("relay_lag_ms"), duration, _("limit 300 ms"),
               wrong=lambda value: value > LAG_MS, least=LAG_MS),
        _gauge(rows, _("Due deliveries"), lambda data: data.get("due"), str,
               _("oldest %(s)s s") % {"s": oldest} if last.get("due") else _("nothing waits"),
               wrong=lambda value: bool(value) and oldest > DUE_S, least=20),
        _detect(rows),
        _gauge(rows, _("Worker canaries"), lambda data: _number(data.get("workers")),
               lambda value: _("%(n)s of %(all)s") % {"n": value, "all": max(len(names), value)}, _("asked every 15 s"),
               wrong=lambda value: value == 0 or value < len(names)),
    ]  # fmt: skip


def _consoles(rows: Sequence[Vitals]) -> Gauge:
    return _gauge(rows, _("Consoles"), lambda data: data.get("consoles"), str, _("answered within 8 s"))


def _number(workers: list[str] | None) -> int | None:
    return None if workers is None else len(workers)


def _detect(rows: Sequence[Vitals]) -> Gauge:
    """Null in a sample: nothing moved anywhere, so nothing was looked at. That is no trouble."""
    name, words = _("Detect queue age"), _("limit 500 ms")
    if rows and rows[-1].data.get("detect_age_ms") is None and rows[-1].data.get("watchers"):
        drawn = [float(row.data["detect_age_ms"]) for row in rows if row.data.get("detect_age_ms") is not None]
        return Gauge(name, _("idle"), _("nothing moves anywhere"), False, spark(drawn, DETECT_MS), drawn)
    return _gauge(
        rows,
        name,
        lambda data: data.get("detect_age_ms"),
        duration,
        words,
        wrong=lambda value: value > DETECT_MS,
        least=DETECT_MS,
    )


def _of_centre(rows: Sequence[Vitals], organisation: Organisation) -> list[Gauge]:
    key = str(organisation.pk)
    last = rows[-1].data if rows else {}
    cameras, late_s = (last.get("cameras") or {}).get(key, 0), last.get("late_s", 0.0)
    counted = ngettext("of %(n)s camera", "of %(n)s cameras", cameras) % {"n": cameras}
    return [
        _gauge(rows, _("Frames older than 5 s"), lambda data: _mine(data.get("stale"), key), str, counted,
               wrong=lambda value: value > 0, least=4),
        _gauge(rows, _("Due escalations"), lambda data: _mine(data.get("late"), key),
               lambda value: _("%(n)s late") % {"n": value}, _("looked for every 0.25 s"),
               wrong=lambda value: value > 0 and late_s > LATE_S, least=4),
    ]  # fmt: skip


def _mine(counts: dict[str, int] | None, key: str) -> int | None:
    return None if counts is None else counts.get(key, 0)


def duration(ms: float) -> str:
    return _("%(n)s ms") % {"n": round(ms)} if ms < 1000 else _("%(n)s s") % {"n": round(ms / 1000, 1)}


def phone(user: User, organisation: Organisation, at: datetime) -> Gauge:
    """Whether calls and texts go out: an account is set, and the last of them was not refused by the network."""
    name = _("Phone line")
    if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
        return Gauge(name, _("not set up"), _("no calls, no texts"), abnormal=True)
    rows: Any = Attempt.objects.visible_to(user, Act.WALL).filter(organisation=organisation)
    last = rows.filter(kind__in=[Attempt.Kind.CALL, Attempt.Kind.TEXT]).order_by("-created_at").first()
    if last is None:
        return Gauge(name, _("ready"), _("nothing sent yet"))
    if last.status == Attempt.Status.FAILED and last.placed_at is None:
        return Gauge(name, _("failed"), _("the last was refused"), abnormal=True, last=last.created_at)
    return Gauge(name, _("ready"), _("last used"), last=last.created_at)
