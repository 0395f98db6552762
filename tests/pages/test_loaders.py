"""What pages load for a view: its agreements, in detail only for whoever may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

import words as w
from data_access import store
from data_access.accounts import Person
from data_access.register import raise_data_version, read_rules
from data_access.store.models import Setting
from kpi import readers
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.studies import calibration
from pages.ui import loaders, studies, trends
from pages.ui.view import View
from tests.pages.stores import AS_OF

LEADER = Person("leader", "leader", None, "")
BCT = Person("bct", "agency", "BCT", "")


def view(**changes: Any) -> View:
    return View(as_of=AS_OF, compare_with=dt.date(2025, 1, 14), reader=readers.EVERYTHING).where(**changes)


def test_a_view_selects_the_agreements_it_names(register: sa.Engine) -> None:
    everything = loaders.facts(view()).agreements
    cases: dict[str, tuple[View, pl.Expr]] = {
        "scope": (view(scope="LOCAL"), pl.col("scope") == "LOCAL"),
        "group": (view(agency_group="province"), pl.col("agency_group") == "province"),
        "sector": (view(sector="NOT_GIVEN"), pl.col("sector") == "NOT_GIVEN"),
        "tier": (view(partner_group="tier:CSP"), pl.col("partner_tier") == "CSP"),
        "region": (view(partner_group="region:Europe"), pl.col("partner_region") == "Europe"),
        "partner": (view(partner_group="partner:JP"), pl.col("partner") == "JP"),
        "period": (
            view(signed_from=dt.date(2023, 1, 1), signed_to=dt.date(2023, 12, 31)),
            pl.col("signed_on").dt.year() == 2023,
        ),
    }

    for name, (chosen, condition) in cases.items():
        found = loaders.facts(chosen).agreements["agreement_id"].to_list()
        assert found == everything.filter(condition)["agreement_id"].to_list(), name
        assert found, name


def test_cards_of_one_kind_of_agency_are_those_it_has_among_all(register: sa.Engine) -> None:
    of_kind = view(agency_group="province")
    alone = scorecard.compute(loaders.facts(of_kind), by=["agency"], rules=loaders.rules(AS_OF))

    assert alone.height
    assert_frame_equal(loaders.scorecards(of_kind, by="agency"), alone, rel_tol=1e-11)


def test_a_course_is_of_the_days_after_the_reporting_deadlines_and_says_so(register: sa.Engine) -> None:
    course = trends.scorecards(view())

    assert trends.days(AS_OF) == [dt.date(2025, 7, 11), dt.date(2025, 10, 11), dt.date(2026, 1, 11)]
    assert course["as_of"].unique().sort().to_list() == trends.days(AS_OF)
    last = loaders.scorecards(view().on(dt.date(2026, 1, 11)))
    assert course.filter(pl.col("as_of") == dt.date(2026, 1, 11)).drop("as_of").equals(last)
    with w.in_language("en"):
        assert trends.label(AS_OF).endswith("deadline, from 2025-Q2 to 2025-Q4.")
        assert trends.label(dt.date(2025, 7, 30)).endswith("from 31 Dec 2023 to 30 Jul 2025.")


def test_a_new_data_version_is_shown_at_the_next_run_and_not_before(register: sa.Engine) -> None:
    before = loaders.facts(view()).agreements

    assert loaders.facts(view()).agreements is before
    with store.session(register) as session:
        session.execute(sa.text("UPDATE agreement SET title_en = 'renamed' WHERE id = 3"))
        raise_data_version(session)

    after = loaders.facts(view()).agreements
    assert after.filter(pl.col("agreement_id") == 3)["title_en"].item() == "renamed"


def test_rules_are_those_of_the_day_and_the_same_until_the_next_are_set(register: sa.Engine) -> None:
    first, second = dt.date(2024, 5, 1), dt.date(2025, 5, 1)
    with store.session(register) as session:
        for day, grace in ((first, 60), (second, 30)):
            session.add(Setting(key="grace_days", value=str(grace), effective_on=day))
        session.add(Setting(key="a.thing", value="1", effective_on=dt.date(2025, 6, 1)))  # no rule
        raise_data_version(session)

    days = [first - dt.timedelta(days=1), first, second - dt.timedelta(days=1), second, dt.date(2025, 7, 1)]

    assert [loaders.rules(day) for day in days] == [read_rules(register, day) for day in days]
    assert [loaders.ruled_from(day) for day in days] == [dt.date.min, first, first, second, second]


def test_forecasts_of_a_quarter_end_are_tested_once_for_all_days_judged_by_them(
    register: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested: list[dt.date] = []
    back_test = calibration.back_test

    def counted(register: Register, days: Sequence[dt.date], **given: Any) -> calibration.BackTest:
        tested.extend(days)
        return back_test(register, days, **given)

    monkeypatch.setattr(calibration, "back_test", counted)
    found = studies.back_test(view())
    again = studies.back_test(view(sector="ECO").on(AS_OF - dt.timedelta(days=5)))

    assert len(tested) == len(set(tested)) == studies.BACK_TESTS
    assert found.cases.equals(again.cases)


def test_an_agency_sees_its_own_agreements_in_detail_and_no_others(register: sa.Engine) -> None:
    everything = loaders.facts(view()).agreements
    own = everything.filter(pl.col("agency") == "BCT")

    seen = loaders.details(view(), BCT)

    assert seen["agreement_id"].to_list() == own["agreement_id"].to_list()
    assert 0 < own.height < everything.height
    assert loaders.details(view(), LEADER).height == everything.height


def test_single_agreements_follow_the_same_rule(register: sa.Engine) -> None:
    foreign = loaders.facts(view()).agreements.filter(pl.col("agency") != "BCT")["agreement_id"][0]

    assert loaders.agreement(3, BCT) is not None
    assert loaders.agreement(1, BCT) is not None, "restricted, but its own"
    assert loaders.agreement(foreign, BCT) is None
    assert loaders.agreement(foreign, LEADER) is not None
    assert loaders.agreement(10**9, LEADER) is None


def test_a_role_nobody_knows_sees_nothing_in_detail(register: sa.Engine) -> None:
    stranger = Person("x", "visitor", None, "")

    assert loaders.details(view(), stranger).is_empty()
    assert loaders.agreement(3, stranger) is None


def test_search_finds_words_without_diacritics(register: sa.Engine) -> None:
    assert loaders.search("cang DA nang")["agreement_id"].to_list() == [3]
    assert loaders.search("0003")["agreement_id"].to_list() == [3]
    assert loaders.search("  ").is_empty()
    assert loaders.search("cang da nan")["agreement_id"].to_list() == [3], "the last word is still being typed"
    assert loaders.search("ang da nang").is_empty()
