"""What became of what was directed: how much was carried out, what is overdue, who has not answered."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import sentence
from kpi.decided import directives
from kpi.vocabulary import DirectiveState
from words.phrases import Listed, Phrase

SHOWN: Final = 8
COLUMNS: Final = (
    Column("task", "directives.task", wide=True),
    Column("agency", "briefing.owner", "code", of="agency", short=True),
    Column("due_now", "directives.due_on", "date"),
    Column("days_overdue", "directives.days_overdue", "days", aside=True),
    Column("state", "directives.state", "code", of="directive_state", aside=True),
)


def show_directives(material: Material) -> list[Block]:
    """Of the directives given until the day: how many were carried out; those still open, overdue ones first. Of one agency, where
    the briefing is about one."""
    found = material.directives
    if found is None:
        return []
    if material.asked.subject is not None:
        found = found.filter(pl.col("agency") == material.asked.subject)
    told = directives.count(found)
    if not told.given:
        return []
    rows = found.filter(pl.col("state") != DirectiveState.REVOKED)
    about = rows.select(pl.col("agreement_id").drop_nulls().unique())
    source = material.source("directives", pl.col("state") != DirectiveState.REVOKED, of="directives", rows=about)
    rest = tuple(
        Phrase.of(f"briefing.directives_{what}", n=number)
        for what, number in (
            ("overdue", told.overdue),
            ("without_answer", told.without_answer),
            ("to_confirm", told.said_done),
        )
        if number
    )
    details = [Phrase.of("briefing.named", names=Listed(rest))] if rest else []
    kind = SentenceKind.WARNING if told.overdue else SentenceKind.STANDING
    says = Phrase.of("briefing.directives", n=told.carried_out, all=told.given)
    begins = Break("directives", sentence(material, "DIRECTIVES", kind, says, source, *details))
    still_open = rows.filter("is_open").select("task", "agency", "due_now", "days_overdue", "state")
    if still_open.is_empty():
        return [begins]
    table = Table(
        material.code("DIRECTIVELIST"),
        Phrase("briefing.directives_caption"),
        still_open,
        COLUMNS,
        source,
        shown=SHOWN,
        left_out=max(still_open.height - SHOWN, 0),
    )
    return [begins, table]
