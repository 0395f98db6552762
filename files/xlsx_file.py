"""An XLSX workbook as rows of texts: what was typed, and nothing else.

Why the file is read here and not by a library: fastexcel gives neither formulas nor merged cells; openpyxl gives merged
cells only where it builds the whole workbook in memory first, so that no limit can stop it in time, and takes three times as
long for it.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple

from files import package
from files.budget import Budget, Exceeded
from files.encodings import well_formed
from files.form import ROWS_LOOKED_AT, Form, Heading
from files.grid import Grid
from files.package import Archive, Attributes
from files.problems import MOST_RANGES_NAMED, FileProblem, merged_range

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|-?\.[0-9]+")
_NOT_DATE_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\][]*\]')
# ECMA-376 part 1, 18.8.30: formats that need no declaration; 27-36 and 50-58 are dates in East Asian editions.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_PERCENT_FORMATS = {9, 10}
_ROWS_OF_RANGE = re.compile(r"[A-Z]{1,3}([0-9]{1,7})(?::[A-Z]{1,3}([0-9]{1,7}))?")
_LAST_ROW = 9_999_999
_MOST_RANGES_KEPT = 50


class _Sheet(NamedTuple):
    name: str
    hidden: bool
    part: str


class _Book(NamedTuple):
    sheets: list[_Sheet]
    texts: list[str]
    kinds: list[str]
    starts_1904: bool


def read_xlsx(data: bytes, *, form: Form, budget: Budget, heading: Heading) -> Grid | list[FileProblem]:
    """The rows of the sheet the form names, else of the visible one that is ours, else of the first visible one; or what keeps
    the workbook from being read.

    Numbers come as typed (`45`, `37.5`), percentages with their sign, dates as ISO dates, with the time where there is one.
    Formulas and error values are faults, merged cells a problem. Hidden sheets are left aside with a notice.
    """
    archive = package.opened(data, budget)
    if isinstance(archive, FileProblem):
        return [archive]
    try:
        book = _read_book(archive)
        if book is None:
            return [FileProblem("not_a_workbook")]
        others: list[str] = []
        sheet = _chosen(archive, book, form, heading, others)
        if isinstance(sheet, FileProblem):
            return [sheet]
        reader = _SheetReader(book, form, budget)
        reader.read(archive, sheet.part)
    except package.BROKEN:
        return [FileProblem("file_broken")]
    reader.judge_merged(heading)
    if reader.problems:
        return reader.problems
    not_read = [name for name in others if name != sheet.name]
    if not_read:
        reader.notices.append(FileProblem("sheets_not_read", value=", ".join(not_read), params={"sheets": not_read}))
    hidden = [other.name for other in book.sheets if other.hidden and other is not sheet]
    if hidden:
        reader.notices.append(FileProblem("hidden_sheets", value=", ".join(hidden)))
    return Grid(reader.rows, reader.faults, reader.notices)


# --- The workbook ----------------------------------------------------------------------------------------------------


def _read_book(archive: Archive) -> _Book | None:
    main = next((path for kind, path in package.relations(archive, "").values() if kind == "officeDocument"), None)
    if main is None or main not in archive.namelist():
        return None
    related = package.relations(archive, main)
    most = archive.budget.limits.sheets
    sheets: list[_Sheet] = []
    starts_1904 = False

    def start(element: str, attributes: Attributes) -> None:
        nonlocal starts_1904
        if element == "workbookPr":
            starts_1904 = attributes.get("date1904") in ("1", "true")
        elif element == "sheet":
            reference = next((value for name, value in attributes.items() if name.endswith("\nid")), "")
            kind, part = related.get(reference, ("", ""))
            if kind == "worksheet":
                sheets.append(_Sheet(attributes["name"], attributes.get("state", "visible") != "visible", part))
                if len(sheets) > most:
                    raise Exceeded(FileProblem("too_many_sheets", params={"most": most}))

    package.read_part(archive, main, start=start, end=lambda *_: None)
    parts = dict(related.values())
    return _Book(sheets, _texts(archive, parts.get("sharedStrings")), _kinds(archive, parts.get("styles")), starts_1904)


def _texts(archive: Archive, part: str | None) -> list[str]:
    """The texts that cells refer to by number. A text is the runs inside its item; readings (`rPh`) are not part of it."""
    found: list[str] = []
    runs = ""
    inside_reading = False
    longest = archive.budget.limits.written_characters

    def start(element: str, attributes: Attributes) -> None:
        nonlocal runs, inside_reading
        if element == "si":
            archive.budget.take("texts")
            runs = ""
        elif element == "rPh":
            inside_reading = True

    def end(element: str, text: str) -> None:
        nonlocal runs, inside_reading
        if element == "t" and not inside_reading:
            runs += text if len(runs) <= longest else ""
        elif element == "rPh":
            inside_reading = False
        elif element == "si":
            found.append(_unescaped(runs))

    if part is not None and part in archive.namelist():
        package.read_part(archive, part, start=start, end=end)
    return found


def _kinds(archive: Archive, part: str | None) -> list[str]:
    """For each cell style whether its numbers are shown as a `date`, a `percent` or a plain `number`."""
    declared: dict[int, str] = {}
    kinds: list[str] = []
    inside_cells = False

    def start(element: str, attributes: Attributes) -> None:
        nonlocal inside_cells
        if element == "numFmt":
            declared[int(attributes["numFmtId"])] = _kind(attributes.get("formatCode", ""))
        elif element == "cellXfs":
            inside_cells = True
        elif element == "xf" and inside_cells:
            number = int(attributes.get("numFmtId", "0"))
            kinds.append(declared.get(number) or _known_kind(number))

    def end(element: str, text: str) -> None:
        nonlocal inside_cells
        if element == "cellXfs":
            inside_cells = False

    if part is not None and part in archive.namelist():
        package.read_part(archive, part, start=start, end=end)
    return kinds


def _known_kind(number: int) -> str:
    return "date" if number in _DATE_FORMATS else "percent" if number in _PERCENT_FORMATS else "number"


def _kind(code: str) -> str:
    bare = _NOT_DATE_LETTERS.sub("", code.partition(";")[0]).lower()
    if "general" in bare:
        return "number"
    return "date" if re.search("[ymdhs]", bare) else "percent" if "%" in bare else "number"


def _unescaped(text: str) -> str:
    """Text with `_xHHHH_` turned into the sign it stands for (ECMA-376 part 1, 22.9.2.19). Half of a pair marks lost text."""
    if "_x" not in text:
        return text
    return well_formed(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text))


def _index(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no index")
    return int(text)


def _column_of(place: str) -> int:
    """The column, counted from 0, of a cell called like `AB12`."""
    match = _CELL.fullmatch(place)
    if match is None:
        raise ValueError(f"no cell is called {place!r}")
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _further(before: int, now: int) -> int:
    """`now`, if it lies beyond `before`: rows and cells come in order, each once (ECMA-376 part 1, 18.3.1.73)."""
    if now <= before:
        raise ValueError(f"{now} after {before}")
    return now


# --- One sheet -------------------------------------------------------------------------------------------------------


def _chosen(archive: Archive, book: _Book, form: Form, heading: Heading, filled: list[str]) -> _Sheet | FileProblem:
    """The sheet to be read. Adds to `filled` the names of visible sheets that hold something, where no sheet is named."""
    if form.sheet is not None:
        named = [sheet for sheet in book.sheets if sheet.name == form.sheet]
        known = ", ".join(sheet.name for sheet in book.sheets)
        return named[0] if named else FileProblem("sheet_missing", value=form.sheet, params={"known": known})
    visible = [sheet for sheet in book.sheets if not sheet.hidden]
    ours = []
    for sheet in visible:
        reader = _SheetReader(book, form, archive.budget, is_a_look=True)
        reader.read(archive, sheet.part)
        if reader.rows:
            filled.append(sheet.name)
        if any(heading.is_ours(cells) for _, cells in reader.rows):
            ours.append(sheet)
    if len(ours) > 1:
        return FileProblem("several_sheets", value=", ".join(sheet.name for sheet in ours))
    return (ours or visible)[0] if visible else FileProblem("file_empty")


class _SheetReader:
    """Collects the rows of one sheet while its XML goes by."""

    def __init__(self, book: _Book, form: Form, budget: Budget, *, is_a_look: bool = False) -> None:
        self.rows: list[tuple[int, list[str]]] = []
        self.faults: list[FileProblem] = []
        self.notices: list[FileProblem] = []
        self.problems: list[FileProblem] = []
        self._book = book
        self._form = form
        self._budget = budget
        self._limits = budget.limits
        self._is_a_look = is_a_look
        self._elements = 0
        self._row = 0
        self._column = -1
        self._cells: list[str] = []
        self._cell: Attributes = {}
        self._value = ""
        self._runs = ""
        self._inside_reading = False
        self._has_formula = False
        self._merged: list[tuple[str, int, int]] = []
        self._hidden_rows = 0

    def read(self, archive: Archive, part: str) -> None:
        package.read_part(archive, part, start=self._start, end=self._end)
        if self._hidden_rows and not self._is_a_look:
            self.notices.append(FileProblem("hidden_rows", params={"count": self._hidden_rows}))

    def judge_merged(self, heading: Heading) -> None:
        """Merged cells are a problem from the heading on: titles above it are often merged."""
        if self._form.keeps_merged:
            self.notices += [merged_range(*merged) for merged in self._merged]
            return
        looked_at = self.rows[:ROWS_LOOKED_AT] if self._merged else []
        first = next((number for number, cells in looked_at if heading.is_ours(cells)), self._form.header_row)
        named = [merged for merged, _, last in self._merged if last >= first]
        if named:
            self.problems.append(FileProblem("merged_cells", value=", ".join(named[:MOST_RANGES_NAMED])))

    def _start(self, element: str, attributes: Attributes) -> None:
        self._elements += 1
        if self._is_a_look and self._elements > self._limits.elements_of_a_look:
            raise package.Enough
        if element == "c":
            self._budget.take("cells", row=self._row)
            self._cell = attributes
            self._value = ""
            self._has_formula = False
            self._runs = ""
            place = attributes.get("r")
            self._column = _further(self._column, self._column + 1 if place is None else _column_of(place))
        elif element == "row":
            self._row = _further(self._row, _index(attributes.get("r", str(self._row + 1))))
            self._budget.take("lines", row=self._row)
            self._column = -1
            self._cells = []
            self._hidden_rows += attributes.get("hidden") in ("1", "true")
        elif element == "rPh":
            self._inside_reading = True
        elif element == "mergeCell":
            merged = attributes.get("ref", "")
            rows = _ROWS_OF_RANGE.fullmatch(merged)
            first, last = (0, _LAST_ROW) if rows is None else (int(rows[1]), int(rows[2] or rows[1]))
            if len(self._merged) == _MOST_RANGES_KEPT - 1:  # whatever comes after it is not looked at
                last = _LAST_ROW
            if last >= self._form.header_row:
                self._merged.append((merged, first, last))
                if len(self._merged) == _MOST_RANGES_KEPT:
                    raise package.Enough

    def _end(self, element: str, text: str) -> None:
        if element == "v":
            self._value = text
        elif element == "f":
            self._has_formula = True
        elif element == "t" and not self._inside_reading:
            self._runs += text if len(self._runs) <= self._limits.written_characters else ""
        elif element == "rPh":
            self._inside_reading = False
        elif element == "c":
            self._take_cell()
        elif element == "row":
            self._take_row()

    def _take_cell(self) -> None:
        if self._row < self._form.header_row:
            return
        text = self._text()
        if not text and not self._has_formula:
            return
        if self._column >= self._limits.columns:
            found = {"found": self._column + 1, "most": self._limits.columns}
            self.problems.append(FileProblem("too_many_columns", row=self._row, params=found))
            raise package.Enough
        if len(text) > self._limits.cell_characters:
            most = {"most": self._limits.cell_characters}
            self.problems.append(FileProblem("cell_too_long", self._row, self._column, params=most))
            raise package.Enough
        self._budget.take("characters", len(text), row=self._row)
        if self._has_formula or self._cell.get("t") == "e":
            self._take_fault("formula" if self._has_formula else "error_value", text)
        self._cells.extend([""] * (self._column + 1 - len(self._cells)))
        self._cells[self._column] = text

    def _take_fault(self, code: str, text: str) -> None:
        self.faults.append(FileProblem(code, self._row, self._column, text))
        if len(self.faults) == self._limits.faults:
            raise package.Enough

    def _take_row(self) -> None:
        if not any(cell.strip() for cell in self._cells):
            return
        if len(self.rows) > self._limits.rows:
            self.problems.append(FileProblem("too_many_rows", row=self._row, params={"most": self._limits.rows}))
            raise package.Enough
        self.rows.append((self._row, self._cells))
        if self._is_a_look and len(self.rows) == ROWS_LOOKED_AT:
            raise package.Enough

    def _text(self) -> str:
        kind = self._cell.get("t", "n")
        if kind == "s":
            return self._book.texts[_index(self._value)] if self._value else ""
        if kind == "inlineStr":
            return _unescaped(self._runs)
        if kind == "n":
            return self._number() if self._value else ""
        if kind == "b":
            return "true" if self._value == "1" else "false"
        if kind == "d":
            return self._moment(self._value.removesuffix("Z").removesuffix(".000"))
        return _unescaped(self._value)

    def _number(self) -> str:
        style = int(self._cell.get("s", "0"))
        shown_as = self._book.kinds[style] if style < len(self._book.kinds) else "number"
        if _NUMBER.fullmatch(self._value) is None:
            raise ValueError(f"{self._value!r} is no number")
        number = float(self._value)
        if abs(number) >= 1e15:
            return self._value
        plain = str(int(number)) if number == int(number) else repr(number)
        if shown_as == "percent":
            return f"{(Decimal(plain) * 100).normalize():f}%"
        return self._date(number, plain) if shown_as == "date" else plain

    def _date(self, serial: float, plain: str) -> str:
        """The date a serial number stands for. The 1900 calendar has a day too many: 29 February 1900 is number 60."""
        if not 0 <= serial < 2_958_466:
            return plain
        if self._book.starts_1904:
            first = dt.datetime(1904, 1, 1)
        else:
            first = dt.datetime(1899, 12, 30) if serial >= 61 else dt.datetime(1899, 12, 31)
        moment = first + dt.timedelta(seconds=round(serial * 86_400))
        if serial < 1 and not self._book.starts_1904 and moment.time() != dt.time():
            return moment.time().isoformat()
        return self._moment(moment.isoformat())

    def _moment(self, written: str) -> str:
        day, _, time = written.partition("T")
        return day if time in ("", "00:00:00") and not self._form.keeps_midnight else f"{day} {time or '00:00:00'}"
