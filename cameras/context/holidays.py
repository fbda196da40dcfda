"""Public holidays by country and region."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import holidays

from cameras.context.refusal import PolicyRefused, Problem


def public_holidays(country: str, subdiv: str, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of a country, with those of a region of it (empty: the whole country's only), in order.

    country: ISO 3166-1 alpha-2. subdiv: ISO 3166-2, without the country. Names in the country's language.
    Raises PolicyRefused for a country or region that is not known.
    """
    regions = holidays.list_supported_countries(include_aliases=True).get(country)
    if regions is None:
        raise PolicyRefused([Problem("country", "unknown_country", {"country": country})])
    if subdiv and subdiv not in regions:
        known = {"country": country, "subdiv": subdiv}
        raise PolicyRefused([Problem("subdiv", "unknown_region", known)])
    found = holidays.country_holidays(country, subdiv=subdiv or None, years=years)
    return dict(sorted(found.items()))


def regions_of(country: str) -> tuple[str, ...] | None:
    """The regions of a country whose holidays are known; None for an unknown country."""
    regions = holidays.list_supported_countries(include_aliases=True).get(country)
    return None if regions is None else tuple(regions)
