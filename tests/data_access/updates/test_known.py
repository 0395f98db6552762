"""What was known on a day stays as it was, whatever is handed in, published, corrected or taken back afterwards."""

from __future__ import annotations

import datetime as dt
import random
import types
from collections.abc import Callable

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal

from data_access import coordination, known, register, store, unresolved_names
from data_access.store import models
from data_access.store.models import base
from kpi import facts
from kpi.register import DECLARED
from tests.conftest import shared_out
from tests.data_access.updates.test_reviewing import held, published, sent_for_review
from tests.data_access.updates.test_updates import COORDINATOR, EVERYTHING, TODAY, applied, filled, undone

__all__ = ["filled", "held"]  # fixtures, which pytest finds by their names here

DAY = dt.timedelta(days=1)
YESTERDAY = TODAY - DAY
DAYS = [dt.date(2025, 6, 30), dt.date(2026, 1, 14), YESTERDAY, TODAY, TODAY + 400 * DAY]
Move = Callable[[int], None]


@pytest.fixture
def days_pass(monkeypatch: pytest.MonkeyPatch) -> Move:
    """Sets the clock of the store so many days on."""
    began = vars(base)["dt"].datetime

    def move(days: int) -> None:
        shown = types.SimpleNamespace(now=lambda zone: began.now(zone) + days * DAY)
        monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))

    return move


def frames_of(engine: sa.Engine, known_on: dt.date | None) -> dict[str, pl.DataFrame]:
    """Every frame of the register and of its facts as of several days, as known on one; what was registered and has no event is
    nowhere counted, and left out. Made of the register as it is known now, the past is the same."""
    found = register.read_register(engine, known_on=known_on)
    if known_on is not None:
        made = register.read_register(engine, known_on=known_on, now=register.read_register(engine))
        for name in DECLARED:
            assert_frame_equal(getattr(made, name), getattr(found, name))
    there = found.status_events["agreement_id"].unique().implode()
    frames = {name: getattr(found, name) for name in DECLARED}
    frames["agreements"] = frames["agreements"].filter(pl.col("id").is_in(there))
    frames["agreement_partners"] = frames["agreement_partners"].filter(pl.col("agreement_id").is_in(there))
    history = facts.History.of(found)
    for day in DAYS:
        of_day = facts.build(history, day, register.read_rules(engine, day, known_on=known_on))
        frames |= {
            f"{day} {name}": getattr(of_day, name) for name in ("agreements", "reports", "blockers", "verifications")
        }
    return frames


def assert_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for name, frame in one.items():
        assert_frame_equal(frame, other[name], check_row_order=True)


def test_without_anything_new_today_is_now(filled: sa.Engine) -> None:
    applied(filled, EVERYTHING)

    assert_same(frames_of(filled, TODAY), frames_of(filled, None))


def test_what_was_known_yesterday_is_the_same_before_and_after_an_upload_and_its_undoing(
    filled: sa.Engine, days_pass: Move
) -> None:
    earlier = applied(filled, "ref,evidence_url,deliverable_vi\nA-2,https://x.vn/1,một\n").batch_id
    days_pass(1)
    before = frames_of(filled, TODAY)
    assert_same(before, frames_of(filled, None))

    batch = applied(filled, EVERYTHING).batch_id

    assert_same(frames_of(filled, TODAY), before)
    assert not frames_of(filled, None)["reports"].equals(before["reports"])
    for gone in (batch, earlier):
        undone(filled, gone, COORDINATOR)
        assert_same(frames_of(filled, TODAY), before)
    now = register.read_register(filled)
    assert now.agreements.filter(ref="A-2")["evidence_url"].to_list() != ["https://x.vn/1"]


@shared_out(4)
def test_every_evening_stays_as_it_was(filled: sa.Engine, days_pass: Move, seed: int) -> None:
    chance = random.Random(seed)
    files = [
        EVERYTHING,
        "ref,report_period,content,difficulties\nA-2,2025-Q3,một,hai\n",
        "ref,evidence_url\nA-1,https://x.vn/{n}\nA-2,https://x.vn/{n}\n",
        "ref,current_target,target_reason\nA-1,2027-0{n}-01,x\n",
        "ref,report_period,report_date,shows_progress,progress\nA-3,2025-Q4,2026-01-1{n},không,{n}\n",
    ]
    chance.shuffle(files)
    done: list[int] = []
    evenings: dict[dt.date, dict[str, pl.DataFrame]] = {}
    for number, text in enumerate(files):
        days_pass(number)
        done.append(applied(filled, text.replace("{n}", str(number + 1))).batch_id or 0)
        if chance.random() < 0.5:
            undone(filled, done.pop(), COORDINATOR)
        evenings[TODAY + number * DAY] = frames_of(filled, None)

    days_pass(9)
    for batch in reversed(done):
        undone(filled, batch, COORDINATOR)

    for day, evening in evenings.items():
        assert_same(frames_of(filled, day), evening)


def test_what_waited_is_known_from_its_publication(held: sa.Engine, days_pass: Move) -> None:
    number = sent_for_review(held, EVERYTHING)
    before = frames_of(held, None)
    days_pass(2)

    published(held, number)

    assert_same(frames_of(held, TODAY), before)
    assert_same(frames_of(held, TODAY + DAY), before)
    assert_same(frames_of(held, TODAY + 2 * DAY), frames_of(held, None))


def test_who_was_responsible_is_known_as_it_was(filled: sa.Engine, days_pass: Move) -> None:
    with store.session(filled) as session:
        session.execute(
            sa.update(models.Agreement)
            .where(sa.column("ref") == "A-4")
            .values(responsible_agency=None, responsible_as_given="Bộ A")
        )

    def agency(known_on: dt.date | None) -> str | None:
        found: str | None = (
            register.read_register(filled, known_on=known_on).agreements.filter(ref="A-4")["responsible_agency"].item()
        )
        return found

    days_pass(1)
    with store.session(filled) as session:
        unresolved_names.assign_name(session, actor=COORDINATOR, text="Bộ A", agency="BNG", seen=1)
    days_pass(3)
    with store.session(filled) as session:
        unresolved_names.release_name(session, actor=COORDINATOR, text="Bộ A")

    assert [agency(TODAY + days * DAY) for days in range(5)] == [None, "BNG", "BNG", None, None]
    assert agency(None) is None


def test_a_rule_settled_later_was_not_in_force(filled: sa.Engine, days_pass: Move) -> None:
    before = register.read_rules(filled, TODAY)
    days_pass(1)
    with store.session(filled) as session:
        coordination.set_threshold(
            session, actor=COORDINATOR, name="grace_days", value=10, effective_on=TODAY, seen=before.grace_days
        )

    assert register.read_rules(filled, TODAY).grace_days == 10
    assert register.read_rules(filled, TODAY, known_on=TODAY) == before


def test_a_dossier_is_what_was_known_of_the_agreement(filled: sa.Engine, days_pass: Move) -> None:
    days_pass(1)
    batch = applied(filled, EVERYTHING).batch_id
    days_pass(2)
    undone(filled, batch, COORDINATOR)

    def told(known_on: dt.date) -> tuple[int, int, list[str], int]:
        found = register.read_agreement(filled, 1, known_on=known_on)
        assert found is not None
        standing = found.events.filter(pl.col("retracted_at").is_null())
        return standing.height, found.targets.height, found.agreement["deliverable_vi"].to_list(), found.changes.height

    first, second, third = (told(TODAY + days * DAY) for days in range(3))
    assert second[0] == first[0] + 1
    assert second[2] == ["mới"]
    assert third[0] == first[0]
    assert third[2] == first[2]
    assert first[3] == 0 < second[3] < third[3]


def test_the_first_day_that_can_be_asked_for_is_that_of_the_first_receipt(filled: sa.Engine) -> None:
    with store.snapshot(filled) as read:
        assert known.read_first_receipt(read) == TODAY
    assert register.read_register(filled, known_on=YESTERDAY).agreements.is_empty()
