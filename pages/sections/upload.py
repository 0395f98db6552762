"""The sections of the upload page, in the order in which an agency needs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import streamlit as st

from data_access import engine as database
from data_access import settings, uploads
from kpi.intake import template
from pages.sections import upload_differences, upload_effects, upload_form, upload_history, upload_problems, upload_work
from pages.sections.upload_work import Progress, Work
from pages.ui import exports, links, loaders, session
from pages.ui import words as w

WAYS: Final = ("file", "form")
_CONFIRMED: Final = "upload_confirmed"
_RECEIPT: Final = "upload_receipt"
_REFUSAL: Final = "upload_refusal"
_FILE_NUMBER: Final = "upload_file_number"
_TEMPLATES: Final[tuple[Literal["xlsx", "csv"], ...]] = ("xlsx", "csv")


@dataclasses.dataclass(frozen=True)
class _Shown:
    """A receipt to be shown: of which confirmation, which batch, how many changes, the composite before and after, and whether
    it was repeated."""

    token: str
    batch_id: int
    changes: int
    scores: tuple[str, str] | None
    is_repeated: bool = False


# --- 1 The template --------------------------------------------------------------------------------------------------


def show_template(person: session.Person) -> None:
    """The agency's open agreements as a file to fill in."""
    st.subheader(w.t("upload.step_template"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        for kind in _TEMPLATES:
            _show_template_button(person, kind)
        st.caption(w.t("upload.template_help"), width="stretch")


def _show_template_button(person: session.Person, kind: Literal["xlsx", "csv"]) -> None:
    language, engine, agency = w.language(), session.store(), person.agency or ""
    day = loaders.edition().data_date

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with w.in_language(language):
            return template(uploads.current_rows(engine, agency), language=language, format=kind, say=w.t)

    name = w.t("upload.template_file", agency=agency)
    st.download_button(
        w.t(f"upload.template_{kind}"),
        write,
        file_name=f"{name}.{kind}" if day is None else exports.file_name(name, as_of=day, extension=kind),
        mime=upload_problems.MIME[kind],
        key=f"upload_template_{kind}",
        on_click="ignore",
        icon=":material/download:",
        type="primary" if kind == "xlsx" else "secondary",
    )


# --- 2 Handing in ----------------------------------------------------------------------------------------------------


def choose_way() -> str:
    """By file or by form; kept in the address."""
    asked = st.query_params.get("way", "form" if "ref" in st.query_params else WAYS[0])
    asked = asked if asked in WAYS else WAYS[0]
    st.session_state["upload_way"] = asked
    st.segmented_control(
        w.t("upload.way"),
        WAYS,
        format_func=lambda way: w.t(f"upload.way_{way}"),
        required=True,
        key="upload_way",
        on_change=_keep_way,
        label_visibility="collapsed",
    )
    return asked


def _keep_way() -> None:
    way = st.session_state["upload_way"]
    for name in ("way", "ref"):
        st.query_params.pop(name, None)
    if way != WAYS[0]:
        st.query_params["way"] = way


def show_file(person: session.Person) -> None:
    """Take a file and show what it comes to: its problems, or its differences to confirm."""
    configured = settings.load()
    st.subheader(w.t("upload.step_upload"), anchor=False)
    number = st.session_state.setdefault(_FILE_NUMBER, 0)
    # No list of kinds of files: the widget would turn others away in English, and ours says what to do instead.
    given = st.file_uploader(
        w.t("upload.file_limits", size=configured.upload_max_mb, rows=w.number(configured.upload_max_rows)),
        key=f"upload_file_{number}",
        max_upload_size=configured.upload_max_mb,
    )
    if given is None:
        return
    choice = f"upload_encoding_{number}"
    with _progress() as progress:
        work = upload_work.of_file(
            person, name=given.name, data=given.getvalue(), encoding=st.session_state.get(choice), progress=progress
        )
    if upload_problems.asks_for_encoding(work) or st.session_state.get(choice) is not None:
        upload_problems.show_encoding_choice(choice)
    if work.is_accepted:
        _show_outcome(person, work)
    else:
        upload_problems.show_encoding_check(work)


def show_form(person: session.Person) -> None:
    """Take what is typed about one agreement and show what it comes to."""
    current = upload_work.current_of(person)
    ref = upload_form.show(person, current)
    if ref is None:
        return
    with _progress() as progress:
        work = upload_work.of_form(person, ref=ref, progress=progress)
    if work is not None:
        _show_outcome(person, work, has_rows=False)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar that says what is being done, for as long as something is."""
    place = st.empty()

    def tell(key: str, share: float) -> None:
        place.progress(share, text=w.t(key))

    yield tell
    place.empty()
