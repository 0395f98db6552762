"""What the cells of an upload must say together: moves of state, order of dates, what a report or blocker needs.

Each rule looks at one part of the layout, folded to one row per thing, and adds a problem for each thing that breaks it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable, Sequence

import polars as pl

from kpi.facts import REPORT_FIELDS
from kpi.update import choices, transitions
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE
from kpi.update.current import Current
from kpi.update.layout import NEW
from kpi.update.problems import Problem
from kpi.vocabulary import State

_IS_NEW = pl.col("subject").str.starts_with(NEW)
_NUMBER_AND_SIGN = r"\d\s*[/–-]\s*\p{L}{2}|\p{L}{2}\s*[/–-]\s*\d"
"""As documents are numbered: 125/QĐ-BCT, 12/2024/MOU, HĐ-12."""
_NUMBER_BY_ITSELF = r"(?:^|[\s(])\d+(?:[\s,.;)]|$)"
_WORD = r"\p{L}{2,}"

_FOR_A_NEW_AGREEMENT = ("title_vi", "doc_type", "sector", "partner", "scope", "signed_on")
_FOR_A_NEW_BLOCKER = ("blocker_cause", "blocker_severity", "blocker_authority_level", "blocker_opened_on")
_OBSTACLES = {
    "not_allowed": "move_not_allowed",
    "approval_needed": "move_approval_not_needed",
    "no_treaty": "move_not_for_treaties",
    "as_before_suspension": "move_back_elsewhere",
    "coordinator": "move_by_coordinator",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Context:
    """What the rules measure against. `today` is the last day anything can have happened on, as the caller's calendar says."""

    current: Current
    today: dt.date


def problems_of(cells: pl.DataFrame, moved: pl.DataFrame, context: Context) -> list[Problem]:
    """Every problem the touched cells make together; cells with faults of their own are taken as given but not judged.

    `moved` are the `moves` of these cells. Parts that nothing touches, most of them in most files, are left early.
    """
    return [
        *_new_agreement_problems(cells),
        *_signing_problems(cells, context),
        *_status_problems(moved, context),
        *_target_problems(cells, context),
        *_report_problems(cells, context),
        *_blocker_problems(cells, context),
    ]


def folded(cells: pl.DataFrame, part: str, names: Sequence[str]) -> pl.DataFrame:
    """One row per thing of a part that an upload touches.

    Columns: subject, agreement_id, item, row (the first that touches it); for each name its value, preferring the cell that
    brings something, `<name>_given` (some cell is filled) and `<name>_touched`.
    """
    is_column = {name: pl.col("column") == name for name in names}
    touched = pl.col("touched")
    of_part = cells.filter(pl.col("part") == part)
    if not of_part["touched"].any():
        return _nothing(tuple(names))
    return (
        of_part.sort(~touched, ROW)
        .group_by("subject", "agreement_id", "item", maintain_order=True)
        .agg(
            pl.col(ROW).first(),
            touched.any(),
            *(pl.col("value").filter(test).first().alias(name) for name, test in is_column.items()),
            *(test.any().alias(f"{name}_given") for name, test in is_column.items()),
            *((test & touched).any().alias(f"{name}_touched") for name, test in is_column.items()),
        )
        .filter("touched")
    )


@functools.cache
def _nothing(names: tuple[str, ...]) -> pl.DataFrame:
    """What is `folded` of a part that nothing touches, as most parts of most files."""
    schema = {"subject": pl.String, "agreement_id": pl.Int64, "item": pl.String, ROW: pl.Int64, "touched": pl.Boolean}
    told = (f"{name}_{what}" for what in ("given", "touched") for name in names)
    return pl.DataFrame(schema={**schema, **dict.fromkeys(names, pl.String), **dict.fromkeys(told, pl.Boolean)})


# --- Agreements and their state --------------------------------------------------------------------------------------


def _new_agreement_problems(cells: pl.DataFrame) -> list[Problem]:
    things = folded(cells, "agreement", _FOR_A_NEW_AGREEMENT).filter(pl.col("subject").str.starts_with(NEW))
    if things.is_empty():
        return []
    return _missing(things, _FOR_A_NEW_AGREEMENT, "new_agreement_needs")


def _missing(things: pl.DataFrame, names: Iterable[str], code: str) -> list[Problem]:
    return [
        Problem(code, row=row, column=name) for name in names for row in things.filter(~pl.col(f"{name}_given"))[ROW]
    ]


def signings(cells: pl.DataFrame) -> pl.DataFrame:
    """Per new agreement: subject, `new_signed_on`, `new_doc_type`."""
    new = folded(cells, "agreement", ("signed_on", "doc_type")).filter(pl.col("subject").str.starts_with(NEW))
    return new.select("subject", new_signed_on="signed_on", new_doc_type="doc_type")


def moves(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    """The things of the status part with the state they start from: `before`, `since` (null where its day is not known),
    `state_before`, `before_on`, `legal_class`, `needs_approval`. A new agreement starts as signed."""
    standing = current.standing.select(
        "agreement_id",
        before="state",
        since=pl.when("state_known").then(pl.col("state_since").dt.to_string()),
        state_before="state_before",
        before_on=pl.col("before_on").dt.to_string(),
        legal_class="legal_class",
        needs_approval="needs_approval",
    )
    kinds = current.doc_types.select(new_doc_type="code", new_class="legal_class", new_approval="needs_approval")
    is_new = pl.col("subject").str.starts_with(NEW)
    return (
        folded(cells, "status", ("state", "state_date", "state_document"))
        .join(standing, on="agreement_id", how="left", maintain_order="left")
        .join(signings(cells), on="subject", how="left", maintain_order="left")
        .join(kinds, on="new_doc_type", how="left", maintain_order="left")
        .with_columns(
            before=pl.when(is_new).then(pl.lit(State.SIGNED)).otherwise("before"),
            since=pl.when(is_new).then("new_signed_on").otherwise("since"),
            legal_class=pl.when(is_new).then("new_class").otherwise("legal_class"),
            needs_approval=pl.when(is_new).then("new_approval").otherwise("needs_approval"),
        )
        .with_columns(moves=pl.col("state_touched") & pl.col("state").ne_missing(pl.col("before")))
        .drop("new_signed_on", "new_doc_type", "new_class", "new_approval")
    )


def _names_a_document(text: pl.Expr) -> pl.Expr:
    """Whether a text can lead somebody to a document: a link, a number and sign, or a number among words ("Quyết định số 125")."""
    is_link = text.str.contains(r"^https?://\S+\.\S+")
    is_named = text.str.contains(_NUMBER_BY_ITSELF) & (text.str.count_matches(_WORD) > 1)
    return is_link | text.str.contains(_NUMBER_AND_SIGN) | is_named


def _signing_problems(cells: pl.DataFrame, context: Context) -> list[Problem]:
    return _future(folded(cells, "agreement", ("signed_on",)), ("signed_on",), context)


def _status_problems(things: pl.DataFrame, context: Context) -> list[Problem]:
    if things.is_empty():
        return []
    found: list[Problem] = []
    moving = things.filter(pl.col("moves") & pl.col("state").is_not_null()).with_columns(after="state")
    for line in transitions.with_obstacle(moving).filter(pl.col("obstacle").is_not_null()).iter_rows(named=True):
        params = {
            "before": choices.state(line["before"] or ""),
            "after": choices.state(line["after"]),
            "allowed": tuple(choices.state(code) for code in transitions.moves_from(line["before"] or "")),
            "back_to": choices.state(line["state_before"] or ""),
        }
        code = _OBSTACLES[line["obstacle"]]
        if code == "move_not_allowed" and not params["allowed"]:
            code = "move_from_the_end"
        is_blocking = code != "move_by_coordinator"  # it may be asked for: it waits for review
        place = {"row": line[ROW], "column": "state", "value": line["after"]}
        found.append(Problem(code, **place, params=params, blocking=is_blocking))
    for row in things.filter(pl.col("moves") & ~pl.col("state_date_given"))[ROW]:
        found.append(Problem("state_date_missing", row=row, column="state_date"))
    stays = ~pl.col("moves")
    for row in things.filter(stays & pl.col("state_document_touched") & (_IS_NEW | pl.col("since").is_null()))[ROW]:
        found.append(Problem("state_document_without_move", row=row, column="state_document"))
    unclear = things.filter(pl.col("state_document_touched") & ~_names_a_document(pl.col("state_document")))
    for row, text in unclear.select(ROW, "state_document").iter_rows():
        found.append(Problem("state_document_unclear", row=row, column="state_document", value=text))
    dated = things.filter(pl.col("state_date").is_not_null())
    unmoved = dated.filter(stays & pl.col("subject").str.starts_with(NEW) & (pl.col("state_date") != pl.col("since")))
    for line in unmoved.iter_rows(named=True):
        params = {"signed": _day(line["since"])}
        found.append(
            Problem(
                "state_date_without_move", row=line[ROW], column="state_date", value=line["state_date"], params=params
            )
        )
    earliest = pl.when("moves").then("since").otherwise("before_on")
    backwards = dated.with_columns(earliest=earliest).filter(pl.col("state_date") < pl.col("earliest"))
    for line in backwards.iter_rows(named=True):
        params = {"earliest": _day(line["earliest"])}
        found.append(
            Problem("date_backwards", row=line[ROW], column="state_date", value=line["state_date"], params=params)
        )
    return found + _future(dated, ("state_date",), context)


def _future(things: pl.DataFrame, names: Iterable[str], context: Context) -> list[Problem]:
    """Nothing can have happened after today."""
    return [
        Problem("date_in_future", row=row, column=name, value=value, params={"latest": context.today})
        for name in names
        for row, value in things.filter(pl.col(f"{name}_touched") & (pl.col(name) > context.today.isoformat()))
        .select(ROW, name)
        .iter_rows()
    ]


def _day(text: str | None) -> dt.date | str:
    return "" if text is None else dt.date.fromisoformat(text)


# --- Targets ---------------------------------------------------------------------------------------------------------


def _target_problems(cells: pl.DataFrame, context: Context) -> list[Problem]:
    things = folded(cells, "target", ("current_target", "target_reason", "target_set_on"))
    if things.is_empty():
        return []
    standing = context.current.standing.select(
        "agreement_id",
        has_target=pl.col("current_target").is_not_null(),
        signed=pl.col("signed_on").dt.to_string(),
        earliest=pl.col("target_on").dt.to_string(),
    )
    things = (
        things.join(standing, on="agreement_id", how="left", maintain_order="left")
        .join(signings(cells), on="subject", how="left", maintain_order="left")
        .with_columns(signed=pl.coalesce("new_signed_on", "signed"), has_target=pl.col("has_target").fill_null(False))
    )
    found: list[Problem] = []
    moved = pl.col("current_target_touched")
    for row in things.filter(moved & pl.col("has_target") & ~pl.col("target_reason_given"))[ROW]:
        found.append(Problem("target_reason_missing", row=row, column="target_reason"))
    for row in things.filter(pl.col("target_set_on_touched") & ~moved)[ROW]:
        found.append(Problem("target_not_moved", row=row, column="target_set_on"))
    for row in things.filter(pl.col("target_reason_touched") & ~moved & ~pl.col("has_target"))[ROW]:
        found.append(Problem("target_not_moved", row=row, column="target_reason"))
    before = things.filter(moved & (pl.col("current_target") < pl.col("signed")))
    for row, value, signed in before.select(ROW, "current_target", "signed").iter_rows():
        params = {"signed": _day(signed)}
        found.append(Problem("target_before_signing", row=row, column="current_target", value=value, params=params))
    backwards = things.filter(pl.col("target_set_on_touched") & (pl.col("target_set_on") < pl.col("earliest")))
    for row, value, earliest in backwards.select(ROW, "target_set_on", "earliest").iter_rows():
        params = {"earliest": _day(earliest)}
        found.append(Problem("date_backwards", row=row, column="target_set_on", value=value, params=params))
    return found + _future(things, ("target_set_on",), context)


# --- Reports ---------------------------------------------------------------------------------------------------------


def _progress_to_say(things: pl.DataFrame, current: Current) -> list[Problem]:
    """Reports that do not say whether there was progress. What is suggested follows from the share: more than was told before is
    progress, as much is none."""
    before = (
        current.reports.drop_nulls("progress_pct")
        .sort("reported_on", "id")
        .group_by("agreement_id")
        .agg(pl.col("progress_pct").last().alias("before"))
    )
    share, told = pl.col("progress_pct").cast(pl.Float64, strict=False), pl.col("before").fill_null(0)
    answers = {choice.code: choice for choice in current.choices()["answer"]}
    said = things.join(before, on="agreement_id", how="left", maintain_order="left").select(
        ROW, answer=pl.when(share > told).then(pl.lit("yes")).when(share == told).then(pl.lit("no"))
    )
    return [
        Problem("new_report_needs", row=row, column="shows_progress", suggestion=answers.get(answer or ""))
        for row, answer in said.iter_rows()
    ]


def _report_problems(cells: pl.DataFrame, context: Context) -> list[Problem]:
    current = context.current
    things = folded(cells, "report", ("report_date", "shows_progress", "progress_pct", *REPORT_FIELDS))
    if things.is_empty():
        return []
    there = current.latest_reports.select("agreement_id", "item", exists=pl.lit(True))
    periods = current.periods.select(item="code", starts_on=pl.col("starts_on").dt.to_string())
    things = things.join(there, on=["agreement_id", "item"], how="left", maintain_order="left").join(
        periods, on="item", how="left", maintain_order="left"
    )
    new = things.filter(pl.col("exists").is_null())
    found = [
        Problem("new_report_needs", row=row, column="report_date", suggestion=context.today.isoformat())
        for row in new.filter(~pl.col("report_date_given"))[ROW]
    ]
    found += _progress_to_say(new.filter(~pl.col("shows_progress_given")), current)
    says_something = pl.any_horizontal(pl.col(f"{name}_given") for name in ("progress_pct", *REPORT_FIELDS))
    for row in new.filter(~says_something)[ROW]:
        found.append(Problem("report_empty", row=row, column="progress"))
    early = things.filter(pl.col("report_date") < pl.col("starts_on"))
    for row, value, starts in early.select(ROW, "report_date", "starts_on").iter_rows():
        params = {"starts": _day(starts)}
        found.append(Problem("report_before_period", row=row, column="report_date", value=value, params=params))
    return found + _future(things, ("report_date",), context)


# --- Blockers --------------------------------------------------------------------------------------------------------


def _blocker_problems(cells: pl.DataFrame, context: Context) -> list[Problem]:
    dates = ("blocker_opened_on", "blocker_escalated_on", "blocker_resolved_on")
    things = folded(cells, "blocker", (*_FOR_A_NEW_BLOCKER, "blocker_description", *dates[1:]))
    if things.is_empty():
        return []
    known = context.current.standing_blockers.select(
        "agreement_id",
        "item",
        *(pl.col(name.removeprefix("blocker_")).dt.to_string().alias(f"kept_{name}") for name in dates),
    )
    things = things.join(known, on=["agreement_id", "item"], how="left", maintain_order="left").with_columns(
        pl.coalesce(name, f"kept_{name}").alias(name) for name in dates
    )
    new = things.filter(pl.col("item").str.starts_with(NEW))
    found = _missing(new, _FOR_A_NEW_BLOCKER, "new_blocker_needs")
    for earlier, later in ((0, 1), (0, 2), (1, 2)):
        first, then = dates[earlier], dates[later]
        wrong = things.filter((pl.col(f"{first}_touched") | pl.col(f"{then}_touched")) & (pl.col(then) < pl.col(first)))
        for row, value, earliest in wrong.select(ROW, then, first).iter_rows():
            params = {"earliest": _day(earliest), "other": BY_CODE[first]}
            found.append(Problem("blocker_dates", row=row, column=then, value=value, params=params))
    same = ("subject", "blocker_cause", "blocker_opened_on", "blocker_description")
    first_row = pl.col(ROW).min().over(same)
    twice = new.with_columns(first_row=first_row).filter(pl.col(ROW) != pl.col("first_row"))
    for row, other in twice.select(ROW, "first_row").iter_rows():
        found.append(Problem("blocker_twice", row=row, column="blocker_cause", params={"other_row": other}))
    return found + _future(things, dates, context)
