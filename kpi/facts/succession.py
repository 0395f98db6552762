"""Who and what took whose place: agreements as agencies and lists were on a day."""

from __future__ import annotations

import datetime as dt

import polars as pl

from kpi.facts.history import AGENCY, History
from kpi.register import TIERS
from kpi.vocabulary import NOT_GIVEN


def responsible(history: History, as_of: dt.date) -> pl.DataFrame:
    """The agreements of a history with who was responsible for them on a day."""
    later = history.handovers.filter(pl.col("_until") > as_of)
    if later.is_empty():
        return history.agreements
    then = later.unique("_row", keep="first", maintain_order=True).select("agreement_id", *AGENCY, _is_other=True)
    joined = history.agreements.join(then, on="agreement_id", how="left", maintain_order="left", suffix="_then")
    return joined.with_columns(
        pl.when("_is_other").then(pl.col(f"{name}_then")).otherwise(name).alias(name) for name in AGENCY
    ).select(history.agreements.columns)


def by_lists(history: History, agreements: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Agreements with what is in the place of entries that had ended by a day."""
    ended = history.ends.filter(pl.col("effective_on") <= as_of).drop_nulls("successor")
    if ended.is_empty():
        return agreements
    order = agreements.columns
    for column, beside in history.lists.items():
        successor = _last_successors(ended.filter(pl.col("list_of") == column))
        if successor:
            others = [name for name in beside.columns if name != column]
            agreements = (
                agreements.with_columns(pl.col(column).replace(successor))
                .drop(others)
                .join(beside, on=column, how="left", maintain_order="left")
                .with_columns(pl.col(name).fill_null(NOT_GIVEN) for name in others if beside.schema[name] == pl.String)
            )
    return agreements.select(order)


def tiers_since(history: History, as_of: dt.date) -> dict[str, str]:
    """The tiers that had ended by a day, and which is in the place of each."""
    ended = history.ends.filter(pl.col("effective_on") <= as_of, pl.col("list_of") == TIERS).drop_nulls("successor")
    return _last_successors(ended)


def _last_successors(ended: pl.DataFrame) -> dict[str, str]:
    """Each entry that ended, and who is in its place after all that came to be by then."""
    following = dict(ended.sort("id").select("code", "successor").iter_rows())
    found: dict[str, str] = {}
    for code, successor in following.items():
        seen = {code}
        while successor in following and successor not in seen:
            seen.add(successor)
            successor = following[successor]
        found[code] = successor
    return found
