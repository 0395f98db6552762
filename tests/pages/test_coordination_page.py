"""The coordinator's settings on screen: old and new before anything is stored, one confirmation, and the way back."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts, coordination, store
from data_access.register import read_data_version, read_rules
from data_access.store import models
from data_access.updates.routes import read_routes
from kpi.reporting.calendar import Period
from kpi.rules import LIMITS, Rules
from tests.pages.conftest import Visit

D = dt.date
NEXT = Period("2026-Q1", D(2026, 1, 1), D(2026, 3, 31), D(2026, 4, 10))
OTHERS = [account.username for account in accounts.DEMO_ACCOUNTS if account.role != "coordinator"]


@pytest.fixture(autouse=True)
def january(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 20 January 2026."""
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 1, 20, 3))


@pytest.fixture
def with_next(shown_store: sa.Engine) -> sa.Engine:
    """The store with a period that is not due yet."""
    with store.session(shown_store) as session:
        session.add(models.ReportingPeriod(**dataclasses.asdict(NEXT)))
    return shown_store


def press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def keys(page: AppTest) -> set[str]:
    return {button.key for button in page.button if button.key}


def texts(page: AppTest) -> str:
    return "\n".join(text.value for text in page.text)


@pytest.mark.parametrize("language", w.languages())
def test_the_coordinator_finds_calendar_routes_thresholds_and_what_was_settled(
    shown_store: sa.Engine, visit: Visit, language: str
) -> None:
    page = visit("coordination", "dieuphoi", language)

    assert not page.exception
    assert len(page.tabs) == 4
    assert [len(frame.value) for frame in page.dataframe[:2]] == [3, len(LIMITS)]


@pytest.mark.parametrize("username", OTHERS)
def test_nobody_else_sees_any_of_it(shown_store: sa.Engine, visit: Visit, username: str) -> None:
    page = visit("coordination", username)

    assert not page.exception
    assert page.warning
    assert not page.tabs
    assert not page.dataframe


def test_periods_are_added_once_confirmed_and_taken_out_again(shown_store: sa.Engine, visit: Visit) -> None:
    before = coordination.read_periods(shown_store)
    page = visit("coordination", "dieuphoi")
    page = next(box for box in page.number_input if box.key == "coordination_count").set_value(2).run()

    page = press(page, "coordination_add_propose")
    assert coordination.read_periods(shown_store) == before
    assert "2026-Q1: không có → 01/01/2026 – 31/03/2026, hạn 10/04/2026" in texts(page)

    page = press(page, "coordination_add_confirm")
    assert [period.code for period in coordination.read_periods(shown_store)[-2:]] == ["2026-Q1", "2026-Q2"]
    assert page.success
    assert not page.exception

    page = press(page, "coordination_undo")
    assert coordination.read_periods(shown_store) == before
    assert "coordination_undo" not in keys(page)
    assert not page.error


def test_what_is_dropped_is_not_stored(shown_store: sa.Engine, visit: Visit) -> None:
    page = press(press(visit("coordination", "dieuphoi"), "coordination_add_propose"), "coordination_add_drop")

    assert "coordination_add_confirm" not in keys(page)
    assert coordination.read_settled(shown_store).is_empty()


def test_a_due_date_is_moved_and_put_back(with_next: sa.Engine, visit: Visit) -> None:
    page = visit("coordination", "dieuphoi")
    box = next(box for box in page.date_input if (box.key or "").startswith("coordination_due_2026-Q1"))
    page = press(box.set_value(D(2026, 4, 20)).run(), "coordination_move_propose")
    assert "10/04/2026 → 20/04/2026" in texts(page)

    page = press(page, "coordination_move_confirm")
    assert coordination.read_periods(with_next)[-1].due_on == D(2026, 4, 20)

    press(page, "coordination_undo")
    assert coordination.read_periods(with_next)[-1] == NEXT


def test_a_period_without_reports_is_taken_out_and_put_back(with_next: sa.Engine, visit: Visit) -> None:
    page = press(press(visit("coordination", "dieuphoi"), "coordination_remove_propose"), "coordination_remove_confirm")
    assert NEXT not in coordination.read_periods(with_next)

    press(page, "coordination_undo")
    assert coordination.read_periods(with_next)[-1] == NEXT


def test_where_somebody_was_faster_nothing_is_stored_and_the_reader_is_told(with_next: sa.Engine, visit: Visit) -> None:
    page = press(visit("coordination", "dieuphoi"), "coordination_remove_propose")
    moved = dataclasses.replace(NEXT, due_on=D(2026, 4, 15))
    with store.session(with_next) as session:
        row = session.get(models.ReportingPeriod, NEXT.code)
        assert row is not None
        row.due_on = moved.due_on

    page = press(page, "coordination_remove_confirm")

    assert page.error[0].value.startswith("Không lưu: thiết lập này đã thay đổi")
    assert coordination.read_periods(with_next)[-1] == moved


def test_who_is_no_coordinator_any_more_cannot_confirm(shown_store: sa.Engine, visit: Visit) -> None:
    page = press(visit("coordination", "dieuphoi"), "coordination_add_propose")
    with store.session(shown_store) as session:
        account = session.get(models.User, "dieuphoi")
        assert account is not None
        account.role = "leader"

    page = press(page, "coordination_add_confirm")

    assert page.warning
    assert not page.tabs
    assert coordination.read_settled(shown_store).is_empty()


def test_a_threshold_is_settled_from_a_day_on(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("coordination", "dieuphoi")
    box = next(box for box in page.number_input if (box.key or "").startswith("coordination_value_grace_days"))
    page = press(box.set_value(120).run(), "coordination_rule_propose")
    assert "từ ngày 15/01/2026: 90 ngày → 120 ngày" in texts(page)

    page = press(page, "coordination_rule_confirm")
    assert read_rules(shown_store, D(2026, 1, 14)) == Rules()
    assert read_rules(shown_store, D(2026, 1, 15)).grace_days == 120
    assert page.dataframe[1].value["next"].iloc[0] == "120 ngày từ 15/01/2026"

    press(page, "coordination_undo")
    assert read_rules(shown_store, D(2026, 1, 15)) == Rules()


def test_the_rate_of_samples_says_whether_a_false_claim_pays(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit("coordination", "dieuphoi")
    assert [one.label for one in page.expander][-1] == "Mẫu kiểm tra 60%: báo sai không có lợi"
    assert not page.warning

    some = ("BCT", "BNG", "BTC", "BXD")
    strata = pl.DataFrame([(agency, "2025-Q4", 14) for agency in some], ["agency", "period", "claims"], orient="row")
    lots = pl.DataFrame({"agency": ["BGDDT"], "period": ["2025-Q4"], "claims": [900]})
    monkeypatch.setattr("pages.ui.loaders.claims_to_draw", lambda: pl.concat([strata, lots]))
    page = next(box for box in page.selectbox if box.key == "coordination_threshold").set_value("sample_share").run()
    page = next(box for box in page.number_input if "sample_share" in str(box.key)).set_value(0.3).run()

    assert not page.exception
    assert [one.label for one in page.expander][-1] == "Mẫu kiểm tra 30%: báo sai có lợi"
    assert "Nên rút từ 35% trở lên" in page.warning[0].value
    assert page.dataframe[3].value.shape[0] == 5


def test_a_kind_of_change_is_sent_to_review_and_back(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("coordination", "dieuphoi")
    radio = next(radio for radio in page.radio if (radio.key or "").startswith("coordination_route_status"))
    page = press(radio.set_value("review").run(), "coordination_routes_propose")
    assert "Trạng thái: Vào ngay → Chờ duyệt" in texts(page)

    page = press(page, "coordination_routes_confirm")
    assert read_routes(shown_store)["status"] == "review"

    press(page, "coordination_undo")
    assert read_routes(shown_store)["status"] == "direct"


def test_everything_settled_is_listed_in_words(with_next: sa.Engine, visit: Visit) -> None:
    with store.session(with_next) as session:
        person = accounts.Person("dieuphoi", "coordinator", "BNG", "")
        coordination.move_due_date(session, actor=person, seen=NEXT, due_on=D(2026, 4, 12))
        coordination.set_threshold(
            session, actor=person, name="stall_days.IN_FORCE", value=60, effective_on=D(2026, 2, 1), seen=90
        )

    page = visit("coordination", "dieuphoi", "en")

    what = list(page.dataframe[-1].value["what"])
    assert what == [
        "Stalled, state “In force”: 90 days → 60 days, from 1 Feb 2026",
        "Due date of 2026-Q1: 10 Apr 2026 → 12 Apr 2026",
    ]


def test_an_empty_store_can_already_have_a_calendar(empty_store: sa.Engine, visit: Visit) -> None:
    with store.session(empty_store) as session:
        session.add(models.User(username="dieuphoi", role="coordinator", password_hash="x"))

    page = press(press(visit("coordination", "dieuphoi"), "coordination_add_propose"), "coordination_add_confirm")

    assert not page.exception
    assert not page.error
    assert coordination.read_periods(empty_store)[0].code == "2026-Q1"


def test_a_day_is_published_once_confirmed_and_taken_back(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("coordination", "dieuphoi")
    box = next(box for box in page.date_input if box.label == w.t("coordination.published_to"))
    page = box.set_value(D(2026, 1, 19)).run()

    page = press(page, "coordination_publish_propose")
    assert "Ngày chốt số liệu: 14/01/2026 → 19/01/2026" in texts(page)
    page = press(page, "coordination_publish_confirm")
    assert read_data_version(shown_store).data_date == D(2026, 1, 19)  # type: ignore[union-attr]
    page = press(page, "coordination_undo")

    assert not page.exception
    assert read_data_version(shown_store).data_date == D(2026, 1, 14)  # type: ignore[union-attr]
