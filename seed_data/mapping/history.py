"""What happened to each agreement and when, as far as a file's columns tell; and where they contradict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_

import polars as pl

from kpi.vocabulary import State
from seed_data.mapping.declaration import DATA_DATE, Condition, Event, MappingDeclaration
from seed_data.mapping.values import Table, decided, tidy

FINDINGS = {
    "agreement_id": pl.Int64,
    "source_row": pl.Int64,
    "field": pl.String,
    "value": pl.String,
    "code": pl.String,
}
NO_STATE = State.PROPOSED
"""The state of a record for which no event of the mapping holds: it is kept, unsigned, and listed."""

_EVENTS = {
    "agreement_id": pl.Int64,
    "state": pl.String,
    "effective_on": pl.Date,
    "received_on": pl.Date,
    "date_known": pl.Boolean,
    "position": pl.Int64,
}
_NO_EVENT = -1
_RECEIVED = pl.max_horizontal("told_on", "effective_on")
"""Nobody was told of what had not yet been: where a source says so, its day of receipt is listed and the day itself stands in."""
_STARTS = (State.IN_FORCE, State.PLAN_ISSUED, State.IN_PROGRESS)


def events(table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The moves between states: agreement_id, state, effective_on, received_on, date_known, position (of the event in the mapping).

    Ordered by agreement and position, so that moves of one day keep the order of the mapping.
    """
    parts = [
        moves.select(*_EVENTS, "told_on").filter(pl.col("effective_on").is_not_null())
        for moves in (_moves(table, declaration, dates, event, place) for place, event in enumerate(declaration.events))
    ]
    found = _in_order(pl.concat([pl.DataFrame(schema={**_EVENTS, "told_on": pl.Date}), *parts]))
    ids = pl.int_range(1, len(table.rows) + 1, dtype=pl.Int64, eager=True)
    without = ids.to_frame("agreement_id").join(found, on="agreement_id", how="anti")
    stateless = without.select(
        "agreement_id",
        state=pl.lit(NO_STATE),
        effective_on=pl.lit(declaration.register.data_date),
        received_on=pl.lit(declaration.register.data_date),
        date_known=pl.lit(False),
        position=pl.lit(_NO_EVENT, pl.Int64),
    )
    return pl.concat([found, stateless]).sort("agreement_id", "position")


def _in_order(found: pl.DataFrame) -> pl.DataFrame:
    """The moves, those that are not dated placed as the mapping has them: not before what stands before them, and above all not
    after what is dated and stands behind them. Where days contradict the order, the dated ones stand as they are given."""
    behind = pl.when("date_known").then("effective_on").cum_min(reverse=True).backward_fill().over("agreement_id")
    capped = pl.when("date_known").then("effective_on").otherwise(pl.min_horizontal("effective_on", behind))
    placed = pl.min_horizontal(capped.cum_max().over("agreement_id"), behind)
    return (
        found.sort("agreement_id", "position")
        .with_columns(effective_on=pl.when("date_known").then("effective_on").otherwise(placed))
        .with_columns(_RECEIVED.alias("received_on"))
        .select(*_EVENTS)
    )


def targets(table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The planned dates: agreement_id, target_on, effective_on, reason, received_on. The day it was planned must have come."""
    come = _come(table, declaration, dates)
    ids = pl.int_range(1, len(table.rows) + 1, dtype=pl.Int64, eager=True)
    schema = {
        "agreement_id": pl.Int64,
        "target_on": pl.Date,
        "effective_on": pl.Date,
        "reason": pl.String,
        "received_on": pl.Date,
    }
    parts = [
        pl.DataFrame(
            {
                "agreement_id": ids,
                "target_on": dates[target.date],
                "effective_on": _first(come, target.since),
                "told_on": _told(table, declaration, dates, target.received),
            }
        )
        .select(*list(schema)[:3], reason=pl.lit(target.reason), received_on=_RECEIVED)
        .drop_nulls()
        for target in declaration.targets
    ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def findings(
    table: Table,
    declaration: MappingDeclaration,
    dates: Mapping[str, pl.Series],
    events: pl.DataFrame,
    targets: pl.DataFrame,
) -> pl.DataFrame:
    """What the dates of the file do not say, or say in contradiction, one row each with the columns of FINDINGS."""
    columns = {name: date.column for name, date in declaration.dates.items()}
    fields = {
        state: columns[event.date]
        for event in reversed(declaration.events)
        for state in [event.state]
        if event.date is not None
    }
    target_field = columns[declaration.targets[0].date] if declaration.targets else ""
    known = events.filter("date_known")
    ids = pl.int_range(1, len(table.rows) + 1, dtype=pl.Int64, eager=True)
    life = (
        ids.to_frame("agreement_id")
        .with_columns(source_row=table.rows)
        .join(_first_day(known, (State.SIGNED,), "signed"), on="agreement_id", how="left")
        .join(_first_day(known, _STARTS, "started"), on="agreement_id", how="left")
        .join(_first_day(known, (State.COMPLETED,), "completed"), on="agreement_id", how="left")
        .join(targets.group_by("agreement_id").agg(target=pl.col("target_on").min()), on="agreement_id", how="left")
        .join(
            events.group_by("agreement_id").agg(
                is_completed=(pl.col("state") == State.COMPLETED).any(),
                is_started=pl.col("state").is_in(_STARTS).any(),
                is_signed=(pl.col("state") == State.SIGNED).any(),
            ),
            on="agreement_id",
            how="left",
        )
    )
    start_field = fields.get(State.IN_PROGRESS, fields.get(State.IN_FORCE, ""))
    completed_field = fields.get(State.COMPLETED, "")
    contradictions = [
        _finding(life, pl.col("started") < pl.col("signed"), "effective_before_signed", start_field, "started"),
        _finding(life, pl.col("completed") < pl.col("signed"), "completed_before_signed", completed_field, "completed"),
        _finding(
            life, pl.col("completed") < pl.col("started"), "completed_before_started", completed_field, "completed"
        ),
        _finding(life, pl.col("target") < pl.col("signed"), "target_before_signed", target_field, "target"),
        _finding(life, pl.col("is_completed") & ~pl.col("is_started"), "start_not_given", start_field, None),
    ]
    unsigned = _unsigned(table, declaration, dates, life)
    rows = ids.to_frame("agreement_id").with_columns(source_row=table.rows)
    undated = (
        events.filter(~pl.col("date_known"))
        .join(rows, on="agreement_id")
        .select(
            "agreement_id",
            "source_row",
            field=pl.col("state").replace_strict(fields, default="", return_dtype=pl.String),
            value="state",
            code=pl.when(pl.col("position") == _NO_EVENT).then(pl.lit("no_state")).otherwise(pl.lit("state_undated")),
        )
    )
    return pl.concat(
        [
            *contradictions,
            unsigned,
            undated,
            _still_to_come(table, declaration, dates),
            _received_before(table, declaration, dates),
        ]
    )


def _finding(life: pl.DataFrame, holds: pl.Expr, code: str, field: str, value: str | None) -> pl.DataFrame:
    return life.filter(holds.fill_null(False)).select(
        "agreement_id",
        "source_row",
        field=pl.lit(field),
        value=pl.lit("") if value is None else pl.col(value).dt.to_string("%Y-%m-%d"),
        code=pl.lit(code),
    )


def _unsigned(
    table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series], life: pl.DataFrame
) -> pl.DataFrame:
    """Records whose cells for the day of signing are all empty."""
    signing = [event for event in declaration.events if event.state == State.SIGNED and event.date is not None]
    if not signing:
        return pl.DataFrame(schema=FINDINGS)
    empty = reduce(and_, (dates[str(event.date)].is_null() for event in signing))
    field = declaration.dates[str(signing[0].date)].column
    return _finding(life.with_columns(_empty=empty), pl.col("_empty"), "no_signing_date", field, None)


def _still_to_come(table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Dates of moves that lie after the data date: nothing then has happened yet."""
    late = pl.col("given_on") > declaration.register.data_date
    return _of_moves(table, declaration, dates, late, "given_on", "after_data_date")


def _received_before(table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Moves that the source says it was told of before the day they happened."""
    early = (pl.col("told_on") < pl.col("effective_on")) & pl.col("date_known")
    return _of_moves(table, declaration, dates, early, "told_on", "received_before")


def _of_moves(
    table: Table,
    declaration: MappingDeclaration,
    dates: Mapping[str, pl.Series],
    holds: pl.Expr,
    value: str,
    code: str,
) -> pl.DataFrame:
    """A finding for each dated move of which something holds, once for each column, with the day in `value`."""
    parts = [
        _moves(table, declaration, dates, event, place)
        .filter(holds.fill_null(False))
        .select(
            "agreement_id",
            "source_row",
            field=pl.lit(declaration.dates[event.date].column),
            value=pl.col(value).dt.to_string("%Y-%m-%d"),
            code=pl.lit(code),
        )
        for place, event in enumerate(declaration.events)
        if event.date is not None
    ]
    return pl.concat([pl.DataFrame(schema=FINDINGS), *parts]).unique(maintain_order=True)


def _moves(
    table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series], event: Event, place: int
) -> pl.DataFrame:
    """The records for which an event's conditions hold, with its day, and whether that day is the event's own."""
    come = _come(table, declaration, dates)
    ids = pl.int_range(1, len(table.rows) + 1, dtype=pl.Int64, eager=True)
    listed = {column: declaration.listed(column) for column in declaration.compared()}
    holds = reduce(and_, (_holds(table, come, condition, listed) for condition in event.when), ids > 0)
    given = pl.repeat(None, len(ids), dtype=pl.Date, eager=True) if event.date is None else dates[event.date]
    day = pl.repeat(None, len(ids), dtype=pl.Date, eager=True) if event.date is None else come[event.date]
    stand_in = _first(come, event.undated)
    return (
        pl.DataFrame(
            {
                "agreement_id": ids,
                "source_row": table.rows,
                "given_on": given,
                "told_on": _told(table, declaration, dates, event.received),
                "_day": day,
                "effective_on": pl.select(pl.coalesce(day, stand_in)).to_series(),
            }
        )
        .filter(holds)
        .select(
            "agreement_id",
            "source_row",
            "given_on",
            "told_on",
            pl.lit(event.state).alias("state"),
            "effective_on",
            _RECEIVED.alias("received_on"),
            pl.col("_day").is_not_null().alias("date_known"),
            pl.lit(place, pl.Int64).alias("position"),
        )
    )


def _come(table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Each date where it is not after the data date, and the data date itself."""
    day = declaration.register.data_date
    come = {name: pl.select(pl.when(series <= day).then(series)).to_series() for name, series in dates.items()}
    come[DATA_DATE] = pl.repeat(day, len(table.rows), dtype=pl.Date, eager=True)
    return come


def _holds(
    table: Table, come: Mapping[str, pl.Series], condition: Condition, listed: Mapping[str, Sequence[str]]
) -> pl.Series:
    if condition.date is not None:
        return come[condition.date].is_not_null() == condition.holds
    if not condition.texts:
        return (table.frame[str(condition.column)] != "") == condition.holds
    cells = decided(table.frame[str(condition.column)], (tidy(text) for text in listed[str(condition.column)]))
    return cells.is_in([tidy(text) for text in condition.texts]).fill_null(False) == condition.holds


def _told(
    table: Table, declaration: MappingDeclaration, dates: Mapping[str, pl.Series], names: tuple[str, ...]
) -> pl.Series:
    """When the source says it received it, record by record, at the latest on the data date; null where it does not say."""
    day = declaration.register.data_date
    given = {**dates, DATA_DATE: pl.repeat(day, len(table.rows), dtype=pl.Date, eager=True)}
    told = _first(given, names)
    return pl.select(pl.when(told > day).then(pl.lit(day)).otherwise(told)).to_series()


def _first(come: Mapping[str, pl.Series], names: tuple[str, ...]) -> pl.Series:
    """The first of several dates that has come, record by record."""
    nothing = pl.repeat(None, len(come[DATA_DATE]), dtype=pl.Date, eager=True)
    return pl.select(pl.coalesce([*(come[name] for name in names), nothing])).to_series()


def _first_day(known: pl.DataFrame, states: tuple[str, ...], name: str) -> pl.DataFrame:
    return (
        known.filter(pl.col("state").is_in(states))
        .group_by("agreement_id")
        .agg(pl.col("effective_on").min().alias(name))
    )
