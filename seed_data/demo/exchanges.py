"""High-level exchanges, and the days on which agreements are signed at them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from seed_data.demo.calendar import QUARTER_STARTS, month_words, working
from seed_data.demo.draws import below, dates, dates_of, day, lists, read_data, stream

_NO_TRAVEL_UNTIL = dt.date(2022, 3, 15)
"""Until then visits were mostly held as online talks."""

_AT_SUMMITS = 0.5
"""The share of agreements outside visits that are signed on the fringe of a summit of their quarter."""

_OCEAN_CONFERENCE = "UNOC3"

THE = {"US", "GB", "NL", "PH", "CZ", "AE", "KR"}
"""Countries whose English name takes the article."""


def hold(seed: int, plan: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The plan with signing days and exchange codes, and the exchanges themselves (columns of the table Exchange).

    Every agreement is signed at an exchange: those of a visit on one of its days; of the others half at a summit of their
    quarter where there was one, the rest at a lesser meeting with their partner. What has no quarter has neither.
    """
    visits = _visits(seed, plan)
    summits = read_data("summits").with_columns(
        pl.col("held_on").str.to_date("%Y-%m-%d"), partner=pl.when(pl.col("partner") != "").then("partner")
    )
    placed = _placed(seed, plan, visits, summits)
    occasions = _occasions(seed, placed)
    signed = _signed(plan, placed, occasions)
    used = signed["exchange"].drop_nulls().unique()
    columns = ["code", "name_vi", "name_en", "kind", "held_on", "partner"]
    every = pl.concat([part.select(columns) for part in (visits, occasions, summits)])
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
    return _named(held.with_columns(held_on=dates(days), form=pl.Series(form)), kinds)


def _named(held: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Meetings (`partner`, `held_on`, `form`) with the code, kind and names that their form in `kinds` gives them."""
    when = pl.col("held_on")
    organisations = read_data("organisations").select("partner", org_vi="name_vi", org_en="name_en")
    return (
        held.with_columns(pl.col("form").cast(pl.UInt32))
        .join(kinds, on="form", how="left", maintain_order="left")
        .join(english_names(), on="partner", how="left", maintain_order="left")
        .join(organisations, on="partner", how="left", maintain_order="left")
        .with_columns(
            code=pl.format("{}-{}", when.dt.strftime("%Y-%m"), "partner"),
            name_vi=pl.concat_str(
                pl.col("name_vi").str.replace("{s}", pl.coalesce("org_vi", "short_vi"), literal=True),
                pl.lit(" (tháng "),
                month_words(when),
                pl.lit(")"),
            ),
            name_en=pl.concat_str(
                pl.col("name_en").str.replace("{e}", pl.coalesce("org_en", "with_article"), literal=True),
                when.dt.strftime(" (%B %Y)"),
            ),
        )
        .with_columns(twin=pl.int_range(pl.len()).over("code"))
        .with_columns(
            code=pl.when(pl.col("twin") > 0).then(pl.format("{}-{}", "code", pl.col("twin") + 1)).otherwise("code")
        )
    )


def _placed(seed: int, plan: pl.DataFrame, visits: pl.DataFrame, summits: pl.DataFrame) -> pl.DataFrame:
    """The plan with `exchange`, null where a meeting has yet to be found, its day `held`, `alone`, a working day of the quarter,
    and `later`, the days from the first of a meeting to the signing."""
    random = stream(seed, "signing")
    fringe = summits.filter((pl.col("code") != _OCEAN_CONFERENCE) & pl.col("partner").is_null()).select(
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
    trade = summits.drop_nulls("partner").select("partner", trade="code", group=pl.lit("free_trade"))
    known = (
        plan.join(held.select("visit", "own", "own_on"), on="visit", how="left", maintain_order="left")
        .join(shared, on=["partner", "quarter"], how="left", maintain_order="left")
        .join(fringe, on="quarter", how="left", maintain_order="left")
        .join(trade, on=["group", "partner"], how="left", maintain_order="left")
    )
    size = plan.height
    quarter = plan["quarter"].fill_null(0).to_numpy()
    start, end = QUARTER_STARTS[quarter], QUARTER_STARTS[quarter + 1] - 1
    alone = np.minimum(working(start + below(random, size, end - start - 3)), end - 1)
    later = below(random, size, 2)
    to_summit = pl.Series(random.random(size) < _AT_SUMMITS) & (plan["group"] != "flagship")
    at_visit = pl.coalesce("own", "shared").is_not_null()
    return known.with_columns(alone=pl.Series(alone), later=pl.Series(later), to_summit=to_summit).with_columns(
        exchange=pl.when(pl.col("group") == "voluntary")
        .then(pl.lit(_OCEAN_CONFERENCE))
        .when(pl.col("group") == "free_trade")
        .then("trade")
        .when(at_visit)
        .then(pl.coalesce("own", "shared"))
        .when("to_summit")
        .then("summit"),
        held=pl.when(at_visit).then(pl.coalesce("own_on", "shared_on")).when("to_summit").then("summit_on"),
    )


def _occasions(seed: int, placed: pl.DataFrame) -> pl.DataFrame:
    """One lesser meeting for each partner and quarter that has agreements without an exchange."""
    random = stream(seed, "occasions")
    held = (
        placed.filter(pl.col("exchange").is_null() & pl.col("quarter").is_not_null())
        .unique(["partner", "quarter"], keep="first", maintain_order=True)
        .select("partner", "quarter", "alone", held_on=dates_of(pl.col("alone")))
        .sort("alone", "partner")
    )
    kinds = read_data("occasions").with_row_index("form")
    talks, online = kinds.height - 1, kinds.height - 2
    form = below(random, held.height, kinds.height)
    is_early = (held["held_on"] < _NO_TRAVEL_UNTIL).to_numpy()
    is_organisation = held["partner"].str.starts_with("ORG-").to_numpy()
    form = np.where(is_early, online, np.where(is_organisation | (form == online), talks, form))
    return _named(held.with_columns(form=pl.Series(form)), kinds)


def _signed(plan: pl.DataFrame, placed: pl.DataFrame, occasions: pl.DataFrame) -> pl.DataFrame:
    found = occasions.select("partner", "quarter", occasion="code", occasion_on="alone")
    return (
        placed.join(found, on=["partner", "quarter"], how="left", maintain_order="left")
        .with_columns(
            held=pl.when(pl.col("exchange").is_null()).then("occasion_on").otherwise("held"),
            exchange=pl.coalesce("exchange", "occasion"),
        )
        .with_columns(
            signed=pl.when(pl.col("quarter").is_not_null()).then(
                pl.coalesce("signed", pl.col("held") + pl.col("later"), "alone")
            )
        )
        .select(*plan.columns, "exchange")
    )
