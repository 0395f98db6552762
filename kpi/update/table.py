"""Bytes of a file to a table with known columns, or to everything that is wrong with its form."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

import polars as pl

import words
from files import FileProblem, Form, Grid, Limits, apart, formula_injection
from files.encodings import well_formed
from files.form import ROWS_LOOKED_AT
from files.problems import MOST_RANGES_NAMED
from kpi.names import squeeze
from kpi.update import columns
from kpi.update.cells import ROW, cleaned
from kpi.update.columns import BY_CODE
from kpi.update.headings import Headings, Rows, codes_in, framed, recognised
from kpi.update.problems import Problem, are_blocking, capped, told


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
    said: Headings | None = None,
    reader: Callable[..., Grid | list[FileProblem]] = apart.read,
) -> Table | list[Problem]:
    """The table in a CSV or XLSX file, or the problems that keep it from being read; never an exception for what a file holds.

    `encoding` is for a CSV file that is not Unicode and must have been chosen by a person (one of `ENCODINGS`). Headers are
    recognised in Vietnamese, in English or by code, in any order, or are what was `said` of them. Texts are brought to Unicode
    form C and trimmed; what `formula_injection` wrote is turned back.
    """
    limits, said = limits or Limits(), said or Headings()
    grid = read_grid(data, file_name, encoding=encoding, limits=limits, said=said, reader=reader)
    return grid if isinstance(grid, list) else table_in(grid, data, file_name, limits=limits, said=said)


def read_grid(
    data: bytes,
    file_name: str,
    *,
    encoding: str | None,
    limits: Limits,
    said: Headings,
    reader: Callable[..., Grid | list[FileProblem]] = apart.read,
) -> Grid | list[Problem]:
    """The cells of a file before anything is known about their columns, or why it cannot be read."""
    form = Form(encoding=encoding, keeps_merged=True)
    grid = reader(data, file_name, form=form, limits=limits, heading=said.asked())
    if isinstance(grid, list) and said.row is not None and any(found.code == "delimiter_unclear" for found in grid):
        # Titles above a heading may well hold as many of one sign as of another.
        form = dataclasses.replace(form, header_row=said.row)
        grid = reader(data, file_name, form=form, limits=limits, heading=said.asked())
    return [told(problem) for problem in grid] if isinstance(grid, list) else grid


def table_in(grid: Grid, data: bytes, file_name: str, *, limits: Limits, said: Headings) -> Table | list[Problem]:
    """The table in the cells of a file with these bytes, or everything that is wrong with its form."""
    found = [told(notice, blocking=False) for notice in _of_others(grid)]
    if not grid.rows:
        return [*found, Problem("file_empty")]
    rows, around = framed(grid.rows, said)
    found += around
    if are_blocking(found):
        return found
    codes, header_problems = codes_in(rows, said, limits)
    found += header_problems
    found += _merged(grid, rows) if codes else []
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
    header = rows[0][1]
    return Table(
        frame=frame,
        file_name=file_name,
        sha256=_hash_of_file(data, grid.rows, said),
        headers=MappingProxyType(
            {code: (header[place].strip() if place < len(header) else "") or code for place, code in codes.items()}
        ),
        notices=tuple(found),
        encoding=grid.encoding,
        delimiter=grid.delimiter,
        is_cleaned=True,
    )


def _hash_of_file(data: bytes, rows: Rows, said: Headings) -> str:
    """SHA-256 of a file's bytes; where a person's word makes another table of them, of that as well."""
    read = recognised(rows, said)
    told_so = b"" if read == recognised(rows, Headings()) else json.dumps(read, sort_keys=True).encode()
    return hashlib.sha256(data + told_so).hexdigest()


def _hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's cells, whatever the order of its columns."""
    ordered = frame.select(ROW, *sorted(name for name in frame.columns if name != ROW))
    return hashlib.sha256(ordered.write_json().encode()).hexdigest()


# --- What else is worth knowing --------------------------------------------------------------------------------------


def _of_others(grid: Grid) -> Iterator[FileProblem]:
    """What is said of a file, without the sheets that come along in our own templates: beside a sheet of one's own one that is
    called so is another."""
    ours = set()
    known = columns.spellings().keys()
    headings = [row for _, row in grid.rows[:ROWS_LOOKED_AT] if any(text.strip() for text in row)]
    is_template = any(known >= {*squeeze([text for text in row if text.strip()])} for row in headings)
    for language in words.languages():
        with words.in_language(language):
            ours |= {words.t("intake.sheet_guide"), words.t("intake.sheet_lists")}
    for notice in grid.notices:
        if notice.code == "merged_cells":
            continue
        if notice.code != "sheets_not_read":
            yield notice
        elif names := [name for name in notice.params["sheets"] if not is_template or name not in ours]:  # type: ignore[attr-defined]
            yield dataclasses.replace(notice, value=", ".join(names), params={})


def _merged(grid: Grid, rows: Rows) -> list[Problem]:
    """Cells merged within the table; titles above it and signatures below often are."""
    first, last = rows[0][0], rows[-1][0]
    named = [
        str(found.value)
        for found in grid.notices
        if found.code == "merged_cells" and _number(found, "first") <= last and _number(found, "last") >= first
    ]
    return [Problem("merged_cells", value=", ".join(named[:MOST_RANGES_NAMED]))] if named else []


def _number(found: FileProblem, name: str) -> int:
    return int(str(found.params[name]))


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
