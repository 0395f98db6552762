"""What a term has brought: by year of signing, what was begun, completed and shown."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import sentence
from kpi.facts.attention import IN_FLOW
from words.phrases import Phrase

TERM: Final = (2021, 2025)
"""First and last year of signing."""

SHOWN: Final = 10
_SIGNED: Final = pl.col("signed_on").dt.year()
_IN_TERM: Final = IN_FLOW & _SIGNED.is_between(*TERM)

_COUNTS: Final = {
    "signed": pl.len(),
    "started": pl.col("is_started").sum(),
    "completed": pl.col("is_completed").sum(),
    "evidenced": (pl.col("is_completed") & pl.col("has_evidence")).sum(),
    "stalled": pl.col("is_stalled").sum(),
}

COUNTED: Final = (
    Column("signed", "overview.signed", "number"),
    Column("started", "briefing.started", "number"),
    Column("completed", "overview.completed", "number"),
    Column("evidenced", "briefing.evidenced", "number"),
    Column("stalled", "overview.stalled", "number", aside=True),
)


def show_term(material: Material) -> list[Block]:
    """Signed, begun, completed and shown, by year of signing; the term before beside it where the register knows it."""
    rows = material.facts.agreements.filter(_IN_TERM)
    source = material.source("term", _IN_TERM)
    first, last = map(str, TERM)
    if rows.is_empty():
        says = Phrase.of("briefing.term_nothing", first=first, last=last)
        return [Break("term", sentence(material, "TERM", SentenceKind.NOTE, says, source))]
    whole = _counted(rows, []).row(0, named=True)
    says = Phrase.of("briefing.term", n=whole["started"], first=first, last=last, signed=whole["signed"],
                     completed=whole["completed"], evidenced=whole["evidenced"])  # fmt: skip
    heading = sentence(material, "TERM", SentenceKind.STANDING, says, source, *_before(material))
    table = Table(
        material.code("TERMYEARS"),
        Phrase("briefing.term_caption"),
        _counted(rows, [_SIGNED.cast(pl.String).alias("year")]).sort("year"),
        (Column("year", "survival.cohort"), *COUNTED),
        source,
    )
    return [Break("term", heading), table]


def _counted(rows: pl.DataFrame, by: list[pl.Expr]) -> pl.DataFrame:
    counts = {name: counted.cast(pl.Int64) for name, counted in _COUNTS.items()}
    return rows.group_by(by).agg(**counts) if by else rows.select(**counts)


def _before(material: Material) -> list[Phrase]:
    """The term before, where anything of each of its years is known: else it would only look small."""
    first, last = TERM[0] - (TERM[1] - TERM[0] + 1), TERM[0] - 1
    rows = material.facts.agreements.filter(IN_FLOW & _SIGNED.is_between(first, last))
    if rows.select(_SIGNED.n_unique()).item() < last - first + 1:
        return []
    whole = _counted(rows, []).row(0, named=True)
    return [Phrase.of("briefing.term_before", first=str(first), last=str(last), signed=whole["signed"],
                      started=whole["started"], completed=whole["completed"])]  # fmt: skip


def show_term_agencies(material: Material) -> list[Block]:
    """The same by agency, those with most agreements first."""
    rows = material.facts.agreements.filter(_IN_TERM)
    if rows.is_empty():
        return []
    counted = _counted(rows, [pl.col("agency")]).sort(["signed", "agency"], descending=[True, False])
    never = rows.filter(~pl.col("is_started") & pl.col("is_open"))
    source = material.source("term_not_started", _IN_TERM & ~pl.col("is_started") & pl.col("is_open"), rows=never)
    says = Phrase.of("briefing.term_left", n=never.height, first=str(TERM[0]), last=str(TERM[1]))
    table = Table(
        material.code("TERMAGENCIES"),
        Phrase("briefing.term_agencies"),
        counted,
        (Column("agency", "briefing.owner", "code", of="agency", short=True), *COUNTED),
        source,
        shown=SHOWN,
        left_out=max(counted.height - SHOWN, 0),
    )
    return [Break("agencies", sentence(material, "TERMLEFT", SentenceKind.WARNING, says, source)), table]
