"""Briefing mode: one message a screen, turned by keys, left for any agency and come back to."""

from __future__ import annotations

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Visit


def message(opened: AppTest) -> str:
    return str(opened.title[0].value)


def test_a_briefing_is_given_with_keys_and_left_and_come_back_to(browsed_store: sa.Engine, visit: Visit) -> None:
    opened = visit("briefing", language="en")
    first = message(opened)
    assert "agreements have begun" in first
    assert not opened.selectbox  # no filters, and what leads elsewhere is folded away

    opened.button(key="next_PageDown").click().run()
    second = message(opened)
    opened.button(key="next_Space").click().run()
    third = message(opened)
    opened.button(key="previous_Left").click().run()
    back = message(opened)

    assert len({first, second, third}) == 3
    assert back == second
    assert list(opened.query_params["screen"]) == ["2"]

    opened.session_state["briefing_more"] = True
    opened.run()
    jump = opened.selectbox(key="briefing_jump")
    jump.select(next(option for option in jump.options if option == "Ministry of Construction")).run()

    assert not opened.exception
    assert "".join(opened.query_params["preset"]) == "agency:BXD"
    assert "Ministry of Construction" in message(opened)

    opened.button(key="briefing_back").click().run()

    assert message(opened) == second


def test_what_is_behind_a_sentence_is_told_for_its_code(browsed_store: sa.Engine, visit: Visit) -> None:
    opened = visit("briefing", "bct", "en", screen="99")
    opened.session_state["briefing_more"] = True
    opened.run()
    opened.text_input(key="briefing_code").input("q-nsigned-all-260114").run()

    assert [button.label for button in opened.download_button] == ["PDF", "Word (report)", "PowerPoint", "Excel"]
    told = " ".join(line.value for line in opened.text)
    assert "Statistic: signed" in told
    assert "that you may not see one by one" in told

    opened.text_input(key="briefing_code").input("Q-NOTHING").run()

    assert any("No sentence or figure" in line.value for line in opened.caption)
