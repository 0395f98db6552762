"""The cache of pages: what an answer is kept under, and for how long."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.register import raise_data_version
from kpi import readers
from pages.ui.kept import kept
from pages.ui.view import View
from tests.pages.stores import AS_OF

VIEW = View(as_of=AS_OF, compare_with=dt.date(2025, 1, 14)).where(scope="LOCAL")
asked: list[object] = []


@pytest.fixture(autouse=True)
def nothing_asked(register: sa.Engine) -> None:
    asked.clear()


@kept(entries=8)
def narrowed(view: View, times: int = 1, *, _by: str = "") -> int:
    asked.append((view, times, _by))
    return len(asked)


@kept(entries=8)
def counted(view: View, times: int = 1, *, _by: str = "") -> int:
    asked.append((view, times, _by))
    return -len(asked)


@kept(entries=8, compares=True)
def compared(view: View) -> View:
    asked.append(view)
    return view


@kept(entries=8, whole=True)
def unrestricted(view: View) -> View:
    asked.append(view)
    return view


@kept(entries=2)
def two_at_most(number: int) -> int:
    asked.append(number)
    return number


def test_an_answer_is_worked_out_once_however_it_is_asked_for() -> None:
    assert {narrowed(VIEW), narrowed(VIEW, 1), narrowed(view=VIEW, times=1), narrowed(VIEW, _by="")} == {1}
    assert len({narrowed(VIEW), narrowed(VIEW, 2), narrowed(VIEW.on(dt.date(2025, 1, 1))), narrowed(VIEW.whole)}) == 4


def test_what_is_asked_by_a_name_with_an_underscore_counts_too() -> None:
    assert narrowed(VIEW, _by="agency") != narrowed(VIEW, _by="sector")


def test_functions_with_the_same_arguments_have_answers_of_their_own() -> None:
    assert (narrowed(VIEW), counted(VIEW), narrowed(VIEW)) == (1, -2, 1)


def test_the_day_compared_with_counts_only_where_it_is_used() -> None:
    later = View(as_of=AS_OF, compare_with=dt.date(2025, 10, 14)).where(scope="LOCAL")

    assert narrowed(VIEW) == narrowed(later)
    assert (compared(VIEW), compared(later)) == (VIEW, later)


def test_what_is_of_the_whole_register_does_not_depend_on_the_filters_but_on_the_reader() -> None:
    assert unrestricted(VIEW) is unrestricted(VIEW.where(scope="HIGH_LEVEL"))
    assert unrestricted(VIEW).condition is not None, "nobody is named: what is kept from readers is left out"
    assert unrestricted(View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING)).condition is None
    assert unrestricted(VIEW).as_of == AS_OF
    assert len(asked) == 2


def test_a_new_version_of_the_data_is_asked_again(register: sa.Engine) -> None:
    before = narrowed(VIEW)

    with store.session(register) as session:
        raise_data_version(session)

    assert narrowed(VIEW) != before


def test_no_more_answers_are_kept_than_was_said() -> None:
    for number in (1, 2, 3, 2, 1):
        assert two_at_most(number) == number

    assert asked == [1, 2, 3, 1]
