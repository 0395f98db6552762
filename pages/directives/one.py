"""One directive or escalation: what is asked, every step since, and what this reader can do next."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final, Literal

import polars as pl
import streamlit as st

import words as w
from data_access import directives
from data_access.accounts import May, Person
from data_access.directives import escalating, giving
from data_access.documents import DOCUMENT_MAX, Document
from kpi.subjects import subject
from kpi.vocabulary import (
    AGENCY_STEPS,
    LEVELS_ABOVE,
    DirectiveAbout,
    DirectiveState,
    DirectiveStep,
    EscalationState,
    EscalationStep,
    texts,
)
from pages.parts import decided
from pages.ui import data_edition, links, refusals

Row = dict[str, Any]
_GOOD: Final = texts((DirectiveState.CARRIED_OUT, EscalationState.DECIDED, EscalationState.GROUP_RESULT))


def asked(found: pl.DataFrame) -> Row | None:
    """The one the address names by its number; None where it names none this reader may see."""
    given = st.query_params.get("number")
    if given is None:
        return None
    rows = found.filter(pl.col("id").cast(pl.String) == given)
    if rows.is_empty():
        st.warning(w.t("directives.no_such"), icon=":material/link_off:")
        return None
    return rows.row(0, named=True)


def show(person: Person, row: Row, which: str) -> None:
    """What it says, its steps, and the form for the next one."""
    if st.button(w.t("directives.back"), type="tertiary", icon=":material/arrow_back:"):
        st.query_params.pop("number", None)
        st.rerun()
    if which == decided.DIRECTIVES:
        _show_directive(person, row)
    else:
        _show_escalation(person, row)


# --- Directives ------------------------------------------------------------------------------------------------------


def _show_directive(person: Person, row: Row) -> None:
    st.title(w.plain(row["task"]), anchor=False)
    _badge(row, "directive_state")
    by = row["said_by"] or row["issued_by"]
    st.text(w.t("directives.given_to", agency=w.name("agency", row["agency"]), date=w.date(row["due_now"])))
    said = [w.t("directives.given_by", by=w.plain(by), date=w.date(row["issued_on"]))]
    if row["extended"]:
        said.append(w.t("directives.due_first", date=w.date(row["due_on"])))
    st.caption(" · ".join(said))
    _link_subject(row)
    steps = directives.read_steps(data_edition.store(), row["id"], own=person.limited_to)
    _show_steps(steps, "directive_step")
    if data_edition.shown().known_on is not None:
        return
    if person.hands_in_for == row["agency"] and row["issued_by"] != person.username and row["is_open"]:
        _form(row, _answers(row), respond=True)
    elif person.may(May.DIRECT) and row["is_open"]:
        if row["issued_by"] == person.username:
            _form(row, _directs(row), respond=False)
        else:
            st.caption(w.t("directives.issuer_closes", by=w.plain(row["issued_by"])))
    _offer_undo(person, row, steps, directives.take_back_step)


def _link_subject(row: Row) -> None:
    """The way to what a directive is about."""
    if row["ref"]:
        _link_agreement(row)
    elif row["about"] == DirectiveAbout.PARTNER:
        links.page_link("partners", w.plain(w.name("partner", row["about_code"])), icon=":material/public:")
    elif row["about"] == DirectiveAbout.FIGURE:
        called = w.t(f"kpi.{row['about_code']}.name")
        links.page_link("scorecard", called, icon=":material/assignment_turned_in:", agency=row["agency"])


def _link_agreement(row: Row) -> None:
    title = row[w.column("title")] or row["title_vi"]
    called = f"{row['ref']} · {subject(title, w.language_in_store())}"
    icon = ":material/description:"
    links.page_link("agreement", w.plain(called), icon=icon, help=w.plain(title), ref=row["ref"])


def _answers(row: Row) -> tuple[str, ...]:
    is_done = row["state"] == DirectiveState.SAID_DONE
    return texts((DirectiveStep.ANSWERED,) if is_done else AGENCY_STEPS)


def _directs(row: Row) -> tuple[str, ...]:
    is_done = row["state"] == DirectiveState.SAID_DONE
    first = (DirectiveStep.ACCEPTED, DirectiveStep.SENT_BACK) if is_done else (DirectiveStep.ACCEPTED,)
    return texts((*first, DirectiveStep.EXTENDED, DirectiveStep.CALLED_OFF))


def _form(row: Row, kinds: Sequence[str], *, respond: bool) -> None:
    """The next step of a directive. What was typed stays until it is stored."""
    key = f"directive_{row['id']}_{row['last_step']}"
    with st.container(border=True, width=720):
        kind = _kind(kinds, "directive_step", key)
        text = st.text_area(w.t("directives.text"), max_chars=giving.TEXT_MAX, height=110, key=f"{key}_text")
        given: dict[str, Any] = {"number": row["id"], "kind": kind, "text": text or "", "last_step": row["last_step"]}
        if respond:
            given["document"] = _document(key)
        elif kind == DirectiveStep.EXTENDED:
            given["due_on"] = st.date_input(
                w.t("directives.due_new"), None, min_value=decided.day(), format="DD/MM/YYYY", key=f"{key}_due"
            )
        if st.button(w.t("directives.record"), type="primary", icon=":material/save:", key=f"{key}_send"):
            act = directives.respond if respond else directives.direct
            _carry_out(functools.partial(act, **given), w.t("directives.recorded"))


# --- Escalations -----------------------------------------------------------------------------------------------------


def _show_escalation(person: Person, row: Row) -> None:
    st.title(w.plain(row["ask"]), anchor=False)
    _badge(row, "escalation_state")
    level = w.name("authority", row["level_now"])
    st.text(w.t("directives.asked_of", agency=w.name("agency", row["agency"]), level=level))
    st.caption(
        w.t(
            "directives.raised",
            date=w.date(row["raised_on"]),
            due=w.date(row["due_now"]),
            days=w.days(row["days_waiting"]),
        )
    )
    for name in ("proposal", "otherwise"):
        if row[name]:
            st.caption(w.t(f"directives.{name}"))
            st.text(row[name])
    if row["ref"]:
        _link_agreement(row)
    steps = directives.read_escalation_steps(data_edition.store(), row["id"], own=person.limited_to)
    _show_steps(steps, "escalation_step")
    if data_edition.shown().known_on is not None:
        return
    if person.may(May.DIRECT) and row["is_open"] and row["raised_by"] != person.username:
        _form_of_level(row)
    elif person.hands_in_for == row["agency"] and row["state"] == EscalationState.AWAITS_LEVEL:
        _offer_withdrawal(row)
    _offer_undo(person, row, steps, directives.take_back_settlement)


def _offer_withdrawal(row: Row) -> None:
    if st.button(w.t("directives.withdraw"), icon=":material/undo:", key=f"withdraw_{row['id']}"):
        write = functools.partial(directives.withdraw, number=row["id"], last_step=row["last_step"])
        _carry_out(write, w.t("directives.recorded"))


def _settles(row: Row) -> tuple[str, ...]:
    with_group = row["state"] == EscalationState.WITH_GROUP
    group = (EscalationStep.GROUP_MET, EscalationStep.GROUP_ENDED) if with_group else (EscalationStep.GROUP_SET_UP,)
    higher = (EscalationStep.PASSED_ON,) if _above(row) else ()
    return texts((EscalationStep.DECIDED, *group, *higher, EscalationStep.SENT_DOWN))


def _above(row: Row) -> tuple[str, ...]:
    return LEVELS_ABOVE[LEVELS_ABOVE.index(row["level_now"]) + 1 :]


def _form_of_level(row: Row) -> None:
    """What becomes of an escalation."""
    key = f"escalation_{row['id']}_{row['last_step']}"
    with st.container(border=True, width=720):
        kind = _kind(_settles(row), "escalation_step", key)
        given: dict[str, Any] = {"number": row["id"], "kind": kind, "last_step": row["last_step"]}
        if kind == EscalationStep.GROUP_SET_UP:
            given["members"] = st.text_input(
                w.t("directives.members"), max_chars=escalating.MEMBERS_MAX, key=f"{key}_members"
            )
        if kind == EscalationStep.PASSED_ON:
            given["level"] = st.selectbox(
                w.t("directives.level"),
                _above(row),
                format_func=lambda code: w.name("authority", code),
                key=f"{key}_level",
            )
        given["text"] = st.text_area(
            w.t(f"directives.text_{kind}"), max_chars=escalating.TEXT_MAX, height=110, key=f"{key}_text"
        )
        if kind in (EscalationStep.GROUP_SET_UP, EscalationStep.PASSED_ON):
            given["due_on"] = st.date_input(
                w.t("directives.answer_due"), None, min_value=decided.day(), format="DD/MM/YYYY", key=f"{key}_due"
            )
        given["document"] = _document(key)
        if st.button(w.t("directives.record"), type="primary", icon=":material/save:", key=f"{key}_send"):
            _carry_out(functools.partial(directives.settle, **given), w.t("directives.recorded"))


# --- What both share -------------------------------------------------------------------------------------------------


def _badge(row: Row, kind: str) -> None:
    late = w.t("directives.overdue_by", days=w.days(row["days_overdue"])) if row["is_overdue"] else ""
    is_silent = row.get("has_no_answer") and row["state"] == DirectiveState.UNANSWERED
    silent = w.t("directives.no_answer") if is_silent else ""
    colour: Literal["green", "red", "gray"] = "green" if row["state"] in _GOOD else "red" if late else "gray"
    st.badge(" · ".join(filter(None, (w.name(kind, row["state"]), late, silent))), color=colour)


def _kind(kinds: Sequence[str], of: str, key: str) -> str:
    chosen = st.segmented_control(
        w.t("directives.step"),
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda code: w.name(of, code),
        key=f"{key}_kind",
    )
    return chosen or kinds[0]


def _document(key: str) -> Document:
    """A document that is named, in a fold of its own: most steps have none."""
    with st.expander(w.t("directives.document")):
        number = st.text_input(w.t("verification.document_number"), max_chars=DOCUMENT_MAX, key=f"{key}_number")
        issuer = st.text_input(w.t("verification.document_issuer"), max_chars=DOCUMENT_MAX, key=f"{key}_issuer")
        day = st.date_input(
            w.t("verification.document_on"), None, max_value=decided.day(), format="DD/MM/YYYY", key=f"{key}_day"
        )
        url = st.text_input(w.t("verification.document_url"), max_chars=DOCUMENT_MAX, key=f"{key}_url")
    return Document(number or "", issuer or "", day, url or "")


def _show_steps(steps: pl.DataFrame, kind: str) -> None:
    """Every step with its day and who took it; one that was taken back says so."""
    if steps.is_empty():
        st.caption(w.t("directives.no_steps"))
    for step in steps.iter_rows(named=True):
        is_back = step["retracted_at"] is not None
        with st.container(gap=None):
            said = [w.date(step["taken_on"]), w.name(kind, step["kind"]), w.plain(step["taken_by"])]
            if step["due_on"] is not None:
                said.append(w.t("directives.until", date=w.date(step["due_on"])))
            if is_back:
                said.append(w.t("directives.taken_back"))
            st.markdown(" · ".join(said))
            if step.get("members"):
                st.text(w.t("directives.members_are", members=step["members"]))
            if step["text"] and not is_back:
                st.text(step["text"])
            if step["document_number"]:
                st.text(
                    w.t(
                        "directives.document_is",
                        number=step["document_number"],
                        issuer=step["document_issuer"],
                        date=w.date(step["document_on"]),
                    )
                )
            if step["document_url"]:
                st.text(step["document_url"])


def _offer_undo(person: Person, row: Row, steps: pl.DataFrame, take_back: refusals.Write) -> None:
    """One's own last step can be taken back while nothing has followed it."""
    standing = steps.filter(pl.col("retracted_at").is_null())
    if standing.is_empty():
        return
    last = standing.row(-1, named=True)
    is_level = person.may(May.DIRECT) or last["kind"] in texts(AGENCY_STEPS)
    if last["taken_by"] != person.username or not is_level:
        return
    if st.button(w.t("directives.take_back"), type="tertiary", icon=":material/undo:", key=f"undo_{last['id']}"):
        write = functools.partial(take_back, number=row["id"], step=last["id"])
        _carry_out(write, w.t("directives.recorded"))


def _carry_out(write: refusals.Write, done: str) -> None:
    if refusals.carry_out(write, done):
        st.rerun()
    refusals.show_noted()
