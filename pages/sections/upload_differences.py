"""What an upload would change and what that does to the agency, for the person to confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

from kpi.catalog import KPIS
from kpi.intake import Conflict, Current, Preview
from kpi.intake.layout import NEW
from pages.sections import upload_cells, upload_work
from pages.sections.scorecard import SHOWN_KPIS
from pages.sections.upload_work import Decision, Effects, Place, Standing, Work
from pages.ui import cards, tables
from pages.ui import words as w
from pages.ui.tables import Column

_MOST_CELLS_AS_CARDS: Final = 60
_LONG: Final = 70
_CONFLICTS_AT_ONCE: Final = 10
_DECISIONS: Final[tuple[Decision, ...]] = ("register", "file")
_COMPOSITE: Final = "K13"


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


# --- What it does to the agency --------------------------------------------------------------------------------------


def show_effects(effects: Effects | None) -> None:
    """The agency's composite, place and indicators before and after; indicators that stay are not shown."""
    if effects is None:
        return
    before, after = effects.before, effects.after
    st.subheader(w.t("upload.effects"), anchor=False)
    changed = [code for code in SHOWN_KPIS if _differs(before.cards.get(code), after.cards.get(code))]
    scope = w.name("scope", effects.view.scope or "ALL")
    st.caption(w.t("upload.effects_scope" if changed else "upload.effects_none", scope=scope))
    grid = st.grid("auto", min_column_width=210)
    with grid.cell():
        _metric(w.t("kpi.K13.name"), _COMPOSITE, before, after)
    with grid.cell():
        cards.metric(
            w.t("upload.place"),
            _place(after),
            change=_climb(before, after),
            better="higher",
            note=w.t("upload.was", value=_place(before)),
        )
    for code in changed:
        with grid.cell():
            _metric(w.t(f"kpi.{code}.short"), code, before, after)
    if effects.waiting is not None:
        st.text(
            w.t(
                "upload.date_moves",
                before=w.date(effects.view.as_of),
                after=w.date(effects.after_on),
                score_before=_score(before),
                score_waiting=_score(effects.waiting),
            )
        )


def scores(effects: Effects | None) -> tuple[str, str] | None:
    """The composite before and after, in words; None where there is nothing to compare."""
    return None if effects is None else (_score(effects.before), _score(effects.after))


def _metric(label: str, code: str, before: Standing, after: Standing) -> None:
    old, new = before.cards.get(code), after.cards.get(code)
    kpi = KPIS[code]
    unit = {"percent": "%", "days": f" {w.t('common.day_unit')}"}.get(kpi.unit, "")
    better: cards.Better = {"higher": "higher", "lower": "lower"}.get(kpi.direction, "neutral")  # type: ignore[assignment]
    change = None
    if old is not None and new is not None:
        change = cards.change(new["value"], old["value"], digits=_digits(code), unit=unit)
    cards.metric(
        label,
        _value(code, new),
        change=change or (w.t("upload.changed") if _differs(old, new) else None),
        better=better if change not in (None, "0") else "neutral",
        note=w.t("upload.was", value=_value(code, old)),
    )


def _digits(code: str) -> int:
    """One decimal where there can be one: a single agreement moves a share by less than a point."""
    return 1 if KPIS[code].unit in ("percent", "points") else 0


def _value(code: str, card: Mapping[str, Any] | None) -> str:
    if card is None:
        return w.t("common.not_available")
    if KPIS[code].unit == "percent":
        return w.percent(card["value"], _digits(code))
    return w.number(card["value"], 1) if KPIS[code].unit == "points" else cards.value_text(code, card)


def _differs(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    parts = ("value", "status")
    return [old and old[part] for part in parts] != [new and new[part] for part in parts]


def _place(standing: Standing) -> str:
    if standing.place is None:
        return w.t("upload.not_ranked")
    return w.t("upload.place_of", place=w.number(standing.place), all=w.number(standing.ranked))


def _climb(before: Standing, after: Standing) -> str:
    """How many places are gained (the smaller number is the better place)."""
    if before.place is None or after.place is None:
        return w.t("upload.changed") if before.place != after.place else "0"
    return cards.change(before.place, after.place) or "0"


def _score(standing: Standing) -> str:
    return _value(_COMPOSITE, standing.cards.get(_COMPOSITE))
