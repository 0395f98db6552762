"""The beginning of an update: the template, the file or the form."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from data_access import settings, updates
from kpi.update import template
from kpi.vocabulary import BatchStatus
from pages.ui import data_edition, exports, links, records, session
from pages.ui.choices import switch
from pages.upload import behalf, confirm, drafts, form, history, layout, problems
from pages.upload import progress as upload_progress
from pages.upload import work as upload_work

WAYS: Final = ("file", "form")
_TEMPLATES: Final[tuple[Literal["xlsx", "csv"], ...]] = ("xlsx", "csv")
_MOST_RETURNED: Final = 3


# --- What came back --------------------------------------------------------------------------------------------------


def show_returned(batches: pl.DataFrame) -> None:
    """The latest batches that were returned and not sent again, each with its reason and the way to correct it."""
    held = batches.filter(pl.col("status") != BatchStatus.WITHDRAWN)
    corrected = held["corrects"].drop_nulls().implode()
    open_ones = batches.filter((pl.col("status") == BatchStatus.RETURNED) & ~pl.col("id").is_in(corrected))
    for batch in open_ones.head(_MOST_RETURNED).iter_rows(named=True):
        with st.container(border=True, gap="small"):
            at = history.moment(batch["reviewed_at"])
            said = w.t("upload.returned_notice", number=batch["id"], by=w.plain(batch["reviewed_by"]), at=at)
            st.markdown(f":material/undo: **{said}**")
            st.text(batch["reason"])
            with st.container(horizontal=True, vertical_alignment="center"):
                key = f"upload_correct_{batch['id']}"
                is_asked = st.button(w.t("upload.correct"), type="primary", icon=":material/edit:", key=key)
                label, name = w.t("upload.to_batch", number=batch["id"]), f"upload_open_{batch['id']}"
                history.show_link("upload", label, icon=":material/visibility:", key=name, batch=batch["id"])
            if is_asked:
                links.go("upload", **behalf.named("upload"), correct=batch["id"])


# --- 1 The template --------------------------------------------------------------------------------------------------


def show_template(person: session.Person) -> None:
    """The agency's open agreements as a file to fill in."""
    st.header(w.t("upload.step_template"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.session_state["upload_template_whole"] = is_whole = st.query_params.get("template") == "whole"
        for kind in _TEMPLATES:
            _show_template_button(person, kind, only_due=not is_whole)
        st.toggle(w.t("upload.template_whole"), key="upload_template_whole", on_change=_choose_template)
        st.caption(_template_help(is_whole), width="stretch")


def _template_help(is_whole: bool) -> str:
    periods, day = records.calendar(), data_edition.shown().data_date
    if day is not None and periods and all(period.due_on <= day for period in periods):
        return w.t("upload.template_help_no_period")
    return w.t("upload.template_help_whole" if is_whole else "upload.template_help")


def _choose_template() -> None:
    if st.session_state["upload_template_whole"]:
        st.query_params["template"] = "whole"
    else:
        st.query_params.pop("template", None)


def _show_template_button(person: session.Person, kind: Literal["xlsx", "csv"], *, only_due: bool) -> None:
    language, engine, agency = w.language(), session.store(), person.hands_in_for or ""
    day = data_edition.shown().data_date

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            current = updates.current_rows(engine, agency)
            return template(current, language=language, format=kind, say=w.t, only_due=only_due)

    name = w.t("upload.template_file", agency=agency)
    st.download_button(
        w.t(f"upload.template_{kind}"),
        write,
        file_name=f"{name}.{kind}" if day is None else exports.file_name(name, as_of=day, extension=kind),
        mime=problems.MIME[kind],
        key=f"upload_template_{kind}",
        on_click="ignore",
        icon=":material/download:",
        type="primary" if kind == "xlsx" else "secondary",
    )


# --- 2 Handing in ----------------------------------------------------------------------------------------------------


def choose_way() -> str:
    """By file or by form; kept in the address."""
    return switch(
        "way",
        WAYS,
        label=w.t("upload.way"),
        write=lambda way: w.t(f"upload.way_{way}"),
        key="upload_way",
        default="form" if "ref" in st.query_params else None,
        forgets=("ref",),
    )


def show_file(person: session.Person) -> None:
    """Take a file and show what it comes to."""
    st.header(w.t("upload.step_upload"), anchor=False)
    take_file(person)


def take_file(person: session.Person, *, corrects: int | None = None) -> bool:
    """Take a file, that of a returned batch put right where `corrects` names one, and show its problems, or its differences to
    confirm; whether there is one."""
    configured = settings.load()
    # No list of kinds of files: the widget would turn others away in English, and ours says what to do instead.
    given = st.file_uploader(
        w.t("upload.file_limits", size=configured.upload_max_mb, rows=w.number(configured.upload_max_rows)),
        key=upload_work.file_key(),
        max_upload_size=configured.upload_max_mb,
    )
    if given is None:
        return _go_on_with_draft(person, corrects)
    choice = upload_work.file_key().replace("file", "encoding")
    with upload_progress.shown() as progress:
        work = upload_work.of_file(
            person,
            name=given.name,
            data=given.getvalue(),
            encoding=st.session_state.get(choice),
            said=layout.said_of(given),
            progress=progress,
            corrects=corrects,
        )
    if problems.asks_for_encoding(work) or st.session_state.get(choice) is not None:
        problems.show_encoding_choice(choice)
    if work.table is not None:
        layout.show(person, given, work)
    if not work.is_accepted:
        problems.show_encoding_check(work)
    elif not layout.says_all(given, work):
        confirm.show(person, work)
    if work.table is None:
        layout.show(person, given, work)
    drafts.keep(person, work)
    return True


def _go_on_with_draft(person: session.Person, corrects: int | None) -> bool:
    with upload_progress.shown() as progress:
        work = upload_work.of_draft(person, corrects=corrects, progress=progress)
    if work is None or work.read is None:
        return False
    st.text(w.t("upload.draft_open", name=work.read.file_name))
    confirm.show(person, work)
    drafts.keep(person, work)
    return True


def show_form(person: session.Person) -> None:
    """Take what is typed about one agreement and show what it comes to."""
    current = upload_work.current_of(person)
    ref = form.show(person, current)
    if ref is None:
        return
    with upload_progress.shown() as progress:
        work = upload_work.of_form(person, ref=ref, progress=progress)
    if work is not None:
        confirm.show(person, work, has_rows=False)
