"""Who signs for Viet Nam: the agency of the day, and how it is written in a title."""

from __future__ import annotations

import datetime as dt

import polars as pl

from kpi.vocabulary import PROVINCE_KINDS
from seed_data.demo.draws import dates_of, lists, read_data

_MERGER = dt.date(2025, 3, 1)
_DEFAULT_FORMER = {"BTC": "BTC_OLD", "BXD": "BXD_OLD", "BKHCN": "BKHCN_OLD", "BNNMT": "BNNPTNT", "BNV": "BNV_OLD"}
_BORROWER = ("BTC", "BTC_OLD")


def parties() -> pl.DataFrame:
    """How every agency, past or present, is written as a party: agency, party_vi, party_en."""
    agencies = lists()["Agency"].select(agency="key", kind="kind", name_vi="name_vi", name_en="name_en")
    given = read_data("parties").rename({"name_vi": "given_vi", "name_en": "given_en"})
    bare_vi = pl.col("name_vi").str.replace(r" \(.*\)$", "")
    bare_en = pl.col("name_en").str.replace(r" \(.*\)$", "")
    province = pl.col("kind").is_in(PROVINCE_KINDS)
    unit = bare_vi.str.replace("^Tỉnh", "tỉnh").str.replace("^Thành phố", "thành phố")
    return agencies.join(given, on="agency", how="left", maintain_order="left").select(
        "agency",
        party_vi=pl.when(province)
        .then("Ủy ban nhân dân " + unit + " (Việt Nam)")
        .otherwise(pl.coalesce("given_vi", bare_vi + " nước CHXHCN Việt Nam")),
        party_en=pl.when(province)
        .then("the People's Committee of " + bare_en + " (Viet Nam)")
        .otherwise(pl.coalesce("given_en", "the " + bare_en + " of the Socialist Republic of Viet Nam")),
    )


def authority(name: pl.Expr) -> pl.Expr:
    """An agency as registers name it: a province by its people's committee, a former ministry without the remark."""
    bare = name.str.replace(r" \(.*\)$", "")
    return bare.str.replace("^Tỉnh ", "UBND tỉnh ").str.replace("^Thành phố ", "UBND thành phố ")


def signing_agency(plan: pl.DataFrame) -> pl.DataFrame:
    """`plan` (agency, signed, former, doc_type) with signing_agency: who existed on the day and signed.

    Before a merger that is the predecessor: for a ministry the one the topic belonged to, for a province one of those
    that were merged into it, in turn. Loans are signed by the ministry of finance, whoever carries them out.
    """
    day_signed = dates_of(pl.col("signed"))
    successions = lists()["AgencySuccession"].filter(pl.col("predecessor").str.starts_with("T"))
    pools = (
        successions.filter(pl.col("predecessor").str.contains(r"^T\d"))
        .select(agency="successor", former_province="predecessor", until="effective_on")
        .with_columns(turn=pl.int_range(pl.len()).over("agency"))
    )
    first = pools.group_by("agency", maintain_order=True).agg(turns=pl.len(), until=pl.col("until").first())
    ministry = pl.coalesce(
        pl.when(pl.col("former") != "").then("former"),
        pl.col("agency").replace_strict(_DEFAULT_FORMER, default=None, return_dtype=pl.String),
        "agency",
    )
    usual = (
        pl.when(day_signed < pl.col("until"))
        .then(pl.when(pl.col("former") != "").then("former").otherwise("former_province"))
        .when(pl.col("agency").str.contains(r"^T\d") | day_signed.is_null() | (day_signed >= _MERGER))
        .then("agency")
        .otherwise(ministry)
    )
    now, before = _BORROWER
    return (
        plan.join(first, on="agency", how="left", maintain_order="left")
        .with_columns(turn=(pl.int_range(pl.len()).over("agency") % pl.col("turns")).cast(pl.Int64))
        .join(
            pools.select("agency", "turn", "former_province"), on=["agency", "turn"], how="left", maintain_order="left"
        )
        .with_columns(
            signing_agency=pl.when(pl.col("doc_type") == "LOAN")
            .then(pl.when(day_signed < _MERGER).then(pl.lit(before)).otherwise(pl.lit(now)))
            .otherwise(usual)
        )
        .drop("turns", "until", "turn", "former_province")
    )
