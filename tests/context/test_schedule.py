"""Armed hours: wall-clock borders, both clock changes, special days, dates, holidays, overlaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from bench.armed_minutes import MINUTE, armed_minutes, transitions
from cameras.context.policy import problems, read
from cameras.context.schedule import ArmState, Calendar, Hours, Special, Timeline

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
SANTIAGO = ZoneInfo("America/Santiago")  # changes its clocks at midnight
HAVANA = ZoneInfo("America/Havana")  # back from 01:00 to 00:00: midnight happens twice
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour
APIA = ZoneInfo("Pacific/Apia")  # skipped 30 December 2011 altogether
ZONES = [LONDON, NEW_YORK, SANTIAGO, HAVANA, LORD_HOWE, APIA, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")]

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


class Interval(NamedTuple):
    weekday: int
    starts: time
    ends: time


def week_of(rows) -> tuple[tuple[Hours, ...], ...]:
    return tuple(tuple(Hours(row.starts, row.ends) for row in rows if row.weekday == day) for day in range(7))


def arm_state(rows, zone: ZoneInfo, at: datetime) -> ArmState:
    return Timeline(Calendar(zone.key, week_of(rows))).state(at)


def nights(start: time = time(18), end: time = time(6)) -> list[Interval]:
    return [Interval(day, start, end) for day in range(7)]


def around_the_clock() -> list[Interval]:
    return [Interval(day, time(0), time(0)) for day in range(7)]


def local(zone: ZoneInfo, *when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=zone, fold=fold)  # type: ignore[arg-type,misc]


# --- ordinary weeks


def test_a_night_crosses_midnight_into_the_next_day():
    friday = [Interval(FRI, time(18), time(6))]
    assert arm_state(friday, LONDON, local(LONDON, 2026, 1, 17, 5, 59)).armed  # a Saturday
    assert not arm_state(friday, LONDON, local(LONDON, 2026, 1, 17, 6, 0)).armed
    assert not arm_state(friday, LONDON, local(LONDON, 2026, 1, 16, 17, 59)).armed


def test_sunday_night_lasts_into_monday():
    state = arm_state([Interval(SUN, time(22), time(7))], LONDON, local(LONDON, 2026, 1, 19, 3, 0))
    assert state.armed
    assert state.since == datetime(2026, 1, 18, 22, tzinfo=UTC)
    assert state.until == datetime(2026, 1, 19, 7, tzinfo=UTC)


def test_the_start_is_armed_and_the_end_is_not():
    day = [Interval(MON, time(9), time(17))]
    assert arm_state(day, LONDON, local(LONDON, 2026, 1, 19, 9)).armed
    assert not arm_state(day, LONDON, local(LONDON, 2026, 1, 19, 17)).armed


def test_a_site_without_intervals_is_never_armed():
    state = arm_state([], LONDON, datetime(2026, 1, 1, tzinfo=UTC))
    assert (state.armed, state.since, state.until) == (False, None, None)


def test_around_the_clock_is_one_stretch_without_an_end():
    state = arm_state(around_the_clock(), LONDON, datetime(2026, 5, 5, 12, 34, tzinfo=UTC))
    assert (state.armed, state.since, state.until) == (True, None, None)


def test_touching_intervals_are_one_stretch():
    rows = [Interval(MON, time(8), time(12)), Interval(MON, time(12), time(18))]
    state = arm_state(rows, LONDON, local(LONDON, 2026, 1, 19, 9))
    assert state.until == datetime(2026, 1, 19, 18, tzinfo=UTC)


def test_disarmed_says_when_it_was_and_will_be_armed():
    state = arm_state(nights(), LONDON, local(LONDON, 2026, 1, 19, 12))
    assert not state.armed
    assert state.since == datetime(2026, 1, 19, 6, tzinfo=UTC)
    assert state.until == datetime(2026, 1, 19, 18, tzinfo=UTC)


def test_one_disarmed_minute_a_week_ends_the_stretch():
    rows = [Interval(day, time(0), time(0)) for day in range(1, 7)] + [Interval(MON, time(0, 1), time(0))]
    state = arm_state(rows, LONDON, local(LONDON, 2026, 1, 25, 23, 59))
    assert state.armed
    assert state.until == datetime(2026, 1, 26, 0, 0, tzinfo=UTC)
    assert not arm_state(rows, LONDON, local(LONDON, 2026, 1, 26, 0, 0, 30)).armed


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="aware"):
        arm_state(nights(), LONDON, datetime(2026, 1, 1))


# --- the clocks go forward: London, 29 March 2026, 01:00 UTC, 01:00–02:00 does not exist


def test_a_night_of_the_spring_change_keeps_its_local_borders():
    state = arm_state(nights(), LONDON, datetime(2026, 3, 29, 3, tzinfo=UTC))
    assert state.since == datetime(2026, 3, 28, 18, tzinfo=UTC)
    assert state.until == datetime(2026, 3, 29, 5, tzinfo=UTC)  # 06:00 summer time, an hour less of night


def test_an_end_that_is_skipped_is_the_moment_the_clocks_jump():
    rows = [Interval(SAT, time(22), time(1, 30))]
    assert arm_state(rows, LONDON, datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)).armed
    state = arm_state(rows, LONDON, datetime(2026, 3, 29, 0, 45, tzinfo=UTC))
    assert state.until == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert not arm_state(rows, LONDON, datetime(2026, 3, 29, 1, tzinfo=UTC)).armed


def test_a_start_that_is_skipped_is_the_moment_the_clocks_jump():
    rows = [Interval(SUN, time(1, 30), time(5))]
    assert not arm_state(rows, LONDON, datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)).armed
    assert arm_state(rows, LONDON, datetime(2026, 3, 29, 1, tzinfo=UTC)).armed


def test_an_interval_inside_the_gap_does_not_happen_that_day():
    rows = [Interval(SUN, time(1, 10), time(1, 50))]
    for minute in range(-60, 120, 5):
        at = datetime(2026, 3, 29, 1, tzinfo=UTC) + timedelta(minutes=minute)
        assert not arm_state(rows, LONDON, at).armed
    assert arm_state(rows, LONDON, local(LONDON, 2026, 4, 5, 1, 30)).armed


def test_twenty_four_hours_stay_armed_where_midnight_is_skipped():
    jump = datetime(2025, 9, 7, 4, tzinfo=UTC)  # Santiago: 00:00 becomes 01:00
    for minute in range(-180, 180, 15):
        state = arm_state(around_the_clock(), SANTIAGO, jump + timedelta(minutes=minute))
        assert state.armed
        assert state.until is None


def test_a_day_that_a_country_skips_has_no_intervals():
    friday = [Interval(FRI, time(9), time(17))]
    for hour in range(72):
        at = datetime(2011, 12, 29, tzinfo=UTC) + timedelta(hours=hour)
        assert not arm_state(friday, APIA, at).armed


# --- the clocks go back: London, 25 October 2026, 01:00 UTC, 01:00–02:00 happens twice


def test_a_night_of_the_autumn_change_is_an_hour_longer():
    state = arm_state(nights(), LONDON, datetime(2026, 10, 25, 3, tzinfo=UTC))
    assert state.until is not None
    assert state.since is not None
    assert state.until - state.since == timedelta(hours=13)


def test_a_border_that_happens_twice_arms_at_the_first_and_disarms_at_the_second():
    ends = [Interval(SAT, time(22), time(1, 30))]
    assert arm_state(ends, LONDON, datetime(2026, 10, 25, 1, 29, tzinfo=UTC)).armed  # 01:29 the second time
    assert not arm_state(ends, LONDON, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)).armed
    starts = [Interval(SUN, time(1, 30), time(5))]
    assert not arm_state(starts, LONDON, datetime(2026, 10, 25, 0, 29, tzinfo=UTC)).armed
    assert arm_state(starts, LONDON, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)).armed  # 01:30 the first time


def test_midnight_that_happens_twice_leaves_no_hole():
    for minute in range(-120, 180, 15):
        at = datetime(2025, 11, 2, 4, tzinfo=UTC) + timedelta(minutes=minute)
        assert arm_state(around_the_clock(), HAVANA, at).armed


# --- what holds for every schedule

times = st.times().map(lambda t: t.replace(microsecond=0, tzinfo=None)) | st.integers(0, 23).map(time)
intervals = st.builds(Interval, st.integers(0, 6), times, times)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


@st.composite
def near_a_clock_change(draw):
    """A zone and a moment within two days of one of its changes of 2025."""
    zone = draw(st.sampled_from([LONDON, NEW_YORK, SANTIAGO, HAVANA, LORD_HOWE]))
    hours = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in range(365 * 24)]
    offsets = [h.astimezone(zone).utcoffset() for h in hours[::24]]
    days = [i for i in range(1, 365) if offsets[i] != offsets[i - 1]]
    change = hours[draw(st.sampled_from(days)) * 24]
    return zone, change + timedelta(minutes=draw(st.integers(-2880, 2880)))


@given(st.lists(intervals, max_size=6), st.sampled_from(ZONES), moments)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_borders_surround_the_moment_and_the_state_holds_between_them(rows, zone, at):
    state = arm_state(rows, zone, at)
    if state.since is not None:
        assert state.since <= at
        assert arm_state(rows, zone, state.since).armed == state.armed
    if state.until is not None:
        assert at < state.until
        assert arm_state(rows, zone, state.until).armed != state.armed
        assert arm_state(rows, zone, state.until - timedelta(microseconds=1)).armed == state.armed


@given(st.lists(intervals, max_size=5), near_a_clock_change())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_near_a_clock_change_armed_means_that_the_wall_clock_is_inside_an_interval(rows, where):
    """Away from times that are skipped or happen twice, the wall clock alone decides."""
    zone, at = where
    wall = at.astimezone(zone)
    strange = any(
        (wall + timedelta(minutes=m)).replace(fold=0).utcoffset()
        != (wall + timedelta(minutes=m)).replace(fold=1).utcoffset()
        for m in range(-125, 126, 25)
    )
    if strange:
        return
    naive = wall.replace(tzinfo=None)
    monday = datetime.combine(naive.date() - timedelta(days=naive.weekday()), time(0))
    offset = naive - monday
    inside = False
    for row in rows:
        start, end = Hours(row.starts, row.ends).span()
        midnight = timedelta(days=row.weekday)
        inside |= any(start <= offset - midnight + timedelta(days=7 * w) < end for w in (0, 1))
    assert arm_state(rows, zone, at).armed == inside


@given(st.lists(intervals, max_size=5), near_a_clock_change())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_another_interval_never_disarms(rows, where):
    zone, at = where
    for count in range(len(rows)):
        if arm_state(rows[:count], zone, at).armed:
            assert arm_state(rows[: count + 1], zone, at).armed


# --- overlaps


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Interval(MON, time(8), time(12)), Interval(MON, time(11), time(13)), True),
        (Interval(MON, time(8), time(12)), Interval(MON, time(12), time(13)), False),
        (Interval(MON, time(8), time(12)), Interval(TUE, time(8), time(12)), False),
        (Interval(MON, time(22), time(6)), Interval(TUE, time(5), time(9)), True),
        (Interval(SUN, time(22), time(6)), Interval(MON, time(5), time(9)), True),  # the turn of the week
        (Interval(SUN, time(22), time(6)), Interval(MON, time(6), time(9)), False),
        (Interval(MON, time(0), time(0)), Interval(MON, time(12), time(13)), True),
        (Interval(MON, time(0), time(0)), Interval(TUE, time(0), time(0)), False),
        (Interval(SUN, time(0), time(0)), Interval(MON, time(0), time(0)), False),
        (Interval(MON, time(12), time(12)), Interval(TUE, time(11), time(13)), True),
        # Seconds that no binary fraction of a minute holds exactly: touching is still not overlapping.
        (Interval(SAT, time(23, 59, 41), time(7, 0, 41)), Interval(SUN, time(7, 0, 41), time(9)), False),
    ],
)
def test_weekly_hours_that_overlap_are_refused(a, b, expected):
    assert refused(a, b) is expected
    assert refused(b, a) is expected


def refused(*rows: Interval) -> bool:
    week = [{"day": row.weekday, "from": row.starts.isoformat(), "to": row.ends.isoformat()} for row in rows]
    found = [one for one in problems({"schedule": {"week": week}}, time_zone="UTC", zones={}) if not one.warning]
    assert all(one.code == "overlap" and one.path in {"schedule.week.0", "schedule.week.1"} for one in found)
    return bool(found)


@given(intervals, intervals)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_an_overlap_is_a_shared_moment_of_an_ordinary_week(a, b):
    """In UTC, two intervals overlap exactly when the start of one lies in the other."""
    monday = datetime(2026, 6, 1, tzinfo=UTC)

    def begins(row: Interval) -> datetime:
        return datetime.combine(monday + timedelta(days=row.weekday), row.starts, UTC)

    utc = ZoneInfo("UTC")
    shared = arm_state([a], utc, begins(b)).armed or arm_state([b], utc, begins(a)).armed
    assert refused(a, b) == shared


# --- what beats what

ALL_DAY = (Hours(time(0), time(0)),)


def test_a_date_beats_a_special_day_beats_a_holiday_beats_the_weekday():
    christmas, eve, day_after, ordinary = (date(2026, 12, day) for day in (25, 24, 28, 22))
    calendar = Calendar(
        "Europe/London",
        week_of(nights()),
        specials=(Special("Closed", date(2026, 12, 24), date(2026, 12, 25), ALL_DAY),),
        dates={eve: (Hours(time(14), time(0)),)},
        holidays={christmas: "Christmas Day", day_after: "Boxing Day (substitute)"},
        holiday_hours=(),
        date_names={eve: "Early close"},
    )
    line = Timeline(calendar)
    assert line.on(eve) == ("date", "Early close", (Hours(time(14), time(0)),))
    assert line.on(christmas) == ("special", "Closed", ALL_DAY)
    assert line.on(day_after) == ("holiday", "Boxing Day (substitute)", ())
    assert line.on(ordinary) == ("weekday", "", (Hours(time(18), time(6)),))


def test_a_night_that_began_before_a_holiday_ends_as_it_would_have():
    calendar = Calendar("UTC", week_of(nights()), holidays={date(2026, 12, 25): "Christmas"}, holiday_hours=())
    line = Timeline(calendar)
    state = line.state(datetime(2026, 12, 25, 5, tzinfo=UTC))
    assert state.until == datetime(2026, 12, 25, 6, tzinfo=UTC)
    assert line.state(datetime(2026, 12, 25, 7, tzinfo=UTC)).until == datetime(2026, 12, 26, 18, tzinfo=UTC)


def test_holidays_without_hours_are_as_their_weekday():
    holidays = {date(2026, 12, 25): "Christmas"}
    plain, named = Calendar("UTC", week_of(nights())), Calendar("UTC", week_of(nights()), holidays=holidays)
    for hour in range(0, 72, 3):
        at = datetime(2026, 12, 24, tzinfo=UTC) + timedelta(hours=hour)
        assert Timeline(plain).state(at) == Timeline(named).state(at)


def test_a_long_special_day_range_has_its_borders():
    summer = Special("Summer", date(2026, 7, 1), date(2026, 8, 31), ALL_DAY)
    state = Timeline(Calendar("UTC", week_of(nights()), (summer,))).state(datetime(2026, 8, 1, tzinfo=UTC))
    assert state.since == datetime(2026, 6, 30, 18, tzinfo=UTC)
    assert state.until == datetime(2026, 9, 1, tzinfo=UTC)


def test_several_intervals_a_day_each_count():
    rows = [Interval(MON, time(0), time(6)), Interval(MON, time(12), time(13)), Interval(MON, time(20), time(23))]
    line = Timeline(Calendar("UTC", week_of(rows)))
    monday = datetime(2026, 1, 19, tzinfo=UTC)
    borders = [(at.hour, armed) for at, armed in line.borders(monday, monday + timedelta(days=1))]
    assert borders == [(0, True), (6, False), (12, True), (13, False), (20, True), (23, False)]


def test_borders_begin_with_the_first_and_end_before_the_last_moment():
    line = Timeline(Calendar("UTC", week_of(nights())))
    six, eighteen = datetime(2026, 1, 19, 6, tzinfo=UTC), datetime(2026, 1, 19, 18, tzinfo=UTC)
    assert list(line.borders(six, eighteen)) == [(six, False)]
    assert list(line.borders(six + MINUTE, eighteen + MINUTE)) == [(eighteen, True)]


def test_borders_are_found_beyond_a_year_without_any():
    day = date(2028, 3, 1)
    line = Timeline(Calendar("UTC", dates={day: ALL_DAY}))
    found = list(line.borders(datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)))
    assert found == [(datetime(2028, 3, 1, tzinfo=UTC), True), (datetime(2028, 3, 2, tzinfo=UTC), False)]


def test_a_time_that_no_calendar_knows_is_armed_where_anything_is():
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert Timeline(Calendar("UTC", week_of(nights()))).state(at).armed
        assert not Timeline(Calendar("UTC")).state(at).armed


@given(st.integers(0, 10**6), st.lists(moments, min_size=2, max_size=20))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_the_answer_does_not_depend_on_what_was_asked_before(seed, asked):
    lot = Random(seed)
    policy = read({"schedule": happenings.schedule(lot)}, time_zone=lot.choice(happenings.ZONES), version="1")
    asked = [at.replace(year=2026) for at in asked]
    line = Timeline(policy.timeline.calendar)
    assert [line.state(at) for at in asked] == [Timeline(policy.timeline.calendar).state(at) for at in asked]


# --- against an oracle that walks the clock on the wall


def mismatches(line: Timeline, first: datetime, last: datetime) -> list[datetime]:
    oracle = armed_minutes(line.calendar, first, last)
    return [at for number, armed in enumerate(oracle) if line.state(at := first + number * MINUTE).armed != armed]


@pytest.mark.parametrize("zone", happenings.ZONES)
def test_around_each_change_of_the_clocks_of_a_year_every_minute_is_as_the_wall_clock_says(zone):
    changes = list(transitions(zone, 2026)) or [datetime(2026, 3, 29, 1, tzinfo=UTC)]
    for seed in range(3):
        body = {"schedule": happenings.schedule(Random(f"{zone} {seed}"))}
        # The hours around the change itself: skipped, doubled, touching it.
        body["schedule"]["week"] = [
            {"day": day, "from": "22:30", "to": "00:30"} if day % 2 else {"day": day, "from": "02:00", "to": "03:00"}
            for day in range(7)
        ] + [{"day": day, "from": "01:15", "to": "01:45"} for day in range(7)]
        line = read(body, time_zone=zone, version="1").timeline
        for change in changes:
            assert mismatches(line, change - timedelta(hours=26), change + timedelta(hours=26)) == []


def test_the_oracle_catches_borders_that_take_the_first_of_two(monkeypatch):
    """A broken variant: it disarms at the first of two times of day. It must be seen."""
    from cameras.context import schedule

    right = schedule.border
    monkeypatch.setattr(schedule, "border", lambda day, moment, zone, *, last: right(day, moment, zone, last=False))
    line = Timeline(Calendar("Europe/London", week_of(nights(time(18), time(1, 30)))))
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert len(mismatches(line, change - timedelta(hours=6), change + timedelta(hours=6))) == 60
