"""After every change, what pages load is what a fresh query of the store says: no cache keeps a figure that is over.

The queries are written anew here, in SQL, from the method page; they share nothing with `kpi` but the thresholds.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import store, updates
from data_access.accounts import Person
from data_access.acting import Refused
from data_access.store import models
from kpi import readers
from kpi.facts import REPORT_FIELDS
from kpi.rules import Rules
from kpi.thresholds import LEAST_RISE
from kpi.update import Checked, check_rows, compare, table_of
from pages.ui import data_edition, loaders
from pages.ui.view import View
from tests.data_access.updates.test_undoing import typed_rows
from tests.kpi.recomputed import median
from tests.pages import stores

TODAY = dt.date(2026, 1, 20)
COUNTS = (
    "signed",
    "open",
    "in_progress",
    "completed",
    "stalled",
    "overdue",
    "no_date",
    "due_soon",
    "suspended",
    "void",
)
SHARES = ("K02", "K04", "K05", "K06", "K07", "K08", "K10", "K11")
MEDIANS = ("K03", "K09")
RULES = Rules()
COMMON = """
WITH RECURSIVE ev AS (
    SELECT * FROM statusevent WHERE retracted_at IS NULL AND effective_on <= :day
), ranked AS (
    SELECT agreement_id, state, CASE WHEN date_known THEN effective_on END AS since, ROW_NUMBER() OVER (
        PARTITION BY agreement_id ORDER BY
        CASE WHEN state IN ('PROPOSED', 'NEGOTIATING', 'ABANDONED', 'SIGNED') THEN 1 ELSE 0 END,
        effective_on DESC, id DESC) AS place
    FROM ev
), firsts AS (
    SELECT agreement_id,
        MIN(CASE WHEN state = 'SIGNED' AND date_known THEN effective_on END) AS signed_on,
        MIN(CASE WHEN state = 'COMPLETED' AND date_known THEN effective_on END) AS completed_on,
        MIN(CASE WHEN state IN ('IN_PROGRESS', 'COMPLETED') AND date_known THEN effective_on END) AS started_on,
        MIN(CASE WHEN state = 'PLAN_ISSUED' AND date_known THEN effective_on END) AS plan_on,
        MIN(CASE WHEN state = 'IN_FORCE' AND date_known THEN effective_on END) AS in_force_on,
        MAX(CASE WHEN state IN ('IN_PROGRESS', 'COMPLETED') THEN 1 ELSE 0 END) AS started
    FROM ev GROUP BY agreement_id
), milestones AS (
    SELECT e.agreement_id, MAX(e.effective_on) AS milestone_on FROM ev e
    WHERE e.date_known AND {stage_e} > 0 AND NOT EXISTS (
        SELECT 1 FROM ev f WHERE f.agreement_id = e.agreement_id AND f.date_known AND {stage_f} >= {stage_e}
        AND (f.effective_on < e.effective_on OR (f.effective_on = e.effective_on AND f.id < e.id)))
    GROUP BY e.agreement_id
), planned AS (
    SELECT agreement_id, target_on, effective_on,
        ROW_NUMBER() OVER (PARTITION BY agreement_id ORDER BY effective_on, id) AS place,
        ROW_NUMBER() OVER (PARTITION BY agreement_id ORDER BY effective_on DESC, id DESC) AS from_last
    FROM targetdate WHERE retracted_at IS NULL AND effective_on <= :day
), shares AS (
    SELECT agreement_id, reported_on, shows_progress, progress_pct AS pct,
        ROW_NUMBER() OVER (PARTITION BY agreement_id ORDER BY reported_on, id) AS place
    FROM progressreport p WHERE retracted_at IS NULL AND progress_pct IS NOT NULL AND EXISTS (
        SELECT 1 FROM ev s WHERE s.agreement_id = p.agreement_id AND s.state IN ('IN_PROGRESS', 'COMPLETED')
        AND s.effective_on <= p.reported_on)
), climb AS (
    SELECT agreement_id, place, reported_on, shows_progress, CASE WHEN pct >= {rise} THEN 1 ELSE 0 END AS step,
        CASE WHEN pct >= {rise} THEN pct ELSE 0 END AS counted
    FROM shares h WHERE place = 1
    UNION ALL
    SELECT h.agreement_id, h.place, h.reported_on, h.shows_progress, CASE WHEN {risen} THEN 1 ELSE 0 END,
        CASE WHEN {risen} THEN h.pct ELSE b.counted END
    FROM climb b JOIN shares h ON h.agreement_id = b.agreement_id AND h.place = b.place + 1
), told AS (
    SELECT agreement_id, MAX(reported_on) AS evidenced_on FROM climb
    WHERE reported_on <= :day AND shows_progress AND step = 1 GROUP BY agreement_id
), a AS (
    SELECT agreement.id, COALESCE(agreement.responsible_agency, 'UNASSIGNED') AS agency,
        agreement.evidence_url, agreement.received_on,
        r.state, r.since, f.signed_on, f.completed_on, f.started, f.started_on, f.plan_on,
        o.target_on AS original, o.effective_on AS target_set, c.target_on AS present,
        CASE WHEN k.legal_class = 'treaty' THEN f.in_force_on ELSE f.signed_on END AS plan_from,
        CASE WHEN k.legal_class = 'treaty' THEN {plan_days_treaty} ELSE {plan_days_other} END AS plan_days,
        CASE WHEN t.evidenced_on > m.milestone_on OR m.milestone_on IS NULL THEN t.evidenced_on
            ELSE m.milestone_on END AS moved_on,
        CASE WHEN agreement.implementable AND agreement.tracked THEN 1 ELSE 0 END AS followed,
        CASE WHEN r.state IN ('PROPOSED', 'NEGOTIATING', 'ABANDONED') THEN 0 ELSE 1 END AS signed,
        CASE WHEN r.state IN ('TERMINATED', 'EXPIRED', 'SUPERSEDED', 'NOT_PURSUED') THEN 1 ELSE 0 END AS void,
        CASE WHEN r.state = 'NOT_PURSUED' THEN 1 ELSE 0 END AS given_up,
        CASE WHEN g.valid_from > :day OR g.valid_to < :day THEN 0 ELSE 1 END AS answered_for
    FROM agreement JOIN ranked r ON r.agreement_id = agreement.id AND r.place = 1
    JOIN firsts f ON f.agreement_id = agreement.id
    LEFT JOIN milestones m ON m.agreement_id = agreement.id
    LEFT JOIN planned o ON o.agreement_id = agreement.id AND o.place = 1
    LEFT JOIN planned c ON c.agreement_id = agreement.id AND c.from_last = 1
    LEFT JOIN told t ON t.agreement_id = agreement.id
    LEFT JOIN doctype k ON k.code = agreement.doc_type
    LEFT JOIN agency g ON g.key = agreement.responsible_agency
), b AS (
    SELECT a.*, CASE WHEN followed = 1 AND state IN ({open}) THEN 1 ELSE 0 END AS open,
        CASE WHEN state = 'COMPLETED' AND followed = 1 THEN 1 ELSE 0 END AS completed,
        CASE WHEN void = 1 THEN since END AS ended_on,
        CASE state {limits} END AS stall_limit
    FROM a
), c AS (
    SELECT b.*,
        CASE WHEN open = 1 AND {since_moved} >= stall_limit THEN 1 ELSE 0 END AS stalled,
        CASE WHEN open = 1 AND original < :day THEN 1 ELSE 0 END AS overdue,
        CASE WHEN signed = 1 AND followed = 1 AND NOT (given_up = 1 AND started = 0) AND {age} >= {grace}
            THEN 1 ELSE 0 END AS k02_n,
        CASE WHEN signed = 1 AND followed = 1 AND given_up = 0 AND (original <= :day OR ({age} >= {first_target}
            AND (target_set IS NULL OR {set_after} > {first_target})))
            AND NOT (started = 1 AND ended_on IS NOT NULL AND COALESCE(ended_on < original, {no}))
            THEN 1 ELSE 0 END AS k04_n,
        CASE WHEN state = 'COMPLETED' AND completed_on <= original AND target_set <= completed_on THEN 1 ELSE 0 END
            AS on_time,
        CASE WHEN state = 'COMPLETED' AND completed_on > original AND target_set <= completed_on AND {late} < {most_late}
            THEN {late} END AS days_late,
        CASE WHEN signed = 1 AND followed = 1 AND ({age} >= {longest} OR signed_on IS NULL) AND (open = 1
            OR state = 'SUSPENDED' OR COALESCE({closed_for} < {recent}, {no})) THEN 1 ELSE 0 END AS had_time
    FROM b
), owed AS (
    SELECT c.agency, CASE WHEN EXISTS (
        SELECT 1 FROM progressreport p WHERE p.agreement_id = c.id AND p.period = q.code AND p.retracted_at IS NULL
        AND p.received_on <= :day AND p.received_on <= q.due_on AND {complete}) THEN 1 ELSE 0 END AS good
    FROM c JOIN reportingperiod q ON q.ends_on <= :day AND q.due_on <= :day AND c.signed_on <= q.ends_on
        AND c.received_on <= q.ends_on
    WHERE c.signed = 1 AND c.followed = 1 AND COALESCE(
        CASE WHEN c.state = 'COMPLETED' THEN c.completed_on END, c.ended_on, {never}) > q.ends_on
), days AS (
    SELECT e.blocker_id, MIN(CASE WHEN e.kind = 'opened' THEN e.effective_on END) AS opened,
        MIN(CASE WHEN e.kind = 'escalated' THEN e.effective_on END) AS escalated,
        MIN(CASE WHEN e.kind = 'resolved' THEN e.effective_on END) AS resolved,
        MIN(CASE WHEN e.kind = 'resolved' THEN e.received_on END) AS settled_seen
    FROM blockerevent e WHERE e.retracted_at IS NULL AND e.effective_on <= :day GROUP BY e.blocker_id
), timed AS (
    SELECT c.agency, k.agreement_id, k.id, d.opened, d.resolved, c.stalled, {stalled_for} AS still,
        CASE WHEN d.resolved IS NULL OR (c.stalled = 1 AND d.resolved > c.moved_on) THEN 0 ELSE 1 END AS settled
    FROM blocker k JOIN days d ON d.blocker_id = k.id AND d.opened IS NOT NULL JOIN c ON c.id = k.agreement_id
    WHERE k.retracted_at IS NULL AND (d.resolved IS NULL OR ({blocked} > {brief} AND {known} > {brief}))
), holding AS (
    SELECT agency, agreement_id, settled, stalled, still,
        CASE WHEN settled = 1 THEN {blocked} ELSE {opened_for} END AS held,
        CASE WHEN stalled = 1 AND settled = 0 THEN ROW_NUMBER() OVER (
            PARTITION BY agreement_id, settled ORDER BY opened, id) ELSE 0 END AS place
    FROM timed d
), waited AS (
    SELECT agency, 'K03' AS name, {waiting} AS days, CASE WHEN started = 1 THEN 1 ELSE 0 END AS seen
    FROM c WHERE signed = 1 AND followed = 1 AND signed_on IS NOT NULL AND NOT (started = 1 AND started_on IS NULL)
    AND NOT COALESCE(started_on < signed_on, {no})
    AND NOT ({registered_after} > {late_registration} AND COALESCE(started_on < received_on, {no}))
    UNION ALL SELECT agency, 'K09', CASE WHEN place = 1 AND still > held THEN still ELSE held END, settled FROM holding
    UNION ALL SELECT agency, 'K09', {stalled_for}, 0 FROM c WHERE stalled = 1
    AND EXISTS (SELECT 1 FROM blocker WHERE retracted_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM holding h WHERE h.agreement_id = c.id AND h.settled = 0)
), held AS (
    SELECT c.agency, CASE WHEN {escalation} <= {limit} THEN 1 ELSE 0 END AS good
    FROM blocker k JOIN days d ON d.blocker_id = k.id AND d.opened IS NOT NULL JOIN c ON c.id = k.agreement_id
    WHERE k.retracted_at IS NULL AND k.authority_level <> 'agency'
    AND {blocked} > {brief} AND {known} > {brief} AND (d.escalated IS NOT NULL OR {blocked} > {limit})
), named AS (
    SELECT agency, 'signed' AS name, signed AS part, 1 AS whole FROM c
    UNION ALL SELECT agency, 'open', open, 1 FROM c
    UNION ALL SELECT agency, 'in_progress', CASE WHEN open = 1 AND state = 'IN_PROGRESS' THEN 1 ELSE 0 END, 1 FROM c
    UNION ALL SELECT agency, 'completed', completed, 1 FROM c
    UNION ALL SELECT agency, 'stalled', stalled, 1 FROM c
    UNION ALL SELECT agency, 'overdue', overdue, 1 FROM c
    UNION ALL SELECT agency, 'no_date', CASE WHEN open = 1 AND original IS NULL THEN 1 ELSE 0 END, 1 FROM c
    UNION ALL SELECT agency, 'due_soon', CASE WHEN open = 1 AND present >= :day AND present <= :soon THEN 1 ELSE 0 END, 1
        FROM c
    UNION ALL SELECT agency, 'suspended', CASE WHEN state = 'SUSPENDED' AND followed = 1 THEN 1 ELSE 0 END, 1 FROM c
    UNION ALL SELECT agency, 'void', void, 1 FROM c
    UNION ALL SELECT agency, 'standing', CASE WHEN signed = 1 AND followed = 1 AND given_up = 0 AND answered_for = 1
        THEN 1 ELSE 0 END, 1 FROM c
    UNION ALL SELECT agency, 'K01', 1, 1 FROM c WHERE signed = 1
    UNION ALL SELECT agency, 'K02', started, 1 FROM c WHERE k02_n = 1
    UNION ALL SELECT agency, 'K04', on_time, 1 FROM c WHERE k04_n = 1
    UNION ALL SELECT agency, 'late', days_late, 1 FROM c WHERE k04_n = 1 AND days_late IS NOT NULL
    UNION ALL SELECT agency, 'K05', stalled, 1 FROM c
        WHERE stalled = 1 OR (had_time = 1 AND (open = 0 OR moved_on IS NOT NULL))
    UNION ALL SELECT agency, 'K06', overdue, 1 FROM c
        WHERE overdue = 1 OR (had_time = 1 AND COALESCE({set_after} <= {first_target}, {no}))
    UNION ALL SELECT agency, 'K07', CASE WHEN {planned} <= plan_days THEN 1 ELSE 0 END, 1 FROM c
        WHERE signed = 1 AND followed = 1 AND {since_plan} > plan_days AND NOT COALESCE({until_end} <= plan_days, {no})
    UNION ALL SELECT agency, 'K08', good, 1 FROM owed
    UNION ALL SELECT agency, 'K10', good, 1 FROM held
    UNION ALL SELECT agency, 'K11', CASE WHEN evidence_url <> '' THEN 1 ELSE 0 END, 1 FROM c WHERE completed = 1
)
"""
SHARES_AND_COUNTS = "SELECT agency, name, SUM(part) AS part, SUM(whole) AS whole FROM named GROUP BY agency, name"
WAITS = "SELECT agency, name, days, seen FROM waited"


def asked(
    engine: sa.Engine, day: dt.date
) -> tuple[dict[tuple[str, str], tuple[int, int]], list[tuple[str, str, int, bool]]]:
    """(agency, name) -> how many, of how many, straight from the tables; and every wait: agency, name, days, whether it ended."""
    is_sqlite = engine.dialect.name == "sqlite"

    def days(later: str, earlier: str) -> str:
        if is_sqlite:
            return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"
        return f"({later} - {earlier})"

    def stage(state: str) -> str:
        ways = ("SIGNED", "APPROVAL_PENDING", "IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS", "COMPLETED")
        return (
            f"CASE {state} {' '.join(f'WHEN {name!r} THEN {place}' for place, name in enumerate(ways, 1))} ELSE 0 END"
        )

    today = ":day" if is_sqlite else "CAST(:day AS DATE)"
    common = COMMON.format(
        open=", ".join(
            f"'{state}'" for state in ("SIGNED", "APPROVAL_PENDING", "IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS")
        ),
        limits=" ".join(f"WHEN '{state}' THEN {limit}" for state, limit in RULES.stall_days.items()),
        since_moved=days(today, "moved_on"),
        age=days(today, "signed_on"),
        grace=RULES.grace_days,
        complete=" AND ".join(f"TRIM(p.{name}) <> ''" for name in REPORT_FIELDS),
        never="'9999-12-31'" if is_sqlite else "DATE '9999-12-31'",
        escalation=days("d.escalated", "d.opened"),
        blocked=days(f"COALESCE(d.resolved, {today})", "d.opened"),
        limit=RULES.escalation_days,
        known=days(f"COALESCE(d.settled_seen, {today})", "k.received_on"),
        plan_days_treaty=RULES.plan_days_treaty,
        plan_days_other=RULES.plan_days_other,
        waiting=days(
            f"COALESCE(started_on, CASE WHEN given_up = 1 AND started = 0 THEN ended_on END, {today})", "signed_on"
        ),
        stage_e=stage("e.state"),
        stage_f=stage("f.state"),
        rise=LEAST_RISE,
        risen=f"h.pct >= b.counted + {LEAST_RISE} OR (h.pct >= 100 AND b.counted < 100)",
        first_target=RULES.first_target_days,
        set_after=days("target_set", "signed_on"),
        longest=max(RULES.stall_days.values()),
        recent=RULES.recent_days,
        closed_for=days(today, "COALESCE(CASE WHEN state = 'COMPLETED' THEN completed_on END, ended_on)"),
        stalled_for=f"({days(today, 'c.moved_on')} - c.stall_limit)",
        brief=RULES.brief_blocker_days,
        late=days("completed_on", "original"),
        registered_after=days("received_on", "signed_on"),
        late_registration=RULES.late_registration_days,
        most_late=RULES.late_points_days,
        opened_for=days(today, "d.opened"),
        planned=days("plan_on", "plan_from"),
        since_plan=days(today, "plan_from"),
        until_end=days("ended_on", "plan_from"),
        no="0" if is_sqlite else "FALSE",
    )
    soon = day + dt.timedelta(days=RULES.due_soon_days)
    given: dict[str, Any] = (
        {"day": day.isoformat(), "soon": soon.isoformat()} if is_sqlite else {"day": day, "soon": soon}
    )
    with engine.connect() as connection:
        rows = connection.execute(sa.text(common + SHARES_AND_COUNTS), given).all()
        waits = connection.execute(sa.text(common + WAITS), given).all()
    found = {(row.agency, row.name): (int(row.part), int(row.whole)) for row in rows}
    return found, [(row.agency, row.name, int(row.days), bool(row.seen)) for row in waits]


def assert_shown_as_stored(engine: sa.Engine) -> None:
    """Counts and scorecards, over all and agency by agency, as the pages load them at this moment."""
    edition = data_edition.read_edition()
    assert edition.data_date is not None
    view = View(as_of=edition.data_date, compare_with=edition.data_date, reader=readers.EVERYTHING)
    found, waits = asked(engine, edition.data_date)
    agencies = {agency for agency, _ in found}

    def total(name: str) -> tuple[int, int]:
        parts = [found.get((agency, name), (0, 0)) for agency in agencies]
        return sum(part for part, _ in parts), sum(whole for _, whole in parts)

    counts = loaders.counts(view)
    assert {name: counts[name] for name in COUNTS} == {name: total(name)[0] for name in COUNTS}
    overall = loaders.scorecards(view).to_dicts()
    for row in overall:
        assert_card(row, total(row["kpi"]))
        assert_median(row, [(days, seen) for _, name, days, seen in waits if name == row["kpi"]])
    assert_composite(overall, total("standing")[0], waits, total("late"))
    cards = loaders.scorecards(view, by="agency").to_dicts()
    for row in cards:
        place = (row["agency"], row["kpi"])
        assert_card(row, found.get(place, (0, 0)))
        assert_median(row, [(days, seen) for agency, name, days, seen in waits if (agency, name) == place])
    for key in agencies:
        standing, _ = found.get((key, "standing"), (0, 0))
        own = [row for row in cards if row["agency"] == key]
        assert_composite(own, standing, [wait for wait in waits if wait[0] == key], found.get((key, "late"), (0, 0)))
    assert set(loaders.scorecards(view, by="agency")["agency"].to_list()) == agencies


def assert_card(row: Mapping[str, Any], stored: tuple[int, int]) -> None:
    part, whole = stored
    if row["kpi"] == "K01":
        assert row["numerator"] == part, row
    elif row["kpi"] in SHARES:
        assert (row["n"], row["numerator"]) == (whole, part), row
        assert (row["value"] is None) == (whole == 0), row
        if whole:
            assert row["value"] == pytest.approx(100 * part / whole), row


def assert_median(row: Mapping[str, Any], waits: list[tuple[int, bool]]) -> None:
    if row["kpi"] in MEDIANS:
        assert row["n"] == len(waits), row
        assert row["numerator"] == sum(seen for _, seen in waits), row
        assert row["value"] == median(waits), row


def assert_composite(
    cards: list[dict[str, Any]], standing: int, waits: list[tuple[str, str, int, bool]], late: tuple[int, int]
) -> None:
    """The weighted mean of the scores there are, of five cases each, where there are enough of them and of agreements.

    `late`: days by which those were late that were completed less than a year after their target, and how many they are.
    """
    weighted = weight = 0.0
    for row in cards:
        worst, best = RULES.goalposts.get(row["kpi"], (None, None))
        if worst is None or best is None or row["kpi"] not in RULES.weights:
            continue
        value = row["value"]
        lasting = sum(days >= worst for _, name, days, _ in waits if name == row["kpi"])
        if row["denominator"] < 5 or (value is None and lasting < 5):
            continue  # nothing to score; a median not reached scores nothing once five have lasted beyond the worst goalpost
        if row["kpi"] == "K04":
            value = 100 * (row["numerator"] + late[1] - late[0] / RULES.late_points_days) / row["denominator"]
        score = 0.0 if value is None else 100 * min(1.0, max(0.0, (value - worst) / (best - worst)))
        weighted += RULES.weights[row["kpi"]] * score
        weight += RULES.weights[row["kpi"]]
    (composite,) = (row for row in cards if row["kpi"] == "K13")
    is_given = weight >= RULES.composite_min_weight_share * sum(RULES.weights.values()) and standing >= RULES.rank_min_n
    assert composite["n"] == standing, composite
    assert composite["value"] == (pytest.approx(weighted / weight) if is_given else None), composite


# --- Random changes --------------------------------------------------------------------------------------------------

AGENCIES = ("BCT", "BXD", "T20", "BYT")


@pytest.fixture
def filled(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A register with an account for each of some agencies, which the loaders read."""
    stores.fill(engine, count=40)
    with store.session(engine) as session:
        session.add_all(
            models.User(username=f"u-{key.lower()}", password_hash="x", role="agency", agency=key) for key in AGENCIES
        )
        session.flush()
        if engine.dialect.name == "postgresql":  # its counters do not see ids that were given
            for name in ("agreement", "blocker"):
                session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1000)"))
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return engine


def change(engine: sa.Engine, chance: random.Random) -> bool:
    """One random change by a random agency: a file of a few rows applied, or a batch taken back. Whether it happened."""
    agency = chance.choice(AGENCIES)
    actor = Person(f"u-{agency.lower()}", "agency", agency, "")
    if chance.random() < 0.3:
        batches = updates.list_batches(engine, agency)
        applied = batches.filter(batches["status"] == "applied")["id"].to_list()
        return bool(applied) and done(lambda: undo(engine, actor, chance.choice(applied)))
    current = updates.current_rows(engine, agency)
    if current.agreements.height < 3:
        return False
    rows = typed_rows(current, chance, days=chance.choice((31, 31, 31, 204)))  # most of what is long ago takes a review
    checked = check_rows(table_of(rows, name="ngẫu nhiên"), current, today=TODAY)
    if not isinstance(checked, Checked):
        return False
    preview = compare(checked, current)
    return done(lambda: apply(engine, actor, preview))


def apply(engine: sa.Engine, actor: Person, preview: Any) -> bool:
    with store.session(engine) as session:
        return updates.apply(session, actor=actor, preview=preview).applied


def undo(engine: sa.Engine, actor: Person, batch: int) -> bool:
    with store.session(engine) as session:
        return updates.undo(session, actor=actor, batch_id=batch).applied


def done(work: Callable[[], bool]) -> bool:
    try:
        return work()
    except Refused:
        return False


def run(engine: sa.Engine, changes: int, seed: int) -> None:
    chance = random.Random(seed)
    assert_shown_as_stored(engine)
    made = 0
    for _ in range(changes * 20):
        if made == changes:
            break
        if change(engine, chance):
            made += 1
            assert_shown_as_stored(engine)
    assert made == changes
    with store.session(engine, read_only=True) as session:
        assert session.execute(sa.select(sa.func.count(col(models.UploadBatch.id)))).scalar_one() == changes


def test_changes_are_shown_as_stored(filled: sa.Engine) -> None:
    """A sample; `make numbers` makes a thousand changes."""
    run(filled, int(os.environ.get("CHANGES", "12" if filled.dialect.name == "sqlite" else "6")), seed=1)
