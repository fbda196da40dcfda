"""Plots drawn by hand: what they draw is what they were given, to scale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soc.core.plot import HEAD, HEIGHT, Bar, narrowing, nice, plot


@given(st.integers(0, 10**9))
def test_the_scale_ends_at_a_round_figure_not_below_the_highest(most):
    scale = nice(most)
    assert scale == sorted(set(scale))
    assert scale[0] == 0
    assert most <= scale[-1] <= max(2, 2 * most)


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=40))
def test_columns_stand_side_by_side_on_the_base_and_are_as_high_as_they_count(pairs):
    bars = [Bar(str(n), "", max(a, b), min(a, b)) for n, (a, b) in enumerate(pairs)]
    drawn = plot(bars)
    top = drawn.ticks[-1].value
    right = 0.0
    for column in drawn.columns:
        assert column.x >= right
        right = column.x + column.width
        assert abs(column.h_all - HEIGHT * column.bar.all / top) <= 0.1
        assert column.y_all + column.h_all == HEAD + HEIGHT or abs(column.y_all + column.h_all - HEAD - HEIGHT) < 0.11
        assert column.h_raised <= max(column.h_all, 1.5)
        assert (column.h_raised > 0) == (column.bar.raised > 0)
    assert right <= 100.01


def test_a_funnel_shows_three_of_a_million():
    wide = narrowing([1_000_000, 900, 40, 31, 3])
    assert wide[0] == 100
    assert wide == sorted(wide, reverse=True)
    assert wide[-1] >= 5
    assert narrowing([10, 0]) == [100, 0]
    assert narrowing([0, 0]) == [0, 0]
