"""High-level exchanges, and the days on which agreements are signed at them or without one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from seed_data.demo.calendar import QUARTER_STARTS, month_words, working
from seed_data.demo.draws import below, dates, day, lists, read_data, stream

_NO_TRAVEL_UNTIL = dt.date(2022, 3, 15)
"""Until then visits were mostly held as online talks."""

_AT_SUMMITS = 0.5
"""The share of agreements outside visits that are signed on the fringe of a summit of their quarter."""

_OCEAN_CONFERENCE = "UNOC3"

THE = {"US", "GB", "NL", "PH", "CZ", "AE", "KR"}
"""Countries whose English name takes the article."""


def hold(seed: int, plan: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The plan with signing days and exchange codes, and the exchanges themselves (columns of the table Exchange).

    Every agreement of a visit is signed on one of its days; the others on a working day of their quarter, half of them
    at a summit of that quarter where there was one. What has no quarter stays without a day.
    """
    visits = _visits(seed, plan)
    summits = read_data("summits").with_columns(pl.col("held_on").str.to_date("%Y-%m-%d"))
    signed = _signed(seed, plan, visits, summits)
    used = signed["exchange"].drop_nulls().unique()
    columns = ["code", "name_vi", "name_en", "kind", "held_on", "partner"]
    every = pl.concat(
        [visits.select(columns), summits.with_columns(partner=pl.lit(None, dtype=pl.String)).select(columns)]
    )
    return signed, every.filter(pl.col("code").is_in(used.to_list())).sort("held_on", "code")


def english_names() -> pl.DataFrame:
    """partner, short_vi, short_en (without article), with_article."""
    return lists()["Partner"].select(
        partner="code",
        short_vi="name_vi",
        short_en="name_en",
        with_article=pl.when(pl.col("code").is_in(sorted(THE))).then("the " + pl.col("name_en")).otherwise("name_en"),
    )


def _visits(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "visits")
    held = (
        plan.filter((pl.col("visit") >= 0) & pl.col("quarter").is_not_null())
        .unique("visit", maintain_order=True)
        .select("visit", "quarter", "partner")
        .sort("quarter", "visit")
    )
    quarter = held["quarter"].to_numpy()
    first, last = QUARTER_STARTS[quarter] + 3, QUARTER_STARTS[quarter + 1] - 6
    days = np.minimum(working(first + below(random, held.height, last - first)), last)
    online = days < day(_NO_TRAVEL_UNTIL)
    kinds = read_data("visits").with_row_index("form")
    talks = kinds.height - 1
    form = np.where(online & (random.random(held.height) < 0.7), talks, below(random, held.height, talks))
    when = pl.col("held_on")
    return (
        held.with_columns(held_on=dates(days), form=pl.Series(form).cast(pl.UInt32))
        .join(kinds, on="form", how="left", maintain_order="left")
        .join(english_names(), on="partner", how="left", maintain_order="left")
        .with_columns(
            code=pl.format("{}-{}", when.dt.strftime("%Y-%m"), "partner"),
            name_vi=pl.concat_str(
                pl.col("name_vi").str.replace("{s}", pl.col("short_vi"), literal=True),
                pl.lit(" (tháng "),
                month_words(when),
                pl.lit(")"),
            ),
            name_en=pl.concat_str(
                pl.col("name_en").str.replace("{e}", pl.col("with_article"), literal=True),
                when.dt.strftime(" (%B %Y)"),
            ),
        )
        .with_columns(twin=pl.int_range(pl.len()).over("code"))
        .with_columns(
            code=pl.when(pl.col("twin") > 0).then(pl.format("{}-{}", "code", pl.col("twin") + 1)).otherwise("code")
        )
    )


def _signed(seed: int, plan: pl.DataFrame, visits: pl.DataFrame, summits: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "signing")
    fringe = summits.filter(pl.col("code") != _OCEAN_CONFERENCE).select(
        summit="code", summit_on=pl.col("held_on").to_physical().cast(pl.Int64)
    )
    quarter_of = np.searchsorted(QUARTER_STARTS, fringe["summit_on"].to_numpy(), side="right") - 1
    fringe = fringe.with_columns(quarter=pl.Series(quarter_of)).unique("quarter", maintain_order=True)
    held = visits.select(
        "visit", "partner", "quarter", own="code", own_on=pl.col("held_on").to_physical().cast(pl.Int64)
    )
    shared = held.unique(["partner", "quarter"], maintain_order=True).select(
        "partner", "quarter", shared="own", shared_on="own_on"
    )
    known = (
        plan.join(held.select("visit", "own", "own_on"), on="visit", how="left", maintain_order="left")
        .join(shared, on=["partner", "quarter"], how="left", maintain_order="left")
        .join(fringe, on="quarter", how="left", maintain_order="left")
        .with_columns(visit_code=pl.coalesce("own", "shared"), visit_on=pl.coalesce("own_on", "shared_on"))
    )
    size = plan.height
    quarter = plan["quarter"].fill_null(0).to_numpy()
    start, end = QUARTER_STARTS[quarter], QUARTER_STARTS[quarter + 1] - 1
    alone = np.minimum(working(start + below(random, size, end - start - 3)), end)
    later = below(random, size, 2)
    to_summit = pl.Series(random.random(size) < _AT_SUMMITS)
    place = (
        pl.when(pl.col("group") == "voluntary")
        .then(pl.lit(_OCEAN_CONFERENCE))
        .when(pl.col("group") == "free_trade")
        .then(None)
        .when(pl.col("visit_code").is_not_null())
        .then("visit_code")
        .when(pl.col("to_summit") & (pl.col("group") != "flagship"))
        .then("summit")
    )
    return (
        known.with_columns(to_summit=to_summit, alone=pl.Series(alone), later=pl.Series(later))
        .with_columns(exchange=place)
        .with_columns(
            signed=pl.when(pl.col("quarter").is_null())
            .then(None)
            .otherwise(
                pl.coalesce(
                    "signed",
                    pl.col("visit_on") + pl.col("later"),
                    pl.when(pl.col("exchange").is_not_null()).then(pl.col("summit_on") + pl.col("later")),
                    "alone",
                )
            )
        )
        .select(*plan.columns, "exchange")
    )
