"""The entry script: who is here, in which language, of what register; then the page that was asked for, or the sign-in.

All pages are registered on every run, also for somebody who is signed out or must not see one: an address that is not
registered is answered by Streamlit with "page not found", and a link sent by a colleague would end there. What may be
seen is settled by the guard in each page.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import streamlit as st

import words
from data_access import settings
from data_access.accounts import Person
from pages.screen import Screen, screens
from pages.sign_in import password, single_sign_on
from pages.ui import changed, data_edition, filters, links, menu, session
from pages.ui.streamlit_internals import page_asked

ACCOUNT: Final = "account"
"""The key of the pop-up with the account; its state is whether it is open."""


def run() -> None:
    """Draw the frame and, inside it, the page, all in one language."""
    person, _ = session.begin_run()
    choose_language()
    with words.in_language(words.language()):
        draw(person)


def draw(person: Person | None) -> None:
    """The frame, and the page or the sign-in."""
    # A Material or emoji icon in the browser's tab would be fetched from elsewhere.
    st.set_page_config(page_icon=menu.icon(), layout="wide", initial_sidebar_state="collapsed")
    is_alone = person is None or screen_named(page_asked()).is_bare
    page = st.navigation(menu.pages(person), position="hidden" if is_alone else "top")
    if asked := st.session_state.pop("language_asked", None):
        # The page is loaded anew: a select box drawn in one language and answered in another would hand back its label.
        session.go_to(address_of(page, language=asked))
        st.stop()
    if person is None:
        show_language(st.container(horizontal=True, horizontal_alignment="right"))
        form = single_sign_on if settings.load().is_single_sign_on else password
        form.show(address=address_of(page))
        return
    screen = screen_named(page.url_path)
    if screen.is_bare:
        filters.draw(person, bar=False)
        with session.looking(person):
            page.run()
        return
    header = st.container()
    view = filters.draw(person, bar=screen.filtered, looks_back=screen.looks_back)
    with header:  # the address says as known on which day
        show_header(person, data_edition.shown())
    since = st.container()
    if sought := st.session_state.pop("sought", None):
        links.go("agreements", q=sought)
    with session.looking(person):
        page.run()
    if screen.filtered and screen.looks_back:
        with since:  # after the page, which does not wait for it
            changed.show(person, view)


def choose_language() -> None:
    """The language of the address; where it names none, the one spoken so far in this session."""
    asked = st.query_params.get("lang")
    if asked in words.languages():
        session.speak(asked)
    elif words.language() != words.DEFAULT_LANGUAGE:
        st.query_params["lang"] = words.language()


def show_language(place: st.delta_generator.DeltaGenerator) -> None:
    """The switch between languages."""

    def choose() -> None:
        st.session_state["language_asked"] = st.session_state["language_switch"]

    st.session_state["language_switch"] = words.language()
    place.segmented_control(
        words.t("frame.language"),
        words.languages(),
        format_func=words.own_name,
        required=True,
        key="language_switch",
        on_change=choose,
        label_visibility="collapsed",
    )


def show_header(person: Person, edition: data_edition.DataEdition) -> None:
    """What is shown and as of when, whether it is real, and who is looking."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="stretch"):
            name = getattr(edition, words.column("name"))
            if name:
                said = {"name": words.plain(name), "date": words.date(edition.data_date)}
                known_on = edition.known_on
                st.markdown(
                    words.t("frame.register", **said)
                    if known_on is None
                    else words.t("frame.register_known", **said, known=words.date(known_on)),
                    width="content",
                )
            caveat = getattr(edition, words.column("caveat"))
            if edition.is_demo:
                st.caption(f":material/info: {words.t('frame.demo_mark')}", width="content", help=words.plain(caveat))
            elif caveat:
                st.caption(f":material/info: {words.t('frame.caveat')}", width="content", help=words.plain(caveat))
        show_search()
        # Drawn while open only: most runs would draw six elements that nobody sees.
        account = st.popover(
            person.username, icon=":material/account_circle:", type="tertiary", key=ACCOUNT, on_change="rerun"
        )
        if account.open:
            with account:
                show_account(person)


def show_search() -> None:
    """The search across all agreements, on every page; what is found is shown by the list's own page."""

    def seek() -> None:
        st.session_state["sought"] = st.session_state["search_everywhere"]
        st.session_state["search_everywhere"] = ""

    st.text_input(
        words.t("frame.search"),
        type="search",
        placeholder=words.t("frame.search_hint"),
        icon=":material/search:",
        key="search_everywhere",
        on_change=seek,
        label_visibility="collapsed",
        width=220,  # beside the account on a phone
    )


def show_account(person: Person) -> None:
    """Who is signed in, the language, and the way out."""
    st.text(words.name("agency", person.agency) if person.agency else person.office or person.username)
    st.caption(words.name("role", person.role))
    show_language(st.container())
    links.page_link("account", words.t("frame.page_account"), icon=":material/manage_accounts:")
    if st.button(words.t("frame.sign_out"), icon=":material/logout:", width="stretch"):
        session.sign_out(address="/" if words.language() == words.first_language() else f"/?lang={words.language()}")
        st.stop()


def address_of(page: st.Page, *, language: str | None = None) -> str:
    """The address that leads to this page with what it was asked to show, in this language or the one it names."""
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    if language is not None:
        asked.pop("lang", None)
        if language != words.first_language():
            asked["lang"] = [language]
    return f"/{page.url_path}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")


def screen_named(path: str) -> Screen:
    """What the frame knows of the page at an address; the first one has no path of its own."""
    return next((screen for screen in screens() if screen.name == path), screens()[0])


run()
