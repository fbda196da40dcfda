"""Recall from the audit's verdicts: the interval is Wilson's, what it is reckoned from is counted right, few are called few."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from incidents.audit.recall import Found, by_site, estimate, recall
from incidents.audit.wilson import Stratum, of_counts, stratified, wilson
from incidents.models import AuditCase, AuditDraw
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.audit.conftest import AT, claimed, filmed, genuine, sampled

# R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3: (hits, of, low, high).
NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("hits", "n", "low", "high"), NEWCOMBE)
def test_the_interval_is_the_published_one(hits, n, low, high):
    found = of_counts(hits, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize("n", [1, 5, 30, 1000])
@pytest.mark.parametrize("part", [0, 0.2, 0.5, 1])
def test_its_bounds_solve_the_score_equation(n, part):
    """Independently of the formula: a bound is a share from which what was seen is 1.96 standard deviations away."""
    hits = round(n * part)
    found = of_counts(hits, n)
    for bound in {found.low, found.high} - {0.0, 1.0}:
        assert abs(hits / n - bound) / (bound * (1 - bound) / n) ** 0.5 == pytest.approx(1.959964, abs=1e-5)
    assert found.low <= hits / n <= found.high


def test_nothing_is_known_of_no_case_and_a_share_is_a_share():
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)
    for share, n in ((-0.1, 3), (1.1, 3), (0.5, -1)):
        with pytest.raises(ValueError, match="no share"):
            wilson(share, n)


def test_equal_strata_are_as_one_and_unequal_ones_count_for_what_they_stand_for():
    whole, n = stratified([Stratum(100, 10, 2), Stratum(100, 10, 4)])
    assert (whole, n) == (wilson(0.3, 20), 20)
    whole, n = stratified([Stratum(900, 10, 0), Stratum(100, 10, 10)])
    assert whole.value == pytest.approx(0.1)
    assert n == pytest.approx(1000**2 / (900**2 / 10 + 100**2 / 10))
    assert stratified([Stratum(100, 10, 2), Stratum(5000, 0, 0)]) == stratified([Stratum(100, 10, 2)])


def covered(truth: float, *, rounds: int, seed: int, spread: float = 0.0) -> float:
    """How often the interval of a draw has the truth in it. The sites differ in size, and by `spread` in their share."""
    dice = random.Random(seed)
    sites = [(400, truth * (1 + spread)), (900, truth), (1700, truth * (1 - spread * 400 / 1700))]
    real = sum(size * share for size, share in sites) / 3000
    inside = 0
    for _round in range(rounds):
        strata = []
        for size, share in sites:
            n = max(1, round(size * 0.03))
            strata.append(Stratum(size, n, sum(dice.random() < share for _ in range(n))))
        found, _n = stratified(strata)
        inside += found.low <= real <= found.high
    return inside / rounds


@pytest.mark.parametrize(("truth", "spread"), [(0.02, 0.0), (0.1, 0.5), (0.4, 0.3)])
def test_the_interval_has_the_truth_in_it_as_often_as_it_says(truth, spread):
    assert covered(truth, rounds=1500, seed=20261122, spread=spread) > 0.93


def test_the_interval_that_is_usually_taught_would_not_have_it(monkeypatch):
    """Share ± 1.96 standard errors, which is nothing at all where no miss was seen."""
    from incidents.audit import wilson as module

    def wald(share, n, *, confidence=0.95):
        reach = 1.96 * (share * (1 - share) / n) ** 0.5
        return module.Interval(share, share - reach, share + reach)

    monkeypatch.setattr(module, "wilson", wald)
    assert covered(0.02, rounds=600, seed=20261122) < 0.93


# --- recall itself


def test_recall_is_what_was_raised_of_what_was_real():
    found = estimate(Found(candidates=1100, held_back=1000, raised_real=40, strata=(Stratum(1000, 100, 1),)))
    share = of_counts(1, 100)
    assert found.value == pytest.approx(40 / (40 + 10))
    assert found.low == pytest.approx(40 / (40 + 1000 * share.high))
    assert found.high == pytest.approx(40 / (40 + 1000 * share.low))
    assert found.reduction == pytest.approx(1000 / 1100)
    assert (found.n, found.misses) == (100, 1)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Found(), "nothing at all"),
        (Found(candidates=10, held_back=9, raised_real=5, strata=(Stratum(9, 9, 0),)), "nine cases"),
        (Found(candidates=5000, held_back=5000, raised_real=3, strata=(Stratum(5000, 40, 0),)), "as wide as the world"),
        (Found(candidates=500, held_back=500, raised_real=0, strata=(Stratum(500, 60, 0),)), "nothing was real"),
    ],
)  # fmt: skip
def test_too_few_are_called_too_few(found, why):
    assert not estimate(found).enough, why


def test_many_cases_without_a_miss_are_enough_and_still_not_certain():
    found = estimate(Found(candidates=1000, held_back=900, raised_real=100, strata=(Stratum(900, 120, 0),)))
    assert found.enough
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.7 < found.low < 0.85


@pytest.fixture
def site(site):
    make.arm_always(site)
    return site


@pytest.fixture
def judge_case(zone, desks):
    """A sampled case of `hour`, shown and judged."""

    def judge(verdict: str, *, hours: float) -> AuditCase:
        from incidents import actions

        case = sampled(zone, at=NIGHT + timedelta(hours=hours))
        at = AT + timedelta(hours=hours)
        AuditCase.objects.filter(pk=case.pk).update(due_at=at)
        desks(at)
        held = claimed(case, at=at)
        actions.decide(held.pk, verdict=verdict, token=held.token, by=held.owner, at=at + timedelta(seconds=8))
        return case

    return judge


def test_cases_and_what_was_raised_are_counted_from_their_rows(judge_case, site, zone, alice, other_camera):
    genuine(zone, alice, at=NIGHT + timedelta(hours=20))
    for number, verdict in enumerate(["false", "real", "authorised", "cannot_tell", "suspicious"]):
        judge_case(verdict, hours=2 + 2 * number)
    filmed(zone, at=NIGHT + timedelta(hours=15), decision="ignore")
    day = NIGHT.replace(hour=0, minute=0, second=0)
    AuditDraw.objects.create(
        site=site, starts_at=day, ends_at=day + timedelta(days=1), made_at=AT, seed=1, rate=1.0, population=8, showable=8, drawn=5
    )  # fmt: skip
    since, until = NIGHT - timedelta(hours=1), NIGHT + timedelta(days=1)
    found = by_site([site, other_camera.site], since, until)
    mine = found[site.pk]
    assert (mine.candidates, mine.held_back, mine.raised_real, mine.cannot_tell) == (7, 6, 1, 1)
    assert mine.strata == (Stratum(8, 4, 2),)
    assert found[other_camera.site.pk] == Found()
    both = recall([site, other_camera.site], since, until)
    assert (both.n, both.value) == (4, pytest.approx(1 / (1 + 6 * 0.5)))
    assert not both.enough


def test_what_was_raised_in_the_same_moment_is_no_miss(judge_case, site, zone, alice):
    """A short stay two seconds before the alarm: whoever it was, nobody was lost."""
    genuine(zone, alice, at=NIGHT + timedelta(hours=2, seconds=2))
    judge_case("real", hours=2)
    assert by_site([site], NIGHT, AT)[site.pk].strata[0].hits == 0


def test_known_intrusions_tell_of_operators_and_not_of_the_filter(site, zone, alice, desks):
    from incidents import actions
    from tests.incidents.audit.conftest import injected

    held = claimed(injected(zone, alice))
    actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=AT + timedelta(seconds=8))
    found = recall([site], AT - timedelta(days=1), AT + timedelta(days=1))
    assert (found.n, found.found.shown, found.found.seen, found.seen.value) == (0, 1, 1, 1.0)
    assert found.found.raised_real == 0, "the case itself is no real incident"


def test_recall_of_many_sites_costs_as_much_as_of_one(site, customer, django_assert_num_queries):
    sites = [site, *(make.make_site(customer, f"Site {n}") for n in range(6))]
    for some in (sites[:1], sites):
        with django_assert_num_queries(4):
            by_site(some, NIGHT, AT)
