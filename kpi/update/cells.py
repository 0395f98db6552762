"""Cells as texts to values as texts: one spelling for each value, or a fault that says what is wrong with the cell.

A value stays a text because that is what is compared, shown and kept in the history of a batch: dates as `2026-01-31`,
percentages as `37.5`, choices by their code. Turning such a text into a date or number cannot fail any more.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import polars as pl

from files import Limits
from files.text import canonical, legible, unfit
from kpi.names import Names
from kpi.update.choices import Choice
from kpi.update.problems import OR, Problem, told
from kpi.vocabulary import REPORT_FIELDS
from words.letters import bare_expr

ROW = "row"
"""The column that carries each row's number in the file."""

EARLIEST, LATEST = dt.date(1945, 1, 1), dt.date(2100, 12, 31)
"""No day outside these can be meant: the first agreements of the state are from 1945."""

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DAY_FIRST = r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$"
_SHORT = r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$"
_YEAR_LAST = r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.][0-9]{4}$"
_PERCENT = r"^([0-9]{1,3})(?:[.,]([0-9]{1,2}))? ?%?$"
_MIDNIGHT = r"(?:[T ]0?0:00(?::00(?:[.,]0+)?)?Z?| 12:00(?::00)? ?(?:AM|SA))$"
"""A day as some programs write it: with the moment it begins (`SA` is the morning in Vietnamese)."""

_WITH_TIME = r"^(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})[T ]+[0-9]{1,2}:[0-9]{2}"
_WHOLE = r"[.,]0+$"
_ERROR = (
    r"^(?:#(?:N/A|NA|NAME\?|REF!|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BUSY!|GETTING_DATA|CONNECT!|BLOCKED!|UNKNOWN!|#+)"
    r"|Err:[0-9]{3})$"
)
_CLEARS = r"^[\[\(\{]\s*(?:xoa|clear)\s*[\]\)\}]$"
_AMONG_WORDS = re.compile(r"[0-9]+(?:[.,/][0-9]+)*")
_SHARE = re.compile(r"1|[0-9]?[.,][0-9]{1,6}")
_NUMBER = r"^[0-9]{1,15}$"
_LINK = r"^(?i:https?)://[^\s<>\"'\\^`{|}]+$"
_SERIALS_MEANT = range(
    14_611, 73_051
)  # 1940 to 2099: outside, a number would hardly be a date that a spreadsheet counted
_PARTED = re.compile(r"([0-9]{1,4})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{1,4})")


_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_IN_WORDS: Final = (
    re.compile(r"(?i)\b(?P<day>[0-9]{1,2})\s+tháng\s+(?P<month>[0-9]{1,2})[\s,]+năm\s+(?P<year>[0-9]{4})\b"),
    re.compile(rf"(?i)\b(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH_NAME}[\s,-]+(?P<year>[0-9]{{4}})\b"),
    re.compile(rf"(?i)\b{_MONTH_NAME}\s+(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?[\s,]+(?P<year>[0-9]{{4}})\b"),
)


def cleaned(frame: pl.DataFrame, limits: Limits) -> tuple[pl.DataFrame, list[Problem]]:
    """Texts in their one spelling, blank ones null, in reports also those that say nothing; and cells that hold what none may."""
    found = [told(problem) for problem in unfit(frame, limits, row=ROW)]
    columns = [name for name in frame.columns if name != ROW]
    if not columns:
        return frame, found
    # As one long column: what is done to each of forty takes as long for a few rows as for all of them together.
    every = pl.concat([frame[name].rename("text") for name in columns], rechunk=True).to_frame()
    plain = every.select(canonical(pl.col("text")).replace("", None)).to_series()
    clean = frame.with_columns(
        plain.slice(place * frame.height, frame.height).alias(name) for place, name in enumerate(columns)
    )
    texts = [name for name in REPORT_FIELDS if name in frame.columns]
    return clean.with_columns(
        pl.when(pl.col(name).str.contains(_ERROR)).then(name).otherwise(legible(pl.col(name))).alias(name)
        for name in texts
    ), found


def parsed(cells: pl.DataFrame, lists: Mapping[str, Sequence[Choice]]) -> pl.DataFrame:
    """`cells` (column, kind, choices, text, ...) with `value` (null where there is a fault or the cell empties), `fault`
    (a problem's code, or null) and `clears`."""
    text = pl.col("text")
    cells = cells.with_columns(clears=bare_expr(text).str.contains(_CLEARS))
    texts = cells.filter(~pl.col("clears")).select("column", "kind", "choices", "text").unique()
    read = pl.concat(
        [
            _texts(texts.filter(pl.col("kind") == "text")),
            _matching(texts.filter(pl.col("kind") == "link"), _LINK, text, "link"),
            _numbers(texts.filter(pl.col("kind") == "number")),
            _percents(texts.filter(pl.col("kind") == "percent")),
            _dates(texts.filter(pl.col("kind") == "date")),
            _choices(texts.filter(pl.col("kind") == "choice"), lists),
        ]
    )
    return cells.join(read, on=["column", "text"], how="left", maintain_order="left")


def _texts(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select("column", "text", value="text", fault=pl.lit(None, pl.String))


def _matching(cells: pl.DataFrame, pattern: str, value: pl.Expr, fault: str) -> pl.DataFrame:
    fits = pl.col("text").str.contains(pattern)
    return cells.select("column", "text", value=pl.when(fits).then(value), fault=pl.when(~fits).then(pl.lit(fault)))


def _numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers, also as programs write them that know no others than 180.0."""
    whole = pl.col("text").str.replace(_WHOLE, "")
    fits = whole.str.contains(_NUMBER)
    value = pl.when(fits).then(_without_zeros(whole))
    return cells.select("column", "text", value=value, fault=pl.when(~fits).then(pl.lit("number")))


def is_error(text: pl.Expr) -> pl.Expr:
    """Whether a text is what a spreadsheet shows in place of a value it could not work out or has no room for."""
    return text.str.contains(_ERROR)


def _without_zeros(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^0+([0-9])", "${1}")


# --- Percentages -----------------------------------------------------------------------------------------------------


def _percents(cells: pl.DataFrame) -> pl.DataFrame:
    """0 to 100 with at most two decimals, decimal comma or point, with or without the sign.

    Below 1 the sign is asked for: 0.55 without it may be a spreadsheet's way of keeping 55%, and where it is, 1 may be 100%.
    """
    whole, decimals, number = pl.col("whole"), pl.col("decimals"), pl.col("number")
    parts = cells.select(
        "column", "text", plain=pl.col("text").str.replace(r"([.,][0-9]{1,2})0+( ?%?)$", "${1}${2}")
    ).with_columns(
        whole=_without_zeros(pl.col("plain").str.extract(_PERCENT, 1)),
        decimals=pl.col("plain").str.extract(_PERCENT, 2).fill_null("").str.strip_chars_end("0"),
    )
    # Step by step: an expression that names another one several times works it out as often.
    read = (
        parts.with_columns(value=pl.when(decimals == "").then(whole).otherwise(whole + "." + decimals))
        .with_columns(number=pl.col("value").cast(pl.Float64, strict=False))
        .with_columns(is_share=(number > 0) & (number < 1) & ~pl.col("text").str.ends_with("%"))
    )
    is_share = pl.col("is_share")
    fault = (
        pl.when(number.is_null())
        .then(pl.lit("percent"))
        .when(number > 100)
        .then(pl.lit("percent_range"))
        .when(is_share | ((number == 1) & is_share.any() & ~pl.col("text").str.ends_with("%")))
        .then(pl.lit("percent_share"))
    )
    good = pl.col("fault").is_null()
    return read.with_columns(fault=fault).select("column", "text", value=pl.when(good).then("value"), fault="fault")


def percent_suggestion(text: str) -> str | None:
    """The percentage that was probably meant: a share of one (`0.55` -> `55`), or the only number within words (`khoảng 30`);
    None where nothing is likely."""
    if _SHARE.fullmatch(text) is None:
        numbers = _AMONG_WORDS.findall(text)
        one = numbers[0] if len(numbers) == 1 and "-" not in text else ""
        return one if one != text and one.isdecimal() and len(one) <= 3 and int(one) <= 100 else None
    share = Decimal(text.replace(",", "."))
    return f"{(share * 100).normalize():f}" if 0 < share <= 1 else None


def percent_text(number: pl.Expr) -> pl.Expr:
    """A number as `parsed` would spell it."""
    return number.cast(pl.String).str.replace(r"\.0$", "")


# --- Dates -----------------------------------------------------------------------------------------------------------


def _dates(cells: pl.DataFrame) -> pl.DataFrame:
    """ISO dates and dd/mm/yyyy, with midnight or without; d/m/yyyy where it can be read in one way only.

    A date with the month first betrays itself only when its day is above 12. So one that does makes every date of its column
    that could be read either way doubtful, and those are refused with it: otherwise putting right the one that was found
    would let the others in as other days than were meant.
    """
    text, first, second, day = (pl.col(name) for name in ("plain", "first", "second", "day"))
    parts = cells.select("column", "text", plain=pl.col("text").str.replace(_MIDNIGHT, "")).with_columns(
        *(text.str.extract(_YEAR_LAST, part).cast(pl.Int8).alias(name) for part, name in ((1, "first"), (2, "second"))),
        iso=text.str.contains(_ISO),
    )
    one_way = text.str.contains(_SHORT) & ((first > 12) | (first == second)).fill_null(False)
    parts = parts.with_columns(day_first=text.str.contains(_DAY_FIRST) | one_way).with_columns(
        either_way=((first <= 12) & (second <= 12) & (first != second)).fill_null(False),
        month_first=(pl.col("day_first") & (first <= 12) & (second > 12)).any().over("column"),
        day=pl.coalesce(
            pl.when("iso").then(text.str.to_date("%Y-%m-%d", strict=False)),
            pl.when("day_first").then(text.str.to_date("%d/%m/%Y", strict=False)),
        ),
    )
    either_way, month_first = pl.col("either_way"), pl.col("month_first")
    written_well = pl.col("day_first") | pl.col("iso")
    fault = (
        pl.when(written_well & day.is_null())
        .then(pl.lit("date_impossible"))
        .when(text.str.contains("^[0-9]{5}$"))
        .then(pl.lit("date_serial"))
        .when(either_way & (month_first | ~written_well))
        .then(pl.lit("date_ambiguous"))
        .when(text.str.contains(_WITH_TIME))
        .then(pl.lit("date_time"))
        .when(~written_well)
        .then(pl.lit("date_format"))
        .when(~day.is_between(EARLIEST, LATEST))
        .then(pl.lit("date_range"))
    )
    good = pl.col("fault").is_null()
    read = parts.with_columns(fault=fault)
    return read.select("column", "text", value=pl.when(good).then(pl.col("day").dt.to_string()), fault="fault")


def date_suggestion(text: str) -> str | None:
    """What was probably meant by a cell that is no acceptable date, as one or two ISO dates; None where nothing is likely."""
    if text.isdecimal() and len(text) == 5 and int(text) in _SERIALS_MEANT:
        return (dt.date(1899, 12, 30) + dt.timedelta(days=int(text))).isoformat()
    parts = _PARTED.match(text)
    if parts is None or len(_PARTED.findall(text)) > 1:
        return _day_in_words(text)
    first, second, third = (int(part) for part in parts.groups())
    if len(parts[1]) == 4:
        readings = [(first, second, third)]
    else:
        year = third if len(parts[3]) == 4 else 2000 + third
        readings = [(year, second, first), (year, first, second)]
    days = [day for year, month, number in readings if (day := _nearest_day(year, month, number)) is not None]
    return OR.join(dict.fromkeys(day.isoformat() for day in days)) or None


def _day_in_words(text: str) -> str | None:
    """A day as letters are dated: `ngày 12 tháng 01 năm 2026`, `12 January 2026`, `Jan 12, 2026`."""
    for pattern in _IN_WORDS:
        found = pattern.findall(text)
        if len(found) != 1:
            continue
        parts = pattern.search(text)
        assert parts is not None
        name = parts["month"]
        month = int(name) if name.isdecimal() else _MONTHS.get(name[:3].casefold(), 0)
        day = _nearest_day(int(parts["year"]), month, int(parts["day"]))
        return None if day is None else day.isoformat()
    return None


def _nearest_day(year: int, month: int, day: int) -> dt.date | None:
    """The day, or the last one of the month where the month has no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31 and EARLIEST.year <= year <= LATEST.year):
        return None
    next_month = dt.date(year + month // 12, month % 12 + 1, 1)
    return min(dt.date(year, month, 1) + dt.timedelta(days=day - 1), next_month - dt.timedelta(days=1))


# --- Choices ---------------------------------------------------------------------------------------------------------


def _choices(cells: pl.DataFrame, lists: Mapping[str, Sequence[Choice]]) -> pl.DataFrame:
    """A code, or a name in either language, as `kpi.names` says."""
    texts: dict[str, list[str]] = defaultdict(list)
    for name, text in cells.select("choices", "text").iter_rows():
        texts[name].append(text)
    read = [
        (name, text, code)
        for name, said in texts.items()
        for text, code in names_of_choices(lists.get(name, ())).codes(said).items()
    ]
    known = pl.DataFrame(read, schema=dict.fromkeys(("choices", "text", "value"), pl.String), orient="row")
    found = cells.join(known, on=["choices", "text"], how="left")
    return found.select("column", "text", "value", fault=pl.when(pl.col("value").is_null()).then(pl.lit("choice")))


def names_of_choices(choices: Sequence[Choice]) -> Names:
    """A list of choices with everything its entries may be called."""
    return _named(tuple(choices))


@functools.lru_cache(maxsize=32)  # an upload asks for a list of a thousand names once for each of its faults
def _named(choices: tuple[Choice, ...]) -> Names:
    every = (one for choice in choices for one in (choice, *choice.former))
    return Names(
        (
            (one.code, tuple(unicodedata.normalize("NFC", name) for name in (one.vi, one.en, *one.also)))
            for one in every
        ),
        {former.code: choice.code for choice in choices for former in choice.former},
    )


def choice_suggestion(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice that was probably meant by what was typed."""
    meant = names_of_choices(choices).suggest(text)
    return next((choice for choice in choices if choice.code == meant), None)
