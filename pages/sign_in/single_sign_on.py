"""The sign-in screen with single sign-on: one button in place of name and password.

The button does what `st.login` does, and takes along where the person wanted to go. Who comes back, and what becomes
of it, is settled before a page is reached (see `web/single_sign_on.py`).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import streamlit as st
from streamlit.user_info import generate_login_redirect_url

import words
from data_access import settings
from data_access.accounts import subjects
from pages.sign_in import password
from pages.ui import session

PROVIDER: Final = "oidc"
"""What Streamlit's settings call the provider."""

REFUSED: Final = "refused"
FAILED: Final = "failed"


def refused_address(reference: str, wanted: str = "") -> str:
    """Where somebody finds out that signing in did not work: `FAILED`, or the reference of whom has no account.

    In the language of the page that was wanted.
    """
    said = {REFUSED: reference}
    spoken = parse_qs(urlsplit(wanted).query).get("lang", [""])[0]
    return f"/?{urlencode(said | ({'lang': spoken} if spoken in words.languages() else {}))}"


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
            onward = urlencode({"next": _without_refusal(address)})
            session.go_to(f"{generate_login_redirect_url(PROVIDER)}&{onward}")


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


def _without_refusal(address: str) -> str:
    parts = urlsplit(address)
    asked = {name: values for name, values in parse_qs(parts.query, keep_blank_values=True).items() if name != REFUSED}
    return parts._replace(query=urlencode(asked, doseq=True)).geturl()
