"""How blocks are made of rows: sentences, and figures of cards, with what is certain about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from kpi.briefing.blocks import Figure, Sentence, SentenceKind, Source
from kpi.briefing.codes import EVERYBODY
from kpi.briefing.material import Material
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.indicators.lights import LIGHTS
from kpi.indicators.scorecard import PLACE_DIGITS
from kpi.subjects import subject_expr
from words.names import LANGUAGES_IN_STORE
from words.phrases import Listed, Named, Phrase, Value


def sentence(
    material: Material,
    topic: str,
    kind: SentenceKind,
    says: Phrase,
    source: Source,
    *details: Phrase,
    subject: str = EVERYBODY,
    light: str | None = None,
    about: Named | None = None,
) -> Sentence:
    """One thing said, with its code."""
    return Sentence(material.code(topic, subject), kind, says, source, details, light, about)


def kpi_figure(
    material: Material,
    code: str,
    card: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    subject: str = EVERYBODY,
) -> Figure:
    """A KPI of a scorecard: its value as the page shows it, with its interval, light and change."""
    kpi = KPIS[code]
    value = card["value"]
    change = None if before is None or before["value"] is None or value is None else value - before["value"]
    return Figure(
        material.code(code, subject),
        Phrase(f"kpi.{code}.name"),
        value,
        kpi.unit,
        kpi_source(material, code, subject, compared=change is not None),
        digits=digits(material, code, value),
        denominator=None if code == COMPOSITE else card["denominator"],
        light=card["status"] if card["status"] in LIGHTS else None,
        is_settled=card["settled"] is not False,
        low=card["low"],
        high=card["high"],
        change=change,
    )


def kpi_source(material: Material, code: str, subject: str = EVERYBODY, *, compared: bool = False) -> Source:
    """The agreements among which a KPI counts, of everybody or of one agency."""
    kpi = KPIS[code]
    facts = material.facts if subject == EVERYBODY else material.facts.where(pl.col("agency") == subject)
    rows = scorecard.rows_behind(facts, kpi, "denominator")
    whose = pl.lit(value=True) if subject == EVERYBODY else pl.col("agency") == subject
    condition = kpi.among if subject == EVERYBODY else kpi.among & whose
    return material.source(code, condition, of=kpi.of, rows=rows, compared=compared)


def digits(material: Material, code: str, value: float | None) -> int:
    """How many decimals a value is read with, so that it agrees with its light and its place."""
    found = 0 if value is None else material.rules.digits(code, value)
    return max(found, PLACE_DIGITS) if code == COMPOSITE else found


def surely_misses(code: str, card: Mapping[str, Any]) -> bool:
    """Whether a value misses its target wherever it may lie in its interval; where there is none, as it is read."""
    kpi = KPIS[code]
    if kpi.target is None:
        return False
    if kpi.direction == "higher":
        best = card["value"] if card["high"] is None else card["high"]
        return best is not None and bool(best < kpi.target)
    best = card["value"] if card["low"] is None else card["low"]
    if best is None:  # a median not reached yet is longer than it has been followed
        best = card["follow_up"]
    return best is not None and bool(best > kpi.target)


def listed(items: list[Value], of: Literal["agencies", "agreements", "kpis"], *, most: int = 4) -> Value:
    """Several values one after the other, the first of them where they are many: "A, B and 3 other agencies"."""
    if len(items) > most:
        rest = Phrase.of(f"briefing.other_{of}", n=len(items) - most + 1)
        return Listed((*items[: most - 1], rest))
    return Listed(tuple(items))


def with_subjects(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `title_vi` and `title_en`, and the short subjects of these titles as subject_vi and subject_en."""
    return rows.with_columns(
        subject_expr(pl.col(f"title_{language}"), language).alias(f"subject_{language}")
        for language in LANGUAGES_IN_STORE
    )


def agencies(codes: list[str], *, short: bool = True, most: int = 4) -> Value:
    """Agencies by name, one after the other."""
    return listed([Named("agency", code, short) for code in codes], "agencies", most=most)
