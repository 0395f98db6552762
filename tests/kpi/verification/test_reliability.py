"""What was found of a sample, by agency and in all, with limits that hold; and the alarm where fewer and fewer claims are true."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import hypergeom

from kpi.verification.reliability import by_agency, drift, overall

SAMPLES = 500
ITEMS = {"agency": pl.String, "stratum": pl.Int64, "state": pl.String, "verdict": pl.String, "found_state": pl.String}


def items_of(*rows: tuple[str, int, str | None, str | None]) -> pl.DataFrame:
    """Claims of a start: agency, how many it had, verdict, state found."""
    return pl.DataFrame(
        [(a, n, "IN_PROGRESS", verdict, found) for a, n, verdict, found in rows], schema=ITEMS, orient="row"
    )


def test_each_agency_has_what_was_found_of_its_claims() -> None:
    found = by_agency(
        items_of(
            ("BCT", 10, "confirmed", "COMPLETED"),
            ("BCT", 10, "confirmed", "IN_PROGRESS"),
            ("BCT", 10, "refuted", "SIGNED"),
            ("BCT", 10, None, None),
            ("BNG", 3, "not_shown", None),
        )
    )

    columns = ("agency", "claims", "drawn", "n", "confirmed", "refuted", "not_shown", "further", "value")
    assert found.select(columns).rows() == [("BNG", 3, 1, 1, 0, 0, 1, 0, 0.0), ("BCT", 10, 4, 3, 2, 1, 0, 1, 2 / 3)]
    low, high = found.select("low", "high").row(1)
    # Wilson of 2/3 of 3 * 9 / 7 claims, as many as tell the same of a share where there are more than ten.
    many, z = 3 * 9 / 7, 1.959964
    half = z / (1 + z**2 / many) * np.sqrt(2 / 9 / many + z**2 / 4 / many**2)
    middle = (2 / 3 + z**2 / 2 / many) / (1 + z**2 / many)
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-6)


@pytest.mark.parametrize(("claims", "drawn", "least", "width"), [(10, 6, 0.92, 0.38), (40, 24, 0.90, 0.20)])
def test_the_limits_of_one_agency_hold_as_often_as_they_say(
    claims: int, drawn: int, least: float, width: float
) -> None:
    """Over every number of true ones there may be and every sample that can be drawn; uncorrected they are half as wide again."""
    found = by_agency(
        items_of(
            *(
                (f"{hits}", claims, "confirmed" if place < hits else "refuted", None)
                for hits in range(drawn + 1)
                for place in range(drawn)
            )
        )
    ).sort(pl.col("agency").cast(pl.Int64))
    low, high = found["low"].to_numpy(), found["high"].to_numpy()
    held, wide = [], []
    for true in range(claims // 2, claims + 1):
        chance = hypergeom.pmf(np.arange(drawn + 1), claims, true, drawn)
        share = true / claims
        held.append(chance[(low <= share + 1e-9) & (share - 1e-9 <= high)].sum())
        wide.append((chance * (high - low)).sum())
    assert min(held) >= least
    assert 0.95 <= np.mean(held) < 0.98
    assert np.mean(wide) < width


def test_in_all_an_agency_weighs_as_much_as_it_claimed() -> None:
    found = by_agency(items_of(*[("BCT", 90, "confirmed", None)] * 5, *[("BNG", 10, "refuted", None)] * 5))

    share = overall(found)

    assert (share.n, share.value) == (10, 0.9)
    assert share.low is not None
    assert share.high is not None
    assert 0 < share.low < 0.9 < share.high < 1


def test_where_nothing_was_looked_at_there_is_no_share() -> None:
    assert overall(by_agency(items_of(("BCT", 9, None, None)))).value is None


def test_where_all_is_confirmed_the_limit_is_all() -> None:
    share = overall(by_agency(items_of(*[("BCT", 7, "confirmed", None)] * 3, ("BNG", 3, "confirmed", None))))

    assert (share.value, share.high) == (1.0, 1.0)


def test_where_all_claims_were_looked_at_nothing_is_left_open() -> None:
    share = overall(by_agency(items_of(*[("BCT", 3, "confirmed", None)] * 3, ("BNG", 1, "refuted", None))))

    assert (share.low, share.value, share.high) == pytest.approx((0.75, 0.75, 0.75), abs=1e-5)


def test_a_sample_that_confirms_less_than_those_before_raises_the_alarm() -> None:
    samples = pl.DataFrame({"n": [50, 50, 0, 60], "confirmed": [48, 40, 0, 55]})

    told = drift(samples, limit=1.645)

    assert told["is_alarm"].to_list() == [False, True, False, False]
    assert told["z"][0] is None
    assert told["z"][1] == pytest.approx((0.96 - 0.8) / np.sqrt(0.88 * 0.12 * (1 / 50 + 1 / 50)))
    assert drift(samples, limit=3)["is_alarm"].any() is False


def test_where_everything_was_ever_confirmed_nothing_drifts() -> None:
    assert drift(pl.DataFrame({"n": [5, 5], "confirmed": [5, 5]}), limit=1.645)["z"].to_list() == [None, 0.0]


@pytest.mark.parametrize(("chance", "least"), [(0.95, 0.92), (0.8, 0.92), (0.5, 0.92)])
def test_the_limits_hold_as_often_as_they_say(chance: float, least: float) -> None:
    """Samples of the claims of five agencies, in proportion with two at least; figures in docs/statistics.md."""
    random = np.random.default_rng(11)
    sizes = [3, 8, 20, 60, 120]
    drawn = [2, 2, 5, 14, 28]
    held = 0
    for _ in range(SAMPLES):
        truth = [random.binomial(size, chance) for size in sizes]
        hits = [random.hypergeometric(good, size - good, n) for good, size, n in zip(truth, sizes, drawn, strict=True)]
        frame = pl.DataFrame(
            {"agency": [str(size) for size in sizes], "claims": sizes, "n": drawn, "confirmed": hits}
        ).with_columns(value=pl.col("confirmed") / pl.col("n"))
        share = overall(frame)
        assert share.low is not None
        assert share.high is not None
        held += share.low <= sum(truth) / sum(sizes) <= share.high
    assert held / SAMPLES >= least
