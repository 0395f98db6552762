"""Bytes of a file to a table with known columns, or to everything that is wrong with its form."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl

from kpi.update import columns, neutral, package
from kpi.update.cells import ROW, cleaned
from kpi.update.columns import BY_CODE
from kpi.update.csv_file import read_csv
from kpi.update.grid import Grid
from kpi.update.limits import Limits
from kpi.update.problems import Problem, are_blocking, capped
from kpi.update.suggestions import nearest
from kpi.update.text import squeeze, well_formed
from kpi.update.xlsx_file import read_xlsx

_TEXT_FILES = ("csv", "txt", "tsv")
_ROWS_LOOKED_AT_FOR_HEADERS = 10


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """What a file says, as texts.

    `frame`: `row` (the row number a spreadsheet shows) and one column per recognised header, named by its code, in the file's
    order; a blank cell is null. `headers` are the file's own words for them. `sha256` is that of the bytes, or of the cells
    where there were no bytes or the cells were changed since. `encoding` and `delimiter` are empty for a workbook.
    """

    frame: pl.DataFrame
    file_name: str
    sha256: str
    headers: Mapping[str, str]
    notices: tuple[Problem, ...] = ()
    encoding: str = ""
    delimiter: str = ""

    def with_frame(self, frame: pl.DataFrame) -> Table:
        """The same table with other cells: as corrected on screen, to be checked again without another upload."""
        unknown = [name for name in frame.columns if name != ROW and name not in BY_CODE]
        if unknown or ROW not in frame.columns:
            raise ValueError(
                f"a table has a column `row` and declared columns only, not {', '.join(unknown) or 'none'}"
            )
        texts = frame.with_columns(pl.exclude(ROW).cast(pl.String))
        headers = {code: self.headers.get(code, code) for code in texts.columns if code != ROW}
        return dataclasses.replace(self, frame=texts, sha256=_hash(texts), headers=MappingProxyType(headers))


def table_of(rows: Iterable[Mapping[str, str | None]], *, name: str) -> Table:
    """A table from typed values (a form): each row maps column codes to texts. Rows count from 2, as below a header."""
    typed = [{code: None if text is None else well_formed(text) for code, text in row.items()} for row in rows]
    used = [code for code in columns.CODES if any(code in row for row in typed)]
    frame = pl.DataFrame(
        {ROW: range(2, len(typed) + 2), **{code: [row.get(code) for row in typed] for code in used}},
        schema={ROW: pl.Int64, **dict.fromkeys(used, pl.String)},
    )
    return Table(frame, name, "", MappingProxyType({})).with_frame(frame)


def read_table(
    data: bytes, file_name: str, *, encoding: str | None = None, limits: Limits | None = None
) -> Table | list[Problem]:
    """The table in a CSV or XLSX file, or the problems that keep it from being read; never an exception for what a file holds.

    What kind of file it is, its bytes say, and not its name. `encoding` is for a CSV file that is not Unicode and must have
    been chosen by a person (one of `encodings.ENCODINGS`). Headers are recognised in Vietnamese, in English or by code, in
    any order. Texts are brought to Unicode form C and trimmed; what `neutral` wrote is turned back.
    """
    limits = limits or Limits()
    grid = _grid(data, file_name, encoding, limits)
    if isinstance(grid, list):
        return grid
    found = list(grid.notices)
    rows = grid.rows
    if not rows:
        return [*found, Problem("file_empty")]
    codes, header_problems = _headers(rows, limits)
    found += header_problems
    found += _widths(grid)
    found += _faults(grid, codes)
    if are_blocking(found):
        return capped(found, limits.problems_of_a_kind)
    frame, cell_problems = cleaned(_frame(rows, codes), limits)
    found += cell_problems
    frame = frame.filter(pl.any_horizontal(pl.exclude(ROW, "remarks").is_not_null()))
    if frame.is_empty():
        found.append(Problem("no_rows"))
    if are_blocking(found):
        return capped(found, limits.problems_of_a_kind)
    return Table(
        frame=frame.with_columns(neutral.restored(pl.exclude(ROW)).str.strip_chars()),
        file_name=file_name,
        sha256=hashlib.sha256(data).hexdigest(),
        headers=MappingProxyType({code: rows[0][1][place].strip() for place, code in codes.items()}),
        notices=tuple(found),
        encoding=grid.encoding,
        delimiter=grid.delimiter,
    )


def _grid(data: bytes, file_name: str, encoding: str | None, limits: Limits) -> Grid | list[Problem]:
    ending = file_name.lower().rpartition(".")[2] if "." in file_name else ""
    if len(data) > limits.bytes:
        return [Problem("file_too_large", params={"most": limits.bytes // 1024 // 1024})]
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return [Problem("file_empty")]
    if package.is_package(data):
        return read_xlsx(data, limits=limits)
    if package.is_old_or_locked(data):
        return [Problem("old_or_locked")]
    if ending not in _TEXT_FILES:
        return [Problem("file_broken" if ending in ("xlsx", "xlsm") else "file_type", value=file_name)]
    return read_csv(data, encoding=encoding, limits=limits)


def _hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's cells, whatever the order of its columns."""
    ordered = frame.select(ROW, *sorted(name for name in frame.columns if name != ROW))
    return hashlib.sha256(ordered.write_json().encode()).hexdigest()


# --- Headers ---------------------------------------------------------------------------------------------------------


def _headers(rows: list[tuple[int, list[str]]], limits: Limits) -> tuple[dict[int, str], list[Problem]]:
    """Which code stands at which place of the header, and what is wrong with the header."""
    known = columns.spellings()
    number, header = rows[0]
    squeezed = squeeze(header)
    codes = {place: known[form] for place, form in enumerate(squeezed) if form in known}
    if not codes:
        return {}, [_no_header(rows)]
    found: list[Problem] = []
    for place, cell in enumerate(header):
        if place in codes:
            continue
        used = any(len(cells) > place and cells[place].strip() for _, cells in rows[1:])
        if cell.strip():
            near = nearest(squeezed[place], known)
            suggestion = BY_CODE[known[near]] if near else None
            found.append(Problem("column_unknown", row=number, column=cell.strip(), suggestion=suggestion))
        elif used:
            found.append(Problem("column_unnamed", row=number, params={"place": place + 1}))
    given = list(codes.values())
    for code in sorted({code for code in given if given.count(code) > 1}):
        twice = tuple(header[place].strip() for place, other in codes.items() if other == code)
        found.append(Problem("column_twice", row=number, column=code, params={"headers": twice}))
    if "ref" not in given and "title_vi" not in given:
        found.append(Problem("column_missing", row=number, column="ref"))
    for second, cells in rows[1:3]:
        filled = squeeze([cell for cell in cells if cell.strip()])
        if len(filled) > 1 and 2 * sum(form in known for form in filled) > len(filled):
            found.append(Problem("two_headers", row=second))
            break
    return codes, found


def _no_header(rows: list[tuple[int, list[str]]]) -> Problem:
    known = columns.spellings()
    for number, cells in rows[1:_ROWS_LOOKED_AT_FOR_HEADERS]:
        if sum(form in known for form in squeeze(cells)) > 1:
            return Problem("header_not_first", row=number)
    first = ", ".join(cell.strip() for cell in rows[0][1] if cell.strip())
    return Problem("no_known_columns", row=rows[0][0], value=first[:200])


# --- Rows and cells --------------------------------------------------------------------------------------------------


def _widths(grid: Grid) -> list[Problem]:
    if not grid.fixed_width:
        return []
    width = len(grid.rows[0][1])
    return [
        Problem("row_width", row=number, params={"found": len(cells), "expected": width})
        for number, cells in grid.rows
        if len(cells) != width
    ]


def _faults(grid: Grid, codes: dict[int, str]) -> list[Problem]:
    return [
        Problem(fault.code, row=fault.row, column=codes.get(fault.column, _letters(fault.column)), value=fault.value)
        for fault in grid.faults
    ]


def _letters(column: int) -> str:
    """The letters a spreadsheet gives a column, counted from 0."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _frame(rows: list[tuple[int, list[str]]], codes: dict[int, str]) -> pl.DataFrame:
    body = rows[1:]
    cells = {code: [cells[place] if place < len(cells) else "" for _, cells in body] for place, code in codes.items()}
    return pl.DataFrame(
        {ROW: [number for number, _ in body], **cells}, schema={ROW: pl.Int64, **dict.fromkeys(cells, pl.String)}
    )
