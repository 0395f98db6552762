"""Data quality on screen: counts that agree with the register, the records behind each, and nobody else's records."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
import sqlmodel
from streamlit.testing.v1 import AppTest

from data_access import store, unresolved_names
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.facts import Facts
from kpi.reporting import quality
from pages.ui.paging import PAGE_ROWS
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF


def high_level(engine: sa.Engine) -> Facts:
    return facts.build(read_register(engine), AS_OF).where(pl.col("scope") == "HIGH_LEVEL")


def expected(engine: sa.Engine, *defects: str, agency: str | None = None) -> list[tuple[str, str]]:
    """Reference and defect of every record that should be listed, in order."""
    found, names = high_level(engine), unresolved_names.read_names_as_given(engine)
    rows = pl.concat([quality.findings(found, defect, names) for defect in defects or quality.DEFECTS])
    if agency is not None:
        rows = rows.filter(pl.col("agency") == agency)
    return sorted(rows.select("ref", "defect").rows())


def records(page: AppTest) -> list[str]:
    """References listed, in order; the table of agencies comes before, where there is one."""
    tables = [table.value for table in page.dataframe if "field_text" in table.value.columns]
    return sorted(ref.removesuffix(" ›") for ref in tables[0]["ref"]) if tables else []


def said(page: AppTest) -> str:
    return "\n".join(text.value for text in [*page.markdown, *page.caption, *page.text])


def test_the_table_has_every_agency_with_its_defects(browsed_store: sa.Engine, visit: Visit) -> None:
    counted = quality.by_agency(high_level(browsed_store))

    page = visit("quality", language="en")

    rows = page.dataframe[0].value
    for defect in (*quality.DEFECTS, "defective"):
        assert [int(n) for n in rows[defect]] == counted[defect].to_list()
    assert f"**{counted['defective'].sum()} of {counted['n'].sum()} agreements" in said(page)


@pytest.mark.parametrize(("username", "own"), [("lanhdao", None), ("bct", "BCT")])
def test_evidence_and_late_registrations_are_told(
    shown_store: sa.Engine, visit: Visit, username: str, own: str | None
) -> None:
    with store.session(shown_store) as session:
        for number in (1, 3):
            held = session.get(models.Agreement, number)
            assert held is not None
            held.received_on = AS_OF
            held.evidence_url = "12/BC"
    mine = high_level(shown_store).agreements.filter(pl.col("agency") == own if own else pl.lit(value=True))
    done = mine.filter("is_completed")
    share = 100 * done.filter(pl.col("evidence_url") != "").height / done.height

    text = said(visit("quality", username, "en"))

    assert f"{share:.0f}% of {done.height} completed agreements have evidence." in text
    assert "2 agreements were registered more than 60 days after their signing." in text


def test_every_record_is_listed_with_its_field_and_what_stands_in_it(browsed_store: sa.Engine, visit: Visit) -> None:
    everything = [ref for ref, _ in expected(browsed_store)]
    shown: list[str] = []
    for number in range(-(-len(everything) // PAGE_ROWS)):
        shown += records(visit("quality", quality_records_page=str(number + 1)))

    assert sorted(shown) == everything


@pytest.mark.parametrize("defect", quality.DEFECTS)
def test_a_cell_leads_to_as_many_agreements_as_it_counts(browsed_store: sa.Engine, visit: Visit, defect: str) -> None:
    page = visit("quality", defect=defect, agency="BTC")

    assert not page.exception
    assert records(page) == [ref for ref, _ in expected(browsed_store, defect, agency="BTC")]


def test_an_agency_sees_its_own_records_only(browsed_store: sa.Engine, visit: Visit) -> None:
    own = [ref for ref, _ in expected(browsed_store, agency="BCT")]

    for parameters in ({}, {"agency": "BTC"}, {"agency": "BTC", "defect": "no_date"}):
        page = visit("quality", "bct", **parameters)
        assert not page.exception
        assert set(records(page)) <= set(own)
        assert "BTC" not in said(page)
        assert not [box for box in page.selectbox if box.key == "choice_agency"]
    assert records(visit("quality", "bct")) == own


def test_an_agency_without_agreements_is_told_so(browsed_store: sa.Engine, visit: Visit) -> None:
    days = high_level(browsed_store).agreements.group_by("signed_on").agg(own=(pl.col("agency") == "BCT").any())
    day = str(days.filter(~pl.col("own"))["signed_on"].drop_nulls().min())

    page = visit("quality", "bct", signed_from=day, signed_to=day)

    assert not page.exception
    assert page.info


@pytest.mark.parametrize("username", ["lanhdao", "bct"])
def test_an_address_that_makes_no_sense_is_told_and_falls_back(
    browsed_store: sa.Engine, visit: Visit, username: str
) -> None:
    page = visit("quality", username, defect="<script>", agency="'; DROP TABLE agreement; --", q="%_[](.*")

    assert not page.exception
    assert page.warning


HOSTILE = '=HYPERLINK("x") Bộ **Công** nghiệp'


@pytest.fixture
def named(shown_store: sa.Engine) -> sa.Engine:
    """The store with one agreement whose agency is given in words nobody knows."""
    with store.session(shown_store) as session:
        nameless = sa.select(models.Agreement).where(sqlmodel.col(models.Agreement.responsible_agency).is_(None))
        agreement = session.execute(nameless.order_by(sqlmodel.col(models.Agreement.id))).scalars().first()
        assert agreement is not None
        assert agreement.scope == "HIGH_LEVEL"
        agreement.responsible_as_given = HOSTILE
        session.add(models.LoadFinding(agreement_id=agreement.id, field="c", value="v", code="unresolved_agency"))
    return shown_store


def test_names_nobody_could_resolve_are_listed_in_the_register_s_words(named: sa.Engine, visit: Visit) -> None:
    found = unresolved_names.read_names_as_given(named)["agreement_id"].to_list()

    page = visit("quality", "dieuphoi")
    behind = visit("quality", "dieuphoi", defect="unassigned", q="cong** nghiep")

    # Agencies, names, records, findings of the load.
    assert [HOSTILE in table.value.to_string() for table in page.dataframe] == [False, True, True, False]
    assert records(behind) == [f"T-{found[0]:04}"]
    assert not [table for table in visit("quality", "bct").dataframe if HOSTILE in table.value.to_string()]


def test_the_coordinator_assigns_a_name_and_takes_it_back(named: sa.Engine, visit: Visit) -> None:
    page = visit("quality", "dieuphoi")
    page = next(box for box in page.selectbox if box.key == "quality_assign_agency").set_value("BTC").run()
    page = press(page, "quality_assign_propose")
    assert f"“{HOSTILE}” (1 thỏa thuận): Chưa phân công cơ quan → Bộ Tài chính" in said(page)
    assert unresolved_names.read_assigned_names(named).is_empty()

    page = press(page, "quality_assign_confirm")
    assert unresolved_names.read_assigned_names(named).rows() == [(HOSTILE, "BTC", 1)]
    assert not page.exception

    page = press(press(page, "quality_release_propose"), "quality_release_confirm")
    assert unresolved_names.read_assigned_names(named).is_empty()
    assert unresolved_names.read_names_as_given(named).height == 1
    assert "quality_assign_propose" in {button.key for button in page.button}


@pytest.mark.parametrize("username", ["lanhdao", "quantri"])
def test_nobody_else_is_offered_to_assign_a_name(named: sa.Engine, visit: Visit, username: str) -> None:
    page = visit("quality", username)

    assert "quality_assign_propose" not in {button.key for button in page.button}


def press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def test_an_empty_store_says_so(empty_store: sa.Engine, visit: Visit) -> None:
    page = visit("quality")

    assert not page.exception
    assert page.info[0].value
