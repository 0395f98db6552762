"""Published scorecards on screen: a draft is commented on by an agency, published by the coordinator, read by everybody."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import publications, store
from data_access.acting import Person
from data_access.clock import today
from data_access.register import read_data_version
from data_access.store import models
from kpi.vocabulary import Scope
from tests.data_access.sampled import COORDINATOR
from tests.pages.conftest import Visit


@pytest.fixture
def number(shown_store: sa.Engine) -> int:
    """A draft of the register's day."""
    version = read_data_version(shown_store)
    assert version is not None
    assert version.data_date is not None
    worked_out = publications.work_out(
        shown_store,
        as_of=version.data_date,
        known_on=today(None) - dt.timedelta(days=1),
        scope=Scope.HIGH_LEVEL,
    )
    with store.session(shown_store) as session:
        return publications.draft(session, actor=COORDINATOR, drafted=worked_out)


def tables_of(page: AppTest) -> str:
    return "".join(frame.value.to_string() for frame in page.dataframe)


def test_a_draft_is_commented_on_published_and_read_beside_the_light(
    shown_store: sa.Engine, number: int, visit: Visit
) -> None:
    page = visit("publications", "dieuphoi")
    assert not page.exception
    assert page.button(key=f"publication_publish_{number}").disabled
    own = visit("publications", "bct")
    agreed = own.button(key=f"publication_agree_{number}").click().run()
    assert not agreed.exception
    with store.session(shown_store) as session:
        bct = session.get_one(models.User, "bct")
        actor = Person(bct.username, bct.role, bct.agency)
        publications.comment(session, actor=actor, number=number, agrees=False, text="Chưa *đúng*", of_kpi="K02")
    assert publications.read(shown_store)["dissents"].to_list() == [1]
    assert "Chưa *đúng*" in tables_of(visit("publications", "bct", agency="BCT"))
    assert "Chưa *đúng*" not in tables_of(visit("publications", "langson", agency="BCT"))

    with store.session(shown_store) as session:
        held = session.get_one(models.Publication, number)
        held.comments_due_on = today(None) - dt.timedelta(days=1)
    page = visit("publications", "dieuphoi").button(key=f"publication_publish_{number}").click().run()
    assert [said.value for said in page.success]
    assert publications.verify(shown_store, number).holds

    read = visit("scorecard", "lanhdao", agency="BCT")
    assert any("Chưa \\*đúng\\*" in text.value for text in read.markdown)


def test_without_any_it_says_who_makes_them(browsed_store: sa.Engine, visit: Visit) -> None:
    page = visit("publications", "lanhdao")
    assert not page.exception
    assert not [button for button in page.button if str(button.key).startswith("publication")]
    assert visit("publications", "dieuphoi").button(key="publication_new")
