"""The remaining tables of the demo register: agreements, partners, coordinating agencies, explanations, data version."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from seed_data.demo.calendar import DATA_DATE
from seed_data.demo.draws import below, dates_of, read_data, stream
from seed_data.demo.history import abbreviations, recorded
from seed_data.demo.life import END, NEVER, Life

REGISTER_CODE = "demo"

_ALWAYS = ("BNG", "BTC", "BTP")
"""Agencies that coordinate in every field: foreign affairs, finance, justice."""
_HOW_MANY = (0.35, 0.7, 0.92)


def agreements(seed: int, base: pl.DataFrame, life: Life) -> pl.DataFrame:
    """Rows of Agreement; `evidence_url` names the report accepted as evidence, for most of what is completed."""
    random = stream(seed, "evidence")
    size = base.height
    done = (life.completed <= END) & (life.reopened == NEVER)
    shown = done & (random.random(size) < 0.6 + 0.42 * base["reporting"].to_numpy())
    on = np.minimum(life.completed + 3 + below(random, size, 25), END)
    number = 11 + below(random, size, 420)
    return (
        base.with_columns(
            abbreviations(base)["office_now"].alias("_office"),
            _shown=pl.Series(shown),
            _on=pl.Series(np.where(shown, on, 0)),
            _number=pl.Series(number),
            _recorded=pl.Series(np.where(life.signed < NEVER, life.signed, END - 60)),
        )
        .with_columns(
            evidence_url=pl.when("_shown")
            .then(
                pl.format(
                    "Báo cáo số {}/BC-{} ngày {}",
                    "_number",
                    "_office",
                    dates_of(pl.col("_on")).dt.strftime("%d/%m/%Y"),
                )
            )
            .otherwise(pl.lit("")),
            recorded_at=recorded(dates_of(pl.col("_recorded")), pl.lit(2)),
        )
        .select(
            "id",
            "ref",
            "title_vi",
            "title_en",
            "doc_type",
            "scope",
            "sector",
            "signing_agency",
            pl.col("agency").alias("responsible_agency"),
            "responsible_as_given",
            pl.col("office").alias("responsible_office"),
            "exchange",
            "priority",
            "flagship",
            "deliverable_vi",
            "deliverable_en",
            "evidence_url",
            "implementable",
            "tracked",
            "access_level",
            "notes_vi",
            "notes_en",
            "recorded_at",
        )
    )


def partners(base: pl.DataFrame) -> pl.DataFrame:
    """Rows of AgreementPartner: the lead partner at position 0, a second one where there is one."""
    lead = base.select(agreement_id="id", partner="partner", position=pl.lit(0))
    second = base.filter(pl.col("second_partner").is_not_null()).select(
        agreement_id="id", partner="second_partner", position=pl.lit(1)
    )
    return pl.concat([lead, second]).sort("agreement_id", "position")


def coordinating(seed: int, base: pl.DataFrame) -> pl.DataFrame:
    """Rows of AgreementAgency: up to three agencies of the field, or those that always take part."""
    random = stream(seed, "coordinating")
    field = read_data("sector_agencies").filter(pl.col("agency") != "PROV").select("sector", "agency")
    always = field.select("sector").unique(maintain_order=True).join(pl.DataFrame({"agency": _ALWAYS}), how="cross")
    pools = pl.concat([field, always]).unique(maintain_order=True)
    pools = pools.with_columns(_turn=pl.int_range(pl.len()).over("sector"), _turns=pl.len().over("sector"))
    turns = pools.select("sector", "_turns").unique(maintain_order=True)
    size = base.height
    wanted = np.searchsorted(_HOW_MANY, random.random(size))
    parts = [
        base.select("id", "sector", responsible="agency")
        .with_columns(_draw=pl.Series(below(random, size, 1 << 30)))
        .filter(pl.Series(wanted > place))
        for place in range(len(_HOW_MANY))
    ]
    return (
        pl.concat(parts)
        .join(turns, on="sector", how="left", maintain_order="left")
        .with_columns(_turn=(pl.col("_draw") % pl.col("_turns")).cast(pl.Int64))
        .join(pools.select("sector", "_turn", "agency"), on=["sector", "_turn"], how="left", maintain_order="left")
        .filter(pl.col("agency") != pl.col("responsible"))
        .select(agreement_id="id", agency="agency", role=pl.lit("coordinating"))
        .unique(maintain_order=True)
        .sort("agreement_id", "agency")
    )


def explanations() -> pl.DataFrame:
    """Rows of Explanation: what agencies with a red light say about it."""
    rows = read_data("explanations").with_columns(pl.col("given_on").str.to_date("%Y-%m-%d"))
    return rows.select(
        "agency",
        "kpi",
        "given_on",
        "text_vi",
        "text_en",
        id=pl.int_range(1, pl.len() + 1),
        recorded_at=recorded(pl.col("given_on"), pl.lit(0)),
    )


def data_version(changed_at: dt.datetime) -> pl.DataFrame:
    """The one row of DataVersion."""
    return pl.DataFrame(
        {
            "id": [1],
            "version": [1],
            "register_code": [REGISTER_CODE],
            "name_vi": ["Sổ theo dõi minh họa"],
            "name_en": ["Demonstration register"],
            "data_date": [DATA_DATE],
            "is_demo": [True],
            "source": [
                "Bộ dữ liệu minh họa do chương trình tạo ra; số lượng ký theo quý, lĩnh vực và khu vực theo các báo cáo đã "
                "công bố / Generated demonstration data; numbers signed follow published reports"
            ],
            "licence": ["Dùng tự do để trình diễn và kiểm thử / Free to use for demonstration and testing"],
            "attribution": [""],
            "caveat_vi": [
                "Dữ liệu minh họa: tên văn kiện, tiến độ và kết quả thực hiện đều là hư cấu; chưa có báo cáo nào công bố các "
                "số liệu này."
            ],
            "caveat_en": [
                "Demonstration data: titles, progress and outcomes are invented; no report has published such figures."
            ],
            "changed_at": [changed_at],
        }
    )
