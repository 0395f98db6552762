"""What the register says now about one agency's agreements: what a template is filled with and an upload compared to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence

import polars as pl

from files.text import canonical
from kpi.facts import REPORT_FIELDS
from kpi.register import Schema
from kpi.thresholds import Thresholds
from kpi.update.cells import percent_text
from kpi.update.choices import FIXED_LISTS, Choice, quarter_spellings
from kpi.vocabulary import UNSIGNED, BlockerStep, State, state_class

AGREEMENTS: Schema = {
    "agreement_id": pl.Int64,
    "ref": pl.String,
    "row_version": pl.Int64,
    "title_vi": pl.String,
    "title_en": pl.String,
    "doc_type": pl.String,
    "sector": pl.String,
    "partner": pl.String,
    "scope": pl.String,
    "implementable": pl.Boolean,
    "tracked": pl.Boolean,
    "deliverable_vi": pl.String,
    "deliverable_en": pl.String,
    "evidence_url": pl.String,
}
EVENTS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "state": pl.String,
    "effective_on": pl.Date,
    "date_known": pl.Boolean,
    "note": pl.String,
}
TARGETS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "target_on": pl.Date,
    "effective_on": pl.Date,
    "reason": pl.String,
}
REPORTS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "period": pl.String,
    "reported_on": pl.Date,
    "received_on": pl.Date,
    **dict.fromkeys(REPORT_FIELDS, pl.String),
    "progress_pct": pl.Float64,
    "shows_progress": pl.Boolean,
}
BLOCKERS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "cause": pl.String,
    "severity": pl.String,
    "authority_level": pl.String,
    "description": pl.String,
}
BLOCKER_EVENTS: Schema = {"id": pl.Int64, "blocker_id": pl.Int64, "kind": pl.String, "effective_on": pl.Date}
PERIODS: Schema = {"code": pl.String, "starts_on": pl.Date, "ends_on": pl.Date, "due_on": pl.Date}
DOC_TYPES: Schema = {
    "code": pl.String,
    "legal_class": pl.String,
    "needs_approval": pl.Boolean,
    "implementable_default": pl.Boolean,
}
FOUND_FALSE: Schema = {"agreement_id": pl.Int64, "state": pl.String}
TAKEN_BACK: Schema = {
    "agreement_id": pl.Int64,
    "day": pl.Date,
    "state": pl.String,
    "progress_pct": pl.Float64,
    "by_others": pl.Boolean,
}
WAITING: Schema = {
    "agreement_id": pl.Int64,
    "column": pl.String,
    "item": pl.String,
    "batch_id": pl.Int64,
    "value": pl.String,
}
EARLIER: Schema = {
    "agreement_id": pl.Int64,
    "column": pl.String,
    "item": pl.String,
    "row_version": pl.Int64,
    "old": pl.String,
}


def _frame(schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Current:
    """One agency's part of a register on one data version, retracted rows left out.

    Frames hold at least the columns of the schemas above. `agreements` are those the agency is responsible for; `events`,
    `targets`, `reports`, `blockers`, `blocker_events` are theirs. `lists` are the choices that come from the store: `doc_type`,
    `sector`, `partner`. `earlier` has, for each cell a batch changed, what it was before (`old`) and the row version the batch
    made (`row_version`): it tells what changed since a template was taken. `waiting` has what batches that wait for review would
    put into cells (`value`). `found_false` are states that somebody outside the agency has found agreements not to have been in.
    `taken_back` is what the register held for a night or longer and holds no more: a `state` since a day, or the share that a
    report of a day told as progress; and, `by_others`, what a coordinator took back or returned. `sent_down` are agreements of
    which a level has sent down what went up to it. `published_on` is the last day of which figures were published (None: of no day
    yet). `thresholds` are those in force.
    """

    agency: str
    data_version: int
    data_date: dt.date | None
    published_on: dt.date | None = None
    agreements: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(AGREEMENTS))
    events: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(EVENTS))
    targets: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(TARGETS))
    reports: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(REPORTS))
    blockers: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(BLOCKERS))
    blocker_events: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(BLOCKER_EVENTS))
    periods: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(PERIODS))
    doc_types: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(DOC_TYPES))
    earlier: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(EARLIER))
    waiting: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(WAITING))
    found_false: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(FOUND_FALSE))
    taken_back: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(TAKEN_BACK))
    sent_down: frozenset[int] = frozenset()
    lists: Mapping[str, Sequence[Choice]] = dataclasses.field(default_factory=dict)
    thresholds: Thresholds = dataclasses.field(default_factory=Thresholds)

    def choices(self) -> dict[str, Sequence[Choice]]:
        """Every list of choices by name, periods included."""
        periods = tuple(Choice(code, code, code, quarter_spellings(code)) for code in self.periods["code"].to_list())
        return {**FIXED_LISTS, **self.lists, "period": periods}

    def period_due(self) -> str | None:
        """The reporting period that is due next after the data date: the one a template asks about. None where none is coming:
        what is closed is not asked for again."""
        if self.data_date is None:
            return None
        coming = self.periods.filter(pl.col("due_on") > self.data_date).sort("due_on", "code")
        return None if coming.is_empty() else str(coming["code"][0])

    @property
    def asks_for_reports(self) -> bool:
        """Whether there is a period to report on, or none is needed: reports of a register without periods go by their day."""
        return self.periods.is_empty() or self.period_due() is not None

    @functools.cached_property
    def standing(self) -> pl.DataFrame:
        """One row per agreement: its columns, `legal_class`, `needs_approval`, and

        `signed_on`, `state`, `state_since`, `state_known` (whether that day is known), `state_event` (id), `state_document` (what
        it rests on), `state_before` and `before_on` (the state before and its day), `original_target`, `current_target`,
        `target_reason`, `target_on` (the day it was set), `target_row` (id). Agreements without any event are left out: their
        registration was undone.
        """
        kinds = self.doc_types.select("legal_class", "needs_approval", doc_type="code")
        return (
            self.agreements.join(latest_states(self.events), on="agreement_id", how="inner")
            .join(_targets(self.targets), on="agreement_id", how="left")
            .join(kinds, on="doc_type", how="left")
            .sort("agreement_id")
        )

    @functools.cached_property
    def latest_reports(self) -> pl.DataFrame:
        """The report that holds for each agreement and period, with `item`: the period, or `@` and the day where it has none."""
        item = pl.coalesce("period", pl.lit("@") + pl.col("reported_on").dt.to_string())
        return (
            self.reports.with_columns(item=item)
            .sort("agreement_id", "item", "reported_on", "id")
            .unique(["agreement_id", "item"], keep="last", maintain_order=True)
        )

    @functools.cached_property
    def standing_blockers(self) -> pl.DataFrame:
        """Blockers with `item` (the number as text), `opened_on`, `escalated_on`, `resolved_on` and the ids of those events."""
        first = self.blocker_events.sort("blocker_id", "effective_on", "id")
        dates = first.group_by("blocker_id", maintain_order=True).agg(
            *(
                pl.col("effective_on").filter(pl.col("kind") == kind).first().alias(f"{kind}_on")
                for kind in BlockerStep
            ),
            *(pl.col("id").filter(pl.col("kind") == kind).first().alias(f"{kind}_event") for kind in BlockerStep),
        )
        return (
            self.blockers.rename({"id": "blocker_id"})
            .join(dates, on="blocker_id", how="inner")
            .with_columns(item=pl.col("blocker_id").cast(pl.String))
            .sort("agreement_id", "blocker_id")
        )

    @functools.cached_property
    def known(self) -> pl.DataFrame:
        """Every cell the register can answer for the standing agreements: agreement_id, column, item, `stored` (the text as kept)
        and `shown` (as a template shows it). Cells without content are left out."""
        return _known(self)


def latest_states(events: pl.DataFrame) -> pl.DataFrame:
    """State and signing per agreement (columns as of `Current.standing`), under the same order of events as the facts: those up to
    the signing come first."""
    state, day, known = pl.col("state"), pl.col("effective_on"), pl.col("date_known")
    late = ~(state_class(state).is_in(UNSIGNED) | (state == State.SIGNED))
    return (
        events.with_columns(_late=late)
        .sort("agreement_id", "_late", "effective_on", "id")
        .group_by("agreement_id", maintain_order=True)
        .agg(
            signed_on=day.filter((state == State.SIGNED) & known).min(),
            state=state.last(),
            state_since=day.last(),
            state_known=known.last(),
            state_event=pl.col("id").last(),
            state_document=pl.col("note").last(),
            state_before=state.get(-2, null_on_oob=True),
            before_on=day.get(-2, null_on_oob=True),
        )
    )


def _targets(targets: pl.DataFrame) -> pl.DataFrame:
    return (
        targets.sort("agreement_id", "effective_on", "id")
        .group_by("agreement_id", maintain_order=True)
        .agg(
            original_target=pl.col("target_on").first(),
            current_target=pl.col("target_on").last(),
            target_reason=pl.col("reason").last(),
            target_on=pl.col("effective_on").last(),
            target_row=pl.col("id").last(),
        )
    )


# --- Cell by cell ----------------------------------------------------------------------------------------------------


def known_cells(current: Current, agreement_ids: pl.Series) -> pl.DataFrame:
    """What is `known` of these agreements."""
    return current.known.filter(pl.col("agreement_id").is_in(agreement_ids.unique().implode()))


def _known(current: Current) -> pl.DataFrame:
    standing = current.standing
    of_these = pl.col("agreement_id").is_in(standing["agreement_id"].implode())
    reports = current.latest_reports.filter(of_these)
    blockers = current.standing_blockers.filter(of_these)
    state_since = pl.when(pl.col("state_known")).then(pl.col("state_since"))
    agreement_cells = standing.with_columns(item=pl.lit("")).select(
        "agreement_id",
        "item",
        *("title_vi", "title_en", "doc_type", "sector", "partner", "scope"),
        *("deliverable_vi", "deliverable_en", "evidence_url", "state", "state_document", "target_reason"),
        _day("signed_on"),
        _day("original_target"),
        _day("current_target"),
        state_since=state_since.dt.to_string(),
        state_date=state_since.dt.to_string(),
        target_set_on=pl.col("target_on").dt.to_string(),
    )
    report_cells = reports.select(
        "agreement_id",
        "item",
        *REPORT_FIELDS,
        progress_pct=percent_text(pl.col("progress_pct")),
        shows_progress=pl.when("shows_progress").then(pl.lit("yes")).otherwise(pl.lit("no")),
        report_date=pl.col("reported_on").dt.to_string(),
    )
    blocker_cells = blockers.select(
        "agreement_id",
        "item",
        *(pl.col(name).alias(f"blocker_{name}") for name in ("cause", "severity", "authority_level", "description")),
        *(
            pl.col(name).dt.to_string().alias(f"blocker_{name}")
            for name in ("opened_on", "escalated_on", "resolved_on")
        ),
    )
    parts = [
        frame.unpivot(index=["agreement_id", "item"], variable_name="column", value_name="stored")
        for frame in (agreement_cells, report_cells, blocker_cells)
    ]
    return (
        pl.concat(parts)
        .with_columns(shown=canonical(pl.col("stored")))
        .filter(pl.col("stored").is_not_null() & (pl.col("stored") != ""))
    )


def _day(name: str) -> pl.Expr:
    return pl.col(name).dt.to_string()
