"""The statistics on the scorecard, the ranking: right, explained, and no more than the reader may see."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts
from data_access.accounts import Person
from data_access.register import read_register
from kpi import facts, readers
from kpi.estimators.difference import Difference
from kpi.facts import Facts
from kpi.indicators import beside, scorecard
from kpi.indicators.catalog import shown_in
from kpi.rules import Rules
from kpi.studies import rank_sets, what_if
from kpi.studies.pace import Pace
from kpi.subjects import subject
from pages.ranking import statistics
from pages.ui import studies
from pages.ui.studies import Proof
from pages.ui.view import View
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ACCOUNTS = [account.username for account in accounts.DEMO_ACCOUNTS]


def ministries(engine: sa.Engine) -> Facts:
    found = facts.build(read_register(engine), AS_OF)
    return found.where((pl.col("scope") == "HIGH_LEVEL") & (pl.col("agency_group") == "ministry"))


def said(page: AppTest) -> str:
    return "\n".join(text.value for text in [*page.markdown, *page.caption, *page.text])


def person(role: str, agency: str | None) -> Person:
    return Person("somebody", role, agency, "")


# --- Scorecard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", w.languages())
@pytest.mark.parametrize("username", ACCOUNTS)
def test_three_things_are_for_those_who_may_see_the_agreements(
    browsed_store: sa.Engine, visit: Visit, username: str, language: str
) -> None:
    page = visit("scorecard", username, language, agency="BTC")

    heading = {"vi": "Việc cần ưu tiên", "en": "Do these first"}[language]
    assert not page.exception
    shown = [text.value for text in page.header] + [tab.label for tab in page.tabs]
    assert (heading in shown) == (username not in ("bct", "langson"))


def test_the_three_things_are_those_of_the_scorecard_run_again(browsed_store: sa.Engine, visit: Visit) -> None:
    found = ministries(browsed_store)
    study = what_if.study(read_register(browsed_store), found, agency="BTC", rules=Rules())
    titles = dict(found.agreements.select("agreement_id", "title_en").iter_rows())

    text = said(visit("scorecard", language="en", agency="BTC"))

    assert study.score is not None
    for agreement_id in study.together["agreement_id"]:
        assert subject(titles[agreement_id], "en") in text
    assert f"from {study.score:.1f} to {study.together['score'][-1]:.1f}" in text


def test_what_is_made_of_single_agreements_is_not_told_of_others(browsed_store: sa.Engine, visit: Visit) -> None:
    headings = {"Do these first", "Results adjusted for the kind of agreements"}

    def told(page: AppTest) -> set[str]:
        return {text.value for text in page.header} | {tab.label for tab in page.tabs}

    own = told(visit("scorecard", "bct", "en", agency="BCT"))
    assert headings <= own
    assert any(label.startswith("Claims that lack something") for label in own)

    others = visit("scorecard", "bct", "en", agency="BTC")

    assert others.metric
    assert headings.isdisjoint(told(others))
    assert not any(label.startswith("Claims that lack something") for label in told(others))


CHANGED = Pace(n=296, expected=135.3, low=112, high=158, happened=90)


@pytest.mark.parametrize(
    ("proof", "told"),
    [
        (Proof(is_proven=True, pace=None), "agreements still waiting are expected to be implemented."),
        (
            Proof(is_proven=False, pace=None),
            "No forecast of implementation: on this register earlier ones were not close",
        ),
        (
            Proof(is_proven=True, pace=CHANGED),
            "in the last 180 days 90 of 296 that waited were implemented, 135 (112–158) were expected.",
        ),
    ],
)
def test_a_forecast_is_shown_where_it_holds_and_the_pace_is_the_same(
    browsed_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch, proof: Proof, told: str
) -> None:
    monkeypatch.setattr(studies, "starts_proof", lambda _: proof)

    text = said(visit("scorecard", language="en", agency="BTC"))

    assert told in text
    assert ("are expected to be implemented" in text) is proof.is_shown


def test_crude_and_adjusted_stand_side_by_side(browsed_store: sa.Engine, visit: Visit) -> None:
    cards = scorecard.compute(ministries(browsed_store), by=["agency"])
    crude = cards.filter((pl.col("agency") == "BTC") & (pl.col("kpi") == "K02")).row(0, named=True)

    text = said(visit("scorecard", language="en", agency="BTC"))

    assert f"{crude['value']:.0f}% → **" in text


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            ("Mean wait within the first 365 days: ", "Nine of ten overdue ones are at most ", "(clearance: "),
        ),
        (
            "vi",
            (
                "Chờ trung bình trong 365 ngày đầu: ",
                "Chín phần mười thỏa thuận quá hạn trễ không quá ",
                "(tỷ lệ giải tỏa: ",
            ),
        ),
    ],
)
def test_opened_cards_say_what_stands_beside_their_value(
    browsed_store: sa.Engine, visit: Visit, language: str, lines: tuple[str, ...]
) -> None:
    (told,) = beside.compute(ministries(browsed_store).where(pl.col("agency") == "BTC")).to_dicts()

    text = said(visit("scorecard", language=language, agency="BTC"))

    assert all(text.count(line) == 1 for line in lines), text
    assert f"{lines[0]}{told['mean']:.0f} " in text
    assert f"{lines[1]}{told['late_p90']} " in text


def test_a_successor_says_what_it_inherited_and_what_it_signed(browsed_store: sa.Engine, visit: Visit) -> None:
    since = dt.date(2025, 3, 1)
    mine = ministries(browsed_store).agreements.filter((pl.col("agency") == "BTC") & pl.col("is_matured"))

    def told(signed: pl.Expr) -> str:
        found = mine.filter(signed)
        share = f"{100 * found['is_started'].sum() / found.height:.0f}%" if found.height else "not available"
        return f"{share} (n = {found.height})"

    text, before = (said(visit("scorecard", language="en", agency="BTC", as_of=day)) for day in ("", "2025-02-28"))

    inherited, own = told(pl.col("signed_on") < since), told(pl.col("signed_on") >= since)
    assert (
        f"The agency came to be on 1 Mar 2025. Started: what it inherited {inherited}; what was signed since {own}."
        in text
    )
    assert "The agency came to be on 1 Mar 2025: on the day shown it has neither a composite nor a place." in before
    assert "came to be" not in said(visit("scorecard", language="en", agency="BCT"))
    assert "came to be" not in said(visit("scorecard", "bct", "en", agency="BTC"))


# --- Ranking ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("browsed_store")
@pytest.mark.parametrize("username", ["lanhdao", "bct"])
def test_two_agencies_are_compared_for_leaders_and_agencies(visit: Visit, username: str) -> None:
    page = visit("ranking", username, group="ministry")

    assert not page.exception
    assert "So sánh hai cơ quan: chênh lệch có đủ cơ sở?" in [text.value for text in page.header]


def test_exchanged_agencies_get_the_opposite_answer(browsed_store: sa.Engine, visit: Visit) -> None:
    one, two = (
        next(
            text
            for text in said(visit("ranking", language="en", **pair)).splitlines()
            if "points" in text and text.startswith("**")
        )
        for pair in ({"first": "BTC", "second": "BYT"}, {"first": "BYT", "second": "BTC"})
    )

    told = [any(word in text for word in ("Yes:", "No, on the contrary:")) for text in (one, two)]
    assert told[0] == told[1]
    assert one != two


def test_the_answer_is_yes_no_or_open_and_gives_its_reason() -> None:
    words = {"first": "A", "second": "B", "score_first": "42.0", "score_second": "52.0"}
    words |= {"place_first": "9", "place_second": "5", "n_first": "12", "n_second": "40"}

    def answer(found: Difference) -> str:
        with w.in_language("en"):
            return statistics.sentence("score", found, lambda points: w.number(points, 1), words)

    worse = answer(Difference("lower", -10.0, -15.0, -5.0))
    assert worse.startswith("**Yes: A has clearly lower results than B.** A has 42.0 points, B 52.0;")
    assert "the true gap is 5.0 to 15.0 points" in worse
    assert answer(Difference("higher", 10.0, 5.0, 15.0)).startswith(
        "**On the contrary: A has clearly better results than B.**"
    )
    open_one = answer(Difference("not_told_apart", -10.0, -25.0, 5.0))
    assert open_one.startswith("**It cannot be said that A is worse or better than B.**")
    assert "up to 25.0 points behind or up to 5.0 ahead" in open_one
    assert "(12 and 40)" in open_one
    assert "Not enough figures" in answer(Difference("not_available"))


def test_places_by_a_share_are_the_sets_of_the_ranking_module(browsed_store: sa.Engine) -> None:
    view = View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING).where(
        scope="HIGH_LEVEL", agency_group="ministry"
    )

    for kpi in shown_in("comparison"):
        rows = studies.places_by_share(view, kpi)
        good = rows["numerator"] if kpi != "K05" else rows["n"] - rows["numerator"]
        expected = rank_sets.rank_sets(good.to_list(), rows["n"].to_list())
        assert rows.select("best_place", "worst_place").rows() == expected
        assert rows["n"].min() >= Rules().rank_min_n  # type: ignore[operator]


def test_everything_asked_for_twice_is_worked_out_once(browsed_store: sa.Engine) -> None:
    view = View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING).where(
        scope="HIGH_LEVEL", agency_group="ministry"
    )

    assert studies.adjusted(view, "K02") is studies.adjusted(view, "K02")
    assert studies.adjusted(view, "K02") is not studies.adjusted(view, "K05")
