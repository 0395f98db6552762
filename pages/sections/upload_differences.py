"""What an upload would change, cell by cell, for the person who confirms it and the one who reviews it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import streamlit as st

from kpi.intake import Conflict, Current, Preview
from kpi.intake.layout import NEW
from pages.sections import upload_cells, upload_work
from pages.sections.upload_work import Decision, Place, Work
from pages.ui import tables
from pages.ui import words as w
from pages.ui.tables import Column

_MOST_CELLS_AS_CARDS: Final = 60
_LONG: Final = 70
_CONFLICTS_AT_ONCE: Final = 10
_DECISIONS: Final[tuple[Decision, ...]] = ("register", "file")


# --- Cell by cell ----------------------------------------------------------------------------------------------------


def changes_frame(preview: Preview, current: Current) -> pl.DataFrame:
    """The changes of a preview as people read them: subject, ref, title, row, column, item, old, new, what, before, after."""
    found = pl.DataFrame(
        [(c.subject, c.ref, c.agreement_id, c.row, c.column, c.item, c.old, c.new) for c in preview.changes],
        schema={
            "subject": pl.String,
            "ref": pl.String,
            "agreement_id": pl.Int64,
            "row": pl.Int64,
            "column": pl.String,
            "item": pl.String,
            "old": pl.String,
            "new": pl.String,
        },
        orient="row",
    )
    titles = current.agreements.select("agreement_id", known=upload_cells.title())
    named = pl.col("new").filter(pl.col("column") == "title_vi").first().over("subject")
    return upload_cells.written(
        found.join(titles, on="agreement_id", how="left", maintain_order="left")
        .with_columns(title=pl.coalesce("known", named, pl.lit("")))
        .with_columns(ref=pl.when(pl.col("ref") == "").then(pl.lit(w.t("upload.new_agreement"))).otherwise("ref"))
        .drop("known")
    )


def summary(preview: Preview) -> str:
    """How much changes, in one line."""
    parts = [
        w.tn("upload.count_changes", len(preview.changes)),
        w.tn("upload.count_agreements", len({change.subject for change in preview.changes})),
    ]
    new = len({change.subject for change in preview.changes if change.subject.startswith(NEW)})
    if new:
        parts.append(w.tn("upload.count_new", new))
    return " · ".join(parts)


def show(preview: Preview, current: Current) -> None:
    """Old and new of every cell, grouped by agreement."""
    changes = changes_frame(preview, current)
    st.text(summary(preview))
    if changes.height <= _MOST_CELLS_AS_CARDS:
        for _, cells in changes.group_by("subject", maintain_order=True):
            _show_agreement(cells)
        return
    tables.show(
        changes,
        [
            Column("ref", "upload.ref", pinned=True),
            Column("title", "upload.title", width="medium"),
            Column("what", "upload.what", width=200),
            Column("before", "upload.before", width="medium"),
            Column("after", "upload.after", width="medium"),
            Column("row", "upload.row", "number", width=60),
        ],
        "upload_changes",
        file_name=w.t("upload.differences_file"),
        alt=w.t("upload.differences"),
        height=520,
    )


def _show_agreement(cells: pl.DataFrame) -> None:
    with st.container(border=True, gap="small"):
        st.text(f"{cells['ref'][0]} · {cells['title'][0]}")
        for what, before, after in cells.select("what", "before", "after").iter_rows():
            with st.container(horizontal=True, gap="small"):
                st.caption(what, width=230)
                if before == after:
                    st.text(w.t("upload.kept", value=after), width="stretch")
                elif max(len(before), len(after)) <= _LONG and "\n" not in before + after:
                    st.text(f"{before}  →  {after}", width="stretch")
                else:
                    with st.container(gap="xsmall"):
                        st.text(before)
                        st.text(f"→  {after}")


# --- Conflicts -------------------------------------------------------------------------------------------------------


def show_conflicts(work: Work, current: Current) -> None:
    """Cells that somebody changed after the template was taken, side by side, to be decided one by one."""
    preview = work.preview
    assert preview is not None
    places = _by_place(preview.conflicts)
    open_places = [place for place in places if place not in work.decisions]
    st.warning(w.tn("upload.conflicts", len(open_places)), icon=":material/call_split:")
    titles = dict(current.agreements.select("ref", upload_cells.title()).iter_rows())
    for number, place in enumerate(open_places[:_CONFLICTS_AT_ONCE]):
        _show_conflict(work, place, places[place], titles, key=f"upload_conflict_{work.round}_{number}")


def _by_place(conflicts: Sequence[Conflict]) -> dict[Place, list[Conflict]]:
    places: dict[Place, list[Conflict]] = {}
    for conflict in conflicts:
        places.setdefault(upload_work.place_of(conflict), []).append(conflict)
    return places


def _show_conflict(
    work: Work, place: Place, conflicts: Sequence[Conflict], titles: Mapping[str, str], *, key: str
) -> None:
    ref = conflicts[0].change.ref
    with st.container(border=True, gap="small"):
        st.text(f"{ref} · {titles.get(ref, '')}")
        for conflict in conflicts:
            change = conflict.change
            st.caption(upload_cells.label(change.column, change.item))
            grid = st.grid(3)
            for name, content in (("base", conflict.base), ("register", change.old), ("file", change.new)):
                with grid.cell():
                    st.caption(w.t(f"upload.conflict_{name}"))
                    st.text(upload_cells.text(change.column, content))
        with st.container(horizontal=True):
            for decision in _DECISIONS:
                st.button(
                    w.t(f"upload.decide_{decision}"),
                    key=f"{key}_{decision}",
                    on_click=upload_work.decide,
                    args=(work, place, decision),
                )
