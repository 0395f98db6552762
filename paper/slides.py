"""A briefing as slides: native text and tables, charts as pictures with their description, codes in the notes."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pptx
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

import words as w
from files.administrative_form import repacked
from kpi.briefing.blocks import Break, Briefing, Chart, Column, Figure, Sentence, SentenceKind, Table
from paper import charts, palette, pdf
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

FONT: Final = "Arial"
LONGEST_TABLE: Final = 60
"""Rows of one table; the rest stands in the workbook."""
_WIDE, _HIGH = 13.333, 7.5
_LEFT, _TOP, _TEXT_WIDE, _BOTTOM = 0.6, 1.55, 12.13, 6.85
_LONGEST_CELL: Final = 110
_CARDS_IN_A_ROW: Final = 4
_CARD_HIGH: Final = 1.55
_FEW: Final = 420
"""So many letters stand above a chart or table."""
_SPARSE: Final = 5
"""So few lines alone on a slide are set larger."""
_ROW_HIGH: Final = 0.32
_PARTS: Final = {"title": 4.0, "text": 2.0, "phrase": 2.2, "code": 2.2, "light": 1.6, "date": 1.2}
_BLANK: Final = 5
"""The layout that has a title and nothing else."""


def written(briefing: Briefing) -> bytes:
    """The briefing as PPTX, in the reader's language; the same bytes for the same facts."""
    show = _Show(front(briefing))
    show.add_cover()
    for begins, held in briefing.screens():
        show.add_screen(begins, held)
    show.add_method()
    saved = io.BytesIO()
    show.deck.save(saved)
    return repacked(saved.getvalue())


_Text = tuple[str, float, bool]
"""A line, its size, and whether it is bold."""


class _Show:
    """A deck under way."""

    def __init__(self, around: Front) -> None:
        self.around = around
        self.deck = pptx.Presentation()
        self.deck.slide_width, self.deck.slide_height = Inches(_WIDE), Inches(_HIGH)
        self.deck.core_properties.title = one_line(around.title, 250)
        self.deck.core_properties.author = one_line(around.register, 250)
        self.deck.core_properties.language = w.language()

    def add_cover(self) -> None:
        """What it is, of which day, for whom."""
        slide = self._slide(self.around.title, "")
        lines = [f"{label}: {text}" for label, text in self.around.facts]
        frame = _box(slide, _LEFT, 2.6, _TEXT_WIDE, 3.4)
        for line in lines:
            _line(frame, line, size=20, after=6)
        if self.around.mark:
            _line(frame, self.around.mark, size=20, bold=True, before=10)

    def add_method(self) -> None:
        """How it was counted."""
        slide = self._slide(w.t("paper.method"), "")
        frame = _box(slide, _LEFT, _TOP, _TEXT_WIDE, _BOTTOM - _TOP)
        for line in self.around.method:
            _line(frame, line, size=16, after=8)

    def add_screen(self, begins: Break, held: tuple[Sentence | Figure | Table | Chart, ...]) -> None:
        """A screen: what is said and its figures, beside its chart where it has one; then its tables.

        Few words stand above the chart or the table instead.
        """
        title, light = said(begins.heading.says), light_drawn(begins.heading.light)
        sentences = [block for block in held if isinstance(block, Sentence)]
        figures = [block for block in held if isinstance(block, Figure)]
        drawn: list[Chart | Table] = [block for block in held if isinstance(block, Chart)]
        drawn.extend(block for block in held if isinstance(block, Table))
        texts = [*_detailed(begins.heading), *(line for one in sentences for line in _told(one))]
        coded: list[Sentence | Figure | Table | Chart] = [begins.heading, *figures, *sentences]
        above = texts if drawn and not figures and sum(len(text) for text, _, _ in texts) < _FEW else []
        if figures or not drawn or (texts and not above):
            beside = drawn[:1] if drawn and isinstance(drawn[0], Chart) else []
            self._add_words(title, light, figures, texts, beside, coded)
            drawn, coded = drawn[len(beside) :], []
        for place, block in enumerate(drawn):
            lines = above if place == 0 else []
            if isinstance(block, Chart):
                slide = self._slide(title, light)
                top = _add_lines(slide, lines, _TOP)
                self._add_chart(slide, block, _LEFT, top, _TEXT_WIDE, _BOTTOM - top)
                self._note(slide, [*coded, block])
            else:
                self._add_table(title, light, block, lines, coded)
            coded = []

    def _add_words(
        self,
        title: str,
        light: str,
        figures: Sequence[Figure],
        texts: Sequence[_Text],
        beside: Sequence[Chart | Table],
        coded: Sequence[Sentence | Figure | Table | Chart],
    ) -> None:
        """Figures and words, on as many slides as they need; a chart beside those on the first."""
        wide = _TEXT_WIDE / 2 - 0.2 if beside else _TEXT_WIDE
        rows = math.ceil(len(figures) / (2 if beside else _CARDS_IN_A_ROW))
        for place, page in enumerate(_paged(texts, wide, rows)):
            slide = self._slide(title if place == 0 else w.t("paper.slide_continued", title=title), light)
            top = self._add_cards(slide, figures, wide) if place == 0 else _TOP
            if page:
                few = not figures and not beside and len(page) <= _SPARSE
                frame = _box(slide, _LEFT, top, wide, _BOTTOM - top)
                for text, size, bold in page:
                    _line(frame, text, size=size * (1.25 if few else 1), bold=bold, after=8)
            if place == 0:
                for chart in beside:
                    assert isinstance(chart, Chart)
                    self._add_chart(slide, chart, _LEFT + wide + 0.4, _TOP, wide, _BOTTOM - _TOP)
                self._note(slide, [*coded, *beside])

    def _add_cards(self, slide: Any, figures: Sequence[Figure], wide: float) -> float:
        """Figures side by side; returns where what follows may begin."""
        across = 2 if wide < _TEXT_WIDE else _CARDS_IN_A_ROW
        each = wide / across
        for place, figure in enumerate(figures):
            left, top = _LEFT + each * (place % across), _TOP + _CARD_HIGH * (place // across)
            frame = _box(slide, left, top, each - 0.15, _CARD_HIGH - 0.1)
            _line(frame, said(figure.label), size=12)
            _line(frame, figure_said(figure), size=26, bold=True)
            light = light_said(light_drawn(figure.light, is_settled=figure.is_settled))
            _line(frame, "; ".join(filter(None, (light, *figure_notes(figure)))), size=11)
        return _TOP + _CARD_HIGH * math.ceil(len(figures) / across) + (0.1 if figures else 0)

    def _add_chart(self, slide: Any, chart: Chart, left: float, top: float, wide: float, high: float) -> None:
        frame = _box(slide, left, top, wide, 0.6)
        _line(frame, said(chart.title), size=14, bold=True)
        drawn = charts.svg(chart)
        picture = slide.shapes.add_picture(io.BytesIO(pdf.picture(drawn)), Inches(left), Inches(top + 0.65))
        room = Inches(wide) * charts.width_of(drawn), Inches(high - 0.65)
        scale = min(room[0] / picture.width, room[1] / picture.height)
        picture.width, picture.height = Emu(int(picture.width * scale)), Emu(int(picture.height * scale))
        told = picture._element.nvPicPr.cNvPr
        told.set("descr", said(chart.alt))
        told.set("title", said(chart.title))

    def _add_table(
        self,
        title: str,
        light: str,
        table: Table,
        above: Sequence[_Text],
        coded: Sequence[Sentence | Figure | Table | Chart],
    ) -> None:
        """A table, on as many slides as it needs, its head on each; on the first below a few words."""
        rows = [
            [_cell(column, row) for column in table.columns]
            for row in table.head.head(LONGEST_TABLE).iter_rows(named=True)
        ]
        parts = [_PARTS.get(column.kind, 1.1) * (1.3 if column.wide else 1) for column in table.columns]
        widths = [_TEXT_WIDE * part / sum(parts) for part in parts]
        pages = list(_rows_paged(rows, widths, _high(above)))
        for place, page in enumerate(pages):
            slide = self._slide(title if place == 0 else w.t("paper.slide_continued", title=title), light)
            top = _add_lines(slide, above, _TOP - 0.1) if place == 0 else _TOP - 0.1
            _line(_box(slide, _LEFT, top, _TEXT_WIDE, 0.4), said(table.caption), size=14, bold=True)
            shape = slide.shapes.add_table(
                len(page) + 1,
                len(widths),
                Inches(_LEFT),
                Inches(top + 0.45),
                Inches(_TEXT_WIDE),
                Inches(_ROW_HIGH * (len(page) + 1)),
            )
            shape._element.nvGraphicFramePr.cNvPr.set(
                "descr", w.tn("paper.alt_table", len(page), caption=said(table.caption))
            )
            for number, width in enumerate(widths):
                shape.table.columns[number].width = Inches(width)
            for line, texts in enumerate([heads(table.columns), *page]):
                for number, (column, text) in enumerate(zip(table.columns, texts, strict=True)):
                    _fill(shape.table.cell(line, number), text, is_head=line == 0, is_right=column.alignment == "right")
            more = left_out(table) if place == len(pages) - 1 else ""
            if more:
                _line(_box(slide, _LEFT, _BOTTOM - 0.1, _TEXT_WIDE, 0.3), more, size=11)
            self._note(slide, [*coded, table] if place == 0 else [table])

    def _slide(self, title: str, light: str) -> Any:
        """A slide with its title; below, of which day it is, the mark, and its number."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[_BLANK])
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = Inches(_LEFT), Inches(0.35), Inches(_TEXT_WIDE), Inches(1.1)
        frame = shape.text_frame
        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
        sign = f"{palette.SIGNS[light]} " if light else ""
        _line(frame, f"{sign}{title}", size=26 if len(title) < 110 else 20 if len(title) < 240 else 14, bold=True)
        number = len(self.deck.slides)
        below = " · ".join(filter(None, (f"{w.t('paper.as_of')}: {self._as_of}", self.around.mark, str(number))))
        _line(_box(slide, _LEFT, 7.05, _TEXT_WIDE, 0.3), below, size=10, colour=palette.QUIET)
        return slide

    @property
    def _as_of(self) -> str:
        return self.around.facts[0][1]

    def _note(self, slide: Any, coded: Sequence[Sentence | Figure | Table | Chart]) -> None:
        """What is on the slide, by its codes."""
        if not coded:
            return
        lines = [w.t("paper.slide_notes_codes")]
        for block in coded:
            match block:
                case Sentence():
                    lines.append(f"{block.code}: {said(block.says)}")
                case Figure():
                    lines.append(f"{block.code}: {said(block.label)}")
                case Table():
                    lines.append(f"{block.code}: {said(block.caption)}")
                case Chart():
                    lines.append(f"{block.code}: {said(block.title)}")
        slide.notes_slide.notes_text_frame.text = "\n".join(lines)


def _told(sentence: Sentence) -> list[_Text]:
    kind, light = kind_said(sentence), light_drawn(sentence.light)
    lead = f"{palette.SIGNS[light]} " if light else ""
    size = 12.0 if sentence.kind is SentenceKind.NOTE else 18.0
    return [(f"{lead}{f'{kind}: ' if kind else ''}{said(sentence.says)}", size, bool(kind)), *_detailed(sentence)]


def _detailed(sentence: Sentence) -> list[_Text]:
    return [(f"– {line}", 14.0, False) for line in details_said(sentence)]


def _high(texts: Sequence[_Text], wide: float = _TEXT_WIDE) -> float:
    """How much room lines take, in inches, guessed from their letters."""
    return sum((math.ceil(len(text) / (wide * 72 / (0.5 * size))) * 1.25 * size + 8) / 72 for text, size, _ in texts)


def _add_lines(slide: Any, texts: Sequence[_Text], top: float) -> float:
    """A few words across the slide; returns where what follows may begin."""
    if not texts:
        return top
    frame = _box(slide, _LEFT, top, _TEXT_WIDE, _high(texts))
    for text, size, bold in texts:
        _line(frame, text, size=size, bold=bold, after=4)
    return top + _high(texts) + 0.1


def _paged(texts: Sequence[_Text], wide: float, card_rows: int) -> Iterator[list[_Text]]:
    """Texts as they fit on slides; the first has room taken by figures. A line's height is guessed from its letters."""
    room = _BOTTOM - _TOP - card_rows * _CARD_HIGH
    page: list[_Text] = []
    for text in texts:
        needed = _high([text], wide)
        if needed > room and (page or card_rows):
            yield page
            page, room, card_rows = [], _BOTTOM - _TOP, 0
        page.append(text)
        room -= needed
    yield page


def _rows_paged(rows: Sequence[list[str]], widths: Sequence[float], above: float) -> Iterator[list[list[str]]]:
    """Rows as they fit on slides; a row is as high as its cell of most lines."""
    full = _BOTTOM - _TOP - 1.0
    room = full - above
    page: list[list[str]] = []
    for row in rows:
        lines = max(
            math.ceil(len(text) / max(1.0, (wide - 0.2) * 72 / (0.52 * 11)))
            for text, wide in zip(row, widths, strict=True)
        )
        needed = max(1, lines) * 11 * 1.2 / 72 + 0.12
        if needed > room and page:
            yield page
            page, room = [], full
        page.append(row)
        room -= needed
    yield page


def _box(slide: Any, left: float, top: float, wide: float, high: float) -> Any:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(wide), Inches(max(0.2, high))).text_frame
    frame.word_wrap = True
    return frame


def _line(
    frame: Any,
    text: str,
    *,
    size: float,
    bold: bool = False,
    before: float = 0,
    after: float = 0,
    colour: str = palette.INK,
) -> None:
    """A paragraph more in a frame, the first in place of the empty one it comes with."""
    paragraph = frame.paragraphs[0] if not frame.paragraphs[0].runs else frame.add_paragraph()
    paragraph.alignment, paragraph.space_before, paragraph.space_after = PP_ALIGN.LEFT, Pt(before), Pt(after)
    run = paragraph.add_run()
    run.text = one_line(text)
    _form(run, size, bold, colour)


def _fill(cell: Any, text: str, *, is_head: bool, is_right: bool) -> None:
    cell.margin_left = cell.margin_right = Inches(0.06)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.fill.solid()
    cell.fill.fore_color.rgb = _rgb("#DCE6F1" if is_head else "#FFFFFF")
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if is_right else PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = text
    _form(run, 11, is_head, palette.INK)


def _form(run: Any, size: float, bold: bool, colour: str) -> None:
    run.font.name, run.font.size, run.font.bold = FONT, Pt(size), bold
    run.font.color.rgb = _rgb(colour)
    run._r.get_or_add_rPr().set("lang", w.language())


def _cell(column: Column, row: dict[str, object]) -> str:
    if column.kind == "light":
        light = row[column.name]
        return light_said(str(light)) if light else ""
    return one_line(column.write(row), _LONGEST_CELL)


def _rgb(colour: str) -> Any:
    make: Any = RGBColor
    return make(*bytes.fromhex(colour.removeprefix("#")))
