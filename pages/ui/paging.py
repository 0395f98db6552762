"""Long tables a page at a time: which page is open and in which order its rows come, kept in the address, and how both are chosen.

Only the rows of that page are put in words and sent. A table that fits on one page knows nothing of this: all of it is sent,
and the browser sorts it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from pages.ui.columns import Column
from pages.ui.kept import per_frame

PAGE_ROWS: Final = 100
"""So many rows are on a page: at some hundred bytes each, about a third of what a whole screen may send."""

InWords = Callable[[pl.DataFrame], pl.DataFrame]
"""Adds columns in the reader's language to rows."""

_FALLS: Final = "-"
_ORDER_WIDTH: Final = 440

_ROOM_FOR: Final = 5
_FEW_PAGES_WIDTH: Final = 256
"""Streamlit leaves numbers out wherever there is no room for five, however few there are."""


@dataclasses.dataclass(frozen=True)
class Order:
    """By which column rows are sorted, and whether from the highest down; by none they come as the page gives them."""

    column: str = ""
    falls: bool = False

    @property
    def code(self) -> str:
        """As it stands in an address."""
        return f"{_FALLS}{self.column}" if self.falls else self.column

    def by_header(self, column: str) -> Order:
        """What a click on a column's header makes of it: rising, then falling, then as before."""
        if column != self.column:
            return Order(column)
        return Order() if self.falls else Order(column, falls=True)


@dataclasses.dataclass(frozen=True)
class Page:
    """The page that is open of a table of so many `rows`, from 1."""

    table: str
    number: int
    rows: int
    order: Order = Order()

    @property
    def last(self) -> int:
        """The number of the last page."""
        return -(-self.rows // PAGE_ROWS)

    @property
    def before(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * PAGE_ROWS

    @property
    def key(self) -> str:
        """Of its own for each page and order, so that every page is seen from its beginning."""
        return f"{self.table}_{self.order.code}_{self.number}"

    def arrow(self, column: Column) -> str:
        """What stands before a column's name: the direction, if rows are sorted by it."""
        if column.code != self.order.column:
            return ""
        return "↓ " if self.order.falls else "↑ "


def opened(frame: pl.DataFrame, columns: Sequence[Column], table: str) -> Page:
    """The page of the table `table` the address asks for. Where the rows are others than before, it is the first again."""
    asked = st.query_params.get(_number(table), "")
    seen, rows = f"{table}_seen", _told_apart(frame, columns[0].sorted_by)
    known_rows, known_number = st.session_state.get(seen, (rows, asked))
    if asked and known_rows != rows and known_number == asked:
        asked = ""
        st.query_params.pop(_number(table))
    st.session_state[seen] = (rows, asked)
    code = st.query_params.get(_order(table), "")
    order = Order(code.removeprefix(_FALLS), falls=code.startswith(_FALLS))
    page = Page(table, 1, frame.height, order if order.column in _sortable(columns) else Order())
    number = int(asked) if asked.isascii() and asked.isdecimal() else 1
    return dataclasses.replace(page, number=max(1, min(number, page.last)))


def rows_of(
    page: Page, frame: pl.DataFrame, columns: Sequence[Column], in_words: InWords | None = None
) -> pl.DataFrame:
    """The rows of a page. `in_words` is asked for all of them only where they are sorted by what it adds."""
    if not page.order.column:
        return frame.slice(page.before, PAGE_ROWS)
    column = _sortable(columns)[page.order.column]
    return frame[_places(frame, column, in_words, falls=page.order.falls).slice(page.before, PAGE_ROWS)]


@per_frame
def _places(frame: pl.DataFrame, column: Column, in_words: InWords | None, *, falls: bool) -> pl.Series:
    """Where the rows stand in the frame, in the order of a column; those without a value come last either way."""
    if in_words is not None and column.sorted_by not in frame.columns:
        frame = in_words(frame)
    return frame.select(
        pl.arg_sort_by(column.sort_keys(frame), descending=falls, nulls_last=True, maintain_order=True)
    ).to_series()


@per_frame
def _told_apart(frame: pl.DataFrame, column: str) -> tuple[int, int]:
    """What is the same for the same rows in any order."""
    return frame.height, int(frame[column].hash().sum())


def _sortable(columns: Sequence[Column]) -> dict[str, Column]:
    return {column.code: column for column in columns if column.kind != "trend"}


# --- Turning and sorting ---------------------------------------------------------------------------------------------


def show_pages(page: Page) -> None:
    """The way to the other pages, and which rows these are."""
    key = f"{page.table}_pager"
    st.session_state[key] = page.number
    show_numbers(page.last, key=key, on_change=_turn, args=(page.table, key))
    first, last = page.before + 1, min(page.before + PAGE_ROWS, page.rows)
    st.caption(w.tn("common.rows_of", page.rows, first=w.number(first), last=w.number(last)))


def show_numbers(
    pages: int, *, key: str, on_change: Callable[..., None] | None = None, args: tuple[str, ...] = ()
) -> None:
    """The numbers of the pages, and arrows to the one before and the next."""
    st.pagination(
        pages,
        key=key,
        width=_FEW_PAGES_WIDTH if pages < _ROOM_FOR else "content",
        on_change=on_change or "rerun",
        args=args,
    )


def show_order(page: Page, columns: Sequence[Column]) -> None:
    """By which column the rows of all pages are sorted, and in which direction."""
    labels = {column.code: w.t(column.label_key) for column in _sortable(columns).values()}
    key, order = f"{page.table}_order", page.order
    st.session_state[key] = order.column
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width=_ORDER_WIDTH, wrap=False):
        st.caption(w.t("common.sort_by"), width="content")
        st.selectbox(
            w.t("common.sort_by"),
            ("", *labels),
            key=key,
            format_func=lambda code: labels.get(code) or w.t("common.sort_usual"),
            on_change=_choose,
            args=(page.table, key),
            label_visibility="collapsed",
        )
        if order.column:
            st.button(
                w.t("common.sort_falling" if order.falls else "common.sort_rising"),
                key=f"{key}_turned",
                type="tertiary",
                icon=":material/arrow_downward:" if order.falls else ":material/arrow_upward:",
                on_click=_sort,
                args=(page.table, dataclasses.replace(order, falls=not order.falls)),
            )


def by_header(page: Page, columns: Sequence[Column]) -> Callable[[], None]:
    """What happens when somebody clicks on a column's header: the browser knows one page only, so it must not sort."""

    def sort() -> None:
        chosen = st.session_state[page.key]["selection"]["columns"]
        for column in _sortable(columns).values():
            if column.field in chosen:
                _sort(page.table, page.order.by_header(column.code))

    return sort


def _turn(table: str, key: str) -> None:
    number = st.session_state[key]
    _say({_number(table): "" if number == 1 else str(number)})


def _choose(table: str, key: str) -> None:
    _sort(table, Order(st.session_state[key]))


def _sort(table: str, order: Order) -> None:
    _say({_order(table): order.code, _number(table): ""})


def _say(codes: Mapping[str, str]) -> None:
    """Put these into the address at once, so that going back undoes them at once; empty ones leave it."""
    others = {name: st.query_params.get_all(name) for name in st.query_params if name not in codes}
    st.query_params.from_dict(others | {name: [code] for name, code in codes.items() if code})


def _number(table: str) -> str:
    return f"{table}_page"


def _order(table: str) -> str:
    return f"{table}_sort"
