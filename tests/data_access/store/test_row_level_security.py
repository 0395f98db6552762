"""The second wall: what PostgreSQL itself refuses a transaction that acts for an agency, with our own conditions taken away.

The tests connect as the application should: as owner of its database, and not as a superuser.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access import audit, store, updates
from data_access.acting import Refused
from data_access.register import read_agreement, read_register
from data_access.store import models
from tests.data_access.store.rows_of_agencies import (
    COUNTED_FROM,
    DAY,
    FORGED,
    GUARDED,
    LINKS,
    OF_A_PARENT,
    OPEN_TO_ALL,
    OURS,
    THEIRS,
    rows_of,
)
from tests.data_access.updates.test_updates import FOREIGN, INDUSTRY, fill, preview


def add(session: Any, found: dict[str, SQLModel]) -> None:
    session.merge(
        models.Publication(
            id=1,
            as_of=DAY,
            known_on=DAY,
            comments_due_on=DAY,
            content="x",
            sha256="x",
            rules="{}",
            code_version="x",
            data_version=1,
            drafted_by="x",
        )
    )
    session.merge(models.VerificationSample(id=1, period="2025-Q3", seed_sha256="x", published_by="x"))
    for row in found.values():  # in this order each finds what it refers to
        session.add(row)
        session.flush()


@pytest.fixture
def shared(postgresql_engine: sa.Engine) -> sa.Engine:
    """Both agencies have rows in every guarded table."""
    with store.session(postgresql_engine) as session:
        fill(session)
        add(session, rows_of("BCT", OURS, COUNTED_FROM))
        add(session, rows_of("BNG", THEIRS, COUNTED_FROM + 1))
    return postgresql_engine


@contextlib.contextmanager
def acting_for_bct(engine: sa.Engine) -> Iterator[Session]:
    with store.session(engine) as session:
        store.act_for(session, "BCT")
        yield session


def refused() -> Any:
    return pytest.raises(sa.exc.DBAPIError, match="row-level security")


def table(name: str) -> sa.Table:
    return SQLModel.metadata.tables[name]


def everything(engine: sa.Engine) -> dict[str, pl.DataFrame]:
    return {name: store.read_frame(engine, sa.select(table(name))) for name in GUARDED}


def owners(name: str) -> sa.Select[Any]:
    """The agency each row of a table belongs to."""
    own = table(name)
    agreement, blocker, batch = table("agreement"), table("blocker"), table("uploadbatch")
    if name == "agreement":
        return sa.select(own.c.responsible_agency)
    if name in (
        "explanation",
        "publicationcomment",
        "nameassignment",
        "uploadbatch",
        "agencycontact",
        "agencyheading",
        "reminder",
        "uploaddraft",
        "directive",
        "escalation",
    ):
        return sa.select(own.c.agency)
    if name in ("directivestep", "escalationstep"):
        head = table(name.removesuffix("step"))
        return sa.select(head.c.agency).join(own, own.c[f"{head.name}_id"] == head.c.id)
    if name == "uploaddraftfile":
        draft = table("uploaddraft")
        return sa.select(draft.c.agency).join(own, own.c.draft_id == draft.c.id)
    if name == "uploadsubmission":
        return sa.select(batch.c.agency).join(own, own.c.batch_id == batch.c.id)
    if name == "blockerevent":
        return (
            sa.select(agreement.c.responsible_agency)
            .join(blocker, blocker.c.agreement_id == agreement.c.id)
            .join(own, own.c.blocker_id == blocker.c.id)
        )
    return sa.select(agreement.c.responsible_agency).join(own, own.c.agreement_id == agreement.c.id)


# --- Which tables ----------------------------------------------------------------------------------------------------


def test_every_table_is_guarded_or_known_to_be_open(shared: sa.Engine) -> None:
    """A new table has to be put into one of the two lists, and into a migration if it holds rows of agencies."""
    with shared.connect() as connection:
        forced = set(
            connection.exec_driver_sql("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
            .scalars()
            .all()
        )

    assert forced == set(GUARDED)
    assert set(SQLModel.metadata.tables) == forced | OPEN_TO_ALL
    assert not [name for name in OPEN_TO_ALL if LINKS & set(table(name).columns.keys())]


def test_these_tests_are_bound_as_the_application_is(shared: sa.Engine) -> None:
    assert not store.is_above_policies(shared)


def test_a_superuser_is_not_bound_and_is_found_out(shared: sa.Engine) -> None:
    superuser = sa.create_engine(shared.url.set(username="postgres"))

    assert store.is_above_policies(superuser)
    superuser.dispose()


# --- Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", ["BCT", "BNG"])
def test_declared_for_an_agency_only_its_rows_are_read_whatever_is_asked_for(shared: sa.Engine, agency: str) -> None:
    for name in GUARDED:
        all_owners = store.read_frame(shared, owners(name)).to_series().to_list()

        in_bulk = store.read_frame(shared, owners(name), agency=agency).to_series().to_list()
        rows_in_bulk = store.read_frame(shared, sa.select(table(name)), agency=agency)
        with store.session(shared) as session:
            store.act_for(session, agency)
            one_by_one = session.connection().execute(owners(name)).scalars().all()
            counted = session.connection().execute(sa.select(sa.func.count()).select_from(table(name))).scalar_one()

        assert set(all_owners) == {"BCT", "BNG"}, name
        assert in_bulk == one_by_one == [agency] * all_owners.count(agency), name
        assert len(rows_in_bulk) == counted == all_owners.count(agency), name


def test_undeclared_the_whole_register_is_read(shared: sa.Engine) -> None:
    assert read_register(shared).agreements.height == 7
    assert updates.list_batches(shared, None).height == 2


@pytest.mark.parametrize("agency", ["'BNG' OR true", "", "BNG'; --"])
def test_a_key_of_no_agency_opens_nothing(shared: sa.Engine, agency: str) -> None:
    if agency:
        assert store.read_frame(shared, sa.select(table("agreement")), agency=agency).is_empty()
        return
    with pytest.raises(ValueError, match="has a key"):
        store.read_frame(shared, sa.select(table("agreement")), agency=agency)


def test_the_declaration_ends_with_the_transaction_on_connections_that_go_on(shared: sa.Engine) -> None:
    for _ in range(3):
        assert store.read_frame(shared, sa.select(table("explanation")), agency="BCT").height == 1
        assert store.read_frame(shared, sa.select(table("explanation"))).height == 2
        with store.session(shared) as session:
            store.act_for(session, "BCT")
            assert len(session.execute(sa.select(table("explanation"))).all()) == 1
        with store.session(shared) as session:
            assert len(session.execute(sa.select(table("explanation"))).all()) == 2


def test_counting_over_every_agency_ends_where_it_is_written_to_end(shared: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(table("explanation"))
    with store.session(shared) as session:
        store.act_for(session, "BCT")
        with store.whole_register(session):
            assert session.execute(count).scalar_one() == 2
        assert session.execute(count).scalar_one() == 1


def test_a_dossier_is_its_own_agencys_to_read_on_both_stores(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        fill(session)
        add(session, rows_of("BCT", OURS, COUNTED_FROM))
        add(session, rows_of("BNG", THEIRS, COUNTED_FROM + 1))

    own = read_agreement(engine, OURS, agency="BCT")
    whole = read_agreement(engine, OURS)

    assert read_agreement(engine, THEIRS, agency="BCT") is None
    assert own is not None
    assert whole is not None
    for field in dataclasses.fields(own):
        assert getattr(own, field.name).equals(getattr(whole, field.name)), field.name


# --- Writing ---------------------------------------------------------------------------------------------------------


def test_a_row_of_another_agency_is_not_taken(shared: sa.Engine) -> None:
    before = everything(shared)
    for name in GUARDED:
        # What belongs to a parent is slipped to the foreign one there is.
        number = COUNTED_FROM + (1 if name in OF_A_PARENT else 5)
        row = rows_of("BNG", THEIRS, number)[name]
        given = row.model_dump(exclude=set() if name in ("agreement", "uploaddraft") else {"id"})

        with refused(), acting_for_bct(shared) as session:
            session.add(type(row)(**given))
            session.flush()
        with refused(), acting_for_bct(shared) as session:
            store.write_frame(session, type(row), pl.DataFrame([given]))

    after = everything(shared)
    assert all(before[name].equals(after[name]) for name in GUARDED)


def test_rows_of_another_agency_are_neither_changed_nor_deleted(shared: sa.Engine) -> None:
    before = everything(shared)
    for name in GUARDED:
        own = len(store.read_frame(shared, sa.select(table(name)), agency="BCT"))
        with acting_for_bct(shared) as session:
            changed = session.connection().execute(sa.update(table(name)).values(FORGED[name]))
            assert changed.rowcount == own, name
            session.rollback()
        with acting_for_bct(shared) as session:
            doomed = sa.delete(table(name))
            is_referred_to = name in ("agreement", "blocker", "uploadbatch", "uploaddraft", "directive", "escalation")
            if is_referred_to:  # to our own ones other rows refer
                foreign = [str(COUNTED_FROM + 1)] if name == "uploaddraft" else [THEIRS, COUNTED_FROM + 1]
                doomed = doomed.where(table(name).c.id.in_(foreign))
            deleted = session.connection().execute(doomed)
            assert deleted.rowcount == (0 if is_referred_to else own), name
            session.rollback()

    after = everything(shared)
    assert set(FORGED) == set(GUARDED)
    assert all(before[name].equals(after[name]) for name in GUARDED)


def test_an_own_agreement_cannot_be_handed_to_another_agency(shared: sa.Engine) -> None:
    agreement = table("agreement")
    with refused(), acting_for_bct(shared) as session:
        session.execute(sa.update(agreement).where(agreement.c.id == OURS).values(responsible_agency="BNG"))


def test_a_change_of_an_own_agreement_cannot_be_slipped_into_a_foreign_batch(shared: sa.Engine) -> None:
    with refused(), acting_for_bct(shared) as session:
        session.add(models.BatchChange(batch_id=COUNTED_FROM + 1, agreement_id=OURS, field="state"))


def test_own_rows_are_taken_in_the_order_in_which_they_come(postgresql_engine: sa.Engine) -> None:
    with store.session(postgresql_engine) as session:
        fill(session)
    days = [DAY + dt.timedelta(days=number % 4_999) for number in range(5_000)]
    frame = pl.DataFrame({"agreement_id": [OURS] * len(days), "effective_on": days}).with_columns(
        state=pl.lit("SIGNED")
    )
    statusevent = table("statusevent")

    with store.session(postgresql_engine) as session:
        store.act_for(session, "BCT")
        assert store.write_frame(session, models.StatusEvent, frame) == len(days)
        kept = session.execute(
            sa.select(statusevent.c.effective_on).where(statusevent.c.state == "SIGNED", statusevent.c.note == "")
            .order_by(statusevent.c.id)
        ).scalars().all()  # fmt: skip

    assert kept == days


# --- With our own guard taken away -----------------------------------------------------------------------------------


def test_an_upload_with_a_forged_agreement_ends_at_the_store_when_our_own_check_is_gone(
    postgresql_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control without the declaration writes the foreign agreement: it is the store alone that refuses."""
    engine = postgresql_engine
    with store.session(engine) as session:
        fill(session)
    theirs = preview(engine, "ref,deliverable\nA-9,Của người khác\n", agency="BNG")
    forged = dataclasses.replace(theirs, agency="BCT")
    monkeypatch.setattr("data_access.updates.applying.check_versions", lambda *_: None)
    before = everything(engine)

    with pytest.raises((sa.exc.DBAPIError, Refused)), store.session(engine) as session:
        updates.apply(session, actor=INDUSTRY, preview=forged)
    after = everything(engine)
    monkeypatch.setattr(store, "act_for", lambda *_: None)
    with store.session(engine) as session:
        control = updates.apply(session, actor=INDUSTRY, preview=forged)

    assert all(before[name].equals(after[name]) for name in GUARDED)
    assert control.applied
    assert not everything(engine)["agreement"].equals(before["agreement"])
    assert audit.verify(engine) is None


def test_undoing_a_foreign_batch_ends_at_the_store_when_our_own_check_is_gone(
    postgresql_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = postgresql_engine
    with store.session(engine) as session:
        fill(session)
    with store.session(engine) as session:
        done = updates.apply(
            session, actor=FOREIGN, preview=preview(engine, "ref,deliverable\nA-9,Của chúng tôi\n", agency="BNG")
        )
    assert done.batch_id is not None
    before = everything(engine)
    monkeypatch.setattr("data_access.updates.undoing._may_undo", lambda *_: True)

    with pytest.raises((sa.exc.DBAPIError, Refused)), store.session(engine) as session:
        updates.undo(session, actor=INDUSTRY, batch_id=done.batch_id)
    after = everything(engine)
    monkeypatch.setattr(store, "act_for", lambda *_: None)
    with store.session(engine) as session:
        control = updates.undo(session, actor=INDUSTRY, batch_id=done.batch_id)

    assert all(before[name].equals(after[name]) for name in GUARDED)
    assert control.applied


def test_current_rows_and_lists_forget_their_condition_and_the_store_does_not(
    shared: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every WHERE of a read is dropped before it is sent."""
    sent = store.compile_statement

    def without_where(engine: sa.Engine, statement: Any) -> str:
        bare = isinstance(statement, sa.Select) and statement.get_final_froms() and statement.whereclause is not None
        if not bare or "set_config" in str(statement):
            return sent(engine, statement)
        statement = statement._generate()
        statement._where_criteria = ()
        return sent(engine, statement)

    monkeypatch.setattr("data_access.store.arrow.compile_statement", without_where)

    current = updates.current_rows(shared, "BCT")

    assert set(current.agreements["ref"]) == {"A-1", "A-2", "A-3", "A-4", f"N-{COUNTED_FROM}"}
    assert THEIRS not in current.events["agreement_id"].to_list()
    assert set(updates.list_batches(shared, "BCT")["agency"]) == {"BCT"}
    assert updates.read_changes(shared, COUNTED_FROM + 1, agency="BCT")["ref"].to_list() == ["A-1"]
    assert len(updates.list_batches(shared, None)) == 2  # the control
