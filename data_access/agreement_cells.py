"""Columns of agreements, their partners and days of their states as the texts a batch keeps of them, and back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access.store import models
from data_access.store.arrow import table_of

UNDATED: Final = "undated"
"""What stands in place of the day of a state that has none of its own."""

PARTNERS: Final = "partners"
"""The cell of an agreement's partners, the lead partner first; not a column of agreements."""

COORDINATING: Final = "coordinating"
"""The cell of the agencies that coordinate with the responsible one, in the order of their codes; not a column of agreements."""

VANISHED: Final = "vanished_on"
RESPONSIBLE: Final = "responsible_agency"
HANDED_OVER: Final = "refresh.apply"
"""What brings about that somebody else is responsible by a newer export (see `Handover.action`)."""

BETWEEN: Final = ", "
"""What stands between several entries in a cell."""
_MEANT: Final[Mapping[str, Callable[[str], Any]]] = types.MappingProxyType(
    {"boolean": lambda text: text == "true", "date": dt.date.fromisoformat}
)


@dataclasses.dataclass(frozen=True)
class Listed:
    """A cell that is a list in a table of its own, an entry in each row: the table, its column of entries, the one that keeps their
    order, and the role a row names."""

    model: type[SQLModel]
    column: str
    place: str | None = None
    role: str | None = None

    def beside(self) -> dict[str, str]:
        """What each row says beside its entry."""
        return {} if self.role is None else {"role": self.role}

    @property
    def name(self) -> str:
        """What the table is called."""
        return str(table_of(self.model).name)


LISTED: Final[Mapping[str, Listed]] = types.MappingProxyType(
    {
        PARTNERS: Listed(models.AgreementPartner, "partner", place="position"),
        COORDINATING: Listed(models.AgreementAgency, "agency", role="coordinating"),
    }
)


def set_cells(session: Session, field: str, values: Iterable[tuple[int, str]]) -> None:
    """Put texts, as a batch keeps them, into a column of agreements (or into what is LISTED), by agreement id; an empty one is
    null where the column may be."""
    if field in LISTED:
        _set_listed(session, LISTED[field], dict(values))
        return
    agreement = table_of(models.Agreement)
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


def _set_listed(session: Session, of: Listed, said: Mapping[int, str]) -> None:
    listed = table_of(of.model)
    gone = [{"agreement": number} for number in said]
    if not gone:
        return
    connection = session.connection()
    connection.execute(sa.delete(listed).where(listed.c.agreement_id == sa.bindparam("agreement")), gone)
    there = [
        {"agreement_id": number, of.column: code, **({of.place: place} if of.place else {}), **of.beside()}
        for number, text in said.items()
        for place, code in enumerate(parts_of(text))
    ]
    if there:
        connection.execute(sa.insert(listed), there)


def texts_of(agreements: pl.DataFrame, fields: Iterable[str]) -> pl.DataFrame:
    """Columns of agreements as texts, one row for each cell: ref, field, value."""
    return (
        agreements.select("ref", *(pl.col(name).cast(pl.String) for name in fields if name != "ref"))
        .unpivot(index="ref", variable_name="field")
        .with_columns(pl.col("value").fill_null(""))
        .select("ref", "field", "value")
    )


def listed_texts(field: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What is LISTED under a field (ref, and the columns of its table) of each agreement as one text: ref, field, value."""
    of = LISTED[field]
    joined = rows.sort("ref", of.place or of.column).group_by("ref", maintain_order=True)
    return joined.agg(value=pl.col(of.column).str.join(BETWEEN)).select("ref", field=pl.lit(field), value="value")


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
        .agg(value=pl.col("day").sort().str.join(BETWEEN))
        .select("ref", "field", "value")
    )


def parts_of(text: str) -> list[str]:
    """What such a text names: days, partners, agencies."""
    return [part for part in text.split(BETWEEN) if part]
