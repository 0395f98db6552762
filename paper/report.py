"""A briefing as a report in the form of Vietnamese administrative documents (Decree 30/2020/ND-CP), as DOCX to be worked on."""

from __future__ import annotations

import io
from typing import Final

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

import words as w
from files import administrative_form as form
from kpi.briefing.blocks import Briefing, Chart, Column, Figure, Sentence, SentenceKind, Table
from paper import charts, pdf
from paper.front import (
    Front,
    details_said,
    figure_notes,
    figure_said,
    front,
    heads,
    kind_said,
    left_out,
    light_drawn,
    light_said,
    said,
)
from paper.lettering import one_line

LONGEST_TABLE: Final = 200
"""Rows of one table; the rest stands in the workbook."""
_LONGEST_CELL: Final = 300
_GREY: Final = RGBColor(0x55, 0x60, 0x6B)
_PARTS: Final = {"title": 3.6, "text": 2.0, "phrase": 2.0, "code": 2.4, "light": 1.7, "date": 2.2}
_NUMBERED: Final = 0.065
"""What the number of a row takes of the width."""
_ROMAN: Final = ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1)


def written(briefing: Briefing) -> bytes:
    """The briefing as DOCX, in the reader's language; the same bytes for the same facts."""
    around = front(briefing)
    subject = briefing.subject
    whose = said(subject) if subject is not None and subject.kind == "agency" else w.t("paper.report_agency")
    document = form.new(around.title, around.register)
    _set_language(document)
    day = briefing.as_of
    form.write_head(
        document,
        issuer=whose,
        number=w.t("paper.report_number"),
        subject="",
        state=w.t("reporting.letter_state"),
        motto=w.t("reporting.letter_motto"),
        place_and_day=w.t("reporting.letter_day", day="…", month="…", year=f"{day:%Y}"),
    )
    _write_title(document, around)
    form.body(document.add_paragraph(), w.t("paper.report_basis", agency=whose, as_of=w.date(day)))
    told = _Report(document)
    for place, (begins, held) in enumerate(briefing.screens(), 1):
        told.write_heading(f"{_roman(place)}. {said(begins.heading.says)}", begins.heading)
        told.write_blocks(held)
    closing = document.add_paragraph()
    form.body(closing, w.t("paper.report_end"))
    closing.paragraph_format.keep_with_next = True
    form.write_end(
        document,
        copies_head=w.t("reporting.letter_copies"),
        copies=(w.t("paper.report_copies_to"), w.t("reporting.letter_copy_file")),
        signed_for=w.t("paper.report_signed_for"),
        signed_by=w.t("paper.report_signed_by"),
    )
    _write_method(document, around)
    return form.packed(document)


def _set_language(document: Document) -> None:
    """In which language it is read aloud, and how headings look: as the form asks, not as the program likes."""
    marked = OxmlElement("w:lang")
    marked.set(qn("w:val"), w.language())
    document.styles["Normal"].element.get_or_add_rPr().append(marked)
    for name in ("Heading 1", "Title"):
        style = document.styles[name]
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{kind}"), None)
        for kind in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(qn(f"w:{kind}"), form.FONT)
        style.font.size, style.font.bold, style.font.color.rgb = Pt(14), True, RGBColor(0, 0, 0)
    borders = document.styles["Title"].element.get_or_add_pPr().find(qn("w:pBdr"))
    if borders is not None:
        borders.getparent().remove(borders)


def _write_title(document: Document, around: Front) -> None:
    form.line(document.add_paragraph(), w.t("paper.report"), size=14, bold=True, align=form.CENTRE, before=14)
    form.line(document.add_paragraph(style="Title"), around.title, size=14, bold=True, align=form.CENTRE, after=2)
    form.line(document.add_paragraph(), "\u2500" * 8, size=6, align=form.CENTRE, after=6)
    if around.mark:
        form.line(document.add_paragraph(), around.mark, size=12, bold=True, italic=True, align=form.CENTRE, after=4)


def _write_method(document: Document, around: Front) -> None:
    head = document.add_paragraph()
    head.paragraph_format.keep_with_next = True
    form.line(head, w.t("paper.method"), size=11, bold=True, before=12)
    for label, text in around.facts:
        form.line(document.add_paragraph(), f"{label}: {text}", size=10)
    for text in around.method:
        form.line(document.add_paragraph(), text, size=10, before=2)


class _Report:
    """The body of the report; tables and pictures are numbered through it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tables = 0
        self.pictures = 0

    def write_heading(self, text: str, heading: Sentence) -> None:
        """A numbered part with what it says."""
        paragraph = self.document.add_paragraph(style="Heading 1")
        form.line(paragraph, text, size=14, bold=True, before=12, after=3)
        _write_code(paragraph, heading)
        self._write_details(heading)

    def write_blocks(self, blocks: tuple[Sentence | Figure | Table | Chart, ...]) -> None:
        """What follows a heading; figures that follow one another are one table."""
        waiting: list[Figure] = []
        for block in blocks:
            if isinstance(block, Figure):
                waiting.append(block)
                continue
            self._write_figures(waiting)
            waiting = []
            match block:
                case Sentence():
                    self._write_sentence(block)
                case Table():
                    self._write_table(block)
                case Chart():
                    self._write_chart(block)
        self._write_figures(waiting)

    def _write_sentence(self, sentence: Sentence) -> None:
        kind, light = kind_said(sentence), light_drawn(sentence.light)
        text = said(sentence.says)
        lead = f"{kind}: " if kind else ""
        paragraph = self.document.add_paragraph()
        if sentence.kind is SentenceKind.NOTE:
            form.line(paragraph, text, size=12, italic=True, before=3, after=3)
        else:
            form.body(paragraph, f"{lead}{text}{f' ({light_said(light)})' if light else ''}")
        _write_code(paragraph, sentence)
        self._write_details(sentence)

    def _write_details(self, sentence: Sentence) -> None:
        for line in details_said(sentence):
            form.body(self.document.add_paragraph(), f"- {line}")

    def _write_figures(self, figures: list[Figure]) -> None:
        if not figures:
            return
        keys = ("paper.column_text", "paper.column_value", "paper.column_more", "paper.column_light", "paper.code")
        rows = [
            (
                said(figure.label),
                figure_said(figure),
                "; ".join(figure_notes(figure)),
                light_said(light_drawn(figure.light, is_settled=figure.is_settled)),
                str(figure.code),
            )
            for figure in figures
        ]
        self._caption("paper.report_table", w.t("paper.sheet_figures"), None)
        table = form.write_rows(
            self.document,
            [w.t(key) for key in keys],
            rows,
            (0.3, 0.13, 0.27, 0.14, 0.16),
            size=11,
            right=(1,),
            centred=(),
        )
        _shrink(table, 4)

    def _write_table(self, table: Table) -> None:
        self._caption("paper.report_table", said(table.caption), table)
        parts = [_part(column) for column in table.columns]
        head = [w.t("paper.column_number"), *heads(table.columns)]
        rows = [
            [w.number(place), *(_cell(column, row) for column in table.columns)]
            for place, row in enumerate(table.head.head(LONGEST_TABLE).iter_rows(named=True), 1)
        ]
        right = [place for place, column in enumerate(table.columns, 1) if column.alignment == "right"]
        rest = (1 - _NUMBERED) / sum(parts)
        widths = [_NUMBERED, *(part * rest for part in parts)]
        form.write_rows(self.document, head, rows, widths, size=10 if len(head) > 6 else 11, right=right)
        more = left_out(table)
        if more:
            form.line(self.document.add_paragraph(), more, size=11, italic=True, before=3)

    def _write_chart(self, chart: Chart) -> None:
        drawn = charts.svg(chart)
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        wide = Cm(form.WIDTH_CM * charts.width_of(drawn))
        shape = paragraph.add_run().add_picture(io.BytesIO(pdf.picture(drawn)), width=wide)
        told = shape._inline.docPr
        told.set("descr", said(chart.alt))
        told.set("title", said(chart.title))
        self._caption("paper.report_chart", said(chart.title), chart)

    def _caption(self, key: str, text: str, block: Table | Chart | None) -> None:
        """The caption of a table stands above it, that of a picture below."""
        if key == "paper.report_table":
            self.tables += 1
            n = self.tables
        else:
            self.pictures += 1
            n = self.pictures
        paragraph = self.document.add_paragraph()
        form.line(paragraph, w.t(key, n=w.number(n), caption=text), size=12, bold=True, before=6, after=3)
        paragraph.paragraph_format.keep_with_next = key == "paper.report_table"
        if block is not None:
            _write_code(paragraph, block)


def _write_code(paragraph: Paragraph, block: Sentence | Table | Chart) -> None:
    """The code beside what is said, small."""
    run = paragraph.add_run(f" [{block.code}]")
    run.font.size, run.font.color.rgb, run.bold, run.italic = Pt(8), _GREY, False, False


def _shrink(table: object, place: int) -> None:
    """Codes in a table are small."""
    for row in table.rows[1:]:  # type: ignore[attr-defined]
        for run in row.cells[place].paragraphs[0].runs:
            run.font.size, run.font.color.rgb = Pt(8), _GREY


def _part(column: Column) -> float:
    """What a column takes of the width, beside the others."""
    usual = _PARTS.get(column.kind, 1.7)
    return usual * (0.75 if column.short else 1.3 if column.wide else 1)


def _cell(column: Column, row: dict[str, object]) -> str:
    if column.kind == "light":
        light = row[column.name]
        return light_said(str(light)) if light else ""
    return one_line(column.write(row), _LONGEST_CELL)


def _roman(n: int) -> str:
    told = ""
    for sign, worth in _ROMAN:
        told += sign * (n // worth)
        n %= worth
    return told
