"""Directives and escalations on screen: given, answered, closed; asked for beside a blocker and settled."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

import words as w
from data_access import directives, store
from data_access.accounts import Person
from kpi.vocabulary import DirectiveState, EscalationState
from tests.pages.conftest import Visit

LEADER = Person("lanhdao", "leader", None)
TASK = "Trình kế hoạch thực hiện"


@pytest.fixture
def given(shown_store: sa.Engine) -> sa.Engine:
    """One directive for an agency, one for another."""
    with store.session(shown_store) as session:
        due = directives.day_of(session) + dt.timedelta(days=9)
        for agency in ("BCT", "T20"):
            directives.give(session, actor=LEADER, agency=agency, task=f"{TASK} {agency}", due_on=due)
    return shown_store


def test_a_directive_is_given_answered_and_closed_and_others_do_not_see_it(given: sa.Engine, visit: Visit) -> None:
    page = visit("scorecard", "lanhdao", agency="BCT").button(key="scorecard_give").click().run()
    page.text_area(key="give_task").input("Báo cáo lộ trình")
    page.button(key="scorecard_give").click()  # here a click runs the whole page: the dialog is opened again with it
    page.button(key="give_send").click().run()
    found = directives.read(given)
    (number,) = found.filter(task="Báo cáo lộ trình")["id"]
    assert found.filter(id=number)["agency"].item() == "BCT"

    assert not visit("directives", "langson", number=str(number)).text_area
    listed = [frame.value for frame in visit("directives", "langson").dataframe]
    assert [str(cell) for cell in listed[0].iloc[:, 0]] == [f"{TASK} T20 ›"]
    page = visit("directives", "bct", number=str(number))
    key = f"directive_{number}_0"
    page.segmented_control(key=f"{key}_kind").set_value("reported_done")
    page.text_area(key=f"{key}_text").input("Đã báo cáo")
    page.button(key=f"{key}_send").click().run()
    assert directives.read(given).filter(id=number)["state"].item() == DirectiveState.SAID_DONE
    assert not visit("directives", "dieuphoi", number=str(number)).text_area

    page = visit("directives", "lanhdao", number=str(number))
    step = directives.read(given).filter(id=number)["last_step"].item()
    page.button(key=f"directive_{number}_{step}_send").click().run()
    assert directives.read(given).filter(id=number)["state"].item() == DirectiveState.CARRIED_OUT
    page = visit("directives", "lanhdao")
    assert w.t("directives.carried_out", n="1", all="3") in page.text[0].value


def test_what_is_beyond_an_agency_is_asked_for_beside_its_blockers_and_settled(given: sa.Engine, visit: Visit) -> None:
    with given.connect() as connection:
        mine = "SELECT ref FROM agreement WHERE responsible_agency = 'BCT' ORDER BY id LIMIT 1"
        ref = connection.exec_driver_sql(mine).scalar_one()
    page = visit("agreement", "bct", ref=ref).button(key="escalate").click().run()
    page.selectbox(key="escalate_blocker").set_value(None)
    page.text_area(key="escalate_ask").input("Cho phép áp dụng quy định riêng")
    page.button(key="escalate").click()
    page.button(key="escalate_send").click().run()
    (row,) = directives.read_escalations(given).iter_rows(named=True)
    assert (row["ref"], row["state"]) == (ref, EscalationState.AWAITS_LEVEL)

    page = visit("agreement", "lanhdao", ref=ref)
    assert "escalate" not in {button.key for button in page.button}
    offered = page.button(key="agreement_give").click().run().selectbox(key="give_about").options
    assert len(offered) == 2
    assert offered[0].endswith(ref)
    page = visit("directives", "lanhdao", of="escalations", number=str(row["id"]))
    key = f"escalation_{row['id']}_0"
    page.text_area(key=f"{key}_text").input("Đồng ý")
    page.button(key=f"{key}_send").click().run()
    page = visit("directives", "lanhdao", of="escalations")
    assert page.text[0].value == w.t("directives.levels", n="1", all="1", overdue="0")
