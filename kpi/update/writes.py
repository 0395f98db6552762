"""The rows an upload adds to the register: the other face of its differences.

Pure, so that the same rows serve three purposes: they are stored when the upload is confirmed, they show beforehand what it
would do to every figure, and tests compare the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import polars as pl

from kpi.facts import REPORT_FIELDS
from kpi.register import FIELDS_FILLED, Schema
from kpi.update.changes import Place
from kpi.update.current import Current
from kpi.update.layout import NEW
from kpi.vocabulary import BlockerStep, State, texts

AGREEMENTS: Schema = {
    "subject": pl.String,
    **dict.fromkeys(("title_vi", "title_en", "doc_type", "sector", "partner", "scope"), pl.String),
    "implementable": pl.Boolean,
}
VALUES: Schema = {"subject": pl.String, "column": pl.String, "value": pl.String}
STATUS_EVENTS: Schema = {
    "subject": pl.String,
    "state": pl.String,
    "effective_on": pl.Date,
    "document": pl.String,
    "replaces": pl.Int64,
}
TARGETS: Schema = {
    "subject": pl.String,
    "target_on": pl.Date,
    "effective_on": pl.Date,
    "reason": pl.String,
    "replaces": pl.Int64,
}
REPORTS: Schema = {
    "subject": pl.String,
    "item": pl.String,
    "period": pl.String,
    "reported_on": pl.Date,
    "received_on": pl.Date,
    **dict.fromkeys(REPORT_FIELDS, pl.String),
    "progress_pct": pl.Float64,
    "shows_progress": pl.Boolean,
    "replaces": pl.Int64,
}
BLOCKERS: Schema = {
    "subject": pl.String,
    "item": pl.String,
    **dict.fromkeys(("cause", "severity", "authority_level", "description"), pl.String),
}
BLOCKER_EVENTS: Schema = {
    "subject": pl.String,
    "item": pl.String,
    "kind": pl.String,
    "effective_on": pl.Date,
    "replaces": pl.Int64,
}
_EVENTS_OF_A_BLOCKER = texts(BlockerStep)


@dataclasses.dataclass(frozen=True, eq=False)
class Writes:
    """Rows to add, by table. `subject` is an agreement's id as text or names a new one; `replaces` is the id of the row that a
    correction takes the place of, null where the row is news. `values` are new contents of columns of the agreement itself."""

    agreements: pl.DataFrame
    values: pl.DataFrame
    status_events: pl.DataFrame
    targets: pl.DataFrame
    reports: pl.DataFrame
    blockers: pl.DataFrame
    blocker_events: pl.DataFrame

    def only(self, places: Collection[Place]) -> Writes:
        """The rows of some places (see `changes.place_of`)."""
        part, item = pl.lit, pl.col("item")
        return Writes(
            agreements=_of_places(self.agreements, places, part("agreement"), part("")),
            values=_of_places(self.values, places, pl.col("column"), part("")),
            status_events=_of_places(self.status_events, places, part("status"), part("")),
            targets=_of_places(self.targets, places, part("target"), part("")),
            reports=_of_places(self.reports, places, part("report"), item),
            blockers=_of_places(self.blockers, places, part("blocker"), item),
            blocker_events=_of_places(self.blocker_events, places, part("blocker"), item),
        )


def _of_places(frame: pl.DataFrame, places: Collection[Place], part: pl.Expr, item: pl.Expr) -> pl.DataFrame:
    is_new = pl.col("subject").str.starts_with(NEW)
    keys = ["subject", "_part", "_item"]
    wanted = pl.DataFrame(list(places), schema=dict.fromkeys(keys, pl.String), orient="row")
    placed = frame.with_columns(
        pl.when(is_new).then(pl.lit("")).otherwise(said).alias(name)
        for name, said in zip(keys[1:], (part, item), strict=True)
    )
    return placed.join(wanted, on=keys, how="semi", maintain_order="left").drop(keys[1:])


def writes_of(cells: pl.DataFrame, current: Current) -> Writes:
    """The rows that checked cells amount to (see `checks.Checked`)."""
    return Writes(
        agreements=_agreements(cells, current),
        values=_shaped(cells.filter(pl.col("part") == "result"), VALUES),
        status_events=_status_events(cells, current),
        targets=_targets(cells, current),
        reports=_reports(cells, current),
        blockers=_blockers(cells),
        blocker_events=_blocker_events(cells, current),
    )


def _shaped(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _things(cells: pl.DataFrame, part: str, names: tuple[str, ...]) -> pl.DataFrame:
    """One row per thing of a part: subject, agreement_id, item, the values, and `<name>_told` where a cell is among them."""
    is_column = {name: pl.col("column") == name for name in names}
    return (
        cells.filter(pl.col("part") == part)
        .group_by("subject", "agreement_id", "item", maintain_order=True)
        .agg(
            *(pl.col("value").filter(test).first().alias(name) for name, test in is_column.items()),
            *(test.any().alias(f"{name}_told") for name, test in is_column.items()),
        )
    )


def _date(name: str) -> pl.Expr:
    return pl.col(name).str.to_date("%Y-%m-%d")


def _agreements(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    """Agreements to register. Whether one is there to be implemented follows from the kind of document."""
    names = ("title_vi", "title_en", "doc_type", "sector", "partner", "scope")
    kinds = current.doc_types.select(doc_type="code", implementable="implementable_default")
    new = _things(cells, "agreement", names).filter(pl.col("subject").str.starts_with(NEW))
    joined = new.join(kinds, on="doc_type", how="left", maintain_order="left")
    return _shaped(joined.with_columns(pl.col("title_en").fill_null("")), AGREEMENTS)


def _status_events(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    signed = _things(cells, "agreement", ("signed_on",)).filter(pl.col("subject").str.starts_with(NEW))
    signings = signed.select(
        "subject",
        state=pl.lit(State.SIGNED),
        effective_on=_date("signed_on"),
        document=pl.lit(None, pl.String),
        replaces=pl.lit(None, pl.Int64),
    )
    standing = current.standing.select("agreement_id", state_now="state", since_now="state_since", event="state_event")
    moves = (
        _things(cells, "status", ("state", "state_date", "state_document"))
        .join(standing, on="agreement_id", how="left", maintain_order="left")
        .select(
            "subject",
            state=pl.coalesce("state", "state_now"),
            effective_on=pl.coalesce(_date("state_date"), "since_now"),
            document="state_document",
            replaces=pl.when(~pl.col("state_told")).then("event"),
        )
    )
    return pl.concat([_shaped(signings, STATUS_EVENTS), _shaped(moves, STATUS_EVENTS)])


def _targets(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    standing = current.standing.select(
        "agreement_id", target_now="current_target", set_now="target_on", row="target_row"
    )
    things = _things(cells, "target", ("current_target", "target_reason", "target_set_on"))
    return _shaped(
        things.join(standing, on="agreement_id", how="left", maintain_order="left").select(
            "subject",
            target_on=pl.coalesce(_date("current_target"), "target_now"),
            effective_on=pl.coalesce(_date("target_set_on"), "set_now"),
            reason=pl.col("target_reason").fill_null(""),
            replaces=pl.when(~pl.col("current_target_told")).then("row"),
        ),
        TARGETS,
    )


def _reports(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    """A correction keeps every cell of the report it replaces that it does not name, its day included.

    Its day of receipt (`received_on`, null: the day it is stored) it keeps where the report it replaces was complete: putting a
    word right does not make a report late, and what was missing came when it came.
    """
    names = ("report_date", "progress_pct", "shows_progress", *REPORT_FIELDS)
    kept = current.latest_reports.select(
        "agreement_id",
        "item",
        "id",
        received_on=pl.when(len(REPORT_FIELDS) == FIELDS_FILLED).then("received_on"),
        report_date_kept=pl.col("reported_on").dt.to_string(),
        progress_pct_kept=pl.col("progress_pct"),
        shows_progress_kept=pl.when("shows_progress").then(pl.lit("yes")).otherwise(pl.lit("no")),
        **{f"{name}_kept": pl.col(name) for name in REPORT_FIELDS},
    )
    things = _things(cells, "report", names).with_columns(pl.col("progress_pct").cast(pl.Float64))
    joined = things.join(kept, on=["agreement_id", "item"], how="left", maintain_order="left").with_columns(
        pl.when(f"{name}_told").then(name).otherwise(f"{name}_kept").alias(name) for name in names
    )
    has_period = ~pl.col("item").str.starts_with("@")
    return _shaped(
        joined.with_columns(
            pl.when(has_period).then("item").alias("period"),
            _date("report_date").alias("reported_on"),
            pl.col(REPORT_FIELDS).fill_null(""),
            pl.col("shows_progress") == "yes",
            pl.col("id").alias("replaces"),
        ),
        REPORTS,
    )


def _blockers(cells: pl.DataFrame) -> pl.DataFrame:
    names = ("cause", "severity", "authority_level", "description")
    new = _things(cells, "blocker", tuple(f"blocker_{name}" for name in names)).filter(
        pl.col("item").str.starts_with(NEW)
    )
    renamed = new.rename({f"blocker_{name}": name for name in names})
    return _shaped(renamed.with_columns(pl.col("description").fill_null("")), BLOCKERS)


def _blocker_events(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    columns = {f"blocker_{kind}_on": kind for kind in _EVENTS_OF_A_BLOCKER}
    there = (
        current.standing_blockers.select("item", **{kind: pl.col(f"{kind}_event") for kind in _EVENTS_OF_A_BLOCKER})
        .unpivot(index="item", variable_name="kind", value_name="replaces")
        .drop_nulls()
    )
    events = cells.filter(pl.col("column").is_in(list(columns))).with_columns(
        kind=pl.col("column").replace_strict(columns, return_dtype=pl.String), effective_on=_date("value")
    )
    return _shaped(events.join(there, on=["item", "kind"], how="left", maintain_order="left"), BLOCKER_EVENTS)
