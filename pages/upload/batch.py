"""One batch: what was sent, what has become of it and why, and what can still be done about it."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from data_access import data_date, refreshing, updates
from data_access import store as database
from data_access.accounts import May
from data_access.acting import Refused
from data_access.clock import today
from kpi.update.columns import name_of
from kpi.vocabulary import BatchStatus, texts
from pages.ui import links, loaders, refusals, session, tables
from pages.ui.tables import Column
from pages.upload import behalf, cells, differences, history, newer
from pages.upload.history import Row

SENT: Final = texts((BatchStatus.WAITING, BatchStatus.RETURNED, BatchStatus.WITHDRAWN))
"""What was sent for review and has not changed the register."""

_NAMED: Final = {
    "upload.relative_part_of": "part_of",
    "upload.relative_corrects": "corrects",
    "upload.relative_undone": "undone_by",
    "upload.relative_undoes": "undoes",
}
_NAMING: Final = {"upload.relative_rest": "part_of", "upload.relative_corrected": "corrects"}
"""How a batch and another belong together, by the column in which the one names the other."""

_ASKED: Final = "upload_batch_asked"
_DONE: Final = "upload_batch_done"
_REFUSED: Final = "upload_batch_refused"
_Act = Literal["undo", "withdraw"]


def show_heading(person: session.Person, batch: Row, batches: pl.DataFrame) -> None:
    """The way back, which batch it is, who sent and who reviewed it, and the batches it belongs together with."""
    page = behalf.page_of_batches(person)
    back = "upload.back_own" if page == "upload" else "upload.back_all"
    history.show_link(page, w.t(back), icon=":material/arrow_back:", key="upload_back")
    said = [w.t("upload.batch_number", number=batch["id"]), history.status(batch)]
    if not person.hands_in_for:
        said.insert(1, w.name("agency", batch["agency"]) if batch["agency"] else w.t("refresh.from_source"))
    st.header(" · ".join(w.plain(text) for text in said), anchor=False)
    sent = w.t("upload.sent_by", by=batch["username"], at=history.moment(batch["created_at"]))
    st.text(f"{batch['file_name']} · {sent}")
    _show_review(batch)
    _show_relatives(page, batch, batches)


def _show_review(batch: Row) -> None:
    if batch["reviewed_at"] is None:
        return
    at = history.moment(batch["reviewed_at"])
    if batch["status"] != BatchStatus.RETURNED:
        st.text(w.t("upload.reviewed", by=batch["reviewed_by"], at=at))
        return
    show_reason(batch)


def show_reason(batch: Row) -> None:
    """Why a batch was returned, by whom and when."""
    at = history.moment(batch["reviewed_at"])
    with st.container(border=True, gap="small"):
        st.markdown(f":material/undo: **{w.t('upload.returned_by', by=w.plain(batch['reviewed_by']), at=at)}**")
        st.text(batch["reason"])
        if asked := str(batch["asked_for"]).split():
            st.text(w.t("upload.asked_for", fields=", ".join(name_of(code, w.language()) for code in asked)))


def _show_relatives(page: str, batch: Row, batches: pl.DataFrame) -> None:
    """Links to the batches that came of the same file, that this one corrects or that correct it."""
    number = batch["id"]
    named = {key: [batch[column]] for key, column in _NAMED.items() if batch[column] is not None}
    naming = {key: batches.filter(pl.col(column) == number)["id"].to_list() for key, column in _NAMING.items()}
    seen = set(batches["id"])
    found = [(key, other) for key, others in {**named, **naming}.items() for other in others if other in seen]
    if found:
        with st.container(horizontal=True, vertical_alignment="center"):
            for key, other in found:
                name = f"upload_relative_{other}_{key.partition('.')[2]}"
                history.show_link(page, w.t(key, number=other), icon=":material/link:", key=name, batch=other)


# --- What it changed, or would ---------------------------------------------------------------------------------------


def show(person: session.Person, batch: Row, batches: pl.DataFrame) -> None:
    """A batch that is not to be decided upon here, with what can be done about it."""
    show_outcome()
    show_heading(person, batch, batches)
    own = person.limited_to
    if batch["status"] in SENT:
        _show_sent(batch, own)
    else:
        _show_changes(batch, own)
    if person.hands_in_for and batch["status"] == BatchStatus.WAITING:
        show_act(batch, "withdraw")
    elif person.hands_in_for and batch["status"] == BatchStatus.RETURNED:
        show_correction(batch)
    elif batch["status"] == BatchStatus.APPLIED and person.hands_in_for and _is_only_for_the_coordinator(batch):
        st.caption(w.t("refused.undo_by_coordinator"))
    elif batch["status"] == BatchStatus.APPLIED and (person.hands_in_for or person.may(May.OVERSEE_UPLOADS)):
        show_act(batch, "undo")


def _is_only_for_the_coordinator(batch: Row) -> bool:
    claim_days = loaders.rules(today(None)).claim_days
    with database.session(session.store(), read_only=True) as reading:
        published_on = data_date.read_published(reading)
    return updates.is_for_the_coordinator(
        batch["reviewed_by"], batch["created_at"], claim_days=claim_days, published_on=published_on
    )


def _show_sent(batch: Row, agency: str | None) -> None:
    """The differences as they were confirmed."""
    sent = updates.review(session.store(), batch["id"], agency=agency)
    sent_by_source = None if agency or batch["agency"] else refreshing.waiting(session.store(), batch["id"])
    if sent_by_source is not None and sent_by_source.differences is not None:
        newer.show_differences(sent_by_source.differences, sent_by_source.newer, key=f"newer_{batch['id']}")
    if sent is not None:
        st.text(differences.summary(sent.seen))
        differences.show(sent.seen, titles())


def titles() -> pl.DataFrame:
    """agreement_id, title_vi and title_en of every agreement. Batches name agreements of their own agency only."""
    return loaders.register().agreements.select("title_vi", "title_en", agreement_id="id")


def _show_changes(batch: Row, agency: str | None) -> None:
    changes = updates.read_changes(session.store(), batch["id"], agency=agency)
    tables.show(
        cells.written(changes).with_columns(cells.title()),
        [
            Column("ref", "upload.ref", pinned=True),
            Column("what", "upload.what", width=200),
            Column("before", "upload.was_before", width=200),
            Column("after", "upload.was_after", width=200),
            Column("title", "upload.title", width=320),
        ],
        f"upload_batch_{batch['id']}",
        file_name=w.t("upload.batch_number", number=batch["id"]),
        alt=w.t("upload.differences"),
        height=520 if changes.height > 14 else None,
        empty_key="upload.history_none",
    )


# --- What can be done ------------------------------------------------------------------------------------------------


def show_correction(batch: Row) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        key = f"upload_correct_{batch['id']}"
        is_asked = st.button(w.t("upload.correct"), type="primary", icon=":material/edit:", key=key)
        st.text(w.t("upload.correct_help"), width="stretch")
    if is_asked:
        links.go("upload", **behalf.named("upload"), correct=batch["id"])


def show_act(batch: Row, act: _Act) -> None:
    """The button that undoes or withdraws a batch, with what that means."""
    number = batch["id"]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.button(
            w.t("upload.undo" if act == "undo" else "upload.withdraw"),
            icon=":material/undo:",
            key=f"upload_{act}_{number}",
            on_click=_note,
            args=(number, act),
        )
        said = w.tn("upload.undo_question", batch["changes"]) if act == "undo" else w.t("upload.withdraw_help")
        st.text(said, width="stretch")


def _note(number: int, act: _Act) -> None:
    st.session_state[_ASKED] = (number, act)


def carry_out(person: session.Person) -> None:
    """Undo or withdraw what was just asked for. First thing of a run, once it is known who asks."""
    if _ASKED not in st.session_state:
        return
    with st.spinner(w.t("upload.step_storing")):
        # Another click may end this run, but only where something is drawn: not between these lines.
        number, act = st.session_state.pop(_ASKED)
        is_done = _carry_out(person, number, act)
    if is_done:
        st.rerun()  # the page was begun on the version before


def _carry_out(person: session.Person, number: int, act: _Act) -> bool:
    try:
        with database.session(session.store()) as open_session:
            if act == "undo":
                receipt = updates.undo(open_session, actor=person, batch_id=number)
                said = w.t("upload.undone", number=number, by=receipt.batch_id)
            else:
                updates.withdraw(open_session, actor=person, batch_id=number)
                said = w.t("upload.withdrawn", number=number)
    except Refused as refusal:
        st.session_state[_REFUSED] = refusals.sentence(refusal)
        return False
    st.session_state[_DONE] = said
    return True


def show_outcome() -> None:
    """What came of the last thing that was done about a batch."""
    refusal, done = st.session_state.pop(_REFUSED, None), st.session_state.pop(_DONE, None)
    if refusal is not None:
        st.error(refusal, icon=":material/block:")
    if done is not None:
        st.success(done, icon=":material/undo:")
