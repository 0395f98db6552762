"""The decision on a batch that waits: published, whole or in part, or returned with a reason."""

from __future__ import annotations

import dataclasses
from typing import Final, Literal

import streamlit as st

import words as w
from data_access import store as database
from data_access import updates
from data_access.acting import Refused
from kpi.update.columns import name_of
from kpi.update.returned import ASKABLE
from pages.review import work as review_work
from pages.review.work import ReviewWork
from pages.ui import links, refusals, session
from pages.upload import effects, history
from pages.upload.history import Row

_Verdict = Literal["publish", "return"]
_DECIDED: Final = "review_decided"
_RECEIPT: Final = "review_receipt"
_REFUSAL: Final = "review_refusal"


@dataclasses.dataclass(frozen=True)
class _Shown:
    """What is to be said about the last decision: `returned` is the batch in which something went back (all, or the rest)."""

    token: str
    verdict: _Verdict
    number: int
    agency: str
    changes: int
    returned: int | None
    scores: tuple[str, str] | None


# --- Drawn -----------------------------------------------------------------------------------------------------------


def show(batch: Row, work: ReviewWork) -> None:
    """Both ways side by side. What was typed as a reason stays where it is until it is sent."""
    st.header(w.t("review.decision"), anchor=False)
    grid = st.grid(2, min_column_width=320)
    if not work.undecided and work.changes:
        with grid.cell(), st.container(border=True, height="stretch"):
            _show_publishing(work)
    with grid.cell(), st.container(border=True, height="stretch"):
        _show_returning(batch, work)


def _show_publishing(work: ReviewWork) -> None:
    count = len(work.chosen)
    if not count or work.part is None or work.part.preview is None:
        st.text(w.t("review.nothing_chosen" if not count else "review.not_by_itself"))
        return
    with st.form(f"review_publish_{work.token}", border=False, enter_to_submit=False):
        if work.leaves_rest:
            st.text(w.t("review.publish_part_help"))
            _reason_field("publish", work, label=w.t("review.reason_rest"))
        else:
            st.text(w.t("review.publish_help"))
        st.form_submit_button(
            w.tn("review.publish_part" if work.leaves_rest else "review.publish", count),
            type="primary",
            icon=":material/publish:",
            key=f"review_publish_button_{work.token}",
            on_click=_note,
            args=(work.token, "publish"),
        )


def _show_returning(batch: Row, work: ReviewWork) -> None:
    with st.form(f"review_return_{work.token}", border=False, enter_to_submit=False):
        st.text(w.t("review.return_help", agency=w.name("agency", batch["agency"])))
        _reason_field("return", work, label=w.t("review.reason"))
        st.multiselect(
            w.t("review.asked_for"),
            ASKABLE,
            format_func=lambda code: name_of(code, w.language()),
            key=_asked_key(work.token),
            placeholder=w.t("review.asked_for_hint"),
        )
        st.form_submit_button(
            w.t("review.return"),
            icon=":material/undo:",
            key=f"review_return_button_{work.token}",
            on_click=_note,
            args=(work.token, "return"),
        )


def _reason_field(verdict: _Verdict, work: ReviewWork, *, label: str) -> None:
    st.text_area(
        label,
        key=_reason_key(verdict, work.token),
        max_chars=updates.REASON_MAX,
        height=110,
        placeholder=w.t("review.reason_hint"),
    )


def _reason_key(verdict: _Verdict, token: str) -> str:
    return f"review_reason_{verdict}_{token}"


def _asked_key(token: str) -> str:
    return f"review_asked_{token}"


# --- Carried out -----------------------------------------------------------------------------------------------------


def _note(token: str, verdict: _Verdict) -> None:
    reason = str(st.session_state.get(_reason_key(verdict, token), ""))
    asked = tuple(st.session_state.get(_asked_key(token), ())) if verdict == "return" else ()
    st.session_state[_DECIDED] = (token, verdict, reason, asked)


def carry_out(person: session.Person) -> None:
    """Do what was just decided. First thing of a run, so that it is about what was on the screen and nothing newer."""
    if _DECIDED not in st.session_state:
        return
    with st.spinner(w.t("upload.step_storing")):
        # Another click may end this run, but only where something is drawn: not between these lines.
        token, verdict, reason, asked = st.session_state.pop(_DECIDED)
        is_done = _decide(person, token, verdict, reason, asked)
    if is_done:
        st.query_params.pop("batch", None)
        st.rerun()  # the page was begun on the version before


def _decide(person: session.Person, token: str, verdict: _Verdict, reason: str, asked: tuple[str, ...]) -> bool:
    """Store a decision and note what is to be said about it; whether it was stored."""
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is not None and receipt.token == token:
        return False  # the second of two clicks
    work = review_work.shown(token)
    if work is None or (verdict == "publish" and not work.is_settled):
        st.session_state[_REFUSAL] = w.t("review.decide_anew")
        return False
    try:
        with database.session(session.store()) as open_session:
            done = None
            if verdict == "publish":
                review = _decided(work)
                done = updates.publish(open_session, actor=person, review=review, only=work.chosen, reason=reason)
            else:
                number = int(work.review.batch["id"])
                updates.send_back(open_session, actor=person, batch_id=number, reason=reason, asked_for=asked)
    except Refused as refusal:
        st.session_state[_REFUSAL] = refusals.sentence(refusal)
        return False
    st.session_state[_RECEIPT] = _receipt(work, token, verdict, done)
    review_work.forget()
    return True


def _decided(work: ReviewWork) -> updates.Review:
    """The review with the conflicts decided that are among what is chosen."""
    conflicts = () if work.review.preview is None else work.review.preview.conflicts
    return work.review.decided([conflict for conflict in conflicts if conflict.change in work.chosen])


def _receipt(work: ReviewWork, token: str, verdict: _Verdict, done: updates.Receipt | None) -> _Shown:
    number = int(work.review.batch["id"])
    part = work.part
    return _Shown(
        token=token,
        verdict=verdict,
        number=number,
        agency=work.review.batch["agency"],
        changes=len(work.chosen),
        returned=number if done is None else done.returned,
        scores=effects.scores(part.effects) if done is not None and part is not None else None,
    )


# --- The receipt -----------------------------------------------------------------------------------------------------


def show_receipt() -> None:
    """What became of the last decision, until something else is opened."""
    refusal = st.session_state.pop(_REFUSAL, None)
    if refusal is not None:
        st.error(refusal, icon=":material/block:")
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is None or "batch" in st.query_params:
        return
    agency = w.plain(w.name("agency", receipt.agency))
    if receipt.verdict == "return":
        st.success(w.t("review.receipt_returned", number=receipt.number, agency=agency), icon=":material/undo:")
    else:
        said = [w.tn("review.receipt", receipt.changes, number=receipt.number, agency=agency)]
        if receipt.scores is not None:
            said.append(w.t("upload.receipt_score", before=receipt.scores[0], after=receipt.scores[1]))
        if receipt.returned is not None:
            said.append(w.t("review.receipt_rest", number=receipt.returned))
        st.success(" ".join(said), icon=":material/task_alt:")
    with st.container(horizontal=True, vertical_alignment="center"):
        label = w.t("upload.to_batch", number=receipt.number)
        name = "review_receipt_batch"
        history.show_link("review", label, icon=":material/visibility:", key=name, batch=receipt.number)
        if receipt.verdict == "publish":
            label, icon = w.t("upload.to_scorecard"), ":material/assignment_turned_in:"
            links.page_link("scorecard", label, icon=icon, agency=receipt.agency)
