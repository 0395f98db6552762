"""The reporting page: counts of the register, the list to remind, the reminder, nobody else's reports."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import contacts, store
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.facts import Facts
from kpi.reporting import reports
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF


def high_level(engine: sa.Engine, as_of: dt.date = AS_OF) -> Facts:
    return facts.build(read_register(engine), as_of).where(pl.col("scope") == "HIGH_LEVEL")


def table(page: AppTest, column: str) -> list[dict[str, object]]:
    """The rows of the table that has this column."""
    found = [frame.value for frame in page.dataframe if column in frame.value.columns]
    return found[0].to_dict("records") if found else []


def refs(page: AppTest) -> list[str]:
    return sorted(str(row["ref"]).removesuffix(" ›") for row in table(page, "days_late"))


def said(page: AppTest) -> str:
    return "\n".join(text.value for text in [*page.markdown, *page.caption, *page.text])


@pytest.mark.parametrize("period", ["2025-Q2", "2025-Q3", "2025-Q4"])
def test_the_figures_are_the_register_s(browsed_store: sa.Engine, visit: Visit, period: str) -> None:
    counts = reports.counts(high_level(browsed_store), period=period)
    total = reports.in_period(counts).row(0, named=True)

    page = visit("reporting", "dieuphoi", period=period, who="ALL")

    assert [int(metric.value) for metric in page.metric] == [
        total[name] for name in ("owed", "received", "on_time", "late", "missing", "complete")
    ]
    shown = [(int(row["missing"]), int(row["owed"])) for row in table(page, "met")]  # type: ignore[call-overload]
    assert sorted(shown) == sorted(counts.select("missing", "owed").rows())
    assert shown == sorted(shown, reverse=True)


def test_those_to_remind_stand_first_and_the_rest_can_be_asked_for(browsed_store: sa.Engine, visit: Visit) -> None:
    counts = reports.counts(high_level(browsed_store), period="2025-Q4")
    owing = counts.filter(pl.col("missing") > 0).height

    for who, expected in (({}, owing), ({"who": "complete"}, counts.height - owing), ({"who": "ALL"}, counts.height)):
        assert len(table(visit("reporting", "dieuphoi", **who), "met")) == expected


def test_an_agency_leads_to_its_missing_reports_and_the_words_to_remind_it(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    rows = reports.owed(high_level(browsed_store), period="2025-Q4").filter(
        (pl.col("agency") == "BTC") & (pl.col("status") == "missing")
    )
    named = high_level(browsed_store).agreements.join(rows, on="agreement_id", how="semi")["ref"]

    page = visit("reporting", "dieuphoi", agency="BTC", status="missing")

    assert rows.height > 0
    assert refs(page) == sorted(named)
    letter = page.code[0].value
    assert re.findall(r"^\d+\. (\S+) – ", letter, flags=re.MULTILINE) == sorted(named)
    assert "Kính gửi: Bộ Tài chính" in letter
    assert "đã quá hạn 4 ngày" in letter
    assert "minh họa" in letter
    assert "Please send" in visit("reporting", "dieuphoi", "en", agency="BTC").code[0].value


def test_a_title_that_somebody_typed_stays_within_its_line_of_the_reminder(
    shown_store: sa.Engine, visit: Visit
) -> None:
    with store.session(shown_store) as session:
        session.execute(sa.update(models.Agreement).values(title_vi="Một\n\n# hai\t**ba**"))

    letter = visit("reporting", "dieuphoi", agency="BTC").code[0].value

    assert "– Một # hai **ba**" in letter


@pytest.mark.parametrize("username", ["bct", "quantri"])
def test_only_who_coordinates_has_the_reminder(browsed_store: sa.Engine, visit: Visit, username: str) -> None:
    assert not visit("reporting", username, agency="BCT").code


def test_an_agency_sees_its_own_line_and_its_own_reports(browsed_store: sa.Engine, visit: Visit) -> None:
    found = high_level(browsed_store)
    counts = reports.counts(found, period="2025-Q4").filter(pl.col("agency") == "BCT").row(0, named=True)
    own = found.agreements.filter(pl.col("agency") == "BCT").join(
        reports.owed(found, period="2025-Q4"), on="agreement_id", how="semi"
    )["ref"]

    for parameters in ({}, {"agency": "BTC"}, {"agency": "BTC", "who": "ALL"}):
        page = visit("reporting", "bct", **parameters)
        assert not page.exception
        assert [int(metric.value) for metric in page.metric][:2] == [counts["owed"], counts["received"]]
        assert refs(page) == sorted(own)
        assert table(page, "met") == []
        assert "BTC" not in said(page)


def test_before_the_due_date_the_days_left_are_said(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("reporting", "dieuphoi", "en", as_of="2026-01-05", agency="BTC")

    assert "Due in 5 days (10 Jan 2026)" in said(page)
    assert "The reports are due on 10 Jan 2026." in page.code[0].value
    assert {str(row["days_late"]) for row in table(page, "days_late")} <= {"nan", "None", "<NA>"}


def test_the_neighbouring_periods_are_one_click_away(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("reporting", "dieuphoi")
    buttons = {button.key: button for button in page.button}
    assert buttons["period_later"].disabled

    buttons["period_earlier"].click().run()

    assert page.query_params["period"] in ("2025-Q3", ["2025-Q3"])
    assert not page.exception


def test_a_register_without_periods_says_so_and_shows_the_coordinator_where_to_make_them(
    shown_store: sa.Engine, visit: Visit
) -> None:
    with store.session(shown_store) as session:
        session.execute(sa.delete(models.ProgressReport))
        session.execute(sa.delete(models.ReportingPeriod))

    assert visit("reporting", "dieuphoi").info[0].value.startswith("Sổ theo dõi chưa có kỳ báo cáo")
    for username, is_shown in (("dieuphoi", True), ("lanhdao", False)):
        links = [link.proto.page for link in visit("reporting", username).get("page_link")]
        assert ("coordination" in links) == is_shown


def test_before_the_first_period_has_ended_its_dates_are_said(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("reporting", "dieuphoi", as_of="2025-06-29")

    assert not page.exception
    assert "2025-Q2" in page.info[0].value


@pytest.mark.parametrize("username", ["lanhdao", "bct"])
def test_an_address_that_makes_no_sense_is_told_and_falls_back(
    browsed_store: sa.Engine, visit: Visit, username: str
) -> None:
    page = visit("reporting", username, period="2099-Q9", status="<script>", who="?", agency="' OR 1=1")

    assert not page.exception
    assert len(page.warning) >= 2


def test_an_empty_store_says_so(empty_store: sa.Engine, visit: Visit) -> None:
    page = visit("reporting")

    assert not page.exception
    assert page.info[0].value


def test_letters_for_all_are_written_taken_along_and_noted(shown_store: sa.Engine, visit: Visit) -> None:
    counts = reports.counts(high_level(shown_store), period="2025-Q4").filter(pl.col("missing") > 0)
    page = visit("reporting", "dieuphoi")

    page.button(key="reporting_write").click().run()

    assert not page.exception
    assert f"Tải {counts.height} công văn" in str([button.proto for button in page.get("download_button")])
    assert not [button for button in page.button if button.key == "reporting_send"]  # no mail server
    for username in ("bct", "quantri"):
        assert "reporting_write" not in [button.key for button in visit("reporting", username).button]


def test_an_agency_puts_its_own_contact_right_and_reads_no_other(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit("contacts", "bct", agency="BTC")
    assert {field.value for field in page.text_input} == {""}

    page.text_input[-2].set_value("vanthu@moit")
    page.button[-1].click().run()
    assert "Địa chỉ thư điện tử không đúng" in page.error[0].value
    page.text_input[-2].set_value("vanthu@moit.gov.vn")
    page.button[-1].click().run()

    assert page.success
    assert contacts.read(shown_store).filter(pl.col("email") != "")["agency"].to_list() == ["BCT"]
    reporting = visit("reporting", "dieuphoi", who="ALL")
    assert "vanthu@moit.gov.vn" in str(table(reporting, "met"))

    monkeypatch.setattr(contacts, "read", lambda *_: pytest.fail("read again, though nobody has changed anything"))
    assert "vanthu@moit.gov.vn" in str(table(reporting.run(), "met"))
