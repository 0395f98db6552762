"""The steps between a right password and the session: a code, setting up a second factor, a password of one's own.

What is kept in `st.session_state` is the one-time proof of the step that is due. It opens nothing by itself: the store
says whether it is still good, whose it is and what it is good for, at every run and again when the step is taken.
"""

from __future__ import annotations

import dataclasses
from typing import Final
from urllib.parse import urlencode

import segno
import streamlit as st

import words
from data_access import accounts
from data_access.accounts import Step, StepCheck
from data_access.acting import Refused
from data_access.store import session as store_session
from pages.ui import refusals, session
from pages.ui.session_addresses import SIGN_IN_PATH

_UNDER_WAY: Final = "sign_in_step"


@dataclasses.dataclass
class _UnderWay:
    """The step that is due; for setting up a second factor the secret offered, and then the recovery codes to put away."""

    step: Step
    secret: str = ""
    codes: tuple[str, ...] = ()
    problem: str = ""


def take(step: Step, *, address: str) -> None:
    """Go on to a step: show it, or, of the last one, lead to the session and then to `address`."""
    if step.stage == "open":
        st.session_state.pop(_UNDER_WAY, None)
        st.success(words.t("sign_in.opening"), icon=":material/check_circle:")
        session.go_to(f"{SIGN_IN_PATH}?{urlencode({'ticket': step.proof, 'next': address})}")
        return
    secret = accounts.new_secret() if step.stage == "enrol" else ""
    st.session_state[_UNDER_WAY] = _UnderWay(step, secret=secret)
    st.rerun()


def show(*, address: str) -> bool:
    """Draw the step that is due; whether there is one."""
    under_way: _UnderWay | None = st.session_state.get(_UNDER_WAY)
    browser = session.browser()
    if under_way is None or browser is None:
        return False
    username = accounts.holder_of(session.store(), under_way.step, browser=browser)
    if username is None:
        _begin_again()
        st.warning(words.t("sign_in.step_over"), icon=":material/schedule:")
        return False
    stage = under_way.step.stage
    st.header(words.t(f"sign_in.{stage}"), anchor=False)
    st.caption(words.t("sign_in.step_of", username=words.plain(username)))
    if stage == "code":
        _show_code(under_way, browser, address)
    elif stage == "enrol":
        _show_enrolment(under_way, browser, address, username)
    elif stage == "saved":
        _show_codes(under_way, browser, address)
    else:
        _show_renewal(under_way, browser, address)
    st.button(words.t("sign_in.begin_again"), type="tertiary", icon=":material/arrow_back:", on_click=_begin_again)
    return True


def show_qr(secret: str, *, username: str) -> None:
    """A secret for an authenticator app, to be read by a phone's camera or typed."""
    link = accounts.address_of(secret, username=username, issuer=words.t("sign_in.issuer"))
    drawn = segno.make(link, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")
    # As a text the drawing is put into the page itself: files are served to sessions only.
    st.image(drawn, width=232, alt=words.t("sign_in.qr"))
    st.caption(words.t("sign_in.no_camera"))
    st.code(" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)), language=None, wrap_lines=True)


# --- The steps -------------------------------------------------------------------------------------------------------


def _show_code(under_way: _UnderWay, browser: str, address: str) -> None:
    with st.form("sign_in_code"):
        code = st.text_input(
            words.t("sign_in.code_label"),
            max_chars=accounts.CODE_MAX,
            autocomplete="one-time-code",
            help=words.t("sign_in.code_help"),
        )
        sent = st.form_submit_button(words.t("sign_in.go_on"), type="primary", width="stretch")
    if sent:
        check = accounts.pass_code(
            session.store(), under_way.step, browser=browser, code=code, address=session.address()
        )
        _go_on(check, address)


def _show_enrolment(under_way: _UnderWay, browser: str, address: str, username: str) -> None:
    st.text(words.t("sign_in.enrol_why"))
    show_qr(under_way.secret, username=username)
    if not accounts.is_lasting():
        st.caption(f":material/info: {words.t('sign_in.not_lasting')}")
    with st.form("sign_in_enrol"):
        code = st.text_input(
            words.t("sign_in.enrol_label"), max_chars=accounts.APP_CODE_MAX, autocomplete="one-time-code"
        )
        sent = st.form_submit_button(words.t("sign_in.go_on"), type="primary", width="stretch")
    if sent:
        check = accounts.pass_enrolment(
            session.store(),
            under_way.step,
            browser=browser,
            secret=under_way.secret,
            code=code,
            address=session.address(),
        )
        if check.step is not None:
            st.session_state[_UNDER_WAY] = _UnderWay(check.step, codes=check.codes)
            st.rerun()
        _go_on(check, address)


def _show_codes(under_way: _UnderWay, browser: str, address: str) -> None:
    show_recovery_codes(under_way.codes)
    if st.button(words.t("sign_in.saved_done"), type="primary", icon=":material/task_alt:", width="stretch"):
        with store_session(session.store()) as writing:
            check = accounts.pass_saved(writing, under_way.step, browser=browser)
        _go_on(check, address)


def show_recovery_codes(codes: tuple[str, ...]) -> None:
    """New recovery codes; they are not shown again."""
    st.text(words.t("sign_in.saved_why"))
    st.code("\n".join(codes), language=None)


def _show_renewal(under_way: _UnderWay, browser: str, address: str) -> None:
    st.text(words.t("sign_in.renew_why"))
    with st.form("sign_in_renew"):
        new = st.text_input(words.t("account.password_new"), type="password", autocomplete="new-password")
        again = st.text_input(words.t("account.password_again"), type="password", autocomplete="new-password")
        st.caption(words.t("account.password_rules"))
        sent = st.form_submit_button(words.t("sign_in.go_on"), type="primary", width="stretch")
    if not sent:
        return
    if new != again:
        st.error(words.t("account.problem_password_differs"), icon=":material/error:")
        return
    try:
        with store_session(session.store()) as writing:
            check = accounts.pass_renewal(writing, under_way.step, browser=browser, password=new)
    except Refused as error:
        st.error(refusals.sentence(error), icon=":material/error:")
        return
    _go_on(check, address)


# --- Inside ----------------------------------------------------------------------------------------------------------


def _go_on(check: StepCheck, address: str) -> None:
    if check.step is not None:
        take(check.step, address=address)
    elif check.wait_seconds:
        st.warning(words.tn("sign_in.wait", check.wait_seconds), icon=":material/hourglass:")
    elif check.problem == "over":
        st.rerun()  # the step is drawn no more, and it is said why
    else:
        st.error(words.t(f"sign_in.code_{check.problem}"), icon=":material/error:")


def _begin_again() -> None:
    st.session_state.pop(_UNDER_WAY, None)
