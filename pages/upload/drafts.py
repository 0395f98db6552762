"""Drafts on the page of uploads: kept while somebody goes on, offered when they come back, let go when they are done."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import drafts, incidents, updates
from data_access import store as database
from data_access.accounts import May
from data_access.acting import Refused
from data_access.clock import local_time, now_here, today
from data_access.drafts import Content, Draft, Kept, Opened, Way
from data_access.store import failures
from kpi.update import Table, table_of
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE
from kpi.update.edits import Edits, edited, edits
from kpi.update.layout import NEW
from pages.ui import links, refusals, session
from pages.upload import behalf, history
from pages.upload import work as upload_work
from pages.upload.work import Saved, Work

_FORM: Final = "upload_form_draft"
_SAID: Final = "upload_draft_said"
_ADDRESS: Final = "draft"
Cells = Mapping[str, str | None]
Rows = Mapping[str, Cells]
"""What was typed in a form: of the agreement itself under no name, of a blocker under its number."""


# --- Kept while somebody goes on -------------------------------------------------------------------------------------


def keep(person: session.Person, work: Work) -> None:
    """Keep what a file, or the rows of a returned batch, have come to, where that is not what is kept already; say that it is."""
    if drafts.are_kept() and work.table is not None and work.read is not None and _is_worth_keeping(work):
        _keep(person, work, work.table, work.read)
        _say(work.saved)


def _keep(person: session.Person, work: Work, table: Table, read: Table) -> None:
    under_way = work.begun if work.edited is None else work.edited
    mark = (table.sha256, work.saved.acknowledged, *work.decisions.items())
    if under_way is None and mark == work.saved.mark:
        return
    work.saved.mark = mark if under_way is None else None
    now = table.frame if under_way is None else under_way
    whole = now if work.rest is None else pl.concat([now, work.rest[0].frame], how="diagonal")
    made = edits(read.frame, whole)
    typed = {
        "cells": made.cells,
        "gone": made.gone,
        "rest": () if work.rest is None else work.rest[0].frame[ROW].to_list(),
        "decisions": list(work.decisions.items()),
        "acknowledged": work.saved.acknowledged,
    }
    way: Way = "file" if upload_work.is_of_file(work) else "rows"
    content = Content(way, read.file_name, _text(typed), len(made), work.corrects, read)
    _save(person, work.saved, content)


def _is_worth_keeping(work: Work) -> bool:
    """Not what has yet to be said to be legible, what nobody touched of a returned batch, or what says nothing new."""
    if work.edited is not None or work.begun is not None or work.saved.kept is not None:
        return True
    return work.is_accepted and (work.preview is None or bool(work.preview.changes))


def _save(person: session.Person, saved: Saved, content: Content) -> None:
    if content.typed == saved.said:
        return
    saved.trouble = ""
    try:
        saved.kept = _kept(person, saved.kept, content)
    except Refused as refusal:
        if refusal.code == "draft_too_large":
            saved.trouble = refusals.sentence(refusal)
    except failures.STORE_ERRORS as error:  # what is under way goes on without
        saved.trouble = incidents.sentence(error, number=incidents.record(error, where="draft"))
    saved.said, saved.corrections, saved.at = content.typed, content.corrections, now_here()


def _say(saved: Saved) -> None:
    """One line that what was put right or typed is kept, or why it is not."""
    if saved.trouble:
        st.caption(saved.trouble)
    elif saved.kept is not None and saved.corrections and saved.at is not None:
        st.caption(w.tn("upload.draft_kept", saved.corrections, at=f"{saved.at:%H:%M}"))


def _kept(person: session.Person, before: Kept | None, content: Content) -> Kept:
    if before is not None:
        slight = dataclasses.replace(content, table=None)
        try:
            with database.session(session.store()) as opened:
                return drafts.keep(opened, actor=person, content=slight, draft_id=before.id, revision=before.revision)
        except Refused as refusal:
            if refusal.code != "draft_gone":  # another window went on with it, or let it go: this is one of its own now
                raise
    with database.session(session.store()) as opened:
        return drafts.keep(opened, actor=person, content=content, draft_id=None)


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


# --- A form ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class FormDraft:
    """What is typed in one form: `taken` names the agreement in the version it was drawn from, `start` what the fields began with,
    `round` how often they did."""

    taken: str
    start: Rows
    saved: Saved
    round: int = 0

    @property
    def key(self) -> str:
        """Names the fields of this round."""
        return f"{self.taken}_{self.round}" if self.round else self.taken


def of_form(taken: str, *, is_drawn: Callable[[str], bool]) -> FormDraft:
    """What is typed in the form of this agreement. `is_drawn` says of a key whether its fields are on the screen: where they were
    left meanwhile, they begin with what was typed before."""
    held: FormDraft | None = st.session_state.get(_FORM)
    if held is None or held.taken != taken:
        held = st.session_state[_FORM] = FormDraft(taken, {}, Saved())
    if not is_drawn(held.key):
        held.start = _rows(held.saved.said) if held.saved.kept is not None else {}
    return held


def keep_form(person: session.Person, draft: FormDraft, *, ref: str, version: str | None, rows: Rows) -> None:
    """Keep what is typed in a form. A form that says nothing is no draft, and deletes none."""
    if rows and drafts.are_kept():
        typed = _text({"version": version, "rows": rows, "acknowledged": draft.saved.acknowledged})
        _save(person, draft.saved, Content("form", ref, typed, sum(map(len, rows.values()))))
        _say(draft.saved)


def _rows(said: str) -> Rows:
    """The rows of a kept form; columns that there are no longer are left out."""
    found: dict[str, dict[str, str | None]] = json.loads(said)["rows"] if said else {}
    return {name: {code: text for code, text in cells.items() if code in BY_CODE} for name, cells in found.items()}


# --- Offered ---------------------------------------------------------------------------------------------------------


def offer(person: session.Person) -> None:
    """A line for the draft that was last changed and is not under way here, with the way on and away; older ones behind a click."""
    said = st.session_state.pop(_SAID, None)
    if said is not None:
        st.warning(said, icon=":material/edit_off:")
    here = upload_work.shown_drafts(person) | _of_the_form()
    found = [draft for draft in drafts.read_own(session.store(), actor=person) if draft.id not in here]
    if not found:
        return
    with st.container(border=True, gap="small"):
        _show_one(person, found[0])
        if len(found) > 1:
            with st.expander(w.tn("upload.drafts_older", len(found) - 1)):
                for draft in found[1:]:
                    _show_one(person, draft)


def _of_the_form() -> frozenset[str]:
    """The draft of the form that is open here."""
    held: FormDraft | None = st.session_state.get(_FORM)
    is_open = held is not None and held.taken.rpartition("_")[0] == st.query_params.get("ref")
    return frozenset({held.saved.kept.id}) if held is not None and is_open and held.saved.kept else frozenset()


def _show_one(person: session.Person, draft: Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(_in_words(person, draft), width="stretch")
        if st.button(w.t("upload.draft_go_on"), icon=":material/edit_note:", key=f"upload_draft_go_on_{draft.id}"):
            _go_on(person, draft)
        with st.popover(w.t("upload.draft_away"), type="tertiary", key=f"upload_draft_away_{draft.id}"):
            st.text(w.t("upload.draft_away_help"))
            st.button(
                w.t("upload.draft_away_sure"),
                icon=":material/delete:",
                key=f"upload_draft_sure_{draft.id}",
                on_click=_throw_away,
                args=(draft.id,),
            )


def _in_words(person: session.Person, draft: Draft) -> str:
    at = local_time(draft.changed_at)
    name = draft.name
    if draft.way == "form":
        name = w.t("upload.form_registers") if name == NEW else w.t("upload.form_file", ref=name)
    if not person.hands_in_for:
        name = f"{w.name('agency', draft.agency)} · {name}"
    values = {"at": f"{at:%H:%M}" if at.date() == today(None) else history.moment(draft.changed_at), "name": name}
    if not draft.corrections:
        return w.t("upload.draft_untouched", **values)
    return w.tn("upload.draft_form" if draft.way == "form" else "upload.draft", draft.corrections, **values)


def _go_on(person: session.Person, draft: Draft) -> None:
    """Open the view the draft was made in; the address says which draft, and is read as any address is."""
    asked: dict[str, str | int | None] = {_ADDRESS: draft.id, "correct": draft.batch_id}
    if person.may(May.HAND_IN_FOR):
        asked["behalf"] = draft.agency
    if draft.way == "form":
        asked |= {"way": "form", "ref": draft.name}
    links.go("upload", **{**behalf.named("upload"), **asked})


def _throw_away(draft_id: str) -> None:
    def write(opened: Any, *, actor: session.Person) -> None:
        drafts.throw_away(opened, actor=actor, draft_id=draft_id)

    _, refusal = refusals.carried_out(write)
    if refusal is not None:
        st.session_state[_SAID] = refusal


# --- Let go ----------------------------------------------------------------------------------------------------------


def let_go(opened: Any, person: session.Person, work: Work) -> None:
    """Delete the draft of what is handed in, in the same transaction; where another window did, there is nothing to do."""
    if work.saved.kept is not None:
        with contextlib.suppress(Refused):
            drafts.throw_away(opened, actor=person, draft_id=work.saved.kept.id)


def forget(work: Work) -> None:
    """What was handed in is no draft any more; fields that still show it make none of it, and those of a new agreement begin
    blank."""
    work.saved.kept = None
    held: FormDraft | None = st.session_state.get(_FORM)
    if held is not None and held.saved is work.saved and held.taken == form_key(NEW, None):
        st.session_state[_FORM] = FormDraft(held.taken, {}, Saved(), held.round + 1)


# --- Taken up --------------------------------------------------------------------------------------------------------


def take_up(person: session.Person) -> None:
    """Go on with the draft that the address names, if it is this person's own and for the agency they act for here."""
    asked = st.query_params.get(_ADDRESS)
    if asked is None:
        return
    del st.query_params[_ADDRESS]
    try:
        opened = drafts.open_draft(session.store(), actor=person, draft_id=asked)
        if opened.draft.agency != person.hands_in_for:
            raise Refused("draft_gone")
    except Refused as refusal:
        st.session_state[_SAID] = refusals.sentence(refusal)
        return
    acknowledged = json.loads(opened.typed).get("acknowledged", "")
    saved = Saved(Kept(opened.draft.id, opened.draft.revision), opened.typed, acknowledged=acknowledged)
    if opened.table is None:
        _take_up_form(person, opened, saved)
    else:
        _take_up_table(person, opened, opened.table, saved)


def _take_up_form(person: session.Person, opened: Opened, saved: Saved) -> None:
    ref, version = opened.draft.name, json.loads(opened.typed)["version"]
    current = upload_work.current_of(person).agreements.filter(pl.col("ref") == ref)
    held: FormDraft | None = st.session_state.get(_FORM)
    upload_work.forget()
    if current.is_empty() or str(current["row_version"].item()) == version:
        number = 0 if held is None else held.round
        st.session_state[_FORM] = FormDraft(form_key(ref, version), _rows(opened.typed), saved, number + 1)
        return
    # The agreement has changed since: what was typed is compared with it as a file of that day is, conflicts and all.
    rows = [
        {"ref": ref, "row_version": version, **({"blocker_id": name} if name.isdecimal() else {}), **cells}
        for name, cells in _rows(opened.typed).items()
    ]
    upload_work.hand_in_form(person, ref=ref, table=table_of(rows, name=w.t("upload.form_file", ref=ref)), saved=saved)


def form_key(ref: str, version: str | None) -> str:
    """Names the form of an agreement in one version."""
    return f"{ref}_{version}"


def _take_up_table(person: session.Person, opened: Opened, read: Table, saved: Saved) -> None:
    said = json.loads(opened.typed)
    made = Edits(tuple((row, code, text) for row, code, text in said["cells"]), tuple(said["gone"]))
    frame = edited(read.frame, made)
    left_out = pl.col(ROW).is_in(said["rest"])
    table = read.with_frame(frame.filter(~left_out)) if len(made) or said["rest"] else read
    draft = opened.draft
    work = upload_work.take_up(
        person, read, table=table, saved=saved, corrects=draft.batch_id, of_rows=draft.way == "rows"
    )
    work.decisions = {tuple(place): decision for place, decision in said["decisions"]}
    if said["rest"]:
        rest = read.with_frame(frame.filter(left_out))
        wrong = updates.preview_of(rest, upload_work.current_of(person))
        work.rest = (rest, tuple(wrong) if isinstance(wrong, list) else ())
