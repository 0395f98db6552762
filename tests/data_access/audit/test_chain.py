"""The audit chain: what breaks it, and that nothing else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import audit, store
from data_access.store.models import AuditEntry


def write(engine: sa.Engine, count: int = 5) -> None:
    for number in range(count):
        with store.session(engine) as session:
            audit.write(session, actor="nga", action="test", subject=f"việc {number}", detail={"số": number})


def ids(engine: sa.Engine) -> list[int]:
    with store.session(engine, read_only=True) as session:
        return [
            int(found)
            for found in session.execute(sa.select(col(AuditEntry.id)).order_by(col(AuditEntry.id))).scalars()
        ]


def test_an_empty_chain_holds(engine: sa.Engine) -> None:
    assert audit.verify(engine) is None


def test_an_untouched_chain_holds(engine: sa.Engine) -> None:
    write(engine)

    assert audit.verify(engine) is None
    assert len(ids(engine)) == 5


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "khác"},
        {"action": "khác"},
        {"subject": "khác"},
        {"detail": "{}"},
        {"at": sa.text("'2020-01-01 00:00:00.000000'")},
        {"previous_hash": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_a_changed_entry_is_found(engine: sa.Engine, change: dict[str, object]) -> None:
    write(engine)
    third = ids(engine)[2]

    with store.session(engine) as session:
        session.execute(sa.update(AuditEntry).where(col(AuditEntry.id) == third).values(change))

    assert audit.verify(engine) == third


def test_a_removed_entry_is_found_at_the_one_after_it(engine: sa.Engine) -> None:
    write(engine)
    _, second, third, *_ = ids(engine)

    with store.session(engine) as session:
        session.execute(sa.delete(AuditEntry).where(col(AuditEntry.id) == second))

    assert audit.verify(engine) == third


def test_text_moved_from_one_field_to_the_next_is_found(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        entry = audit.write(session, actor="a", action="bc", subject="d")

    with store.session(engine) as session:
        session.execute(sa.update(AuditEntry).values(actor="ab", action="c"))

    assert audit.verify(engine) == entry.id


def test_what_was_not_committed_left_no_entry(engine: sa.Engine) -> None:
    write(engine, 1)

    def fail() -> None:
        with store.session(engine) as session:
            audit.write(session, actor="nga", action="test")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    write(engine, 1)
    assert len(ids(engine)) == 2
    assert audit.verify(engine) is None


def test_many_writers_at_once_make_one_chain(engine: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write(engine, 5), range(8)))

    assert len(ids(engine)) == 40
    assert audit.verify(engine) is None
