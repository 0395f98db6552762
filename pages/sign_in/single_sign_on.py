"""The sign-in screen with single sign-on: one button in place of name and password.

Its address takes along where the person wanted to go, signed for this browser. Who comes back, and what becomes of it,
is settled before a page is reached (see `web/single_sign_on.py`).
"""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

import words
from data_access import settings
from data_access.accounts import subjects
from data_access.accounts.signed_values import write_signed
from pages.sign_in import password
from pages.sign_in.refusal import FAILED, REFUSED, without_refusal
from pages.ui import session
from pages.ui.session_addresses import SIGN_ON_PATH


def show(*, address: str) -> None:
    """Draw the screen; signing in leads to `address`, a path of this application."""
    _, middle, _ = st.columns([1, 1.2, 1])
    with middle:
        password.show_purpose()
        browser = session.browser()
        if browser is None:
            st.error(words.t("sign_in.cookies_needed"), icon=":material/cookie_off:")
            return
        _show_refusal(browser)
        if st.button(words.t("oidc.sign_in"), type="primary", icon=":material/login:", width="stretch"):
            wanted, secret = without_refusal(address), settings.load().app_secret
            signed = write_signed(wanted, purpose="begin single sign-on", owner=browser, app_secret=secret)
            session.go_to(f"{SIGN_ON_PATH}?{urlencode({'next': signed})}")


def _show_refusal(browser: str) -> None:
    said = st.query_params.get(REFUSED, "")
    if said == FAILED:
        st.error(words.t("oidc.failed"), icon=":material/error:")
        return
    subject = subjects.read_reference(said, browser=browser, app_secret=settings.load().app_secret)
    if subject is not None:
        st.warning(words.t("oidc.no_account"), icon=":material/person_off:")
        st.text(words.t("oidc.reference"))
        st.code(subject, language=None, wrap_lines=True)
