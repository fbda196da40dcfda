"""What the policy's page shows: the draft or a version, what is wrong, what changed, what it would have lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from holidays.registry import COUNTRIES

from cameras.actions import gate
from cameras.admin import policy_problems, policy_week, policy_words
from cameras.admin.policy_fields import DAYS, Fields, Schedule, coming
from cameras.admin.policy_form import part
from cameras.context.holidays import countries, regions_of
from cameras.context.policy import PolicyRefused, Problem, problems, with_holidays
from cameras.context.schedule import Timeline
from cameras.models import Policy, PolicyDraft, Zone
from soc.core.models import Site, User
from soc.core.rights import Act

HOLIDAYS_SHOWN: Final = 8
VERSIONS_SHOWN: Final = 50
PLOT_HEIGHT: Final = 40


@dataclass
class Desk:
    """One site's policy on somebody's page at `at`. `version`: shown to be read, in place of the draft."""

    site: Site
    user: User
    at: datetime
    version: Policy | None = None
    monday: date | None = None
    held_up: str = ""

    @cached_property
    def zones(self) -> list[Zone]:
        return list(Zone.objects.filter(site=self.site).select_related("camera").order_by("camera__name", "name"))

    @cached_property
    def names(self) -> dict[str, str]:
        return {str(zone.pk): zone.name for zone in self.zones}

    @cached_property
    def draft(self) -> PolicyDraft | None:
        rows: QuerySet[PolicyDraft] = PolicyDraft.objects.select_related("site", "based_on", "kept_by")
        return rows.filter(site=self.site).first()

    @cached_property
    def in_force(self) -> Policy | None:
        return gate.policy_in_force(self.site)

    @property
    def body(self) -> dict[str, Any]:
        if self.version is not None:
            return gate.bare(self.version.body)
        if self.draft is not None:
            return dict(self.draft.body)
        return gate.bare(self.in_force.body) if self.in_force else {}

    @property
    def before(self) -> dict[str, Any]:
        """What the draft is a change of."""
        return gate.bare(self.in_force.body) if self.in_force else {}

    @property
    def digest(self) -> str:
        return gate.digest(self.body)

    @cached_property
    def filled(self) -> dict[str, Any]:
        """With the days of public holidays, as far as they can be told."""
        if self.version is not None:
            return part(self.version.body)
        try:
            return dict(with_holidays(self.body, around=self.today.year))
        except PolicyRefused:
            return self.body

    @property
    def today(self) -> date:
        return self.at.astimezone(self.site.zone_info).date()

    @cached_property
    def problems(self) -> list[policy_problems.Told]:
        found: list[Problem] = []
        try:
            with_holidays(self.body, around=self.today.year)
        except PolicyRefused as refused:
            found = list(refused.problems)
        found += [
            one for one in problems(self.filled, time_zone=self.site.time_zone, zones=self.names) if one not in found
        ]
        return policy_problems.told(found, self.names)

    @property
    def refused(self) -> list[policy_problems.Told]:
        return [one for one in self.problems if not one.warning]

    @cached_property
    def changes(self) -> list[policy_words.Change]:
        return policy_words.changes(self.before, self.body, self.names)

    # --- rights

    def may(self, act: Act) -> bool:
        return bool(self.user.is_superuser) or Site.objects.visible_to(self.user, act).filter(pk=self.site.pk).exists()

    @cached_property
    def may_publish(self) -> bool:
        return self.may(Act.POLICY)

    @cached_property
    def may_ask(self) -> bool:
        return self.may(Act.WHY)

    @cached_property
    def wrote_it(self) -> bool:
        return self.draft is not None and self.user.pk in gate.authors(self.draft)

    @cached_property
    def may_sign(self) -> bool:
        may = Site.objects.visible_to(self.user, Act.SIGN).filter(pk=self.site.pk).exists()
        return may and not self.wrote_it

    # --- the replay of exactly this body

    @cached_property
    def replay(self) -> dict[str, Any]:
        """What the last replay found, if it was of this body; else empty. Told to the page, and to the page alone."""
        found = self.draft.replayed if self.draft else {}
        return found if found.get("sha256") == self.digest else {}

    @cached_property
    def lost(self) -> list[gate.Card]:
        return gate.cards(self.draft, user=self.user) if self.draft and self.replay else []

    @property
    def replayed_at(self) -> datetime | None:
        return parse_datetime(self.replay["at"]) if self.replay else None

    @property
    def stale(self) -> bool:
        """Somebody published another version since the draft was begun."""
        return self.draft is not None and self.draft.based_on_id != (self.in_force.pk if self.in_force else None)

    @property
    def next_number(self) -> int:
        last = Policy.objects.filter(site=self.site).order_by("-number").values_list("number", flat=True).first()
        return (last or 0) + 1

    # --- parts of the page

    def calendars(self) -> dict[str, Any]:
        """Each schedule's path with what can be read of it."""
        zone = self.site.time_zone
        found = {"schedule": policy_week.calendar_of(self.filled.get("schedule"), zone)}
        for pk in self.names:
            own = part(self.filled.get("zones")).get(pk)
            if isinstance(own, dict):
                found[f"zones.{pk}.schedule"] = policy_week.calendar_of(own.get("schedule"), zone)
        return found

    def week_of(self, prefix: str) -> list[policy_week.Row]:
        calendar = self.calendars().get(prefix) or policy_week.calendar_of({}, self.site.time_zone)
        return policy_week.week(self.site, self.filled, calendar, monday=self.shown_monday, at=self.at)

    @property
    def shown_monday(self) -> date:
        return self.monday or policy_week.monday_of(self.at, self.site)

    def seven(self) -> list[policy_week.Ahead]:
        return policy_week.seven(self.site, Timeline(self.calendars()["schedule"]), at=self.at)

    def plot(self) -> Plot:
        return plot_of(self.replay, self.lost, self.today, self.site)


@dataclass(frozen=True)
class Plot:
    """Newly hidden by day: `width` and heights in px."""

    bars: list[tuple[int, int, int, str]] = field(default_factory=list)  # x, y, height, title
    marks: list[int] = field(default_factory=list)  # x of what would be lost
    width: int = 0
    first: date | None = None
    last: date | None = None


def plot_of(replay: dict[str, Any], lost: list[gate.Card], today: date, site: Site) -> Plot:
    if not replay:
        return Plot()
    days = [today - timedelta(days=back) for back in range(gate.LOOKS_BACK.days, -1, -1)]
    hidden = [int((replay.get("by_day", {}).get(day.isoformat()) or {}).get("newly_hidden", 0)) for day in days]
    most = max(hidden) or 1
    bars = []
    for n, (day, count) in enumerate(zip(days, hidden, strict=True)):
        height = round(PLOT_HEIGHT * count / most) if count else 0
        title = _("%(day)s: %(n)s newly hidden") % {"day": policy_words.day_text(day), "n": count}
        bars.append((n * 18, PLOT_HEIGHT + 8 - max(height, 1), max(height, 1), title))
    places = {day: n for n, day in enumerate(days)}
    at = [places[day] for card in lost if (day := card.at.astimezone(site.zone_info).date()) in places]
    return Plot(bars, [n * 18 + 7 for n in sorted(set(at))], 18 * len(days), days[0], days[-1])


def schedules(desk: Desk, fields: Fields) -> tuple[Schedule, list[Schedule]]:
    """The site's, and one for each zone, whether or not it has hours of its own."""
    body = desk.body
    of_zones = part(body.get("zones"))
    site = fields.schedule(body.get("schedule"), "schedule", _("Site"))
    own = []
    for zone in desk.zones:
        pk = str(zone.pk)
        given = of_zones.get(pk)
        own.append(
            fields.schedule(
                part(given).get("schedule"), f"zones.{pk}.schedule", zone.name, own=given is not None, zone=pk
            )
        )
    return site, own


@dataclass(frozen=True)
class Holiday:
    date: date
    name: str
    means: str


def holidays_of(desk: Desk, prefix: str) -> list[Holiday]:
    """The next public holidays of a schedule, with what they mean there: a date or a special day of its own counts first."""
    calendar = desk.calendars().get(prefix)
    if calendar is None:
        return []
    days = {day.isoformat(): name for day, name in calendar.holidays.items()}
    found = []
    for day, name in coming(days, after=desk.today, most=HOLIDAYS_SHOWN):
        kind, _name, hours = calendar.on(day)
        text = policy_words.hours_words([[one.starts.strftime("%H:%M"), one.ends.strftime("%H:%M")] for one in hours])
        armed = _("armed %(hours)s") % {"hours": text} if text else _("not armed")
        why = {"weekday": _("as on other days"), "date": _("by its date"), "special": _("by a special day")}.get(
            kind, ""
        )
        found.append(Holiday(day, name, f"{armed}, {why}" if why else armed))
    return found


@lru_cache(maxsize=1)
def country_names() -> list[tuple[str, str]]:
    """Code and name of each country whose public holidays are known, by name."""
    known = countries()
    named = {codes[1]: module.replace("_", " ").title() for module, codes in COUNTRIES.items()}
    return sorted(((code, named[code]) for code in named if code in known), key=lambda pair: pair[1])


def regions(country: str) -> list[str]:
    return sorted(regions_of(country) or ())


def page(desk: Desk) -> dict[str, Any]:
    """Everything that the template draws."""
    fields = Fields(desk.body, desk.problems)
    site, of_zones = schedules(desk, fields)
    for one in (site, *of_zones):
        if one.own:
            one.days, one.coming = desk.week_of(one.prefix), holidays_of(desk, one.prefix)
            one.regions = regions(one.country.value)
    return {
        "desk": desk,
        "site": desk.site,
        "schedule": site,
        "zone_schedules": of_zones,
        "opening": fields.opening(),
        "rules": fields.rules(),
        "runaway": fields.runaway(),
        "owner": desk.body.get("owner", "schedule"),
        "owners": policy_words.OWNERS.items(),
        "days_of_week": DAYS,
        "zones": desk.zones,
        "categories": policy_words.CATEGORIES.items(),
        "when": policy_words.WHEN.items(),
        "decisions": policy_words.DECISIONS.items(),
        "priorities": [(str(number), name) for number, name in policy_words.PRIORITIES.items()],
        "limits": [(fields.runaway()[name], words) for name, words in policy_words.LIMITS.items()],
        "countries": country_names(),
        "previous": desk.shown_monday - timedelta(days=7),
        "next": desk.shown_monday + timedelta(days=7),
        "sunday": desk.shown_monday + timedelta(days=6),
        "grid_words": grid_words(),
        "readonly": desk.version is not None,
    }


def grid_words() -> dict[str, Any]:
    """What the weekly grid says. {gaps} are filled in by it."""
    return {
        "days": [str(name) for _number, name in DAYS],
        "armed": _("Armed"),
        "span": _("{from} to {to}"),
        "bar": _("{day} armed {from} to {to}"),
        "bar_overnight": _("{day} armed {from} to {to} on {next}"),
        "changing": _("Left and right move the beginning, with Shift the end; up and down the day; Enter ends it."),
        "overlaps": _("overlaps another one"),
        "not_this_week": _("does not count on this date"),
        "removed": _("Removed."),
        "full": _("No hour is left on this day."),
    }


@dataclass(frozen=True)
class Version:
    """One published version as history shows it."""

    policy: Policy
    changes: list[policy_words.Change]
    in_force: bool
    lost: int


def history(desk: Desk) -> list[Version]:
    """The newest first, each with what it changed of the one before."""
    rows = Policy.objects.filter(site=desk.site).select_related("published_by", "signed_by", "rolled_back_to")
    versions = list(rows.order_by("-number")[: VERSIONS_SHOWN + 1])
    found = []
    for policy, before in zip(versions, [*versions[1:], None], strict=True):
        made = policy_words.changes(part(before.body) if before else {}, part(policy.body), desk.names)
        current = desk.in_force is not None and policy.pk == desk.in_force.pk
        found.append(Version(policy, made, current, len((policy.replayed or {}).get("lost", []))))
    return found[:VERSIONS_SHOWN]
