"""The register as it will be: what an upload does to every figure can be computed before anything is stored."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.register import BLANK, FIELDS_FILLED, Register
from kpi.update.differences import Preview
from kpi.update.layout import NEW
from kpi.vocabulary import AccessLevel


def projected(register: Register, preview: Preview) -> Register:
    """`register` with everything a preview would store. Rows the store has yet to number get ids above those there are."""
    writes = preview.writes
    ids = _agreement_ids(register, writes.agreements)
    numbered = {subject: int(subject) for subject in _subjects(preview) if not subject.startswith(NEW)} | ids

    def of_agreement(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(agreement_id=pl.col("subject").replace_strict(numbered, return_dtype=pl.Int64))

    blockers = _numbered(of_agreement(writes.blockers), register.blockers).with_columns(
        received_on=pl.lit(preview.received_on)
    )
    opened = dict(blockers.select("item", "id").iter_rows())
    items = {item: opened.get(item) or int(item) for item in writes.blocker_events["item"].unique()}
    events = writes.blocker_events.with_columns(blocker_id=pl.col("item").replace_strict(items, return_dtype=pl.Int64))
    partners = writes.agreements.with_columns(
        agreement_id=pl.col("subject").replace_strict(ids, return_dtype=pl.Int64), position=pl.lit(0)
    )
    return dataclasses.replace(
        register,
        agreements=_agreements(register.agreements, preview, ids),
        agreement_partners=_joined(register.agreement_partners, partners),
        status_events=_replaced(
            register.status_events,
            _documented(of_agreement(writes.status_events), register.status_events).with_columns(
                date_known=pl.lit(True), received_on=pl.col("received_on").fill_null(preview.received_on)
            ),
        ),
        targets=_replaced(register.targets, of_agreement(writes.targets)),
        reports=_replaced(
            register.reports,
            of_agreement(writes.reports).with_columns(
                FIELDS_FILLED, pl.col("received_on").fill_null(preview.received_on)
            ),
        ),
        blockers=_joined(register.blockers, blockers),
        blocker_events=_replaced(
            register.blocker_events, _received(events, register.blocker_events, preview.received_on)
        ),
    )


def _received(events: pl.DataFrame, there: pl.DataFrame, received_on: dt.date) -> pl.DataFrame:
    """Events with the day they were received: what replaces one of the same day keeps that one's."""
    replaced = there.select("received_on", replaces="id", _on="effective_on")
    same = pl.col("effective_on") == pl.col("_on")
    return (
        events.join(replaced, on="replaces", how="left", maintain_order="left")
        .with_columns(received_on=pl.when(same).then("received_on").fill_null(received_on))
        .drop("_on")
    )


def _documented(events: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Whether each names a document: its own, or else that of the event it replaces; and when what stays of the same day, and
    thereby the same claim, was received (null for others)."""
    replaced = there.select("is_documented", "received_on", replaces="id", _on="effective_on")
    own = pl.col("document").str.strip_chars(BLANK) != ""
    return (
        events.join(replaced, on="replaces", how="left", maintain_order="left")
        .with_columns(
            is_documented=pl.coalesce(own, "is_documented", pl.lit(False)),
            received_on=pl.when(pl.col("effective_on") == pl.col("_on")).then("received_on"),
        )
        .drop("_on")
    )


def _subjects(preview: Preview) -> set[str]:
    return {change.subject for change in preview.changes}


def _agreement_ids(register: Register, new: pl.DataFrame) -> dict[str, int]:
    first = _next_id(register.agreements)
    return {subject: first + place for place, subject in enumerate(new["subject"])}


def _next_id(frame: pl.DataFrame) -> int:
    highest: int = frame.select(pl.col("id").max().fill_null(0)).item()
    return highest + 1


def _numbered(rows: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    first = _next_id(there)
    return rows.with_columns(id=pl.int_range(first, first + rows.height, dtype=pl.Int64))


def _joined(there: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` below `there`, in its columns; what the rows do not say is null."""
    shaped = rows.select(pl.col(name) for name in there.columns if name in rows.columns)
    return pl.concat([there, shaped.cast({n: there.schema[n] for n in shaped.columns})], how="diagonal")


def _replaced(there: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    kept = there.filter(~pl.col("id").is_in(rows["replaces"].drop_nulls().implode()))
    numbered = _numbered(rows, there)
    return _joined(kept, numbered)


def _agreements(there: pl.DataFrame, preview: Preview, ids: dict[str, int]) -> pl.DataFrame:
    new = preview.writes.agreements.with_columns(
        id=pl.col("subject").replace_strict(ids, return_dtype=pl.Int64),
        ref=pl.col("subject"),
        signing_agency=pl.lit(preview.agency),
        responsible_agency=pl.lit(preview.agency),
        priority=pl.lit(False),
        flagship=pl.lit(False),
        evidence_url=pl.lit(""),
        tracked=pl.lit(True),
        access_level=pl.lit(AccessLevel.OPEN),
        received_on=pl.lit(preview.received_on),
    )
    every = _joined(there, new)
    values = preview.writes.values
    for name in values["column"].unique():
        if name not in every.columns:
            continue
        said = values.filter(pl.col("column") == name)
        text = {
            ids.get(subject) or int(subject): value or ""
            for subject, value in said.select("subject", "value").iter_rows()
        }
        every = every.with_columns(
            pl.col("id").replace_strict(text, default=pl.col(name), return_dtype=pl.String).alias(name)
        )
    return every
