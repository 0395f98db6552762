"""What pages load for a view: its agreements, in detail only for whoever may see them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.accounts import Person
from data_access.register import raise_data_version
from pages.ui import loaders
from pages.ui.view import View
from tests.pages.stores import AS_OF

LEADER = Person("leader", "leader", None, "")
BCT = Person("bct", "agency", "BCT", "")


def view(**changes: Any) -> View:
    return View(as_of=AS_OF, compare_with=dt.date(2025, 1, 14)).where(**changes)


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


def test_trend_ends_with_the_figures_of_the_day_itself(register: sa.Engine) -> None:
    dates = loaders.trend_dates(AS_OF)

    trend = loaders.trend(view())

    assert dates[-3:] == [dt.date(2025, 9, 30), dt.date(2025, 12, 31), AS_OF]
    assert trend["as_of"].unique().sort().to_list() == dates
    assert trend.filter(pl.col("as_of") == AS_OF).drop("as_of").equals(loaders.scorecards(view()))


def test_a_new_data_version_is_shown_at_the_next_run_and_not_before(register: sa.Engine) -> None:
    before = loaders.facts(view()).agreements

    assert loaders.facts(view()).agreements is before
    with store.session(register) as session:
        session.execute(sa.text("UPDATE agreement SET title_en = 'renamed' WHERE id = 3"))
        raise_data_version(session)

    after = loaders.facts(view()).agreements
    assert after.filter(pl.col("agreement_id") == 3)["title_en"].item() == "renamed"


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
    assert loaders.search("t-0003")["agreement_id"].to_list() == [3]
    assert loaders.search("  ").is_empty()
