"""A briefing as PDF: set by typst in the fonts that lie here, tagged (PDF/UA-1), the same bytes for the same facts.

Texts reach the setter as data (JSON) and never as markup; it reads no file but the fonts, and nothing of the network.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import pathlib
from typing import Any, Final

import typst

import words as w
from kpi.briefing.blocks import Briefing, Chart, Column, Figure, Sentence, Table, say
from paper import charts, lettering, palette
from paper.front import details_said, figure_notes, figure_said, front, heads, kind_said, left_out, light_drawn
from paper.lettering import printable

LONGEST_CELL: Final = 240
"""Letters of one cell."""
LONGEST_TABLE: Final = 200
"""Rows of one table; the rest stands in the workbook."""
_TEMPLATE: Final = pathlib.Path(__file__).parent / "layout.typ"
_WORDS_ON_A_PAGE: Final = 1500
_PICTURE: Final = b"""
#set page(width: auto, height: auto, margin: 0pt)
#set text(fallback: false)
#image(bytes(sys.inputs.svg), format: "svg")
"""
_PARTS: Final = {"text": 2.5, "title": 4, "phrase": 2.6, "code": 2.6}
"""How much of the width a column takes beside the others; the rest take what they need."""

Item = dict[str, Any]


class CannotPrintError(Exception):
    """The setter refused; a mistake of ours, named in the message."""


def written(briefing: Briefing) -> bytes:
    """The briefing as PDF, in the reader's language."""
    pictures: dict[str, str] = {}
    told = _document(briefing, pictures)
    return _compiled(
        _TEMPLATE.read_bytes(),
        {"briefing": json.dumps(told, ensure_ascii=False), "pictures": json.dumps(pictures, ensure_ascii=False)},
        timestamp=dt.datetime.combine(briefing.as_of, dt.time(), dt.UTC),
    )


def picture(svg: str, *, ppi: float = 220) -> bytes:
    """A chart as PNG, its texts in the fonts that lie here and no others."""
    compiler = typst.Compiler(_PICTURE, root=_TEMPLATE.parent, font_paths=_fonts(), sys_inputs={"svg": svg})
    drawn = compiler.compile(format="png", ppi=ppi)
    assert isinstance(drawn, bytes)
    return drawn


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[lettering.fonts()])


def _compiled(source: bytes, inputs: dict[str, str], *, timestamp: dt.datetime) -> bytes:
    compiler = typst.Compiler(source, root=_TEMPLATE.parent, font_paths=_fonts(), sys_inputs=inputs)
    try:
        made, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=["ua-1"], timestamp=timestamp)
    except typst.TypstError as error:
        raise CannotPrintError(f"{error.message} {' '.join(error.hints)}") from error
    if warnings:
        raise CannotPrintError("; ".join(str(warning) for warning in warnings))
    assert isinstance(made, bytes)
    return made


def _document(briefing: Briefing, pictures: dict[str, str]) -> Item:
    around = front(briefing)
    day = briefing.as_of
    return {
        "title": printable(around.title),
        "register": printable(around.register),
        "language": w.language(),
        "day": [day.year, day.month, day.day],
        "as_of": f"{w.t('paper.as_of')}: {w.date(day)}",
        "facts": [[printable(label), printable(value)] for label, value in around.facts],
        "mark": printable(around.mark),
        "page": w.t("paper.page", page="{page}", pages="{pages}"),
        "method_head": w.t("paper.method"),
        "method": [printable(line) for line in around.method],
        "lights": {light: printable(w.name("light", light)) for light in palette.LIGHTS},
        "colours": {"ink": palette.INK, "quiet": palette.QUIET, "lights": palette.LIGHTS},
        "screens": [
            {**_sentence(begins.heading), "blocks": items, "is_short": _is_short(held, items, pictures)}
            for begins, held in briefing.screens()
            for items in [_items(held, pictures)]
        ],
    }


def _is_short(
    blocks: tuple[Sentence | Figure | Table | Chart, ...], items: list[Item], pictures: dict[str, str]
) -> bool:
    """Whether there are no figures, and what there is surely takes less than a page."""
    told = [line for block in blocks if isinstance(block, Sentence) for line in (block.says, *block.details)]
    high = sum(len(printable(say(line))) for line in told) / _WORDS_ON_A_PAGE
    for item in items:
        if item["type"] == "chart":
            high += charts.height_of(pictures[item["picture"]])
        elif item["type"] == "table":
            high += 0.1 + sum(_height(row, item["columns"]) for row in item["rows"])
    return not any(isinstance(block, Figure) for block in blocks) and high < 1


def _height(row: list[str], columns: list[Item]) -> float:
    """How much of a page a row takes at most."""
    lines = max(
        math.ceil(len(cell) / (30 if column["kind"] == "title" else 14))
        for cell, column in zip(row, columns, strict=True)
    )
    return 0.012 + 0.016 * max(1, lines)


def _items(blocks: tuple[Sentence | Figure | Table | Chart, ...], pictures: dict[str, str]) -> list[Item]:
    """Blocks as they are set: figures that follow one another stand side by side."""
    items: list[Item] = []
    for block in blocks:
        match block:
            case Figure():
                if not items or items[-1]["type"] != "figures":
                    items.append({"type": "figures", "items": []})
                items[-1]["items"].append(_figure(block))
            case Sentence():
                items.append({"type": "sentence", **_sentence(block)})
            case Table():
                items.append(_table(block))
            case Chart():
                items.append(_chart(block, pictures))
    return items


def _sentence(sentence: Sentence) -> Item:
    return {
        "text": printable(say(sentence.says)),
        "kind": sentence.kind.value,
        "kind_said": kind_said(sentence),
        "code": printable(str(sentence.code)),
        "light": light_drawn(sentence.light),
        "details": [printable(line) for line in details_said(sentence)],
    }


def _figure(figure: Figure) -> Item:
    light = light_drawn(figure.light, is_settled=figure.is_settled)
    return {
        "label": printable(say(figure.label)),
        "value": figure_said(figure),
        "light": light,
        "light_said": w.name("light", light) if light else "",
        "notes": [printable(note) for note in figure_notes(figure)],
        "code": printable(str(figure.code)),
    }


def _table(table: Table) -> Item:
    columns = [
        {"head": printable(head), "kind": column.kind, "right": column.alignment == "right", "part": _part(column)}
        for head, column in zip(heads(table.columns), table.columns, strict=True)
    ]
    if not any(column["part"] for column in columns):
        columns[0]["part"] = 1
    shown = table.head.head(LONGEST_TABLE)
    return {
        "type": "table",
        "caption": printable(say(table.caption)),
        "code": printable(str(table.code)),
        "columns": columns,
        "size": 8.5 if len(columns) <= 6 else 7.5,
        "rows": [[_cell(column, row) for column in table.columns] for row in shown.iter_rows(named=True)],
        "left_out": left_out(table),
    }


def _part(column: Column) -> float:
    part = _PARTS.get(column.kind, 0)
    return 0 if column.short else 1.5 * part if column.wide else part


def _cell(column: Column, row: dict[str, object]) -> str:
    """A cell's text; of a light its code, whose sign is drawn."""
    if column.kind == "light":
        return str(row[column.name] or "")
    return printable(column.write(row), LONGEST_CELL)


def _chart(chart: Chart, pictures: dict[str, str]) -> Item:
    name = str(chart.code)
    pictures[name] = charts.svg(chart)
    return {
        "type": "chart",
        "caption": printable(say(chart.title)),
        "alt": printable(say(chart.alt)),
        "code": printable(name),
        "picture": name,
        "width": charts.width_of(pictures[name]),
    }
