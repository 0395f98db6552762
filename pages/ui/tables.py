"""Tables on screen: declared columns, words and formats in the reader's language, a row to click, a file to take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl
import pyarrow as pa
import streamlit as st

import words as w
from data_access.clock import now
from kpi import readers
from kpi.subjects import subject_expr
from pages.ui import cards, data_edition, exports, filters, paging, palette
from pages.ui.columns import Column, Kind
from pages.ui.data_edition import DataEdition
from pages.ui.kept import per_frame
from pages.ui.paging import InWords, Page
from pages.ui.view import View

__all__ = ["Column", "Kind", "Row", "show", "show_downloads"]

Row = dict[str, Any]

_OPENS: Final = " ›"
_DATE_FORMATS: Final = {"vi": "DD/MM/YYYY", "en": "D MMM YYYY"}  # the browser knows names of months in English only
_TYPED: Final = ("number", "percent", "days", "progress")


def show(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    key: str,
    *,
    file_name: str,
    alt: str,
    on_row: Callable[[Row], object] | None = None,
    height: int | None = None,
    empty_key: str = "common.no_rows",
    file_columns: Sequence[Column] | None = None,
    in_words: InWords | None = None,
    acts: Mapping[str, Callable[[Row], object]] | None = None,
) -> Row | None:
    """Draw a table with its downloads; the row that has just been clicked, with all columns of `frame`.

    `on_row` makes the first column (text or code) something to click, and is called with the row, once per click: usually
    to `links.go`. `file_name` names the files, without date and ending; `alt` names the table for those who cannot see it.
    An empty frame is said in words. `file_columns` are the columns of the files, where these differ from those on screen.
    `in_words`, a function of a module, adds columns that take long to write: to the rows that are shown, and to all of them
    where they go into a file or are sorted by one of these; the first column must be told apart without it (`Column.by`).
    `acts` are further columns of text whose cells can be clicked, by the column's field; they go into no file.
    """
    if frame.is_empty():
        cards.empty_state(empty_key)
        return None
    columns = tuple(columns)
    clicks = {**({} if on_row is None else {columns[0].field: on_row}), **(acts or {})}
    clickable = {field: _click_key(key, field, columns) for field in clicks}
    opener = tuple(clickable.items())
    page = paging.opened(frame, columns, key) if frame.height > paging.PAGE_ROWS else None
    if page is None or (page.number == 1 and not page.order.column):
        rows, (cells, config) = frame, _on_screen(frame, columns, in_words, clickable=opener)
    else:
        rows = paging.rows_of(page, frame, columns, in_words)
        cells, config = _written(rows, columns, in_words, clickable=opener, page=page)
    st.dataframe(
        cells,
        key=key if page is None else page.key,
        alt=alt,
        hide_index=True,
        height=height or "auto",
        placeholder="–",
        column_config=config,
        on_select="ignore" if page is None else paging.by_header(page, columns),
        selection_mode="single-column",
    )
    in_files = file_columns or [column for column in columns if column.field not in (acts or {})]
    show_downloads(frame, in_files, key, file_name=file_name, in_words=in_words, page=page)
    for field, act in clicks.items():
        row = _clicked_row(rows, cells[field], st.session_state.get(clickable[field]))
        if row is not None:
            act(row)
            return row
    return None


@per_frame
def _on_screen(
    frame: pl.DataFrame, columns: Sequence[Column], in_words: InWords | None, *, clickable: tuple[tuple[str, str], ...]
) -> tuple[pa.Table, dict[str, Any]]:
    """What a table begins with: all of a short one, the first page of a long one."""
    return _written(frame.head(paging.PAGE_ROWS), columns, in_words, clickable=clickable)


def _written(
    rows: pl.DataFrame,
    columns: Sequence[Column],
    in_words: InWords | None,
    *,
    clickable: tuple[tuple[str, str], ...],
    page: Page | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """The cells as the browser gets them, and how each column is drawn; some (field, key of the click) can be clicked."""
    if in_words is not None:
        rows = in_words(rows)
    cells = _cells(rows, columns)
    labels = {column: ("" if page is None else page.arrow(column)) + w.t(column.label_key) for column in columns}
    config = {column.field: _Ready(_config(column, rows, label)) for column, label in labels.items()}
    for field, key in clickable:
        (column,) = (column for column in columns if column.field == field)
        if column == columns[0]:
            cells = cells.with_columns(pl.col(field).fill_null("–"))
        cells = cells.with_columns(pl.col(field) + _OPENS)
        config[field] = _opener_config(column, key, labels[column])
    return cells.to_arrow(), config


class _Ready(dict[str, Any]):
    """How a column is drawn. Streamlit copies it to the ground for each run, and writes into the top of its copy only."""

    def __deepcopy__(self, _: object) -> dict[str, Any]:
        return dict(self)


def _clicked_row(frame: pl.DataFrame, labels: pa.ChunkedArray, click: Mapping[str, Any] | None) -> Row | None:
    """The row a click means. It tells place and text: where the rows are others by now, it is better to open none."""
    if not click or not 0 <= click["row"] < len(labels) or labels[click["row"]].as_py() != click["label"]:
        return None
    return frame.row(click["row"], named=True)


def _click_key(key: str, field: str, columns: Sequence[Column]) -> str:
    return f"{key}_row" if field == columns[0].field else f"{key}_{field}"


# --- Cells -----------------------------------------------------------------------------------------------------------


def _cells(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    return frame.select(_cell(column).alias(column.field) for column in columns)


def _cell(column: Column) -> pl.Expr:
    value = pl.col(column.field)
    if column.kind == "code":
        return pl.when(value.is_not_null()).then(w.name_expr(value, column.of, short=column.short))
    if column.kind == "light":
        return pl.concat_list(_light_text(column))
    if column.kind == "subject":
        return subject_expr(value, w.language_in_store())
    if column.kind in _TYPED:
        return value.cast(pl.Float64).round(column.digits)
    if column.kind == "flag":
        return value.cast(pl.Boolean)
    return value


def _light_text(column: Column) -> pl.Expr:
    code = pl.col(column.of or column.field)
    sign = code.replace_strict(palette.SIGNS, default="", return_dtype=pl.String)
    text = w.name_expr(code, "light") if not column.of else pl.col(column.field).cast(pl.String)
    return pl.concat_str(sign, pl.lit(" "), text.fill_null(w.t("common.not_available")))


def _config(column: Column, frame: pl.DataFrame, label: str) -> Any:
    config = st.column_config
    common: dict[str, Any] = {
        "width": column.width,
        "pinned": column.pinned or None,
        "help": w.t(column.help_key) if column.help_key else column.help,
    }
    if column.kind in ("number", "percent", "days"):
        return config.NumberColumn(label, format=_number_format(column, frame), **common)
    if column.kind == "date":
        return config.DateColumn(label, format=_DATE_FORMATS.get(w.language(), "localized"), **common)
    if column.kind == "light":
        return config.MultiselectColumn(label, **common, **_chips(column, frame))
    if column.kind == "flag":
        return config.CheckboxColumn(label, **common)
    if column.kind == "link":
        return config.LinkColumn(label, **common)
    if column.kind == "progress":
        return config.ProgressColumn(label, format="%d%%", min_value=0, max_value=100, **common)
    if column.kind == "trend":
        return config.LineChartColumn(label, color=palette.NEUTRAL, **common)
    return config.TextColumn(label, **common)


def _opener_config(column: Column, key: str, label: str) -> Any:
    return st.column_config.ButtonColumn(
        label,
        type="tertiary",
        alignment="left",
        key=key,
        pinned=column.pinned or None,
        width=column.width,
        help=w.t("common.row_opens"),
    )


def _chips(column: Column, frame: pl.DataFrame) -> dict[str, Any]:
    """Each distinct text of a column of lights, and its colour."""
    distinct = frame.select(text=_light_text(column), light=pl.col(column.of or column.field)).unique(
        "text", maintain_order=True
    )
    colours = distinct["light"].replace_strict(palette.CHIPS, default=palette.CHIPS["context"], return_dtype=pl.String)
    return {"options": distinct["text"].to_list(), "color": colours.to_list()}


def _number_format(column: Column, frame: pl.DataFrame) -> str:
    """A format the browser applies, so that the column still sorts as numbers.

    The browser can group digits in English or in the browser's own language only, so where those differ whole numbers are not
    grouped until they need it.
    """
    suffix = {"number": "", "percent": "%%", "days": f" {w.t('common.day_unit')}"}[column.kind]
    if w.marks() == (".", ","):
        return f"%,.{column.digits}f{suffix}"
    if column.digits == 0:
        return f"%d{suffix}"
    return "localized"


# --- Below the table -------------------------------------------------------------------------------------------------


def show_downloads(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    key: str,
    *,
    file_name: str,
    in_words: InWords | None = None,
    page: Page | None = None,
) -> None:
    """How many rows a table has, the way to its pages where it has several, and all of it as files.

    Also for tables drawn by something else than `show`.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if page is None:
            st.caption(w.tn("common.rows", frame.height))
        else:
            paging.show_pages(page)
        _download_button("csv", frame, columns, key, file_name, in_words)
        if frame.height <= exports.XLSX_MAX_ROWS:
            _download_button("xlsx", frame, columns, key, file_name, in_words)
        if page is not None:
            paging.show_order(page, columns)


def _download_button(
    extension: Literal["csv", "xlsx"],
    frame: pl.DataFrame,
    columns: Sequence[Column],
    key: str,
    file_name: str,
    in_words: InWords | None,
) -> None:
    language, view, edition = w.language(), filters.current(), data_edition.shown()
    moment = now()

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            rows = frame if in_words is None else in_words(frame)
            table, notes = _for_file(rows, columns), _notes(view, edition, moment)
            if extension == "csv":
                return exports.csv(table, notes=notes)
            return exports.xlsx(
                table,
                notes=notes,
                sheet=w.t("common.sheet_data"),
                notes_sheet=w.t("common.sheet_notes"),
                percent=[w.t(column.label_key) for column in columns if column.kind in ("percent", "progress")],
            )

    st.download_button(
        w.t(f"common.download_{extension}"),
        write,
        file_name=exports.file_name(file_name, as_of=view.as_of, extension=extension, known_on=edition.known_on),
        mime=_MIME[extension],
        key=f"{key}_{extension}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


_MIME: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _for_file(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """What goes into a file: the columns on screen under their headers, numbers and dates as such, lights as words."""
    return frame.select(_file_cell(column).alias(w.t(column.label_key)) for column in columns if column.kind != "trend")


def _file_cell(column: Column) -> pl.Expr:
    if column.kind == "light" and not column.of:
        return w.name_expr(pl.col(column.field), "light")
    if column.kind == "flag":
        words = {True: w.t("common.yes"), False: w.t("common.no")}
        return pl.col(column.field).replace_strict(words, default="", return_dtype=pl.String)
    if column.kind == "code":
        code = pl.col(column.field)
        return pl.when(code.is_not_null()).then(w.name_expr(code, column.of))
    return pl.col(column.field)


def _notes(view: View, edition: DataEdition, moment: dt.datetime) -> Mapping[str, str]:
    """What must travel with figures that leave the application; `moment` is the one they were shown at, where it is always now."""
    known_on = edition.known_on
    label = w.t("common.note_known_at" if known_on is None else "common.note_known")
    notes = {
        w.t("common.note_as_of"): w.date(view.as_of),
        label: f"{w.date(moment.date())}, {moment:%H:%M}" if known_on is None else w.date(known_on),
        w.t("common.note_register"): getattr(edition, w.column("name")),
        w.t("common.note_source"): " ".join(filter(None, (edition.source, edition.attribution))),
        w.t("common.note_licence"): edition.licence,
    }
    if view.reader != readers.EVERYTHING:
        notes[w.t("common.note_counted")] = w.t("common.counted_own")
    if edition.is_demo:
        notes[w.t("common.note_mark")] = w.t("common.demo_mark")
    return {label: text for label, text in notes.items() if text}
