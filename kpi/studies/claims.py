"""What each claim of an agency still lacks, and what it would be worth: scored by what scores any other change (`what_if`).

A claim is worth what the agency's composite would gain if that claim alone had what it lacks; what is about a later day than the
one looked at counts as of that day, as everything does that could be done today.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from kpi import facts as folding
from kpi.facts import Facts
from kpi.facts.standing import CLAIM, of_reading, with_standing
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import what_if
from kpi.studies.imagined import as_counted, copies, together
from kpi.update.changes import KINDS, kind_of
from kpi.update.consequences import of_agency
from kpi.update.effects import projected
from kpi.update.layout import NEW
from kpi.update.pending import Pending
from kpi.update.reasons import Reason
from kpi.vocabulary import BatchStatus, Lack, Reading, Standing, Verdict

SCHEMA: Final = {
    "option": pl.Int64(),
    "agreement_id": pl.Int64(),
    "state": pl.String(),
    "effective_on": pl.Date(),
    "kinds": pl.List(pl.String()),
    "received_on": pl.Date(),
    "batch_id": pl.Int64(),
    "sent_by": pl.String(),
    "status": pl.String(),
    "standing": pl.String(),
    "lacks": pl.List(pl.String()),
    "period": pl.String(),
    "event_id": pl.Int64(),
    "counts": pl.Boolean(),
    "subject": pl.String(),
}
"""The columns of a claim, before what it is worth is known."""

_DESCRIBED: Final = ("ref", "title_vi", "title_en")


def lacking(
    register: Register,
    facts: Facts,
    pending: Sequence[Pending],
    *,
    agency: str,
    rules: Rules,
    cards: pl.DataFrame,
    condition: pl.Expr | None = None,
) -> pl.DataFrame:
    """The claims of an agency that lack something, a row each, those worth most first: agreement_id (null: yet to be registered),
    ref, title_vi, title_en, state and effective_on (null where no state is claimed), kinds (of what a batch says of the
    agreement, see `KINDS`), received_on, batch_id, sent_by and status (null: in the register), standing, lacks (see `Lack`),
    period (of which something was found false), counts (already, on a word alone), score, points, place, places, through.

    `facts` are those of the register as of a day, narrowed by `condition` where that is one; `cards` their scorecards by agency.
    What `pending` batches say counts as one claim for each agreement. What was found false, or counts, is worth nothing more.
    """
    pending = [one for one in pending if one.agency == agency]
    events = with_standing(register)
    own = of_agency(register, agency)
    counted = as_counted(own, of_reading(events, Reading.COUNTING).join(_ids(own), on="agreement_id", how="semi"))
    told = pl.concat([_in_register(own, events, facts, agency), *(_in_batch(own, one) for one in pending)])
    claims = told.with_columns(option=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    imagined = _imagined(own, counted, claims, pending, facts, rules)
    found = imagined if condition is None else imagined.where(condition)
    known = found.agreements.select(option="agreement_id").with_columns(_folded=pl.lit(value=True))
    there = facts.agreements.filter(pl.col("agency") == agency).select("agreement_id", *_DESCRIBED)
    new = found.agreements.select("title_vi", "title_en", option="agreement_id", ref=pl.lit(None, pl.String))
    worth = what_if.gains(
        facts, found, claims.join(known, on="option", how="semi"), agency=agency, rules=rules, cards=cards
    ).select("option", "score", "points", "place", "places", "through")
    described = pl.concat(
        [
            claims.join(there, on="agreement_id", how="inner"),
            claims.filter(pl.col("agreement_id").is_null())
            .join(new, on="option", how="inner")
            .select(*SCHEMA, *_DESCRIBED),
        ]
    )
    return (
        described.join(worth, on="option", how="left")
        .sort(
            "counts",
            pl.col("points").round(9),
            "received_on",
            "option",
            descending=[False, True, True, False],
            nulls_last=True,
        )
        .drop("option", "event_id", "subject")
    )


# --- Claims ----------------------------------------------------------------------------------------------------------


def _ids(register: Register) -> pl.DataFrame:
    return register.agreements.select(agreement_id="id")


def _in_register(own: Register, events: pl.DataFrame, facts: Facts, agency: str) -> pl.DataFrame:
    """What the register has and does not count, and what counts on a word alone."""
    held, standing = pl.col("withheld_for").is_not_null(), pl.col("standing")
    in_vain = pl.col("seen_on").is_not_null() & (standing == Standing.DECLARED)
    lack = (
        pl.when(standing == Standing.REFUSED)
        .then(pl.lit(str(Lack.WAS_FALSE)))
        .when(in_vain)
        .then(pl.lit(str(Lack.NEEDS_PROOF)))
        .when(held)
        .then(pl.lit(str(Lack.NEEDS_SIGHT)))
        .when(standing.is_in([str(Standing.DECLARED), str(Standing.SOURCED)]))
        .then(pl.lit(str(Lack.NEEDS_DOCUMENT)))
    )
    return _shaped(
        events.filter(pl.col("effective_on") <= facts.as_of)
        .join(_ids(own), on="agreement_id", how="semi")
        .with_columns(_lack=lack)
        .drop_nulls("_lack")
        .with_columns(
            lacks=pl.concat_list("_lack"),
            counts=~held & (standing != Standing.REFUSED),
            period="withheld_for",
            event_id="id",
            subject=pl.lit(""),
        )
    )


def _in_batch(own: Register, one: Pending) -> pl.DataFrame:
    """What a batch says, a row for each agreement."""
    stated = {
        row["subject"]: row for row in one.preview.writes.status_events.sort("effective_on").iter_rows(named=True)
    }
    false = set(own.verifications.filter(pl.col("verdict") == Verdict.REFUTED).select(CLAIM).iter_rows())
    rows = []
    for subject in dict.fromkeys(change.subject for change in one.preview.changes):
        changes = [change for change in one.preview.changes if change.subject == subject]
        event = stated.get(subject, {})
        number = None if subject.startswith(NEW) else int(subject)
        is_false = (number, event.get("state"), event.get("effective_on")) in false
        rows.append(
            {
                "agreement_id": number,
                "state": event.get("state"),
                "effective_on": event.get("effective_on"),
                "kinds": [kind for kind in KINDS if kind in {kind_of(change) for change in changes}],
                "received_on": one.received_on,
                "batch_id": one.batch_id,
                "sent_by": one.sent_by,
                "status": str(one.status),
                "standing": str(Standing.DECLARED),
                "lacks": [str(lack) for lack in _lacks(one, subject, is_false=is_false)],
                "counts": False,
                "subject": subject,
            }
        )
    return _shaped(pl.DataFrame(rows, schema_overrides=SCHEMA) if rows else pl.DataFrame(schema=SCHEMA))


def _lacks(one: Pending, subject: str, *, is_false: bool) -> tuple[Lack, ...]:
    why = {reason for place, reasons in one.preview.waiting.items() if place[0] == subject for reason in reasons}
    if is_false:
        return (Lack.WAS_FALSE,)
    if one.status == BatchStatus.RETURNED:
        return (Lack.NEEDS_CORRECTION,)
    return (*((Lack.NEEDS_DOCUMENT,) if Reason.UNDOCUMENTED in why else ()), Lack.NEEDS_REVIEW)


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    missing: dict[str, Any] = {name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in frame.columns}
    return frame.with_columns(**missing).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


# --- What is so if they count ----------------------------------------------------------------------------------------


def _imagined(
    own: Register, counted: Register, claims: pl.DataFrame, pending: Sequence[Pending], facts: Facts, rules: Rules
) -> Facts:
    """The agreement of each claim that would be worth something, as it is if that claim counts."""
    imagined = claims.filter(~pl.col("counts") & ~pl.col("lacks").list.contains(str(Lack.WAS_FALSE)))
    of_register = imagined.filter(pl.col("status").is_null())
    there = copies(counted, of_register)
    claimed = own.status_events.join(of_register.select("option", id="event_id"), on="id").with_columns(
        agreement_id="option"
    )
    parts = [
        dataclasses.replace(
            there, status_events=pl.concat([there.status_events, claimed.select(there.status_events.columns)])
        ),
        *(
            _with_batch(counted, imagined.filter(pl.col("batch_id") == one.batch_id), one, facts.as_of)
            for one in pending
        ),
    ]
    return folding.build(together(parts), facts.as_of, rules)


def _with_batch(counted: Register, claims: pl.DataFrame, one: Pending, day: dt.date) -> Register:
    """A copy of each agreement of a batch with what the batch says."""
    mine = claims.filter(pl.col("status").is_not_null())
    if mine.is_empty():
        return copies(counted, mine)
    after = _by(projected(counted, one.preview), counted, day)
    first = 1 + int(counted.agreements.select(pl.col("id").max().fill_null(0)).item())
    new = {subject: first + place for place, subject in enumerate(one.preview.writes.agreements["subject"])}
    numbers = [row["agreement_id"] or new[row["subject"]] for row in mine.iter_rows(named=True)]
    return copies(after, mine.with_columns(agreement_id=pl.Series(numbers, dtype=pl.Int64)))


def _by(register: Register, before: Register, day: dt.date) -> Register:
    """What a register has more than before, of a day at the latest."""
    dated = {
        "status_events": ("effective_on", "received_on"),
        "targets": ("effective_on",),
        "reports": ("reported_on", "received_on"),
        "blocker_events": ("effective_on",),
    }
    moved = {}
    for name, days in dated.items():
        frame = getattr(register, name)
        is_new = pl.col("id") > getattr(before, name).select(pl.col("id").max().fill_null(0)).item()
        moved[name] = frame.with_columns(
            pl.when(is_new).then(pl.col(*days).clip(upper_bound=day)).otherwise(pl.col(*days))
        )
    return dataclasses.replace(register, **moved)
