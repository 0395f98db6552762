"""What an upload would change, cell by cell, for the person who confirms it and the one who reviews it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from kpi.update import KINDS, Change, Conflict, kind_of, place_of
from kpi.update.changes import Place
from kpi.update.layout import NEW
from pages.ui import tables
from pages.ui.tables import Column
from pages.upload import cells as upload_cells

Decision = Literal["file", "register"]
"""Whose content holds: that of what was sent, or what the register has by now."""

_MOST_CELLS_AS_CARDS: Final = 60
_MOST_AGREEMENTS_OPEN: Final = 12
_FEW: Final = 8
"""So many cells are read without narrowing them."""

_OF_STATE: Final = ("state_date", "state_document")
"""What stands before an agreement moves is the day, and the document, of the state it leaves."""

_ALL: Final = "all"
_LONG: Final = 70
_LABEL_WIDTH: Final = 230
_TICK_WIDTH: Final = 24
_CONFLICTS_AT_ONCE: Final = 10
_DECISIONS: Final[tuple[Decision, ...]] = ("register", "file")

_CHOICE: Final = (
    Column("ref", "upload.ref", width=130),
    Column("title", "upload.title", width=260),
    Column("what", "upload.what", width=220),
    Column("before", "upload.before", width=200),
    Column("after", "upload.after", width=200),
)


# --- Cell by cell ----------------------------------------------------------------------------------------------------


def changes_frame(changes: Sequence[Change], titles: pl.DataFrame, derived: Collection[Change] = ()) -> pl.DataFrame:
    """Changes as people read them: subject, ref, title, agreement_id, row, column, item, old, new, place, what, before, after.

    `titles` has agreement_id, title_vi and title_en. `place` numbers what is decided at once. `derived` are those nobody typed.
    """
    places = {place: number for number, place in enumerate(dict.fromkeys(map(place_of, changes)))}
    found = pl.DataFrame(
        [
            (c.subject, c.ref, c.agreement_id, c.row, c.column, c.item, c.old, c.new, places[place_of(c)])
            for c in changes
        ],
        schema={
            "subject": pl.String,
            "ref": pl.String,
            "agreement_id": pl.Int64,
            "row": pl.Int64,
            "column": pl.String,
            "item": pl.String,
            "old": pl.String,
            "new": pl.String,
            "place": pl.Int64,
        },
        orient="row",
    )
    known = titles.select("agreement_id", known=upload_cells.title())
    named = pl.col("new").filter(pl.col("column") == "title_vi").first().over("subject")
    shown = upload_cells.written(
        found.join(known, on="agreement_id", how="left", maintain_order="left")
        .with_columns(title=pl.coalesce("known", named, pl.lit("")))
        .with_columns(ref=pl.when(pl.col("ref") == "").then(pl.lit(w.t("upload.new_agreement"))).otherwise("ref"))
        .drop("known")
    )
    moved = {change.subject: change.old for change in changes if change.column == "state"}
    before = [
        w.t("upload.of_state", value=text, state=w.name("state", state))
        if change.column in _OF_STATE and change.old and (state := moved.get(change.subject))
        else text
        for change, text in zip(changes, shown["before"], strict=True)
    ]
    after = [
        w.t("upload.derived", value=text) if change in derived else text
        for change, text in zip(changes, shown["after"], strict=True)
    ]
    return shown.with_columns(before=pl.Series(before, dtype=pl.String), after=pl.Series(after, dtype=pl.String))


def summary(changes: Collection[Change]) -> str:
    """How much changes, in one line."""
    subjects = {change.subject for change in changes}
    parts = [w.tn("upload.count_changes", len(changes)), w.tn("upload.count_agreements", len(subjects))]
    new = sum(subject.startswith(NEW) for subject in subjects)
    if new:
        parts.append(w.tn("upload.count_new", new))
    return " · ".join(parts)


def show(
    changes: Sequence[Change],
    titles: pl.DataFrame,
    *,
    waiting: Collection[Change] = (),
    derived: Collection[Change] = (),
    key: str = "upload_changes",
) -> None:
    """Old and new of every cell, grouped by agreement: folded where there are many of these, and to be narrowed to one kind of
    change. Where only some of them are `waiting` for review, these say so; what nobody typed (`derived`) does too."""
    is_mixed = 0 < len(waiting) < len(changes)
    changes = _of_one_kind(changes, key)
    shown = changes_frame(changes, titles, derived).with_columns(
        waits=pl.Series([is_mixed and change in waiting for change in changes], dtype=pl.Boolean)
    )
    if shown.height <= _MOST_CELLS_AS_CARDS:
        is_folded = shown["subject"].n_unique() > _MOST_AGREEMENTS_OPEN
        for _, cells in shown.group_by("subject", maintain_order=True):
            _show_agreement(cells, is_folded=is_folded)
        return
    routes = {True: w.t("upload.waits"), False: w.t("upload.goes_in")}
    tables.show(
        shown.with_columns(route=pl.col("waits").replace_strict(routes, return_dtype=pl.String)),
        [
            Column("ref", "upload.ref", pinned=True),
            Column("title", "upload.title", width="medium"),
            Column("what", "upload.what", width=200),
            Column("before", "upload.before", width="medium"),
            Column("after", "upload.after", width="medium"),
            *([Column("route", "upload.route", width=130)] if is_mixed else []),
            Column("row", "upload.row", "number", width=60),
        ],
        "upload_changes",
        file_name=w.t("upload.differences_file"),
        alt=w.t("upload.differences"),
        height=520,
    )


def _of_one_kind(changes: Sequence[Change], key: str) -> Sequence[Change]:
    """The changes of the kind that is picked, all of them at first. There is nothing to pick where they are few or of one kind."""
    kinds = {change: kind_of(change) for change in changes}
    there = [kind for kind in KINDS if kind in kinds.values()]
    if len(changes) <= _FEW or len(there) == 1:
        return changes
    places = Counter(kind for kind, _ in {(kind, place_of(change)) for change, kind in kinds.items()})
    picked = st.pills(
        w.t("upload.kinds_of_change"),
        (_ALL, *there),
        default=_ALL,
        required=True,
        format_func=lambda kind: (
            w.t("upload.every_change") if kind == _ALL else w.t(f"review.kind_{kind}", n=w.number(places[kind]))
        ),
        key=f"{key}_kind",
        label_visibility="collapsed",
    )
    return [change for change in changes if picked in (_ALL, kinds[change])]


def _show_agreement(cells: pl.DataFrame, *, is_folded: bool) -> None:
    box = (
        st.expander(w.plain(f"{_name(cells)} ({w.number(cells.height)})"))
        if is_folded
        else st.container(border=True, gap="small")
    )
    with box:
        if not is_folded:
            st.text(_name(cells))
        for what, before, after, waits in cells.select("what", "before", "after", "waits").iter_rows():
            _show_cell(what, before, after, waits=waits)


def _name(cells: pl.DataFrame) -> str:
    return f"{cells['ref'][0]} · {cells['title'][0]}"


def _show_cell(what: str, before: str, after: str, *, waits: bool = False) -> None:
    with st.container(horizontal=True, gap="small"):
        st.caption(what, width=_LABEL_WIDTH)
        if before == after:
            st.text(w.t("upload.kept", value=after), width="stretch")
        elif max(len(before), len(after)) <= _LONG and "\n" not in before + after:
            st.text(f"{before}  →  {after}", width="stretch")
        else:
            with st.container(gap="xsmall"):
                st.text(before)
                st.text(f"→  {after}")
        if waits:
            st.badge(w.t("upload.waits"), icon=":material/hourglass_top:", color="orange")


# --- Some of them ----------------------------------------------------------------------------------------------------


def choose(
    changes: Sequence[Change],
    titles: pl.DataFrame,
    *,
    key: str,
    on_change: Callable[[], None],
    left_out: Collection[Place] = (),
    derived: Collection[Change] = (),
) -> frozenset[Change]:
    """The same with something to tick before everything that is decided at once; what is ticked, at first all of it.

    `on_change` is called as soon as something else is ticked. What is in `left_out` was decided before: it is shown and cannot
    be ticked.
    """
    shown = changes_frame(changes, titles, derived)
    places = list(dict.fromkeys(map(place_of, changes)))
    if shown.height <= _MOST_CELLS_AS_CARDS:
        fixed = {number for number, place in enumerate(places) if place in left_out}
        ticked = {
            number
            for _, cells in shown.group_by("subject", maintain_order=True)
            for number in _choose_in_agreement(cells, key, fixed, on_change)
        }
    else:
        open_ones = [number for number, place in enumerate(places) if place not in left_out]
        ticked = _choose_in_table(shown.filter(pl.col("place").is_in(open_ones)), key, on_change)
    chosen = {places[number] for number in ticked}
    return frozenset(change for change in changes if place_of(change) in chosen)


def _choose_in_agreement(
    cells: pl.DataFrame, key: str, fixed: Collection[int], on_change: Callable[[], None]
) -> set[int]:
    numbers = cells["place"].unique(maintain_order=True).to_list()
    open_ones = [number for number in numbers if number not in fixed]
    ticked: set[int] = set()
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.text(_name(cells), width="stretch")
            if len(open_ones) > 1:
                _show_switch(open_ones, key, on_change)
        for number in numbers:
            own = cells.filter(pl.col("place") == number)
            with st.container(horizontal=True, gap="small"):
                name = w.plain(
                    f"{_name(cells)} · {own['what'][0]}"
                )  # for those who cannot see what stands beside the box
                if _tick(name, f"{key}_{number}", on_change, is_fixed=number in fixed):
                    ticked.add(number)
                with st.container(gap="small", width="stretch"):
                    for what, before, after in own.select("what", "before", "after").iter_rows():
                        _show_cell(what, before, after)
                    if number in fixed:
                        st.caption(w.t("review.kept"))
    return ticked


def _tick(name: str, key: str, on_change: Callable[[], None], *, is_fixed: bool) -> bool:
    return st.checkbox(
        name,
        not is_fixed,
        key=f"{key}_out" if is_fixed else key,
        on_change=on_change,
        disabled=is_fixed,
        label_visibility="collapsed",
        width=_TICK_WIDTH,
    )


def _show_switch(numbers: Sequence[int], key: str, on_change: Callable[[], None]) -> None:
    """All of one agreement on or off."""
    is_whole = all(st.session_state.get(f"{key}_{number}", True) for number in numbers)
    st.button(
        w.t("review.choose_none" if is_whole else "review.choose_all"),
        key=f"{key}_switch_{numbers[0]}",
        type="tertiary",
        on_click=_switch,
        args=([f"{key}_{number}" for number in numbers], not is_whole, on_change),
    )


def _switch(keys: Sequence[str], value: bool, on_change: Callable[[], None]) -> None:
    for key in keys:
        st.session_state[key] = value
    on_change()


def _choose_in_table(shown: pl.DataFrame, key: str, on_change: Callable[[], None]) -> set[int]:
    """One row for everything that is decided at once."""
    joined = [pl.col(name).str.join(" · ") for name in ("what", "before", "after")]
    rows = shown.group_by("place", maintain_order=True).agg(pl.col("ref", "title").first(), *joined)
    text = st.column_config.TextColumn
    edited = st.data_editor(
        rows.select(chosen=True, ref="ref", title="title", what="what", before="before", after="after"),
        hide_index=True,
        height=520,
        disabled=[column.name for column in _CHOICE],
        column_config={
            "chosen": st.column_config.CheckboxColumn(w.t("review.chosen"), width=100, pinned=True),
            **{column.name: text(w.t(column.label_key), width=column.width) for column in _CHOICE},
        },
        alt=w.t("upload.differences"),
        key=f"{key}_table",
        on_change=on_change,
    )
    tables.show_downloads(rows, _CHOICE, key, file_name=w.t("upload.differences_file"))
    return set(rows.filter(edited["chosen"])["place"].to_list())


# --- Conflicts -------------------------------------------------------------------------------------------------------


def show_conflicts(
    conflicts: Sequence[Conflict],
    titles: pl.DataFrame,
    *,
    decided: Collection[Place],
    on_decide: Callable[[Place, Decision], None],
    said: Mapping[str, str],
    key: str,
) -> None:
    """Cells that somebody changed meanwhile, side by side, to be decided one by one; those `decided` are not shown any more.

    `said` has the words for the three sides (`base`, what the sender was shown; `register`, what it is now; `file`, what was
    sent) and for the two buttons (`decide_register`, `decide_file`).
    """
    places: dict[Place, list[Conflict]] = {}
    for conflict in conflicts:
        places.setdefault(place_of(conflict.change), []).append(conflict)
    names = dict(titles.select("agreement_id", upload_cells.title()).iter_rows())
    left = [place for place in places if place not in decided]
    for number, place in enumerate(left[:_CONFLICTS_AT_ONCE]):
        first = places[place][0].change
        with st.container(border=True, gap="small"):
            st.text(f"{first.ref} · {names.get(first.agreement_id, '')}")
            for conflict in places[place]:
                _show_sides(conflict, said)
            with st.container(horizontal=True):
                for decision in _DECISIONS:
                    st.button(
                        said[f"decide_{decision}"],
                        key=f"{key}_{number}_{decision}",
                        on_click=on_decide,
                        args=(place, decision),
                    )


def _show_sides(conflict: Conflict, said: Mapping[str, str]) -> None:
    change = conflict.change
    st.caption(upload_cells.label(change.column, change.item))
    grid = st.grid(3)
    for name, content in (("base", conflict.base), ("register", change.old), ("file", change.new)):
        with grid.cell():
            st.caption(said[name])
            st.text(upload_cells.text(change.column, content))
