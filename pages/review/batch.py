"""A batch that waits: what it changes and does, what changed meanwhile, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import May
from kpi.update import Change, message, place_of
from kpi.update.review import alike
from pages.review import decision as review_decision
from pages.review import rivals
from pages.review import work as review_work
from pages.review.work import ReviewWork
from pages.ui import session, tables
from pages.ui.tables import Column
from pages.upload import batch as upload_batch
from pages.upload import differences, effects, notices
from pages.upload import progress as upload_progress
from pages.upload.history import Row

_FEW: Final = 5


def show(person: session.Person, batch: Row, batches: pl.DataFrame) -> None:
    """All that a coordinator needs to decide; an administrator sees the same without the decision."""
    upload_batch.show_heading(person, batch, batches)
    with upload_progress.shown() as progress:
        work = review_work.of(batch, progress=progress)
    if work is None:
        return
    _show_corrected(batch, batches)
    rivals.show(batch)
    _show_problems(work)
    _show_gone(work)
    _show_overriding(work)
    notices.show(work.review.notices, key=f"review_notices_{work.token}", lead="review.acknowledged")
    may_decide = person.may(May.REVIEW)
    if work.undecided and may_decide:
        _show_conflicts(work)
    elif work.changes:
        _show_changes(work, may_decide=may_decide)
    if may_decide:
        review_decision.show(batch, work)
    else:
        st.info(w.t("review.only_coordinators"), icon=":material/visibility:")


def _show_corrected(batch: Row, batches: pl.DataFrame) -> None:
    """Why the batch that this one corrects was returned: what to look for first."""
    for corrected in batches.filter(pl.col("id").eq_missing(batch["corrects"])).iter_rows(named=True):
        st.caption(w.t("review.corrects", number=corrected["id"]))
        upload_batch.show_reason(corrected)


# --- How it stands to the register -----------------------------------------------------------------------------------


def _show_problems(work: ReviewWork) -> None:
    """Rows that cannot be stored any more, and why."""
    problems = work.review.problems
    if not problems:
        return
    rows = {problem.row for problem in problems}
    st.warning(w.tn("review.problems", len(rows)), icon=":material/error:")
    said = [message(problem, say=w.t, language=w.language()) for problem in problems]
    if len(said) <= _FEW:
        for text in said:
            st.text(text)
        return
    tables.show(
        pl.DataFrame({"text": said}),
        [Column("text", "review.problem", width="large")],
        "review_problems",
        file_name=w.t("review.problems_file"),
        alt=w.t("review.problem"),
        height=280,
    )


def _show_gone(work: ReviewWork) -> None:
    if work.review.gone:
        st.info(w.tn("review.gone", len(work.review.gone)), icon=":material/check_circle:")


def _show_overriding(work: ReviewWork) -> None:
    """Where the sender knew that somebody else had changed the cell, and chose their own content."""
    places = {place_of(conflict.change) for conflict in work.review.overriding}
    if places:
        st.info(w.tn("review.overriding", len(places)), icon=":material/call_split:")


def _show_conflicts(work: ReviewWork) -> None:
    assert work.review.preview is not None
    st.warning(w.tn("review.conflicts", len(work.undecided)), icon=":material/call_split:")
    differences.show_conflicts(
        work.review.preview.conflicts,
        work.titles,
        decided=work.decisions,
        on_decide=lambda place, decision: review_work.decide(work, place, decision),
        said=_conflict_words(),
        key=f"review_conflict_{work.token}",
    )


def _conflict_words() -> Mapping[str, str]:
    return {
        "base": w.t("review.conflict_base"),
        "register": w.t("review.conflict_register"),
        "file": w.t("review.conflict_file"),
        "decide_register": w.t("review.decide_register"),
        "decide_file": w.t("review.decide_file"),
    }


# --- What it changes, and does ---------------------------------------------------------------------------------------


def _pick_alike(work: ReviewWork) -> tuple[str, tuple[Change, ...]]:
    """The changes of the groups that are picked, all of them where none is: what is alike is decided at once. With them a name
    for what is picked."""
    assert work.review.preview is not None
    groups = alike(work.review.preview)
    if len(groups) < 2:
        return "", work.changes
    names = {f"{kind}_{reason}": (kind, reason) for kind, reason in groups}
    labels = {
        name: w.t(
            "review.alike",
            kind=w.t(f"coordination.kind_{kind}"),
            reason=w.t(f"review.alike_{reason}"),
            n=w.number(len({place_of(change) for change in groups[kind, reason]})),
        )
        for name, (kind, reason) in names.items()
    }
    picked = st.pills(
        w.t("review.alike_pick"),
        list(labels),
        selection_mode="multi",
        format_func=labels.__getitem__,
        key=f"review_alike_{work.token}",
        on_change=review_work.unsettle,
        args=(work,),
    )
    kept = frozenset[Change]().union(*(groups[names[name]] for name in picked))
    changes = tuple(change for change in work.changes if not picked or change in kept)
    return "".join(f"_{name}" for name in sorted(picked)), changes


def _show_changes(work: ReviewWork, *, may_decide: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(w.t("upload.differences"), anchor=False)
        if work.decisions:
            st.button(
                w.t("review.decide_again"),
                type="tertiary",
                icon=":material/call_split:",
                key=f"review_again_{work.token}",
                on_click=review_work.decide_again,
                args=(work,),
            )
    st.text(differences.summary(work.changes))
    if may_decide:
        st.caption(w.t("review.choose_help"))
        picked, changes = _pick_alike(work)
        work.chosen = differences.choose(
            changes,
            work.titles,
            key=f"review_choice_{work.token}{picked}",
            on_change=lambda: review_work.unsettle(work),
            left_out=work.left_out,
            derived=work.derived,
        )
    else:
        work.chosen = frozenset(work.changes)
        differences.show(work.changes, work.titles, derived=work.derived)
    work.part = None
    if not work.chosen:
        return
    with upload_progress.shown() as progress:
        part = review_work.take_part(work, progress=progress)
    if part.preview is None:
        st.warning(w.t("review.not_by_itself"), icon=":material/link_off:")
    effects.show(part.effects, note="review.effects_chosen" if len(work.chosen) < len(work.changes) else None)
