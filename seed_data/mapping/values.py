"""Values of a mapping worked out for a whole table at once: texts, codes, yes and no, dates."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping

import polars as pl

from seed_data.mapping.declaration import DateColumn, MappingDeclaration, Value
from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, Problems
from seed_data.mapping.source import ROW

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
"""A date outside these is a slip of the pen."""

_DATE_CELL = "%Y-%m-%d %H:%M:%S"
"""How a date cell of a workbook comes as text."""

_YES_NO = {
    **dict.fromkeys(("true", "yes", "y", "1", "x", "có", "co", "đúng"), True),
    **dict.fromkeys(("false", "no", "n", "0", "không", "khong", "sai"), False),
}


class Table:
    """The records of a file, read through a mapping; what is wrong with a value is noted in `problems`."""

    def __init__(self, frame: pl.DataFrame, declaration: MappingDeclaration, problems: Problems) -> None:
        empties = [tidy(text) for text in declaration.empty]
        texts = pl.exclude(ROW)
        self.frame = frame.with_columns(pl.when(texts.is_in(empties)).then(pl.lit("")).otherwise(texts).name.keep())
        self.rows: pl.Series = self.frame[ROW]
        self.problems = problems
        self._mapping = declaration

    def check_columns(self) -> None:
        """Note every column that the mapping names and the file does not have."""
        there = [column for column in self.frame.columns if column != ROW]
        for column, key in self._mapping.columns().items():
            if column not in there:
                near = difflib.get_close_matches(column, there, n=3, cutoff=0.6)
                self.problems.add(
                    "column_missing",
                    row=self._mapping.form.header_row,
                    column=column,
                    used_by=key,
                    mapping=self._mapping.name,
                    near=", ".join(near or there[:20]),
                )

    def texts(self, value: Value, key: str) -> pl.Series:
        """The value of every record as text, through its map and default; empty where there is none."""
        if value.column is None:
            return pl.repeat(value.constant or "", len(self.rows), dtype=pl.String, eager=True).alias(key)
        given = self.frame[value.column]
        result = given
        if value.values is not None:
            known = {tidy(text): mapped for text, mapped in value.values.items()}
            result = given.replace_strict({"": "", **known}, default=None, return_dtype=pl.String)
            self.note("value_not_in_map", result.is_null(), column=value.column, value=given, known=_few(known))
            result = result.fill_null("")
        if value.default is not None:
            default = pl.repeat(value.default, len(result), dtype=pl.String, eager=True)
            result = result.zip_with(result != "", default)
        return result.alias(key)

    def codes(self, value: Value, key: str, known: Mapping[str, str]) -> pl.Series:
        """The same as codes, null where empty. `known` maps every accepted spelling, in lower case, to its code."""
        texts = self.texts(value, key)
        codes = texts.str.to_lowercase().replace_strict({"": None, **known}, default="", return_dtype=pl.String)
        self._refuse(codes == "", texts, value, key, "unknown_code", known=_few(dict.fromkeys(known.values(), "")))
        return codes

    def yes_no(self, value: Value, key: str, *, default: pl.Series) -> pl.Series:
        """The same as booleans; `default` where empty."""
        texts = self.texts(value, key)
        words = texts.str.to_lowercase()
        flags = words.replace_strict({"": None, **_YES_NO}, default=None, return_dtype=pl.Boolean)
        self._refuse(flags.is_null() & (words != ""), texts, value, key, "not_yes_no")
        return flags.zip_with(flags.is_not_null(), default).alias(key) if len(flags) else flags

    def dates(self, date: DateColumn) -> pl.Series:
        """A column of dates, null where empty; what is not a date, or could be two, is a problem."""
        texts = self.frame[date.column]
        readings = [
            texts.str.to_datetime(form, strict=False, time_unit="us").dt.date() for form in (*date.formats, _DATE_CELL)
        ]
        frame = pl.DataFrame([reading.alias(str(place)) for place, reading in enumerate(readings)])
        first, last = frame.select(low=pl.min_horizontal(pl.all()), high=pl.max_horizontal(pl.all()))
        filled = texts != ""
        serial = filled & first.is_null() & texts.str.contains(r"^\d{4,6}(\.\d+)?$")
        wanted = _few(dict.fromkeys((dt.date(2024, 2, 29).strftime(form) for form in date.formats), ""))
        self.note("date_serial", serial, column=date.column, value=texts, wanted=wanted)
        self.note("not_a_date", filled & first.is_null() & ~serial, column=date.column, value=texts, wanted=wanted)
        self.note("date_ambiguous", (first != last).fill_null(False), column=date.column, value=texts)
        far = ~first.is_between(EARLIEST, LATEST).fill_null(True)
        self.note("date_out_of_range", far, column=date.column, value=texts, first=EARLIEST, last=LATEST)
        return first

    def note(self, code: str, wrong: pl.Series, *, column: str, value: pl.Series, **params: object) -> None:
        """A problem for each record marked in `wrong`, as far as they are worth listing."""
        marked = (
            pl.DataFrame({"row": self.rows, "value": value}).filter(wrong.fill_null(False)).head(MOST_PROBLEMS_KEPT)
        )
        for row, text in marked.iter_rows():
            self.problems.keep(code, row, column, text, params)

    def _refuse(self, wrong: pl.Series, texts: pl.Series, value: Value, key: str, code: str, **params: object) -> None:
        """Note wrong values in the file, or once in the mapping where it gives the value itself."""
        if value.column is not None:
            self.note(code, wrong, column=value.column, value=texts, **params)
        elif wrong.any():
            self.problems.keep(code, None, key, value.constant, params)


def tidy(text: str) -> str:
    """A text of a mapping in the form that texts of a file are given; the mapping is in normal form C already."""
    return text.strip()


def spellings(frame: pl.DataFrame) -> dict[str, str]:
    """What a list's entries may be called, in lower case, to their codes; a name that two of them share is left out."""
    stacked = pl.concat(
        frame.select(text=pl.col(name).str.to_lowercase(), code="code") for name in ("name_vi", "name_en")
    )
    names = stacked.group_by("text").agg(pl.col("code").unique()).filter(pl.col("code").list.len() == 1).explode("code")
    return {**dict(names.iter_rows()), **{own.lower(): own for own in frame["code"]}}


def _few(items: Mapping[str, str]) -> str:
    shown = list(items)[:20]
    return ", ".join(shown) + (", ..." if len(items) > len(shown) else "")
