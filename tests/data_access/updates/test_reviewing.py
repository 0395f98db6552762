"""Uploads that wait: what is published is what was reviewed, nothing that is returned is lost, and only who may decides."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random
from collections.abc import Collection, Mapping

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import audit, register, store, updates
from data_access.acting import Person, Refused
from data_access.store import models
from data_access.updates import HandedIn, Receipt, Review
from files import reading
from kpi.update import (
    KINDS,
    Change,
    Checked,
    Current,
    Kind,
    Preview,
    Table,
    check_rows,
    compare,
    projected,
    read_table,
    table_of,
)
from kpi.update.changes import whole
from tests.conftest import shared_out
from tests.data_access.updates.test_undoing import typed_rows
from tests.data_access.updates.test_updates import (
    COORDINATOR,
    FOREIGN,
    INDUSTRY,
    LEADER,
    TODAY,
    assert_same,
    fill,
    preview_of,
    undone,
)

OTHER_COORDINATOR = Person("vpcp", "coordinator", "BNG")
ADMINISTRATOR = Person("quantri", "administrator", None)
EVERY_KIND: Mapping[Kind, updates.Route] = dict.fromkeys(KINDS, "review")


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """The register of the tests of uploads; a second coordinator and an administrator."""
    with store.session(engine) as session:
        fill(session)
        for person in (OTHER_COORDINATOR, ADMINISTRATOR):
            session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
    return engine


@pytest.fixture
def held(filled: sa.Engine) -> sa.Engine:
    """The same with every kind of change under review."""
    settle(filled, EVERY_KIND)
    return filled


def settle(engine: sa.Engine, routes: Mapping[Kind, updates.Route], actor: Person = COORDINATOR) -> None:
    with store.session(engine) as session:
        updates.write_routes(session, actor=actor, routes=routes)


def table(text: str, name: str = "tep.csv") -> Table:
    found = read_table(text.encode(), name, reader=reading.read)
    assert isinstance(found, Table), found
    return found


def handed_in(
    engine: sa.Engine, what: str | Table, actor: Person = INDUSTRY, *, corrects: int | None = None
) -> HandedIn:
    sent = table(what) if isinstance(what, str) else what
    return confirmed(engine, sent, preview_of(engine, sent, actor.agency or ""), actor, corrects=corrects)


def confirmed(
    engine: sa.Engine, sent: Table, seen: Preview, actor: Person = INDUSTRY, *, corrects: int | None = None
) -> HandedIn:
    with store.session(engine) as session:
        return updates.hand_in(session, actor=actor, table=sent, preview=seen, corrects=corrects, acknowledged=True)


def sent_for_review(engine: sa.Engine, what: str) -> int:
    number = handed_in(engine, what).waiting
    assert number is not None
    return number


def reviewed(engine: sa.Engine, batch_id: int | None) -> Review:
    found = updates.review(engine, batch_id or 0, agency=None)
    assert found is not None
    return found


def published(
    engine: sa.Engine,
    what: int | Review | None,
    actor: Person = COORDINATOR,
    *,
    only: Collection[Change] | None = None,
    reason: str = "",
) -> Receipt:
    seen = what if isinstance(what, Review) else reviewed(engine, what)
    with store.session(engine) as session:
        return updates.publish(session, actor=actor, review=seen, only=only, reason=reason)


def returned(engine: sa.Engine, batch_id: int, actor: Person = COORDINATOR, reason: str = "Thiếu căn cứ") -> None:
    with store.session(engine) as session:
        updates.send_back(session, actor=actor, batch_id=batch_id, reason=reason)


def withdrawn(engine: sa.Engine, batch_id: int, actor: Person = INDUSTRY) -> None:
    with store.session(engine) as session:
        updates.withdraw(session, actor=actor, batch_id=batch_id)


def shown(review: Review) -> tuple[Change, ...]:
    assert review.preview is not None
    return review.preview.changes


def statuses(engine: sa.Engine) -> list[tuple[int, str]]:
    return updates.list_batches(engine, None).sort("id").select("id", "status").rows()


def data_version(engine: sa.Engine) -> int:
    found = register.read_data_version(engine)
    assert found is not None
    return found.version


def actions(engine: sa.Engine) -> list[tuple[str, str, str]]:
    with store.session(engine, read_only=True) as session:
        entries = session.exec(select(models.AuditEntry).order_by(col(models.AuditEntry.id))).all()
    return [(entry.actor, entry.action, entry.subject) for entry in entries]


def row_of(engine: sa.Engine, batch_id: int) -> dict[str, object]:
    return updates.list_batches(engine, None).filter(pl.col("id") == batch_id).row(0, named=True)


# --- Returning -------------------------------------------------------------------------------------------------------


def test_returned_corrected_published_and_undone(held: sa.Engine) -> None:
    before = register.read_register(held)
    number = sent_for_review(held, "ref,current_target,target_reason\nA-1,2027-01-01,Chậm\n")

    returned(held, number, reason="Nêu rõ lý do")
    returned(held, number, reason="Nêu rõ lý do")

    row = row_of(held, number)
    assert (row["status"], row["reason"], row["reviewed_by"]) == ("returned", "Nêu rõ lý do", "dieuphoi")
    assert [action for _, action, _ in actions(held)].count("upload.return") == 1
    assert_same(register.read_register(held), before)
    back = updates.review(held, number, agency="BCT")
    assert back is not None
    corrected = back.table.with_frame(back.table.frame.with_columns(target_reason=pl.lit("Chậm giải phóng mặt bằng")))
    again = handed_in(held, corrected, corrects=number)
    assert row_of(held, again.waiting or 0)["corrects"] == number
    published(held, again.waiting)
    standing = updates.current_rows(held, "BCT").standing.row(0, named=True)
    assert (standing["current_target"], standing["target_reason"]) == (
        dt.date(2027, 1, 1),
        "Chậm giải phóng mặt bằng",
    )
    undone(held, again.waiting, COORDINATOR)
    assert_same(register.read_register(held), before)


def test_returning_needs_a_reason_and_something_that_waits(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")

    for reason in ("", "  ", "\u200b\x00"):
        with pytest.raises(Refused, match="reason_missing"):
            returned(held, number, reason=reason)
    returned(held, number)
    for actor, reason in ((COORDINATOR, "khác"), (OTHER_COORDINATOR, "Thiếu căn cứ")):
        with pytest.raises(Refused, match="already_reviewed"):
            returned(held, number, actor, reason)
    with pytest.raises(Refused, match="already_reviewed"):
        published(held, number)
    with pytest.raises(Refused, match="already_reviewed"):
        withdrawn(held, number)
    assert row_of(held, number)["reason"] == "Thiếu căn cứ"


def test_only_an_own_returned_batch_is_corrected(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    for corrects in (number, 999):
        with pytest.raises(Refused, match="not_allowed"):
            handed_in(held, table("ref,deliverable_en\nA-1,hai\n"), corrects=corrects)
    returned(held, number)

    with pytest.raises(Refused, match="not_allowed"):
        handed_in(held, table("ref,deliverable_en\nA-9,hai\n"), FOREIGN, corrects=number)

    assert statuses(held) == [(number, "returned")]


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_agencies_send_and_coordinators_decide(held: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    sent = table("ref,deliverable_en\nA-1,một\n")
    number = confirmed(held, sent, preview_of(held, sent)).waiting or 0
    before = register.read_register(held)
    seen = reviewed(held, number)
    later = table("ref,deliverable_en\nA-3,ba\n")

    pretenders = (
        Person("bct", "coordinator", None),
        Person("bct", "coordinator", "BCT"),
        Person("nobody", "coordinator", None),
    )
    for actor in (INDUSTRY, FOREIGN, LEADER, ADMINISTRATOR, *pretenders):
        with pytest.raises(Refused, match="not_allowed"):
            published(held, seen, actor)
        with pytest.raises(Refused, match="not_allowed"):
            returned(held, number, actor)
    for actor in (FOREIGN, COORDINATOR, OTHER_COORDINATOR, LEADER, ADMINISTRATOR, *pretenders):
        with pytest.raises(Refused, match="not_allowed"):
            withdrawn(held, number, actor)
        with pytest.raises(Refused, match="not_allowed"):
            confirmed(held, later, preview_of(held, later), actor)
    with pytest.raises(Refused, match="not_allowed"):
        returned(held, 999)
    with pytest.raises(Refused, match="not_allowed"):
        withdrawn(held, 999)

    assert statuses(held) == [(number, "waiting")]
    assert_same(register.read_register(held), before)
    told = [record.getMessage() for record in caplog.records if record.name == "agreements.uploads"]
    assert len(told) == 7 * 2 + 8 * 2 + 2
    assert "upload.publish of batch 1 by 'bct' refused: not_allowed" in told[0]


def test_another_agencys_batch_looks_like_none(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")

    assert updates.review(held, number, agency="BNG") is None
    assert updates.review(held, 999, agency="BCT") is None
    assert updates.review(held, number, agency="BCT") is not None
    assert updates.list_batches(held, "BNG").is_empty()


def test_a_batch_that_went_straight_in_is_not_reviewed(filled: sa.Engine) -> None:
    batch = handed_in(filled, "ref,deliverable_en\nA-1,một\n").applied

    assert batch is not None
    assert updates.review(filled, batch.batch_id or 0, agency=None) is None
    with pytest.raises(Refused, match="not_allowed"):
        returned(filled, batch.batch_id or 0)


def test_a_review_made_up_elsewhere_publishes_nothing_else(held: sa.Engine) -> None:
    """What is stored comes from the store: a review that says something else is stale."""
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    seen, foreign = reviewed(held, number), preview_of(held, table("ref,deliverable_en\nA-9,chín\n"), "BNG")
    assert seen.preview is not None
    forged = dataclasses.replace(seen.preview, changes=(dataclasses.replace(shown(seen)[0], new="khác"),))

    for preview in (forged, foreign):
        with pytest.raises(Refused, match="stale"):
            published(held, dataclasses.replace(seen, preview=preview))

    assert statuses(held) == [(number, "waiting")]


def test_agreements_that_moved_to_another_agency_meanwhile_go_back(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\nA-3,ba\n")
    with store.session(held) as session:
        agreement = session.get(models.Agreement, 1)
        assert agreement is not None
        agreement.responsible_agency = "BNG"
        session.add(agreement)

    seen = reviewed(held, number)

    assert [(problem.code, problem.row) for problem in seen.problems] == [("ref_unknown", 2)]
    assert [change.ref for change in shown(seen)] == ["A-3"]
    with pytest.raises(Refused, match="reason_missing"):
        published(held, seen)
    receipt = published(held, seen, reason="Đã chuyển cơ quan")
    assert (receipt.changes, receipt.returned) == (1, number + 1)
    back = reviewed(held, receipt.returned)
    assert [change.ref for change in back.seen] == ["A-1"]
    assert back.preview is None
    assert register.read_register(held).agreements.filter(pl.col("id") == 1)["evidence_url"].item() == ""
    with pytest.raises(Refused, match="already_reviewed"):
        published(held, seen, OTHER_COORDINATOR, reason="x")


def test_when_every_row_has_a_problem_there_is_nothing_to_publish(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    with store.session(held) as session:
        session.execute(sa.text("UPDATE agreement SET responsible_agency = 'BNG' WHERE id = 1"))

    seen = reviewed(held, number)

    assert seen.preview is None
    with pytest.raises(Refused, match="nothing_chosen"):
        published(held, seen, reason="x")
    returned(held, number)


# --- Undoing ---------------------------------------------------------------------------------------------------------


def test_later_is_what_was_stored_later(held: sa.Engine) -> None:
    """A batch that waited has a lower number than one that was stored while it did."""
    before = register.read_register(held)
    first = sent_for_review(held, "ref,report_period,progress\nA-2,2025-Q3,một\n")
    settle(held, {"report": "direct"})
    direct = handed_in(held, "ref,report_period,progress\nA-2,2025-Q3,hai\n").applied
    assert direct is not None
    seen = reviewed(held, first)
    assert seen.preview is not None
    published(held, seen.decided(seen.preview.conflicts))

    with pytest.raises(Refused) as refusal:
        undone(held, direct.batch_id)

    assert refusal.value.code == "overlaps"
    assert {overlap.batch_id for overlap in refusal.value.overlaps} == {first}
    undone(held, first, COORDINATOR)
    undone(held, direct.batch_id)
    assert_same(register.read_register(held), before)


def test_what_waits_or_was_returned_cannot_be_undone(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    with pytest.raises(Refused, match="not_applied"):
        undone(held, number)

    returned(held, number)

    with pytest.raises(Refused, match="not_applied"):
        undone(held, number)


# --- Property --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@shared_out(2)
def test_whatever_waits_is_published_as_reviewed_and_can_be_taken_back(filled: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    before = register.read_register(filled)
    stored: list[int] = []
    waiting: list[int] = []
    templates = [updates.current_rows(filled, "BCT")]
    for _ in range(4):
        settle(filled, {kind: chance.choice(("direct", "review", "review")) for kind in KINDS})
        done = sent_at_random(filled, chance, templates)
        stored += [done.applied.batch_id] if done.applied is not None and done.applied.batch_id is not None else []
        waiting += [] if done.waiting is None else [done.waiting]
    chance.shuffle(waiting)
    for number in waiting:
        seen = reviewed(filled, number)
        again = reviewed(filled, number)
        assert (seen.problems, seen.gone) == (again.problems, again.gone)
        if seen.preview is None or not seen.preview.changes:
            returned(filled, number)
            continue
        assert shown(seen) == shown(again)
        mine = seen.decided(seen.preview.conflicts)
        picked = chance.sample(shown(seen), chance.randrange(1, len(shown(seen)) + 1))
        chosen = whole(shown(seen), picked) if chance.random() < 0.5 else frozenset(shown(seen))

        expected = projected(register.read_register(filled), seen.preview)
        receipt = published(filled, mine, only=chosen, reason="Thiếu căn cứ")

        if len(chosen) == len(shown(seen)):
            assert_same(register.read_register(filled), expected)
        kept = updates.read_changes(filled, number, agency="BCT")
        told = {(c.row, c.column, c.old, c.new) for c in chosen}
        assert set(kept.select("source_row", "column", "old", "new").iter_rows()) == told
        assert (receipt.returned is not None) == (len(chosen) < len(shown(seen)) or bool(seen.problems))
        stored.append(number)
    while stored:
        left = [number for number in stored if not is_undone(filled, number)]
        assert len(left) < len(stored), "batches that stand in each other's way"
        stored = left
    assert_same(register.read_register(filled), before)
    assert audit.verify(filled) is None


def sent_at_random(engine: sa.Engine, chance: random.Random, templates: list[Current]) -> HandedIn:
    """Hand in a file filled into one of the templates taken so far; the file's values hold where others changed the same."""
    current = updates.current_rows(engine, "BCT")
    templates.append(current)
    while True:
        sent = table_of(typed_rows(chance.choice(templates), chance), name="biểu mẫu")
        checked = check_rows(sent, current, today=TODAY)
        if not isinstance(checked, Checked):
            continue
        seen = compare(checked, current)
        done = confirmed(engine, sent, seen.decided(seen.conflicts))
        review = None if done.waiting is None else reviewed(engine, done.waiting)
        assert (0 if done.applied is None else done.applied.changes) + len(review.seen if review else ()) == len(
            seen.changes
        )
        if review is not None and review.preview is not None:
            assert shown(review) == review.seen
            assert review.preview.conflicts == ()
        return done


def is_undone(engine: sa.Engine, batch_id: int) -> bool:
    try:
        undone(engine, batch_id, COORDINATOR)
    except Refused as refusal:
        if refusal.code != "overlaps":
            raise
        return False
    return True


def test_what_is_kept_of_an_upload_is_json(held: sa.Engine) -> None:
    number = sent_for_review(held, 'ref,deliverable_en,evidence_url\nA-1,"=1+1\nđ",[xóa]\nA-3,x,\n')

    with store.session(held, read_only=True) as session:
        kept = session.get(models.UploadSubmission, number)
    assert kept is not None
    content, seen = json.loads(kept.content), json.loads(kept.seen)
    assert content["columns"] == ["ref", "deliverable_en", "row_version"]
    assert content["rows"] == [[2, "A-1", "=1+1\nđ", "1"], [3, "A-3", "x", "1"]]
    assert seen["changes"][0] == ["1", "A-1", 1, "deliverable_en", "", None, "=1+1\nđ", 2]
    assert seen["versions"] == {"1": 1, "3": 1}
    assert seen["days"] == {}
