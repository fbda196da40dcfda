"""The interval of a share, pure.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical
Association 22 (1927), 209-212; compared with others and tabulated by R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A share, 0..1, with its bounds."""

    value: float
    low: float
    high: float


def wilson(share: float, n: float, *, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of `share` (0..1) seen in `n` cases, which may be an effective number and so no whole one.

    Of no case at all: anything is possible. Raises ValueError for a share outside 0..1 or a negative n.
    """
    if not 0 <= share <= 1 or n < 0:
        raise ValueError(f"no share: {share} of {n}")
    if n == 0:
        return Interval(share, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    middle = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula is exact, its arithmetic is not.
    low = 0.0 if share == 0 else max(0.0, (middle - reach) / scale)
    high = 1.0 if share == 1 else min(1.0, (middle + reach) / scale)
    return Interval(share, low, high)


def of_counts(hits: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """`hits` of `n`."""
    return wilson(hits / n if n else 0.0, n, confidence=confidence)


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was judged of a part of the whole: `hits` of `n` cases drawn by lot from `population`."""

    population: int
    n: int
    hits: int


def stratified(strata: Iterable[Stratum], *, confidence: float = CONFIDENCE) -> tuple[Interval, float]:
    """(the share of the whole, the effective number of cases): each stratum counts for its population.

    Strata that nobody drew from are taken to be as the others are together. The interval is Wilson's with the effective
    sample size of unequal weights (L. Kish, "Survey Sampling", 1965, section 11.7): (sum of weights)² / sum of their squares.
    """
    drawn = [one for one in strata if one.n]
    whole = sum(max(one.population, one.n) for one in drawn)
    if not whole:
        return Interval(0.0, 0.0, 1.0), 0.0
    share = sum(max(one.population, one.n) * one.hits / one.n for one in drawn) / whole
    squares = sum(max(one.population, one.n) ** 2 / one.n for one in drawn)
    effective = whole * whole / squares
    return wilson(min(share, 1.0), effective, confidence=confidence), effective
