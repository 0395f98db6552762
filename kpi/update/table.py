"""Bytes of a file to a table with known columns, or to everything that is wrong with its form."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import polars as pl

import words
from files import FileProblem, Form, Grid, Heading, Limits, apart, formula_injection
from files.encodings import well_formed
from files.form import ROWS_LOOKED_AT
from files.text import unfit
from kpi.names import squeeze
from kpi.update import columns
from kpi.update.cells import ROW, cleaned
from kpi.update.columns import BY_CODE
from kpi.update.problems import Problem, are_blocking, capped, told
from kpi.update.suggestions import nearest
from words.letters import bare

_KEYS = ("ref", "title_vi")
_NOT_READ = frozenset(squeeze(("STT", "Số TT", "TT", "No.", "Ghi chú", "Note", "Notes")))
"""Columns that sheets have of their own: nothing of them is for the register."""

_MOST_CLOSING = 15
_CELLS_OF_A_CLOSING = 4
_CLOSING = re.compile(
    r"(tong cong|tong so|tong:|cong:|nguoi lap|nguoi bao cao|nguoi tong hop|thu truong|ky ten|ky, ghi|\(ky|xac nhan cua|noi nhan"
    r"|.{0,40}ngay .{0,12}thang .{0,12}nam|total\b|prepared by|signed by|signature)",
    re.IGNORECASE,
)
"""How rows begin that close a sheet (letters without marks)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """What a file says, as texts.

    `frame`: `row` (the row number a spreadsheet shows) and one column per recognised header, named by its code, in the file's
    order; a blank cell is null. `headers` are the file's own words for them. `sha256` is that of the bytes, or of the cells
    where there were no bytes or the cells were changed since. `encoding` and `delimiter` are empty for a workbook. `is_excerpt`:
    its rows hold only what was said, so that a blank cell was never anything else; `aside` are the cells (row, column) that we
    made blank.
    """

    frame: pl.DataFrame
    file_name: str
    sha256: str
    headers: Mapping[str, str]
    notices: tuple[Problem, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    is_excerpt: bool = False
    aside: frozenset[tuple[int, str]] = frozenset()
    is_cleaned: bool = False
    """Whether every text is in its one spelling, as reading leaves it (see `cells.cleaned`)."""

    def with_frame(self, frame: pl.DataFrame) -> Table:
        """The same table with other cells: as corrected on screen, to be checked again without another upload."""
        unknown = [name for name in frame.columns if name != ROW and name not in BY_CODE]
        if unknown or ROW not in frame.columns:
            raise ValueError(
                f"a table has a column `row` and declared columns only, not {', '.join(unknown) or 'none'}"
            )
        texts = frame.with_columns(pl.exclude(ROW).cast(pl.String))
        headers = {code: self.headers.get(code, code) for code in texts.columns if code != ROW}
        return dataclasses.replace(
            self, frame=texts, sha256=_hash(texts), headers=MappingProxyType(headers), is_cleaned=False
        )


def table_of(rows: Iterable[Mapping[str, str | None]], *, name: str) -> Table:
    """A table from typed values (a form): each row maps column codes to texts. Rows count from 2, as below a header."""
    typed = [{code: None if text is None else well_formed(text) for code, text in row.items()} for row in rows]
    used = [code for code in columns.CODES if any(code in row for row in typed)]
    frame = pl.DataFrame(
        {ROW: range(2, len(typed) + 2), **{code: [row.get(code) for row in typed] for code in used}},
        schema={ROW: pl.Int64, **dict.fromkeys(used, pl.String)},
    )
    return Table(frame, name, "", MappingProxyType({}), is_excerpt=True).with_frame(frame)


def read_table(
    data: bytes,
    file_name: str,
    *,
    encoding: str | None = None,
    limits: Limits | None = None,
    reader: Callable[..., Grid | list[FileProblem]] = apart.read,
) -> Table | list[Problem]:
    """The table in a CSV or XLSX file, or the problems that keep it from being read; never an exception for what a file holds.

    `encoding` is for a CSV file that is not Unicode and must have been chosen by a person (one of `ENCODINGS`). Headers are
    recognised in Vietnamese, in English or by code, in any order. Texts are brought to Unicode form C and trimmed; what
    `formula_injection` wrote is turned back.
    """
    limits = limits or Limits()
    grid = reader(data, file_name, form=Form(encoding=encoding), limits=limits, heading=Heading(_known, _is_ours))
    if isinstance(grid, list):
        return [told(problem) for problem in grid]
    found = [told(notice, blocking=False) for notice in _of_others(grid.notices)]
    rows = grid.rows
    if not rows:
        return [*found, Problem("file_empty")]
    rows, left_out = _framed(rows)
    found += left_out
    codes, header_problems = _headers(rows, limits)
    found += header_problems
    found += [told(problem) for problem in dataclasses.replace(grid, rows=rows).uneven()]
    found += [told(fault, columns=codes) for fault in grid.faults]
    if are_blocking(found):
        return capped(found, limits.problems_of_a_kind)
    frame, cell_problems = cleaned(_frame(rows, codes), limits)
    found += cell_problems
    frame = frame.filter(pl.any_horizontal(pl.exclude(ROW, "remarks").is_not_null()))
    if frame.is_empty():
        found.append(Problem("no_rows"))
    if are_blocking(found):
        return capped(found, limits.problems_of_a_kind)
    given, frame = frame, frame.with_columns(formula_injection.restored(pl.exclude(ROW)).str.strip_chars())
    found += _apostrophes(given, frame)
    return Table(
        frame=frame,
        file_name=file_name,
        sha256=hashlib.sha256(data).hexdigest(),
        headers=MappingProxyType({code: rows[0][1][place].strip() for place, code in codes.items()}),
        notices=tuple(found),
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        is_cleaned=True,
    )


def _hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's cells, whatever the order of its columns."""
    ordered = frame.select(ROW, *sorted(name for name in frame.columns if name != ROW))
    return hashlib.sha256(ordered.write_json().encode()).hexdigest()


# --- What stands around the table ------------------------------------------------------------------------------------


def _of_others(notices: Iterable[FileProblem]) -> Iterator[FileProblem]:
    """Without what is said of the sheets that come along in our own templates."""
    ours = set()
    for language in words.languages():
        with words.in_language(language):
            ours |= {words.t("intake.sheet_guide"), words.t("intake.sheet_lists")}
    for notice in notices:
        if notice.code != "sheets_not_read":
            yield notice
        elif names := [name for name in notice.params["sheets"] if name not in ours]:  # type: ignore[attr-defined]
            yield dataclasses.replace(notice, value=", ".join(names), params={})


def _framed(rows: list[tuple[int, list[str]]]) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """The rows from the heading to the last one about an agreement; titles above and signatures below are said to be left out."""
    found: list[Problem] = []
    looked_at = rows[:ROWS_LOOKED_AT]
    at = next((n for n, (_, cells) in enumerate(looked_at) if _is_ours(cells) and _known(cells) > 1), 0)
    if at:
        found.append(_left_out("rows_above", rows[:at]))
        rows = rows[at:]
    end = _end(rows)
    if end < len(rows):
        found.append(_left_out("rows_below", rows[end:]))
        rows = rows[:end]
    return rows, found


def _left_out(code: str, rows: list[tuple[int, list[str]]]) -> Problem:
    said = " · ".join(cell.strip() for _, cells in rows for cell in cells if cell.strip())
    return Problem(code, row=rows[0][0], value=said, params={"count": len(rows)}, blocking=False)


def _end(rows: list[tuple[int, list[str]]]) -> int:
    """The place of the first of the rows that close a sheet: a total, a place and day, who signs, and names below them."""
    known = columns.spellings()
    refs = [place for place, form in enumerate(squeeze(rows[0][1])) if known.get(form) == "ref"]
    end = len(rows)
    for place in range(max(1, len(rows) - _MOST_CLOSING), len(rows)):
        cells = rows[place][1]
        filled = [cell.strip() for cell in cells if cell.strip()]
        ref = cells[refs[0]].strip() if refs and len(cells) > refs[0] else ""
        names_one = " " not in ref and any(letter.isdigit() for letter in ref)
        if len(filled) > _CELLS_OF_A_CLOSING or names_one:
            end = len(rows)
        elif end == len(rows) and any(_CLOSING.match(bare(cell)) for cell in filled):
            end = place
    return end


# --- Headers ---------------------------------------------------------------------------------------------------------


def _known(cells: Sequence[str]) -> int:
    known = columns.spellings()
    return sum(form in known for form in squeeze(cells))


def _is_ours(cells: Sequence[str]) -> bool:
    """Whether a row names agreements and something about them. Sheets of lists and of explanations hold single names as well."""
    known = columns.spellings()
    forms = squeeze(cells)
    filled = sum(bool(form) for form in forms)
    return any(known.get(form) in _KEYS for form in forms) and sum(form in known for form in forms) > min(1, filled - 1)


def _headers(rows: list[tuple[int, list[str]]], limits: Limits) -> tuple[dict[int, str], list[Problem]]:
    """Which code stands at which place of the header, and what is wrong with the header."""
    known = columns.spellings()
    number, header = rows[0]
    squeezed = squeeze(header)
    codes = {place: known[form] for place, form in enumerate(squeezed) if form in known}
    if not codes:
        return {}, [_no_header(rows)]
    found: list[Problem] = []
    widest = max(len(cells) for _, cells in rows)
    for place, cell in enumerate([*header, *[""] * (widest - len(header))]):
        if place in codes:
            continue
        used = any(len(cells) > place and cells[place].strip() for _, cells in rows[1:])
        if place < len(header) and squeezed[place] in _NOT_READ:
            if used:
                found.append(Problem("columns_not_read", row=number, column=cell.strip(), blocking=False))
        elif cell.strip():
            near = nearest(squeezed[place], known)
            suggestion = BY_CODE[known[near]] if near else None
            found.append(Problem("column_unknown", row=number, column=cell.strip(), suggestion=suggestion))
        elif used:
            found.append(Problem("column_unnamed", row=number, params={"place": place + 1}))
    strange = unfit(pl.DataFrame({ROW: [number], **{str(n): [cell] for n, cell in enumerate(header)}}), limits, row=ROW)
    found += [told(dataclasses.replace(problem, column=int(str(problem.column)))) for problem in strange]
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
    for number, cells in rows[1:ROWS_LOOKED_AT]:
        if _known(cells) > 1:
            return Problem("header_not_first", row=number)
    first = ", ".join(cell.strip() for cell in rows[0][1] if cell.strip())
    return Problem("no_known_columns", row=rows[0][0], value=first[:200])


def _apostrophes(given: pl.DataFrame, restored: pl.DataFrame) -> list[Problem]:
    """Texts in quotation marks whose first one was taken for the sign that guards against formulas."""
    found = []
    for name in given.columns:
        if name != ROW and not given[name].equals(restored[name]):
            taken = (given[name] != restored[name]) & given[name].str.ends_with("'")
            for row, text in given.filter(taken.fill_null(False)).select(ROW, name).iter_rows():
                found.append(Problem("apostrophe_taken", row=row, column=name, value=text, blocking=False))
    return found


# --- Rows and cells --------------------------------------------------------------------------------------------------


def _frame(rows: list[tuple[int, list[str]]], codes: dict[int, str]) -> pl.DataFrame:
    body = rows[1:]
    cells = {code: [cells[place] if place < len(cells) else "" for _, cells in body] for place, code in codes.items()}
    return pl.DataFrame(
        {ROW: [number for number, _ in body], **cells}, schema={ROW: pl.Int64, **dict.fromkeys(cells, pl.String)}
    )
