"""The second factor on the account page: set up, replaced, taken away; new recovery codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import streamlit as st

import words as w
from data_access import accounts
from data_access.accounts import SecondFactor
from data_access.acting import Refused
from pages.sign_in import steps
from pages.ui import session

_SECRET: Final = "account_factor_secret"
_CODES: Final = "account_factor_codes"
Doing = Literal["set_up", "codes", "remove"]
Say = Callable[..., None]
Problem = Callable[[Refused], None]


def show(person: session.Person, *, say: Say, problem: Problem) -> None:
    """How the second factor stands and what can be done about it. `say` and `problem` speak of what was done."""
    st.header(w.t("account.factor"), anchor=False)
    codes: tuple[str, ...] | None = st.session_state.get(_CODES)
    if codes is not None:
        steps.show_recovery_codes(codes)
        st.button(w.t("account.codes_saved"), type="primary", icon=":material/task_alt:", on_click=_forget_codes)
        return
    factor = accounts.read_second_factor(session.store(), person.username)
    _show_state(factor)
    offered: list[Doing] = ["set_up"] if factor.confirmed_at is None else ["codes", "set_up"]
    if factor.confirmed_at is not None and not factor.is_required:
        offered.append("remove")
    has_one = factor.confirmed_at is not None
    for doing in offered:
        key = f"factor_{'replace' if doing == 'set_up' and has_one else doing}"
        with st.expander(w.t(f"account.{key}"), key=f"account_{key}", on_change="rerun") as opened:
            if opened.open:
                _show_form(person, doing, has_one=has_one, say=say, problem=problem)


def _show_state(factor: SecondFactor) -> None:
    if factor.confirmed_at is None:
        st.text(w.t("account.factor_required" if factor.is_required else "account.factor_none"))
        return
    st.badge(w.t("account.factor_on"), icon=":material/verified_user:", color="green")
    if not factor.is_readable:
        st.warning(w.t("sign_in.code_unreadable"), icon=":material/key_off:")
    if factor.codes_left <= 2:
        st.warning(w.tn("account.codes_left", factor.codes_left), icon=":material/warning:")
    else:
        st.text(w.tn("account.codes_left", factor.codes_left))


def _show_form(person: session.Person, doing: Doing, *, has_one: bool, say: Say, problem: Problem) -> None:
    secret = ""
    if doing == "set_up":
        secret = st.session_state.setdefault(_SECRET, accounts.new_secret())
        st.text(w.t("sign_in.enrol_how"))
        steps.show_qr(secret, username=person.username)
        if not accounts.is_lasting():
            st.caption(f":material/info: {w.t('sign_in.not_lasting')}")
    with st.form(f"account_factor_{doing}"):
        code = st.text_input(w.t("sign_in.enrol_label"), max_chars=accounts.APP_CODE_MAX) if doing == "set_up" else ""
        present = st.text_input(w.t("account.factor_present"), max_chars=accounts.CODE_MAX) if has_one else ""
        password = st.text_input(w.t("account.password_current"), type="password", autocomplete="current-password")
        sent = st.form_submit_button(w.t(f"account.factor_{doing}_do"), type="primary")
    if not sent:
        return
    try:
        codes = _do(person, doing, secret=secret, code=code, present=present, password=password)
    except Refused as error:
        problem(error)
        return
    st.session_state.pop(_SECRET, None)
    if codes:
        st.session_state[_CODES] = codes
        say("account.factor_codes_new" if doing == "codes" else "account.factor_set")
    say("account.factor_removed")


def _do(
    person: session.Person, doing: Doing, *, secret: str, code: str, present: str, password: str
) -> tuple[str, ...]:
    """Do it; the new recovery codes, if that makes any."""
    store, address, browser = session.store(), session.address(), session.browser()
    if doing == "set_up":
        keep = session.session_id() or ""
        codes = accounts.set_up_second_factor(
            store,
            person=person,
            password=password,
            secret=secret,
            code=code,
            present_code=present,
            keep=keep,
            address=address,
            browser=browser,
        )
        return tuple(codes)
    if doing == "codes":
        return tuple(
            accounts.renew_recovery_codes(
                store, person=person, password=password, present_code=present, address=address, browser=browser
            )
        )
    accounts.remove_second_factor(
        store, person=person, password=password, present_code=present, address=address, browser=browser
    )
    return ()


def _forget_codes() -> None:
    st.session_state.pop(_CODES, None)
