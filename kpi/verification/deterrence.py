"""What a false claim gains an agency, and what it loses by it, at the rate at which claims are drawn.

Counted in days for which one claim counts: what a claim is worth in points is the same on both sides. A false claim counts until it
is found, or for the year in which a figure reads it; once one is found, all others of that agency and period wait until each has
been seen. Of how many one is found when `drawn` of them are looked at is hypergeometric. The weighing is Becker's, G. S. (1968),
"Crime and punishment", JPE 76, 169-217: it pays as long as what is gained exceeds what is lost times the chance of being found.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Final

import polars as pl

from kpi.estimators.intervals import wilson
from kpi.rules import LIMITS, Rules
from kpi.verification import sampling
from kpi.verification.reliability import as_many

YEAR: Final = 365
UNTIL_FOUND: Final = 45 + 5 + 28
"""Days from the middle of a quarter to its end, to the draw, and to the middle of the 55 days in which a sample is looked at."""

UNTIL_SEEN: Final = 90
"""Days until an agency's other claims of the period have been seen one by one: the next sample's turn."""


@dataclasses.dataclass(frozen=True)
class Bargain:
    """Of `claims` of an agency in a period `false` are false and `drawn` are looked at: `found` is the chance that one of the false
    ones is among them, `gained` the days for which false ones count, `lost` those for which true ones do not, both expected."""

    claims: int
    drawn: int
    false: int
    found: float
    gained: float
    lost: float

    @property
    def pays(self) -> bool:
        """Whether more is gained than lost."""
        return self.gained > self.lost


@functools.lru_cache(maxsize=1 << 16)
def bargain(claims: int, drawn: int, false: int = 1) -> Bargain:
    """What an agency gains and loses that claims so much, of which so many are false and so many are drawn. ValueError for more
    false or drawn than there are."""
    if not (0 < false <= claims and 0 <= drawn <= claims):
        raise ValueError(f"{false} false and {drawn} drawn of {claims} claims")
    missed = math.comb(claims - false, drawn) / math.comb(claims, drawn)
    found = 1 - missed
    return Bargain(
        claims=claims,
        drawn=drawn,
        false=false,
        found=found,
        gained=false * (found * UNTIL_FOUND + missed * YEAR),
        lost=found * (claims - false) * UNTIL_SEEN,
    )


@functools.lru_cache(maxsize=1 << 16)
def best(claims: int, drawn: int) -> Bargain:
    """The best bargain of an agency of whose claims at most half are false, or of its only one.

    Who claims more that is false than is true has little to lose: each keeps its days until it is found, at any rate.
    """
    falsehoods = range(1, max(claims // 2, 1) + 1)
    return max((bargain(claims, drawn, false) for false in falsehoods), key=lambda it: it.gained - it.lost)


def sizes(claims: Mapping[str, int], rules: Rules) -> pl.DataFrame:
    """The sample these rules ask for of so many claims by agency: agency, claims, drawn, rate (0 to 1), half_width (of Wilson's
    95 % interval with the correction for a finite population, for a share of one half, where it is widest) and pays (whether
    claiming up to half falsely does, null for an only claim); the most claims first."""
    telling = as_many(pl.col("drawn"), pl.col("claims"))
    low, high = wilson(telling / 2, telling)
    rows = [
        (agency, claims[agency], drawn, best(claims[agency], drawn).pays if claims[agency] > 1 else None)
        for agency, drawn in _wanted(claims, rules).items()
    ]
    schema = {"agency": pl.String, "claims": pl.Int64, "drawn": pl.Int64, "pays": pl.Boolean}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .with_columns(rate=pl.col("drawn") / pl.col("claims"), half_width=(high - low) / 2)
        .sort("claims", "agency", descending=[True, False])
    )


def typical(sizes: pl.DataFrame) -> Bargain | None:
    """What one false claim gains and loses the agency that made the claim in the middle, of those of agencies with more than one;
    None without any. `sizes` as they are above."""
    several = sizes.filter(pl.col("claims") > 1).sort("claims", "agency")
    if several.is_empty():
        return None
    middle = several.filter(pl.col("claims").cum_sum() * 2 >= pl.col("claims").sum())
    claims, drawn = middle.select("claims", "drawn").row(0)
    return bargain(claims, drawn)


def least_share(claims: Mapping[str, int], rules: Rules) -> float | None:
    """The smallest share to be drawn, in whole percent from what may be set on, from which on claiming up to half falsely pays for
    nobody; None where it does at any."""
    low, high = (round(100 * limit) for limit in LIMITS["sample_share"])
    found = None
    for percent in range(high, low - 1, -1):
        wanted = _wanted(claims, rules.with_threshold("sample_share", percent / 100))
        if any(best(claims[agency], drawn).pays for agency, drawn in wanted.items() if claims[agency] > 1):
            break
        found = percent / 100
    return found


def _wanted(claims: Mapping[str, int], rules: Rules) -> dict[str, int]:
    """How many of each agency's claims these rules ask for; what has none is left out."""
    total = sum(claims.values())
    if total == 0:
        return {}
    size = sampling.sample_size(total, margin=rules.sample_margin, level=rules.sample_level, share=rules.sample_share)
    return sampling.allocate(claims, size=size, least=rules.sample_least)
