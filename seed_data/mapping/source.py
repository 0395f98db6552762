"""Bytes of a CSV or XLSX file to a table of texts, or to problems: nothing is inferred, repaired or left out."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import re
import unicodedata
from collections.abc import Iterable

import fastexcel
import numpy as np
import polars as pl

from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, Problems

ROW = "__row"
"""The column that carries each record's row number in the file."""

DELIMITERS = (",", ";", "\t", "|")
_XLSX_SIGNATURE = b"PK\x03\x04"
_QUOTE, _NEWLINE, _RETURN = ord('"'), ord("\n"), ord("\r")
_FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ufffd]"


@dataclasses.dataclass(frozen=True)
class FileForm:
    """How a file is written, where the mapping says so; None means that the file itself tells."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1


def read_table(data: bytes, *, name: str, form: FileForm) -> pl.DataFrame:
    """The file's records as texts, one column per header plus `ROW`; empty cells are empty texts.

    Texts are in Unicode normal form C and trimmed. Raises `MappingError` with every problem found.
    """
    problems = Problems(name)
    read = _read_xlsx if data.startswith(_XLSX_SIGNATURE) else _read_csv
    table = read(data, form, problems)
    problems.refuse()
    _check_characters(table, problems)
    problems.refuse()
    texts = pl.exclude(ROW)
    return table.with_columns(texts.str.normalize("NFC").str.strip_chars())


def _read_csv(data: bytes, form: FileForm, problems: Problems) -> pl.DataFrame:
    text = _decoded(data, form.encoding, problems)
    problems.refuse()
    text = text.rstrip(b"\r\n")
    if not text.strip():
        problems.add("file_empty")
        problems.refuse()
    ends = _record_ends(text, problems)
    if form.header_row > len(ends):
        problems.add("header_missing", row=form.header_row)
        problems.refuse()
    header_end = int(ends[form.header_row - 1])
    header_start = 0 if form.header_row == 1 else int(ends[form.header_row - 2]) + 1
    header_text = text[header_start:header_end].decode("utf-8").rstrip("\r")
    delimiter = form.delimiter or _delimiter(header_text, form.header_row, problems)
    problems.refuse()
    _check_quotes(text, delimiter, ends, problems)
    problems.refuse()
    header = _tidied(next(csv.reader(io.StringIO(header_text, newline=""), delimiter=delimiter), []))
    _check_header(header, form.header_row, problems)
    _check_widths(text, delimiter, ends, len(header), form.header_row, problems)
    problems.refuse()
    schema = dict.fromkeys(header, pl.String)
    body = text[header_end + 1 :]
    if not body:
        return pl.DataFrame(schema=schema).with_columns(pl.lit(0, pl.Int64).alias(ROW))
    table = pl.read_csv(
        body, has_header=False, schema=schema, separator=delimiter, quote_char='"', empty_string_is_null=False
    )
    expected = len(ends) - form.header_row
    if table.height != expected:
        raise RuntimeError(f"{expected} records were counted in the file and {table.height} read")
    first = form.header_row + 1
    return table.with_columns(pl.int_range(first, first + table.height, dtype=pl.Int64).alias(ROW))


def _decoded(data: bytes, encoding: str | None, problems: Problems) -> bytes:
    """The file as UTF-8 without a mark. UTF-8 and UTF-16 with its mark are recognised, anything else must be named."""
    if encoding is None:
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if marked else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        wrong = data[error.start : error.start + 1].hex()
        problems.add("undecodable", row=row, value=f"0x{wrong}", encoding=encoding.removesuffix("-sig"))
        return b""
    except LookupError:
        problems.add("unknown_encoding", value=encoding)
        return b""
    try:
        return text.removeprefix("\ufeff").encode("utf-8")
    except UnicodeEncodeError as error:  # half of a UTF-16 pair
        problems.add(
            "undecodable", row=text.count("\n", 0, error.start) + 1, value=ascii(text[error.start]), encoding=encoding
        )
        return b""


def _outside_quotes(text: bytes, character: int) -> np.ndarray:
    """Positions of a character that are not between quotation marks."""
    codes = np.frombuffer(text, dtype=np.uint8)
    found = np.flatnonzero(codes == character)
    quotes = np.flatnonzero(codes == _QUOTE)
    inside = np.searchsorted(quotes, found) % 2 == 1
    outside: np.ndarray = found[~inside]
    return outside


def _record_ends(text: bytes, problems: Problems) -> np.ndarray:
    """Where each record ends: line ends outside quotation marks, and the end of the file."""
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        row = int(np.searchsorted(_outside_quotes(text, _NEWLINE), quotes[-1])) + 1
        problems.add("quote_not_closed", row=row)
        problems.refuse()
    returns = _outside_quotes(text, _RETURN)
    following = codes[np.minimum(returns + 1, len(codes) - 1)]
    alone = returns[following != _NEWLINE]
    ends = np.append(_outside_quotes(text, _NEWLINE), len(text))
    if len(alone):
        problems.add("line_end", row=int(np.searchsorted(ends, alone[0])) + 1)
        problems.refuse()
    return ends


def _delimiter(header: str, row: int, problems: Problems) -> str:
    """The delimiter the header uses: the one that occurs most outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", header)
    counts = sorted(((bare.count(mark), mark) for mark in DELIMITERS), reverse=True)
    if counts[0][0] and counts[0][0] == counts[1][0]:
        problems.add("delimiter_unclear", row=row, value=header[:80])
    return counts[0][1] if counts[0][0] else ","


def _check_quotes(text: bytes, delimiter: str, ends: np.ndarray, problems: Problems) -> None:
    """A quotation mark may only stand at the edge of a cell, or doubled inside a quoted one (RFC 4180, section 2)."""
    codes = np.frombuffer(text, dtype=np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    edge = np.array([ord(delimiter), _NEWLINE, _QUOTE], dtype=np.uint8)
    before = codes[np.maximum(opening - 1, 0)]
    opens_well = (opening == 0) | np.isin(before, edge)
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    closes_well = (closing == len(codes) - 1) | np.isin(after, edge) | (after == _RETURN)
    wrong = np.concatenate([opening[~opens_well], closing[~closes_well]])
    rows = np.unique(np.searchsorted(ends, wrong))[:MOST_PROBLEMS_KEPT]
    for row in rows.tolist():
        problems.add("quote_inside_cell", row=row + 1)


def _tidied(header: Iterable[str]) -> list[str]:
    """Headers in the form that texts are given: either way of composing Vietnamese letters is the same column."""
    return [unicodedata.normalize("NFC", column).strip() for column in header]


def _check_header(header: list[str], row: int, problems: Problems) -> None:
    seen: set[str] = set()
    for position, name in enumerate(header, start=1):
        if not name:
            problems.add("header_empty", row=row, position=position)
        elif name in seen or name == ROW:
            problems.add("header_twice", row=row, column=name)
        seen.add(name)


def _check_widths(
    text: bytes, delimiter: str, ends: np.ndarray, width: int, header_row: int, problems: Problems
) -> None:
    """Every record has as many cells as the header."""
    marks = np.searchsorted(_outside_quotes(text, ord(delimiter)), ends)
    cells = np.diff(marks, prepend=0) + 1
    wrong = np.flatnonzero(cells != width)
    wrong = wrong[wrong >= header_row]
    for record in wrong[:MOST_PROBLEMS_KEPT].tolist():
        problems.add("row_width", row=record + 1, found=int(cells[record]), expected=width)


def _read_xlsx(data: bytes, form: FileForm, problems: Problems) -> pl.DataFrame:
    """One sheet as texts; date cells come as `2024-02-29 00:00:00`, which the dates of a mapping always accept."""
    try:
        workbook = fastexcel.read_excel(data)
        if form.sheet is not None and form.sheet not in workbook.sheet_names:
            problems.add("sheet_missing", value=form.sheet, known=", ".join(workbook.sheet_names))
            problems.refuse()
        sheet = workbook.load_sheet(form.sheet or 0, header_row=None, skip_rows=0, dtypes="string")
        cells, faults = sheet.to_arrow_with_errors()
    except fastexcel.FastExcelError as error:
        problems.add("xlsx_unreadable", detail=str(error).splitlines()[0])
        problems.refuse()
    frame = pl.DataFrame(pl.from_arrow(cells)).with_columns(pl.all().fill_null(""))
    if frame.height < form.header_row:
        problems.add("header_missing" if frame.height else "file_empty", row=form.header_row if frame.height else None)
        problems.refuse()
    filled = pl.any_horizontal(pl.all() != "")
    header = _tidied(frame.row(form.header_row - 1))
    while header and not header[-1] and (frame.to_series(len(header) - 1) == "").all():
        header.pop()
    for fault in [] if faults is None else faults.errors[:MOST_PROBLEMS_KEPT]:
        row, column = fault.position
        problems.add("error_cell", row=row + 1, column=header[column] if column < len(header) else None)
    _check_header(header, form.header_row, problems)
    problems.refuse()
    table = frame.select(frame.columns[: len(header)])
    table.columns = header
    numbered = table.with_columns(pl.int_range(1, table.height + 1, dtype=pl.Int64).alias(ROW))
    beyond = numbered.slice(form.header_row)
    return beyond.filter(beyond.drop(ROW).select(filled).to_series())


def _check_characters(table: pl.DataFrame, problems: Problems) -> None:
    """Control characters, invisible characters and the mark of lost text do not belong in a register."""
    for column in table.columns:
        if column == ROW:
            continue
        wrong = table.filter(pl.col(column).str.contains(_FORBIDDEN)).head(MOST_PROBLEMS_KEPT)
        for row, value in wrong.select(ROW, column).iter_rows():
            problems.add("control_character", row=row, column=column, value=ascii(value)[:80])
