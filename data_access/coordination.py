"""What the coordinator settles: the reporting calendar, up to which day the register is published and, from a date on,
thresholds; and what was settled before.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry, raise the data version and
never commit. Nothing published changes by them: a due date that has come stays, and a threshold counts from a day after
the register's data date.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, data_date, publications, samples, store
from data_access.acting import Person, Refused, account_of, logged, take_turn
from data_access.clock import today
from data_access.register import raise_data_version, rules_on
from data_access.roles import May, roles_that_may
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.reporting.calendar import Period
from kpi.vocabulary import State

ACTIONS: Final = (
    *("calendar.add", "calendar.remove", "calendar.due", "register.publish", "settings.rule", "settings.review"),
    *("names.assign", "names.release"),
    *("lists.add", "lists.rename", "lists.remove", "lists.also", "lists.no_more"),
    *("lists.merge", "lists.split", "lists.close", "lists.reopen", "lists.tier", "lists.no_tier"),
    *("partners.add", "partners.rename", "partners.remove", "partners.also", "partners.no_more"),
)
"""The audit's names for what a coordinator settles: here, in `uploads.routes`, `unresolved_names` and `lists`, of which those of
partners were once written down by names of their own."""


# --- The reporting calendar ------------------------------------------------------------------------------------------


def read_periods(engine: sa.Engine) -> list[Period]:
    """Every reporting period, in the order of their ends."""
    with store.session(engine, read_only=True) as session:
        return _periods(session)


def read_reports_received(engine: sa.Engine) -> dict[str, int]:
    """How many reports the store has for each period, taken back or not: with any, a period stays."""
    report = table_of(models.ProgressReport).c
    statement = sa.select(report.period, sa.func.count()).where(report.period.is_not(None)).group_by(report.period)
    with store.session(engine, read_only=True) as session:
        return {code: int(number) for code, number in session.connection().execute(statement)}


def add_periods(session: Session, *, actor: Person, periods: Sequence[Period]) -> int:
    """Add periods whose reports are not due yet, overlapping none; gives the new data version. Raises `Refused`."""
    begin(session, actor, "calendar.add")
    if not periods:
        raise Refused("no_change")
    now, known = today(data_date.read(session)), _periods(session)
    for period in periods:
        if any(
            period.code == other.code or (period.starts_on <= other.ends_on and other.starts_on <= period.ends_on)
            for other in known
        ):
            raise Refused("period_taken", period=period.code)
        if not period.code.strip() or period.ends_on < period.starts_on:
            raise Refused("out_of_order", period=period.code)
        _check_due(period, period.due_on, now)
        samples.refuse_before_drawn(session, period)
        known.append(period)
    session.add_all(models.ReportingPeriod(**dataclasses.asdict(period)) for period in periods)
    return finish(session, actor, "calendar.add", {period.code: _days(period) for period in periods})


def remove_periods(session: Session, *, actor: Person, seen: Sequence[Period]) -> int:
    """Take periods out of the calendar that are not due yet and for which no report came, with the sample that was announced for
    one that has not closed. Raises `Refused`."""
    begin(session, actor, "calendar.remove")
    now = today(data_date.read(session))
    report = table_of(models.ProgressReport).c
    for period in seen:
        row = _as_seen(session, period, now)
        if session.connection().execute(sa.select(sa.exists().where(report.period == period.code))).scalar_one():
            raise Refused("has_reports", period=period.code)
        samples.refuse_before_drawn(session, period)
        samples.withdraw(session, by=actor.username, period=row, now=now)
        session.delete(row)
    return finish(session, actor, "calendar.remove", {period.code: _days(period) for period in seen})


def move_due_date(session: Session, *, actor: Person, seen: Period, due_on: dt.date) -> int:
    """Another due date for a period that is not due yet; the new day must lie ahead too. Raises `Refused`."""
    begin(session, actor, "calendar.due")
    now = today(data_date.read(session))
    row = _as_seen(session, seen, now)
    if due_on == seen.due_on:
        raise Refused("no_change", period=seen.code)
    _check_due(seen, due_on, now)
    row.due_on = due_on
    session.add(row)
    detail = {seen.code: {"old": seen.due_on.isoformat(), "new": due_on.isoformat()}}
    return finish(session, actor, "calendar.due", detail)


def _periods(session: Session) -> list[Period]:
    period = models.ReportingPeriod
    rows = session.exec(select(period).order_by(col(period.ends_on), col(period.code)))
    return [Period(row.code, row.starts_on, row.ends_on, row.due_on) for row in rows]


def _as_seen(session: Session, seen: Period, now: dt.date) -> models.ReportingPeriod:
    """The period's row, if it still is what was seen and not due yet."""
    row = session.get(models.ReportingPeriod, seen.code, populate_existing=True)
    if row is None:
        raise Refused("no_period", period=seen.code)
    if Period(row.code, row.starts_on, row.ends_on, row.due_on) != seen:
        raise Refused("not_as_seen", period=seen.code)
    if row.due_on <= now:
        raise Refused("due_passed", period=seen.code)
    return row


def _check_due(period: Period, due_on: dt.date, now: dt.date) -> None:
    if due_on < period.ends_on:
        raise Refused("due_before_end", period=period.code)
    if due_on <= now:
        raise Refused("due_passed", period=period.code)


def _days(period: Period) -> dict[str, str]:
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on, "due_on": period.due_on}
    return {name: day.isoformat() for name, day in days.items()}


# --- Publishing a day ------------------------------------------------------------------------------------------------


def publish(session: Session, *, actor: Person, day: dt.date, seen: dt.date) -> int:
    """Show everybody the register up to a day: its data date from now on, until it moves on. Gives the new data version.

    `seen` is the data date that was shown. The day lies at the latest today, and at the earliest on the day that holds without
    the coordinator (`data_date.read_least`): going back to it takes back what was published, scorecards excepted
    (`publications`). Raises `Refused`.
    """
    version = begin(session, actor, "register.publish")
    before, least = data_date.read(session), data_date.read_least(session)
    if before is None or before != seen:
        raise Refused("not_as_seen")
    if day == before:
        raise Refused("no_change")
    if day > today(None):
        raise Refused("not_yet")
    scorecards = publications.read_last_day(session)
    if (least is not None and day < least) or (scorecards is not None and day < scorecards):
        raise Refused("published_already")
    version.published_to = None if day == least else day
    return finish(
        session, actor, "register.publish", {"data_date": {"old": before.isoformat(), "new": day.isoformat()}}
    )


# --- Whom to remind, and what cannot be counted ----------------------------------------------------------------------


def read_contacts(engine: sa.Engine) -> dict[str, str]:
    """The office of each agency's accounts, as they are named there: agency -> offices, several joined by a semicolon."""
    statement = (
        select(models.User.agency, models.User.office)
        .where(
            col(models.User.role).in_(roles_that_may(May.HAND_IN)), col(models.User.active), models.User.office != ""
        )
        .distinct()
        .order_by(col(models.User.office))
    )
    contacts: dict[str, list[str]] = {}
    with store.session(engine, read_only=True) as session:
        for agency, office in session.exec(statement):
            if agency is not None:
                contacts.setdefault(agency, []).append(office)
    return {agency: "; ".join(offices) for agency, offices in contacts.items()}


def read_load_findings(engine: sa.Engine) -> pl.DataFrame:
    """What the file the register was loaded from did not say clearly: agreement_id, source_row, field, value, code."""
    finding = table_of(models.LoadFinding).c
    statement = sa.select(finding.agreement_id, finding.source_row, finding.field, finding.value, finding.code)
    return store.read_frame(engine, statement.order_by(finding.source_row, finding.id))


# --- Thresholds ------------------------------------------------------------------------------------------------------


def read_rule_history(engine: sa.Engine) -> pl.DataFrame:
    """Every value ever settled for a rule: id, key, value (JSON), effective_on, recorded_at, recorded_by, in the order in which
    they count (the last one of a key holds from its day on)."""
    setting = table_of(models.Setting).c
    statement = (
        sa.select(
            setting.id, setting.key, setting.value, setting.effective_on, setting.recorded_at, setting.recorded_by
        )
        .where(~setting.key.contains("."))
        .order_by(setting.effective_on, setting.recorded_at, setting.id)
    )
    return store.read_frame(engine, statement)


def set_threshold(
    session: Session, *, actor: Person, name: str, value: float, effective_on: dt.date, seen: float
) -> int:
    """Settle one of `kpi.rules.LIMITS` from a day on, which must lie after the register's data date; gives the data version.

    `seen` is the value that was shown as holding on that day. The values before are kept: to return to one, settle it again. So
    many agreements that no agency has them rank nobody, and are refused (`counts_nothing`), as is a longer time that no agreement
    will have been signed for by that day (`counts_none_yet`): what is measured after it would count none.
    Raises `Refused`, and KeyError or ValueError for a name or value that `Rules.with_threshold` does not take.
    """
    begin(session, actor, "settings.rule")
    up_to = data_date.read(session)
    if up_to is None or effective_on <= up_to:
        raise Refused("not_later")
    before = rules_on(session, effective_on)
    if before.threshold(name) != seen:
        raise Refused("not_as_seen")
    after = before.with_threshold(name, value)
    if after.threshold(name) == seen:
        raise Refused("no_change")
    if name == _RANKED_FROM and 0 < (most := _most_agreements(session)) < after.threshold(name):
        raise Refused("counts_nothing", most=most)
    if name.partition(".")[0] in _WAITED_FOR and after.threshold(name) > seen:
        signed = _first_signed(session)
        if signed is not None and (since := (effective_on - signed).days) < after.threshold(name):
            raise Refused("counts_none_yet", most=max(since, 0))
    field, _, key = name.partition(".")
    settled = after.threshold(name)
    session.add(
        models.Setting(
            key=field,
            value=json.dumps({key: settled} if key else settled),
            effective_on=effective_on,
            recorded_by=actor.username,
        )
    )
    detail = {"old": seen, "new": settled, "from": effective_on.isoformat()}
    return finish(session, actor, "settings.rule", {name: detail})


_RANKED_FROM: Final = "rank_min_n"
_WAITED_FOR: Final = ("grace_days", "stall_days")
"""The thresholds that can lie within their limits and leave nothing to be counted: by number, and by days since the signing."""


def _most_agreements(session: Session) -> int:
    """How many agreements the agency with the most has; 0 where the register is empty."""
    owner = table_of(models.Agreement).c.responsible_agency
    each = sa.select(sa.func.count().label("n")).where(owner.is_not(None)).group_by(owner).subquery()
    return int(session.connection().execute(sa.select(sa.func.coalesce(sa.func.max(each.c.n), 0))).scalar_one())


def _first_signed(session: Session) -> dt.date | None:
    """The day of the first signing the register has."""
    event = table_of(models.StatusEvent).c
    of_signings = sa.select(sa.func.min(event.effective_on)).where(
        event.state == State.SIGNED, event.retracted_at.is_(None)
    )
    found: dt.date | None = session.connection().execute(of_signings).scalar_one()
    return found


# --- What was settled ------------------------------------------------------------------------------------------------


def read_settled(engine: sa.Engine, *, most: int = 200) -> pl.DataFrame:
    """What was settled before, the latest first: id, at, actor, action (one of ACTIONS), detail (JSON)."""
    entry = table_of(models.AuditEntry).c
    statement = (
        sa.select(entry.id, entry.at, entry.actor, entry.action, entry.detail)
        .where(entry.action.in_(ACTIONS))
        .order_by(entry.id.desc())
        .limit(most)
    )
    return store.read_frame(engine, statement)


def begin(session: Session, actor: Person, action: str) -> models.DataVersion:
    """Check that a coordinator acts, and wait for everybody else who changes the register. Raises `Refused`."""
    with logged(action, actor):
        account_of(session, actor, May.SETTLE)
    return take_turn(session)


def finish(session: Session, actor: Person, action: str, detail: Mapping[str, object]) -> int:
    """Raise the data version, leave the audit entry, and give the new version. `detail` is by what was changed."""
    number = raise_data_version(session)
    audit.write(session, actor=actor.username, action=action, subject=", ".join(detail), detail=detail)
    return number
