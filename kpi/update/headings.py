"""What the columns of a sheet are: recognised by their headings, or said by a person, now or for files of before."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from files import Heading, Limits
from files.form import ROWS_LOOKED_AT
from files.grid import letters
from files.text import unfit
from kpi.names import squeeze
from kpi.update import columns
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE
from kpi.update.problems import Problem, told
from kpi.update.suggestions import nearest
from words.letters import bare

NOT_READ: Final = ""
"""What a column is of which nothing is for the register."""

ROWS_OFFERED: Final = 20
_EXAMPLE: Final = 60
_KEYS: Final = ("ref", "title_vi")
_OF_THEIR_OWN: Final = frozenset(squeeze(("STT", "Số TT", "TT", "No.", "Ghi chú", "Note", "Notes")))
"""Columns that sheets have of their own: nothing of them is for the register."""

_MOST_CLOSING: Final = 15
_CELLS_OF_A_CLOSING: Final = 4
_CLOSING: Final = re.compile(
    r"(tong cong|tong so|tong:|cong:|nguoi lap|nguoi bao cao|nguoi tong hop|thu truong|ky ten|ky, ghi|\(ky|xac nhan cua|noi nhan"
    r"|.{0,40}ngay .{0,12}thang .{0,12}nam|total\b|signature"
    r"|(prepared|compiled|reported|checked|approved|signed) by\b.{0,30}$|[^,]{2,40}, [0-9]{1,2} [a-z]{3,9} [0-9]{4}$)",
    re.IGNORECASE,
)
"""How rows begin that close a sheet (letters without marks)."""

Rows = list[tuple[int, list[str]]]


@dataclasses.dataclass(frozen=True)
class Headings:
    """What a person said of a sheet: the number of the `row` its heading stands in (None: it is looked for), and what its
    `columns` are: a heading, or the letters of a column, -> a column's code or NOT_READ.

    `remembered` has what was said of headings of earlier files of the agency, by their squeezed form. What is said now holds
    before it, and it before the headings that are known to everybody.
    """

    row: int | None = None
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    remembered: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def known(self, cells: Sequence[str]) -> int:
        """How many of these cells are headings whose meaning is known."""
        names = self._names()
        return sum(form in names for form in squeeze(cells))

    def is_ours(self, cells: Sequence[str]) -> bool:
        """Whether a row names agreements and something about them. Sheets of lists and of explanations hold single names as
        well."""
        names = self._names()
        forms = squeeze(cells)
        filled = sum(bool(form) for form in forms)
        return any(names.get(form) in _KEYS for form in forms) and sum(f in names for f in forms) > min(1, filled - 1)

    def asked(self) -> Heading:
        """The same for the reader of files."""
        return Heading(self.known, self.is_ours)

    def meanings(self, header: Sequence[str], widest: int) -> dict[int, str]:
        """Which column of the header, counted from 0, is what; those nobody knows are left out."""
        forms = squeeze(header)
        names = {**dict.fromkeys(_OF_THEIR_OWN, NOT_READ), **columns.spellings(), **self.remembered}
        found = {place: names[form] for place, form in enumerate(forms) if form and form in names}
        for key, code in self.columns.items():
            for place in _places(key, forms, widest):
                found[place] = code
        return found

    def unknown(self, header: Sequence[str], widest: int) -> list[str]:
        """What was said of columns that this sheet does not have."""
        forms = squeeze(header)
        return [key for key in self.columns if not _places(key, forms, widest)]

    def of_headings(self, header: Sequence[str]) -> dict[str, str]:
        """What was said of headings, by their squeezed form, to be remembered; letters hold for one sheet alone."""
        forms = squeeze(header)
        return {form: code for key, code in self.columns.items() if (form := squeeze([key])[0]) and form in forms}

    def _names(self) -> dict[str, str]:
        said = {form: code for key, code in self.columns.items() if (form := squeeze([key])[0])}
        return {**columns.spellings(), **self.remembered, **said}


def _places(key: str, forms: Sequence[str], widest: int) -> list[int]:
    """The columns with this heading; without any, the one with these letters."""
    form = squeeze([key])[0]
    found = [place for place, other in enumerate(forms) if form and other == form]
    return found or [place for place in range(widest) if letters(place) == key.strip().upper()]


def code_of(text: str) -> str | None:
    """The code of the column that a text names by one of its headings or its code; NOT_READ for none."""
    form = squeeze([text])[0]
    return NOT_READ if not form else columns.spellings().get(form)


# --- What stands around the table ------------------------------------------------------------------------------------


def framed(rows: Rows, said: Headings) -> tuple[Rows, list[Problem]]:
    """The rows from the heading to the last one about an agreement; titles above and signatures below are said to be left out."""
    found: list[Problem] = []
    at = _heading_at(rows, said)
    if at is None:
        return rows, [Problem("heading_row_absent", row=said.row)]
    if at and said.row is None:
        found.append(_left_out("rows_above", rows[:at]))
    rows = rows[at:]
    end = _end(rows, said)
    if end < len(rows):
        found.append(_left_out("rows_below", rows[end:]))
        rows = rows[:end]
    return rows, found


def _heading_at(rows: Rows, said: Headings) -> int | None:
    if said.row is not None:
        return next((place for place, (number, _) in enumerate(rows) if number == said.row), None)
    looked_at = rows[:ROWS_LOOKED_AT]
    return next((place for place, (_, cells) in enumerate(looked_at) if _heads(cells, said)), 0)


def recognised(rows: Rows, said: Headings) -> tuple[int, dict[int, str]]:
    """The number of the row the heading stands in, and which code stands at which place of it."""
    at = _heading_at(rows, said) or 0
    number, header = rows[at]
    meanings = said.meanings(header, _widest(rows[at:]))
    return number, {place: code for place, code in sorted(meanings.items()) if code != NOT_READ}


def _heads(cells: Sequence[str], said: Headings) -> bool:
    return said.is_ours(cells) and said.known(cells) > 1


def _likeness(cells: Sequence[str], said: Headings) -> tuple[int, int]:
    return said.known(cells), sum(bool(cell.strip()) for cell in cells)


def _left_out(code: str, rows: Rows) -> Problem:
    said = " · ".join(cell.strip() for _, cells in rows for cell in cells if cell.strip())
    return Problem(code, row=rows[0][0], value=said, params={"count": len(rows)}, blocking=False)


def _end(rows: Rows, said: Headings) -> int:
    """The place of the first of the rows that close a sheet: a total, a place and day, who signs, and names below them."""
    refs = [place for place, code in sorted(said.meanings(rows[0][1], _widest(rows)).items()) if code == "ref"]
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


def _widest(rows: Rows) -> int:
    return max(len(cells) for _, cells in rows)


# --- The header ------------------------------------------------------------------------------------------------------


def codes_in(rows: Rows, said: Headings, limits: Limits) -> tuple[dict[int, str], list[Problem]]:
    """Which code stands at which place of the header, and what is wrong with the header."""
    number, header = rows[0]
    widest = _widest(rows)
    meanings = said.meanings(header, widest)
    _, codes = recognised(rows, dataclasses.replace(said, row=number))
    found = [_heading_unknown(number, key, header) for key in said.unknown(header, widest)]
    if not codes:
        return {}, [*found, _no_header(rows, said)]
    chosen = {place for key, code in said.columns.items() for place in _places(key, squeeze(header), widest)}
    for place in range(widest):
        cell = header[place].strip() if place < len(header) else ""
        used = any(len(cells) > place and cells[place].strip() for _, cells in rows[1:])
        if place in codes or place in chosen:
            continue
        if place in meanings:
            if used:
                found.append(Problem("columns_not_read", row=number, column=cell, blocking=False))
        elif cell:
            near = nearest(squeeze([cell])[0], columns.spellings())
            suggestion = BY_CODE[columns.spellings()[near]] if near else None
            found.append(Problem("column_unknown", row=number, column=cell, suggestion=suggestion))
        elif used:
            found.append(Problem("column_unnamed", row=number, params={"place": place + 1}))
    found += _odd_cells(number, header, limits)
    given = list(codes.values())
    for code in sorted({code for code in given if given.count(code) > 1}):
        twice = tuple(_heading(header, place) for place, other in codes.items() if other == code)
        found.append(Problem("column_twice", row=number, column=code, params={"headers": twice}))
    if not set(_KEYS) & set(given):
        found.append(Problem("column_missing", row=number, column="ref"))
    return codes, [*found, *_second_header(rows, said)]


def _heading(header: Sequence[str], place: int) -> str:
    return (header[place].strip() if place < len(header) else "") or letters(place)


def _heading_unknown(number: int, key: str, header: Sequence[str]) -> Problem:
    forms = dict(zip(squeeze(header), header, strict=True))
    near = nearest(squeeze([key])[0], filter(None, forms))
    return Problem("heading_unknown", row=number, value=key, suggestion=None if near is None else forms[near].strip())


def _odd_cells(number: int, header: Sequence[str], limits: Limits) -> list[Problem]:
    cells = pl.DataFrame({ROW: range(len(header)), "cell": header})
    strange = unfit(cells, limits, row=ROW)
    return [told(dataclasses.replace(problem, row=number, column=problem.row)) for problem in strange]


def _second_header(rows: Rows, said: Headings) -> list[Problem]:
    for second, cells in rows[1:3]:
        filled = [cell for cell in cells if cell.strip()]
        if len(filled) > 1 and 2 * said.known(filled) > len(filled):
            return [Problem("two_headers", row=second)]
    return []


def _no_header(rows: Rows, said: Headings) -> Problem:
    for number, cells in rows[1:ROWS_LOOKED_AT]:
        if said.known(cells) > 1:
            return Problem("header_not_first", row=number)
    first = ", ".join(cell.strip() for cell in rows[0][1] if cell.strip())
    return Problem("no_known_columns", row=rows[0][0], value=first[:200])


# --- To be chosen from -----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Seen:
    """A column of a sheet: by which `key` it can be told (its heading; its letters where it has none or shares it), an
    `example` of what stands in it, and its `code` (NOT_READ, or None where it is not known)."""

    key: str
    heading: str
    example: str
    code: str | None


@dataclasses.dataclass(frozen=True)
class Outline:
    """A sheet as it can be laid out by a person: the `row` of the heading, what stands in the first rows, and the columns."""

    row: int
    beginnings: Mapping[int, str]
    columns: tuple[Seen, ...]


def outlined(rows: Rows, said: Headings) -> Outline | None:
    """How the rows of a file are read so far; None where there are none, or not the row that is said to be the heading. Where no
    heading is known, the row that looks most like one: with most known names, then with most cells."""
    at = _heading_at(rows, said) if rows else None
    if at is None:
        return None
    if said.row is None and not _heads(rows[at][1], said):
        at = max(range(min(len(rows), ROWS_LOOKED_AT)), key=lambda place: (*_likeness(rows[place][1], said), -place))
    beginnings = {
        number: " · ".join(cell.strip() for cell in cells if cell.strip()) for number, cells in rows[:ROWS_OFFERED]
    }
    number, header = rows[at]
    body = rows[at + 1 : _end(rows[at:], said) + at]
    widest = _widest(rows[at:])
    meanings = said.meanings(header, widest)
    forms = squeeze(header)
    seen = []
    for place in range(widest):
        heading = header[place].strip() if place < len(header) else ""
        example = next((cells[place].strip() for _, cells in body if len(cells) > place and cells[place].strip()), "")
        if heading or example:
            is_single = bool(heading) and bool(forms[place]) and forms.count(forms[place]) == 1
            key = heading if is_single else letters(place)
            seen.append(Seen(key, heading, " ".join(example.split())[:_EXAMPLE], meanings.get(place)))
    return Outline(number, beginnings, tuple(seen))
