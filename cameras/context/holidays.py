"""Public holidays by country and region."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Final

import holidays

from cameras.context.refusal import PolicyRefused, Problem

YEARS_BACK: Final = 1
YEARS_AHEAD: Final = 10
NAME_LONGEST: Final = 120


def public_holidays(country: str, subdiv: str, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of a country, with those of a region of it (empty: the whole country's only), in order.

    country: ISO 3166-1 alpha-2. subdiv: ISO 3166-2, without the country. Names in the country's language.
    Raises PolicyRefused for a country or region that is not known.
    """
    regions = regions_of(country)
    if regions is None:
        raise PolicyRefused([Problem("country", "unknown_country", {"country": country})])
    if subdiv and subdiv not in regions:
        raise PolicyRefused([Problem("subdiv", "unknown_region", {"country": country, "subdiv": subdiv})])
    return dict(_days(country, subdiv, tuple(years)))


@lru_cache(maxsize=256)
def _days(country: str, subdiv: str, years: tuple[int, ...]) -> tuple[tuple[date, str], ...]:
    return tuple(sorted(holidays.country_holidays(country, subdiv=subdiv or None, years=years).items()))


def regions_of(country: str) -> tuple[str, ...] | None:
    """The regions of a country whose holidays are known; None for an unknown country."""
    regions = countries().get(country)
    return None if regions is None else tuple(regions)


@lru_cache(maxsize=1)
def countries() -> dict[str, list[str]]:
    """The countries whose holidays are known, with their regions."""
    return holidays.list_supported_countries(include_aliases=True)


def with_holidays(body: Any, *, around: int) -> Any:
    """A policy's body with the public holidays of each of its schedules filled in, from the year before `around` to ten after.

    So a version can be read without asking anybody, and what it once said stays so. What cannot be filled in is left for the
    reader to refuse; but raises PolicyRefused, with the path, for a country or region that is not known.
    """
    if not isinstance(body, dict):
        return body
    years = range(around - YEARS_BACK, around + YEARS_AHEAD + 1)
    filled = _filled(body, "", years)
    zones = body.get("zones")
    if isinstance(zones, dict):
        filled["zones"] = {
            key: _filled(zone, f"zones.{key}.", years) if isinstance(zone, dict) else zone
            for key, zone in zones.items()
        }
    return filled


def _filled(holder: dict[str, Any], path: str, years: range) -> dict[str, Any]:
    """A body, or one of its zones, with its schedule's holidays."""
    schedule = holder.get("schedule")
    if not isinstance(schedule, dict):
        return dict(holder)
    given = schedule.get("holidays")
    if not isinstance(given, dict) or not isinstance(given.get("country"), str):
        return dict(holder)
    subdiv = given.get("subdiv") or ""
    if not isinstance(subdiv, str):
        return dict(holder)
    try:
        found = public_holidays(given["country"], subdiv, years)
    except PolicyRefused as refused:
        path = f"{path}schedule.holidays."
        raise PolicyRefused([Problem(path + one.path, one.code, one.params) for one in refused.problems]) from None
    days = {day.isoformat(): name[:NAME_LONGEST] for day, name in found.items()}
    return {**holder, "schedule": {**schedule, "holidays": {**given, "days": days}}}
