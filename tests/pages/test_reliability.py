"""The page on trust: conclusions that agree with the register, and the ways to the pages behind them."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts
from data_access.register import read_register
from kpi import facts
from kpi.facts import Facts
from kpi.facts.signs import FLAGS
from kpi.reporting import quality
from kpi.reporting import reports as reporting
from pages.parts import explained
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ACCOUNTS = [account.username for account in accounts.DEMO_ACCOUNTS]


def high_level(engine: sa.Engine) -> Facts:
    return facts.build(read_register(engine), AS_OF).where(pl.col("scope") == "HIGH_LEVEL")


def said(page: AppTest) -> str:
    return "\n".join(text.value for text in [*page.markdown, *page.caption, *page.text])


def test_the_conclusions_are_the_register_s(browsed_store: sa.Engine, visit: Visit) -> None:
    found = high_level(browsed_store)
    defects = quality.by_agency(found)
    reports = reporting.in_period(reporting.counts(found, last=1)).row(-1, named=True)

    text = said(visit("reliability", language="en"))

    assert f"**{defects['defective'].sum()} of {defects['n'].sum()} agreements" in text
    assert f"**{reports['received']} of {reports['owed']} reports" in text


def test_reports_and_records_have_pages_of_their_own(browsed_store: sa.Engine, visit: Visit) -> None:
    links = [link.proto.page for link in visit("reliability").get("page_link")]

    assert ["reporting" in links, "quality" in links] == [True, True]


@pytest.mark.parametrize("flag", quality.DEFECTS)
def test_each_count_leads_to_a_list_of_as_many(browsed_store: sa.Engine, visit: Visit, flag: str) -> None:
    mine = high_level(browsed_store).agreements.filter(FLAGS[flag] & (pl.col("agency") == "BTC"))

    page = visit("agreements", flag=flag, agency="BTC")

    assert not page.exception
    assert (len(page.dataframe[0].value) if page.dataframe else 0) == mine.height


def test_too_short_a_history_is_said_and_not_guessed(browsed_store: sa.Engine, visit: Visit) -> None:
    text = said(visit("reliability", language="en", as_of="2022-12-31"))

    assert "Not enough history yet to check forecasts." in text
    assert "No agency has enough agreements to be ranked." in text


@pytest.mark.parametrize("language", w.languages())
def test_every_statistic_is_explained_on_the_method_page(browsed_store: sa.Engine, visit: Visit, language: str) -> None:
    page = visit("method", language=language, statistic="funnel")

    assert not page.exception
    opened = [box for box in page.expander if box.proto.expanded]
    labels = [box.label for box in page.expander]
    with w.in_language(language):
        assert [box.label for box in opened] == [w.t("explained.funnel.name")]
        assert {w.t(f"explained.{statistic}.name") for statistic in explained.STATISTICS} <= set(labels)


def test_an_empty_store_says_so(empty_store: sa.Engine, visit: Visit) -> None:
    page = visit("reliability")

    assert not page.exception
    assert page.info[0].value
