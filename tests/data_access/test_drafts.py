"""Drafts: kept for their account alone, few, for some days, and gone when they are handed in or thrown away."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, drafts, store
from data_access.acting import Person, Refused
from data_access.drafts import Content, Draft, Kept
from data_access.store.models import UploadDraft, UploadDraftFile, User, utc_now
from files import reading
from kpi.update import Table, read_table
from tests.data_access.updates.test_updates import COORDINATOR, FOREIGN, INDUSTRY, LEADER, fill

COLLEAGUE = Person("bct2", "agency", "BCT")
ADMINISTRATOR = Person("quantri", "administrator", None)
FOR_INDUSTRY = dataclasses.replace(COORDINATOR, acts_for="BCT")
TEXT = "STT;ref;Ghi chú;deliverable_vi\n1;A-1;x;'=SUM(1)\n2;A-2;y;hai\n"
Environ = Callable[..., None]


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        fill(session)
        for person in (COLLEAGUE, ADMINISTRATOR):
            session.add(User(**dataclasses.asdict(person) | {"acts_for": None}, password_hash="x"))
    return engine


def table(text: str = TEXT) -> Table:
    found = read_table(text.encode(), "tep.csv", reader=reading.read)
    assert isinstance(found, Table), found
    return found


def kept(
    engine: sa.Engine,
    typed: str = "{}",
    *,
    actor: Person = INDUSTRY,
    of: Kept | None = None,
    now: dt.datetime | None = None,
    read: Table | None = None,
    name: str = "A-1",
    corrections: int = 2,
) -> Kept:
    content = Content("form" if read is None else "file", name, typed, corrections, table=read)
    with store.session(engine) as session:
        draft_id, revision = (None, 0) if of is None else (of.id, of.revision)
        return drafts.keep(session, actor=actor, content=content, draft_id=draft_id, revision=revision, now=now)


def thrown_away(engine: sa.Engine, draft_id: str, actor: Person = INDUSTRY) -> None:
    with store.session(engine) as session:
        drafts.throw_away(session, actor=actor, draft_id=draft_id)


def own(engine: sa.Engine, actor: Person = INDUSTRY, now: dt.datetime | None = None) -> list[Draft]:
    return drafts.read_own(engine, actor=actor, now=now)


def held(engine: sa.Engine) -> int:
    """Rows of drafts and of their files, whosever they are."""
    with store.session(engine, read_only=True) as session:
        return sum(len(session.execute(sa.select(model)).all()) for model in (UploadDraft, UploadDraftFile))


def test_what_is_kept_comes_back_as_it_was_until_it_is_thrown_away(filled: sa.Engine) -> None:
    sent = table()
    begun = kept(filled, "typed \ud800", read=sent, name="tệp\0 của tôi.csv")
    changed = kept(filled, "more", of=begun)

    (draft,) = own(filled)
    assert (draft.id, draft.revision, draft.way, draft.name, draft.corrections) == (
        *(changed.id, 2, "file", "tệp của tôi.csv", 2),
    )
    opened = drafts.open_draft(filled, actor=INDUSTRY, draft_id=draft.id)
    assert opened.typed == "more"
    assert opened.table is not None
    assert opened.table.frame.equals(sent.frame)
    fields = {field.name for field in dataclasses.fields(Table)} - {"frame", "is_cleaned"}
    assert {name: getattr(opened.table, name) for name in fields} == {name: getattr(sent, name) for name in fields}

    thrown_away(filled, draft.id)
    assert own(filled) == []
    assert held(filled) == 0


def test_a_draft_is_read_changed_and_thrown_away_by_its_account_alone(filled: sa.Engine) -> None:
    begun = kept(filled, read=table())
    others = (COLLEAGUE, FOREIGN, COORDINATOR, FOR_INDUSTRY, LEADER, ADMINISTRATOR, Person("bct", "agency", "BNG"))
    for actor in others:
        assert own(filled, actor) == []
        with pytest.raises(Refused, match=r"draft_gone|not_allowed"):
            drafts.open_draft(filled, actor=actor, draft_id=begun.id)
        with pytest.raises(Refused, match=r"draft_gone|not_allowed"):
            thrown_away(filled, begun.id, actor)
        with pytest.raises(Refused, match=r"draft_gone|not_allowed"):
            kept(filled, "theirs", actor=actor, of=begun)

    assert drafts.open_draft(filled, actor=INDUSTRY, draft_id=begun.id).typed == "{}"


@pytest.mark.postgresql
def test_postgresql_shows_an_account_no_draft_of_a_colleague_whatever_is_asked_for(
    postgresql_engine: sa.Engine,
) -> None:
    with store.session(postgresql_engine) as session:
        fill(session)
        session.add(User(**dataclasses.asdict(COLLEAGUE) | {"acts_for": None}, password_hash="x"))
    kept(postgresql_engine, read=table())
    for name, seen in (("bct", 1), ("bct2", 0)):
        with store.session(postgresql_engine) as session:
            store.act_for(session, "BCT")
            store.own_drafts_only(session, name)
            for model in (UploadDraft, UploadDraftFile):
                assert len(session.execute(sa.select(model)).all()) == seen


def test_a_coordinator_has_drafts_of_their_own_by_agency(filled: sa.Engine) -> None:
    begun = kept(filled, actor=FOR_INDUSTRY)

    assert [draft.agency for draft in own(filled, FOR_INDUSTRY)] == ["BCT"]
    assert [draft.agency for draft in own(filled, COORDINATOR)] == ["BCT"]
    assert own(filled, dataclasses.replace(COORDINATOR, acts_for="BNG")) == []
    thrown_away(filled, begun.id, COORDINATOR)


def test_two_windows_do_not_overwrite_each_other(filled: sa.Engine) -> None:
    begun = kept(filled, "one")
    kept(filled, "two", of=begun)

    with pytest.raises(Refused, match="draft_gone"):
        kept(filled, "three", of=begun)


def test_drafts_are_few_and_the_oldest_gives_way(filled: sa.Engine) -> None:
    at = utc_now() - dt.timedelta(hours=1)
    made = [kept(filled, now=at + dt.timedelta(minutes=number), read=table()) for number in range(drafts.MOST + 2)]
    kept(filled, actor=FOREIGN)

    assert [draft.id for draft in own(filled)] == [one.id for one in reversed(made[2:])]
    assert held(filled) == 2 * drafts.MOST + 1


def test_a_file_sent_again_before_anything_was_put_right_is_one_draft(filled: sa.Engine) -> None:
    kept(filled, read=table())
    for _ in range(2):
        again = kept(filled, read=table(), corrections=0)

    assert [(draft.id, draft.corrections) for draft in own(filled)][:1] == [(again.id, 0)]
    assert len(own(filled)) == 2


def test_an_account_has_room_for_so_many_bytes(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_MAX_MB", "1")
    large = "x" * (2 * 1024 * 1024)
    at = utc_now() - dt.timedelta(hours=1)
    made = [kept(filled, large, now=at + dt.timedelta(minutes=number)) for number in range(3)]

    assert [draft.id for draft in own(filled)] == [made[2].id, made[1].id]
    with pytest.raises(Refused, match="draft_too_large"):
        kept(filled, large * 3)
    kept(filled, large + large, of=made[2])
    assert [draft.id for draft in own(filled)] == [made[2].id]


def test_drafts_expire_and_go_when_the_next_one_is_begun(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAFT_DAYS", "3")
    begun = utc_now() - dt.timedelta(days=3, minutes=1)
    old = kept(filled, now=begun, read=table())
    kept(filled, actor=FOREIGN, now=begun)

    assert own(filled) == []
    assert own(filled, now=begun + dt.timedelta(days=2)) != []
    with pytest.raises(Refused, match="draft_gone"):
        drafts.open_draft(filled, actor=INDUSTRY, draft_id=old.id)
    assert held(filled) == 3
    kept(filled)
    assert held(filled) == 1

    monkeypatch.setenv("DRAFT_DAYS", "0")
    assert not drafts.are_kept()
    assert own(filled) == []


def test_closing_an_account_deletes_its_drafts(filled: sa.Engine) -> None:
    kept(filled, read=table())

    with store.session(filled) as session:
        accounts.disable_user(session, actor="test", username="bct")

    assert held(filled) == 0


def test_rights_taken_away_close_the_drafts(filled: sa.Engine) -> None:
    begun = kept(filled)
    with store.session(filled) as session:
        session.execute(sa.update(User).where(col(User.username) == "bct").values(agency="BNG"))
    now_foreign = Person("bct", "agency", "BNG")

    assert own(filled) == []
    assert own(filled, now_foreign) == []
    with pytest.raises(Refused, match="draft_gone"):
        drafts.open_draft(filled, actor=now_foreign, draft_id=begun.id)
