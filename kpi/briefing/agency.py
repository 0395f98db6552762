"""One agency: where it stands, how sure that is, on what it misses its targets, and what it has to do first."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing import decisions
from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import digits, kpi_figure, kpi_source, listed, sentence, surely_misses, with_subjects
from kpi.briefing.standing import GROUPS, causes_of
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS, shown_in
from kpi.vocabulary import Band
from words.phrases import Named, Phrase, Quantity

SHOWN: Final = 8
MOST: Final = 5
"""How many missed targets have room on a screen."""

OVERDUE_COLUMNS: Final = (
    Column("subject", "briefing.subject", "title", wide=True),
    Column("partner", "overview.partner", "code", of="partner"),
    Column("bucket", "briefing.standing", "code", of="bucket", aside=True),
    Column("days_overdue", "briefing.overdue_days", "days"),
    Column("days_since_progress", "briefing.silent_days", "days"),
)


def show_agency(material: Material) -> list[Block]:
    """Where the agency stands, with every KPI of its scorecard."""
    agency = material.asked.subject or ""
    mine = material.facts.agreements.filter(pl.col("agency") == agency)
    name = Named("agency", agency)
    source = material.source("agreements", pl.col("agency") == agency)
    if mine.is_empty():
        says = Phrase.of("briefing.agency_without", agency=name)
        return [
            Break(
                "standing",
                sentence(material, "NOTHING", SentenceKind.STANDING, says, source, subject=agency, about=name),
            )
        ]
    heading = sentence(
        material, "STANDING", SentenceKind.STANDING, _standing(material, agency), kpi_source(material, COMPOSITE, agency),
        subject=agency, about=name,
    )  # fmt: skip
    now, before = _cards(material.cards, agency), _cards(material.cards_before, agency)
    figures = [
        kpi_figure(material, code, now[code], before.get(code), subject=agency)
        for code in shown_in("scorecard", material.facts.records)
        if code in now and now[code]["denominator"]
    ]
    return [Break("standing", heading), *figures]


def _cards(cards: pl.DataFrame, agency: str) -> dict[str, dict[str, object]]:
    return {row["kpi"]: row for row in cards.filter(pl.col("agency") == agency).iter_rows(named=True)}


def _standing(material: Material, agency: str) -> Phrase:
    """Its place with the places it may hold, and whether that is surely above or below the middle."""
    name = Named("agency", agency)
    for group in GROUPS:
        league = material.league(group)
        row = league.filter(pl.col("agency") == agency)
        if row.is_empty():
            continue
        held = row.row(0, named=True)
        if held["place"] is None:
            return Phrase.of("briefing.agency_unranked", agency=name, n=held["n"], least=material.rules.rank_min_n)
        ranked = league.height - league["place"].null_count()
        band = {Band.ABOVE: "above", Band.BELOW: "below"}.get(held["band"], "alike")
        return Phrase.of(
            f"briefing.agency_{band}",
            agency=name,
            score=Quantity(held["score"], "points", digits(material, COMPOSITE, held["score"])),
            place=held["place"],
            all=ranked,
            best=held["best_place"],
            worst=held["worst_place"],
        )
    return Phrase.of("briefing.agency_unranked", agency=name, n=0, least=material.rules.rank_min_n)


def show_missed(material: Material) -> list[Block]:
    """On which KPIs the agency surely misses the target, the furthest first, and why."""
    agency = material.asked.subject or ""
    cards = _cards(material.cards, agency)
    red = [
        code
        for code in shown_in("scorecard", material.facts.records)
        if code in cards and cards[code]["status"] == "red"
    ]
    red.sort(key=lambda code: (float(str(cards[code]["score"] or 0)), code))
    sure = [code for code in red if surely_misses(code, cards[code])]
    missed = [*sure, *(code for code in red if code not in sure)][:MOST]
    if not missed:
        return []
    told = []
    for code in missed:
        kpi, card = KPIS[code], cards[code]
        value = card["value"]
        assert value is None or isinstance(value, float)
        says = Phrase.of(
            "briefing.missed" if code in sure else "briefing.missed_unsure",
            kpi=Phrase(f"kpi.{code}.name"),
            value=Quantity(value, kpi.unit, digits(material, code, value)),
            target=Quantity(kpi.target, kpi.unit),
        )
        part: scorecard.Part = "rest" if kpi.direction == "higher" else "numerator"
        rows = scorecard.rows_behind(material.facts.where(pl.col("agency") == agency), kpi, part)
        details = causes_of(material, rows) if kpi.of == "agreements" and "blockers" in material.facts.records else []
        source = kpi_source(material, code, agency)
        told.append(
            sentence(
                material, f"{code}WHY", SentenceKind.DRIVER, says, source, *details[:1], subject=agency, light="red"
            )
        )
    names = listed([Phrase(f"kpi.{code}.short") for code in sure or missed], "kpis", most=3)
    says = Phrase.of(
        "briefing.misses" if sure else "briefing.misses_unsure",
        agency=Named("agency", agency),
        kpis=names,
        n=len(sure or missed),
    )
    source = material.source("missed", pl.col("agency") == agency)
    heading = sentence(material, "MISSED", SentenceKind.DRIVER, says, source, subject=agency)
    return [Break("missed", heading), *told]


def show_agency_decisions(material: Material) -> list[Block]:
    """What the agency waits for from above."""
    theirs = pl.col("agency") == (material.asked.subject or "")
    return [] if decisions.waiting(material, theirs).is_empty() else decisions.show_decisions(material, theirs)


def show_due(material: Material) -> list[Block]:
    """The agency's agreements that are overdue or stalled, the longest first."""
    agency = material.asked.subject or ""
    late = pl.col("is_overdue") | pl.col("is_stalled")
    condition = (pl.col("agency") == agency) & late
    whole = material.facts.agreements.filter(condition)
    rows = with_subjects(material.visible(whole)).sort(
        pl.max_horizontal(pl.col("days_overdue").fill_null(0), pl.col("days_since_progress").fill_null(0)), "ref",
        descending=[True, False],
    )  # fmt: skip
    if whole.is_empty():
        return []
    source = material.source("is_late", condition)
    says = Phrase.of(
        "briefing.agency_late",
        overdue=Phrase.of("briefing.are_overdue", n=int(whole["is_overdue"].sum())),
        stalled=Phrase.of("briefing.are_stalled", n=int(whole["is_stalled"].sum())),
    )
    heading = sentence(material, "LATE", SentenceKind.WARNING, says, source, subject=agency)
    if rows.is_empty():
        return [Break("late", heading)]
    table = Table(
        material.code("LATELIST", agency),
        Phrase("briefing.late_caption"),
        rows.select(
            "ref",
            "subject_vi",
            "subject_en",
            "title_vi",
            "title_en",
            "partner",
            "bucket",
            "days_overdue",
            "days_since_progress",
        ),
        OVERDUE_COLUMNS,
        source,
        shown=SHOWN,
        left_out=max(rows.height - SHOWN, 0),
    )
    return [Break("late", heading), table]
