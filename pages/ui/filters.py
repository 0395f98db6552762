"""The filters shared by every page, drawn once above the page and kept in the address. `current()` gives them to the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.clock import today
from pages.ui import address, data_edition, loaders, session, view_codes
from pages.ui.filter_declarations import ALL, FILTERS, CodeFilter, DayFilter, code_filters
from pages.ui.kept import kept
from pages.ui.view import View
from pages.ui.view_codes import Choices, Understood, names

__all__ = ["View", "current", "default_code", "draw", "names", "published"]

DATE_FORMAT = "DD/MM/YYYY"
MORE = "filter_more"
"""The key of the pop-up with the less used filters; its state is whether it is open."""

_VIEW = "view"
_OTHER_DATE = "other"


def draw(person: Person, *, bar: bool = True, looks_back: bool = True) -> View:
    """Draw the filter bar, say what in the address was not understood, and return the view for this run.

    Without the `bar` the choices are kept for the pages that have one; so is the day as known on for those that `looks_back`.

    Called by the frame, once per run, before the page and after `data_edition.begin_run` and the choice of language.
    """
    given = address.read(names(), owner=person.username)
    known_on, problems = view_codes.read_known(given)
    if bar and looks_back:
        data_edition.look_back(known_on)
    reader = loaders.reader(person)
    offered = view_codes.choices(reader)
    reading = view_codes.read(given, offered, reader=reader)
    codes, said = _with_known(reading.codes, given), view_codes.read(address.says(), offered, reader=reader).codes
    address.settle(codes, says_already=_with_known(said, address.says()) == codes, names=names())
    st.session_state[_VIEW] = reading.view
    if offered.has_data and bar:
        _draw_bar(reading, offered, looks_back=looks_back)
        _show_known(data_edition.shown().known_on)
        _show_own_elsewhere(reading.view, person)
    for problem in (*problems, *reading.problems):
        st.warning(problem, icon=":material/link_off:")
    return reading.view


def _with_known(codes: dict[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The codes of a view, and of the given ones the day as known on where it holds."""
    known_on, _ = view_codes.read_known(given)
    return codes if known_on is None else {**codes, view_codes.KNOWN: known_on.isoformat()}


def current() -> View:
    """The view of this run; where no bar was drawn, the default one as of the register's data date."""
    view: View | None = st.session_state.get(_VIEW)
    return view or view_codes.read({}, view_codes.choices()).view


def published() -> View:
    """The view of this run as everybody reads it (`View.published`); says so where the reader's filters do not reach it."""
    view = current()
    if view.published.chosen != view.chosen:
        st.info(w.t("filters.whole_only"), icon=":material/filter_alt_off:")
    return view.published


def default_code(name: str) -> str:
    """The code with which a link puts a filter back to its default."""
    return view_codes.choices().defaults.get(name, ALL)


def _draw_bar(reading: Understood, offered: Choices, *, looks_back: bool) -> None:
    view = reading.view
    is_phone = session.is_phone()
    in_bar = [] if is_phone else [declared for declared in code_filters() if declared.width]
    folded = [declared for declared in FILTERS.values() if declared not in in_bar]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filter_bar"):
        _date("as_of", view.as_of, first=offered.first, last=offered.last, width=180)
        if not is_phone:
            _comparison(reading, offered)
        for declared in in_bar:
            _select(declared, reading, offered)
        # Drawn only while open: the browser would not take over new values for widgets it does not show. The number of
        # active filters is not in the label, because Streamlit closes a pop-up whose label changes.
        more = st.popover(w.t("filters.more"), icon=":material/filter_list:", key=MORE, on_change="rerun")
        if more.open:
            with more:
                if is_phone:
                    _comparison(reading, offered)
                for hidden in folded:
                    if isinstance(hidden, CodeFilter) and len(offered.options[hidden.name]) > 1:
                        _select(hidden, reading, offered)
                with st.container(horizontal=True):
                    for hidden in folded:
                        if isinstance(hidden, DayFilter):
                            _date(hidden.name, view.day(hidden.name), first=offered.first, last=offered.last)
                if looks_back and (first := loaders.first_receipt()) is not None:
                    yesterday = today(None) - dt.timedelta(days=1)
                    _date(view_codes.KNOWN, data_edition.shown().known_on, first=first, last=yesterday)
        if reading.codes or data_edition.shown().known_on:
            st.button(
                w.t("filters.clear"),
                key="filter_clear",
                type="tertiary",
                icon=":material/close:",
                on_click=address.clear,
                args=(names(),),
            )
    active = [hidden.in_words(reading.codes[hidden.name]) for hidden in folded if hidden.name in reading.codes]
    if active:
        st.text(w.tn("filters.active", len(active), what=" · ".join(active)))


def _show_known(known_on: dt.date | None) -> None:
    """Where the register is not shown as it is known now: as of which day it is, and the way back."""
    if known_on is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/history: {w.t('filters.known_text', date=w.date(known_on))}", width="content")
        st.button(
            w.t("filters.known_now"),
            key="filter_known_now",
            type="tertiary",
            on_click=address.choose,
            args=(view_codes.KNOWN, None),
        )


def _show_own_elsewhere(view: View, person: Person) -> None:
    """Where an agency has agreements, but none of the scope shown: that it has, and the way to them."""
    own = person.limited_to
    scopes = _scopes(view.whole, own) if own and view.scope else {}
    if not scopes or view.scope in scopes:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(w.tn("filters.own_elsewhere", sum(scopes.values())), width="content")
        st.button(
            w.t("filters.own_everywhere"),
            key="filter_own_everywhere",
            type="tertiary",
            on_click=address.choose,
            args=("scope", ALL),
        )


@kept()
def _scopes(view: View, agency: str) -> Mapping[str, int]:
    """The number of an agency's agreements by scope."""
    own = loaders.facts(view).agreements.filter(pl.col("agency") == agency)
    return dict(own.group_by("scope").len().iter_rows())


def _select(declared: CodeFilter, reading: Understood, offered: Choices) -> None:
    name = declared.name
    default = offered.defaults.get(name, ALL)
    code = reading.codes.get(name, default)
    options = offered.options[name]
    st.selectbox(
        view_codes.label(name),
        options if code in options else (*options, code),
        key=_put(name, code),
        format_func=declared.in_words,
        on_change=_chosen,
        args=(name, default),
        width=declared.width or "stretch",
    )


def _comparison(reading: Understood, offered: Choices) -> None:
    """The comparison: one of the usual days, named with its date, or any other."""
    code = reading.codes.get("compare_with", view_codes.COMPARISONS[0])
    is_other = code not in view_codes.COMPARISONS
    st.selectbox(
        view_codes.label("compare_with"),
        (*view_codes.COMPARISONS, _OTHER_DATE),
        key=_put("compare_with", _OTHER_DATE if is_other else code),
        format_func=lambda option: (
            w.t("filters.compare_other")
            if option == _OTHER_DATE
            else view_codes.option_label("compare_with", option, reading.view.as_of)
        ),
        on_change=_comparison_chosen,
        args=(reading.view.compare_with,),
        width=310,
    )
    if is_other:
        day_before = reading.view.as_of - dt.timedelta(days=1)
        _date("compare_with", reading.view.compare_with, first=offered.first, last=day_before, widget="compare_date")


def _date(
    name: str,
    day: dt.date | None,
    *,
    first: dt.date,
    last: dt.date,
    widget: str | None = None,
    width: int | None = None,
) -> None:
    st.date_input(
        w.t(f"filters.{widget or name}"),
        value=None,
        key=_put(widget or name, day),
        min_value=first,
        max_value=max(first, last),
        format=DATE_FORMAT,
        on_change=_date_chosen,
        args=(name, widget or name),
        width=width or "stretch",
    )


def _put(widget: str, value: str | dt.date | None) -> str:
    """Set a widget to the value in force; its key."""
    key = f"filter_{widget}"
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key


def _chosen(name: str, default: str) -> None:
    code = st.session_state[f"filter_{name}"]
    address.choose(name, None if code == default else code)


def _comparison_chosen(compared_now: dt.date) -> None:
    code = st.session_state["filter_compare_with"]
    address.choose("compare_with", compared_now.isoformat() if code == _OTHER_DATE else code)


def _date_chosen(name: str, widget: str) -> None:
    day: dt.date | None = st.session_state[f"filter_{widget}"]
    address.choose(name, None if day is None else day.isoformat())
