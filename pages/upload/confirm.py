"""From the differences to the receipt: what was handed in is looked at, confirmed once and answered for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import incidents, updates
from data_access import store as database
from data_access.acting import Refused
from data_access.store import failures
from kpi.update import place_of
from kpi.update.review import said_of_waiting
from kpi.vocabulary import BatchStatus
from pages.ui import links, refusals, session
from pages.upload import differences, drafts, effects, history, notices, partial, problems, remedies
from pages.upload import work as upload_work
from pages.upload.work import Work

_CONFIRMED: Final = "upload_confirmed"
_RECEIPT: Final = "upload_receipt"
_REFUSAL: Final = "upload_refusal"
_FAILURE: Final = "upload_failure"


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A receipt to be shown: of which confirmation, the batches it became (what went in, what waits) with their changes, the
    composite before and after, that it counts from a later day (in words), and whether it was repeated."""

    token: str
    applied: int | None
    waiting: int | None
    changes_in: int
    changes_waiting: int
    scores: tuple[str, str] | None
    later: str | None
    is_repeated: bool = False


# --- Problems, or differences ----------------------------------------------------------------------------------------


def show(person: session.Person, work: Work, *, has_rows: bool = True, has_editor: bool = False) -> None:
    """What was handed in comes to: its problems, or its differences to confirm.

    `has_rows` is false for a form, which has no rows to speak of; `has_editor` says that its rows stand above, to be edited.
    """
    _show_problems_or_differences(person, work, has_rows=has_rows, has_editor=has_editor)
    failure = st.session_state.pop(_FAILURE, None)
    if failure is not None:  # right under the button that was pressed
        st.error(failure, icon=":material/error:")


def _show_problems_or_differences(person: session.Person, work: Work, *, has_rows: bool, has_editor: bool) -> None:
    current = upload_work.current_of(person)
    if has_rows and work.table is not None:
        _say_sent_before(person, work.table.sha256)
    if work.preview is None:
        problems.show(work, has_rows=has_rows)
        if work.table is not None and has_rows:
            remedies.offer(work)
        if work.table is not None and has_rows and not has_editor:
            problems.show_returned_file(work.table, work.problems)
            partial.offer(person, work)
            problems.show_editor(work)
        return
    partial.show_rest(work)
    shown = work.final or work.preview
    if not shown.changes:
        notices.show(work.notices, key=f"upload_notices_{work.round}")
        notices.show_clearing(work)
        # The register says all of it already.
        key = "upload.nothing_new" if has_rows else "upload.form_nothing_new"
        st.info(w.t(key), icon=":material/check_circle:")
        return
    is_third = has_rows and work.corrects is None
    st.header(w.t("upload.step_differences" if is_third else "upload.differences"), anchor=False)
    notices.show(work.notices, key=f"upload_notices_{work.round}")
    notices.show_clearing(work)
    if work.final is None:
        _show_conflicts(work, current.agreements)
        return
    changes = work.final.changes
    st.text(f"{differences.summary(changes)}. {_ways_in(work)}")
    for line, remedy in said_of_waiting(work.why_waits, work.final.thresholds):
        st.text(f"{line}. {remedy}")
    differences.show(
        changes,
        current.agreements,
        waiting=work.waits,
        derived=work.final.derived,
        key=f"upload_changes_{work.round}",
    )
    effects.show(work.effects, note="upload.effects_waiting" if work.waits else None)
    _show_confirmation(work)


def _ways_in(work: Work) -> str:
    """How much goes straight in and how much waits, in one sentence."""
    assert work.final is not None
    waiting = len(work.waits)
    direct = len(work.final.changes) - waiting
    if not waiting:
        return w.t("upload.all_go_in")
    if not direct:
        return w.t("upload.all_wait")
    return w.t("upload.some_wait", direct=w.number(direct), waiting=w.number(waiting))


def _show_conflicts(work: Work, titles: pl.DataFrame) -> None:
    assert work.preview is not None
    places = {place_of(conflict.change) for conflict in work.preview.conflicts}
    st.warning(w.tn("upload.conflicts", len(places - work.decisions.keys())), icon=":material/call_split:")
    differences.show_conflicts(
        work.preview.conflicts,
        titles,
        decided=work.decisions,
        on_decide=lambda place, decision: upload_work.decide(work, place, decision),
        said=_conflict_words(),
        key=f"upload_conflict_{work.round}",
    )


def _conflict_words() -> Mapping[str, str]:
    return {
        "base": w.t("upload.conflict_base"),
        "register": w.t("upload.conflict_register"),
        "file": w.t("upload.conflict_file"),
        "decide_register": w.t("upload.decide_register"),
        "decide_file": w.t("upload.decide_file"),
    }


def _say_sent_before(person: session.Person, file_sha256: str) -> None:
    """Where this very file was sent before and still holds or waits, as which batch."""
    sent = updates.read_uploads_of_file(session.store(), person.hands_in_for or "", file_sha256)
    for row in sent.head(1).iter_rows(named=True):
        key = "upload.waits_already" if row["status"] == BatchStatus.WAITING else "upload.sent_before"
        said = w.t(key, number=row["id"], at=history.moment(row["created_at"]))
        st.info(said, icon=":material/history:")


# --- Confirming ------------------------------------------------------------------------------------------------------


def _show_confirmation(work: Work) -> None:
    assert work.final is not None
    changes = len(work.final.changes)
    waits = len(work.waits) == changes
    is_acknowledged = notices.acknowledge(work)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.button(
            w.tn("upload.confirm_sending" if waits else "upload.confirm", changes),
            type="primary",
            icon=":material/task_alt:",
            key="upload_confirm",
            disabled=not is_acknowledged,
            on_click=_note_confirmation,
            args=(work.token, is_acknowledged),
        )
        st.text(w.t("upload.confirm_sending_help" if waits else "upload.confirm_help"), width="stretch")


def _note_confirmation(token: str, is_acknowledged: bool) -> None:
    st.session_state[_CONFIRMED] = (token, is_acknowledged)


def carry_out(person: session.Person) -> None:
    """Store what was just confirmed. First thing of a run, so that it is what was on the screen and nothing newer."""
    if _CONFIRMED not in st.session_state:
        return
    with st.spinner(w.t("upload.step_storing")):
        # Another click may end this run, but only where something is drawn: not between these lines.
        token, is_acknowledged = st.session_state.pop(_CONFIRMED)
        is_stored = _store(person, token, acknowledged=is_acknowledged)
    if is_stored:
        st.rerun()  # the page was begun on the version before


def _store(person: session.Person, token: str, *, acknowledged: bool) -> bool:
    """Store what was shown under a token, and note what is to be said about it; whether the register may be another now."""
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is not None and receipt.token == token:
        st.session_state[_RECEIPT] = dataclasses.replace(receipt, is_repeated=True)
        return False
    work = upload_work.shown(person, token)
    if work is None or work.final is None or work.sent is None:
        st.session_state[_REFUSAL] = w.t("upload.confirm_again")
        return False
    upload_work.forget()
    try:
        with database.session(session.store()) as open_session:
            done = updates.hand_in(
                open_session,
                actor=person,
                table=work.sent,
                preview=work.final,
                corrects=work.corrects,
                acknowledged=acknowledged,
            )
            drafts.let_go(open_session, person, work)
    except Refused as refusal:
        st.session_state[_REFUSAL] = refusals.sentence(refusal)
        return False
    except failures.STORE_ERRORS as error:  # the file stays on the screen, to be confirmed again
        st.session_state[_FAILURE] = incidents.sentence(error, number=incidents.record(error, where="upload"))
        return False
    drafts.forget(work)
    st.session_state[_RECEIPT] = _receipt(token, work, done)
    upload_work.next_file()
    st.query_params.pop("correct", None)
    return True


def _receipt(token: str, work: Work, done: updates.HandedIn) -> _Shown:
    assert work.final is not None
    every = len(work.final.changes)
    applied = None if done.applied is None else done.applied.batch_id
    waiting = every if applied is None else 0 if done.waiting is None else len(work.waits)
    scores = effects.scores(work.effects) if done.waiting is None else None
    later = effects.counts_later(work.effects) if applied is not None else None
    return _Shown(token, applied, done.waiting, every - waiting, waiting, scores, later, done.repeated)


# --- The receipt -----------------------------------------------------------------------------------------------------


def show_receipt(person: session.Person) -> None:
    """What became of the last confirmation."""
    refusal = st.session_state.pop(_REFUSAL, None)
    if refusal is not None:
        st.error(refusal, icon=":material/block:")
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is None or "batch" in st.query_params or _is_something_new():
        return
    st.success(_in_words(receipt), icon=":material/task_alt:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if receipt.applied is not None:
            links.page_link(
                "scorecard",
                w.t("upload.to_scorecard"),
                icon=":material/assignment_turned_in:",
                agency=person.hands_in_for,
            )
        if receipt.waiting is not None:
            label = w.t("upload.to_batch", number=receipt.waiting)
            name = "upload_receipt_batch"
            history.show_link("upload", label, icon=":material/hourglass_top:", key=name, batch=receipt.waiting)
        st.button(
            w.t("upload.close"),
            icon=":material/close:",
            type="tertiary",
            key="upload_receipt_close",
            on_click=_close_receipt,
        )


def _in_words(receipt: _Shown) -> str:
    said = []
    if receipt.applied is not None:
        key = "upload.receipt_repeated" if receipt.is_repeated else "upload.receipt"
        said.append(w.tn(key, receipt.changes_in, number=receipt.applied))
    if receipt.waiting is not None:
        key = "upload.receipt_waiting_repeated" if receipt.is_repeated else "upload.receipt_waiting"
        said.append(w.tn(key, receipt.changes_waiting, number=receipt.waiting))
    if receipt.scores is not None:
        said.append(w.t("upload.receipt_score", before=receipt.scores[0], after=receipt.scores[1]))
    if receipt.later is not None:
        said.append(receipt.later)
    return " ".join(said)


def _is_something_new() -> bool:
    """Whether a next file has been chosen or a next form sent: the last receipt would be taken for theirs."""
    chosen = st.session_state.get(upload_work.file_key())
    return chosen is not None or upload_work.is_under_way()


def _close_receipt() -> None:
    st.session_state.pop(_RECEIPT, None)
