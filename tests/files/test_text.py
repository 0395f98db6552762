"""Texts of cells: made harmless and turned back, one spelling for each, and read as others read them."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from files import Limits, formula_injection, text


@given(st.text())
def test_neutralised_text_is_restored_exactly_and_starts_no_formula(typed: str) -> None:
    frame = pl.DataFrame({"typed": [typed]}, schema={"typed": pl.String})
    written = frame.select(formula_injection.neutralised(pl.col("typed"))).item()

    assert pl.select(formula_injection.restored(pl.lit(written))).item() == typed
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text(), st.text())
def test_no_two_texts_are_neutralised_alike(one: str, other: str) -> None:
    written = pl.DataFrame({"t": [one, other]}).select(formula_injection.neutralised(pl.col("t")))["t"].to_list()

    assert (written[0] == written[1]) == (one == other)


@given(st.text())
def test_the_canonical_spelling_is_final_and_holds_nothing_forbidden(typed: str) -> None:
    once = pl.DataFrame({"t": [typed]}).select(text.canonical(pl.col("t")))
    twice = once.select(text.canonical(pl.col("t")))

    assert once.item() == twice.item()
    assert not once.select(pl.col("t").str.contains(text.FORBIDDEN)).item()


def test_decomposed_and_composed_vietnamese_are_one_text() -> None:
    decomposed = "Hợp tác".encode().decode()
    forms = pl.DataFrame({"t": [decomposed, "Hợp tác"]})

    assert forms.select(text.canonical(pl.col("t")))["t"].n_unique() == 1


def test_cells_that_hold_what_no_cell_may_are_named() -> None:
    frame = pl.DataFrame({"row": [2, 3, 4, 5], "a": ["x\u00ad", "x", "\ufffd", "y" * 11], "b": ["\t\n", None, "z", ""]})

    found = text.unfit(frame, Limits(cell_characters=10), row="row")

    assert [(problem.code, problem.row, problem.column, problem.value) for problem in found] == [
        ("invisible_character", 2, "a", "x\u25a1"),
        ("text_lost", 4, "a", "\u25a1"),
        ("cell_too_long", 5, "a", None),
    ]


def test_a_table_without_texts_holds_nothing_it_may_not() -> None:
    assert text.unfit(pl.DataFrame({"row": [1]}), Limits(cell_characters=10), row="row") == []


def test_of_cells_that_hold_what_no_cell_may_so_many_are_named_and_no_more() -> None:
    frame = pl.DataFrame({"row": range(100), "a": ["x\u00ad"] * 100, "b": ["y" * 11] * 100})

    found = [text.unfit(frame, Limits(cell_characters=10, faults=most), row="row") for most in (5, 130)]

    assert [len(problems) for problems in found] == [5, 130]
    assert {problem.column for problem in found[1]} == {"a", "b"}
