"""The form of Vietnamese administrative documents (Decree 30/2020/ND-CP, annex I) as DOCX: page, type, heads, tables, signatures.

A4 with margins of 20, 20, 30 and 20 mm, Times New Roman of 13 to 14 points, pages numbered at the top centre from the second on.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
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
WIDTH_CM: Final = 16.0
"""Of the text: A4 less 3 cm on the left and 2 cm on the right."""
CENTRE: Final = WD_ALIGN_PARAGRAPH.CENTER
RIGHT: Final = WD_ALIGN_PARAGRAPH.RIGHT
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RULE: Final = "\u2500" * 14
_PACKED_ON: Final = (2000, 1, 1, 0, 0, 0)


def new(title: str, author: str) -> Document:
    """An empty document of that form."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin = section.bottom_margin = Cm(2)
    section.left_margin, section.right_margin = Cm(3), Cm(2)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = CENTRE
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
    document.core_properties.title = clean(title)[:250]
    document.core_properties.author = clean(author)[:250]
    return document


def write_head(
    document: Document, *, issuer: str, number: str, subject: str, state: str, motto: str, place_and_day: str
) -> None:
    """Who writes on the left, the state and its motto on the right; number and subject, place and day below them."""
    head = document.add_table(1, 2)
    widen(head, (0.42, 0.58))
    left, right = head.rows[0].cells
    line(left.paragraphs[0], issuer.upper(), size=12, bold=True, align=CENTRE)
    line(left.add_paragraph(), _RULE[:8], size=6, align=CENTRE)
    line(left.add_paragraph(), number, size=13, align=CENTRE, before=4)
    if subject:
        line(left.add_paragraph(), subject, size=12, align=CENTRE)
    line(right.paragraphs[0], state.upper(), size=12, bold=True, align=CENTRE)
    line(right.add_paragraph(), motto, size=13, bold=True, align=CENTRE)
    line(right.add_paragraph(), _RULE, size=6, align=CENTRE)
    line(right.add_paragraph(), place_and_day, size=13, italic=True, align=CENTRE, before=4)


def write_rows(
    document: Document,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    size: float = 12,
    right: Sequence[int] = (),
    centred: Sequence[int] = (0,),
) -> Table:
    """A ruled table whose head is repeated on each page and whose rows are not torn; `widths` in parts of the text's width."""
    table = document.add_table(1, len(heads), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    _narrow(table)
    for cell, text in zip(table.rows[0].cells, heads, strict=True):
        line(cell.paragraphs[0], text, size=size, bold=True, align=CENTRE)
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row in rows:
        added = table.add_row()
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for place, (cell, text) in enumerate(zip(added.cells, row, strict=True)):
            align = RIGHT if place in right else CENTRE if place in centred else None
            line(cell.paragraphs[0], text, size=size, align=align)
    widen(table, widths)
    made: Table = table
    return made


def _narrow(table: Table) -> None:
    """A millimetre between rules and text, where Word has two."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "57")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def write_end(
    document: Document, *, copies_head: str, copies: Sequence[str], signed_for: str, signed_by: str = ""
) -> None:
    """Who gets a copy on the left, for whom it is signed on the right, with room for signature and seal."""
    end = document.add_table(1, 2)
    end.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # a signature is never torn from its name
    widen(end, (0.5, 0.5))
    left, right = end.rows[0].cells
    line(left.paragraphs[0], copies_head, size=12, bold=True, italic=True, before=12)
    for text in copies:
        line(left.add_paragraph(), text, size=11)
    line(right.paragraphs[0], signed_for.upper(), size=13, bold=True, align=CENTRE, before=12)
    for _ in range(4):
        right.add_paragraph()
    if signed_by:
        line(right.add_paragraph(), signed_by, size=13, bold=True, align=CENTRE)


def packed(document: Document) -> bytes:
    """The file; the same bytes for the same content."""
    saved = io.BytesIO()
    document.save(saved)
    return repacked(saved.getvalue())


def repacked(package: bytes) -> bytes:
    """An office document whose parts carry no moment of writing: the same content is the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new_one:
        for part in old.infolist():
            entry = zipfile.ZipInfo(part.filename, _PACKED_ON)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new_one.writestr(entry, old.read(part))
    return out.getvalue()


def widen(table: Table, parts: Sequence[float]) -> None:
    """Gives the columns of a table their parts of the text's width."""
    table.autofit = False
    for column, part in zip(table.columns, parts, strict=True):
        column.width = Cm(WIDTH_CM * part)
    for row in table.rows:
        cells: tuple[_Cell, ...] = row.cells
        for cell, part in zip(cells, parts, strict=True):
            cell.width = Cm(WIDTH_CM * part)


def body(paragraph: Paragraph, text: str) -> None:
    """A paragraph of the text: justified, its first line set in."""
    line(paragraph, text, size=14, align=WD_ALIGN_PARAGRAPH.JUSTIFY, before=3, after=3)
    paragraph.paragraph_format.first_line_indent = Cm(1.25)


def line(
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
    """Puts a text into a paragraph, in a form. Sizes are in points."""
    run = paragraph.add_run(clean(text))
    run.font.size = Pt(size)
    if bold:
        run.bold = True
    if italic:
        run.italic = True
    if align is not None:
        paragraph.alignment = align
    form = paragraph.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)


def clean(text: str) -> str:
    """On one line, without what XML cannot hold."""
    return " ".join(_NOT_IN_XML.sub("", text).split())
