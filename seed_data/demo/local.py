"""Agreements of Lạng Sơn: those of the province, and those of the bodies in it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from seed_data.demo.calendar import working
from seed_data.demo.draws import below, day, quota, read_data, stream
from seed_data.demo.titles import said_once, told_apart

PROVINCE = "T20"
_OF_PROVINCE, _OF_BODIES = 6, 48
_PROVINCIAL = ("IA", "MOU", "PLAN")
_FIRST, _LAST = dt.date(2021, 3, 1), dt.date(2025, 11, 28)
_MERGER = dt.date(2025, 3, 1)

_FORMS = (
    ("Thỏa thuận hợp tác", "Cooperation Agreement"),
    ("Bản ghi nhớ", "Memorandum of Understanding"),
    ("Kế hoạch hợp tác", "Cooperation Plan"),
)
_FORM_OF = {"IA": 0, "MOU": 1, "PLAN": 2}


def local(seed: int, count: int) -> pl.DataFrame:
    """`count` local agreements with the columns that `plan` and `titles` give high-level ones, and `office`.

    The document type tells the province's own (as their names say) from those of its bodies (LOCAL). A department
    that was merged in March 2025 signed under its old name and answers under the new one.
    """
    random = stream(seed, "local")
    bodies = read_data("local_bodies")
    listed = read_data("local").with_row_index("item").join(bodies, on="body", how="left", maintain_order="left")
    own = listed.filter(pl.col("body") == "UBND")
    others = listed.filter(pl.col("body") != "UBND")
    of_province, of_bodies = quota(count, [_OF_PROVINCE, _OF_BODIES])
    rows = pl.concat(
        [own[np.arange(of_province) % own.height], others[np.arange(of_bodies) % others.height]]
    ).with_columns(doc_type=pl.Series(_doc_types(int(of_province), int(of_bodies))))
    span = day(_LAST) - day(_FIRST)
    signed = working(day(_FIRST) + below(random, count, span))
    drawn = below(random, count, len(_FORMS))
    form = rows["doc_type"].replace_strict(_FORM_OF, default=-1, return_dtype=pl.Int64).to_numpy()
    chosen = np.where(form >= 0, form, drawn)
    renamed = (pl.col("former_vi") != "") & (pl.col("signed") < day(_MERGER))
    titled = rows.with_columns(
        signed=pl.Series(signed),
        form_vi=pl.Series(np.array([vi for vi, _ in _FORMS])[chosen]),
        form_en=pl.Series(np.array([en for _, en in _FORMS])[chosen]),
    ).with_columns(
        title_vi=pl.format(
            "{} giữa {} (Việt Nam) và {} về {}",
            "form_vi",
            pl.when(renamed).then("former_vi").otherwise("name_vi"),
            "counterpart_vi",
            "subject_vi",
        ),
        title_en=pl.format(
            "{} between {} (Viet Nam) and {} on {}",
            "form_en",
            pl.when(renamed).then("former_en").otherwise("name_en"),
            "counterpart_en",
            "subject_en",
        ),
    )
    return told_apart(titled.with_columns(said_once(pl.col("title_vi")), said_once(pl.col("title_en")))).select(
        group=pl.lit("local"),
        signed="signed",
        sector="sector",
        partner="partner",
        agency=pl.lit(PROVINCE),
        doc_type="doc_type",
        exchange=pl.lit(None, dtype=pl.String),
        topic=-2 - pl.col("item").cast(pl.Int64),
        signing_agency=pl.lit(PROVINCE),
        second_partner=pl.lit(None, dtype=pl.String),
        office=pl.col("name_vi").str.replace(" tỉnh Lạng Sơn$", ""),
        subject_vi="subject_vi",
        subject_en="subject_en",
        product_vi="product_vi",
        product_en="product_en",
        counterpart_vi="counterpart_vi",
        title_vi="title_vi",
        title_en="title_en",
    )


def _doc_types(of_province: int, of_bodies: int) -> list[str]:
    return [_PROVINCIAL[place % len(_PROVINCIAL)] for place in range(of_province)] + ["LOCAL"] * of_bodies
