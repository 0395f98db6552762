"""What is wrong with an upload: everything at once, by kind, with the means to put it right here or in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from files import ENCODINGS
from kpi.update import Problem, Table, key_of, message, with_remarks
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE, name_of
from pages.ui import data_edition, exports
from pages.upload import work as upload_work
from pages.upload.work import Work

ENCODING_PROBLEMS: Final = ("not_unicode", "not_in_encoding")
"""What choosing another encoding may put right."""

ALL: Final = "ALL"
_ROWS_EDITED: Final = 200
_FEW: Final = 5
"""So many problems with a file as a whole are told in sentences rather than in a table."""

_WORDS_WIDTH: Final = 600
_LINE_CHARACTERS: Final = 84
"""About what fits on a line of that width; a cell has up to two."""

_ROW_HEIGHT: Final = 35
_TWO_LINES: Final = 2 * _ROW_HEIGHT
_ROWS_IN_VIEW: Final = 12
_REST: Final = "more_of_a_kind"
_REMARKS: Final = "remarks"
_NAME: Final = "name"
MIME: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


# --- The list --------------------------------------------------------------------------------------------------------


def show(work: Work, *, has_rows: bool = True) -> None:
    """Every problem of what was handed in. `has_rows` is false for a form, which has no rows to speak of."""
    blocking = [problem for problem in work.problems if problem.blocking]
    count = sum(counts(blocking).values())
    st.error(w.tn("upload.problems", count), icon=":material/error:")
    if work.table is None and work.outline is not None:  # columns nobody knows are asked for one by one
        blocking = [problem for problem in blocking if problem.code not in ("column_unknown", "column_unnamed")]
    if work.table is None and len(blocking) <= _FEW:
        for problem in blocking:
            st.text(message(problem, say=w.t, language=w.language()))
        return
    show_list(blocking, key=f"problems_{work.round}", has_rows=has_rows)


def show_list(problems: Sequence[Problem], *, key: str, has_rows: bool) -> None:
    """Problems or notices as a table, which can be narrowed to one kind."""
    kinds = counts(problems)
    kind = ALL
    if len(kinds) > 1:
        kind = st.pills(
            w.t("upload.kinds"),
            (ALL, *kinds),
            default=ALL,
            required=True,
            format_func=lambda code: (
                w.t("upload.every_kind", n=w.number(sum(kinds.values())))
                if code == ALL
                else f"{w.t(key_of(code, kind=True))} ({w.number(kinds[code])})"
            ),
            key=f"{key}_kind",
            label_visibility="collapsed",
        )
    listed = _frame([problem for problem in problems if kind in (ALL, kind_of(problem))])
    longest = listed["words"].str.len_chars().max()
    is_long = isinstance(longest, int) and longest > _LINE_CHARACTERS
    row_height = _TWO_LINES if is_long else _ROW_HEIGHT
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        (listed if has_rows else listed.drop("row")).to_arrow(),
        hide_index=True,
        row_height=row_height,
        height=_ROW_HEIGHT + 2 + row_height * min(listed.height, _ROWS_IN_VIEW),
        column_config={
            "row": number(w.t("upload.row"), width=60, pinned=True),
            "column": text(w.t("upload.column"), width=170),
            "value": text(w.t("upload.value"), width=150),
            "words": text(w.t("upload.words"), width=_WORDS_WIDTH),
            "suggestion": text(w.t("upload.suggestion"), width=150),
        },
        placeholder="",
        alt=w.t("upload.problems_alt"),
        key=f"{key}_table",
    )


def kind_of(problem: Problem) -> str:
    """The kind it is counted under: of a line that counts the rest, that of the rest."""
    return str(problem.params["kind"]) if problem.code == _REST else problem.code


def counts(problems: Sequence[Problem]) -> Counter[str]:
    """How many there are of each kind, the unlisted ones counted, in the order in which they come."""
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[kind_of(problem)] += int(str(problem.params["count"])) if problem.code == _REST else 1
    return counts


def words_of(problem: Problem) -> str:
    """What is wrong and what to do, without the place, which stands beside it."""
    values = problem.placeholders(w.language())
    if problem.code == _REST:
        values["kind"] = w.t(key_of(values["kind"], kind=True))
    return w.t(key_of(problem.code), **values)


def _frame(problems: Sequence[Problem]) -> pl.DataFrame:
    language = w.language()
    return pl.DataFrame(
        [
            (
                problem.row,
                "" if problem.column is None else name_of(problem.column, language),
                problem.placeholders(language)["value"],
                words_of(problem),
                problem.placeholders(language)["suggestion"],
            )
            for problem in problems
        ],
        schema={
            "row": pl.Int64,
            "column": pl.String,
            "value": pl.String,
            "words": pl.String,
            "suggestion": pl.String,
        },
        orient="row",
    )


# --- The encoding ----------------------------------------------------------------------------------------------------


def asks_for_encoding(work: Work) -> bool:
    """Whether the file may be readable once somebody says in which encoding it is."""
    return any(problem.code in ENCODING_PROBLEMS for problem in work.problems)


def show_encoding_choice(key: str) -> None:
    """The encodings there are. None is taken by itself: nearly any bytes are text in nearly all of them."""
    st.selectbox(
        w.t("upload.encoding"),
        ENCODINGS,
        index=None,
        format_func=lambda code: w.t(f"upload.encoding_{code.replace('-', '_')}"),
        placeholder=w.t("upload.encoding_hint"),
        key=key,
        width=420,
    )


def show_encoding_check(work: Work) -> None:
    """The beginning of the file as read in the encoding that was chosen, for a person to say whether it is legible."""
    table = work.table
    assert table is not None
    st.warning(w.t("upload.encoding_check"), icon=":material/translate:")
    beginning = table.frame.drop(ROW).head(8)
    st.dataframe(
        beginning.rename({code: table.headers.get(code, code) for code in beginning.columns}).to_arrow(),
        hide_index=True,
        placeholder="",
        alt=w.t("upload.encoding_alt"),
    )
    st.button(
        w.t("upload.encoding_right"),
        type="primary",
        icon=":material/check:",
        on_click=upload_work.accept_encoding,
        args=(work,),
        key="upload_encoding_right",
    )


# --- Putting it right ------------------------------------------------------------------------------------------------


def show_returned_file(table: Table, problems: Sequence[Problem]) -> None:
    """The file given back, with a column of remarks where there are any."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(w.t("upload.returned" if problems else "upload.sent_rows"))
        _download(table, problems, "xlsx")
        _download(table, problems, "csv")


def _download(table: Table, problems: Sequence[Problem], extension: Literal["csv", "xlsx"]) -> None:
    language = w.language()

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            return with_remarks(table, problems, language=language, format=extension, say=w.t)

    stem = table.file_name.rpartition(".")[0] or table.file_name
    day = data_edition.shown().data_date
    assert day is not None
    st.download_button(
        w.t(f"common.download_{extension}"),
        write,
        file_name=exports.file_name(w.t("upload.returned_file", name=stem), as_of=day, extension=extension),
        mime=MIME[extension],
        key=f"upload_returned_{extension}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def show_editor(work: Work, *, titles: Mapping[str, str] | None = None) -> None:
    """The rows with problems, to be put right or taken out here and checked again.

    With `titles` (by reference) every row, which then shows what its agreement is called.
    """
    table = work.table
    assert table is not None
    rows, codes = _to_edit(work) if titles is None else _all_to_edit(table)
    if not rows:
        return
    wrong = {problem.column for problem in work.problems}
    remarks = {row: " · ".join(words_of(p) for p in work.problems if p.row == row and p.blocking) for row in rows}
    absent = [pl.lit(None, pl.String).alias(code) for code in codes if code not in table.frame.columns]
    named = [] if titles is None or "ref" not in codes else [pl.col("ref"), _named(titles)]
    marked = (
        [pl.col(ROW).replace_strict(remarks, return_dtype=pl.String).alias(_REMARKS)] if any(remarks.values()) else []
    )
    frame, key = _begun(work).with_columns(absent), f"upload_editor_{work.round}"
    given = frame.filter(pl.col(ROW).is_in(rows)).select(
        ROW, *marked, *named, *(code for code in codes if not named or code != "ref")
    )
    st.header(w.t("upload.edit"), anchor=False)
    st.caption(w.t("upload.edit_help"))
    # No form of Streamlit's around it: that would keep in the browser what is to be kept in the store.
    edited = st.data_editor(
        given,
        hide_index=True,
        num_rows="delete",
        disabled=[ROW, _REMARKS, _NAME, *(code for code in ("ref", "title_vi") if code not in wrong)],
        column_config={
            ROW: st.column_config.NumberColumn(w.t("upload.row"), width=60, pinned=True),
            _REMARKS: st.column_config.TextColumn(w.t("upload.words"), width=340),
            _NAME: st.column_config.TextColumn(w.t("upload.title"), width=280),
            **{
                code: st.column_config.TextColumn(_header(table, code), width=280 if code == "title_vi" else 170)
                for code in codes
            },
        },
        placeholder="",
        alt=w.t("upload.edit"),
        key=key,
    )
    now = corrected(frame, given, edited)
    work.edited = None if now.equals(frame) else now
    asked = st.button(
        w.t("upload.check_again"), type="primary", icon=":material/refresh:", key=f"upload_check_{work.round}"
    )
    if asked:
        upload_work.correct(work, now)
        st.rerun()


def _begun(work: Work) -> pl.DataFrame:
    """The rows an editor begins with: those of the table, or what was typed before the editor was left for another page."""
    assert work.table is not None
    if work.edited is not None and f"upload_editor_{work.round}" not in st.session_state:
        work.begun, work.edited = work.edited, None
    return work.table.frame if work.begun is None else work.begun


def _header(table: Table, code: str) -> str:
    """The file's own word for a column; its name where there was no file."""
    header = table.headers.get(code, code)
    return BY_CODE[code].name(w.language()) if header == code else header


def _named(titles: Mapping[str, str]) -> pl.Expr:
    return pl.col("ref").replace_strict(titles, default="", return_dtype=pl.String).alias(_NAME)


def _all_to_edit(table: Table) -> tuple[list[int], list[str]]:
    """All rows, and all columns that say something new or of what."""
    known = [BY_CODE[code] for code in table.frame.columns if code in BY_CODE]
    codes = [column.code for column in known if column.use != "shown" and column.code != "row_version"]
    return table.frame[ROW].head(_ROWS_EDITED).to_list(), codes


def _to_edit(work: Work) -> tuple[list[int], list[str]]:
    """The rows that have problems, and the columns these are in, after those that say which row it is."""
    assert work.table is not None
    meant = [problem for problem in work.problems if problem.blocking and problem.row is not None]
    there = set(work.table.frame[ROW].to_list())
    rows = sorted({problem.row for problem in meant if problem.row is not None and problem.row in there})
    wrong = {problem.column for problem in meant}
    first = [code for code in ("ref", "title_vi") if code in work.table.frame.columns]
    return rows[:_ROWS_EDITED], [
        *first,
        *(code for code in BY_CODE if code in wrong and code not in (*first, "remarks")),
    ]


def corrected(frame: pl.DataFrame, given: pl.DataFrame, edited: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the rows of `given` as they are in `edited`; without those that are not in it any more."""
    shown_only = [name for name in (_REMARKS, _NAME) if name in edited.columns]
    cells = edited.drop(shown_only).with_columns(pl.col(ROW).cast(pl.Int64), pl.exclude(ROW).cast(pl.String))
    gone = given.join(cells, on=ROW, how="anti")
    return frame.join(gone, on=ROW, how="anti", maintain_order="left").update(
        cells, on=ROW, how="left", include_nulls=True
    )
