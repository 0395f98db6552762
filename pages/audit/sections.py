"""The sections of the audit page."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from data_access.audit import journal
from data_access.audit.journal import Sought, Verification
from pages.account import sections
from pages.audit import SCREEN, told
from pages.ui import cards, exports, paging, session
from pages.ui.choices import offered

PAGE_ROWS: Final = 50
TABLE_HEIGHT: Final = 640
_CHOICES: Final = "audit_choices"
_PAGE: Final = "audit_page"
_ASKED: Final = "audit_asked"
_FORMATS: Final[dict[Literal["csv", "xlsx"], str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


# --- The chain -------------------------------------------------------------------------------------------------------


def show_verification(person: session.Person) -> None:
    """Whether the chain held when it was last looked at, and the way to look again."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        place = st.container()
        if st.button(w.t("audit.verify"), icon=":material/fact_check:", help=w.t("audit.verify_help")):
            with st.spinner(w.t("audit.verifying")):
                found: Verification | None = journal.verify_chain(session.store(), actor=person)
        else:
            found = journal.last_verification(session.store(), actor=person)
        with place:
            _show_found(found)


def _show_found(found: Verification | None) -> None:
    if found is None:
        st.text(w.t("audit.never_verified"))
        return
    if found.check.first_broken is None:
        st.badge(w.t("audit.holds"), icon=":material/verified:", color="green")
    else:
        st.error(w.t("audit.broken", number=found.check.first_broken), icon=":material/link_off:")
    said = w.tn("audit.verified", found.check.entries, at=sections.moment(found.at), actor=found.actor)
    st.text(said)


# --- What is asked for -----------------------------------------------------------------------------------------------


def choose() -> Sought:
    """What the administrator wants to see; a change begins at the first page again."""
    person = session.require(SCREEN)
    known = st.session_state.get(_CHOICES)
    if known is None:
        known = st.session_state[_CHOICES] = journal.choices(session.store(), actor=person)
    actors = offered(known.actors, key="audit_actor", write=str, chosen=st.session_state.get("audit_actor") or None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            w.t("audit.text"),
            type="search",
            placeholder=w.t("audit.text_hint"),
            icon=":material/search:",
            key="audit_text",
            help=w.t("audit.text_help"),
        )
        actor = st.selectbox(
            w.t("audit.actor"),
            ["", *actors],
            format_func=lambda name: name or w.t("audit.anybody"),
            key="audit_actor",
            width=200,
        )
        action = st.selectbox(
            w.t("audit.action"),
            ["", *known.actions],
            format_func=lambda code: action_name(code) if code else w.t("audit.anything"),
            key="audit_action",
            width=280,
        )
        subject = st.text_input(w.t("audit.subject"), key="audit_subject", width=200)
        since = _day("since")
        until = _day("until")
    return Sought(
        actor=actor or "", action=action or "", subject=subject or "", since=since, until=until, text=text or ""
    )


def action_name(code: str) -> str:
    """What an action is called; its code where it has no name."""
    return str(pl.select(w.name_expr(pl.lit(code), "action")).item())


def _day(name: str) -> dt.date | None:
    day = st.date_input(w.t(f"audit.{name}"), value=None, format="DD/MM/YYYY", key=f"audit_{name}", width=150)
    return day if isinstance(day, dt.date) else None


# --- The entries -----------------------------------------------------------------------------------------------------


def show_entries(person: session.Person, sought: Sought) -> None:
    """A page of the entries asked for, the way to the other pages, and all of them as a file."""
    if st.session_state.get(_ASKED) != sought:
        st.session_state[_ASKED] = sought
        st.session_state[_PAGE] = 1
    page = st.session_state.get(_PAGE, 1)
    found = journal.search(session.store(), actor=person, sought=sought, page=page, size=PAGE_ROWS)
    if found.total == 0:
        cards.empty_state("audit.none")
        return
    shown = told.written(found.entries)
    st.dataframe(
        shown.select("id", "moment", "actor", "action_name", "subject", "detail_text").to_arrow(),
        key="audit_entries",
        alt=w.t("audit.heading"),
        hide_index=True,
        height=min(35 * (shown.height + 1) + 3, TABLE_HEIGHT),
        column_config={
            "id": st.column_config.NumberColumn(w.t("audit.number"), format="%d", width=80, pinned=True),
            "moment": st.column_config.TextColumn(w.t("audit.at"), width=160),
            "actor": st.column_config.TextColumn(w.t("audit.actor"), width=140),
            "action_name": st.column_config.TextColumn(w.t("audit.action"), width=260),
            "subject": st.column_config.TextColumn(w.t("audit.subject"), width=160),
            "detail_text": st.column_config.TextColumn(w.t("audit.detail"), width=480),
        },
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        _show_pages(found.total, page)
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            for extension in _FORMATS:
                _show_download(person, sought, extension)
    if found.total > journal.EXPORT_MAX:
        st.caption(w.t("audit.export_limit", n=w.number(journal.EXPORT_MAX)))


def _show_pages(total: int, page: int) -> None:
    pages = -(-total // PAGE_ROWS)
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        paging.show_numbers(pages, key=_PAGE)
        st.caption(w.t("audit.page_of", page=w.number(page), pages=w.number(pages), total=w.number(total)))


def _show_download(person: session.Person, sought: Sought, extension: Literal["csv", "xlsx"]) -> None:
    language, engine = w.language(), session.store()

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language; whether this person may is asked
        # again there, and the export becomes an entry itself.
        with w.in_language(language):
            entries = journal.export(engine, actor=person, sought=sought)
            table = entries.select(
                pl.col("id").alias(w.t("audit.number")),
                pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%S.%6fZ").alias(w.t("audit.at_utc")),
                pl.col("actor").alias(w.t("audit.actor")),
                pl.col("action").alias(w.t("audit.action")),
                pl.col("subject").alias(w.t("audit.subject")),
                pl.col("detail").alias(w.t("audit.detail")),
                pl.col("hash").alias(w.t("audit.hash")),
            )
            notes = {w.t("audit.asked_for"): ", ".join(f"{name}={value}" for name, value in sought.told().items())}
            if extension == "csv":
                return exports.csv(table, notes=notes)
            return exports.xlsx(
                table, notes=notes, sheet=w.t("common.sheet_data"), notes_sheet=w.t("common.sheet_notes")
            )

    st.download_button(
        w.t(f"common.download_{extension}"),
        write,
        file_name=exports.file_name(w.t("audit.heading"), as_of=dt.datetime.now(dt.UTC).date(), extension=extension),
        mime=_FORMATS[extension],
        key=f"audit_{extension}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
