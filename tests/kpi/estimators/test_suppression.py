"""Tables with hidden cells, attacked with linear programming, interval propagation and every whole-number table there is."""

from __future__ import annotations

import itertools
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from scipy.optimize import linprog

from kpi.estimators import suppression
from kpi.estimators.suppression import Counts, Mask

Limits = dict[tuple[int, int], tuple[float, float]]


@st.composite
def tables(draw: st.DrawFn, *, most: int = 5, largest: int = 30) -> Counts:
    """A table with totals, of any shape, mostly of small counts."""
    shape = draw(st.tuples(st.integers(1, most), st.integers(1, most)))
    counts = st.one_of(st.integers(0, 6), st.integers(0, largest))
    cells = draw(st.lists(counts, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return suppression.with_totals(np.array(cells, dtype=np.int64).reshape(shape))


def programme_limits(table: Counts, mask: Mask) -> Limits:
    """The least and the most that every hidden cell can be, given all that is shown: what the best attacker finds out."""
    height, width = table.shape
    number = np.arange(table.size).reshape(table.shape)
    sums = [(number[row, :-1], number[row, -1]) for row in range(height)]
    sums += [(number[:-1, column], number[-1, column]) for column in range(width)]
    matrix = np.zeros((len(sums), table.size))
    for line, (parts, total) in enumerate(sums):
        matrix[line, parts], matrix[line, total] = 1, -1
    bounds = [(0, None) if hidden else (count, count) for count, hidden in zip(table.flat, mask.flat, strict=True)]
    limits: Limits = {}
    for cell in np.flatnonzero(mask).tolist():
        aim = np.zeros(table.size)
        aim[cell] = 1
        least = linprog(aim, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=bounds)
        most = linprog(-aim, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=bounds)
        unbounded = most.status == 3
        row, column = divmod(cell, width)
        limits[row, column] = (round(least.fun, 6), float("inf") if unbounded else round(-most.fun, 6))
    return limits


def propagated_limits(table: Counts, mask: Mask) -> Limits:
    """The limits a patient clerk reaches by subtracting, line by line, until nothing changes any more."""
    ceiling = 1e6
    low = np.where(mask, 0.0, table.astype(float))
    high = np.where(mask, ceiling, table.astype(float))
    for _ in range(50):
        before = low.copy(), high.copy()
        for lines_low, lines_high in ((low, high), (low.T, high.T)):
            for least, most in zip(lines_low, lines_high, strict=True):
                least[-1], most[-1] = max(least[-1], least[:-1].sum()), min(most[-1], most[:-1].sum())
                for cell in range(len(least) - 1):
                    others_low, others_high = least[:-1].sum() - least[cell], most[:-1].sum() - most[cell]
                    least[cell] = max(least[cell], least[-1] - others_high)
                    most[cell] = min(most[cell], most[-1] - others_low)
        if (before[0] == low).all() and (before[1] == high).all():
            break
    return {(row, column): (low[row, column], high[row, column]) for row, column in np.argwhere(mask).tolist()}


def assert_protected(table: Counts, mask: Mask, limits: Limits) -> None:
    """No small count is brought within the limits that `suppression.hidden` promises to keep open."""
    for (row, column), (least, most) in limits.items():
        count = table[row, column]
        if count < 5:
            in_body = row < len(table) - 1 and column < table.shape[1] - 1
            assert most >= count + 5, (row, column)
            assert least <= (0 if in_body else max(count - 1, 0)), (row, column)


@settings(max_examples=25, deadline=None)
@given(tables(most=4))
def test_no_small_count_can_be_worked_out_by_linear_programming(table: Counts) -> None:
    mask = suppression.hidden(table)

    assert mask[table < 5].all()
    assert_protected(table, mask, programme_limits(table, mask))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(tables(most=12, largest=200))
def test_no_small_count_can_be_worked_out_by_subtracting_line_by_line(table: Counts) -> None:
    mask = suppression.hidden(table)

    assert_protected(table, mask, propagated_limits(table, mask))


def test_the_attack_finds_what_is_hidden_without_protection() -> None:
    """Hiding small counts alone does not do: the tests above would notice."""
    table = suppression.with_totals(np.array([[30, 2], [20, 14]]))
    naive = table < 5

    assert programme_limits(table, naive) == {(0, 1): (2.0, 2.0)}
    assert propagated_limits(table, naive) == {(0, 1): (2.0, 2.0)}


@pytest.mark.slow
def test_every_whole_number_table_that_fits_leaves_a_small_count_open() -> None:
    """No theory: all tables of whole numbers with the same shown cells, one after the other."""
    table = suppression.with_totals(np.array([[7, 2, 16], [9, 8, 11], [15, 26, 9]]))
    mask = suppression.hidden(table)
    body = np.argwhere(mask[:-1, :-1]).tolist()
    reach = range(16)
    assert len(body) == 4

    seen: dict[tuple[int, int], set[int]] = {(row, column): set() for row, column in body}
    for values in itertools.product(reach, repeat=len(body)):
        trial = table[:-1, :-1].copy()
        for (row, column), value in zip(body, values, strict=True):
            trial[row, column] = value
        if (suppression.with_totals(trial) == table)[~mask].all():
            for (row, column), value in zip(body, values, strict=True):
                seen[row, column].add(value)

    for (row, column), possible in seen.items():
        if table[row, column] < 5:
            assert {0, int(table[row, column]), 5} <= possible


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    table = suppression.with_totals(np.array([[5, 9], [12, 7]]))

    assert not suppression.hidden(table).any()


def test_everything_is_hidden_where_the_whole_is_small() -> None:
    assert suppression.hidden(suppression.with_totals(np.array([[1, 0], [2, 1]]))).all()


def test_little_more_is_hidden_than_has_to_be() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    table = suppression.with_totals(random.integers(5, 60, (20, 8)))
    table[4, 2], table[11, 5] = 3, 3
    table = suppression.with_totals(table[:-1, :-1])

    mask = suppression.hidden(table)

    assert mask.sum() == 4  # the two small ones and the two that close their cycle


def test_a_frame_comes_back_with_totals_and_without_what_is_hidden() -> None:
    frame = pl.DataFrame(
        {"agency": ["A", "A", "B", "B", "C", "C"], "tier": ["CSP", "SP"] * 3, "n": [30, 2, 20, 14, 25, 40]}
    )

    shown = suppression.protected(frame, rows="agency", columns="tier", count="n")

    counts = {(row["agency"], row["tier"]): row["count"] for row in shown.iter_rows(named=True)}
    assert counts == {
        ("A", "CSP"): None,
        ("A", "SP"): None,
        ("A", "TOTAL"): 32,
        ("B", "CSP"): None,
        ("B", "SP"): None,
        ("B", "TOTAL"): 34,
        ("C", "CSP"): 25,
        ("C", "SP"): 40,
        ("C", "TOTAL"): 65,
        ("TOTAL", "CSP"): 75,
        ("TOTAL", "SP"): 56,
        ("TOTAL", "TOTAL"): 131,
    }
    assert shown["is_hidden"].to_list() == shown["count"].is_null().to_list()


def test_a_list_with_one_total_hides_a_second_count() -> None:
    frame = pl.DataFrame({"agency": ["A", "B", "C"], "n": [3, 20, 14]})

    shown = suppression.protected(frame, rows="agency", count="n")

    assert shown.select("agency", "count").rows() == [("A", None), ("B", 20), ("C", None), ("TOTAL", 37)]


def test_pairs_that_do_not_occur_count_as_none_and_an_empty_frame_shows_nothing() -> None:
    frame = pl.DataFrame({"agency": ["A", "B"], "tier": ["CSP", "SP"], "n": [40, 50]})

    shown = suppression.protected(frame, rows="agency", columns="tier", count="n")
    empty = suppression.protected(frame.clear(), rows="agency", columns="tier", count="n")

    assert shown.filter(agency="A", tier="SP")["count"].item() is None
    assert empty["count"].to_list() == [None]


def test_how_much_is_hidden_does_not_depend_on_the_order_of_rows_and_columns() -> None:
    table = suppression.with_totals(np.array([[9, 3, 20], [14, 8, 6], [7, 31, 12]]))
    turned = suppression.with_totals(table[:-1, :-1][::-1, ::-1])

    share = Fraction(int(suppression.hidden(table).sum()), table.size)

    assert Fraction(int(suppression.hidden(turned).sum()), turned.size) == share
