"""What the columns of a file seem to be, by their headings and by what is in them. Nothing here decides: a person does."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from kpi.names import Names, squeeze
from kpi.vocabulary import State
from seed_data.mapping.source import ROW
from seed_data.resolve import AgencyResolver, fold

MOST_DECIDING: Final = 120
"""A column of more different texts than this decides nothing: it is names or sentences."""

LEAST_DATES: Final = 0.9
"""Of the filled cells of a column of dates, so many are dates."""

LEAST_NAMES: Final = 0.3
"""Of a column of partners or agencies, so much is known names, where its heading says what it is."""

MOST_NAMES: Final = 0.8
"""So much, where its heading does not; and so many different ones, for some words are codes of partners by chance."""
FEWEST_NAMES: Final = 5

LONGEST_NAMES: Final = 80
"""Half of the texts of a column of names are no longer than this."""

OWN_SIDE: Final = 0.8
"""A party to so many of the agreements is the register's own side."""

FORMS: Final = (
    *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d"),
    *("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%m-%d-%Y"),
)
"""The forms of dates that are looked for, the likelier ones first."""
_DATE_CELL: Final = "%Y-%m-%d %H:%M:%S"
SEPARATORS: Final = (";", "|", "\n", ",", "/")

HEADINGS: Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "ref": ("so", "sohieu", "mavankien", "ma", "ref", "reference", "documentid", "id", "number", "code"),
        "title": ("ten", "tenvankien", "trichyeu", "title", "projectname", "name"),
        "responsible_agency": ("coquan", "chutri", "donvi", "agency", "ministry", "responsible", "borrower"),
        "partner": ("doitac", "partner", "counterparty", "country", "parties", "nuoc", "cacben", "benky"),
        "state": ("tinhtrang", "trangthai", "status", "state"),
        "doc_type": ("loaivankien", "loai", "documenttype", "type", "kind"),
        "sector": ("linhvuc", "sector", "subject", "theme"),
        "scope": ("capky", "scope"),
        "priority": ("uutien", "priority"),
        "flagship": ("trongdiem", "flagship"),
        "deliverable": ("sanpham", "ketqua", "deliverable", "objective", "pdo"),
        "notes": ("ghichu", "notes", "remarks"),
    }
)
"""What headings are called, without marks and spaces, by the part of an agreement; the surer ones first."""

TARGET: Final = "target"

STATE_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        TARGET: ("thoihan", "dukien", "ketthuc", "closing", "target", "due", "deadline", "enddate", "expected"),
        State.SIGNED: ("ngayky", "kyket", "signed", "signing", "signature", "approval"),
        State.IN_FORCE: ("hieuluc", "effective", "eif", "inforce", "entryintoforce"),
        State.IN_PROGRESS: ("trienkhai", "batdau", "start", "begun"),
        State.COMPLETED: ("hoanthanh", "completed", "completion", "done"),
        State.TERMINATED: ("chamdut", "huy", "terminated", "withdrawn", "cancelled", "denounced"),
    }
)
"""What columns of days are called, by the state entered on the day, or `TARGET`."""

STATE_WORDS: Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        State.NEGOTIATING: ("đàm phán", "đang đàm phán", "pipeline", "negotiating", "under negotiation"),
        State.SIGNED: ("đã ký", "signed"),
        State.IN_FORCE: ("có hiệu lực", "đang có hiệu lực", "in force"),
        State.IN_PROGRESS: ("đang làm", "đang triển khai", "đang thực hiện", "active", "ongoing", "in progress"),
        State.COMPLETED: ("xong", "hoàn thành", "đã hoàn thành", "closed", "completed", "done", "implemented"),
        State.SUSPENDED: ("tạm dừng", "suspended", "on hold"),
        State.TERMINATED: ("chấm dứt", "hủy", "đã hủy", "dropped", "cancelled", "terminated"),
        State.EXPIRED: ("hết hiệu lực", "hết hạn", "expired"),
    }
)
"""What people call states; only to name a likely one beside a text."""

LIFE: Final = tuple(STATE_WORDS)
"""The states in the order in which an agreement usually meets them."""


@dataclasses.dataclass(frozen=True)
class Dates:
    """A column of dates: the forms that read it, the texts that no form reads, and those that two forms would read differently."""

    forms: tuple[str, ...]
    unread: pl.DataFrame
    is_open: bool


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: its heading, its different texts with how many rows carry each (value, count; frequent ones first), the dates
    that it holds, and by what its cells seem divided."""

    name: str
    values: pl.DataFrame
    rows: int
    dates: Dates | None
    separator: str | None
    partners: float
    agencies: float

    @property
    def is_unique(self) -> bool:
        """Whether every row has a text of its own."""
        return self.values.height == self.rows

    @property
    def decides(self) -> bool:
        """Whether its texts are few enough to decide something."""
        return 0 < self.values.height <= MOST_DECIDING and self.values.height <= max(self.rows / 2, 10)

    @property
    def length(self) -> float:
        """How long its texts are on average, in letters."""
        return float(self.values["value"].str.len_chars().mean() or 0.0)  # type: ignore[arg-type]


def columns(table: pl.DataFrame, partners: Names, agencies: AgencyResolver) -> list[Column]:
    """The columns of a file in its order."""
    return [_column(table[name], partners, agencies) for name in table.columns if name != ROW]


def parts(column: Column) -> pl.DataFrame:
    """The texts of a column's cells, divided where they are: value, count; frequent ones first."""
    if column.separator is None:
        return column.values
    return (
        column.values.with_columns(pl.col("value").str.split(column.separator))
        .explode("value")
        .with_columns(pl.col("value").str.strip_chars())
        .filter(pl.col("value") != "")
        .group_by("value", maintain_order=True)
        .agg(pl.col("count").sum())
        .sort("count", "value", descending=[True, False])
    )


def roles(found: Sequence[Column], home: frozenset[str]) -> dict[str, Column]:
    """Which column is which part of an agreement, as far as headings and contents tell; `country` is the column that says whose
    agencies the rows' are. `home`: what the country whose agencies the lists hold is called, folded."""
    left = [column for column in found if column.dates is None and column.values.height]
    chosen: dict[str, Column] = {}
    single = [column for column in left if column.values.height == 1 and column.partners == 1 and column.rows > 1]
    if single:
        chosen["country"] = single[0]
        left.remove(single[0])
    for role in HEADINGS:
        fitting = [(score, -place) for place, column in enumerate(left) if (score := _fit(role, column))]
        if fitting:
            chosen[role] = left.pop(-max(fitting)[1])
    partner = chosen.get("partner")
    if partner is not None and partner.separator is None and not home.isdisjoint(map(fold, partner.values["value"])):
        chosen["country"] = partner  # our own among them: the column says whose each row is
    return chosen


def state_of_day(column: Column) -> str | None:
    """The state entered on a column's days, or `target`; None where its heading does not say."""
    return next(
        (state for state, words in STATE_HEADINGS.items() if any(word in _form(column.name) for word in words)), None
    )


def likely_state(text: str) -> str | None:
    """The state that a text probably means."""
    return _STATES.find(text).code


_STATES: Final = Names(STATE_WORDS.items())


def _column(cells: pl.Series, partners: Names, agencies: AgencyResolver) -> Column:
    filled = cells.filter(cells != "")
    values = (
        pl.DataFrame({"value": filled})
        .group_by("value", maintain_order=True)
        .agg(count=pl.len())
        .sort("count", "value", descending=[True, False])
    )
    dates = _dates(values)
    plain = Column(cells.name, values, len(cells), dates, None, 0.0, 0.0)
    if dates is not None or not values.height or float(filled.str.len_chars().median()) > LONGEST_NAMES:  # type: ignore[arg-type]
        return plain
    separators = [mark for mark in SEPARATORS if values["value"].str.contains(mark, literal=True).any()]
    shares = {mark: _known(parts(dataclasses.replace(plain, separator=mark)), partners) for mark in [None, *separators]}
    best = max(shares, key=lambda mark: shares[mark])
    named = agencies.resolve_all(values["value"].head(500))
    resolved = named["agency"].count() / max(named.height, 1)
    return dataclasses.replace(plain, separator=best, partners=shares[best], agencies=resolved)


def _known(texts: pl.DataFrame, partners: Names) -> float:
    """How much of a column is names of partners, by rows."""
    known = partners.codes(texts["value"])
    rows = texts.filter(pl.col("value").is_in(list(known)))
    return int(rows["count"].sum()) / int(texts["count"].sum())


def _fit(role: str, column: Column) -> float:
    """How well a column fits a part of an agreement; nothing where it cannot be it."""
    called = _called(role, column.name)
    many = column.values.height > column.rows / 2
    if role == "ref":
        return column.is_unique * (1 + called + 1 / (1 + column.length))
    if role == "title":
        return (many and column.length > 10) * (called + min(column.length, 100) / 100)
    if role == "responsible_agency":
        return (called > 0 or _is_of_names(column, column.agencies)) * (called + column.agencies)
    if role == "partner":
        is_named = called > 0 and column.partners >= LEAST_NAMES
        return (is_named or _is_of_names(column, column.partners)) * (called + column.partners)
    if role in ("deliverable", "notes"):
        return called
    return column.decides * called


def _is_of_names(column: Column, share: float) -> bool:
    return share >= MOST_NAMES and parts(column).height >= FEWEST_NAMES


def _called(role: str, name: str) -> float:
    """How surely a heading says what its column is: 3 to 2 for the very word, 1 to 0 where it is part of it."""
    form, words = _form(name), HEADINGS[role]
    for place, word in enumerate(words):
        if form == word:
            return 3 - place / len(words)
    return max(
        (1 - place / len(words) for place, word in enumerate(words) if len(word) >= 3 and word in form), default=0.0
    )


def _form(name: str) -> str:
    return squeeze([name])[0]


def _dates(values: pl.DataFrame) -> Dates | None:
    """The fewest forms that read a column; None where it is none of dates."""
    texts, total = values["value"], int(values["count"].sum())
    read = {form: days for form, days in _readings(texts) if days.is_not_null().any()}
    if not read:
        return None
    counts = values["count"]
    best = max(read, key=lambda form: int(counts.filter(read[form].is_not_null()).sum()))
    forms, days = [best], read[best]
    for form, other in read.items():
        gained = days.is_null() & other.is_not_null()
        if gained.any() and not ((days != other).fill_null(False)).any():
            forms, days = [*forms, form], days.zip_with(days.is_not_null(), other)
    unread = values.filter(days.is_null())
    if int(unread["count"].sum()) > (1 - LEAST_DATES) * total:
        return None
    chosen = tuple(form for form in forms if form != _DATE_CELL) or FORMS[:1]
    is_open = any(
        form not in forms and other.is_not_null().sum() >= days.is_not_null().sum() and (other != days).any()
        for form, other in read.items()
    )
    return Dates(chosen, unread, is_open)


def _readings(texts: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    for form in (_DATE_CELL, *FORMS):
        yield form, texts.str.to_datetime(form, strict=False, time_unit="us").dt.date()
