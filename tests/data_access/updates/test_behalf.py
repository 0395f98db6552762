"""A coordinator hands in for an agency that cannot, and neither publishes that nor verifies for the agency."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import store, updates, verification
from data_access.acting import Person, Refused
from data_access.documents import Document
from data_access.verification import Claim
from tests.data_access.updates.test_reviewing import (
    OTHER_COORDINATOR,
    confirmed,
    filled,
    held,
    published,
    returned,
    row_of,
    statuses,
    table,
    withdrawn,
)
from tests.data_access.updates.test_updates import COORDINATOR, FOREIGN, INDUSTRY, LEADER, preview_of

__all__ = ["filled", "held"]  # fixtures, which pytest finds by their names here

FOR_INDUSTRY = dataclasses.replace(COORDINATOR, acts_for="BCT")
TEXT = "ref,deliverable_en\nA-1,one\n"


def handed_in(engine: sa.Engine, actor: Person, text: str = TEXT, agency: str = "BCT") -> updates.HandedIn:
    sent = table(text)
    return confirmed(engine, sent, preview_of(engine, sent, agency), actor)


def test_what_goes_straight_in_is_the_agency_s_under_the_name_of_who_brought_it(filled: sa.Engine) -> None:
    done = handed_in(filled, FOR_INDUSTRY)

    assert done.applied is not None
    row = row_of(filled, done.applied.batch_id or 0)
    assert (row["username"], row["agency"], row["status"]) == ("dieuphoi", "BCT", "applied")
    texts = dict(updates.current_rows(filled, "BCT").agreements.select("ref", "deliverable_en").iter_rows())
    assert texts["A-1"] == "one"


def test_who_hands_in_does_not_publish_it_and_takes_back_only_that(held: sa.Engine) -> None:
    own = handed_in(held, INDUSTRY).waiting or 0
    withdrawn(held, own)
    theirs = handed_in(held, INDUSTRY, "ref,deliverable_en\nA-2,two\n").waiting or 0
    number = handed_in(held, FOR_INDUSTRY).waiting or 0

    for actor in (COORDINATOR, FOR_INDUSTRY):
        with pytest.raises(Refused, match="own_batch"):
            published(held, number, actor)
    with pytest.raises(Refused, match="not_allowed"):
        withdrawn(held, theirs, FOR_INDUSTRY)
    with pytest.raises(Refused, match="not_allowed"):
        withdrawn(held, number, COORDINATOR)
    published(held, number, OTHER_COORDINATOR)
    second = handed_in(held, FOR_INDUSTRY, "ref,deliverable_en\nA-1,three\n").waiting or 0
    withdrawn(held, second, FOR_INDUSTRY)
    third = handed_in(held, FOR_INDUSTRY, "ref,deliverable_en\nA-1,four\n").waiting or 0
    returned(held, third, OTHER_COORDINATOR)

    assert dict(statuses(held)) == {
        own: "withdrawn",
        theirs: "waiting",
        number: "applied",
        second: "withdrawn",
        third: "returned",
    }


@pytest.mark.parametrize(
    "actor",
    [
        COORDINATOR,
        dataclasses.replace(COORDINATOR, acts_for="BNG"),
        dataclasses.replace(COORDINATOR, acts_for="nobody"),
        dataclasses.replace(LEADER, acts_for="BCT"),
        dataclasses.replace(FOREIGN, acts_for="BCT"),
        dataclasses.replace(INDUSTRY, role="coordinator", acts_for="BCT"),
    ],
    ids=["for nobody", "for another", "for none there is", "a leader", "another agency", "a role typed"],
)
def test_nobody_else_hands_in_for_an_agency(filled: sa.Engine, actor: Person) -> None:
    with pytest.raises(Refused, match="not_allowed"):
        handed_in(filled, actor)

    assert statuses(filled) == []


def test_who_handed_in_for_an_agency_does_not_verify_for_it(filled: sa.Engine) -> None:
    """To take back what others brought is no handing in."""
    event = updates.current_rows(filled, "BCT").standing.row(0, named=True)
    claim = Claim(event["agreement_id"], event["state"], event["state_since"])

    def record(actor: Person) -> None:
        paper = Document("12/KL-TTCP", "Thanh tra Chính phủ", dt.date(2025, 10, 2))
        with store.session(filled) as session:
            verification.record(session, actor=actor, claim=claim, verdict="confirmed", document=paper)

    done = handed_in(filled, FOR_INDUSTRY)
    assert done.applied is not None
    with store.session(filled) as session:
        updates.undo(session, actor=OTHER_COORDINATOR, batch_id=done.applied.batch_id or 0)

    with pytest.raises(Refused, match="own_agency"):
        record(COORDINATOR)
    record(OTHER_COORDINATOR)
