"""Agreements to be registered that look like ones already there, or like one another."""

from __future__ import annotations

import polars as pl

from kpi.names import squeezed
from kpi.update.cells import ROW
from kpi.update.consistency import folded
from kpi.update.current import Current
from kpi.update.layout import NEW
from kpi.update.problems import Problem


def likely_duplicates(cells: pl.DataFrame, current: Current) -> list[Problem]:
    """Same title and partner: the agreement is there already, and the row is refused. Same title with another partner, or same
    partner and signing day: a notice.

    Titles are compared without regard to capitals, diacritics, signs and the order of their words.
    """
    new = (
        folded(cells, "agreement", ("title_vi", "partner", "signed_on"))
        .filter(pl.col("subject").str.starts_with(NEW) & pl.col("title_vi").is_not_null())
        .select(ROW, "partner", "signed_on", title="title_vi", words=_words(pl.col("title_vi")))
    )
    if new.is_empty():
        return []
    there = current.standing.select(
        pl.lit(0, pl.Int64).alias("other_row"),
        "ref",
        "partner",
        signed_on=pl.col("signed_on").dt.to_string(),
        words=_words(pl.col("title_vi")),
    )
    others = pl.concat(
        [there, new.select("partner", "signed_on", "words", other_row=ROW, ref=pl.lit("")).select(there.columns)]
    )
    found: list[Problem] = []
    for keys in (["words"], ["partner", "signed_on"]):
        pairs = new.join(others, on=keys, how="inner", suffix="_other").filter(pl.col(ROW) > pl.col("other_row"))
        nearest = pairs.sort(ROW, "other_row", "ref").unique(ROW, keep="first", maintain_order=True)
        if keys == ["words"]:
            same_partner = pl.col("partner").eq_missing(pl.col("partner_other"))
            certain = pairs.filter(same_partner).unique(ROW, keep="first", maintain_order=True).sort(ROW)
            found += _problems("already_registered", certain, blocking=True)
            nearest = nearest.join(certain, on=ROW, how="anti")
        known = [problem.row for problem in found]
        found += _problems("looks_registered", nearest.filter(~pl.col(ROW).is_in(known)), blocking=False)
    return found


def _problems(code: str, pairs: pl.DataFrame, *, blocking: bool) -> list[Problem]:
    return [
        Problem(
            code if not other_row else f"{code}_in_file",
            row=row,
            column="title_vi",
            value=title,
            params={"ref": ref, "other_row": other_row},
            blocking=blocking,
        )
        for row, title, ref, other_row in pairs.select(ROW, "title", "ref", "other_row").iter_rows()
    ]


def _words(title: pl.Expr) -> pl.Expr:
    """The words of a title in alphabetical order, squeezed."""
    words = title.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars().str.split(" ")
    return words.list.eval(squeezed(pl.element())).list.sort().list.join(" ")
