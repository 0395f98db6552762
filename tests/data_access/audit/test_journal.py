"""The audit as it is searched, taken away and verified, on both stores."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as texts
from sqlmodel import col

from data_access import audit, store
from data_access.accounts import Person, passwords
from data_access.audit import journal
from data_access.audit.journal import Sought
from data_access.store.models import AuditEntry
from tests.data_access.people import add


@pytest.fixture
def administrator(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    return add(engine, "quantri", "administrator")


def write(engine: sa.Engine, actor: str, action: str, subject: str = "", **detail: object) -> None:
    with store.session(engine) as session:
        audit.write(session, actor=actor, action=action, subject=subject, detail=detail)


def ids(engine: sa.Engine, administrator: Person, sought: Sought, **paging: int) -> list[int]:
    return journal.search(engine, actor=administrator, sought=sought, **paging).entries["id"].to_list()


@pytest.fixture
def entries(engine: sa.Engine, administrator: Person) -> None:
    """Entry 1 made the administrator; 2 to 5 are these."""
    write(engine, "bct", "upload.apply", "batch 7", file="Đường sắt Lào Cai.xlsx")
    write(engine, "bct", "upload.undo", "batch 7")
    write(engine, "langson", "upload.apply", "batch 71", file="100%_dung.csv")
    write(engine, "manage.py", "user.add", "bct")


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        (Sought(), [5, 4, 3, 2, 1]),
        (Sought(actor="bct"), [3, 2]),
        (Sought(action="upload.apply"), [4, 2]),
        (Sought(subject="batch 7"), [4, 3, 2]),
        (Sought(about="batch 7"), [3, 2]),
        (Sought(text="duong sat"), [2]),
        (Sought(text="LÀO đường"), [2]),
        (Sought(text="bct"), [5, 3, 2]),
        (Sought(text="%_"), [4]),
        (Sought(text="'; DROP TABLE auditentry; --"), []),
        (Sought(actor="bct", action="upload.undo"), [3]),
        (Sought(text="không có"), []),
    ],
)
def test_entries_are_found_newest_first(
    engine: sa.Engine, administrator: Person, sought: Sought, expected: list[int]
) -> None:
    assert ids(engine, administrator, sought) == expected
    assert journal.search(engine, actor=administrator, sought=sought).total == len(expected)


@pytest.mark.usefixtures("entries")
def test_pages_divide_what_is_found(engine: sa.Engine, administrator: Person) -> None:
    pages = [ids(engine, administrator, Sought(), page=page, size=2) for page in (1, 2, 3, 4)]

    assert pages == [[5, 4], [3, 2], [1], []]
    assert journal.search(engine, actor=administrator, sought=Sought(), page=9, size=2).total == 5


@pytest.mark.usefixtures("entries")
def test_days_are_those_of_viet_nam(engine: sa.Engine, administrator: Person) -> None:
    """18:00 UTC of the 14th is 01:00 of the 15th in Viet Nam."""
    for number, at in (
        (2, "2026-01-14 16:59:59.999999"),
        (3, "2026-01-14 17:00:00.000000"),
        (4, "2026-01-15 16:59:00"),
    ):
        with store.session(engine) as session:
            moment = dt.datetime.fromisoformat(at)
            session.execute(sa.update(AuditEntry).where(col(AuditEntry.id) == number).values(at=moment))
    day = dt.date(2026, 1, 15)

    assert ids(engine, administrator, Sought(since=day, until=day)) == [4, 3]
    assert ids(engine, administrator, Sought(until=day - dt.timedelta(days=1))) == [2]


@pytest.mark.usefixtures("entries")
def test_choices_are_what_there_is(engine: sa.Engine, administrator: Person) -> None:
    offered = journal.choices(engine, actor=administrator)

    assert offered.actors == ("bct", "langson", "manage.py", "system")
    assert offered.actions == ("upload.apply", "upload.undo", "user.add")


@pytest.mark.usefixtures("entries")
def test_taking_entries_away_is_an_entry_itself(
    engine: sa.Engine, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "EXPORT_MAX", 3)

    taken = journal.export(engine, actor=administrator, sought=Sought(text="b"))

    newest = journal.search(engine, actor=administrator, sought=Sought(), size=1).entries.row(0, named=True)
    assert taken["id"].to_list() == [5, 4, 3]
    assert (newest["actor"], newest["action"]) == ("quantri", "audit.export")
    assert json.loads(newest["detail"]) == {"text": "b", "entries": 3}
    assert audit.verify(engine) is None


@pytest.mark.usefixtures("entries")
def test_verifying_says_how_far_and_is_remembered(engine: sa.Engine, administrator: Person) -> None:
    assert journal.last_verification(engine, actor=administrator) is None
    whole = journal.verify_chain(engine, actor=administrator)
    with store.session(engine) as session:
        session.execute(sa.update(AuditEntry).where(col(AuditEntry.id) == 3).values(subject="batch 8"))
    broken = journal.verify_chain(engine, actor=administrator)

    remembered = journal.last_verification(engine, actor=administrator)
    assert (whole.check.entries, whole.check.first_broken) == (5, None)
    assert (broken.check.entries, broken.check.first_broken) == (2, 3)
    assert remembered == broken
    assert remembered.actor == "quantri"


@pytest.mark.usefixtures("entries")
def test_somebody_sees_what_happened_to_their_own_account(engine: sa.Engine) -> None:
    bct = Person("bct", "agency", "BCT", "")

    assert journal.read_recent(engine, person=bct)["action"].to_list() == ["user.add"]


def test_both_stores_fold_text_alike(engine: sa.Engine, administrator: Person) -> None:
    awkward = "Nguyễn Ước ĐẶNG đậu Ỹ Ẵ Ở über Žluťoučký ñ ç å 漢字 НЕТ e\u0302\u0323"
    write(engine, "bct", "test", awkward)

    for word in (
        *awkward.split(),
        *journal.folded(awkward).split(),
        *awkward.upper().split(),
        *awkward.lower().split(),
    ):
        assert ids(engine, administrator, Sought(subject=word, actor="bct")) == [2], word


@given(texts.text(max_size=40))
def test_folded_text_stays_as_it_is(text: str) -> None:
    assert journal.folded(journal.folded(text)) == journal.folded(text)


def test_tens_of_thousands_of_entries_are_searched_in_the_store(engine: sa.Engine, administrator: Person) -> None:
    many = 20_000
    number = pl.int_range(2, many + 2, eager=True)
    rows = pl.DataFrame(
        {
            "id": number,
            "at": dt.datetime(2026, 1, 1),
            "actor": pl.select(pl.format("nguoi{}", number % 50)).to_series(),
            "action": "upload.apply",
            "subject": pl.select(pl.format("batch {}", number)).to_series(),
            "detail": '{"tệp":"Báo cáo quý IV.xlsx"}',
            "previous_hash": "",
            "hash": number.cast(pl.String),
        }
    )
    with store.session(engine) as session:
        store.write_frame(session, AuditEntry, rows)

    found = journal.search(engine, actor=administrator, sought=Sought(text="bao cao 19999"), page=1)
    deep = journal.search(engine, actor=administrator, sought=Sought(actor="nguoi7"), page=3)

    assert found.entries["subject"].to_list() == ["batch 19999"]
    assert (deep.total, deep.entries.height) == (many // 50, 50)
