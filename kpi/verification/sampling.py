"""Samples of claims: how many, how they are shared out among agencies, and which they are, by a seed nobody could choose.

The number is Cochran's for a share with the correction for a finite population (Cochran, W. G. (1977), Sampling Techniques, 3rd
ed., ch. 4; ch. 5 on proportional allocation). Within an agency those claims are drawn whose SHA-256 with the seed comes first, so
that neither the order of rows nor what other agencies claim has any part in it, and everybody who knows the seed can redo it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Final

import polars as pl

from kpi.estimators.intervals import z_value

CLAIM: Final = ("ref", "state", "effective_on")
"""What makes one claim: that an agreement came into a state on a day."""


def sample_size(claims: int, *, margin: float, level: float, share: float = 0) -> int:
    """How many of so many claims are looked at so that a share is known within `margin` at confidence `level`, whatever it is; and
    no smaller `share` of them, so that what is false is likely to be found.

    n0 = z^2 / (4 margin^2), for a share of one half, which needs most; n = n0 / (1 + (n0 - 1) / claims), rounded up. ValueError
    for a margin or level that is not between 0 and 1, and a share that is not from 0 to 1.
    """
    if not (0 < margin < 1 and 0 < level < 1 and 0 <= share <= 1):
        raise ValueError(f"margin {margin}, level {level} and share {share} must lie between 0 and 1")
    if claims == 0:
        return 0
    most = z_value(level) ** 2 / (4 * margin**2)
    # What floating point leaves behind the ninth decimal must not ask for one more.
    return min(claims, max(math.ceil(round(most / (1 + (most - 1) / claims), 9)), math.ceil(round(share * claims, 9))))


def allocate(claims: Mapping[str, int], *, size: int, least: int) -> dict[str, int]:
    """How many of each agency's claims are drawn: in proportion, by largest remainders, and of no agency fewer than `least` where
    it has so many. What the minimum adds comes on top of `size`. ValueError for more than there are."""
    total = sum(claims.values())
    if size > total:
        raise ValueError(f"{size} cannot be drawn from {total}")
    exact = {agency: size * number / total for agency, number in claims.items() if number}
    parts = {agency: math.floor(share) for agency, share in exact.items()}
    by_remainder = sorted(exact, key=lambda agency: (parts[agency] - exact[agency], agency))
    for agency in by_remainder[: size - sum(parts.values())]:
        parts[agency] += 1
    return {agency: max(part, min(least, claims[agency])) for agency, part in sorted(parts.items())}


def seed_sha256(seed: str) -> str:
    """What is published of a seed before it is used."""
    return hashlib.sha256(seed.encode()).hexdigest()


def draw(claims: pl.DataFrame, *, seed: str, size: int, least: int) -> pl.DataFrame:
    """The claims drawn, in the order in which they are to be looked at: the columns of `claims` (CLAIM and agency at least, a row
    each), `stratum` (how many its agency had) and `position` from 1 on."""
    strata = claims.group_by("agency").agg(stratum=pl.len().cast(pl.Int64))
    wanted = allocate(dict(strata.iter_rows()), size=size, least=least)
    return (
        claims.with_columns(
            _rank=pl.Series([_rank(seed, *claim) for claim in claims.select(CLAIM).iter_rows()], dtype=pl.String)
        )
        .join(strata, on="agency", how="left")
        .sort("_rank")
        .with_columns(_wanted=pl.col("agency").replace_strict(wanted, return_dtype=pl.Int64))
        .filter(pl.int_range(pl.len()).over("agency") < pl.col("_wanted"))
        .with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        .drop("_rank", "_wanted")
    )


def _rank(seed: str, *claim: object) -> str:
    return hashlib.sha256("\n".join([seed, *map(str, claim)]).encode()).hexdigest()
