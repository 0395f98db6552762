"""A newer export of a register's source: new, changed, vanished, in conflict; as a batch published, known on a day, undone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from data_access import lists, refreshing, store, updates
from data_access.acting import Person, Refused
from data_access.refreshing import Newer, NotTheSourceError, batches
from data_access.register import read_agreement, read_register
from data_access.rivals import read_rivals
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.updates.outcome import HandedIn
from kpi import facts
from kpi.update import KINDS, Change, Kind
from kpi.vocabulary import BatchStatus
from seed_data import packs, reference, worldbank
from seed_data.mapping.build import map_register
from seed_data.mapping.declaration import FIELD_KINDS
from seed_data.refreshing import compare, export_of, lists_of
from seed_data.store import fill, folded_from
from tests.seed_data import invented_worldbank as invented

NEWER = dt.date(2025, 9, 30)
DESK, OTHER = (Person(username=name, role="coordinator") for name in ("desk", "other"))
LEADER = Person(username="leader", role="leader")
TITLE, DAY, BOTH, OURS, GONE, MOVED = (f"P8{number:05}" for number in range(20, 26))
ADDED = "P899999"


@pytest.fixture
def held(engine: sa.Engine) -> sa.Engine:
    return filled(engine)


def filled(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        fill(session, actor="tests", register=invented.register(), origin="worldbank")
        session.add_all(
            models.User(username=one.username, password_hash="-", role=one.role) for one in (DESK, OTHER, LEADER)
        )
    return engine


def export(rows: pl.DataFrame, day: dt.date = NEWER, country: str = "VN") -> refreshing.Export:
    return _export(rows.write_csv().encode(), day, country)


@functools.cache
def _export(data: bytes, day: dt.date, country: str) -> refreshing.Export:
    read = worldbank.read(data, file="x.csv", lists=reference.frames(), data_date=day, country=country)
    return export_of(read, data, file="x.csv")


def listed() -> pl.DataFrame:
    return pl.read_csv(invented.content(), infer_schema=False).fill_null("")


def changed(rows: pl.DataFrame, ref: str, **cells: str) -> pl.DataFrame:
    return rows.with_columns(
        pl.when(pl.col("id") == ref).then(pl.lit(text)).otherwise(name).alias(name) for name, text in cells.items()
    )


def newer_rows() -> pl.DataFrame:
    """The list as its source has it half a year later."""
    before = listed()
    rows = changed(before, TITLE, project_name="Another name")
    rows = changed(rows, DAY, closingdate="2031-12-31", status="Active")
    rows = changed(rows, MOVED, closingdate="2033-04-05", status="Active")
    rows = changed(rows, BOTH, pdo="The source's").filter(pl.col("id") != GONE)
    return pl.concat([rows, before.head(1).with_columns(id=pl.lit(ADDED))])


def agencies_change(engine: sa.Engine) -> None:
    """What batches of agencies do."""
    with store.session(engine) as session:
        agency = session.exec(select(models.Agency.key)).first()
        batch = models.UploadBatch(username="a", agency=agency, file_name="f", file_sha256="0", status="APPLIED")
        session.add(batch)
        session.flush()
        for ref, text in ((BOTH, "Ours"), (OURS, "Ours too")):
            agreement = agreement_of(session, ref)
            session.add(
                models.BatchChange(
                    batch_id=batch.id or 0,
                    agreement_id=agreement.id or 0,
                    field="deliverable_en",
                    old=agreement.deliverable_en,
                    new=text,
                    target_table="agreement",
                )
            )
            agreement.deliverable_en = text
        target = session.exec(
            select(models.TargetDate).join(models.Agreement).where(models.Agreement.ref == MOVED)
        ).one()
        target.retracted_at = models.utc_now()
        day, planned = dt.date(2025, 4, 1), dt.date(2032, 2, 3)
        number = target.agreement_id
        session.add(models.TargetDate(agreement_id=number, target_on=planned, effective_on=day, batch_id=batch.id))


def agreement_of(session: Session, ref: str) -> models.Agreement:
    return session.exec(select(models.Agreement).where(models.Agreement.ref == ref)).one()


def handed_in(engine: sa.Engine, newer: Newer, seen: pl.DataFrame, *taking: str) -> HandedIn:
    with store.session(engine) as session:
        return refreshing.hand_in(session, actor=DESK, newer=newer, seen=seen, taking=taking)


def published(engine: sa.Engine, number: int, *taking: str, actor: Person = OTHER) -> updates.Receipt:
    waits = refreshing.waiting(engine, number)
    assert waits is not None
    assert waits.differences is not None
    with store.session(engine) as session:
        return refreshing.publish(session, actor=actor, batch_id=number, seen=waits.differences, taking=taking)


def refreshed(engine: sa.Engine, rows: pl.DataFrame, *taking: str, day: dt.date = NEWER) -> int:
    """The batch of a newer list that was handed in and, where it waited, published."""
    done = handed_in(engine, *compare(engine, export(rows, day)), *taking)
    if done.waiting is None:
        assert done.applied is not None
        assert done.applied.batch_id is not None
        return done.applied.batch_id
    published(engine, done.waiting, *taking)
    return done.waiting


def content(engine: sa.Engine) -> dict[str, pl.DataFrame]:
    """What the register says, without numbers of rows."""
    found = read_register(engine)
    refs = found.agreements.join(found.status_events, left_on="id", right_on="agreement_id", how="semi")
    told = {"agreements": refs.drop("id").sort("ref")}
    for name in ("status_events", "targets", "agreement_partners"):
        frame = getattr(found, name).join(refs.select("ref", agreement_id="id"), on="agreement_id")
        told[name] = frame.drop("id", "agreement_id", "batch_id", strict=False)
        told[name] = told[name].sort(told[name].columns)
    return told


def same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> bool:
    return all(one[name].equals(other[name]) for name in one)


def test_what_is_new_changed_vanished_and_in_conflict(held: sa.Engine) -> None:
    agencies_change(held)
    _, found = compare(held, export(newer_rows()))

    assert found.select("ref", "kind").unique().sort("ref", "kind").rows() == [
        (TITLE, "changed"),
        (DAY, "changed"),
        (BOTH, "changed"),
        (BOTH, "conflict"),
        (GONE, "vanished"),
        (MOVED, "changed"),
        (MOVED, "conflict"),
        (ADDED, "new"),
    ]
    assert found.filter(ref=TITLE).select("field", "new").rows() == [
        ("title_en", "Another name"),
        ("title_vi", "Another name"),
    ]
    assert dict(found.filter(ref=DAY).select("field", "new").iter_rows())["current_target"] == "2031-12-31"
    assert found.filter(ref=MOVED, kind="conflict").select("field", "new", "ours").rows() == [
        ("current_target", "2033-04-05", "2032-02-03")
    ]
    told = listed().filter(id=BOTH)["pdo"].item()
    assert found.filter(ref=BOTH, kind="conflict").select("field", "old", "new", "ours").rows() == [
        ("deliverable_en", told, "The source's", "Ours")
    ]
    with store.session(held, read_only=True) as session:
        assert session.execute(sa.select(sa.func.count()).select_from(models.Agreement)).scalar_one() == invented.COUNT


def test_a_newer_export_waits_is_published_and_is_no_news_afterwards(held: sa.Engine) -> None:
    agencies_change(held)
    newer, seen = compare(held, export(newer_rows()))
    done = handed_in(held, newer, seen)
    assert done.applied is None
    assert done.waiting is not None
    assert handed_in(held, newer, seen) == HandedIn(None, done.waiting, repeated=True)
    with pytest.raises(Refused, match="own_batch"):
        published(held, done.waiting, actor=DESK)
    with pytest.raises(Refused, match="not_allowed"), store.session(held) as session:
        refreshing.hand_in(session, actor=LEADER, newer=newer, seen=seen, taking=["title_vi"])
    with pytest.raises(Refused, match="not_allowed"):
        published(held, done.waiting, actor=LEADER)

    receipt = published(held, done.waiting)

    assert receipt.applied
    found = read_register(held)
    by_ref = {row["ref"]: row for row in found.agreements.iter_rows(named=True)}
    assert by_ref[TITLE]["title_en"] == "Another name"
    assert by_ref[GONE]["vanished_on"] == NEWER
    assert ADDED in by_ref
    planned = found.targets.filter(agreement_id=by_ref[DAY]["id"]).sort("effective_on")
    assert planned.height == 2  # the first plan stays the original
    assert planned.select("target_on", "effective_on").row(1) == (dt.date(2031, 12, 31), NEWER)
    assert found.targets.filter(agreement_id=by_ref[MOVED]["id"])["target_on"].to_list() == [dt.date(2032, 2, 3)]
    with store.session(held, read_only=True) as session:
        assert agreement_of(session, BOTH).deliverable_en == "Ours"
        assert session.exec(select(models.DataVersion)).one().data_date == NEWER
    assert compare(held, export(newer_rows()))[1].is_empty()  # what was decided for agencies is decided


def test_what_vanished_comes_back_and_what_is_decided_for_the_source_holds(held: sa.Engine) -> None:
    agencies_change(held)
    refreshed(held, newer_rows(), "deliverable_en", "current_target")
    with store.session(held, read_only=True) as session:
        assert agreement_of(session, BOTH).deliverable_en == "The source's"
        moved = agreement_of(session, MOVED).id
    planned = read_register(held).targets.filter(agreement_id=moved).sort("effective_on")
    assert planned["target_on"].to_list()[-1] == dt.date(2033, 4, 5)

    back = pl.concat([newer_rows(), listed().filter(id=GONE)])
    _, found = compare(held, export(back))
    assert found.select("ref", "kind").rows() == [(GONE, "appeared")]
    refreshed(held, back)
    with store.session(held, read_only=True) as session:
        assert agreement_of(session, GONE).vanished_on is None


def test_undone_it_is_as_it_was_and_can_come_again(held: sa.Engine) -> None:
    agencies_change(held)
    before, past = content(held), dt.date(2025, 3, 31)
    then = read_register(held, known_on=past)
    number = refreshed(held, newer_rows(), "current_target")
    after = content(held)
    assert not same(before, after)
    still = read_register(held, known_on=past)
    assert still.agreements.equals(then.agreements)
    assert still.targets.drop("batch_id", strict=False).equals(then.targets)

    with store.session(held) as session:
        updates.undo(session, actor=DESK, batch_id=number)

    assert same(content(held), before)
    with store.session(held, read_only=True) as session:
        assert session.exec(select(models.DataVersion)).one().data_date == dt.date(2025, 3, 31)
    again = refreshed(held, newer_rows(), "current_target")
    assert same(content(held), after)
    later = refreshed(held, changed(newer_rows(), TITLE, project_name="A third name"))
    with store.session(held) as session, pytest.raises(Refused, match="overlaps"):
        updates.undo(session, actor=DESK, batch_id=again)
    with store.session(held) as session:
        updates.undo(session, actor=DESK, batch_id=later)
        updates.undo(session, actor=DESK, batch_id=again)
    assert same(content(held), before)


def test_a_refreshed_register_is_as_one_loaded_anew_but_for_the_first_plans(sqlite_engine: sa.Engine) -> None:
    filled(sqlite_engine)
    number, approved = pl.int_range(pl.len()), pl.col("boardapprovaldate").str.head(10)
    rows = listed().with_columns(
        loan_effective_date=pl.when(number % 3 == 0).then(approved).otherwise("loan_effective_date"),
        closingdate=pl.when(number % 5 == 0).then(approved).otherwise("closingdate"),
        status=pl.when(number % 7 == 0).then(pl.lit("Dropped")).otherwise("status"),
    )
    before = content(sqlite_engine)
    batch = refreshed(sqlite_engine, rows)
    read = worldbank.read(
        rows.write_csv().encode(), file="x.csv", lists=reference.frames(), data_date=NEWER, country="VN"
    )
    anew = facts.build(folded_from(read, reference.frames()), NEWER).agreements
    now = facts.build(read_register(sqlite_engine), NEWER).agreements

    said = ["ref", "state", "state_since", "signed_on", "in_force_on", "ended_on", "current_target"]
    dated = pl.col("state_since").is_not_null()
    assert now.select(said).sort("ref").filter(dated).equals(anew.select(said).sort("ref").filter(dated))
    told = updates.read_changes(sqlite_engine, batch, agency=None)
    assert ("COMPLETED", "TERMINATED") in set(told.filter(column="state").select("old", "new").iter_rows())
    assert compare(sqlite_engine, export(rows))[1].is_empty()
    with store.session(sqlite_engine) as session:
        updates.undo(session, actor=DESK, batch_id=batch)
    assert same(content(sqlite_engine), before)


def test_texts_alone_go_straight_in_and_a_waiting_one_can_be_returned_or_taken_back(held: sa.Engine) -> None:
    renamed = changed(listed(), TITLE, project_name="Another name")
    done = handed_in(held, *compare(held, export(renamed)))
    assert done.waiting is None
    assert done.applied is not None
    assert done.applied.applied
    waits = [handed_in(held, *compare(held, export(newer_rows().head(length)))).waiting for length in (299, 298)]
    with store.session(held) as session:
        updates.send_back(session, actor=OTHER, batch_id=waits[0] or 0, reason="Not the newest.")
        with pytest.raises(Refused, match="not_allowed"):
            updates.withdraw(session, actor=OTHER, batch_id=waits[1] or 0)
        updates.withdraw(session, actor=DESK, batch_id=waits[1] or 0)
        statuses = [session.get_one(models.UploadBatch, number).status for number in waits]
    assert statuses == [BatchStatus.RETURNED, BatchStatus.WITHDRAWN]


def test_what_moves_a_figure_waits_and_plain_texts_do_not() -> None:
    direct: dict[Kind, updates.Route] = dict.fromkeys(KINDS, "direct")
    fields = {*FIELD_KINDS, "partners", "coordinating", "responsible_as_given"} - {"ref"}

    def waits(kind: str, field: str) -> bool:
        return batches.waits_for_a_second(pl.DataFrame({"kind": [kind], "field": [field]}), direct)

    texts = {"title_vi", "title_en", "notes_vi", "notes_en", "deliverable_vi", "deliverable_en", "evidence_url"}
    assert {field for field in fields if not waits("changed", field)} == texts
    assert all(waits("changed", field) for field in ("state_date[SIGNED]", "current_target"))
    assert all(waits(kind, "") for kind in ("new", "vanished", "appeared"))


def test_one_coordinator_alone_makes_nobody_else_responsible(sqlite_engine: sa.Engine) -> None:
    filled(sqlite_engine)
    rows = changed(listed(), TITLE, impagency="Ministry of Health")
    rows = changed(rows, DAY, projectfinancialtype="Grants", pdo="The source's").filter(pl.col("id") != GONE)
    done = handed_in(sqlite_engine, *compare(sqlite_engine, export(rows)))
    assert done.waiting is not None
    counts = updates.count_kinds(sqlite_engine, [done.waiting])
    assert dict(counts.select("kind", "places").iter_rows()) == {"particulars": 3, "result": 2, "vanished": 1}

    upload = agency_s_upload(sqlite_engine, {TITLE: "Ours", DAY: "Ours", GONE: "Ours", OURS: "Ours"})
    expected = {TITLE: False, DAY: True, GONE: False}
    for own, other in ((done.waiting, upload), (upload, done.waiting)):
        rivals = read_rivals(sqlite_engine, own)
        assert rivals["batch_id"].unique().to_list() == [other]
        assert dict(rivals.select("ref", "differs").iter_rows()) == expected


def agency_s_upload(engine: sa.Engine, texts: dict[str, str]) -> int:
    """A batch of an agency's that waits with another text of the result in these agreements."""
    with store.session(engine) as session:
        agency = session.exec(select(models.Agency.key)).first()
        batch = models.UploadBatch(username="a", agency=agency, file_name="f", file_sha256="0", status="waiting")
        session.add(batch)
        session.flush()
        changes = []
        for row, (ref, text) in enumerate(texts.items()):
            number = agreement_of(session, ref).id
            change = Change(str(number), ref, number, "deliverable_en", "", "", text, row)
            changes.append(dataclasses.astuple(change))
        seen = json.dumps({"changes": changes})
        session.add(models.UploadSubmission(batch_id=batch.id or 0, content="{}", seen=seen))
        return batch.id or 0


def test_what_waits_is_refused_once_a_newer_one_was_published(sqlite_engine: sa.Engine) -> None:
    filled(sqlite_engine)
    waits = handed_in(sqlite_engine, *compare(sqlite_engine, export(newer_rows()))).waiting
    refreshed(sqlite_engine, changed(newer_rows(), TITLE, project_name="A third name"), day=NEWER)
    found = refreshing.waiting(sqlite_engine, waits or 0)
    assert found is not None
    assert found.differences is None


def test_the_same_list_of_a_later_day_changes_nothing(sqlite_engine: sa.Engine) -> None:
    filled(sqlite_engine)
    newer, found = compare(sqlite_engine, export(listed(), dt.date(2025, 3, 31)))
    assert found.is_empty()
    assert handed_in(sqlite_engine, newer, found).applied == updates.Receipt(None, False, 0, 1)


def test_a_merger_of_entries_is_no_news_of_the_source(sqlite_engine: sa.Engine) -> None:
    filled(sqlite_engine)
    named = store.read_frame(sqlite_engine, sa.select(table_of(models.Agreement).c.doc_type))["doc_type"].drop_nulls()
    code, into = named.value_counts(sort=True)["doc_type"][:2]
    with store.session(sqlite_engine) as session:
        merged = {"list_of": "doc_type", "code": code, "successor": into, "effective_on": dt.date(2025, 1, 1)}
        session.add(models.EntryEnd(**merged, recorded_by="x"))
    data, known = listed().write_csv().encode(), packs.stored(sqlite_engine)
    assert known is not None
    read = worldbank.read(data, file="x.csv", lists=known, data_date=dt.date(2025, 3, 31))
    assert code not in read.agreements["doc_type"]
    assert compare(sqlite_engine, export_of(read, data, file="x.csv"))[1].is_empty()


def test_an_export_of_another_register_is_refused_with_its_reason(sqlite_engine: sa.Engine) -> None:
    with pytest.raises(NotTheSourceError, match="no_register"):
        compare(sqlite_engine, export(listed()))
    filled(sqlite_engine)
    assert lists_of(sqlite_engine).keys() == {*reference.frames(), models.EntryEnd.__name__}
    otherwise = export(listed())
    for other, said in (
        (export(listed(), country="RW"), "another_source"),
        (export(listed(), dt.date(2024, 1, 1)), "older"),
        (export(listed(), dt.date(2999, 1, 1)), "not_yet"),
        (export(listed().head(60)), "few_in_common"),
        (refreshing.Export(**{**vars(otherwise), "reads": {"fields.ref": "other"}}), "another_mapping"),
    ):
        with pytest.raises(NotTheSourceError, match=said):
            compare(sqlite_engine, other)


def test_who_is_responsible_by_a_newer_export_is_so_from_its_day_on(held: sa.Engine) -> None:
    before = read_register(held)
    was = dict(before.agreements.select("ref", "responsible_agency").iter_rows())[TITLE]
    to, key = ("Ministry of Health", "BYT") if was != "BYT" else ("Ministry of Finance", "BTC")
    number = refreshed(held, changed(listed(), TITLE, impagency=to))

    def responsible(day: dt.date) -> str:
        found = facts.build(read_register(held), day).agreements
        agency: str = found.filter(pl.col("ref") == TITLE)["agency"].item()
        return agency

    nobody = was or "UNASSIGNED"
    assert responsible(NEWER) == key
    assert responsible(NEWER - dt.timedelta(days=1)) == nobody
    with store.session(held) as session:
        lists.merge(session, actor=DESK, of="agency", code=key, into="BNV", effective_on=NEWER)
    with store.session(held) as session, pytest.raises(Refused, match="changed_since"):
        updates.undo(session, actor=DESK, batch_id=number)
    assert responsible(NEWER) == "BNV"
    with store.session(held) as session:
        lists.reopen(session, actor=DESK, of="agency", code=key)
    with store.session(held) as session:
        updates.undo(session, actor=DESK, batch_id=number)
    assert responsible(NEWER) == responsible(NEWER - dt.timedelta(days=1)) == nobody


_MAPPING = b"""
[register]
code = "ours"
name_vi = "Cua chung toi"
name_en = "Ours"
data_date = 2025-03-31
source = "Ours"
licence = "internal"
scope = "HIGH_LEVEL"
[dates.signed]
column = "signed"
formats = ["%Y-%m-%d"]
[fields]
ref = { column = "ref" }
title_vi = { column = "title" }
responsible_agency = { column = "agency" }
doc_type = { constant = "MOU" }
[[partners]]
constant = "JP"
[[coordinating]]
column = "with"
separator = ";"
[[events]]
state = "SIGNED"
date = "signed"
"""


def coordinated(*with_whom: str) -> pl.DataFrame:
    """A list of agreements with who coordinates each."""
    refs = [f"A{number}" for number in range(len(with_whom))]
    return pl.DataFrame({"ref": refs, "with": with_whom}).with_columns(
        title=pl.format("Thỏa thuận {}", "ref"), agency=pl.lit("BCT"), signed=pl.lit("2024-01-02")
    )


def mapped(rows: pl.DataFrame, day: dt.date) -> refreshing.Export:
    data = rows.write_csv().encode()
    read = map_register(data, _MAPPING, file="x.csv", mapping_file="m.toml", lists=reference.frames(), data_date=day)
    return export_of(read, data, file="x.csv")


def test_who_coordinates_comes_goes_and_is_known_on_a_day_and_undone(engine: sa.Engine) -> None:
    before = coordinated("BTC; BYT", "BTC", "", "BYT", "BTC").write_csv().encode()
    register = map_register(before, _MAPPING, file="x.csv", mapping_file="m.toml", lists=reference.frames())
    with store.session(engine) as session:
        fill(session, actor="tests", register=register, origin="ours")
        session.add_all(models.User(username=one.username, password_hash="-", role=one.role) for one in (DESK, OTHER))

    def who(known_on: dt.date | None = None) -> list[list[str]]:
        with store.session(engine, read_only=True) as session:
            numbers = session.exec(select(models.Agreement.id).order_by(models.Agreement.ref)).all()
        dossiers = [read_agreement(engine, number or 0, known_on=known_on) for number in numbers]
        return [found.agencies["agency"].to_list() for found in dossiers if found is not None]

    was = [["BTC", "BYT"], ["BTC"], [], ["BYT"], ["BTC"]]
    assert who() == was
    newer, seen = compare(engine, mapped(coordinated("BYT;BTC", "BTC;BYT", "BYT", "", "BYT"), NEWER))
    assert seen.select("ref", "kind", "field", "old", "new").rows() == [
        ("A1", "changed", "coordinating", "BTC", "BTC, BYT"),
        ("A2", "changed", "coordinating", "", "BYT"),
        ("A3", "changed", "coordinating", "BYT", ""),
        ("A4", "changed", "coordinating", "BTC", "BYT"),
    ]
    waits = handed_in(engine, newer, seen).waiting
    assert waits is not None
    published(engine, waits)
    assert who() == [["BTC", "BYT"], ["BTC", "BYT"], ["BYT"], [], ["BYT"]]
    assert who(dt.date(2025, 3, 31)) == was
    assert compare(engine, mapped(coordinated("BYT;BTC", "BTC;BYT", "BYT", "", "BYT"), NEWER))[1].is_empty()
    with store.session(engine) as session:
        updates.undo(session, actor=DESK, batch_id=waits)
    assert who() == was
