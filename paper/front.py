"""What stands around a briefing on paper: what it is, of which day, for whom, and how it was counted. In the reader's language."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import words as w
from kpi.briefing.blocks import Briefing, Column, Figure, Quantity, Sentence, SentenceKind, Table, say
from paper import palette
from paper.lettering import one_line
from words.phrases import Value

LABELLED: Final = (SentenceKind.ASK, SentenceKind.WARNING)
"""Kinds of sentences that are called what they are on paper."""
_HASH_SHOWN: Final = 16


@dataclasses.dataclass(frozen=True)
class Front:
    """`facts`: what a reader must know of every page, label and text. `method`: how it was counted, a paragraph each."""

    title: str
    register: str
    facts: tuple[tuple[str, str], ...]
    mark: str
    method: tuple[str, ...]


def front(briefing: Briefing) -> Front:
    """What stands around a briefing."""
    known = w.t("paper.known_now") if briefing.known_on is None else w.date(briefing.known_on)
    reader = w.name("role", briefing.reader.role)
    limited = briefing.reader.limited_to
    agency = "" if limited is None else w.name("agency", limited)
    register = said(briefing.register)
    facts = (
        (w.t("paper.as_of"), w.date(briefing.as_of)),
        (w.t("paper.known_on"), known),
        (w.t("paper.register"), register),
        (
            w.t("paper.covers"),
            w.t("paper.covers_all") if limited is None else one_line(w.t("paper.covers_agency", agency=agency)),
        ),
        (w.t("paper.for_reader"), reader),
    )
    method = (
        w.t("paper.method_counted", as_of=w.date(briefing.as_of), known=known),
        w.t("paper.method_interval"),
        w.t("paper.method_lights"),
        w.t("paper.method_codes"),
        w.t(
            "paper.method_edition",
            version=w.number(briefing.data_version),
            rules=briefing.rules_hash[:_HASH_SHOWN],
            hash=briefing.sha256[:_HASH_SHOWN],
        ),
    )
    mark = w.t("common.demo_mark") if briefing.is_demo else ""
    return Front(said(briefing.title), register, facts, mark, method)


def said(value: Value) -> str:
    """A phrase in the reader's language, on one line and no longer than somebody reads."""
    return one_line(say(value))


def details_said(sentence: Sentence) -> tuple[str, ...]:
    """The smaller lines under a sentence, each begun as a line of its own is."""
    lines = [said(detail) for detail in sentence.details]
    return tuple(f"{line[:1].upper()}{line[1:]}" for line in lines)


def light_drawn(light: str | None, *, is_settled: bool = True) -> str:
    """The light that is drawn; empty for none."""
    if not light:
        return ""
    return light if is_settled else f"{light}{palette.OUTLINE}"


def light_said(drawn: str) -> str:
    """A light as text: its sign and its words."""
    return f"{palette.SIGNS[drawn]} {w.name('light', drawn)}" if drawn else ""


def kind_said(sentence: Sentence) -> str:
    """What a sentence is called before what it says; empty for most."""
    return w.t(f"paper.kind_{sentence.kind.value}") if sentence.kind in LABELLED else ""


def figure_said(figure: Figure) -> str:
    """The value of a figure."""
    return say(figure.quantity)


def figure_notes(figure: Figure) -> tuple[str, ...]:
    """What is said under a figure: of how many, between which limits, against when."""
    notes = []
    if figure.denominator is not None:
        notes.append(w.t("paper.figure_of", n=w.number(figure.denominator)))
    if figure.low is not None and figure.high is not None:
        low, high = (say(Quantity(end, figure.unit, figure.digits)) for end in (figure.low, figure.high))
        notes.append(w.t("paper.figure_between", low=low, high=high))
    if figure.change is not None and figure.source.compared_with is not None:
        sign = "+" if figure.change > 0 else "\u2212" if figure.change < 0 else ""
        moved = _change_said(figure)
        notes.append(w.t("paper.figure_change", change=f"{sign}{moved}", since=w.date(figure.source.compared_with)))
    return tuple(notes)


def _change_said(figure: Figure) -> str:
    """A difference of two shares is one of percentage points."""
    size = abs(figure.change or 0.0)
    if figure.unit == "percent":
        return f"{w.number(size, max(figure.digits, 1))} {w.t('common.percentage_points')}"
    return say(Quantity(size, figure.unit, figure.digits))


def heads(columns: Sequence[Column]) -> list[str]:
    """The headings of a table."""
    return [w.t(column.heading) for column in columns]


def left_out(table: Table) -> str:
    """How many rows are not on this page, and where they are; empty where all are."""
    in_sheet = table.frame.height - table.head.height
    nowhere = max(0, table.left_out - in_sheet)
    parts = []
    if in_sheet:
        parts.append(w.tn("paper.rows_in_sheet", in_sheet))
    if nowhere:
        parts.append(w.tn("paper.rows_left_out", nowhere))
    return " ".join(parts)
