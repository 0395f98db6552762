"""What agencies say and nobody let in yet: read as declared it is what comes true once published, and worth what it gains then."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from data_access import store, updates
from data_access.accounts import Person
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.facts import History
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import claims
from kpi.update.pending import declared
from kpi.vocabulary import BatchStatus, Lack, Reading
from tests.data_access.updates.test_reviewing import handed_in, published, returned, withdrawn
from tests.data_access.updates.test_updates import COORDINATOR
from tests.pages import stores

AGENCY = "BCT"
RULES = Rules(rank_min_n=1, composite_min_weight_share=0.0)


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """The register of `tests.pages.stores`, with an account of one of its agencies and a coordinator."""
    stores.fill(engine, count=90)
    with store.session(engine) as session:
        session.add(models.User(username="bct", password_hash="x", role="agency", agency=AGENCY))
        session.add(models.User(username=COORDINATOR.username, password_hash="x", role="coordinator"))
    return engine


def own(engine: sa.Engine) -> pl.DataFrame:
    """The agency's open agreements that have started, by reference."""
    found = facts.build(read_register(engine), stores.AS_OF, RULES).agreements
    return found.filter((pl.col("agency") == AGENCY) & pl.col("is_open")).sort("ref")


def sent(engine: sa.Engine, text: str, corrects: int | None = None) -> int:
    number = handed_in(engine, text, Person("bct", "agency", AGENCY, ""), corrects=corrects).waiting
    assert number is not None
    return number


def completed(ref: str, day: str = "2026-01-12") -> str:
    return f"ref,state,state_date\n{ref},COMPLETED,{day}\n"


def cards(register: Register, reading: Reading = Reading.COUNTING) -> pl.DataFrame:
    known = facts.build(History.of(register, reading), stores.AS_OF, RULES)
    return scorecard.compute(known, by=["agency"], rules=RULES)


def composite(register: Register) -> float:
    found = cards(register).filter((pl.col("agency") == AGENCY) & (pl.col("kpi") == COMPOSITE))
    return float(found["value"].item())


def lacking(engine: sa.Engine) -> pl.DataFrame:
    register = read_register(engine)
    return claims.lacking(
        register,
        facts.build(register, stores.AS_OF, RULES),
        updates.read_pending(engine),
        agency=AGENCY,
        rules=RULES,
        cards=cards(register),
    )


def test_as_declared_has_what_waits_and_was_returned_and_a_claim_is_worth_what_publishing_it_gains(
    filled: sa.Engine,
) -> None:
    refs = own(filled)["ref"]
    first, second = sent(filled, completed(refs[0])), sent(filled, completed(refs[1]))
    returned(filled, second, COORDINATOR, "Thiếu văn bản")
    before = read_register(filled)
    expected = cards(declared(before, updates.read_pending(filled)), Reading.AS_DECLARED)
    counting = composite(before)
    claimed = {row["batch_id"]: row for row in lacking(filled).drop_nulls("status").iter_rows(named=True)}

    assert (claimed[first]["status"], claimed[first]["lacks"]) == (
        BatchStatus.WAITING,
        [Lack.NEEDS_DOCUMENT, Lack.NEEDS_REVIEW],
    )
    assert (claimed[second]["status"], claimed[second]["lacks"]) == (BatchStatus.RETURNED, [Lack.NEEDS_CORRECTION])
    assert (claimed[first]["ref"], claimed[first]["state"], claimed[first]["sent_by"]) == (refs[0], "COMPLETED", "bct")
    assert cards(before).equals(cards(before, Reading.AS_DECLARED))
    assert not cards(before).equals(expected)

    published(filled, first)
    after = read_register(filled)
    assert composite(after) == pytest.approx(counting + claimed[first]["points"])
    published(filled, sent(filled, completed(refs[1], "2026-01-12"), corrects=second))
    assert_frame_equal(cards(read_register(filled), Reading.AS_DECLARED), expected)
    assert updates.read_pending(filled) == ()


def test_the_last_word_about_a_place_holds_and_what_was_taken_back_is_none(filled: sa.Engine) -> None:
    ref, other = own(filled)["ref"][:2]
    mark = updates.read_pending_mark(filled)
    first = sent(filled, completed(ref, "2026-01-10"))
    returned(filled, first, COORDINATOR, "Sai ngày")
    second = sent(filled, completed(ref, "2026-01-12"))
    third = sent(filled, completed(other))
    marks = [mark, updates.read_pending_mark(filled)]

    assert [one.batch_id for one in updates.read_pending(filled)] == [second, third]
    withdrawn(filled, third, Person("bct", "agency", AGENCY, ""))
    marks.append(updates.read_pending_mark(filled))
    assert [one.batch_id for one in updates.read_pending(filled)] == [second]
    withdrawn(filled, second, Person("bct", "agency", AGENCY, ""))
    marks.append(updates.read_pending_mark(filled))
    assert [one.batch_id for one in updates.read_pending(filled)] == [first]
    assert len({*marks}) == len(marks)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_agreement_that_waits_to_be_registered_is_declared_under_its_batch_and_worth_something(
    filled: sa.Engine,
) -> None:
    text = (
        "title_vi,doc_type,sector,partner,scope,signed_on\nBản ghi nhớ về lưới điện,MOU,ENE,JP,HIGH_LEVEL,2025-06-02\n"
    )
    number = sent(filled, text)
    register = read_register(filled)

    said = declared(register, updates.read_pending(filled))

    new = said.agreements.join(register.agreements, on="id", how="anti")
    assert new.select("ref", "responsible_agency").rows() == [(f"{number}+2", AGENCY)]
    row = lacking(filled).filter(pl.col("batch_id") == number).row(0, named=True)
    assert (row["agreement_id"], row["title_vi"], row["kinds"]) == (None, "Bản ghi nhớ về lưới điện", ["new"])
    gained = row["points"]
    before = composite(register)
    published(filled, number)
    assert composite(read_register(filled)) == pytest.approx(before + gained)
