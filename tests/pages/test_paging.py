"""Long tables a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as hyp
from streamlit.testing.v1 import AppTest

from pages.ui import paging, tables, thinning
from pages.ui.choices import MOST_OPTIONS
from pages.ui.columns import Column
from pages.ui.paging import PAGE_ROWS, Order, Page
from words import in_language

MANY = 100_000
FIRST_DAY = dt.date(2020, 1, 1)
WORDS = ("Đà Nẵng", "Da", "Cần Thơ", "Cao Bằng", "An", None)
FRAME = pl.DataFrame(
    {
        "ref": [f"T-{number:06}" for number in range(MANY)],
        "text": [WORDS[number % len(WORDS)] for number in range(MANY)],
        "agency": [("BTC", "BCT", None)[number % 3] for number in range(MANY)],
        "days": [None if number % 10 == 0 else (7 * number) % MANY for number in range(MANY)],
        "day": [None if number % 10 == 0 else FIRST_DAY + dt.timedelta(days=number % 900) for number in range(MANY)],
    }
)
COLUMNS = [
    Column("ref", "common.chart_label"),
    Column("text", "common.chart_sector"),
    Column("agency", "common.chart_agency", "code", of="agency"),
    Column("days", "common.chart_days", "days"),
    Column("day", "common.chart_on_label", "date"),
    Column("written", "common.chart_text_label"),
]


def in_words(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(written=pl.format("{} {}", "text", "ref"))


def page() -> None:
    """A page with one long table, which a filter can narrow."""
    import polars as pl
    import streamlit as st

    from pages.ui import tables
    from tests.pages.test_paging import COLUMNS, FRAME, in_words

    narrowed = FRAME.filter(pl.col("text") == "An") if st.checkbox("An") else FRAME
    tables.show(narrowed, COLUMNS, "table", file_name="x", alt="x", on_row=st.write, in_words=in_words)


def run(address: dict[str, str] | None = None) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)
    for name, code in (address or {}).items():
        app.query_params[name] = code
    app.run()
    assert not app.exception
    return app


def refs(app: AppTest) -> list[str]:
    return [ref.removesuffix(" ›") for ref in app.dataframe[0].value["ref"]]


def says(app: AppTest) -> list[str]:
    return [caption.value for caption in app.caption]


# --- What travels ----------------------------------------------------------------------------------------------------


def test_of_a_long_table_one_page_travels_and_says_where_it_stands(
    register: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    app = run({"table_page": "3"})

    assert refs(app) == FRAME["ref"][2 * PAGE_ROWS : 3 * PAGE_ROWS].to_list()
    assert "201–300 trong 100.000 dòng" in says(app)
    assert app.get("pagination")[0].proto.num_pages == MANY // PAGE_ROWS
    assert "default value" not in caplog.text


def test_only_the_rows_that_are_shown_are_put_in_words(register: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    put_in_words = tables._cells

    def cells(rows: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
        asked.append(rows.height)
        return put_in_words(rows, columns)

    monkeypatch.setattr(tables, "_cells", cells)
    run({"table_page": "2", "table_sort": "-days"})

    assert asked == [PAGE_ROWS]


def test_a_file_has_all_rows(register: sa.Engine) -> None:
    with in_language("vi"):
        assert tables._for_file(in_words(FRAME), COLUMNS).height == MANY


# --- Which page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "shown"), [("1000", 1000), ("1001", 1000), ("0", 1), ("-2", 1), ("²", 1), ("x", 1), ("9" * 30, 1000)]
)
def test_the_nearest_page_there_is_is_shown(register: sa.Engine, asked: str, shown: int) -> None:
    assert refs(run({"table_page": asked}))[0] == FRAME["ref"][(shown - 1) * PAGE_ROWS]


def test_other_rows_are_seen_from_the_first_page_on_in_the_order_that_was_chosen(register: sa.Engine) -> None:
    app = run({"table_page": "5", "table_sort": "-ref"})

    app.checkbox[0].check().run()

    assert app.query_params == {"table_sort": "-ref"}
    assert refs(app)[0] == FRAME.filter(pl.col("text") == "An")["ref"].max()


def test_a_page_that_was_turned_stays_while_the_rows_are_the_same(register: sa.Engine) -> None:
    app = run({"table_page": "5"})

    app.run()

    assert refs(app)[0] == FRAME["ref"][4 * PAGE_ROWS]


# --- In which order --------------------------------------------------------------------------------------------------


def in_order(column: str, *, falls: bool = False) -> pl.DataFrame:
    """All rows, page after page."""
    pages = -(-FRAME.height // PAGE_ROWS)
    order = Order(column, falls)
    with in_language("vi"):
        shown = [
            paging.rows_of(Page("t", number, FRAME.height, order), FRAME, COLUMNS, in_words)
            for number in (1, 2, pages // 2, pages)
        ]
    return pl.concat(shown)


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("column", ["days", "day"])
def test_numbers_and_days_are_sorted_by_value_over_all_pages_and_what_is_missing_comes_last(
    register: sa.Engine, column: str, falls: bool
) -> None:
    shown = in_order(column, falls=falls)[column].to_list()

    there = FRAME[column].drop_nulls().sort(descending=falls)
    assert shown[: 2 * PAGE_ROWS] == there.head(2 * PAGE_ROWS).to_list()
    assert shown[-PAGE_ROWS:] == [None] * PAGE_ROWS


def test_texts_and_names_are_sorted_as_in_a_dictionary(register: sa.Engine) -> None:
    texts, agencies = in_order("text")["text"].to_list(), in_order("agency", falls=True)["agency"].to_list()

    assert list(dict.fromkeys(texts)) == ["An", "Cần Thơ", None]  # the first pages, one in the middle, the last
    assert agencies[0] == "BTC"  # Bộ Tài chính, Bộ Công Thương
    assert agencies[-1] is None


def test_equal_rows_keep_the_order_they_come_in(register: sa.Engine) -> None:
    shown = in_order("text").filter(pl.col("text") == "An")["ref"].to_list()

    assert shown == sorted(shown)


def test_what_is_written_for_a_page_only_can_still_be_sorted_by(register: sa.Engine) -> None:
    assert in_order("written")["ref"][0] == FRAME.filter(pl.col("text") == "An")["ref"][0]


@pytest.mark.parametrize("code", ["nothing", "-", "--ref", "title_vi"])
def test_an_order_there_is_not_is_the_usual_one(register: sa.Engine, code: str) -> None:
    assert refs(run({"table_sort": code}))[0] == FRAME["ref"][0]


def test_an_order_is_chosen_and_turned_and_begins_at_the_first_page(register: sa.Engine) -> None:
    app = run({"table_page": "7"})

    app.selectbox(key="table_order").set_value("days").run()
    assert app.query_params == {"table_sort": "days"}
    app.button(key="table_order_turned").click().run()

    assert app.query_params == {"table_sort": "-days"}
    assert app.dataframe[0].value["days"].iloc[0] == FRAME["days"].max()


def test_a_header_sorts_up_then_down_then_as_before() -> None:
    up = Order().by_header("days")

    assert (up, up.by_header("days"), up.by_header("days").by_header("days")) == (
        Order("days"),
        Order("days", falls=True),
        Order(),
    )
    assert up.by_header("day") == Order("day")


# --- A row -----------------------------------------------------------------------------------------------------------


def test_a_click_means_the_row_of_the_page_that_is_open(register: sa.Engine) -> None:
    page_rows = paging.rows_of(Page("t", 4, FRAME.height, Order("ref", falls=True)), FRAME, COLUMNS)
    labels = page_rows.select(pl.col("ref") + " ›").to_arrow().column(0)

    row = tables._clicked_row(page_rows, labels, {"row": 2, "label": "T-099697 ›"})

    assert row is not None
    assert row["ref"] == "T-099697"


# --- Many options ----------------------------------------------------------------------------------------------------


def options() -> None:
    """A select box of many agreements, one of which is chosen."""
    import streamlit as st

    from pages.ui.choices import offered
    from tests.pages.test_paging import FRAME

    titles = {ref: f"{ref} Cảng Đà Nẵng" for ref in FRAME["ref"][:3000]}
    found = offered([*titles], key="box", write=titles.__getitem__, chosen="T-002999")
    st.selectbox("box", found, index=None, format_func=titles.__getitem__)


def test_of_very_many_options_those_travel_that_are_looked_for_and_the_one_that_is_chosen(register: sa.Engine) -> None:
    app = AppTest.from_function(options, default_timeout=30).run()
    assert not app.exception
    assert len(app.selectbox[0].options) == MOST_OPTIONS + 1

    app.text_input[0].set_value("da nang t-00123").run()

    assert app.selectbox[0].options == [
        f"{ref} Cảng Đà Nẵng" for ref in ("T-002999", *(f"T-00123{digit}" for digit in range(10)))
    ]


# --- Curves ----------------------------------------------------------------------------------------------------------


@given(hyp.lists(hyp.tuples(hyp.sampled_from("ab"), hyp.floats(0, 100)), max_size=60), hyp.floats(0.1, 30))
def test_a_thinned_curve_is_nowhere_further_from_the_truth_than_can_be_seen(
    points: list[tuple[str, float]], least: float
) -> None:
    curve = (
        pl.DataFrame(points, schema={"group": pl.String, "share": pl.Float64}, orient="row")
        .sort("group", maintain_order=True)
        .with_row_index("time")
    )

    thinned = thinning.steps(curve, ("share",), of="group", least=least)

    drawn = curve.select("time", "group", true="share").join(thinned, on=["time", "group"], how="left")
    drawn = drawn.sort("time").with_columns(pl.col("share").forward_fill().over("group"))
    assert ((drawn["true"] - drawn["share"]).abs() < least).all()
    assert (
        thinned.group_by("group")
        .agg(pl.col("time").max())
        .sort("group")
        .equals(curve.group_by("group").agg(pl.col("time").max()).sort("group"))
    )
