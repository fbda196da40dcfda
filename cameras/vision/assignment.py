"""Who belongs to whom at the least cost in all: the assignment problem, for the few boxes of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf


def assign(costs: Sequence[Sequence[float | None]]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the cheapest assignment among those with the most pairs, by row.

    costs: a matrix of finite costs; None where a pair is not possible. Rows and columns that cannot have each other
    fall into groups, which are solved each for itself: most pictures have one candidate for everything.
    """
    pairs: list[tuple[int, int]] = []
    for rows, columns in _groups(costs):
        if len(rows) == 1:
            row = rows[0]
            pairs.append((row, min(columns, key=lambda column: _or_inf(costs[row][column]))))
        elif len(columns) == 1:
            column = columns[0]
            pairs.append((min(rows, key=lambda row: _or_inf(costs[row][column])), column))
        else:
            pairs += _solved(costs, rows, columns)
    return sorted(pairs)


def _or_inf(cost: float | None) -> float:
    return inf if cost is None else cost


def _groups(costs: Sequence[Sequence[float | None]]) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that hang together by possible pairs."""
    possible = [[column for column, cost in enumerate(row) if cost is not None] for row in costs]
    takers: dict[int, list[int]] = {}
    for row, columns in enumerate(possible):
        for column in columns:
            takers.setdefault(column, []).append(row)
    groups, seen = [], set[int]()
    for first, columns in enumerate(possible):
        if first in seen or not columns:
            continue
        rows, reached, waiting = [first], set[int](), [first]
        seen.add(first)
        while waiting:
            for column in possible[waiting.pop()]:
                if column in reached:
                    continue
                reached.add(column)
                fresh = [row for row in takers[column] if row not in seen]
                seen.update(fresh)
                rows += fresh
                waiting += fresh
        groups.append((sorted(rows), sorted(reached)))
    return groups


def _solved(costs: Sequence[Sequence[float | None]], rows: list[int], columns: list[int]) -> list[tuple[int, int]]:
    """The Hungarian method with potentials (shortest augmenting paths), O(rows² × columns).

    Not being paired costs more than any chain of pairs could save, so that as many as possible are.
    """
    if len(rows) > len(columns):
        turned = [[costs[row][column] for row in rows] for column in columns]
        inner = _solved(turned, list(range(len(columns))), list(range(len(rows))))
        return [(rows[b], columns[a]) for a, b in inner]
    finite = [cost for row in rows for column in columns if (cost := costs[row][column]) is not None]
    apart = (max(finite) - min(finite) + 1.0) * (len(rows) + 1) + max(map(abs, finite))
    n, m = len(rows), len(columns)
    table = [[apart if costs[row][column] is None else costs[row][column] for column in columns] for row in rows]
    of_row, of_column = [0.0] * (n + 1), [0.0] * (m + 1)
    owner = [0] * (m + 1)  # row (from 1) that has a column (from 1)
    for row in range(1, n + 1):
        owner[0], column = row, 0
        slack, back, done = [inf] * (m + 1), [0] * (m + 1), [False] * (m + 1)
        while owner[column]:
            done[column] = True
            here, least, nearest = owner[column], inf, 0
            line, potential = table[here - 1], of_row[here]
            for j in range(1, m + 1):
                if done[j]:
                    continue
                reduced = line[j - 1] - potential - of_column[j]  # type: ignore[operator]
                if reduced < slack[j]:
                    slack[j], back[j] = reduced, column
                if slack[j] < least:
                    least, nearest = slack[j], j
            for j in range(m + 1):
                if done[j]:
                    of_row[owner[j]] += least
                    of_column[j] -= least
                else:
                    slack[j] -= least
            column = nearest
        while column:
            owner[column] = owner[back[column]]
            column = back[column]
    return [
        (rows[owner[j] - 1], columns[j - 1])
        for j in range(1, m + 1)
        if owner[j] and costs[rows[owner[j] - 1]][columns[j - 1]] is not None
    ]
