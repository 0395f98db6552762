"""Reminders: what an agency owes for a period, and the letter that says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

import words as w
from files.letter_file import Letter
from kpi.facts import UNASSIGNED, Facts
from kpi.reporting import reports
from kpi.reporting.calendar import Period

MOST_LISTED: Final = 200
"""A letter names no more agreements than somebody would read; the list on screen has them all."""


@dataclasses.dataclass(frozen=True)
class Owing:
    """What an agency owes for a period on a day: how many reports it owed, how many came, and the agreements whose report is
    missing (ref, title_vi, title_en, office: the one in charge of the agreement, or null), by reference."""

    agency: str
    period: Period
    as_of: dt.date
    owed: int
    received: int
    missing: pl.DataFrame


def owing(facts: Facts, period: Period, offices: pl.DataFrame) -> tuple[Owing, ...]:
    """Every agency that owes reports for a period, by its key. `offices`: agreement_id, office."""
    rows = (
        reports.owed(facts, period=period.code)
        .filter((pl.col("status") == "missing") & (pl.col("agency") != UNASSIGNED))
        .join(offices, on="agreement_id", how="left", maintain_order="left")
        .sort("agency", "ref")
    )
    counted = {row["agency"]: row for row in reports.counts(facts, period=period.code).iter_rows(named=True)}
    return tuple(
        Owing(
            agency=str(agency),
            period=period,
            as_of=facts.as_of,
            owed=counted[agency]["owed"],
            received=counted[agency]["received"],
            missing=missing.select("ref", "title_vi", "title_en", "office"),
        )
        for (agency,), missing in rows.group_by("agency", maintain_order=True)
    )


def letter(owes: Owing, *, agency: str, sender: str, written_on: dt.date, notes: tuple[str, ...] = ()) -> Letter:
    """The letter to an agency, in the reader's language. `agency` and `sender` are what they are called."""
    missing = owes.missing.head(MOST_LISTED)
    has_offices = bool(missing["office"].fill_null("").str.strip_chars().ne("").any())
    title = pl.col(w.column("title"))
    titled = missing.with_columns(title=pl.when(title.str.strip_chars() != "").then(title).otherwise("title_vi"))
    rows = tuple(
        (str(place), ref, _one_line(named), *([_one_line(office or "")] if has_offices else []))
        for place, (ref, named, office) in enumerate(titled.select("ref", "title", "office").iter_rows(), 1)
    )
    heads = ("letter_place", "ref", "title", *(["letter_office"] if has_offices else []))
    more = owes.missing.height - missing.height
    period = owes.period
    return Letter(
        issuer=sender,
        state=w.t("reporting.letter_state"),
        motto=w.t("reporting.letter_motto"),
        number=w.t("reporting.letter_number"),
        subject=w.t(
            "reporting.letter_about", code=period.code, starts=w.date(period.starts_on), ends=w.date(period.ends_on)
        ),
        place_and_day=w.t(
            "reporting.letter_day", day=f"{written_on:%d}", month=f"{written_on:%m}", year=f"{written_on:%Y}"
        ),
        addressee=w.t("reporting.letter_to", agency=agency),
        before=(f"{_received(owes)} {_due(owes)}", w.tn("reporting.letter_ask", owes.missing.height)),
        heads=tuple(w.t(f"reporting.{head}") for head in heads),
        rows=rows,
        widths=(0.08, 0.2, 0.47, 0.25) if has_offices else (0.08, 0.22, 0.7),
        after=(
            *((w.t("reporting.letter_more", n=w.number(more)),) if more else ()),
            w.t("reporting.letter_how"),
            w.t("reporting.letter_end"),
        ),
        copies_head=w.t("reporting.letter_copies"),
        copies=(w.t("reporting.letter_copy_above"), w.t("reporting.letter_copy_file")),
        signed_for=sender,
        notes=notes,
    )


def file_name(owes: Owing) -> str:
    """What the letter's file is called, on any system: `nhac-bao-cao_BCT_2025-Q4.docx`."""
    parts = (w.t("reporting.file_letter"), owes.agency, owes.period.code)
    kept = ("".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in part) for part in parts)
    return f"{'_'.join(kept)}.docx"


def notes_of(*, known_on: dt.date | None, is_demo: bool) -> tuple[str, ...]:
    """What a reader of a letter has to know of its figures."""
    known = () if known_on is None else (f"{w.t('common.note_known')}: {w.date(known_on)}.",)
    return (*known, *((w.t("common.demo_mark"),) if is_demo else ()))


def names_in(agencies: pl.DataFrame) -> Mapping[str, str]:
    """Key -> name of agencies in the reader's language. `agencies`: key, name_vi, name_en."""
    return dict(agencies.select("key", w.column("name")).iter_rows())


def _received(owes: Owing) -> str:
    return w.t(
        "reporting.letter_received",
        as_of=w.date(owes.as_of),
        received=w.number(owes.received),
        owed=w.number(owes.owed),
    )


def _due(owes: Owing) -> str:
    days, due = owes.period.days_late(owes.as_of), w.date(owes.period.due_on)
    return w.tn("reporting.letter_overdue", days, due=due) if days > 0 else w.t("reporting.letter_due", due=due)


def _one_line(text: str) -> str:
    return " ".join(text.split())
