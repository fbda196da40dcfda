from __future__ import annotations

import random

import pytest

from cameras.vision.assignment import assign


def best_of(costs) -> tuple[int, float]:
    """Every assignment tried: the most pairs, then the least cost."""
    best = (0, 0.0)

    def go_on(row: int, used: frozenset[int], pairs: int, cost: float) -> None:
        nonlocal best
        if row == len(costs):
            best = max(best, (pairs, -cost))
            return
        go_on(row + 1, used, pairs, cost)
        for column, one in enumerate(costs[row]):
            if one is not None and column not in used:
                go_on(row + 1, used | {column}, pairs + 1, cost + one)

    go_on(0, frozenset(), 0, 0.0)
    return best[0], -best[1]


@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_has_more_pairs_or_costs_less(seed):
    rng = random.Random(seed)
    for _ in range(60):
        rows, columns, holes = rng.randint(0, 5), rng.randint(1, 5), rng.choice([0.1, 0.5, 0.8])
        costs = [[None if rng.random() < holes else rng.uniform(-5, 5) for _ in range(columns)] for _ in range(rows)]
        pairs = assign(costs)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        cost = sum(costs[row][column] for row, column in pairs)
        assert (len(pairs), pytest.approx(cost)) == best_of(costs)


def test_greed_would_leave_the_second_with_what_is_far():
    assert assign([[1.0, 1.1], [1.2, 9.0]]) == [(0, 1), (1, 0)]


def test_nothing_to_assign():
    assert assign([]) == assign([[], []]) == assign([[None], [None]]) == []
