"""Before a visit: everything with one partner. What we owe and what they owe, what is being negotiated, what falls due, what is
asked."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing import decisions
from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.overall import COUNTED, count
from kpi.briefing.saying import sentence, with_subjects
from kpi.vocabulary import Cause, StateClass
from words.phrases import Named, Phrase

SHOWN: Final = 8

COLUMNS: Final = (
    Column("subject", "briefing.subject", "title", wide=True),
    Column("agency", "briefing.owner", "code", of="agency", short=True),
    Column("state", "briefing.state", "code", of="state", aside=True),
    Column("current_target", "briefing.target", "date"),
    Column("days_overdue", "briefing.overdue_days", "days", aside=True),
    Column("days_since_progress", "briefing.silent_days", "days", aside=True),
)


def show_partner(material: Material) -> list[Block]:
    """How much was agreed with the partner, and what became of it."""
    partner = material.asked.subject or ""
    name, theirs = Named("partner", partner), _theirs(material)
    rows = material.facts.agreements.filter(theirs)
    source = material.source("agreements", theirs)
    if rows.is_empty():
        says = Phrase.of("briefing.partner_without", partner=name)
        return [Break("standing", sentence(material, "NOTHING", SentenceKind.STANDING, says, source, about=name))]
    says = Phrase.of(
        "briefing.partner",
        partner=name,
        signed=Phrase.of("briefing.were_signed", n=int(rows["is_signed"].sum())),
        stalled=Phrase.of("briefing.are_stalled", n=int(rows["is_stalled"].sum())),
        overdue=Phrase.of("briefing.are_overdue", n=int(rows["is_overdue"].sum())),
    )
    heading = sentence(material, "STANDING", SentenceKind.STANDING, says, source, about=name)
    return [Break("standing", heading), *(count(material, flag, among=theirs) for flag in COUNTED)]


def _theirs(material: Material) -> pl.Expr:
    return pl.col("partner") == (material.asked.subject or "")


def _waits_for_them(material: Material) -> pl.Expr:
    """The agreements with an open blocker on the partner's side."""
    held = material.facts.blockers.filter(pl.col("is_open") & (pl.col("cause") == Cause.COUNTERPART))
    return pl.col("agreement_id").is_in(held["agreement_id"].unique().sort().implode())


def show_ours(material: Material) -> list[Block]:
    """What is late and does not wait for the partner."""
    late = pl.col("is_overdue") | pl.col("is_stalled")
    return _listed(material, "ours", late & ~_waits_for_them(material), SentenceKind.WARNING)


def show_theirs(material: Material) -> list[Block]:
    """What waits for the partner."""
    return _listed(material, "theirs", pl.col("is_open") & _waits_for_them(material), SentenceKind.WARNING)


def show_negotiated(material: Material) -> list[Block]:
    """What is proposed or being negotiated."""
    return _listed(material, "negotiated", pl.col("state_class") == StateClass.PRE, SentenceKind.STANDING)


def show_due(material: Material) -> list[Block]:
    """What falls due soon."""
    return _listed(material, "due", pl.col("due_soon"), SentenceKind.WARNING)


def show_partner_decisions(material: Material) -> list[Block]:
    """What waits for a decision from above, of what was agreed with the partner."""
    found = decisions.waiting(material, _theirs(material))
    return decisions.show_decisions(material, _theirs(material)) if found.height else []


def _listed(material: Material, what: str, condition: pl.Expr, kind: SentenceKind) -> list[Block]:
    whole = material.facts.agreements.filter(_theirs(material) & condition)
    if whole.is_empty():
        return []
    source = material.source(what, _theirs(material) & condition, rows=whole)
    says = Phrase.of(f"briefing.{what}", n=whole.height, partner=Named("partner", material.asked.subject or ""))
    begins = Break(what, sentence(material, what.upper(), kind, says, source))
    longest = pl.max_horizontal(pl.col("days_overdue").fill_null(0), pl.col("days_since_progress").fill_null(0))
    rows = with_subjects(material.visible(whole)).sort(longest, "ref", descending=[True, False])
    if rows.is_empty():
        return [begins]
    table = Table(
        material.code(f"{what.upper()}LIST"),
        Phrase("briefing.late_caption"),
        rows.select("ref", "subject_vi", "subject_en", "title_vi", "title_en", *(c.name for c in COLUMNS[1:])),
        COLUMNS,
        source,
        shown=SHOWN,
        left_out=max(rows.height - SHOWN, 0),
    )
    return [begins, table]
