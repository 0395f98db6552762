"""What falls due on screen: a directive given a moment ago is there, for its agency and whoever sees all."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from data_access import directives, store
from data_access.acting import Person
from data_access.store import models
from tests.pages.conftest import Visit


def test_what_was_just_directed_falls_due(shown_store: sa.Engine, visit: Visit) -> None:
    before = visit("due", "bct")
    with store.session(shown_store) as session:
        leader = session.get_one(models.User, "lanhdao")
        directives.give(
            session,
            actor=Person(leader.username, leader.role, leader.agency),
            agency="BCT",
            about="on_agency",
            task="Báo cáo tiến độ",
            due_on=dt.date(2026, 1, 19),
        )
    told = {name: [text.value for text in visit("due", name).markdown] for name in ("bct", "lanhdao", "langson")}

    assert not before.exception
    assert not [text.value for text in before.markdown if "nhiệm vụ" in text.value]
    assert [text for text in told["bct"] if "1 nhiệm vụ phải thực hiện" in text]
    assert [text for text in told["lanhdao"] if "1 nhiệm vụ phải thực hiện" in text]
    assert not [text for text in told["langson"] if "nhiệm vụ" in text]
