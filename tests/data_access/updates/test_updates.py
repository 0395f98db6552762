"""Batches in the store: what is stored is what was previewed, once; undoing restores; nobody writes for another agency."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import json

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from sqlmodel import Session, select

from data_access import audit, register, store, updates
from data_access.acting import Person, Refused
from data_access.store import models
from data_access.updates import Receipt
from files import reading
from kpi import facts
from kpi.register import Register
from kpi.update import Checked, Preview, Table, check_rows, compare, projected, read_table, template
from kpi.update.layout import NEW

TODAY = dt.date(2026, 1, 20)
DATA_DATE = dt.date(2026, 1, 14)
DECOMPOSED = "Phòng thí nghiệm chung \u0065\u0301"
FRAMES = ("agreements", "agreement_partners", "status_events", "targets", "reports", "blockers", "blocker_events")


INDUSTRY = Person("bct", "agency", "BCT")
FOREIGN = Person("bng", "agency", "BNG")
COORDINATOR = Person("dieuphoi", "coordinator", None)
LEADER = Person("lanhdao", "leader", None)


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """Two agencies; BCT is responsible for four agreements, BNG for one."""
    with store.session(engine) as session:
        fill(session)
    return engine


def fill(session: Session) -> None:
    for key in ("BCT", "BNG"):
        session.add(
            models.Agency(key=key, code=key, kind="ministry", abbr_vi=key, abbr_en=key, name_vi=key, name_en=key)
        )
    for code, vi, en in (("JP", "Nhật Bản", "Japan"), ("KR", "Hàn Quốc", "Korea")):
        session.add(models.Partner(code=code, name_vi=vi, name_en=en, kind="country", region="Asia"))
    session.add(models.Sector(code="ENE", name_vi="Năng lượng", name_en="Energy", sector_group="INF", position=1))
    for code, kind, needed in (("MOU", "international_agreement", False), ("TREATY", "treaty", True)):
        session.add(
            models.DocType(code=code, name_vi=code, name_en=code, legal_class=kind, needs_approval=needed, position=1)
        )
    for code, first, last, due in (
        ("2025-Q3", dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 15)),
        ("2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 15)),
    ):
        session.add(models.ReportingPeriod(code=code, starts_on=first, ends_on=last, due_on=due))
    session.add(models.DataVersion(id=1, version=5, data_date=DATA_DATE, is_demo=True))
    session.flush()
    for person in (INDUSTRY, FOREIGN, COORDINATOR, LEADER):
        session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
    for number, agency in ((1, "BCT"), (2, "BCT"), (3, "BCT"), (4, "BCT"), (9, "BNG")):
        session.add(
            models.Agreement(
                id=number, ref=f"A-{number}", title_vi=f"Thỏa thuận {number}", title_en="", doc_type="MOU", sector="ENE",
                scope="HIGH_LEVEL", responsible_agency=agency, deliverable_vi=DECOMPOSED if number == 1 else "",
            )
        )  # fmt: skip
        session.flush()
        session.add(models.AgreementPartner(agreement_id=number, partner="JP"))
        session.add(
            models.StatusEvent(agreement_id=number, state="SIGNED", effective_on=dt.date(2025, 3, 1), note="ghi chú")
        )
    session.add(models.StatusEvent(agreement_id=2, state="IN_PROGRESS", effective_on=dt.date(2025, 5, 1)))
    session.add(models.TargetDate(agreement_id=1, target_on=dt.date(2026, 6, 1), effective_on=dt.date(2025, 3, 1)))
    session.add(
        models.ProgressReport(
            agreement_id=2,
            period="2025-Q3",
            reported_on=dt.date(2025, 12, 28),
            received_on=dt.date(2025, 10, 1),
            progress="Đã họp",
            progress_pct=100 / 3,
        )
    )
    session.flush()
    session.add(models.Blocker(id=7, agreement_id=2, cause="funding", severity="severe", authority_level="agency"))
    session.flush()
    session.add(models.BlockerEvent(blocker_id=7, kind="opened", effective_on=dt.date(2025, 6, 1), note="văn bản 12"))
    # PostgreSQL's counters do not see ids that were given.
    if session.get_bind().dialect.name == "postgresql":
        for name in ("agreement", "blocker"):
            session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 100)"))


def preview_of(engine: sa.Engine, table: Table, agency: str = "BCT") -> Preview:
    current = updates.current_rows(engine, agency)
    checked = check_rows(table, current, today=TODAY)
    assert isinstance(checked, Checked), checked
    return compare(checked, current)


def preview(engine: sa.Engine, text: str, agency: str = "BCT") -> Preview:
    table = read_table(text.encode(), "tep.csv", reader=reading.read)  # in this process: no file here is hostile
    assert isinstance(table, Table), table
    return preview_of(engine, table, agency)


def applied(engine: sa.Engine, what: str | Preview, actor: Person = INDUSTRY) -> Receipt:
    seen = preview(engine, what) if isinstance(what, str) else what
    with store.session(engine) as session:
        return updates.apply(session, actor=actor, preview=seen)


def undone(engine: sa.Engine, batch_id: int | None, actor: Person = INDUSTRY) -> Receipt:
    assert batch_id is not None
    with store.session(engine) as session:
        return updates.undo(session, actor=actor, batch_id=batch_id)


def existing(register_: Register) -> dict[str, pl.DataFrame]:
    """The frames of a register without the numbers of batches and of rows of history, and without agreements that have no event
    (undone ones)."""
    there = register_.status_events["agreement_id"].unique().implode()
    frames = {name: getattr(register_, name) for name in FRAMES}
    refs = frames["agreements"].select(
        "id", "ref", new=pl.col("ref").str.starts_with(NEW) | pl.col("ref").str.contains("-20")
    )
    named = dict(refs.filter(~pl.col("new")).select("id", "ref").iter_rows())
    blockers = {
        number: f"{named.get(agreement, 'new')} {cause}"
        for number, agreement, cause in frames["blockers"].select("id", "agreement_id", "cause").iter_rows()
    }
    compared = {}
    for name, frame in frames.items():
        owner = "id" if name == "agreements" else "agreement_id"
        if owner in frame.columns:
            frame = frame.filter(pl.col(owner).is_in(there))
            frame = frame.with_columns(
                pl.col(owner).replace_strict(named, default="new", return_dtype=pl.String).alias("whose")
            )
        if "blocker_id" in frame.columns:
            frame = frame.with_columns(
                pl.col("blocker_id").replace_strict(blockers, return_dtype=pl.String).alias("whose")
            )
        numbers = ("id", "agreement_id", "blocker_id", "batch_id", "ref")
        kept = [column for column in frame.columns if column not in numbers]
        compared[name] = frame.select(kept).sort(kept)
    return compared


def assert_same(one: Register, other: Register) -> None:
    first, second = existing(one), existing(other)
    for name in FRAMES:
        assert_frame_equal(first[name], second[name])


EVERYTHING = (
    "ref,state,state_date,state_document,progress_pct,report_period,report_date,shows_progress,progress,current_target,target_reason,"
    "title_vi,doc_type,partner,sector,scope,signed_on,blocker_id,blocker_cause,blocker_severity,"
    "blocker_authority_level,blocker_opened_on,blocker_escalated_on,blocker_resolved_on,deliverable_vi,evidence_url\n"
    "A-1,IN_PROGRESS,10/01/2026,CV 12/BCT,45,2025-Q4,18/01/2026,có,Đã làm,2026-12-31,Chậm vốn,"
    ",,,,,,,funding,severe,agency,2025-12-22,2025-12-26,,mới,\n"
    "A-2,,,,50,2025-Q3,,,,,,,,,,,,7,,,,,2026-01-05,2026-01-10,,https://x.vn/kq\n"
    ",IN_PROGRESS,2026-01-16,CV 13/BCT,,,,,,2027-01-01,,Thỏa thuận mới,MOU,KR,ENE,HIGH_LEVEL,2026-01-05,"
    ",personnel,minor,agency,2026-01-07,,,Sản phẩm,\n"
)
"""One file that does everything: a move, targets, a report and the correction of one, blockers opened, escalated and resolved,
texts, a new agreement."""


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_current_rows_are_those_of_one_agency(filled: sa.Engine) -> None:
    found = updates.current_rows(filled, "BCT")

    assert found.agreements["ref"].sort().to_list() == ["A-1", "A-2", "A-3", "A-4"]
    assert found.data_version == 5
    assert found.data_date == DATA_DATE
    assert found.standing.filter(pl.col("ref") == "A-2").select("state", "state_before", "partner").row(0) == (
        "IN_PROGRESS",
        "SIGNED",
        "JP",
    )
    assert [choice.code for choice in found.lists["partner"]] == ["KR", "JP"]


def test_an_empty_store_and_an_unknown_agency_have_nothing(engine: sa.Engine) -> None:
    assert updates.current_rows(engine, "BCT").agreements.is_empty()
    assert updates.list_batches(engine, "BCT").is_empty()


def test_the_state_is_the_one_the_facts_have(filled: sa.Engine) -> None:
    applied(filled, EVERYTHING)
    current = updates.current_rows(filled, "BCT").standing
    counted = facts.build(register.read_register(filled), dt.date(2099, 1, 1)).agreements

    compared = current.join(counted, on="agreement_id", suffix="_counted")
    assert compared.height == 5
    for name in ("state", "signed_on", "original_target", "current_target"):
        assert compared[name].to_list() == compared[f"{name}_counted"].to_list()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_uploaded_as_it_is_changes_nothing(filled: sa.Engine, form: str) -> None:
    data = template(updates.current_rows(filled, "BCT"), language="vi", format=form, say=lambda key, **_: key[:31])  # type: ignore[arg-type]
    table = read_table(data, f"mau.{form}")
    assert isinstance(table, Table)
    before = register.read_register(filled)

    receipt = applied(filled, preview_of(filled, table))

    assert receipt == Receipt(None, applied=False, changes=0, data_version=5)
    assert updates.list_batches(filled, "BCT").is_empty()
    assert_same(register.read_register(filled), before)


# --- Applying --------------------------------------------------------------------------------------------------------


def test_what_is_stored_is_what_was_previewed(filled: sa.Engine) -> None:
    seen = preview(filled, EVERYTHING)
    expected = projected(register.read_register(filled), seen)

    receipt = applied(filled, seen)

    assert receipt.applied
    assert receipt.changes == len(seen.changes)
    assert_same(register.read_register(filled), expected)
    told = {(c.row, c.column, c.old, c.new) for c in seen.changes}
    kept = updates.read_changes(filled, receipt.batch_id or 0, agency="BCT")
    assert set(kept.select("source_row", "column", "old", "new").iter_rows()) == told


def test_a_batch_raises_versions_leaves_the_data_date_and_is_audited(filled: sa.Engine) -> None:
    receipt = applied(filled, EVERYTHING)

    version = register.read_data_version(filled)
    assert version is not None
    assert (version.version, version.data_date) == (6, DATA_DATE)
    assert receipt.data_version == 6
    assert updates.current_rows(filled, "BCT").agreements.sort("ref").select("ref", "row_version").rows() == [
        ("A-1", 2),
        ("A-2", 2),
        ("A-3", 1),
        ("A-4", 1),
        ("BCT-2026-0001", 1),
    ]
    with store.session(filled, read_only=True) as session:
        entry = session.exec(select(models.AuditEntry)).one()
    assert (entry.actor, entry.action, entry.subject) == ("bct", "upload.apply", f"batch {receipt.batch_id}")
    assert json.loads(entry.detail)["agency"] == "BCT"
    assert audit.verify(filled) is None


def test_every_cell_names_the_row_that_carries_it(filled: sa.Engine) -> None:
    receipt = applied(filled, EVERYTHING)

    with store.session(filled, read_only=True) as session:
        cells = session.exec(select(models.BatchChange).where(models.BatchChange.batch_id == receipt.batch_id)).all()
        carried = {
            (cell.field.partition("[")[0], cell.target_table) for cell in cells if not cell.field.startswith("_")
        }
        event = next(cell for cell in cells if cell.field == "state" and cell.agreement_id == 1)
        row = session.get(models.StatusEvent, event.target_id)

    assert row is not None
    assert (row.state, row.effective_on, row.batch_id) == ("IN_PROGRESS", dt.date(2026, 1, 10), receipt.batch_id)
    assert ("blocker_opened_on", "blockerevent") in carried
    assert ("blocker_cause", "blocker") in carried
    assert ("progress", "progressreport") in carried
    assert ("current_target", "targetdate") in carried
    assert ("signed_on", "statusevent") in carried
    assert ("deliverable_vi", "agreement") in carried


def test_a_confirmation_repeated_changes_nothing_and_names_its_batch(filled: sa.Engine) -> None:
    seen = preview(filled, EVERYTHING)
    first = applied(filled, seen)
    before = register.read_register(filled)

    second = applied(filled, seen)

    assert (second.applied, second.batch_id, second.changes) == (False, first.batch_id, 0)
    assert_same(register.read_register(filled), before)
    assert updates.list_batches(filled, "BCT").height == 1
    assert updates.read_uploads_of_file(filled, "BCT", seen.file_sha256)["id"].to_list() == [first.batch_id]
    assert updates.read_uploads_of_file(filled, "BNG", seen.file_sha256).is_empty()


def test_confirmations_at_the_same_moment_are_one(filled: sa.Engine) -> None:
    seen = preview(filled, EVERYTHING)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: applied(filled, seen), range(4)))

    assert [receipt.applied for receipt in receipts].count(True) == 1
    assert len({receipt.batch_id for receipt in receipts}) == 1
    assert updates.list_batches(filled, "BCT").height == 1


def test_the_same_file_again_has_nothing_to_change(filled: sa.Engine) -> None:
    known = EVERYTHING.rpartition("\n,")[0] + "\n"
    applied(filled, known)

    assert preview(filled, known).changes == ()


def test_a_preview_of_what_has_changed_since_is_refused(filled: sa.Engine) -> None:
    seen = preview(filled, "ref,deliverable_en\nA-1,một\nA-3,ba\n")
    applied(filled, "ref,evidence_url\nA-1,https://x.vn\n")
    before = register.read_register(filled)

    with pytest.raises(Refused) as refusal:
        applied(filled, seen)

    assert (refusal.value.code, refusal.value.refs) == ("stale", ("A-1",))
    assert_same(register.read_register(filled), before)


def test_conflicts_must_be_decided_first(filled: sa.Engine) -> None:
    taken = template(updates.current_rows(filled, "BCT"), language="vi", format="csv", say=str).decode("utf-8-sig")
    applied(filled, "ref,deliverable_en\nA-3,của người khác\n")
    lines = taken.replace("\r\n", "\n").splitlines()
    place = lines[0].replace('"Tên cam kết, thỏa thuận"', "x").split(",").index("Sản phẩm (tiếng Anh)")
    row = next(line for line in lines if line.startswith("A-3")).split(",")
    row[place] = "của tôi"
    seen = preview(filled, f"{lines[0]}\n{','.join(row)}\n")

    assert [(c.base, c.change.old, c.change.new) for c in seen.conflicts] == [(None, "của người khác", "của tôi")]
    with pytest.raises(Refused) as refusal:
        applied(filled, seen)
    assert refusal.value.code == "undecided"
    assert applied(filled, seen.decided(seen.conflicts)).applied


def test_a_failure_halfway_leaves_nothing_behind(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = preview(filled, EVERYTHING)
    before = register.read_register(filled)

    def fails(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(audit, "write", fails)
    with pytest.raises(OSError, match="disk full"):
        applied(filled, seen)

    assert_same(register.read_register(filled), before)
    assert updates.list_batches(filled, None).is_empty()
    version = register.read_data_version(filled)
    assert version is not None
    assert (version.version, version.data_date) == (5, DATA_DATE)


def test_references_of_new_agreements_are_numbered_by_agency_and_year(filled: sa.Engine) -> None:
    def new(title: str, day: str) -> str:
        return f"title_vi,doc_type,partner,sector,scope,signed_on\n{title},MOU,KR,ENE,HIGH_LEVEL,{day}\n"

    for title, day in (("Một", "2026-01-05"), ("Hai", "2026-01-06"), ("Ba", "2025-12-30")):
        applied(filled, new(title, day))

    refs = updates.current_rows(filled, "BCT").agreements["ref"].sort().to_list()
    assert refs[-3:] == ["BCT-2025-0001", "BCT-2026-0001", "BCT-2026-0002"]


# --- Who may -------------------------------------------------------------------------------------------------------


def test_nobody_writes_for_another_agency(filled: sa.Engine) -> None:
    mine = preview(filled, "ref,deliverable_en\nA-1,một\n")
    batch = applied(filled, "ref,deliverable_en\nA-3,ba\n").batch_id
    before = register.read_register(filled)
    pretenders = (
        *(FOREIGN, COORDINATOR, LEADER),
        Person("bng", "agency", "BCT"),
        Person("lanhdao", "agency", "BCT"),
        Person("nobody", "agency", "BCT"),
    )

    for actor in pretenders:
        with pytest.raises(Refused, match="not_allowed"):
            applied(filled, mine, actor)
    for actor in (*pretenders[2:], FOREIGN):
        with pytest.raises(Refused, match="not_allowed"):
            undone(filled, batch, actor)
    with pytest.raises(Refused, match="not_allowed"):
        applied(filled, dataclasses.replace(mine, agency="BNG"), FOREIGN)
    with pytest.raises(Refused, match="not_allowed"):
        applied(filled, dataclasses.replace(mine, versions={}), INDUSTRY)

    assert_same(register.read_register(filled), before)


def test_an_account_that_was_disabled_or_moved_cannot_write_any_more(filled: sa.Engine) -> None:
    seen = preview(filled, "ref,deliverable_en\nA-1,một\n")
    for change in ({"active": False}, {"active": True, "agency": "BNG"}, {"agency": "BCT", "role": "leader"}):
        with store.session(filled) as session:
            account = session.get(models.User, "bct")
            assert account is not None
            for name, value in change.items():
                setattr(account, name, value)
            session.add(account)

        with pytest.raises(Refused, match="not_allowed"):
            applied(filled, seen)


def test_an_agreement_given_to_another_agency_is_out_of_reach(filled: sa.Engine) -> None:
    seen = preview(filled, "ref,deliverable_en\nA-1,một\n")
    batch = applied(filled, "ref,deliverable_en\nA-1,khác\n").batch_id
    with store.session(filled) as session:
        agreement = session.get(models.Agreement, 1)
        assert agreement is not None
        agreement.responsible_agency = "BNG"
        session.add(agreement)

    with pytest.raises(Refused, match="not_allowed"):
        applied(filled, seen)
    with pytest.raises(Refused, match="not_allowed"):
        undone(filled, batch)


def test_batches_are_listed_to_whom_they_belong(filled: sa.Engine) -> None:
    batch = applied(filled, "ref,deliverable_en\nA-1,một\n").batch_id
    applied(filled, preview(filled, "ref,deliverable_en\nA-9,chín\n", "BNG"), FOREIGN)

    assert updates.list_batches(filled, "BCT")["id"].to_list() == [batch]
    assert updates.list_batches(filled, None).height == 2
    assert updates.read_changes(filled, batch or 0, agency="BNG").is_empty()
    assert updates.read_changes(filled, batch or 0, agency=None).select("ref", "column", "old", "new").rows() == [
        ("A-1", "deliverable_en", None, "một")
    ]
