"""From signing to implementation: a plain verdict, and curves with the numbers still waiting."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa

import words as w
from data_access import accounts
from data_access.register import read_register
from kpi import facts, readers
from kpi.studies import cohorts, waiting
from kpi.studies.cohorts import Comparison
from pages.survival import sections
from pages.ui.view import View
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ACCOUNTS = [account.username for account in accounts.DEMO_ACCOUNTS]


@pytest.mark.parametrize("by", sections.GROUPINGS)
def test_every_grouping_has_its_numbers_at_risk(browsed_store: sa.Engine, visit: Visit, by: str) -> None:
    found = facts.build(read_register(browsed_store), AS_OF).where(pl.col("scope") == "HIGH_LEVEL")
    waits = waiting.cases(found, by=sections.GROUPINGS[by])

    page = visit("survival", by=by)
    rows = page.dataframe[-1].value

    assert not page.exception
    sizes = dict(waiting.sizes(waits).iter_rows())
    assert 1 <= len(rows) <= sections.MOST_CURVES
    assert {int(n) for n in rows["0"]} <= set(sizes.values())


def test_under_the_curves_stand_those_still_waiting_as_far_as_the_curves_go(browsed_store: sa.Engine) -> None:
    waits = waiting.cases(facts.build(read_register(browsed_store), AS_OF), by="agency")
    codes = {w.name("agency", code): code for code in ("BCT", "BYT")}

    rows = sections._curves(
        View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING), "agency", tuple(codes.values())
    )

    curve = rows.filter(pl.col("share").is_not_null())
    numbers = rows.filter(pl.col("left_label").is_not_null())
    assert numbers["time"].max() <= curve["time"].max()  # type: ignore[operator]
    assert set(numbers["series"]) == set(curve["series"]) == set(codes)
    for day, series, label in numbers.select("time", "series", "left_label").iter_rows():
        of_agency = pl.col("group") == codes[series]
        assert int(label) == waits.filter(of_agency & (pl.col("waiting_days") >= day)).height


def test_agencies_can_be_chosen_and_the_address_keeps_them(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("survival", by="agency", groups="BYT,XXX,BTC")

    assert not page.exception
    assert page.multiselect[0].value == ["BYT", "BTC"]
    assert len(page.dataframe[-1].value) == 2
    page.multiselect[0].set_value(["BTC"]).run()
    assert page.query_params["groups"] == "BTC"
    assert len(page.dataframe[-1].value) == 1


def test_the_cohorts_are_those_of_the_register_and_too_recent_ones_say_so(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    found = facts.build(read_register(browsed_store), AS_OF).where(pl.col("scope") == "HIGH_LEVEL")
    expected = cohorts.by_signing(found)

    rows = visit("survival", language="en").dataframe[0].value

    assert list(rows["cohort"]) == expected["cohort"].to_list()
    assert [int(n) for n in rows["n"]] == expected["n"].to_list()
    assert [bool(note) for note in rows["note"]] == [not seen for seen in expected["is_observed"]]


def compared(verdict: cohorts.Verdict, days: float, low: float, high: float) -> str:
    found = Comparison(
        "2023", "2024", 365, verdict, days=days, days_low=low, days_high=high, points=4.4, points_low=-2, points_high=9
    )
    with w.in_language("en"):
        return sections.verdict(found)


def test_the_verdict_confirms_denies_or_leaves_open() -> None:
    assert "has been shortened:** agreements signed in 2024 wait 22 days less" in compared("shortened", -22, -40, -4)
    assert "(95% interval: 4–40)" in compared("shortened", -22, -40, -4)
    assert "not been shortened but lengthened:** agreements signed in 2024 wait 22 days more" in compared(
        "lengthened", 22, 4, 40
    )
    assert "It cannot be said that" in compared("no_difference_shown", -22, -50, 6)
    assert "(95% interval: −50 to +6)" in compared("no_difference_shown", -22, -50, 6)
    assert "too early" in compared("not_observed", 0, 0, 0)


def test_with_one_year_watched_nothing_is_claimed(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("survival", language="en", as_of="2023-12-31")

    assert not page.exception
    assert any("too early to say" in text.value for text in page.markdown)


def test_an_agency_finds_itself_among_the_curves(browsed_store: sa.Engine, visit: Visit) -> None:
    rows = visit("survival", "langson", by="agency").dataframe[-1].value

    assert any("Lạng Sơn" in name for name in rows["name"])


def test_an_empty_store_says_so(empty_store: sa.Engine, visit: Visit) -> None:
    page = visit("survival")

    assert not page.exception
    assert page.info[0].value
