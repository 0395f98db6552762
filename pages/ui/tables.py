"""Tables on screen: declared columns, words and formats in the reader's language, a row to click, a file to take away."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl
import pyarrow as pa
import streamlit as st

import words as w
from kpi import readers
from pages.ui import cards, data_edition, exports, filters, palette
from pages.ui.data_edition import DataEdition
from pages.ui.kept import per_frame
from pages.ui.view import View

Kind = Literal["text", "number", "percent", "days", "date", "light", "code", "flag", "link", "progress", "trend"]
Row = dict[str, Any]

LAZY_FROM_ROWS: Final = 20_000
"""Longer tables are fetched as they are scrolled; the browser can then no longer sort a table whose rows can be clicked."""

_OPENS: Final = " ›"
_DATE_FORMATS: Final = {"vi": "DD/MM/YYYY", "en": "D MMM YYYY"}  # the browser knows names of months in English only
_TYPED: Final = ("number", "percent", "days", "progress")


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table. In `name`, `{language}` stands for the reader's language, as the store knows it (`title_{language}`).

    number, percent (0 to 100), days, date, flag (yes or no), link and text hold what they say; progress is a percent drawn
    as a bar, trend a list of numbers drawn as a line. `code` holds codes and `of` says of what (a kind of `words.name`).
    `light` holds a light's code and shows sign and word; where `of` names a column of lights, the cell keeps its own text
    and takes sign and colour from there.
    """

    name: str
    label_key: str
    kind: Kind = "text"
    _: dataclasses.KW_ONLY
    of: str = ""
    digits: int = 0
    short: bool = False
    pinned: bool = False
    width: Literal["small", "medium", "large"] | int | None = None
    help_key: str | None = None
    help: str | None = None
    """Words for the header that are already put together, where a key alone would not do."""

    @property
    def field(self) -> str:
        """The column of the frame, for the reader's language."""
        return self.name.replace("{language}", w.language_in_store())


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
) -> Row | None:
    """Draw a table with its downloads; the row that has just been clicked, with all columns of `frame`.

    `on_row` makes the first column (text or code) something to click, and is called with the row, once per click: usually
    to `links.go`. `file_name` names the files, without date and ending; `alt` names the table for those who cannot see it.
    An empty frame is said in words. `file_columns` are the columns of the files, where these differ from those on screen.
    """
    if frame.is_empty():
        cards.empty_state(empty_key)
        return None
    cells, config = _on_screen(frame, tuple(columns), opener_of=key if on_row is not None else None)
    st.dataframe(
        cells,
        key=key,
        alt=alt,
        hide_index=True,
        height=height or "auto",
        placeholder="–",
        column_config=config,
        lazy=frame.height > LAZY_FROM_ROWS,
    )
    show_downloads(frame, file_columns or columns, key, file_name=file_name)
    if on_row is None:
        return None
    row = _clicked_row(frame, cells[columns[0].field], st.session_state.get(_click_key(key)))
    if row is not None:
        on_row(row)
    return row


@per_frame
def _on_screen(
    frame: pl.DataFrame, columns: Sequence[Column], *, opener_of: str | None
) -> tuple[pa.Table, dict[str, Any]]:
    """The cells as the browser gets them, and how each column is drawn; the first one opens rows of the table named."""
    cells = _cells(frame, columns)
    config = {column.field: _config(column, frame) for column in columns}
    if opener_of is not None:
        cells = cells.with_columns(pl.concat_str(pl.col(columns[0].field).fill_null("–"), pl.lit(_OPENS)))
        config[columns[0].field] = _opener_config(columns[0], opener_of)
    return cells.to_arrow(), config


def _clicked_row(frame: pl.DataFrame, labels: pa.ChunkedArray, click: Mapping[str, Any] | None) -> Row | None:
    """The row a click means. It tells place and text: where the rows are others by now, it is better to open none."""
    if not click or not 0 <= click["row"] < len(labels) or labels[click["row"]].as_py() != click["label"]:
        return None
    return frame.row(click["row"], named=True)


def _click_key(key: str) -> str:
    return f"{key}_row"


# --- Cells -----------------------------------------------------------------------------------------------------------


def _cells(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    return frame.select(_cell(column).alias(column.field) for column in columns)


def _cell(column: Column) -> pl.Expr:
    value = pl.col(column.field)
    if column.kind == "code":
        return pl.when(value.is_not_null()).then(w.name_expr(value, column.of, short=column.short))
    if column.kind == "light":
        return pl.concat_list(_light_text(column))
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


def _config(column: Column, frame: pl.DataFrame) -> Any:
    config = st.column_config
    label = w.t(column.label_key)
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


def _opener_config(column: Column, key: str) -> Any:
    return st.column_config.ButtonColumn(
        w.t(column.label_key),
        type="tertiary",
        alignment="left",
        key=_click_key(key),
        pinned=column.pinned or None,
        width=column.width,
        help=w.t("common.row_opens"),
    )


def _chips(column: Column, frame: pl.DataFrame) -> dict[str, Any]:
    """Each distinct text of a column of lights, and its colour."""
    distinct = frame.select(text=_light_text(column), light=pl.col(column.of or column.field)).unique(
        "text", maintain_order=True
    )
    colours = distinct["light"].replace_strict(
        palette.LIGHTS, default=palette.LIGHTS["context"], return_dtype=pl.String
    )
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


def show_downloads(frame: pl.DataFrame, columns: Sequence[Column], key: str, *, file_name: str) -> None:
    """How many rows a table has, and the table as files; for tables drawn by something else than `show`."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(w.tn("common.rows", frame.height))
        _download_button("csv", frame, columns, key, file_name)
        if frame.height <= exports.XLSX_MAX_ROWS:
            _download_button("xlsx", frame, columns, key, file_name)


def _download_button(
    extension: Literal["csv", "xlsx"], frame: pl.DataFrame, columns: Sequence[Column], key: str, file_name: str
) -> None:
    language, view, edition = w.language(), filters.current(), data_edition.shown()

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            table, notes = _for_file(frame, columns), _notes(view, edition)
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
        file_name=exports.file_name(file_name, as_of=view.as_of, extension=extension),
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


def _notes(view: View, edition: DataEdition) -> Mapping[str, str]:
    """What must travel with figures that leave the application."""
    notes = {
        w.t("common.note_as_of"): w.date(view.as_of),
        w.t("common.note_register"): getattr(edition, w.column("name")),
        w.t("common.note_source"): " ".join(filter(None, (edition.source, edition.attribution))),
        w.t("common.note_licence"): edition.licence,
    }
    if view.reader != readers.EVERYTHING:
        notes[w.t("common.note_without")] = w.t("common.without_security")
    if edition.is_demo:
        notes[w.t("common.note_mark")] = w.t("common.demo_mark")
    return {label: text for label, text in notes.items() if text}
