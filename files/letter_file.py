"""A letter in the form of Vietnamese administrative documents (Decree 30/2020/ND-CP, annex I), as DOCX and as plain text."""

from __future__ import annotations

import dataclasses
import io
import re
from typing import Final

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

MIME: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT: Final = "Times New Roman"
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RULE: Final = "\u2500" * 14
_WIDTH_CM: Final = 16.0
"""Of the text: A4 less 3 cm on the left and 2 cm on the right."""


@dataclasses.dataclass(frozen=True)
class Letter:
    """What a letter says, in its order on the page. Every text is plain; line ends within one are read as spaces.

    `rows` are the lines of its table under `heads`, with `widths` in parts of the whole. `notes` stand small at the end.
    """

    issuer: str
    state: str
    motto: str
    number: str
    subject: str
    place_and_day: str
    addressee: str
    before: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    after: tuple[str, ...]
    copies_head: str
    copies: tuple[str, ...]
    signed_for: str
    notes: tuple[str, ...] = ()


def plain(letter: Letter) -> str:
    """The letter without its form, to be copied into a mail."""
    rows = "\n".join(f"{row[0]}. {row[1]} – {'; '.join(filter(None, row[2:]))}" for row in letter.rows)
    parts = (
        letter.addressee,
        letter.subject,
        *letter.before,
        rows,
        *letter.after,
        letter.signed_for,
        *letter.notes,
    )
    return "\n\n".join(filter(None, parts))


def written(letter: Letter) -> bytes:
    """The letter as DOCX: A4, Times New Roman, the table's head repeated on each page, pages numbered from the second on."""
    document = docx.Document()
    _set_up(document, letter)
    _write_head(document, letter)
    _line(document.add_paragraph(), letter.addressee, size=14, align=WD_ALIGN_PARAGRAPH.CENTER, before=12, after=6)
    for text in letter.before:
        _body(document.add_paragraph(), text)
    _write_rows(document, letter)
    for text in letter.after:
        _body(document.add_paragraph(), text)
    _write_end(document, letter)
    for text in letter.notes:
        _line(document.add_paragraph(), text, size=10, italic=True, before=6)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def _set_up(document: Document, letter: Letter) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin = section.bottom_margin = Cm(2)
    section.left_margin, section.right_margin = Cm(3), Cm(2)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = number.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._r.append(mark)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(13)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    document.core_properties.title = _clean(letter.subject)[:250]
    document.core_properties.author = _clean(letter.issuer)[:250]


def _write_head(document: Document, letter: Letter) -> None:
    """Who writes on the left, the state and its motto on the right; number and subject, place and day below them."""
    head = document.add_table(1, 2)
    _widen(head, (0.42, 0.58))
    left, right = head.rows[0].cells
    centre = WD_ALIGN_PARAGRAPH.CENTER
    _line(left.paragraphs[0], letter.issuer.upper(), size=12, bold=True, align=centre)
    _line(left.add_paragraph(), _RULE[:8], size=6, align=centre)
    _line(left.add_paragraph(), letter.number, size=13, align=centre, before=4)
    _line(left.add_paragraph(), letter.subject, size=12, align=centre)
    _line(right.paragraphs[0], letter.state.upper(), size=12, bold=True, align=centre)
    _line(right.add_paragraph(), letter.motto, size=13, bold=True, align=centre)
    _line(right.add_paragraph(), _RULE, size=6, align=centre)
    _line(right.add_paragraph(), letter.place_and_day, size=13, italic=True, align=centre, before=4)


def _write_rows(document: Document, letter: Letter) -> None:
    if not letter.rows:
        return
    table = document.add_table(1, len(letter.heads), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for cell, text in zip(table.rows[0].cells, letter.heads, strict=True):
        _line(cell.paragraphs[0], text, size=12, bold=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in letter.rows:
        added = table.add_row()
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for place, (cell, text) in enumerate(zip(added.cells, row, strict=True)):
            _line(cell.paragraphs[0], text, size=12, align=None if place else WD_ALIGN_PARAGRAPH.CENTER)
    _widen(table, letter.widths)


def _write_end(document: Document, letter: Letter) -> None:
    """Who gets a copy on the left, for whom it is signed on the right, with room for signature and seal."""
    end = document.add_table(1, 2)
    _widen(end, (0.5, 0.5))
    left, right = end.rows[0].cells
    _line(left.paragraphs[0], letter.copies_head, size=12, bold=True, italic=True, before=12)
    for text in letter.copies:
        _line(left.add_paragraph(), text, size=11)
    _line(
        right.paragraphs[0], letter.signed_for.upper(), size=13, bold=True, align=WD_ALIGN_PARAGRAPH.CENTER, before=12
    )
    for _ in range(4):
        right.add_paragraph()


def _widen(table: Table, parts: tuple[float, ...]) -> None:
    table.autofit = False
    for column, part in zip(table.columns, parts, strict=True):
        column.width = Cm(_WIDTH_CM * part)
    for row in table.rows:
        cells: tuple[_Cell, ...] = row.cells
        for cell, part in zip(cells, parts, strict=True):
            cell.width = Cm(_WIDTH_CM * part)


def _body(paragraph: Paragraph, text: str) -> None:
    _line(paragraph, text, size=14, align=WD_ALIGN_PARAGRAPH.JUSTIFY, before=3, after=3)
    paragraph.paragraph_format.first_line_indent = Cm(1.25)


def _line(
    paragraph: Paragraph,
    text: str,
    *,
    size: float,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH | None = None,
    before: float = 0,
    after: float = 0,
) -> None:
    run = paragraph.add_run(_clean(text))
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    if align is not None:
        paragraph.alignment = align
    form = paragraph.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)


def _clean(text: str) -> str:
    """On one line, without what XML cannot hold."""
    return " ".join(_NOT_IN_XML.sub("", text).split())
