"""Samples: how many claims, of whom, and which; whoever knows the seed draws the same, and nobody else can foresee it."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.verification.sampling import allocate, draw, sample_size, seed_sha256

DAY = dt.date(2025, 5, 1)
COUNTS = st.dictionaries(st.sampled_from(["BCT", "BNG", "BTC", "T20", "T24"]), st.integers(1, 60), min_size=1)


def claims_of(counts: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (f"{agency}-{number}", "COMPLETED", DAY, agency)
            for agency, count in counts.items()
            for number in range(count)
        ],
        schema=["ref", "state", "effective_on", "agency"],
        orient="row",
    )


@pytest.mark.parametrize(
    ("claims", "margin", "size"),
    [(0, 0.1, 0), (1, 0.1, 1), (100, 0.1, 50), (1_000_000, 0.1, 97), (10_000_000, 0.05, 385)],
)
def test_the_size_is_cochrans_with_the_correction_for_a_finite_population(
    claims: int, margin: float, size: int
) -> None:
    assert sample_size(claims, margin=margin, level=0.95) == size


def test_no_smaller_share_is_looked_at_than_is_asked_for() -> None:
    assert sample_size(1_000, margin=0.1, level=0.95) == 88
    assert sample_size(1_000, margin=0.1, level=0.95, share=0.6) == 600
    assert sample_size(10, margin=0.1, level=0.95, share=0.6) == 10  # the margin asks for more


@given(st.integers(1, 5_000), st.floats(0.01, 0.5))
def test_the_size_is_enough_and_one_fewer_would_not_be(claims: int, margin: float) -> None:
    """The margin of a share of one half, 1.96 sqrt(1/4n) sqrt((N - n) / (N - 1)), written from its own formula."""
    size = sample_size(claims, margin=margin, level=0.95)

    def reached(n: int) -> float:
        return 0.0 if n == claims else 1.959963984540054 * math.sqrt(0.25 / n * (claims - n) / (claims - 1))

    assert reached(size) <= margin + 1e-6
    assert size == 1 or reached(size - 1) > margin - 1e-6


@pytest.mark.parametrize("margin", [0.0, 1.0, -0.1])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_size(10, margin=margin, level=0.95)


@given(COUNTS, st.floats(0, 1), st.integers(0, 4))
def test_agencies_are_drawn_from_in_proportion_and_each_at_least_a_little(
    counts: dict[str, int], share: float, least: int
) -> None:
    size = round(share * sum(counts.values()))

    parts = allocate(counts, size=size, least=least)

    for agency, count in counts.items():
        exact = size * count / sum(counts.values())
        assert min(least, count) <= parts[agency] <= count
        assert parts[agency] > exact - 1
        assert parts[agency] < max(exact + 1, least + 1)
    assert sum(allocate(counts, size=size, least=0).values()) == size


def test_more_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        allocate({"BCT": 3}, size=4, least=2)


@given(COUNTS, st.text(min_size=1))
def test_the_order_of_claims_changes_nothing(counts: dict[str, int], seed: str) -> None:
    claims, size = claims_of(counts), (sum(counts.values()) + 1) // 2
    mixed = claims.sample(fraction=1, shuffle=True, seed=len(seed))

    assert draw(mixed, seed=seed, size=size, least=2).equals(draw(claims, seed=seed, size=size, least=2))


def test_what_another_agency_claims_moves_nobodys_own_draw() -> None:
    few, more = claims_of({"BCT": 40, "BNG": 40}), claims_of({"BCT": 40, "BNG": 41})

    def of_bct(claims: pl.DataFrame) -> list[str]:
        return draw(claims, seed="x", size=20, least=10).filter(agency="BCT")["ref"].to_list()

    assert of_bct(few) == of_bct(more)


def test_anybody_redoes_the_draw_by_hand() -> None:
    claims = claims_of({"BCT": 9})

    drawn = draw(claims, seed="hạt", size=3, least=0)

    by_hand = sorted(
        claims["ref"], key=lambda ref: hashlib.sha256(f"hạt\n{ref}\nCOMPLETED\n2025-05-01".encode()).hexdigest()
    )
    assert drawn["ref"].to_list() == by_hand[:3]
    assert drawn["position"].to_list() == [1, 2, 3]
    assert drawn["stratum"].to_list() == [9, 9, 9]


def test_another_seed_draws_others_and_its_hash_says_nothing_of_it() -> None:
    claims = claims_of({"BCT": 60})

    one, other = (set(draw(claims, seed=seed, size=20, least=0)["ref"]) for seed in ("1", "2"))

    assert one != other
    assert seed_sha256("1") == hashlib.sha256(b"1").hexdigest()
