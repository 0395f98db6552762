"""Names of agencies assigned and released by the coordinator: by nobody else, and what an agency has updated stays with it."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import audit, changed, register, store, unresolved_names
from data_access.acting import Person, Refused
from data_access.store import models
from kpi import facts
from kpi.vocabulary import UNASSIGNED
from tests.data_access.test_coordination import (
    DATA_DATE,
    OTHERS,
    Change,
    D,
    assert_declined,
    done,
    filled,
)

__all__ = ["filled"]  # a fixture, which pytest finds by its name here


@pytest.fixture
def named(filled: sa.Engine) -> sa.Engine:
    """Two agreements whose agency is given in the same words, one in others, one in none."""
    with store.session(filled) as session:
        for number, words in ((1, "Bộ Thương nghiệp"), (2, "Bộ Thương nghiệp"), (3, "bộ thương nghiệp"), (4, "")):
            session.add(
                models.Agreement(
                    id=number, ref=f"A-{number}", title_vi="a", title_en="a", scope="LOCAL", responsible_as_given=words
                )
            )
        session.add(
            models.Agency(
                key="OLD", code="OLD", kind="ministry", abbr_vi="o", abbr_en="o", name_vi="o", name_en="o",
                valid_to=D(2025, 2, 28),
            )
        )  # fmt: skip
    return filled


def assign(text: str = "Bộ Thương nghiệp", agency: str = "BCT", seen: int = 2) -> Change:
    return lambda session, actor: unresolved_names.assign_name(
        session, actor=actor, text=text, agency=agency, seen=seen
    )


def release(text: str = "Bộ Thương nghiệp") -> Change:
    return lambda session, actor: unresolved_names.release_name(session, actor=actor, text=text)


def agencies_on(engine: sa.Engine, day: dt.date) -> list[str]:
    return facts.build(register.read_register(engine), day).agreements["agency"].to_list()


def responsible(engine: sa.Engine) -> list[tuple[str | None, str, int]]:
    agreement = models.Agreement
    with store.session(engine, read_only=True) as session:
        rows = session.exec(select(agreement).order_by(sa.text("id")))
        return [(row.responsible_agency, row.responsible_as_given, row.row_version) for row in rows]


def test_a_name_is_assigned_to_all_agreements_that_have_it_and_released_again(named: sa.Engine) -> None:
    before = responsible(named)

    version = done(named, assign())

    words = "Bộ Thương nghiệp"
    assert version == 6
    assert responsible(named) == [("BCT", words, 2), ("BCT", words, 2), *before[2:]]
    assert unresolved_names.read_assigned_names(named).rows() == [(words, "BCT", 2)]
    assert unresolved_names.read_names_as_given(named)["agreement_id"].to_list() == [3]

    done(named, release())

    assert responsible(named) == [(None, words, 3), (None, words, 3), *before[2:]]
    assert unresolved_names.read_assigned_names(named).is_empty()
    assert audit.verify(named) is None
    assert_declined(named, release(), "no_change")


def test_a_name_assigned_changes_no_past_day(named: sa.Engine) -> None:
    with store.session(named) as session:
        for number in (1, 2):
            session.add(models.StatusEvent(agreement_id=number, state="SIGNED", effective_on=D(2025, 5, 5)))
    eve = DATA_DATE - dt.timedelta(days=1)
    before = agencies_on(named, eve)
    assert before == [UNASSIGNED, UNASSIGNED]

    done(named, assign())

    assert (agencies_on(named, eve), agencies_on(named, DATA_DATE)) == (before, ["BCT", "BCT"])
    assert changed.NAME not in changed.read_touched(named, eve)["cause"]
    assert changed.NAME in changed.read_touched(named, DATA_DATE)["cause"]

    done(named, release())

    assert agencies_on(named, DATA_DATE) == before
    assert register.read_register(named).handovers.is_empty()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (assign(agency="XYZ"), "no_such_agency"),
        (assign(agency="OLD"), "no_such_agency"),
        (assign(seen=3), "not_as_seen"),
        (assign(text="", seen=1), "not_as_seen"),
        (assign(text="Bộ khác", seen=0), "not_as_seen"),
        (release(), "no_change"),
    ],
)
def test_what_cannot_be_assigned_or_released_is_declined(named: sa.Engine, change: Change, code: str) -> None:
    assert_declined(named, change, code)
    assert {agency for agency, *_ in responsible(named)} == {None}


def test_an_agreement_its_agency_has_updated_since_stays_with_it(named: sa.Engine) -> None:
    done(named, assign())
    with store.session(named) as session:
        row = session.get(models.Agreement, 2)
        assert row is not None
        row.row_version += 1

    assert_declined(named, release(), "changed_since")
    assert [agency for agency, *_ in responsible(named)] == ["BCT", "BCT", None, None]


@pytest.mark.parametrize("actor", OTHERS)
def test_only_a_coordinator_assigns_and_releases_names(named: sa.Engine, actor: Person) -> None:
    done(named, assign())

    for change in (assign("bộ thương nghiệp", seen=1), release()):
        with pytest.raises(Refused):
            done(named, change, actor)

    assert unresolved_names.read_assigned_names(named).height == 1
