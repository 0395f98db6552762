"""The sign-in screen, shown in place of the page somebody asked for.

streamlit-authenticator draws the form; accounts, counting of tries and passwords are those of the store. What the
form leaves in `st.session_state` is never read: a right password leads to the steps the store asks for
(`sign_in_steps`), the last of which yields a one-time ticket. With it the browser is sent to the route that turns it
into a cookie and leads back to the page and filters first asked for.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit_authenticator import Authenticate
from streamlit_authenticator.controllers import AuthenticationController
from streamlit_authenticator.models import AuthenticationModel

import words
from data_access import accounts, settings
from data_access.store import session as store_session
from pages.sign_in import steps
from pages.ui import session


class _StoreModel(AuthenticationModel):  # type: ignore[misc]  # the package has no types
    """The form's view of the accounts: the store is asked, and only about the name that was typed."""

    def __init__(self) -> None:
        super().__init__({"usernames": {}}, auto_hash=False)
        self.submitted = self.asked = False
        self.check = accounts.SignInCheck()

    def login(self, username: str | None, password: str | None, *_: Any, **__: Any) -> bool:
        """Called by the form with what was typed; whether it opens an account."""
        self.submitted = True
        if not username or not password:
            return False
        self.asked = True
        self.check = accounts.check_password(
            session.store(),
            username=username,
            password=password,
            address=session.address(),
            browser=session.browser(),
        )
        return self.check.username is not None


class _NoCookies:
    """Stands where the package keeps its own cookie: a token in reach of scripts, which cannot be revoked.

    The package's cookie controller would also load a frame into the page that reads every cookie in its reach, even
    when it is told to keep its cookie for 0 days. Ours is set by the route the ticket leads to.
    """

    def get_cookie(self) -> None:
        """Nobody is remembered."""

    def set_cookie(self) -> None:
        """Nobody will be."""


class _Form(Authenticate):  # type: ignore[misc]
    """The package's sign-in form and nothing else of it."""

    def __init__(self, model: _StoreModel) -> None:
        self.path = None
        self.attrs = {"login_sleep_time": 0}
        self.cookie_controller = _NoCookies()
        self.authentication_controller = AuthenticationController({"usernames": {}}, auto_hash=False)
        self.authentication_controller.authentication_model = model


def show_purpose() -> None:
    """What this is, and that the session before has ended where one has; first on every screen for somebody signed out."""
    st.title(words.t("sign_in.title"))
    st.text(words.t("sign_in.purpose"))
    if session.session_id() is not None:
        st.info(words.t("sign_in.over"), icon=":material/schedule:")


def show(*, address: str) -> None:
    """Draw the screen; once the password is right, lead to `address`, a path of this application."""
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        show_purpose()
        if session.browser() is None:
            st.error(words.t("sign_in.cookies_needed"), icon=":material/cookie_off:")
        else:
            if steps.show(address=address):
                return
            _show_form(address=address)
        if not settings.load().is_production:
            _show_demo_accounts()


def _show_form(*, address: str) -> None:
    # The package would hide its form for good after the first success within this connection.
    st.session_state["authentication_status"] = None
    model = _StoreModel()
    _Form(model).login(
        fields={
            "Form name": words.t("sign_in.form"),
            "Username": words.t("sign_in.username"),
            "Password": words.t("sign_in.password"),
            "Login": words.t("sign_in.submit"),
        }
    )
    if model.check.username is not None:
        _go_on(model.check.username, address=address)
    elif model.check.wait_seconds:
        st.warning(words.tn("sign_in.wait", model.check.wait_seconds), icon=":material/hourglass:")
    elif model.asked:
        st.error(words.t("sign_in.wrong"), icon=":material/error:")
    elif model.submitted:
        st.warning(words.t("sign_in.incomplete"), icon=":material/edit:")


def _go_on(username: str, *, address: str) -> None:
    browser = session.browser()
    assert browser is not None  # the form is drawn only for a browser that has a mark
    with store_session(session.store()) as writing:
        step = accounts.begin_sign_in(writing, username=username, browser=browser)
    steps.take(step, address=address)


def _show_demo_accounts() -> None:
    """The accounts anybody may try, as far as this register has them."""
    names = [account.username for account in (*accounts.DEMO_ACCOUNTS, accounts.STAND_IN)]
    there = {row["username"]: row for row in accounts.list_users(session.store()).filter("active").to_dicts()}
    offered = [there[name] for name in names if name in there]
    with st.container(border=True):
        st.markdown(words.t("sign_in.demo_accounts"))
        st.table(
            {
                words.t("sign_in.username"): [account["username"] for account in offered],
                words.t("sign_in.role"): [words.name("role", account["role"]) for account in offered],
                words.t("sign_in.agency"): [words.name("agency", account["agency"] or "") for account in offered],
            }
        )
        st.text(words.t("sign_in.demo_password"))
        st.code(accounts.DEMO_PASSWORD, language=None)
