"""Security and defence stays hidden from somebody who knows all totals and subtracts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from kpi import sensitive
from kpi.suppression import THRESHOLD

REGIONS = [f"R{number}" for number in range(8)]
SECTORS = ["ECO", "EDU", "HEA", "SEC", "TRA"]
MEANS = {"ECO": 30, "EDU": 8, "HEA": 3, "SEC": 6, "TRA": 10}
WEIGHTS = [3, 1, 1, 0.6, 0.4, 0.2, 0.1, 0.02]
"""Some regions are so small that hardly anything can be hidden there."""


def table(seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    rows = [
        (sector, region, int(random.poisson(MEANS[sector] * weight)))
        for sector in SECTORS
        for region, weight in zip(REGIONS, WEIGHTS, strict=True)
    ]
    return pl.DataFrame(rows, schema={"sector": pl.String, "region": pl.String, "n": pl.Int64}, orient="row")


def reach(cells: pl.DataFrame, hidden: set[tuple[str, str]], wanted: tuple[str, str]) -> tuple[float, float]:
    """Between which values a reader who knows every shown cell and every total can bring a cell."""
    unknown = sorted(hidden)
    shown = {(sector, region): n for sector, region, n in cells.iter_rows() if (sector, region) not in hidden}
    totals: list[tuple[list[float], float]] = []
    for place, labels in ((0, SECTORS), (1, REGIONS)):
        for label in labels:
            total = cells.filter(pl.col(cells.columns[place]) == label)["n"].sum()
            known = sum(n for pair, n in shown.items() if pair[place] == label)
            totals.append(([float(pair[place] == label) for pair in unknown], total - known))
    sums, values = [row for row, _ in totals], [value for _, value in totals]
    goal = np.array([float(pair == wanted) for pair in unknown])
    least, most = (linprog(sign * goal, A_eq=sums, b_eq=values, bounds=(0, None)) for sign in (1, -1))
    return float(least.fun), -float(most.fun)


@pytest.mark.parametrize("seed", range(20))
def test_no_subtraction_brings_a_small_count_back(seed: int) -> None:
    cells = table(seed)
    small = cells.filter((pl.col("sector") == "SEC") & (pl.col("n") < THRESHOLD))

    hidden = set(sensitive.hidden_cells(cells, rows="sector", columns="region", count="n").iter_rows())

    for sector, region, n in small.iter_rows():
        others = cells.filter((pl.col("region") == region) & (pl.col("sector") != "SEC"))["n"].sum()
        assert (sector, region) in hidden
        low, high = reach(cells, hidden, (sector, region))
        assert low <= 1e-6
        assert high >= n + min(THRESHOLD, others) - 1e-6


def test_much_of_the_other_sectors_is_shown() -> None:
    cells = table(3)

    found = sensitive.hidden_cells(cells, rows="sector", columns="region", count="n")

    others = cells.filter(pl.col("sector") != "SEC").height
    assert found.filter(pl.col("sector") != "SEC").height <= others / 2


def test_where_nothing_is_small_nothing_is_hidden() -> None:
    cells = table(1).with_columns(pl.col("n") + THRESHOLD)

    assert sensitive.hidden_cells(cells, rows="sector", columns="region", count="n").is_empty()


def test_the_sector_alone_is_hidden_whole() -> None:
    cells = table(1).filter(pl.col("sector") == "SEC")

    found = sensitive.hidden_cells(cells, rows="sector", columns="region", count="n")

    assert set(found["region"]) == set(REGIONS)
