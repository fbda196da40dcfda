"""A schedule over actual days: the week as it is drawn, and the next seven days in hours. Nothing here refuses anything:
what cannot be read of a draft is not drawn, and told beside its field by the core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cameras.actions.circumstances import ends
from cameras.admin.policy_form import minutes, part
from cameras.context.schedule import Calendar, Hours, Special, Timeline
from cameras.models import AccessWindow
from soc.core.models import Site

DAY: Final = timedelta(days=1)
WHOLE: Final = 1440


# --- a calendar of whatever can be read


def calendar_of(schedule: Any, zone: str) -> Calendar:
    """What can be read of a schedule; rows that cannot are left out."""
    said = part(schedule)
    week: list[tuple[Hours, ...]] = [()] * 7
    for row in _rows(said.get("week")):
        day, hours = row.get("day"), _hours(row.get("from"), row.get("to"))
        if isinstance(day, int) and 0 <= day <= 6 and hours:
            week[day] += (hours,)
    specials = []
    for row in _rows(said.get("specials")):
        first, last = _date(row.get("first")), _date(row.get("last"))
        if first and last and first <= last:
            specials.append(Special(str(row.get("name", "")), first, last, _pairs(row.get("hours"))))
    dates = {day: row for row in _rows(said.get("dates")) if (day := _date(row.get("date")))}
    holidays = part(said.get("holidays"))
    named = {day: str(name) for text, name in part(holidays.get("days")).items() if (day := _date(text))}
    return Calendar(
        zone=zone,
        week=tuple(week),
        specials=tuple(specials),
        dates={day: _pairs(row.get("hours")) for day, row in dates.items()},
        holidays=named,
        holiday_hours=_pairs(holidays["hours"]) if "hours" in holidays else None,
        date_names={day: str(row.get("name", "")) for day, row in dates.items()},
    )


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    yield from (row for row in (value if isinstance(value, list) else ()) if isinstance(row, dict))


def _pairs(value: Any) -> tuple[Hours, ...]:
    pairs = value if isinstance(value, list) else []
    found = (_hours(*pair) for pair in pairs if isinstance(pair, list) and len(pair) == 2)
    return tuple(hours for hours in found if hours)


def _hours(starts: Any, ends: Any) -> Hours | None:
    first, last = minutes(starts), minutes(ends)
    if first is None or last is None:
        return None
    return Hours(time(first // 60, first % 60), time(last // 60, last % 60))


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


# --- the week as it is drawn: x and width are percent of a day


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    text: str = ""
    title: str = ""


@dataclass
class Row:
    """One day. `fixed`: hours that stand instead of the week's; `plain`: the week's own; `spill`: whether those of the
    evening before reach into it."""

    day: int
    date: date
    kind: str
    name: str
    spill: bool
    fixed: list[Bar] = field(default_factory=list)
    plain: list[Bar] = field(default_factory=list)
    expected: list[Bar] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    now: float | None = None
    clock: str = ""

    @property
    def short(self) -> str:
        return formats.date_format(self.date, "D")

    @property
    def full(self) -> str:
        return formats.date_format(self.date, "l")


def monday_of(at: datetime, site: Site) -> date:
    today = at.astimezone(site.zone_info).date()
    return today - timedelta(days=today.weekday())


def week(site: Site, body: dict[str, Any], calendar: Calendar, *, monday: date, at: datetime) -> list[Row]:
    """Monday to Sunday of one week, with who is expected then and where closing late counts as late."""
    windows = list(windows_of(site, monday, monday + 7 * DAY))
    closing = _rows(part(body.get("opening")).get("close"))
    latest = [(row.get("day"), minutes(row.get("to"))) for row in closing]
    local = at.astimezone(site.zone_info)
    rows = []
    for number in range(7):
        day = monday + number * DAY
        kind, name, hours = calendar.on(day)
        before, _name, earlier = calendar.on(day - DAY)
        row = Row(number, day, kind, _day_name(kind, name), spill=before == "weekday")
        for each, own, tail in ((hours, kind, False), (earlier, before, True)):
            into = row.plain if own == "weekday" else row.fixed
            into += [bar for one in each if (bar := _bar(one, tail=tail))]
        row.expected = [bar for window in windows if (bar := _window(window, site, day))]
        row.late = [100 * (end or WHOLE) / WHOLE for on, end in latest if on == number and end is not None]
        if local.date() == day:
            row.now, row.clock = 100 * (local.hour * 60 + local.minute) / WHOLE, local.strftime("%H:%M")
        rows.append(row)
    return rows


def _day_name(kind: str, name: str) -> str:
    return name or {"date": _("Special date"), "special": _("Special day"), "holiday": _("Public holiday")}.get(
        kind, ""
    )


def _bar(hours: Hours, *, tail: bool) -> Bar | None:
    start, end = (value // timedelta(minutes=1) for value in hours.span())
    until = hours.ends.strftime("%H:%M") if hours.ends != time() else "24:00"
    text = _("%(from)s to %(to)s") % {"from": hours.starts.strftime("%H:%M"), "to": until}
    first, last = (0, end - WHOLE) if tail else (start, min(end, WHOLE))
    return Bar(100 * first / WHOLE, 100 * (last - first) / WHOLE, text, text) if last > first else None


def windows_of(site: Site, first: date, end: date) -> Any:
    """Access windows that may touch these days, with some time around them for offsets."""
    low = datetime.combine(first, time(), UTC) - DAY
    high = datetime.combine(end, time(), UTC) + DAY
    rows = AccessWindow.objects.filter(site=site, cancelled_at=None, starts_at__lt=high, ends_at__gt=low)
    return rows.order_by("starts_at").prefetch_related("zones")


def _window(window: AccessWindow, site: Site, day: date) -> Bar | None:
    """The part of a window that lies in a day, by the site's clock."""
    zone = site.zone_info
    if window.weekdays:
        span = _weekly(window, day)
        if span is None or not _within(window, site, day, span):
            return None
        first, last = span
    else:
        starts, stops = (value.astimezone(zone).replace(tzinfo=None) for value in (window.starts_at, window.ends_at))
        midnight = datetime.combine(day, time())
        within = (max(min(value, midnight + DAY), midnight) for value in (starts, stops))
        first, last = ((value - midnight) // timedelta(minutes=1) for value in within)
    if last <= first:
        return None
    where = ", ".join(zone_.name for zone_ in window.zones.all())
    words = {"who": str(window), "from": f"{first // 60:02}:{first % 60:02}", "to": f"{last // 60:02}:{last % 60:02}"}
    title = _("Expected: %(who)s, %(from)s to %(to)s") % words
    return Bar(100 * first / WHOLE, 100 * (last - first) / WHOLE, str(window), f"{title}, {where}" if where else title)


def _weekly(window: AccessWindow, day: date) -> tuple[int, int] | None:
    opens, closes = window.from_time or time(), window.to_time or time()
    first, last = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    if day.weekday() in window.weekdays:
        return first, last if last > first else WHOLE
    if (day - DAY).weekday() in window.weekdays and last <= first:
        return 0, last
    return None


def _within(window: AccessWindow, site: Site, day: date, span: tuple[int, int]) -> bool:
    middle = datetime.combine(day, time(), site.zone_info) + timedelta(minutes=sum(span) / 2)
    return ends(window, site, middle) is not None


# --- the next seven days in hours


@dataclass(frozen=True)
class Ahead:
    """One day to come: hours armed, and what makes it other than usual."""

    date: date
    hours: float
    notes: list[str]

    @property
    def text(self) -> str:
        return f"{self.hours:.1f}".removesuffix(".0")


def seven(site: Site, timeline: Timeline, *, at: datetime) -> list[Ahead]:
    """From today on, by the site's own days: 23 or 25 hours long where the clocks change."""
    first = at.astimezone(site.zone_info).date()
    windows = list(windows_of(site, first, first + 7 * DAY))
    found = []
    for number in range(7):
        day = first + number * DAY
        start, end = (datetime.combine(each, time(), site.zone_info).astimezone(UTC) for each in (day, day + DAY))
        kind, name = timeline.on(day)[:2]
        notes = [_day_name(kind, name)] if kind != "weekday" else []
        if kind == "weekday" and name:
            notes.append(_("%(holiday)s, as on other days") % {"holiday": name})
        length = (end - start) / timedelta(hours=1)
        if length != 24:
            notes.append(_("clocks change: %(hours)s h") % {"hours": f"{length:g}"})
        notes += _expected([bar for window in windows if (bar := _window(window, site, day))])
        found.append(Ahead(day, _armed(timeline, start, end), notes or [_("as usual")]))
    return found


def _expected(bars: Iterable[Bar]) -> list[str]:
    titles = [bar.text for bar in bars]
    more = len(titles) - 2
    return [*titles[:2], *([ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more}] if more > 0 else [])]


def _armed(timeline: Timeline, start: datetime, end: datetime) -> float:
    """Hours armed from start to end, both in UTC."""
    total, at = timedelta(0), start
    while at < end:
        state = timeline.state(at)
        until = min(state.until or end, end)
        if state.armed:
            total += until - at
        at = until
    return round(total / timedelta(hours=1), 2)
