"""The rows of an ODS file (OpenDocument 1.3, part 3), with the package and the XML reader that XLSX is read with.

Nothing is computed: a formula is a fault, as in a workbook. Repeated cells and rows count as often as they are repeated.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from files import package
from files.budget import Budget
from files.form import ROWS_LOOKED_AT, Form, Heading
from files.grid import Grid
from files.package import Attributes
from files.problems import MOST_RANGES_NAMED, FileProblem, merged_range

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_ENCRYPTED = b"encryption-data"


class _Cell(NamedTuple):
    column: int
    text: str
    fault: str


class _Sheet:
    """What a table of the file holds: rows as in a `Grid`, faults, and the cells that reach over others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[tuple[int, list[str]]] = []
        self.faults: list[FileProblem] = []
        self.merged: list[tuple[str, int]] = []
        self.last = 0


def read_ods(data: bytes, *, form: Form, budget: Budget, heading: Heading) -> Grid | list[FileProblem]:
    """The rows of the sheet that the form names, else of the one that is ours, else of the first; or why it is not read."""
    archive = package.opened(data, budget)
    if isinstance(archive, FileProblem):
        return [archive]
    try:
        if _MANIFEST in archive.namelist() and _ENCRYPTED in archive.read(_MANIFEST):
            return [FileProblem("locked")]
        if _CONTENT not in archive.namelist():
            return [FileProblem("not_a_workbook")]
        reader = _Reader(form, budget)
        package.read_part(archive, _CONTENT, start=reader.start, end=reader.end, text=reader.said)
    except package.BROKEN:
        return [FileProblem("file_broken")]
    if reader.problems:
        return reader.problems
    return _grid(reader.sheets, form, heading)


def _grid(sheets: list[_Sheet], form: Form, heading: Heading) -> Grid | list[FileProblem]:
    if form.sheet is not None:
        named = [sheet for sheet in sheets if sheet.name == form.sheet]
        if not named:
            known = ", ".join(sheet.name for sheet in sheets)
            return [FileProblem("sheet_missing", value=form.sheet, params={"known": known})]
    filled = [sheet for sheet in sheets if sheet.rows]
    ours = [sheet for sheet in filled if _heading_row(sheet, heading) is not None]
    if form.sheet is None and len(ours) > 1:
        return [FileProblem("several_sheets", value=", ".join(sheet.name for sheet in ours))]
    if form.sheet is None and not filled:
        return [FileProblem("file_empty")]
    sheet = named[0] if form.sheet is not None else (ours or filled)[0]
    first = _heading_row(sheet, heading) or form.header_row
    merged = [place for place, last in sheet.merged if last >= first]
    if merged and not form.keeps_merged:
        return [FileProblem("merged_cells", value=", ".join(merged[:MOST_RANGES_NAMED]))]
    notices = [merged_range(place, int(place), last) for place, last in sheet.merged] if form.keeps_merged else []
    others = [other.name for other in filled if other is not sheet] if form.sheet is None else []
    if others:
        notices.append(FileProblem("sheets_not_read", value=", ".join(others), params={"sheets": others}))
    return Grid(sheet.rows, sheet.faults, notices)


def _heading_row(sheet: _Sheet, heading: Heading) -> int | None:
    return next((number for number, cells in sheet.rows[:ROWS_LOOKED_AT] if heading.is_ours(cells)), None)


class _Reader:
    """Collects the rows of every sheet while the content goes by."""

    def __init__(self, form: Form, budget: Budget) -> None:
        self.sheets: list[_Sheet] = []
        self.problems: list[FileProblem] = []
        self._form = form
        self._budget = budget
        self._limits = budget.limits
        self._row: list[_Cell] = []
        self._row_repeats = 1
        self._column = 0
        self._cell: Attributes | None = None
        self._text: list[str] = []
        self._aside = 0
        self._paragraphs = 0
        self._inside = 0

    @property
    def _sheet(self) -> _Sheet:
        return self.sheets[-1]

    def start(self, element: str, attributes: Attributes) -> None:
        told = {name.rpartition("\n")[2]: value for name, value in attributes.items()}
        if element == "table" and not self._aside:
            self.sheets.append(_Sheet(told.get("name", "")))
            if len(self.sheets) > self._limits.sheets:
                self._stop(FileProblem("too_many_sheets", params={"most": self._limits.sheets}))
        elif element in ("annotation", "tracked-changes"):
            self._aside += 1
        elif self._aside or not self.sheets:
            return
        elif element == "table-row":
            self._row, self._column = [], 0
            self._row_repeats = _count(told.get("number-rows-repeated"))
        elif element in ("table-cell", "covered-table-cell"):
            self._cell, self._text, self._paragraphs = told, [], 0
        elif element == "p" and self._cell is not None:
            self._text.append("\n" if self._paragraphs else "")
            self._paragraphs += 1
            self._inside += 1
        elif element == "s":
            self._text.append(" " * min(_count(told.get("c")), self._limits.cell_characters))
        elif element in ("tab", "line-break"):
            self._text.append("\t" if element == "tab" else "\n")

    def said(self, text: str) -> None:
        if self._inside and not self._aside:
            self._text.append(text)

    def end(self, element: str, text: str) -> None:
        if element in ("annotation", "tracked-changes"):
            self._aside -= 1
        elif self._aside or not self.sheets:
            return
        elif element == "p" and self._inside:
            self._inside -= 1
        elif element in ("table-cell", "covered-table-cell") and self._cell is not None:
            self._take_cell(self._cell)
            self._cell = None
        elif element == "table-row":
            self._take_row()

    def _take_cell(self, cell: Attributes) -> None:
        number = self._sheet.last + 1
        repeats = _count(cell.get("number-columns-repeated"))
        text, has_formula = self._value(cell), "formula" in cell
        spans = [_count(cell.get(f"number-{what}-spanned")) for what in ("columns", "rows")]
        if max(spans) > 1:
            self._sheet.merged.append((f"{number}", number + spans[1] - 1))
        if text or has_formula:
            if self._column + repeats > self._limits.columns:
                found = {"found": self._column + repeats, "most": self._limits.columns}
                self._stop(FileProblem("too_many_columns", row=number, params=found))
            if len(text) > self._limits.cell_characters:
                self._stop(
                    FileProblem("cell_too_long", number, self._column, params={"most": self._limits.cell_characters})
                )
            self._budget.take("cells", repeats, row=number)
            fault = "formula" if has_formula else ""
            self._row += [_Cell(self._column + place, text, fault) for place in range(repeats)]
        self._column += repeats

    def _value(self, cell: Attributes) -> str:
        kind = cell.get("value-type", "")
        if kind == "date":
            day, _, time = cell.get("date-value", "").removesuffix("Z").partition("T")
            time = time.partition(".")[0]
            return day if time in ("", "00:00:00") and not self._form.keeps_midnight else f"{day} {time or '00:00:00'}"
        if kind in ("float", "percentage", "currency"):
            try:
                number = Decimal(cell.get("value", ""))
            except InvalidOperation as error:
                raise ValueError("no number") from error
            if not number.is_finite() or abs(number.adjusted()) > self._limits.columns:
                raise ValueError("no number")
            plain = f"{(number * 100 if kind == 'percentage' else number).normalize():f}"
            return f"{plain}%" if kind == "percentage" else plain
        if kind == "boolean":
            return cell.get("boolean-value", "")
        return "".join(self._text)

    def _take_row(self) -> None:
        sheet, first = self._sheet, self._sheet.last + 1
        sheet.last += self._row_repeats
        if sheet.last < self._form.header_row or not any(cell.text.strip() for cell in self._row):
            return
        self._budget.take("lines", self._row_repeats, row=first)
        self._budget.take("cells", (self._row_repeats - 1) * len(self._row), row=first)
        length = sum(len(cell.text) for cell in self._row)
        self._budget.take("characters", self._row_repeats * length, row=first)
        cells = [""] * (self._row[-1].column + 1)
        for cell in self._row:
            cells[cell.column] = cell.text
        for number in range(max(first, self._form.header_row), sheet.last + 1):
            if len(sheet.rows) > self._limits.rows:
                self._stop(FileProblem("too_many_rows", row=number, params={"most": self._limits.rows}))
            sheet.rows.append((number, cells))
            faulty = [FileProblem(cell.fault, number, cell.column, cell.text) for cell in self._row if cell.fault]
            sheet.faults += faulty[: self._limits.faults - len(sheet.faults)]

    def _stop(self, problem: FileProblem) -> None:
        self.problems.append(problem)
        raise package.Enough


def _count(text: str | None) -> int:
    """How often something is repeated; once where nothing is said. ValueError for what is no count."""
    count = int(text or "1")
    if count < 1:
        raise ValueError(f"{text!r} is no count")
    return count
