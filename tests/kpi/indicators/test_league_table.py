"""League tables: who is placed where, against when, and who is not placed at all."""

from __future__ import annotations

import polars as pl

from kpi.indicators import league_table
from kpi.rules import Rules
from kpi.vocabulary import Band

SCORED = sorted(Rules().weights)
CARDS = {
    "agency": pl.String,
    "kpi": pl.String,
    "n": pl.Int64,
    "value": pl.Float64,
    "score": pl.Float64,
    "status": pl.String,
    "settled": pl.Boolean,
    "follow_up": pl.Float64,
}


def cards(scores: dict[str, float | None], *, n: int = 20) -> pl.DataFrame:
    """A card per agency for the composite and for each scored KPI, all with the same value."""
    rows = [
        (agency, kpi, n, score, score, "green" if score is not None else "too_few", True, None)
        for agency, score in scores.items()
        for kpi in [*SCORED, "K13"]
    ]
    return pl.DataFrame(rows, schema=CARDS, orient="row")


def intervals(best_and_worst: dict[str, tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(agency, 50.0, 90.0, *places, str(Band.ALIKE)) for agency, places in best_and_worst.items()],
        schema=["agency", "low", "high", "best_place", "worst_place", "band"],
        orient="row",
    )


def standing_of(now: dict[str, float | None], before: dict[str, float | None]) -> pl.DataFrame:
    return league_table.compute(
        cards(now),
        before=cards(before),
        intervals=intervals({"A": (1, 2), "B": (1, 3), "C": (2, 3)}),
        group="agency",
        rules=Rules(),
    )


def test_groups_stand_by_place_with_the_places_they_gained_and_the_unplaced_last() -> None:
    found = standing_of({"A": 70, "B": 90, "C": 60, "D": None}, {"A": 80, "B": 50, "C": None, "D": 99})

    assert found.select("agency", "place", "place_before", "climbed", "best_place", "worst_place").rows() == [
        ("B", 1, 3, 2, 1, 3),
        ("A", 2, 2, 0, 1, 2),
        ("C", 3, None, None, 2, 3),
        ("D", None, 1, None, None, None),
    ]


def test_each_scored_kpi_stands_beside_the_place() -> None:
    found = standing_of({"A": 70, "B": 90}, {})

    assert [name for name in found.columns if name.endswith("_value")] == [f"{kpi}_value" for kpi in SCORED]
    assert found["K02_value"].to_list() == [90, 70]


def test_the_two_ends_never_share_a_group() -> None:
    found = standing_of({"A": 70, "B": 90, "C": 60, "D": None}, {})

    best, worst = league_table.ends(found, most=2)

    assert (best["agency"].to_list(), worst["agency"].to_list()) == (["B", "A"], ["C"])
    assert league_table.ends(found, most=1)[1]["agency"].to_list() == ["C"]
    assert league_table.ends(found.clear(), most=2)[0].is_empty()


def test_whoever_may_hold_the_first_or_the_last_place_is_counted() -> None:
    found = standing_of({"A": 70, "B": 90, "C": 60, "D": None}, {})

    assert (league_table.possibly_first(found), league_table.possibly_last(found)) == (2, 2)


def test_the_light_of_a_composite_is_settled_where_its_interval_reaches_over_no_edge() -> None:
    found = standing_of({"A": 85, "B": 65, "C": 60, "D": None}, {})

    # The interval of all is 50 to 90; the light of D is too few, and those of B and C were not lit by their score.
    assert dict(found.select("agency", "settled").rows()) == {"A": False, "B": True, "C": True, "D": True}
