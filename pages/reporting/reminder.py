"""The words to remind one agency with: what it owes, for which period, since when."""

from __future__ import annotations

import streamlit as st

import words as w
from data_access import reminding
from data_access.accounts import Person
from files.letter_file import MIME, Letter, plain, written
from kpi.reporting import reminders
from kpi.reporting.calendar import Period
from kpi.reporting.reminders import Owing
from pages.reporting import letters
from pages.ui import data_edition, loaders
from pages.ui.kept import kept
from pages.ui.view import View


def show(view: View, person: Person, period: Period, agency: str) -> None:
    """The reminder, to be copied or taken as a letter; nothing where the agency has sent everything."""
    owes = next((owes for owes in _owing(view, period) if owes.agency == agency), None)
    if owes is None:
        return
    letter = _letter(owes, person)
    with st.expander(w.t("reporting.reminder", agency=w.plain(w.name("agency", agency))), expanded=True):
        st.code(plain(letter), language=None, wrap_lines=True)
        st.download_button(
            w.t("reporting.reminder_file"),
            written(letter),
            file_name=reminders.file_name(owes),
            mime=MIME,
            key="reporting_reminder",
            on_click=letters.note,
            args=(person, period.code, ((agency, owes.missing.height),)),
            icon=":material/download:",
        )


@kept()
def _owing(view: View, period: Period) -> tuple[Owing, ...]:
    return reminders.owing(loaders.facts(view), period, reminding.read_offices(data_edition.store()))


def _letter(owes: Owing, person: Person) -> Letter:
    edition = data_edition.shown()
    return reminders.letter(
        owes,
        agency=w.name("agency", owes.agency),
        sender=letters.sender(person),
        written_on=reminding.local_today(),
        notes=reminders.notes_of(known_on=edition.known_on, is_demo=edition.is_demo),
    )
