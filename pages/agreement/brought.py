"""Who brought what an agreement's tables say, in which batch, and who reviewed that."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import polars as pl

import words as w
from data_access.clock import local_time
from data_access.register import AgreementDossier
from pages.ui import links, session, tables
from pages.ui.tables import Column

_BY = "brought_by"
_COLUMN = Column(_BY, "agreement.brought_by", width=180, by="batch_id", help_key="agreement.brought_by_help")

Row = dict[str, Any]


def show(
    rows: pl.DataFrame,
    columns: Sequence[Column],
    key: str,
    *,
    dossier: AgreementDossier,
    person: session.Person,
    alt: str,
    empty_key: str = "common.no_rows",
) -> None:
    """A table of rows (batch_id, received_on, ...) that says after the day of receipt who brought each: a click opens the batch.

    Null for what came with the register and, for whoever reads one agency's only, for what another agency brought.
    """
    told = {
        batch["batch_id"]: _told(batch)
        for batch in dossier.batches.iter_rows(named=True)
        if person.limited_to in (None, batch["agency"])
    }
    by = (
        pl.col("batch_id")
        .cast(pl.String)
        .replace_strict({str(number): said for number, said in told.items()}, default=None)
    )
    written = rows.with_columns((by if told else pl.lit(None)).cast(pl.String).alias(_BY))
    has_any = bool(written[_BY].count())
    if has_any:
        received = next(place for place, column in enumerate(columns) if column.name == "received_on")
        columns = (*columns[: received + 1], _COLUMN, *columns[received + 1 :])
    tables.show(
        written,
        columns,
        key,
        file_name=key,
        alt=alt,
        empty_key=empty_key,
        acts={_BY: functools.partial(_open, person)} if has_any else None,
        file_columns=columns,
    )


def _told(batch: Row) -> str:
    parts = [batch["username"], w.t("agreement.batch", number=batch["batch_id"])]
    if batch["reviewed_at"] is not None:
        on = w.date(local_time(batch["reviewed_at"]).date())
        parts.append(w.t("agreement.batch_reviewed", by=batch["reviewed_by"], date=on))
    return " · ".join(parts)


def _open(person: session.Person, row: Row) -> None:
    links.go(links.page_of_batches(person), batch=row["batch_id"])
