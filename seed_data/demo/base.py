"""The agreements in the order of signing, with numbers, offices, flags and how well their agencies work."""

from __future__ import annotations

import polars as pl

from kpi.vocabulary import AccessLevel, Scope
from seed_data.demo.draws import dates_of, lists, read_data, stream
from seed_data.demo.local import local
from seed_data.demo.signatories import authority
from seed_data.demo.titles import write

DIMENSIONS = ("pace", "finish", "reporting", "unblocking")
_USUAL = 60.0
_PRIORITY = {"TRA": 0.2, "ENE": 0.2, "STI": 0.17, "ECO": 0.1}
_OTHER_PRIORITY = 0.03
_DECLARATORY = 0.85
"""The share of joint statements that only declare, without anything to carry out."""


def agreements(seed: int, plan: pl.DataFrame, local_count: int) -> pl.DataFrame:
    """Every agreement of the register, numbered; the columns of the table Agreement that are decided at signing.

    Besides them: group, signed (days since 1970, null where not signed), partner, second_partner, agency, topic,
    subject_vi, product_vi, counterpart_vi, and the agency's DIMENSIONS from 0 to 1.
    """
    high = write(seed, plan).with_columns(office=pl.lit(""))
    low = local(seed, local_count)
    every = pl.concat([high.select(low.columns), low])
    random = stream(seed, "base")
    order = pl.Series(random.random(every.height))
    every = every.with_columns(_order=order).sort("signed", "_order", nulls_last=True).drop("_order")
    urge = pl.Series(random.random(every.height))
    declared = pl.Series(random.random(every.height))
    priority = urge < pl.col("sector").replace_strict(_PRIORITY, default=_OTHER_PRIORITY, return_dtype=pl.Float64)
    return _with_words(
        _with_profiles(_with_offices(_with_refs(every))).with_columns(
            flagship=pl.col("group") == "flagship",
            priority=(pl.col("group") == "flagship") | (priority & (pl.col("group") != "local")),
            implementable=~((pl.col("doc_type") == "JS") & (declared < _DECLARATORY)),
            tracked=pl.col("group") != "free_trade",
            scope=pl.when(pl.col("group") == "local").then(pl.lit(Scope.LOCAL)).otherwise(pl.lit(Scope.HIGH_LEVEL)),
            access_level=pl.when(pl.col("sector") == "SEC")
            .then(pl.lit(AccessLevel.RESTRICTED))
            .otherwise(pl.lit(AccessLevel.OPEN)),
        )
    )


def _with_refs(every: pl.DataFrame) -> pl.DataFrame:
    """Numbers in the order of signing: TT (high-level), LS (Lạng Sơn) or DX (proposals), year, running number."""
    kind = pl.when(pl.col("group") == "local").then(pl.lit("LS")).when(pl.col("signed").is_null()).then(pl.lit("DX"))
    return (
        every.with_columns(
            id=pl.int_range(1, pl.len() + 1),
            _kind=kind.otherwise(pl.lit("TT")),
            _year=dates_of(pl.col("signed")).dt.year().fill_null(2025),
        )
        .with_columns(_number=pl.int_range(1, pl.len() + 1).over("_kind", "_year"))
        .with_columns(ref=pl.format("{}-{}-{}", "_kind", "_year", pl.col("_number").cast(pl.String).str.zfill(4)))
        .drop("_kind", "_year", "_number")
    )


def _with_offices(every: pl.DataFrame) -> pl.DataFrame:
    """The office that answers, from the most particular entry of the list of offices."""
    offices = read_data("offices")
    pool = pl.when(pl.col("agency").str.contains(r"^T\d")).then(pl.lit("PROV")).otherwise("agency")
    known = every.with_columns(_pool=pool)
    exact = offices.filter((pl.col("agency") != "*") & (pl.col("sector") != "*"))
    general = offices.filter((pl.col("agency") != "*") & (pl.col("sector") == "*"))
    fallback = offices.filter(pl.col("agency") == "*")["office"][0]
    return (
        known.join(
            exact.rename({"agency": "_pool", "office": "_exact"}),
            on=["_pool", "sector"],
            how="left",
            maintain_order="left",
        )
        .join(
            general.select(_pool="agency", _general="office"),
            on="_pool",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            office=pl.when(pl.col("office") != "")
            .then("office")
            .otherwise(pl.coalesce("_exact", "_general", pl.lit(fallback)))
        )
        .drop("_pool", "_exact", "_general")
    )


def _with_profiles(every: pl.DataFrame) -> pl.DataFrame:
    profiles = read_data("profiles").with_columns(pl.col(name).cast(pl.Float64) / 100 for name in DIMENSIONS)
    return every.join(profiles, on="agency", how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null(_USUAL / 100) for name in DIMENSIONS
    )


def _with_words(every: pl.DataFrame) -> pl.DataFrame:
    """Deliverables, the words of the register for who is responsible, and notes."""
    names = lists()["Agency"].select(agency="key", responsible_as_given=authority(pl.col("name_vi")))
    nothing = ~pl.col("implementable")
    only_dates = ~pl.col("tracked")
    notes_vi = (
        pl.when(only_dates)
        .then(
            pl.lit(
                "Chỉ ghi ngày ký đã được công bố; không theo dõi tiến độ thực hiện trong bộ dữ liệu minh họa, "
                "không tính vào các chỉ số kết quả."
            )
        )
        .when(nothing)
        .then(pl.lit("Văn kiện có tính chất tuyên bố, không đặt ra nhiệm vụ cụ thể phải thực hiện."))
        .otherwise(pl.lit(""))
    )
    notes_en = (
        pl.when(only_dates)
        .then(
            pl.lit(
                "Only the published date of signing is recorded; progress is not followed in the demonstration data and "
                "no outcome figure counts it."
            )
        )
        .when(nothing)
        .then(pl.lit("A declaratory document that sets no particular task."))
        .otherwise(pl.lit(""))
    )
    return every.join(names, on="agency", how="left", maintain_order="left").with_columns(
        deliverable_vi=pl.when(nothing).then(pl.lit("")).otherwise("product_vi"),
        deliverable_en=pl.when(nothing).then(pl.lit("")).otherwise("product_en"),
        notes_vi=notes_vi,
        notes_en=notes_en,
    )
