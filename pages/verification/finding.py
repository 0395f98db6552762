"""One claim that was drawn: what was claimed, the form that records what was found, and one's own entry taken back."""

from __future__ import annotations

import functools
from typing import Any, Final, Literal

import polars as pl
import streamlit as st

import words as w
from data_access import verification
from data_access.accounts import May, Person
from data_access.clock import today
from data_access.documents import DOCUMENT_MAX, Document
from data_access.verification import Claim
from kpi.vocabulary import RECORDED, STATES, Verdict, texts
from pages.ui import data_edition, links, refusals
from pages.ui.refusals import Write

Item = dict[str, Any]
BESIDES: Final = "e"
"""Stands in an address before the number of the event of a claim that was not drawn."""

_DONE: Final = "verification_done"
_REFUSED: Final = "verification_refused"
_COLOURS: Final[dict[str, Literal["green", "red", "orange"]]] = {
    Verdict.CONFIRMED: "green",
    Verdict.REFUTED: "red",
    Verdict.NOT_SHOWN: "orange",
    Verdict.TAKEN_BACK: "orange",
}


# --- Carried out -----------------------------------------------------------------------------------------------------


def carry_out(write: Write, done: str) -> None:
    """Store something and note what is to be said about it."""
    person, refused = refusals.carried_out(write)
    if person is None:
        return
    if refused is not None:
        st.session_state[_REFUSED] = refused
        return
    st.session_state[_DONE] = done
    st.query_params.pop("claim", None)


def show_done() -> None:
    """What has just been stored, or why nothing was."""
    if (refused := st.session_state.pop(_REFUSED, None)) is not None:
        st.error(refused, icon=":material/block:")
    if (done := st.session_state.pop(_DONE, None)) is not None:
        st.success(done, icon=":material/task_alt:")


# --- One claim -------------------------------------------------------------------------------------------------------


def asked(items: pl.DataFrame) -> Item | None:
    """The claim the address names by its position; None where it names none there is."""
    given = st.query_params.get("claim", "")
    if not given or given.startswith(BESIDES):
        return None
    found = items.filter(pl.col("position").cast(pl.String) == given)
    if found.is_empty():
        st.warning(w.t("verification.no_claim"), icon=":material/link_off:")
        return None
    return found.row(0, named=True)


def asked_besides(*lists: pl.DataFrame) -> Item | None:
    """The claim the address names by the number of its event, of claims outside a sample; None where it names none there is."""
    found = pl.concat(lists, how="diagonal").filter(
        pl.format(f"{BESIDES}{{}}", "event_id") == st.query_params.get("claim", "")
    )
    if found.is_empty():
        return None
    return {**dict.fromkeys(("position", "verdict")), **found.row(0, named=True)}


def show(person: Person, item: Item) -> None:
    """What was claimed, by whom, when it was received; and what was found, or the form for it."""
    if st.button(w.t("verification.back"), type="tertiary", icon=":material/arrow_back:"):
        st.query_params.pop("claim", None)
        st.rerun()
    st.header(w.plain(item[w.column("title")] or item["title_vi"]), anchor=False)
    st.text(w.t("verification.claimed", state=w.name("state", item["state"]), date=w.date(item["effective_on"])))
    received = item["received_on"]
    st.caption(
        w.t(
            "verification.claimed_besides" if item["position"] is None else "verification.claimed_by",
            position=item["position"],
            ref=w.plain(item["ref"]),
            agency=w.plain(w.name("agency", item["agency"])),
            date=w.t("verification.taken_back") if received is None else w.date(received),
        )
    )
    for key in ("note", "evidence_url"):
        if item[key]:
            st.text(w.t(f"verification.{key}", text=item[key]))
    links.page_link("agreement", w.t("verification.open_agreement"), icon=":material/description:", ref=item["ref"])
    if item["verdict"] == Verdict.TAKEN_BACK:
        st.badge(w.name("verdict", item["verdict"]), color=_COLOURS[item["verdict"]])
        stands = received is not None
        st.text(w.t("verification.gone_again" if stands else "verification.gone", date=w.date(item["verified_on"])))
    if item["verdict"] not in (None, Verdict.TAKEN_BACK):
        _show_found(person, item)
    elif received is None:
        return
    elif not person.may(May.VERIFY):
        st.info(w.t("verification.only_verifiers"), icon=":material/visibility:")
    elif person.agency is not None and person.agency in (item["agency"], item["responsible"]):
        st.info(w.t("verification.own"), icon=":material/block:")
    else:
        _show_form(item)


def _show_form(item: Item) -> None:
    """What was found. What was typed stays where it is until it is stored."""
    key = _key(item)
    with st.form(f"{key}_form", enter_to_submit=False):
        st.segmented_control(
            w.t("verification.verdict"),
            texts(RECORDED),
            format_func=lambda code: w.name("verdict", code),
            key=f"{key}_verdict",
        )
        st.selectbox(
            w.t("verification.found_state"),
            STATES,
            index=None,
            format_func=lambda code: w.name("state", code),
            key=f"{key}_state",
            placeholder=w.t("verification.found_state_none"),
            help=w.t("verification.found_state_help"),
        )
        grid = st.grid(2, min_column_width=280)
        for name in ("number", "issuer", "url"):
            with grid.cell():
                st.text_input(w.t(f"verification.document_{name}"), key=f"{key}_{name}", max_chars=DOCUMENT_MAX)
        with grid.cell():
            st.date_input(
                w.t("verification.document_on"),
                value=None,
                max_value=today(data_edition.shown().data_date),
                format="DD/MM/YYYY",
                key=f"{key}_day",
            )
        st.text_area(
            w.t("verification.reason"),
            key=f"{key}_reason",
            max_chars=verification.REASON_MAX,
            height=110,
            help=w.t("verification.reason_help"),
        )
        st.form_submit_button(
            w.t("verification.record"), type="primary", icon=":material/save:", on_click=_record, args=(item,)
        )


def _record(item: Item) -> None:
    key, typed = _key(item), st.session_state
    number, issuer, url, reason = (
        str(typed.get(f"{key}_{name}") or "") for name in ("number", "issuer", "url", "reason")
    )
    write = functools.partial(
        verification.record,
        claim=Claim(item["agreement_id"], item["state"], item["effective_on"]),
        verdict=typed.get(f"{key}_verdict") or "",
        found_state=typed.get(f"{key}_state"),
        document=Document(number, issuer, typed.get(f"{key}_day"), url),
        reason=reason,
    )
    carry_out(write, w.t("verification.recorded", ref=w.plain(item["ref"])))


def _show_found(person: Person, item: Item) -> None:
    """What was found, by whom and on which document; one's own entry can be taken back."""
    st.badge(w.name("verdict", item["verdict"]), color=_COLOURS[item["verdict"]])
    found = w.t("verification.found_by", state=w.name("state", item["found_state"]), who=item["verified_by"])
    st.text(f"{found} · {w.date(item['verified_on'])}")
    if item["document_number"]:
        st.text(
            w.t(
                "verification.document",
                number=item["document_number"],
                issuer=item["document_issuer"],
                date=w.date(item["document_on"]),
            )
        )
    if item["document_url"]:
        st.text(item["document_url"])
    if item["reason"]:
        st.text(item["reason"])
    if item["verified_by"] != person.username or not person.may(May.VERIFY):
        return
    key = f"verification_back_{item['verification_id']}"
    with st.form(f"{key}_form", enter_to_submit=False):
        st.text_input(w.t("verification.take_back_why"), key=f"{key}_why", max_chars=verification.REASON_MAX)
        st.form_submit_button(
            w.t("verification.take_back"), icon=":material/undo:", on_click=_take_back, args=(item, f"{key}_why")
        )


def _take_back(item: Item, key: str) -> None:
    write = functools.partial(
        verification.take_back,
        verification_id=item["verification_id"],
        reason=str(st.session_state.get(key) or ""),
    )
    carry_out(write, w.t("verification.was_taken_back", ref=w.plain(item["ref"])))


def _key(item: Item) -> str:
    return f"verification_{item['agreement_id']}_{item['state']}_{item['effective_on']}"
