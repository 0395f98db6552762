"""The cache of pages: what an answer is kept under, and for how long."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import threading

import polars as pl
import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Text

import words
from data_access import store
from data_access.accounts import Person
from data_access.register import raise_data_version
from kpi import readers
from pages.ui import kept as kept_module
from pages.ui import palette
from pages.ui.kept import Answers, drawn, kept, per_frame
from pages.ui.view import View
from tests.pages.stores import AS_OF

VIEW = View(as_of=AS_OF, compare_with=dt.date(2025, 1, 14), reader=readers.EVERYTHING).where(scope="LOCAL")
asked: list[object] = []


@pytest.fixture(autouse=True)
def nothing_asked(register: sa.Engine) -> None:
    asked.clear()


@kept()
def narrowed(view: View, times: int = 1, *, _by: str = "") -> int:
    asked.append((view, times, _by))
    return len(asked)


@kept()
def counted(view: View, times: int = 1, *, _by: str = "") -> int:
    asked.append((view, times, _by))
    return -len(asked)


@kept(compares=True)
def compared(view: View) -> View:
    asked.append(view)
    return view


@kept(whole=True)
def unrestricted(view: View) -> View:
    asked.append(view)
    return view


@per_frame
def length_of(frame: pl.DataFrame, _times: int) -> list[str]:
    return [words.language()]


@drawn
def section(person: Person, number: int) -> None:
    asked.append(person.username)
    st.text(f"{words.language()} {number}")
    with st.container():
        st.text("trong")


@drawn
def themed() -> None:
    st.text(palette.theme())


@drawn
def innermost() -> None:
    st.text("trong cùng")


@drawn
def around() -> None:
    with st.container():
        innermost()
    st.text("ngoài")


def test_an_answer_is_worked_out_once_however_it_is_asked_for() -> None:
    assert {narrowed(VIEW), narrowed(VIEW, 1), narrowed(view=VIEW, times=1), narrowed(VIEW, _by="")} == {1}
    assert len({narrowed(VIEW), narrowed(VIEW, 2), narrowed(VIEW.on(dt.date(2025, 1, 1))), narrowed(VIEW.whole)}) == 4


def test_what_is_asked_by_a_name_with_an_underscore_counts_too() -> None:
    assert narrowed(VIEW, _by="agency") != narrowed(VIEW, _by="sector")


def test_functions_with_the_same_arguments_have_answers_of_their_own() -> None:
    assert (narrowed(VIEW), counted(VIEW), narrowed(VIEW)) == (1, -2, 1)


def test_the_day_compared_with_counts_only_where_it_is_used() -> None:
    later = View(as_of=AS_OF, compare_with=dt.date(2025, 10, 14), reader=readers.EVERYTHING).where(scope="LOCAL")

    assert narrowed(VIEW) == narrowed(later)
    assert (compared(VIEW), compared(later)) == (VIEW, later)


def test_what_is_of_the_whole_register_does_not_depend_on_the_filters_but_on_the_reader() -> None:
    assert unrestricted(VIEW) is unrestricted(VIEW.where(scope="HIGH_LEVEL"))
    assert unrestricted(VIEW).condition is None
    assert unrestricted(View(as_of=AS_OF, compare_with=AS_OF)).condition is not None, (
        "nobody is named: nothing is theirs"
    )
    assert unrestricted(VIEW).as_of == AS_OF
    assert len(asked) == 2


def test_a_new_version_of_the_data_is_asked_again(register: sa.Engine) -> None:
    before = narrowed(VIEW)

    with store.session(register) as session:
        raise_data_version(session)

    assert narrowed(VIEW) != before


def test_answers_have_so_much_memory_and_the_one_not_asked_for_longest_makes_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FIGURES_MB", "64")
    answers, third = Answers(), pl.DataFrame({"n": range(3_000_000)})  # 24 MB
    answers["first"] = answers["second"] = third
    assert answers["first"] is third
    answers["third"] = third

    assert set(answers) == {"first", "third"}
    assert 48 << 20 > answers.currsize > 45 << 20

    answers["whole"] = {"frames": (third, third, third)}
    assert "whole" not in answers
    assert "an answer of 68 MB is worked out each time" in caplog.text


def test_who_asks_for_what_is_being_worked_out_waits_for_it(register: sa.Engine) -> None:
    begun, go_on = threading.Event(), threading.Event()

    @kept()
    def slow(number: int) -> int:
        asked.append(number)
        begun.set()
        assert go_on.wait(10)
        return number

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first = pool.submit(slow, 1)
        assert begun.wait(10)
        others = [pool.submit(slow, 1) for _ in range(2)]
        go_on.set()
        assert [one.result(10) for one in (first, *others)] == [1, 1, 1]

    assert asked == [1]


def test_what_is_made_of_a_frame_lives_as_long_as_the_frame() -> None:
    frame, other = pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [1]})

    assert length_of(frame, 1) is length_of(frame, 1)
    assert length_of(frame, 1) is not length_of(other, 1)
    with words.in_language("en"):
        assert length_of(frame, 1) == ["en"]
    assert length_of(frame, 1) == ["vi"]


def page() -> None:
    import streamlit as st

    from data_access.accounts import Person
    from tests.pages.test_kept import section

    section(Person(st.session_state["who"], "leader"), 1)
    st.text("sau")


def test_a_section_is_drawn_once_for_all_who_may_see_the_same_and_is_there_each_time() -> None:
    seen = []
    for who in ("nga", "lan", "nga"):
        tab = AppTest.from_function(page)
        tab.session_state["who"] = who
        seen.append([element.value for element in tab.run().text])

    assert seen == [["vi 1", "trong", "sau"]] * 3
    assert asked == [""], "whoever it was has no name in it"


def test_a_section_is_told_apart_by_what_can_be_written_out() -> None:
    with pytest.raises(TypeError, match="not by DataFrame"):
        section(pl.DataFrame(), 1)  # type: ignore[arg-type]


def page_of_nested_sections() -> None:
    from tests.pages.test_kept import around, innermost

    around()
    innermost()


def test_a_section_within_a_section_stands_in_its_container_each_time() -> None:
    for _ in range(2):
        main = AppTest.from_function(page_of_nested_sections).run().main
        inside, outside, alone = main.children.values()

        assert isinstance(inside, Block)
        assert isinstance(outside, Text)
        assert isinstance(alone, Text)
        assert [text.value for text in inside.text] == ["trong cùng"]
        assert (outside.value, alone.value) == ("ngoài", "trong cùng")


def test_a_chart_of_a_section_has_the_colours_of_the_readers_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    def themes() -> None:
        from tests.pages.test_kept import themed

        themed()

    for theme in ("light", "dark", "light"):
        monkeypatch.setattr(palette, "theme", lambda theme=theme: theme)
        assert AppTest.from_function(themes).run().text[0].value == theme


def test_days_of_a_large_register_do_not_drive_out_figures(
    register: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIGURES_MB", "64")
    kept_module._answers.cache_clear()

    @kept(rows=True)
    def frame(number: int) -> pl.DataFrame:
        asked.append(number)
        return pl.DataFrame({"n": range(3_000_000)})  # 24 MB, of which 48 have room

    @kept()
    def total(number: int) -> int:
        return frame(number)["n"].len()

    for number in (1, 2, 3, 4, 1, 2, 3, 4):
        total(number)
    assert asked == [1, 2, 3, 4]
    frame(1)
    assert asked == [1, 2, 3, 4, 1]
    kept_module._answers.cache_clear()
