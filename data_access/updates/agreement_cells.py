"""Columns of agreements, their partners and days of their states as the texts a batch keeps of them, and back."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access.store import models
from data_access.updates.reading import table

UNDATED: Final = "undated"
"""What stands in place of the day of a state that has none of its own."""

PARTNERS: Final = "partners"
"""The cell of an agreement's partners, the lead partner first; not a column of agreements."""

VANISHED: Final = "vanished_on"
RESPONSIBLE: Final = "responsible_agency"
HANDED_OVER: Final = "refresh.apply"
"""What brings about that somebody else is responsible by a newer export (see `Handover.action`)."""

_BETWEEN: Final = ", "
_MEANT: Final[Mapping[str, Callable[[str], Any]]] = types.MappingProxyType(
    {"boolean": lambda text: text == "true", "date": dt.date.fromisoformat}
)


def set_cells(session: Session, field: str, values: Iterable[tuple[int, str]]) -> None:
    """Put texts, as a batch keeps them, into a column of agreements (or into their partners), by agreement id; an empty one is null
    where the column may be."""
    if field == PARTNERS:
        _set_partners(session, dict(values))
        return
    agreement = table(models.Agreement)
    column = agreement.c[field]
    meant = _MEANT.get(str(getattr(column.type, "__visit_name__", "")), str)
    given = [
        {"agreement": number, "content": None if not text and column.nullable else meant(text)}
        for number, text in values
    ]
    if given:
        session.connection().execute(
            sa.update(agreement)
            .where(agreement.c.id == sa.bindparam("agreement"))
            .values({field: sa.bindparam("content", type_=column.type)}),
            given,
        )


def _set_partners(session: Session, said: Mapping[int, str]) -> None:
    partner = table(models.AgreementPartner)
    gone = [{"agreement": number} for number in said]
    if not gone:
        return
    connection = session.connection()
    connection.execute(sa.delete(partner).where(partner.c.agreement_id == sa.bindparam("agreement")), gone)
    there = [
        {"agreement_id": number, "partner": code, "position": place}
        for number, text in said.items()
        for place, code in enumerate(filter(None, text.split(_BETWEEN)))
    ]
    if there:
        connection.execute(sa.insert(partner), there)


def texts_of(agreements: pl.DataFrame, fields: Iterable[str]) -> pl.DataFrame:
    """Columns of agreements as texts, one row for each cell: ref, field, value."""
    return (
        agreements.select("ref", *(pl.col(name).cast(pl.String) for name in fields if name != "ref"))
        .unpivot(index="ref", variable_name="field")
        .with_columns(pl.col("value").fill_null(""))
        .select("ref", "field", "value")
    )


def partner_texts(partners: pl.DataFrame) -> pl.DataFrame:
    """Partners (ref, partner, position) of each agreement as one text: ref, field, value."""
    joined = partners.sort("ref", "position").group_by("ref", maintain_order=True)
    return joined.agg(value=pl.col("partner").str.join(_BETWEEN)).select("ref", field=pl.lit(PARTNERS), value="value")


def day_texts(events: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """The days of each state, and the day last planned for completion, as one text each: ref, field (`state_date[SIGNED]`,
    `current_target`), value."""
    moves = events.select(
        "ref",
        field=pl.format("state_date[{}]", "state"),
        day=pl.when("date_known").then(pl.col("effective_on").cast(pl.String)).otherwise(pl.lit(UNDATED)),
    )
    latest = targets.sort("ref", "effective_on", "id").unique("ref", keep="last", maintain_order=True)
    planned = latest.select("ref", field=pl.lit("current_target"), day=pl.col("target_on").cast(pl.String))
    return (
        pl.concat([moves, planned])
        .group_by("ref", "field")
        .agg(value=pl.col("day").sort().str.join(_BETWEEN))
        .select("ref", "field", "value")
    )


def days_in(text: str) -> list[str]:
    """The days that such a text names."""
    return [day for day in text.split(_BETWEEN) if day]
