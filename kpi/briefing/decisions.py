"""What a higher authority has to decide: the ask, who proposes, what follows if nothing is decided, and what else it would free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import listed, sentence, with_subjects
from kpi.facts import attention
from kpi.vocabulary import Severity
from words.phrases import Kept, Named, Phrase

IN_DETAIL: Final = 5
"""How many decisions have a screen of their own; all of them are in the list."""

SHOWN: Final = 8
_REFS: Final = 4

COLUMNS: Final = (
    Column("subject", "briefing.subject", "title", wide=True),
    Column("agency", "briefing.owner", "code", of="agency", short=True),
    Column("partner", "overview.partner", "code", of="partner", aside=True),
    Column("cause", "overview.cause", "code", of="cause", aside=True),
    Column("severity", "overview.severity", "code", of="severity", aside=True),
    Column("authority_level", "overview.authority", "code", of="authority", aside=True),
    Column("blocked_days", "overview.blocked_days", "days"),
)


def waiting(material: Material, among: pl.Expr | None = None) -> pl.DataFrame:
    """Every decision that the reader may see, severe ones first and among them the longest awaited; columns as in
    `attention.decisions`. `among`: of some agreements only."""
    found = with_subjects(material.visible(attention.decisions(material.facts)))
    if among is not None:
        found = found.filter(among)
    is_severe = pl.col("severity") == Severity.SEVERE
    return found.sort(is_severe, "blocked_days", "ref", descending=[True, True, False], maintain_order=True)


def show_decisions(material: Material, among: pl.Expr | None = None) -> list[Block]:
    """How many decisions are waited for and the longest of them; the list; the first ones each on a screen of its own."""
    found = waiting(material, among)
    rows = found.select("agreement_id")
    source = material.source("decisions", pl.col("is_open"), of="blockers", rows=rows)
    if "blockers" not in material.facts.records:
        return [_break(material, Phrase("briefing.no_blockers_kept"), SentenceKind.NOTE, source)]
    if found.is_empty():
        return [_break(material, Phrase("briefing.no_decisions"), SentenceKind.STANDING, source)]
    severe = found.filter(pl.col("severity") == Severity.SEVERE).height
    longest = int(found.select(pl.col("blocked_days").max()).item())
    says = Phrase.of(
        "briefing.decisions" if severe else "briefing.decisions_mild",
        waiting=Phrase.of("briefing.decisions_wait", n=found.height),
        severe=Phrase.of("briefing.are_severe", n=severe),
        days=Phrase.of("common.days", n=longest),
    )
    table = Table(
        material.code("DECISIONLIST"),
        Phrase("briefing.decisions_caption"),
        found.select(
            "ref",
            "subject_vi",
            "subject_en",
            "title_vi",
            "title_en",
            "agency",
            "partner",
            "cause",
            "severity",
            "authority_level",
            "blocked_days",
        ),
        COLUMNS,
        source,
        shown=SHOWN,
        left_out=max(found.height - SHOWN, 0),
    )
    each = [
        _one(material, row, place) for place, row in enumerate(found.head(IN_DETAIL).iter_rows(named=True), start=1)
    ]
    return [_break(material, says, SentenceKind.WARNING, source), table, *each]


def _break(material: Material, says: Phrase, kind: SentenceKind, source: Any) -> Break:
    return Break("decisions", sentence(material, "DECISIONS", kind, says, source))


def _one(material: Material, row: Mapping[str, Any], place: int) -> Break:
    """One decision: the ask, of which agreement, who proposes, how long it waits, what follows, what else waits for the same."""
    authority = Named("authority", row["authority_level"])
    source = material.source(
        "decision", pl.col("is_open"), of="blockers", rows=pl.DataFrame({"agreement_id": [row["agreement_id"]]})
    )
    alike = _alike(material, row)
    details = [
        Phrase.of("briefing.of_agreement", title=Kept(row["subject_vi"], row["subject_en"]), ref=row["ref"]),
        Phrase.of(
            "briefing.proposed_on" if row["escalated_on"] else "briefing.not_proposed",
            agency=Named("agency", row["agency"]),
            date=row["escalated_on"] or row["opened_on"],
            severity=Phrase(f"briefing.severity_{row['severity']}"),
            days=Phrase.of("common.days", n=row["blocked_days"]),
        ),
        _otherwise(material, row),
    ]
    if alike.height:
        refs = listed(alike["ref"].to_list(), "agreements", most=_REFS)
        details.append(Phrase.of("briefing.would_free", n=alike.height, refs=refs))
    ask = Phrase.of(f"briefing.ask_{row['cause']}", authority=authority, partner=Named("partner", row["partner"]))
    return Break(
        f"decision-{place}",
        sentence(
            material,
            "DECISION",
            SentenceKind.ASK,
            ask,
            source,
            *details,
            subject=row["ref"],
            about=Named("agency", row["agency"]),
        ),
    )


def _otherwise(material: Material, row: Mapping[str, Any]) -> Phrase:
    """What follows if nothing is decided, of what the register knows: no guess."""
    if row["days_overdue"] is not None:
        return Phrase.of("briefing.otherwise_overdue", days=Phrase.of("common.days", n=row["days_overdue"]))
    if row["is_stalled"] and row["days_since_progress"] is not None:
        return Phrase.of("briefing.otherwise_stalled", days=Phrase.of("common.days", n=row["days_since_progress"]))
    if row["current_target"] is not None:
        left = (row["current_target"] - material.facts.as_of).days
        return Phrase.of(
            "briefing.otherwise_target", date=row["current_target"], days=Phrase.of("common.days", n=max(left, 0))
        )
    return Phrase("briefing.otherwise_undated")


def _alike(material: Material, row: Mapping[str, Any]) -> pl.DataFrame:
    """Other agreements that wait for the same authority for the same cause."""
    found = attention.decisions(material.facts).filter(
        (pl.col("cause") == row["cause"])
        & (pl.col("authority_level") == row["authority_level"])
        & pl.col("must_act").eq_missing(pl.lit(row["must_act"]))
        & (pl.col("agreement_id") != row["agreement_id"])
    )
    return material.visible(found).sort("blocked_days", "ref", descending=[True, False])
