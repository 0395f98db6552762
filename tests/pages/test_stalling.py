"""The chance of stalling on screen: shown where it has proved right, with the proof; else why it is not shown."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access.register import read_register
from kpi import facts
from kpi.studies import forecast
from kpi.studies.calibration import CLASSES, Calibration
from pages.parts import stalling
from pages.ui import studies
from pages.ui.studies import Stalling
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

ON = AS_OF + dt.timedelta(days=studies.STALL_DAYS)
RIGHT = Calibration(n=400, expected=0.31, happened=0.29, slope=1.02, brier=0.05, skill=0.6)
CLASS = pl.DataFrame({"from": CLASSES[:-1], "to": CLASSES[1:]}).with_columns(
    n=pl.lit(40), forecast="from", happened=pl.lit(0.24), low=pl.lit(0.1), high=pl.lit(0.4)
)


def foreseen(engine: sa.Engine) -> Stalling:
    register = read_register(engine)
    return Stalling(ON, forecast.stalls(forecast.silences(register), facts.build(register, AS_OF), ON), RIGHT, CLASS)


def said(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(text.value for text in [*page.markdown, *page.caption])


@pytest.mark.parametrize("language", w.languages())
def test_without_a_year_of_reporting_nothing_is_foretold_and_the_trust_page_says_why(
    shown_store: sa.Engine, visit: Visit, language: str
) -> None:
    reason = {"vi": "Chưa nêu khả năng đình trệ", "en": "No chance of stalling is"}[language]

    assert reason in said(visit("stalled", language=language))
    assert f"**{reason}" in said(visit("reliability", language=language))
    assert "Chance of" not in said(visit("agreement", language=language, ref="T-0003"))


@pytest.mark.parametrize("username", ["lanhdao", "bct"])
def test_who_comes_next_is_listed_of_what_the_reader_may_see(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    found = foreseen(shown_store)
    monkeypatch.setattr(studies, "stalling", lambda _: found)
    monkeypatch.setattr(stalling, "WORTH_SAYING", 0.01)

    page = visit("stalled", username, "en", scope="ALL")

    agencies = dict(read_register(shown_store).agreements.select("ref", "responsible_agency").iter_rows())
    rows = page.dataframe[-1].value
    assert len(rows) > 0
    assert (rows["chance"].diff().dropna() <= 0).all()
    if username == "bct":
        assert {agencies[ref.removesuffix(" ›")] for ref in rows["ref"]} == {"BCT"}
    assert "400 forecasts made 90 days ahead said 31% on average; 29% did stall" in said(page)


def test_one_agreement_and_one_agency_have_their_sentence(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = foreseen(shown_store)
    monkeypatch.setattr(studies, "stalling", lambda _: found)
    case = found.cases.sort("probability").row(-1, named=True)
    refs = dict(read_register(shown_store).agreements.select("id", "ref").iter_rows())

    agreement = said(visit("agreement", language="en", ref=refs[case["agreement_id"]]))
    agency = said(visit("scorecard", language="en", agency="BCT", scope="ALL"))

    assert stalling.chance_sentence(found, case).split("**")[1][:9] in ("Khả năng ", "Chance of")
    assert "being stalled on 14 Apr 2026" in agreement
    mine = found.cases.filter(pl.col("agency") == "BCT")
    assert f"about **{mine['probability'].sum():.0f}** of the {mine.height} open agreements" in agency


def test_a_chance_is_said_with_what_became_of_others_like_it() -> None:
    found = Stalling(ON, pl.DataFrame(), RIGHT, CLASS)

    def sentence(chance: float, *, is_stalled: bool = False) -> str:
        with w.in_language("en"):
            return stalling.chance_sentence(found, {"probability": chance, "is_stalled": is_stalled})

    assert sentence(0.27) == (
        "**Chance of being stalled on 14 Apr 2026: 27%.** Of 40 earlier forecasts of 20–30%, 24% came true."
    )
    assert "still being stalled on 14 Apr 2026: 80%" in sentence(0.8, is_stalled=True)
    assert "under 1%" in sentence(0.001)
    assert sentence(0.97) == "**Chance of being stalled on 14 Apr 2026: 97%.**"
