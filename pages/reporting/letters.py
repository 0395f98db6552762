"""Reminders to every agency that owes reports, all at once: letters in one zip, by mail, and the log of what went out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import mail, reminding, settings
from data_access import store as database
from data_access.accounts import May, Person
from data_access.acting import Refused
from data_access.reminding import ToSend
from kpi.reporting.calendar import Period
from kpi.vocabulary import ReminderOutcome
from pages.reporting import sections
from pages.ui import data_edition, exports, links, loaders, refusals, tables
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import PUBLISHED_BY, View
from pages.upload import history

_PACKED: Final = "reporting_packed"
_SENT: Final = "reporting_sent"


@dataclasses.dataclass(frozen=True)
class _Packed:
    """Letters that were written: for what, the zip, and which agencies are in it with how many missing reports."""

    key: tuple[object, ...]
    content: bytes
    letters: tuple[tuple[str, int], ...]


def show(view: View, person: Person, period: Period) -> None:
    """What can be done for all agencies that owe reports; nothing where none does."""
    owing = _owing(view, period.code)
    if owing:
        st.header(w.t("reporting.letters"), anchor=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            is_wanted = st.button(
                w.tn("reporting.write_letters", len(owing)), icon=":material/edit_document:", key="reporting_write"
            )
            place = st.container(width="content")
            is_sent = _show_sending(view, period, owing)
        if is_wanted:
            _pack(view, person, period, len(owing))
        if is_sent:
            _send(view, person, period, owing)
        with place:
            _show_packed(view, person, period)
        _show_sent()
    mark = sections.audit_mark()  # after what was just sent
    _show_lacking(person, owing, mark)
    _show_log(period, mark)


@kept()
def _owing(view: View, period: str) -> tuple[str, ...]:
    """The agencies that owe reports."""
    return tuple(sections.counts(view, None, period).filter(pl.col("missing") > 0)["agency"])


def sender(person: Person) -> str:
    """What the office that writes is called."""
    return person.office or w.name("role", person.role)


def _compose(view: View, person: Person, period: Period) -> Iterator[ToSend]:
    edition = data_edition.shown()
    return reminding.compose(
        data_edition.store(),
        loaders.facts(view),
        period,
        sender=sender(person),
        known_on=edition.known_on,
        is_demo=edition.is_demo,
    )


# --- In a file -------------------------------------------------------------------------------------------------------


def _key(view: View, period: Period) -> tuple[object, ...]:
    return (data_edition.shown().key, view, tuple(sorted(view.chosen.items())), period.code, w.language())


def _pack(view: View, person: Person, period: Period, total: int) -> None:
    bar, letters = st.progress(0.0), []
    for number, letter in enumerate(_compose(view, person, period), 1):
        letters.append(letter)
        bar.progress(min(number / total, 1.0), text=w.t("reporting.writing", n=w.number(number), of=w.number(total)))
    bar.empty()
    named = tuple((letter.agency, letter.missing) for letter in letters)
    st.session_state[_PACKED] = _Packed(_key(view, period), reminding.zipped(letters), named)


def _show_packed(view: View, person: Person, period: Period) -> None:
    packed: _Packed | None = st.session_state.get(_PACKED)
    if packed is None or packed.key != _key(view, period):
        return
    st.download_button(
        w.tn("reporting.take_letters", len(packed.letters)),
        packed.content,
        file_name=exports.file_name(
            w.t("reporting.file_letters", code=period.code),
            as_of=view.as_of,
            extension="zip",
            known_on=data_edition.shown().known_on,
        ),
        mime="application/zip",
        key="reporting_take",
        type="primary",
        icon=":material/download:",
        on_click=note,
        args=(person, period.code, packed.letters),
    )


def note(person: Person, period: str, letters: tuple[tuple[str, int], ...]) -> None:
    """Keep in the log that letters were taken along: agencies, each with how many reports are missing."""
    with database.session(data_edition.store()) as writing:
        reminding.note_file(writing, actor=person, period=period, letters=letters)


# --- By mail ---------------------------------------------------------------------------------------------------------


def _is_of_now(view: View) -> bool:
    """Whether the letters say what the register says today, of all that an agency owes: only such ones are sent."""
    edition = data_edition.shown()
    return edition.known_on is None and view.as_of == edition.data_date and set(view.chosen) <= set(PUBLISHED_BY)


def _show_sending(view: View, period: Period, owing: tuple[str, ...]) -> bool:
    """The way to send them, with what that means; whether it was taken. Not there without a mail server."""
    if not settings.load().smtp_url:
        return False
    engine = data_edition.store()
    reachable = set(sections.known_contacts(sections.audit_mark()).filter(pl.col("email") != "")["agency"]) & set(owing)
    left = reachable - reminding.already_sent(engine, period=period.code)
    with st.popover(w.t("reporting.send"), icon=":material/forward_to_inbox:"):
        if not _is_of_now(view):
            st.text(w.t("reporting.send_only_now"))
            return False
        if not left:
            st.text(w.t("reporting.send_none" if reachable else "reporting.send_unreachable"))
            return False
        st.text(w.tn("reporting.send_means", len(left), sender=settings.load().mail_from))
        return st.button(
            w.tn("reporting.send_now", len(left)), type="primary", icon=":material/send:", key="reporting_send"
        )


def _send(view: View, person: Person, period: Period, owing: tuple[str, ...]) -> None:
    bar, done = st.progress(0.0), 0

    def tell(sent: reminding.Sent) -> None:
        nonlocal done
        done += 1
        name = w.plain(w.name("agency", sent.agency))
        bar.progress(min(done / len(owing), 1.0), text=w.t("reporting.sending", agency=name))

    try:
        with mail.mailer(settings.load()) as mailer:
            st.session_state[_SENT] = reminding.send(
                data_edition.store(),
                actor=person,
                period=period.code,
                letters=_compose(view, person, period),
                mailer=mailer,
                told=tell,
            )
    except Refused as refusal:
        st.error(refusals.sentence(refusal), icon=":material/block:")
    bar.empty()


def _show_sent() -> None:
    """What became of the letters that were just sent."""
    done: list[reminding.Sent] = st.session_state.pop(_SENT, [])
    failed = [sent for sent in done if sent.failed and sent.failed != reminding.NO_ADDRESS]
    went = sum(not sent.failed for sent in done)
    if went:
        st.success(w.tn("reporting.sent", went), icon=":material/mark_email_read:")
    if failed:
        st.error(w.tn("reporting.not_sent", len(failed)), icon=":material/unsubscribe:")
        for sent in failed:
            why = w.t(f"reporting.failed_{sent.failed}")
            st.text(f"{w.name('agency', sent.agency)} ({sent.address}): {why}")


def _show_lacking(person: Person, owing: tuple[str, ...], mark: int) -> None:
    """How many of them no mail can reach, and the way to put that right."""
    lacking = _lacking(owing, mark)
    if lacking and person.may(May.KEEP_CONTACTS):
        label = w.tn("reporting.without_contact", lacking)
        links.page_link("contacts", label, icon=":material/contact_mail:", which="lacking")


@kept()
def _lacking(owing: tuple[str, ...], mark: int) -> int:
    known = sections.known_contacts(mark)
    return known.filter(pl.col("agency").is_in(owing) & (pl.col("email") == "")).height


# --- What went out ---------------------------------------------------------------------------------------------------


def _show_log(period: Period, mark: int) -> None:
    """Who was reminded of this period, when, by whom, and whether the letter went."""
    log = _log(period.code, mark)
    if log.is_empty():
        return
    with st.expander(w.tn("reporting.log", log.height), icon=":material/history:"):
        tables.show(
            log.with_columns(
                moment=pl.Series([history.moment(at) for at in log["at"]], dtype=pl.String),
                way_text=w.name_expr(pl.col("way"), "reminder_way"),
                outcome_text=pl.Series(
                    [_outcome(*row) for row in log.select("outcome", "reason").iter_rows()], dtype=pl.String
                ),
            ),
            [
                Column("moment", "reporting.log_at", width=140, by="at"),
                Column("agency", "reporting.agency", "code", of="agency", width=230),
                Column("way_text", "reporting.log_way", width=110),
                Column("outcome_text", "reporting.log_outcome", width=220),
                Column("address", "reporting.log_address", width=220),
                Column("missing", "reporting.missing", "number"),
                Column("by", "reporting.log_by", width=110),
            ],
            "reporting_log",
            file_name=w.t("reporting.file_log", code=period.code),
            alt=w.t("reporting.log_alt"),
            height=320 if log.height > 8 else None,
        )


@kept()
def _log(period: str, mark: int) -> pl.DataFrame:
    """The reminders of a period since an `audit_mark`; columns as in `reminding.read_log`."""
    return reminding.read_log(data_edition.store(), period=period)


def _outcome(outcome: str, reason: str) -> str:
    told = w.name("reminder_outcome", outcome)
    return f"{told}: {w.t(f'reporting.failed_{reason}')}" if outcome == ReminderOutcome.FAILED and reason else told
