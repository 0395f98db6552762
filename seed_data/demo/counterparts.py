"""Who signs on the other side: the partner's body for the topic, and now and then a second country."""

from __future__ import annotations

import polars as pl

from seed_data.demo.draws import below, read_data, stream
from seed_data.demo.plan import partner_traits

_SECOND_PARTNER = 0.06


def _counterparts() -> pl.DataFrame:
    """Every country's counterpart for every family of bodies: partner, family, other_vi, other_en."""
    listed = read_data("counterparts")
    countries = partner_traits().select("partner", "state_vi", "state_en").with_row_index("_place")
    general = (
        listed.filter(pl.col("partner") == "*")
        .drop("partner")
        .with_columns(_turn=pl.int_range(pl.len()).over("family"), _turns=pl.len().over("family"))
    )
    every = countries.join(general, how="cross").filter(pl.col("_place") % pl.col("_turns") == pl.col("_turn"))
    own = listed.filter(pl.col("partner") != "*").rename({"name_vi": "own_vi", "name_en": "own_en"})
    both = countries.join(general.select("family").unique().vstack(pl.DataFrame({"family": ["lender"]})), how="cross")
    return (
        both.join(every.select("partner", "family", "name_vi", "name_en"), on=["partner", "family"], how="left")
        .join(own, on=["partner", "family"], how="left")
        .select(
            "partner",
            "family",
            other_vi=pl.coalesce("own_vi", "name_vi").str.replace("{vi}", pl.col("state_vi"), literal=True),
            other_en=pl.coalesce("own_en", "name_en").str.replace("{en}", pl.col("state_en"), literal=True),
        )
        .filter(pl.col("other_vi").is_not_null())
    )


def with_counterparts(seed: int, plan: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "counterparts")
    bodies = _counterparts()
    places = read_data("localities").with_columns(_turn=pl.int_range(pl.len()).over("partner"))
    turns = places.group_by("partner").agg(_turns=pl.len())
    organisations = read_data("organisations").select("partner", org_vi="name_vi", org_en="name_en")
    second = _second_partners(seed, plan)
    state, government = pl.col("family") == "state", pl.col("family") == "government"
    return (
        plan.with_columns(second_partner=second)
        .join(turns, on="partner", how="left", maintain_order="left")
        .with_columns(_turn=pl.Series(below(random, plan.height, 1 << 30)) % pl.col("_turns"))
        .join(
            places.select("partner", "_turn", place_vi="name_vi", place_en="name_en"),
            on=["partner", "_turn"],
            how="left",
            maintain_order="left",
        )
        .join(bodies, on=["partner", "family"], how="left", maintain_order="left")
        .join(
            bodies.rename({"partner": "second_partner", "other_vi": "second_vi", "other_en": "second_en"}),
            on=["second_partner", "family"],
            how="left",
            maintain_order="left",
        )
        .join(organisations, on="partner", how="left", maintain_order="left")
        .with_columns(
            counterpart_vi=pl.when(pl.col("org_vi").is_not_null())
            .then("org_vi")
            .when(pl.col("family") == "local")
            .then("place_vi")
            .when(government)
            .then("Chính phủ " + pl.col("state_vi"))
            .when(state)
            .then("state_vi")
            .otherwise("other_vi"),
            counterpart_en=pl.when(pl.col("org_en").is_not_null())
            .then("org_en")
            .when(pl.col("family") == "local")
            .then("place_en")
            .when(government)
            .then("the Government of " + pl.col("state_en"))
            .when(state)
            .then("state_en")
            .otherwise("other_en"),
        )
        .drop("_turn", "_turns", "place_vi", "place_en", "other_vi", "other_en", "org_vi", "org_en")
    )


def _second_partners(seed: int, plan: pl.DataFrame) -> pl.Series:
    """A second country of the same region for a few memoranda and plans between ministries; else null."""
    random = stream(seed, "second partners")
    pools = partner_traits().filter(pl.col("weight") >= 3).select("region", other="partner")
    pools = pools.with_columns(_turn=pl.int_range(pl.len()).over("region"))
    chosen = random.random(plan.height) < _SECOND_PARTNER
    turn = below(random, plan.height, 1 << 30)
    turns = pools.group_by("region").agg(_turns=pl.len())
    suits = (
        pl.col("_chosen")
        & (pl.col("_kind") == "g")
        & pl.col("doc_type").is_in(["MOU", "IA", "PLAN"])
        & ~pl.col("family").is_in(["local", "state", "government"])
        & (pl.col("other") != pl.col("partner"))
    )
    return (
        plan.select("region", "partner", "_kind", "doc_type", "family")
        .with_columns(_chosen=pl.Series(chosen), _turn=pl.Series(turn))
        .join(turns, on="region", how="left", maintain_order="left")
        .with_columns(_turn=pl.col("_turn") % pl.col("_turns"))
        .join(pools, on=["region", "_turn"], how="left", maintain_order="left")
        .select(pl.when(suits).then("other"))
        .to_series()
    )
