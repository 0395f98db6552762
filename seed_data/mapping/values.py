"""Values of a mapping worked out for a whole table at once: texts, codes, yes and no, dates."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable
from typing import Literal

import polars as pl

from kpi.names import Names
from seed_data.mapping.declaration import ColumnSettings, DateColumn, MappingDeclaration, Value
from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, Problems
from seed_data.mapping.source import ROW

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
"""A date outside these is a slip of the pen."""

_DATE_CELL = "%Y-%m-%d %H:%M:%S"
"""How a date cell of a workbook comes as text."""

_YES_NO = Names(
    [("yes", ("true", "yes", "y", "1", "x", "có", "đúng")), ("no", ("false", "no", "n", "0", "không", "sai"))]
)

EXAMPLES = 5
"""So many rows are named of those that carry a wrong value."""


class Table:
    """The records of a file, read through a mapping; what is wrong with a value is noted in `problems`."""

    def __init__(self, frame: pl.DataFrame, declaration: MappingDeclaration, problems: Problems) -> None:
        self.frame = frame.with_columns(
            pl.when(pl.col(column).is_in(_empties(declaration, column)))
            .then(pl.lit(""))
            .otherwise(column)
            .alias(column)
            for column in frame.columns
            if column != ROW
        )
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

    def check_decided(self) -> None:
        """Note every text of a column that conditions compare which the mapping does not say, and every text it says of a column
        that never occurs there."""
        compared, divided = self._mapping.compared(), self._mapping.divided()
        for column in self.frame.columns:
            listed = [tidy(text) for text in self._mapping.listed(column)]
            if column == ROW or not (listed or column in compared):
                continue
            cells = self.frame[column]
            if column in compared:
                undecided = decided(cells, listed).is_null()
                self.note("value_undecided", undecided, column=column, value=cells, known=_few(listed))
            if self._mapping.settings.get(column, ColumnSettings()).may_lack:
                continue
            occurring = cells.unique()
            for separator in divided.get(column, ()):
                occurring = occurring.append(cells.str.split(separator).explode().str.strip_chars())
            met = set(decided(occurring.unique(), listed))
            excused = {*self._texts_of(column, "optional"), ""}
            for text in dict.fromkeys(listed):
                if text not in met | excused:
                    self.problems.add_to_mapping(self._mapping.name, "value_never_occurs", column=column, value=text)

    def texts(self, value: Value, key: str) -> pl.Series:
        """The value of every record as text, through its map and default; empty where there is none."""
        if value.column is None:
            return pl.repeat(value.constant or "", len(self.rows), dtype=pl.String, eager=True).alias(key)
        return self.through(value, self.frame[value.column], self.rows).alias(key)

    def through(self, value: Value, given: pl.Series, rows: pl.Series, *, is_whole: bool = True) -> pl.Series:
        """Texts of a value's column through its map and default. `rows` says where each stands. A text that is not in the map is
        a problem where the map `is_whole`, else stays as it is."""
        column, result = str(value.column), given
        if value.values is not None:
            known = {tidy(text): mapped for text, mapped in value.values.items()}
            ignored = self._texts_of(column, "ignore")
            found = {"": "", **dict.fromkeys(ignored, ""), **known}
            result = decided(given, [*known, *ignored]).replace_strict(found, default=None, return_dtype=pl.String)
            if is_whole:
                missing = result.is_null()
                self.note("value_not_in_map", missing, column=column, value=given, rows=rows, known=_few(known))
            result = result.fill_null("") if is_whole else result.zip_with(result.is_not_null(), given)
        if value.default is not None:
            result = result.zip_with(result != "", pl.repeat(value.default, len(result), dtype=pl.String, eager=True))
        return result

    def not_ignored(self, value: Value, given: pl.Series) -> pl.Series:
        """The same texts, those that the mapping ignores in their column empty. (A map sees to that by itself.)"""
        is_mapped = value.column is None or value.values is not None
        ignored = [] if is_mapped else self._texts_of(str(value.column), "ignore")
        if not ignored:
            return given
        return given.zip_with(decided(given, ignored).is_null(), pl.repeat("", len(given), dtype=pl.String, eager=True))

    def codes(self, value: Value, key: str, known: Names) -> pl.Series:
        """The same as codes, null where empty or ignored."""
        texts = self.not_ignored(value, self.texts(value, key))
        found = {**known.codes(texts.unique()), "": None}
        codes = texts.replace_strict(found, default="", return_dtype=pl.String)
        self._refuse(codes == "", texts, value, key, "unknown_code", known=_few(known))
        return codes

    def yes_no(self, value: Value, key: str, *, default: pl.Series) -> pl.Series:
        """The same as booleans; `default` where empty or ignored."""
        texts = self.not_ignored(value, self.texts(value, key))
        said = {text: code == "yes" for text, code in _YES_NO.codes(texts.unique()).items()}
        flags = texts.replace_strict({**said, "": None}, default=None, return_dtype=pl.Boolean)
        self._refuse(flags.is_null() & (texts != ""), texts, value, key, "not_yes_no")
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
        wanted = _few(dt.date(2024, 2, 29).strftime(form) for form in date.formats)
        self.note("date_serial", serial, column=date.column, value=texts, wanted=wanted)
        self.note("not_a_date", filled & first.is_null() & ~serial, column=date.column, value=texts, wanted=wanted)
        self.note("date_ambiguous", (first != last).fill_null(False), column=date.column, value=texts)
        far = ~first.is_between(EARLIEST, LATEST).fill_null(True)
        self.note("date_out_of_range", far, column=date.column, value=texts, first=EARLIEST, last=LATEST)
        return first

    def note(
        self,
        code: str,
        wrong: pl.Series,
        *,
        column: str,
        value: pl.Series,
        rows: pl.Series | None = None,
        **params: object,
    ) -> None:
        """A problem for each different value marked in `wrong`; beyond what is worth listing, one for all the others together."""
        found = by_value(self.rows if rows is None else rows, value, wrong)
        for text, count, first in found.head(MOST_PROBLEMS_KEPT).iter_rows():
            self.problems.add_value(code, column=column, value=text, count=count, rows=first, **params)
        others = found.slice(MOST_PROBLEMS_KEPT)
        if others.height:
            count, first = int(others["count"].sum()), others["rows"].list.first().head(EXAMPLES).to_list()
            self.problems.add_value(
                "further_values", column=column, value=others["value"][0], count=count, rows=first, number=others.height
            )

    def _texts_of(self, column: str, setting: Literal["ignore", "optional"]) -> list[str]:
        settings = self._mapping.settings.get(column, ColumnSettings())
        return [tidy(text) for text in (settings.ignore if setting == "ignore" else settings.optional)]

    def _refuse(self, wrong: pl.Series, texts: pl.Series, value: Value, key: str, code: str, known: str = "") -> None:
        """Note wrong values in the file, or once in the mapping where it gives the value itself."""
        if value.column is not None:
            self.note(code, wrong, column=value.column, value=texts, known=known)
        elif wrong.any():
            self.problems.keep(code, None, key, value.constant, {"known": known})


def tidy(text: str) -> str:
    """A text of a mapping in the form that texts of a file are given; the mapping is in normal form C already."""
    return text.strip()


def decided(cells: pl.Series, listed: Iterable[str]) -> pl.Series:
    """Each cell as the text of `listed` that it is, found as `kpi.names` finds names; null where it is none of them, an empty
    text where the cell is empty."""
    known = Names((text, [text]) for text in dict.fromkeys(listed))
    return cells.replace_strict({**known.codes(cells.unique()), "": ""}, default=None, return_dtype=pl.String)


def by_value(rows: pl.Series, value: pl.Series, wrong: pl.Series) -> pl.DataFrame:
    """The different values marked in `wrong`, in the order of the file: value, count, rows (the first that carry it)."""
    marked = pl.DataFrame({"row": rows, "value": value}).filter(wrong.fill_null(False))
    return marked.group_by("value", maintain_order=True).agg(count=pl.len(), rows=pl.col("row").head(EXAMPLES))


def named(frame: pl.DataFrame) -> Names:
    """A list of the store with what its entries are called."""
    return Names((code, names) for code, *names in frame.select("code", "name_vi", "name_en").iter_rows())


def _empties(declaration: MappingDeclaration, column: str) -> list[str]:
    """The texts that mean nothing in a column: those said of it, else those said of the whole file."""
    own = declaration.settings.get(column, ColumnSettings()).empty
    return [tidy(text) for text in own or declaration.empty]


def _few(items: Iterable[str]) -> str:
    different = list(dict.fromkeys(items))
    return ", ".join(different[:20]) + (", ..." if len(different) > 20 else "")
