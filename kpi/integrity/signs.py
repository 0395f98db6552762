"""The signs: of each what is counted, what of it is a case, and what comes together, so that it is not counted as if it did not."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from kpi.integrity.claims import Claimed, Record, first_recent_day
from kpi.vocabulary import STARTED_STATES, State, StateClass, texts

CLUSTER: Final = "_cluster_"
"""How the columns begin that number what comes together."""

_FOLDED: Final = pl.col("text").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars(" ")
"""A text without what a careless copy changes. Signs of tone stay: without them a year of texts takes ten times as long."""

_CLOSING: Final = texts(state for state in State if state.kind in (StateClass.CLOSED, StateClass.VOID))
_STEPS: Final = (str(State.PLAN_ISSUED), *STARTED_STATES)
_ROW: Final = ("agency", "group", "agreement_id", "about_on", "received_on", "batch_id", "is_case")
_AGREEMENT: Final = ("agreement_id",)
_DAY: Final = ("agency", "received_on")


@dataclasses.dataclass(frozen=True)
class Sign:
    """A sign (`integrity.sign_<code>` in the catalogs, with `_counted` and `_why`).

    `counted` gives the rows that are counted: agency, group, agreement_id, about_on, received_on, batch_id, is_case and the columns
    named in `shows`. Rows alike in one of `clusters` come together: about one agreement, copied, or typed on one day.
    """

    code: str
    counted: Callable[[Claimed], pl.DataFrame]
    clusters: tuple[tuple[str, ...], ...]
    shows: tuple[str, ...]
    needs_receipts: bool = False
    needs_calendar: bool = False

    def is_off(self, given: Claimed) -> bool:
        """Whether the register does not keep what the sign looks at."""
        return (self.needs_receipts and not given.keeps_receipts) or (self.needs_calendar and given.periods.is_empty())

    def rows(self, given: Claimed) -> pl.DataFrame:
        """The rows counted, with a column for each of `clusters` (`_cluster_0`, ...): a number for what comes together."""
        clusters = [pl.struct(columns).hash().alias(f"{CLUSTER}{place}") for place, columns in enumerate(self.clusters)]
        return self.counted(given).select(*_ROW, *self.shows, *clusters)


# --- What is counted -------------------------------------------------------------------------------------------------


def _late_receipt(given: Claimed) -> pl.DataFrame:
    """States; cases came more than `claim_days` after the day they are about."""
    lag = (pl.col("received_on") - pl.col("about_on")).dt.total_days()
    return given.recent(Record.STATE).with_columns(lag=lag).with_columns(is_case=pl.col("lag") > given.rules.claim_days)


def _before_cut_off(given: Claimed) -> pl.DataFrame:
    """Plans, starts and completions; cases came within `cut_off_days` before reports fell due, that day included."""
    due = given.periods.select(due_on="due_on").sort("due_on").set_sorted("due_on")
    left = (pl.col("due_on") - pl.col("received_on")).dt.total_days()
    return (
        given.recent(Record.STATE)
        .filter(pl.col("state").is_in(_STEPS))
        .sort("received_on", maintain_order=True)
        .join_asof(due, left_on="received_on", right_on="due_on", strategy="forward", coalesce=False)
        .with_columns(is_case=(left < given.rules.cut_off_days).fill_null(value=False))
    )


def _ends_in_bulk(given: Claimed) -> pl.DataFrame:
    """Completions and ends; cases came on one day with those of others of the agency, `bulk_ends` agreements or more."""
    together = pl.col("agreement_id").n_unique().over("agency", "received_on").cast(pl.Int64)
    ends = given.recent(Record.STATE).filter(pl.col("state").is_in(_CLOSING)).with_columns(together=together)
    return ends.with_columns(is_case=pl.col("together") >= given.rules.bulk_ends)


def _same_text(given: Claimed) -> pl.DataFrame:
    """Plans, starts, completions and reports of progress that say something; cases say word for word what the agency says of
    others, `alike_texts` agreements or more. What other agencies say as well is a phrase of the trade and no case."""
    rules = given.rules
    says = pl.col("state").is_in(_STEPS) | pl.col("shows_progress").fill_null(value=False)
    told = given.claims.filter(pl.col("is_recent") & says).with_columns(_folded=_FOLDED)
    told = told.filter(pl.col("_folded").str.len_chars() >= rules.alike_characters).with_columns(
        pl.col("_folded").hash()
    )
    shared = told.group_by("agency", "_folded").agg(alike=pl.col("agreement_id").n_unique().cast(pl.Int64))
    shared = shared.with_columns(is_case=(pl.len().over("_folded") == 1) & (pl.col("alike") >= rules.alike_texts))
    return told.join(shared, on=["agency", "_folded"], how="left", maintain_order="left")


def _one_day_chain(given: Claimed) -> pl.DataFrame:
    """Days on which an agreement came into plan, start or completion; cases are days of two of them or more."""
    steps = given.recent(Record.STATE).filter(pl.col("state").is_in(_STEPS))
    alike = ("agency", "group", "agreement_id", "about_on")
    days = steps.group_by(*alike, maintain_order=True).agg(
        pl.col("received_on", "batch_id").last(), states=pl.col("state").unique(maintain_order=True)
    )
    return days.with_columns(is_case=pl.col("states").list.len() > 1)


def _falling_progress(given: Claimed) -> pl.DataFrame:
    """Reports with a share carried out, after one with a share; cases say less than the one before."""
    reports = given.claims.filter(pl.col("record") == Record.REPORT, pl.col("progress_pct").is_not_null())
    before = pl.col("progress_pct").shift(1).over("agreement_id")
    told = reports.sort("agreement_id", "about_on", "record_id").with_columns(progress_before=before)
    return told.filter(pl.col("is_recent"), pl.col("progress_before").is_not_null()).with_columns(
        is_case=pl.col("progress_pct") < pl.col("progress_before")
    )


def _targets_eased(given: Claimed) -> pl.DataFrame:
    """Agreements with a target that were still to be carried out within the year; cases had it moved later in it."""
    targets = given.claims.filter(pl.col("record") == Record.TARGET).sort("agreement_id", "about_on", "record_id")
    targets = targets.with_columns(target_before=pl.col("target_on").shift(1).over("agreement_id"))
    later = pl.col("is_recent") & (pl.col("target_on") > pl.col("target_before")).fill_null(value=False)
    moved = targets.with_columns(is_case=later).sort("is_case", maintain_order=True)
    closed = given.claims.filter(
        pl.col("state").is_in(_CLOSING), pl.col("about_on") <= first_recent_day(given.as_of, given.rules)
    )
    return moved.unique("agreement_id", keep="last", maintain_order=True).join(
        closed, on="agreement_id", how="anti", maintain_order="left"
    )


# --- The signs -------------------------------------------------------------------------------------------------------

SIGNS: Final[Mapping[str, Sign]] = types.MappingProxyType(
    {
        sign.code: sign
        for sign in (
            Sign("late_receipt", _late_receipt, (_DAY,), ("state", "lag"), needs_receipts=True),
            Sign("same_text", _same_text, (("agency", "_folded"), _DAY), ("state", "text", "alike")),
            Sign("one_day_chain", _one_day_chain, (_DAY,), ("states",)),
            Sign("before_cut_off", _before_cut_off, (_DAY,), ("state",), needs_receipts=True, needs_calendar=True),
            Sign("falling_progress", _falling_progress, (_AGREEMENT, _DAY), ("progress_before", "progress_pct")),
            Sign("ends_in_bulk", _ends_in_bulk, (_DAY,), ("state", "together"), needs_receipts=True),
            Sign("targets_eased", _targets_eased, (_AGREEMENT, _DAY), ("target_before", "target_on")),
        )
    }
)
"""Every sign by its code, in the order in which they are shown."""


def counted(given: Claimed) -> dict[str, pl.DataFrame]:
    """Sign -> its rows, of the signs that the register can show."""
    return {code: sign.rows(given) for code, sign in SIGNS.items() if not sign.is_off(given)}
