"""The sections of the upload page, in the order in which an agency needs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import streamlit as st

from data_access import engine as database
from data_access import settings, uploads
from kpi.intake import template
from pages.sections import upload_differences, upload_effects, upload_form, upload_history, upload_problems, upload_work
from pages.sections.upload_work import Progress, Work
from pages.ui import exports, links, loaders, session
from pages.ui import words as w

WAYS: Final = ("file", "form")
_CONFIRMED: Final = "upload_confirmed"
_RECEIPT: Final = "upload_receipt"
_REFUSAL: Final = "upload_refusal"
_FILE_NUMBER: Final = "upload_file_number"
_TEMPLATES: Final[tuple[Literal["xlsx", "csv"], ...]] = ("xlsx", "csv")


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A receipt to be shown: of which confirmation, which batch, how many changes, the composite before and after, and whether
    it was repeated."""

    token: str
    batch_id: int
    changes: int
    scores: tuple[str, str] | None
    is_repeated: bool = False


# --- 1 The template --------------------------------------------------------------------------------------------------


def show_template(person: session.Person) -> None:
    """The agency's open agreements as a file to fill in."""
    st.subheader(w.t("upload.step_template"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind in _TEMPLATES:
            _show_template_button(person, kind)
        st.caption(w.t("upload.template_help"), width="stretch")


def _show_template_button(person: session.Person, kind: Literal["xlsx", "csv"]) -> None:
    language, engine, agency = w.language(), session.store(), person.agency or ""
    day = loaders.edition().data_date

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            return template(uploads.current_rows(engine, agency), language=language, format=kind, say=w.t)

    name = w.t("upload.template_file", agency=agency)
    st.download_button(
        w.t(f"upload.template_{kind}"),
        write,
        file_name=f"{name}.{kind}" if day is None else exports.file_name(name, as_of=day, extension=kind),
        mime=upload_problems.MIME[kind],
        key=f"upload_template_{kind}",
        on_click="ignore",
        icon=":material/download:",
        type="primary" if kind == "xlsx" else "secondary",
    )


# --- 2 Handing in ----------------------------------------------------------------------------------------------------


def choose_way() -> str:
    """By file or by form; kept in the address."""
    asked = st.query_params.get("way", "form" if "ref" in st.query_params else WAYS[0])
    asked = asked if asked in WAYS else WAYS[0]
    st.session_state["upload_way"] = asked
    st.segmented_control(
        w.t("upload.way"),
        WAYS,
        format_func=lambda way: w.t(f"upload.way_{way}"),
        required=True,
        key="upload_way",
        on_change=_keep_way,
        label_visibility="collapsed",
    )
    return asked


def _keep_way() -> None:
    way = st.session_state["upload_way"]
    for name in ("way", "ref"):
        st.query_params.pop(name, None)
    if way != WAYS[0]:
        st.query_params["way"] = way


def show_file(person: session.Person) -> None:
    """Take a file and show what it comes to: its problems, or its differences to confirm."""
    configured = settings.load()
    st.subheader(w.t("upload.step_upload"), anchor=False)
    number = st.session_state.setdefault(_FILE_NUMBER, 0)
    # No list of kinds of files: the widget would turn others away in English, and ours says what to do instead.
    given = st.file_uploader(
        w.t("upload.file_limits", size=configured.upload_max_mb, rows=w.number(configured.upload_max_rows)),
        key=f"upload_file_{number}",
        max_upload_size=configured.upload_max_mb,
    )
    if given is None:
        return
    choice = f"upload_encoding_{number}"
    with _progress() as progress:
        work = upload_work.of_file(
            person, name=given.name, data=given.getvalue(), encoding=st.session_state.get(choice), progress=progress
        )
    if upload_problems.asks_for_encoding(work) or st.session_state.get(choice) is not None:
        upload_problems.show_encoding_choice(choice)
    if work.is_accepted:
        _show_outcome(person, work)
    else:
        upload_problems.show_encoding_check(work)


def show_form(person: session.Person) -> None:
    """Take what is typed about one agreement and show what it comes to."""
    current = upload_work.current_of(person)
    ref = upload_form.show(person, current)
    if ref is None:
        return
    with _progress() as progress:
        work = upload_work.of_form(person, ref=ref, progress=progress)
    if work is not None:
        _show_outcome(person, work, has_rows=False)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar that says what is being done, for as long as something is."""
    place = st.empty()

    def tell(key: str, share: float) -> None:
        place.progress(share, text=w.t(key))

    yield tell
    place.empty()


# --- 3 Problems or 4 differences -------------------------------------------------------------------------------------


def _show_outcome(person: session.Person, work: Work, *, has_rows: bool = True) -> None:
    current = upload_work.current_of(person)
    if has_rows and work.table is not None:
        _say_sent_before(person, work.table.sha256)
    if work.preview is None:
        upload_problems.show(work, has_rows=has_rows)
        if work.table is not None and has_rows:
            upload_problems.show_returned_file(work)
            upload_problems.show_editor(work)
        return
    shown = work.final or work.preview
    if not shown.changes:
        # The register says all of it already.
        key = "upload.nothing_new" if has_rows else "upload.form_nothing_new"
        st.info(w.t(key), icon=":material/check_circle:")
        return
    st.subheader(w.t("upload.step_differences" if has_rows else "upload.differences"), anchor=False)
    upload_problems.show_notices(work.problems, key=f"upload_notices_{work.round}")
    if work.final is None:
        upload_differences.show_conflicts(work, current)
        return
    upload_differences.show(work.final, current)
    upload_effects.show(work.effects)
    _show_confirmation(work)


def _say_sent_before(person: session.Person, file_sha256: str) -> None:
    """Where this very file was applied before and still holds, as which batch."""
    sent = uploads.read_uploads_of_file(session.store(), person.agency or "", file_sha256)
    for row in sent.head(1).iter_rows(named=True):
        said = w.t("upload.sent_before", number=row["id"], at=upload_history.moment(row["created_at"]))
        st.info(said, icon=":material/history:")


# --- 5 Confirming ----------------------------------------------------------------------------------------------------


def _show_confirmation(work: Work) -> None:
    assert work.final is not None
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.button(
            w.tn("upload.confirm", len(work.final.changes)),
            type="primary",
            icon=":material/task_alt:",
            key="upload_confirm",
            on_click=_note_confirmation,
            args=(work.token,),
        )
        st.text(w.t("upload.confirm_help"), width="stretch")


def _note_confirmation(token: str) -> None:
    st.session_state[_CONFIRMED] = token


def carry_out(person: session.Person) -> None:
    """Store what was just confirmed. First thing of a run, so that it is what was on the screen and nothing newer."""
    if _CONFIRMED not in st.session_state:
        return
    with st.spinner(w.t("upload.step_storing")):
        # Another click may end this run, but only where something is drawn: not between these lines.
        is_stored = _store(person, st.session_state.pop(_CONFIRMED))
    if is_stored:
        st.rerun()  # the page was begun on the version before


def _store(person: session.Person, token: str) -> bool:
    """Store what was shown under a token, and note what is to be said about it; whether the register may be another now."""
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is not None and receipt.token == token:
        st.session_state[_RECEIPT] = dataclasses.replace(receipt, is_repeated=True)
        return False
    work = upload_work.shown(person, token)
    if work is None or work.final is None:
        st.session_state[_REFUSAL] = w.t("upload.confirm_again")
        return False
    upload_work.forget()
    try:
        with database.session(session.store()) as open_session:
            done = uploads.apply(open_session, actor=person, preview=work.final)
    except uploads.Refused as refusal:
        st.session_state[_REFUSAL] = upload_history.refused(refusal)
        return False
    if done.batch_id is not None:
        scores = upload_effects.scores(work.effects)
        st.session_state[_RECEIPT] = _Shown(token, done.batch_id, len(work.final.changes), scores, not done.applied)
    st.session_state[_FILE_NUMBER] = st.session_state.get(_FILE_NUMBER, 0) + 1
    return True


def show_receipt(person: session.Person) -> None:
    """What became of the last confirmation."""
    refusal = st.session_state.pop(_REFUSAL, None)
    if refusal is not None:
        st.error(refusal, icon=":material/block:")
    receipt: _Shown | None = st.session_state.get(_RECEIPT)
    if receipt is None or _is_something_new():
        return
    key = "upload.receipt_repeated" if receipt.is_repeated else "upload.receipt"
    said = w.tn(key, receipt.changes, number=receipt.batch_id)
    if receipt.scores is not None:
        said += " " + w.t("upload.receipt_score", before=receipt.scores[0], after=receipt.scores[1])
    st.success(said, icon=":material/task_alt:")
    with st.container(horizontal=True, vertical_alignment="center"):
        links.page_link(
            "scorecard", w.t("upload.to_scorecard"), icon=":material/assignment_turned_in:", agency=person.agency
        )
        st.button(
            w.t("upload.close"),
            icon=":material/close:",
            type="tertiary",
            key="upload_receipt_close",
            on_click=_close_receipt,
        )


def _is_something_new() -> bool:
    """Whether a next file has been chosen or a next form sent: the last receipt would be taken for theirs."""
    chosen = st.session_state.get(f"upload_file_{st.session_state.get(_FILE_NUMBER, 0)}")
    return chosen is not None or upload_work.is_under_way()


def _close_receipt() -> None:
    st.session_state.pop(_RECEIPT, None)
