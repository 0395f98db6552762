"""The screen of lists: for the coordinator, each list with its entries, and changes that are proposed, stored and put back."""

from __future__ import annotations

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import lists
from tests.pages.conftest import Visit


def listed(page: AppTest) -> list[str]:
    return [str(code) for code in page.dataframe[0].value["code"]]


def test_each_list_is_shown_and_found_in(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("lists", "dieuphoi", "en")
    assert {"BCT", "BTC"} <= set(listed(page))
    assert "T01" not in listed(page)

    page = visit("lists", "dieuphoi", list="partners", q="nhat ban")
    assert {code.removeprefix("SUB-")[:2] for code in listed(page)} == {"JP"}


def test_an_entry_is_merged_from_a_day_on_and_that_is_put_back(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("lists", "dieuphoi", list="sectors", entry="ECO")
    page.button(key="lists_do_merge").click().run()
    page.selectbox(key="lists_into").set_value("STI")
    page.button(
        key="lists_do_merge"
    ).click().run()  # here a click runs the whole page: the dialog is opened again with it
    page.button(key="lists_do_merge").click()
    page.button(key="lists_next").click().run()
    assert any("được tính vào mục mới" in text.value for text in page.caption)
    page.button(key="lists_confirm").click().run()

    assert ended(shown_store) == "STI"
    assert any("thay bằng" in text.value for text in page.markdown)
    page.button(key="coordination_undo").click().run()
    assert ended(shown_store) is None
    assert not page.exception


def ended(engine: sa.Engine) -> str | None:
    row = lists.read(engine, "sector").filter(code="ECO").row(0, named=True)
    return None if row["until"] is None else str(row["successor"])
