"""Periods and thresholds settled by the coordinator: by nobody else, never what has been published, always written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from data_access import audit, coordination, register, store, unresolved_names, updates
from data_access.acting import Person, Refused
from data_access.beginning import read_beginning
from data_access.store import models
from kpi.reporting.calendar import Period
from kpi.rules import LIMITS, Rules

D = dt.date
DATA_DATE = D(2026, 1, 14)
TODAY = D(2026, 1, 20)
PAST = Period("2025-Q4", D(2025, 10, 1), D(2025, 12, 31), D(2026, 1, 20))
NEXT = Period("2026-Q1", D(2026, 1, 1), D(2026, 3, 31), D(2026, 4, 10))
AFTER = Period("2026-Q2", D(2026, 4, 1), D(2026, 6, 30), D(2026, 7, 10))


COORDINATOR = Person("dieuphoi", "coordinator")
OTHERS = [Person("bct", "agency", "BCT"), Person("lanhdao", "leader"), Person("quantri", "administrator")]
Change = Callable[[Session, Person], int]


@pytest.fixture
def filled(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A calendar of two periods, the first of which fell due today; one report for each of them and one for none."""
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 1, 20, 3))
    with store.session(engine) as session:
        session.add(
            models.Agency(
                key="BCT", code="BCT", kind="ministry", abbr_vi="BCT", abbr_en="MOIT", name_vi="b", name_en="b"
            )
        )
        session.add(models.DataVersion(id=1, version=5, data_date=DATA_DATE))
        session.flush()
        for person in (COORDINATOR, *OTHERS):
            session.add(
                models.User(**{**dataclasses.asdict(person), "office": f"VP {person.username}"}, password_hash="x")
            )
        for period in (PAST, NEXT):
            session.add(models.ReportingPeriod(**dataclasses.asdict(period)))
    return engine


def done(engine: sa.Engine, change: Change, actor: Person = COORDINATOR) -> int:
    with store.session(engine) as session:
        return change(session, actor)


def add(*periods: Period) -> Change:
    return lambda session, actor: coordination.add_periods(session, actor=actor, periods=periods)


def remove(*seen: Period) -> Change:
    return lambda session, actor: coordination.remove_periods(session, actor=actor, seen=seen)


def move(seen: Period, due_on: dt.date) -> Change:
    return lambda session, actor: coordination.move_due_date(session, actor=actor, seen=seen, due_on=due_on)


def threshold(name: str, value: float, day: dt.date, seen: float) -> Change:
    return lambda session, actor: coordination.set_threshold(
        session, actor=actor, name=name, value=value, effective_on=day, seen=seen
    )


def published_on(engine: sa.Engine) -> dt.date | None:
    """As claims are judged by it."""
    return updates.current_rows(engine, "BCT").published_on


def publish(day: dt.date, seen: dt.date) -> Change:
    return lambda session, actor: coordination.publish(session, actor=actor, day=day, seen=seen)


def data_date(engine: sa.Engine) -> dt.date | None:
    """As pages see it as they begin; reading the whole row gives the same."""
    read, begun = register.read_data_version(engine), read_beginning(engine, None).version
    assert read is not None
    assert read.data_date == begun.data_date
    return read.data_date


def assert_declined(engine: sa.Engine, change: Change, code: str) -> None:
    before = everything(engine)

    with pytest.raises(Refused) as declined:
        done(engine, change)

    assert declined.value.code == code
    assert everything(engine) == before


def everything(engine: sa.Engine) -> list[object]:
    with store.session(engine, read_only=True) as session:
        tables = (models.ReportingPeriod, models.Setting, models.AuditEntry, models.DataVersion)
        return [row.model_dump() for table in tables for row in session.exec(select(table))]


def settled(engine: sa.Engine) -> dict[str, object]:
    """The latest entry of what was settled."""
    row = coordination.read_settled(engine).row(0, named=True)
    return {"actor": row["actor"], "action": row["action"], "detail": json.loads(row["detail"])}


# --- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [*OTHERS, Person("nobody", "coordinator"), Person("bct", "coordinator")])
@pytest.mark.parametrize(
    "change",
    [
        *(add(AFTER), remove(NEXT), move(NEXT, D(2026, 4, 20)), publish(TODAY, DATA_DATE)),
        threshold("grace_days", 100, D(2026, 2, 1), 90),
    ],
    ids=["add", "remove", "move", "publish", "threshold"],
)
def test_only_a_coordinator_settles_anything(filled: sa.Engine, change: Change, actor: Person) -> None:
    before = everything(filled)

    with pytest.raises(Refused) as refused:
        done(filled, change, actor)

    assert refused.value.code == "not_allowed"
    assert everything(filled) == before


def test_a_closed_account_settles_nothing(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        account = session.get(models.User, COORDINATOR.username)
        assert account is not None
        account.active = False

    with pytest.raises(Refused):
        done(filled, add(AFTER))


# --- Periods ---------------------------------------------------------------------------------------------------------


def test_periods_are_added_with_an_entry_in_the_audit_and_a_new_data_version(filled: sa.Engine) -> None:
    version = done(filled, add(AFTER))

    assert coordination.read_periods(filled) == [PAST, NEXT, AFTER]
    assert version == 6
    assert settled(filled) == {
        "actor": "dieuphoi",
        "action": "calendar.add",
        "detail": {"2026-Q2": {"starts_on": "2026-04-01", "ends_on": "2026-06-30", "due_on": "2026-07-10"}},
    }
    assert audit.verify(filled) is None


def test_what_is_added_can_be_taken_away_and_added_again(filled: sa.Engine) -> None:
    done(filled, add(AFTER))
    done(filled, remove(AFTER))
    assert coordination.read_periods(filled) == [PAST, NEXT]

    done(filled, add(AFTER))

    assert coordination.read_periods(filled) == [PAST, NEXT, AFTER]
    assert coordination.read_settled(filled)["action"].to_list() == ["calendar.add", "calendar.remove", "calendar.add"]


@pytest.mark.parametrize(
    ("added", "code"),
    [
        (dataclasses.replace(AFTER, code="2026-Q1"), "period_taken"),
        (dataclasses.replace(AFTER, starts_on=D(2026, 3, 31)), "period_taken"),
        (dataclasses.replace(AFTER, ends_on=D(2026, 3, 31)), "out_of_order"),
        (dataclasses.replace(AFTER, code=" "), "out_of_order"),
        (dataclasses.replace(AFTER, due_on=D(2026, 6, 29)), "due_before_end"),
        (Period("2025-Q3", D(2025, 7, 1), D(2025, 9, 30), TODAY), "due_passed"),
    ],
)
def test_a_period_that_does_not_fit_is_declined_and_those_with_it(filled: sa.Engine, added: Period, code: str) -> None:
    later = Period("2026-Q3", D(2026, 7, 1), D(2026, 9, 30), D(2026, 10, 10))

    assert_declined(filled, add(later, added), code)


def test_two_periods_added_at_once_must_not_overlap_either(filled: sa.Engine) -> None:
    assert_declined(filled, add(AFTER, dataclasses.replace(AFTER, code="2026-B")), "period_taken")
    assert_declined(filled, add(), "no_change")


def test_a_due_date_ahead_is_moved_and_moved_back(filled: sa.Engine) -> None:
    version = done(filled, move(NEXT, D(2026, 4, 20)))
    moved = dataclasses.replace(NEXT, due_on=D(2026, 4, 20))
    assert (version, coordination.read_periods(filled)[-1]) == (6, moved)
    assert settled(filled)["detail"] == {"2026-Q1": {"old": "2026-04-10", "new": "2026-04-20"}}

    done(filled, move(moved, NEXT.due_on))

    assert coordination.read_periods(filled)[-1] == NEXT


def test_a_due_date_that_has_come_is_never_changed(filled: sa.Engine) -> None:
    assert_declined(filled, move(PAST, D(2026, 2, 10)), "due_passed")
    assert_declined(filled, remove(NEXT, PAST), "due_passed")


@pytest.mark.parametrize(("due_on", "code"), [(D(2026, 3, 30), "due_before_end"), (NEXT.due_on, "no_change")])
def test_a_due_date_that_makes_no_sense_is_declined(filled: sa.Engine, due_on: dt.date, code: str) -> None:
    assert_declined(filled, move(NEXT, due_on), code)


def test_a_due_date_is_not_moved_into_the_past(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 4, 5, 3))

    assert_declined(filled, move(NEXT, D(2026, 4, 5)), "due_passed")


def test_a_period_that_changed_since_it_was_seen_is_left_alone(filled: sa.Engine) -> None:
    done(filled, move(NEXT, D(2026, 4, 20)))

    assert_declined(filled, move(NEXT, D(2026, 4, 25)), "not_as_seen")
    assert_declined(filled, remove(NEXT), "not_as_seen")
    assert_declined(filled, remove(AFTER), "no_period")


def test_a_period_with_a_report_stays_even_if_the_report_was_taken_back(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        session.add(models.Agreement(id=1, ref="A-1", title_vi="a", title_en="a", scope="LOCAL"))
        session.flush()
        session.add(
            models.ProgressReport(
                agreement_id=1, period="2026-Q1", reported_on=D(2026, 1, 15), retracted_at=models.utc_now()
            )
        )

    assert coordination.read_reports_received(filled) == {"2026-Q1": 1}
    assert_declined(filled, remove(NEXT), "has_reports")


def test_a_period_takes_the_sample_along_that_was_announced_and_not_one_that_may_be_drawn(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        period = session.get_one(models.ReportingPeriod, NEXT.code)
        sample = models.VerificationSample(id=1, period=period.code, seed_sha256="x", published_by="system")
        session.add(sample)
        session.flush()
        sample.drawn_at = models.utc_now()
    assert_declined(filled, remove(NEXT), "has_sample")
    with store.session(filled) as session:
        session.get_one(models.VerificationSample, 1).drawn_at = None

    done(filled, remove(NEXT))

    with store.session(filled) as session:
        assert session.get(models.VerificationSample, 1) is None


# --- The data date ---------------------------------------------------------------------------------------------------


def test_a_day_is_published_and_taken_back(filled: sa.Engine) -> None:
    version = done(filled, publish(TODAY, DATA_DATE))

    assert (version, data_date(filled), published_on(filled)) == (6, TODAY, TODAY)
    assert settled(filled) == {
        "actor": "dieuphoi",
        "action": "register.publish",
        "detail": {"data_date": {"old": "2026-01-14", "new": "2026-01-20"}},
    }
    assert_declined(filled, threshold("grace_days", 100, TODAY, 90), "not_later")
    done(filled, publish(DATA_DATE, TODAY))
    assert data_date(filled) == DATA_DATE
    assert published_on(filled) is None, "a register that was loaded was not published"


@pytest.mark.parametrize(
    ("day", "seen", "code"),
    [
        (TODAY, D(2026, 1, 13), "not_as_seen"),
        (DATA_DATE, DATA_DATE, "no_change"),
        (D(2026, 1, 21), DATA_DATE, "not_yet"),
        (D(2026, 1, 13), DATA_DATE, "published_already"),
    ],
)
def test_a_day_that_cannot_be_published(filled: sa.Engine, day: dt.date, seen: dt.date, code: str) -> None:
    assert_declined(filled, publish(day, seen), code)


def test_the_calendar_moves_the_data_date_once_a_due_date_is_over(
    filled: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_date(filled) == DATA_DATE  # the first period is due today: reports still come in time
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 1, 20, 17))  # midnight in Viet Nam

    assert data_date(filled) == published_on(filled) == PAST.due_on
    assert updates.current_rows(filled, "BCT").data_date == PAST.due_on
    assert_declined(filled, publish(D(2026, 1, 15), PAST.due_on), "published_already")
    done(filled, publish(D(2026, 1, 21), PAST.due_on))
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 5, 1))

    assert data_date(filled) == NEXT.due_on


def test_a_demonstration_stands_still_until_a_day_is_published(
    filled: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.session(filled) as session:
        session.execute(sa.update(models.DataVersion).values(is_demo=True))
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 5, 1, 3))

    assert data_date(filled) == DATA_DATE
    assert published_on(filled) is None
    done(filled, publish(D(2026, 3, 1), DATA_DATE))
    assert data_date(filled) == D(2026, 3, 1)


# --- Thresholds ------------------------------------------------------------------------------------------------------


def test_a_threshold_holds_from_its_day_on_and_the_one_before_is_kept(filled: sa.Engine) -> None:
    day = D(2026, 2, 1)

    version = done(filled, threshold("grace_days", 100, day, 90))

    assert version == 6
    assert register.read_rules(filled, day - dt.timedelta(days=1)) == Rules()
    assert register.read_rules(filled, day).grace_days == 100
    assert settled(filled)["detail"] == {"grace_days": {"old": 90, "new": 100, "from": "2026-02-01"}}

    done(filled, threshold("grace_days", 90, day, 100))

    assert register.read_rules(filled, day) == Rules()
    assert coordination.read_rule_history(filled).select("key", "value").rows() == [
        ("grace_days", "100"),
        ("grace_days", "90"),
    ]


def test_the_limit_of_one_state_does_not_touch_those_of_others_settled_before_or_after(filled: sa.Engine) -> None:
    done(filled, threshold("stall_days.IN_FORCE", 60, D(2026, 3, 1), 90))
    done(filled, threshold("stall_days.SIGNED", 200, D(2026, 2, 1), 180))

    found = register.read_rules(filled, D(2026, 3, 1)).stall_days

    assert found == {**Rules().stall_days, "IN_FORCE": 60, "SIGNED": 200}


@pytest.mark.parametrize("day", [DATA_DATE, D(2025, 1, 1)])
def test_what_has_been_published_keeps_its_thresholds(filled: sa.Engine, day: dt.date) -> None:
    assert_declined(filled, threshold("grace_days", 100, day, 90), "not_later")


def test_a_threshold_seen_differently_or_unchanged_is_declined(filled: sa.Engine) -> None:
    assert_declined(filled, threshold("grace_days", 100, D(2026, 2, 1), 80), "not_as_seen")
    assert_declined(filled, threshold("grace_days", 90, D(2026, 2, 1), 90), "no_change")


def test_so_many_agreements_that_nobody_would_be_ranked_are_declined(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        session.add_all(
            models.Agreement(
                id=n,
                ref=f"A-{n}",
                title_vi="a",
                title_en="a",
                scope="LOCAL",
                responsible_agency="BCT" if n < 4 else None,
            )
            for n in range(1, 9)
        )

    assert_declined(filled, threshold("rank_min_n", 4, D(2026, 2, 1), 10), "counts_nothing")
    done(filled, threshold("rank_min_n", 3, D(2026, 2, 1), 10))


@pytest.mark.parametrize("name", ["grace_days", "stall_days.SIGNED"])
def test_a_time_allowed_that_no_agreement_has_lived_through_is_declined(filled: sa.Engine, name: str) -> None:
    """On the day it would count from; unless not even the one before has been."""
    with store.session(filled) as session:
        session.add(models.Agreement(id=1, ref="A-1", title_vi="a", title_en="a", scope="LOCAL"))
        session.flush()
        session.add(models.StatusEvent(agreement_id=1, state="SIGNED", effective_on=D(2025, 7, 1)))
    before = Rules().threshold(name)

    for day, most in ((D(2026, 2, 1), 215), (D(2026, 5, 1), 304)):
        assert_declined(filled, threshold(name, most + 1, day, before), "counts_none_yet")
        done(filled, threshold(name, most, day, before))
        before = most


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("weights", 1, KeyError),
        ("weights.K02", 50, KeyError),
        ("stall_days.COMPLETED", 100, KeyError),
        ("grace_days", -1, ValueError),
        ("grace_days", 90.5, ValueError),
        ("grace_days", float("nan"), ValueError),
        ("at_risk_gap", 2, ValueError),
        ("sample_share", 0.0, ValueError),
        ("counts_from.COMPLETED", 2, ValueError),
    ],
)
def test_what_no_threshold_can_be_is_an_error_and_stores_nothing(
    filled: sa.Engine, name: str, value: float, error: type[Exception]
) -> None:
    before = everything(filled)

    with pytest.raises(error):
        done(filled, threshold(name, value, D(2026, 2, 1), Rules().threshold(name) if name in LIMITS else 90))

    assert everything(filled) == before


def test_every_threshold_starts_within_its_limits_and_keeps_its_kind() -> None:
    for name, (low, high) in LIMITS.items():
        now = Rules().threshold(name)
        assert low <= now <= high
        for value in (low, high):
            changed = Rules().with_threshold(name, value)
            assert changed.threshold(name) == value
            assert type(changed.threshold(name)) is type(now)


def test_settings_of_other_things_are_not_rules(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        session.add(models.Setting(key="review.status", value='"review"', effective_on=D(2020, 1, 1)))

    assert register.read_rules(filled, TODAY) == Rules()
    assert coordination.read_rule_history(filled).is_empty()


# --- Whom to remind, and what cannot be counted ----------------------------------------------------------------------


def test_an_agency_s_contact_is_the_office_of_its_open_accounts(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        for name, active in (("bct2", True), ("bct3", False)):
            person = Person(name, "agency", "BCT")
            session.add(
                models.User(**{**dataclasses.asdict(person), "office": f"VP {name}"}, password_hash="x", active=active)
            )

    assert coordination.read_contacts(filled) == {"BCT": "VP bct; VP bct2"}


def test_names_as_given_are_those_that_still_have_no_agency(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        for number, agency, words in ((1, None, "Bộ X"), (2, "BCT", "Bộ CT"), (3, None, "")):
            agreement = models.Agreement(
                id=number, ref=f"A-{number}", title_vi="a", title_en="a", scope="LOCAL",
                responsible_agency=agency, responsible_as_given=words, responsible_office="Vụ 1" if agency else "",
            )  # fmt: skip
            session.add(agreement)
        session.flush()
        session.add(models.LoadFinding(agreement_id=1, source_row=7, field="f", value="v", code="unresolved_agency"))

    assert unresolved_names.read_names_as_given(filled).rows() == [(1, "Bộ X")]
    assert coordination.read_load_findings(filled).rows() == [(1, 7, "f", "v", "unresolved_agency")]
