"""What an upload is said to do to its agency is what the scorecards say once it is stored."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from data_access import store, updates
from data_access.accounts import Person
from data_access.register import read_register
from data_access.store import models
from files import reading
from kpi import facts
from kpi.indicators import scorecard
from kpi.rules import Rules
from kpi.update import Checked, Preview, Table, check_rows, compare, consequences, read_table
from tests.pages import stores

INDUSTRY = Person("bct", "agency", "BCT", "")
RULES = Rules()
UPLOADS = {
    "a state": "ref,state,state_date,state_document\n{signed},IN_PROGRESS,2026-01-12,CV 12/BCT\n",
    "a state that moves the data date": "ref,state,state_date,state_document\n{signed},IN_PROGRESS,2026-01-25,CV 12/BCT\n",
    "a report": "ref,report_period,report_date,shows_progress,progress,progress_pct\n{any},2025-Q2,2026-01-12,có,Đã họp,5\n",
    "a target": "ref,current_target,target_reason\n{any},2027-06-30,Chờ vốn\n",
    "a blocker": (
        "ref,blocker_cause,blocker_severity,blocker_authority_level,blocker_opened_on,blocker_escalated_on\n"
        "{any},funding,severe,prime_minister,2026-01-05,2026-01-11\n"
    ),
    "evidence": "ref,evidence_url\n{any},https://example.org/ket-qua\n",
    "no evidence any more": "ref,evidence_url\n{evidenced},[xóa]\n",
}


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """The register of `tests.pages.stores`, with an account of one of its agencies."""
    stores.fill(engine, count=120)
    with store.session(engine) as session:
        session.add(models.User(username="bct", password_hash="x", role="agency", agency="BCT"))
        if engine.dialect.name == "postgresql":  # its counter does not see ids that were given
            session.execute(sa.text("SELECT setval(pg_get_serial_sequence('blocker', 'id'), 1000)"))
    return engine


def named(engine: sa.Engine, text: str) -> str:
    """An upload with the references of agreements that fit."""
    own = facts.build(read_register(engine), stores.AS_OF, RULES).agreements.filter(pl.col("agency") == "BCT")
    given = own.filter("is_open", pl.col("scope") == "HIGH_LEVEL")
    return text.format(
        any=given["ref"][0],
        signed=given.filter(pl.col("state") == "SIGNED")["ref"][0],
        evidenced=given.filter("has_evidence")["ref"][0],
    )


def previewed(engine: sa.Engine, text: str) -> Preview:
    table, current = read_table(text.encode(), "tep.csv", reader=reading.read), updates.current_rows(engine, "BCT")
    assert isinstance(table, Table), table
    checked = check_rows(table, current, today=dt.date(2026, 1, 31))
    assert isinstance(checked, Checked), checked
    return compare(checked, current)


def cards(engine: sa.Engine, as_of: dt.date, condition: pl.Expr) -> pl.DataFrame:
    return scorecard.compute(
        facts.build(read_register(engine), as_of, RULES).where(condition), by=["agency"], rules=RULES
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", UPLOADS.values(), ids=UPLOADS)
def test_scores_and_place_shown_beforehand_are_those_that_come_true(filled: sa.Engine, text: str) -> None:
    condition = (pl.col("scope") == "HIGH_LEVEL") & (pl.col("agency_group") == "ministry")
    preview = previewed(filled, named(filled, text))
    as_of = preview.counts_on
    assert as_of is not None
    own = consequences.cards_after(read_register(filled), preview, as_of=as_of, rules=RULES, condition=condition)
    foretold = consequences.with_own(cards(filled, as_of, condition), own, agency="BCT")

    with store.session(filled) as session:
        assert updates.apply(session, actor=INDUSTRY, preview=preview).applied

    real = cards(filled, as_of, condition)
    assert_frame_equal(foretold.sort("agency", "kpi"), real.sort("agency", "kpi"))
    assert consequences.rank_of(foretold, agency="BCT") == consequences.rank_of(real, agency="BCT")
