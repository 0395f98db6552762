"""What a briefing is made of: sentences, figures, tables, charts and breaks, in order, frozen and in no language yet.

Whoever draws them (screen, PDF, DOCX, PPTX, XLSX) computes nothing and asks the store nothing: words come of `words.say`, the cells
of tables of `Column.write`. What refuses to be made here would be a mistake on paper: every rule raises ValueError.

A new screen or page begins at each `Break`, whose heading says what it says; the blocks up to the next one belong to it. A
`Sentence` comes with `details`, the smaller lines under it. Nothing that the reader may not see is in a block: how much was left
out is said by a sentence of kind `note`, and counted in `Source.hidden`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import math
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Literal, get_args

import polars as pl

from kpi.briefing.codes import Code
from kpi.indicators.lights import LIGHTS
from words.phrases import Kept, Listed, Named, Phrase, Quantity, Value, say

Unit = Literal["count", "percent", "days", "points"]
CellKind = Literal["text", "title", "phrase", "code", "number", "percent", "days", "date", "light", "flag"]
ChartKind = Literal["bars", "ranges", "stacked", "lines", "tiles"]
Alignment = Literal["left", "right", "centre"]

CELL_TYPES: Final[dict[CellKind, tuple[type[pl.DataType], ...]]] = {
    "text": (pl.String,),
    "title": (pl.String,),
    "phrase": (pl.String,),
    "code": (pl.String,),
    "number": (pl.Int64, pl.Float64, pl.Int32, pl.UInt32),
    "percent": (pl.Float64,),
    "days": (pl.Int64, pl.Float64),
    "date": (pl.Date,),
    "light": (pl.String,),
    "flag": (pl.Boolean,),
}
"""What a column of a table may be made of."""

RIGHT: Final = ("number", "percent", "days")
_ROUNDING: Final = 1e-9


class SentenceKind(StrEnum):
    """What a sentence does: says how things stand, what changed, what made it so, who stands out, what was never so before, what is
    to be minded, what is asked for; or a note on what was left out or how it was counted."""

    STANDING = "standing"
    CHANGE = "change"
    DRIVER = "driver"
    OUTLIER = "outlier"
    RECORD = "record"
    WARNING = "warning"
    ASK = "ask"
    NOTE = "note"


@dataclasses.dataclass(frozen=True)
class Source:
    """Where what is said comes from: the query, as it could be asked again, and the agreements behind it.

    `counts` names the frame of `Facts` (agreements, reports, blockers), `statistic` a KPI or what was counted, `where` the
    condition on that frame as text. `refs` are the references of the agreements behind it that the reader may see, in order;
    `hidden` is how many there are besides.
    """

    statistic: str
    counts: str
    where: str
    as_of: dt.date
    known_on: dt.date | None = None
    compared_with: dt.date | None = None
    refs: tuple[str, ...] = ()
    hidden: int = 0

    def __post_init__(self) -> None:
        if self.hidden < 0 or len(set(self.refs)) != len(self.refs):
            raise ValueError(f"{self.statistic}: rows behind it told twice, or less than none hidden")


@dataclasses.dataclass(frozen=True)
class Sentence:
    """One thing said. `about` is whom it is about, where somebody could ask for it: an agency, partner or agreement (`ref`)."""

    code: Code
    kind: SentenceKind
    says: Phrase
    source: Source
    details: tuple[Phrase, ...] = ()
    light: str | None = None
    about: Named | None = None

    def __post_init__(self) -> None:
        _check_light(self.light, str(self.code))


@dataclasses.dataclass(frozen=True)
class Figure:
    """One number with what it is called. `value` None: not available. `denominator`: of how many; None where it is a plain count.

    `low` and `high` are its 95 % interval, `change` the difference from `source.compared_with`, all in its unit. `is_settled`: its
    light is the same anywhere in the interval.
    """

    code: Code
    label: Phrase
    value: float | None
    unit: Unit
    source: Source
    digits: int = 0
    denominator: int | None = None
    light: str | None = None
    is_settled: bool = True
    low: float | None = None
    high: float | None = None
    change: float | None = None

    def __post_init__(self) -> None:
        wrong = []
        numbers = [x for x in (self.value, self.low, self.high, self.change) if x is not None]
        if self.unit not in get_args(Unit):
            wrong.append(f"no unit {self.unit}")
        if any(math.isnan(x) for x in numbers) or (self.value is not None and math.isinf(self.value)):
            wrong.append("not a number")
        if self.denominator is not None and self.denominator < 0:
            wrong.append("of less than none")
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if self.value is not None and not low - _ROUNDING <= self.value <= high + _ROUNDING:
            wrong.append("outside its interval")
        if self.change is not None and self.source.compared_with is None:
            wrong.append("a change since no day")
        if wrong:
            raise ValueError(f"{self.code}: {'; '.join(wrong)}")
        _check_light(self.light, str(self.code))

    @property
    def quantity(self) -> Quantity:
        """The value, to be said."""
        return Quantity(self.value, self.unit, self.digits)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table: its heading is a key of the catalogs, `of` the kind of names of its codes (as in `words.name`).

    text: the same in every language. title: a text that the register keeps, in the columns `<name>_vi` and `<name>_en`. phrase:
    keys of the catalogs. code: codes of the kind `of`. number, percent (0 to 100), days, date, light, flag: what they say.
    """

    name: str
    heading: str
    kind: CellKind = "text"
    of: str = ""
    short: bool = False
    digits: int = 0
    wide: bool = False
    """Whether it needs more room than the others."""
    aside: bool = False
    """Whether it is left to paper and sheets where there is little room, as on a screen at the front of a room."""

    @property
    def alignment(self) -> Alignment:
        """How its cells stand."""
        return "right" if self.kind in RIGHT else "left"

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns of the frame it is made of."""
        return (f"{self.name}_vi", f"{self.name}_en") if self.kind == "title" else (self.name,)

    def check(self, frame: pl.DataFrame) -> None:
        """Raises ValueError where the frame has not what this column shows."""
        for field in self.fields:
            if field not in frame.columns:
                raise ValueError(f"no column {field} in a frame of {', '.join(frame.columns)}")
            if frame.schema[field] not in CELL_TYPES[self.kind]:
                raise ValueError(f"column {field} of {frame.schema[field]} cannot be shown as {self.kind}")
        if (self.kind == "code") != bool(self.of):
            raise ValueError(f"column {self.name}: codes are of a kind, and nothing else is")

    def value(self, row: dict[str, object]) -> Value | None:
        """What a row says in this column, to be said; None where it says nothing."""
        held = row[self.fields[0]]
        if self.kind == "title":
            return Kept(*(str(row[field] or "") for field in self.fields))
        if held is None:
            return None
        match self.kind:
            case "code":
                return Named(self.of, str(held), self.short)
            case "light":
                return Named("light", str(held))
            case "phrase":
                return Phrase(str(held))
            case "flag":
                return Phrase("common.yes" if held else "common.no")
            case "date":
                assert isinstance(held, dt.date)
                return held
            case "number" | "percent" | "days":
                assert isinstance(held, int | float)
                return Quantity(float(held), "count" if self.kind == "number" else self.kind, self.digits)
            case _:
                return str(held)

    def write(self, row: dict[str, object]) -> str:
        """The cell as it is read, in the reader's language; empty where it says nothing."""
        value = self.value(row)
        return "" if value is None else say(value)


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Rows in their order. `left_out`: how many more there are that have no room here (a sheet shows all of `frame`).

    `shown`: how many rows a screen or page shows; the rest of the frame is for those who ask (sheets, appendices).
    """

    code: Code
    caption: Phrase
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    source: Source
    shown: int | None = None
    left_out: int = 0

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError(f"{self.code}: a table without columns")
        for column in self.columns:
            column.check(self.frame)
        if self.left_out < 0 or (self.shown is not None and self.shown < 1):
            raise ValueError(f"{self.code}: less than nothing left out, or nothing shown")

    @property
    def head(self) -> pl.DataFrame:
        """The rows that a screen or page shows."""
        return self.frame if self.shown is None else self.frame.head(self.shown)

    def cells(self) -> list[list[str]]:
        """The shown rows as they are read, in the reader's language."""
        return [[column.write(row) for column in self.columns] for row in self.head.iter_rows(named=True)]


@dataclasses.dataclass(frozen=True, eq=False)
class Chart:
    """A chart as it is declared; `title` is its message and `alt` what it shows, for who cannot see it.

    bars: a bar per row of `category` as long as `value`. ranges: a point at `value` with a line from the columns `low` to `high`.
    stacked: bars of parts, one for each `series`. lines: `value` over `category` (days), a line for each `series`. tiles: a tile
    per row in columns `across` and `down`. `light` is a column of lights that colours; always with the words of `value` beside it.
    """

    code: Code
    kind: ChartKind
    title: Phrase
    alt: Phrase
    frame: pl.DataFrame
    category: Column
    value: Column
    source: Source
    series: Column | None = None
    low: str | None = None
    high: str | None = None
    light: str | None = None

    def __post_init__(self) -> None:
        for column in (self.category, self.value, *((self.series,) if self.series else ())):
            column.check(self.frame)
        if self.value.kind not in ("number", "percent", "days"):
            raise ValueError(f"{self.code}: a chart of what is no number")
        needed = [self.low, self.high] if self.kind == "ranges" else ["across", "down"] if self.kind == "tiles" else []
        lacking = [name for name in (*needed, *((self.light,) if self.light else ())) if name not in self.frame.columns]
        if lacking or (self.series is None) == (self.kind == "stacked"):
            raise ValueError(f"{self.code}: {self.kind} without what they are drawn from ({lacking})")


@dataclasses.dataclass(frozen=True)
class Break:
    """A new screen or page; `name` is its part of an address, `heading` what the page says."""

    name: str
    heading: Sentence


Block = Break | Sentence | Figure | Table | Chart


@dataclasses.dataclass(frozen=True)
class Reader:
    """For whom a briefing is made: a role and, where it sees one agency's agreements only, that agency's key."""

    role: str
    limited_to: str | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Briefing:
    """A briefing of one preset (`subject`: the agency or partner of a preset that is about one), for one reader, of one day.

    `register` is what the register is called, `rules_hash` the mark of the rules in force, `data_version` that of the data.
    """

    preset: str
    subject: Named | None
    title: Phrase
    reader: Reader
    register: Kept
    as_of: dt.date
    known_on: dt.date | None
    data_version: int
    rules_hash: str
    is_demo: bool
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.blocks or not isinstance(self.blocks[0], Break):
            raise ValueError(f"{self.preset}: a briefing begins with a break")
        names = [block.name for block in self.blocks if isinstance(block, Break)]
        codes = [str(block.code) for block in self.coded()]
        for what, held in (("screens", names), ("codes", codes)):
            twice = sorted({one for one in held if held.count(one) > 1})
            if twice:
                raise ValueError(f"{self.preset}: {what} named twice: {', '.join(twice)}")

    def coded(self) -> Iterator[Sentence | Figure | Table | Chart]:
        """Everything that has a code, the headings of screens among it, in order."""
        for block in self.blocks:
            yield block.heading if isinstance(block, Break) else block

    def screens(self) -> tuple[tuple[Break, tuple[Sentence | Figure | Table | Chart, ...]], ...]:
        """Each break with the blocks up to the next."""
        found: list[tuple[Break, list[Sentence | Figure | Table | Chart]]] = []
        for block in self.blocks:
            if isinstance(block, Break):
                found.append((block, []))
            else:
                found[-1][1].append(block)
        return tuple((begins, tuple(held)) for begins, held in found)

    def find(self, code: Code) -> Sentence | Figure | Table | Chart | None:
        """What carries a code."""
        return next((block for block in self.coded() if block.code == code), None)

    @property
    def sha256(self) -> str:
        """The hash of everything in it: the same facts, reader and preset give the same, whatever the language."""
        told = json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


def _check_light(light: str | None, code: str) -> None:
    if light is not None and light not in LIGHTS:
        raise ValueError(f"{code}: no light {light}")


def _plain(value: object) -> object:
    """A value as lists and texts, in the order of its fields."""
    if isinstance(value, pl.DataFrame):
        kinds = [f"{name}:{kind}" for name, kind in value.schema.items()]
        return [kinds, [[_plain(cell) for cell in row] for row in value.iter_rows()]]
    if isinstance(value, Code | dt.date):
        return str(value)
    if dataclasses.is_dataclass(value):
        return [
            type(value).__name__,
            *(_plain(getattr(value, field.name)) for field in dataclasses.fields(value)),
        ]
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no place in a briefing")


__all__ = [
    "Block",
    "Break",
    "Briefing",
    "CellKind",
    "Chart",
    "ChartKind",
    "Column",
    "Figure",
    "Kept",
    "Listed",
    "Named",
    "Phrase",
    "Quantity",
    "Reader",
    "Sentence",
    "SentenceKind",
    "Source",
    "Table",
    "Unit",
    "say",
]
