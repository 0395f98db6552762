"""A register of another country: its words on the pages, and partners and sectors where it names no agency."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import store
from seed_data import packs
from seed_data.store import fill
from tests.pages.conftest import FRAME, Visit
from tests.seed_data.invented_treaties import PACK, mapped, text


@pytest.fixture
def treaties(empty_store: sa.Engine) -> None:
    lists = packs.read(PACK)
    with store.session(empty_store) as session:
        fill(session, actor="test", register=mapped(lists, text().encode()), origin="x", lists=lists)


@pytest.mark.usefixtures("treaties")
def test_treaties_without_agencies_are_read_by_partner_and_sector(visit: Visit) -> None:
    overview = visit("overview", language="en")

    assert not overview.exception
    assert [(tile.label, tile.value) for tile in overview.metric] == [
        ("Signed", "6"),
        ("In force", "3"),
        ("Never in force", "1"),
        ("Signing to entry into force", "89 days"),
    ]
    assert [title.value for title in overview.header] == [
        "Largest partners",
        "From signing to entry into force",
        "Largest sectors",
    ]
    assert "6 treaties signed" in " ".join(caption.value for caption in overview.caption)
    assert {"All treaties", "Multilateral treaties"} <= set(overview.selectbox(key="filter_scope").options)
    assert overview.selectbox(key="filter_scope").value == "ALL"

    ranking = visit("ranking", language="en")
    assert not ranking.exception
    assert any("names no agency" in told.value for told in ranking.info)
    assert not ranking.dataframe

    unspoken = AppTest.from_file(str(FRAME), default_timeout=30).run()
    assert unspoken.query_params["lang"] == "en"

    scorecard, stalled = visit("scorecard", language="en"), visit("stalled", language="vi")
    assert not scorecard.exception
    assert not stalled.exception
    assert stalled.title[0].value == "Điều ước chưa từng có hiệu lực"
    assert not {"agency", "must_act", "cause", "days_overdue"} & set(stalled.dataframe[0].value.columns)
