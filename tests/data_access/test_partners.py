"""The list of partners, changed by the coordinator: no figure moves, no name becomes two partners', and all can be taken back."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from data_access import audit, coordination, partners, register, store
from data_access.acting import Person, Refused
from data_access.partners import Entry
from data_access.store import models
from kpi import facts
from kpi.rules import Rules
from tests.data_access.test_coordination import COORDINATOR, OTHERS, Change, done
from tests.pages import stores

TEXAS = Entry("SUB-US-TX", "Bang Texas (Hoa Kỳ)", "Texas (United States)", "subnational", under="US")
BANK = Entry("ORG-X1", "Ngân hàng Sông Mây", "Cloud River Bank", "organisation", "Multilateral")


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    stores.fill(engine, count=12)
    with store.session(engine) as session:
        for who in (COORDINATOR, *OTHERS):
            session.add(models.User(username=who.username, role=who.role, agency=who.agency, password_hash="x"))
    return engine


def add(entry: Entry) -> Change:
    return lambda session, actor: partners.add(session, actor=actor, entry=entry)


def rename(code: str, name_vi: str, name_en: str) -> Change:
    return lambda session, actor: partners.rename(session, actor=actor, code=code, name_vi=name_vi, name_en=name_en)


def remove(code: str) -> Change:
    return lambda session, actor: partners.remove(session, actor=actor, code=code)


def call(code: str, name: str) -> Change:
    return lambda session, actor: partners.call_also(session, actor=actor, code=code, name=name)


def uncall(code: str, name: str) -> Change:
    return lambda session, actor: partners.call_no_more(session, actor=actor, code=code, name=name)


def figures(engine: sa.Engine) -> list[object]:
    """What every figure of the day is counted from."""
    built = facts.build(register.read_register(engine), stores.AS_OF, Rules())
    return [frame.rows() for frame in vars(built).values() if hasattr(frame, "rows")]


def listed(engine: sa.Engine) -> list[tuple[object, ...]]:
    return partners.read(engine).rows()


def test_what_is_changed_moves_no_figure_and_is_taken_back_whole(filled: sa.Engine) -> None:
    list_before, figures_before = listed(filled), figures(filled)
    assert figures_before

    for change in (add(TEXAS), add(BANK), call("ORG-X1", "CRB"), rename("JP", "Nhật Bản quốc", "State of Japan")):
        done(filled, change)

    now = {row["code"]: row for row in partners.read(filled).to_dicts()}
    assert (now["SUB-US-TX"]["region"], now["SUB-US-TX"]["counts_under"]) == (now["US"]["region"], "US")
    assert now["ORG-X1"]["also"] == "CRB"
    assert {"Nhật Bản", "Japan"} <= set(str(now["JP"]["also"]).split("; "))
    assert figures(filled) == figures_before
    told = json.loads(coordination.read_settled(filled)["detail"][0])
    assert told == {"JP": {"partner": "Nhật Bản", "name": "Nhật Bản quốc", "name_en": ["Japan", "State of Japan"]}}

    undo = (
        *(rename("JP", "Nhật Bản", "Japan"), uncall("JP", "Nhật Bản quốc"), uncall("JP", "State of Japan")),
        *(uncall("ORG-X1", "CRB"), remove("ORG-X1"), remove("SUB-US-TX")),
    )
    for change in undo:
        done(filled, change)

    assert (listed(filled), figures(filled)) == (list_before, figures_before)
    assert coordination.read_settled(filled).height == 10
    assert audit.verify(filled) is None


def test_what_cannot_be_is_refused_and_nothing_stored(filled: sa.Engine) -> None:
    before = listed(filled)
    refused: tuple[tuple[Change, str], ...] = (
        (add(Entry("jp", "a", "a", "country", "Asia")), "partner_taken"),
        (add(Entry("X Y", "a", "a", "country", "Asia")), "partner_unfit"),
        (add(Entry("XY", "a", "a", "planet", "Asia")), "partner_unfit"),
        (add(Entry("XY", "a", "a", "country", "Moon")), "partner_unfit"),
        (add(Entry("XY", "a", "a", "subnational", "Asia")), "partner_unfit"),
        (add(Entry("XY", "a", "a", "subnational", under="nowhere")), "partner_unfit"),
        (add(Entry("XY", "Nước Xy", " ", "country", "Asia")), "name_invalid"),
        (add(Entry("XY", "Nước Xy", "Japan", "country", "Asia")), "name_taken"),
        (call("JP", "Hàn Quốc"), "name_taken"),
        (call("JP", "han quoc"), "name_taken"),
        (call("JP", "Nhật Bản"), "no_change"),
        (call("nowhere", "Nhật"), "partner_unknown"),
        (rename("JP", "Trung Quốc", "Japan"), "name_taken"),
        (rename("JP", "Nhật Bản", "Japan"), "no_change"),
        (remove("JP"), "partner_listed"),
        (uncall("CN", "Trung Hoa"), "partner_listed"),
        (uncall("CN", "Japan"), "no_change"),
    )

    for change, code in refused:
        with pytest.raises(Refused) as declined:
            done(filled, change)
        assert declined.value.code == code

    for who in OTHERS:
        with pytest.raises(Refused, match="not_allowed"):
            done(filled, add(BANK), Person(who.username, who.role, who.agency))
    assert listed(filled) == before
    assert coordination.read_settled(filled).is_empty()


def test_a_partner_that_is_referred_to_stays(filled: sa.Engine) -> None:
    done(filled, add(Entry("ZZ-1", "Nước Mây", "Cloudland", "country", "Asia")))
    done(filled, add(Entry("ZZ-1-A", "Tỉnh Mây", "Cloud Province", "subnational", under="ZZ-1")))

    with pytest.raises(Refused, match="partner_used"):
        done(filled, remove("ZZ-1"))
