"""Lists, changed by the coordinator: no figure of a past day moves, no name becomes two entries', and all can be taken back."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import acting, audit, coordination, lists, register, store, updates
from data_access.acting import Person, Refused
from data_access.lists import Entry
from data_access.store import models
from kpi import facts
from kpi.rules import Rules
from kpi.update.cells import names_of_choices
from seed_data import packs, reference
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
    return lambda session, actor: lists.add(session, actor=actor, of="partner", entry=entry)


def rename(code: str, name_vi: str, name_en: str) -> Change:
    return lambda session, actor: lists.rename(
        session, actor=actor, of="partner", code=code, name_vi=name_vi, name_en=name_en
    )


def remove(code: str) -> Change:
    return lambda session, actor: lists.remove(session, actor=actor, of="partner", code=code)


def call(code: str, name: str, of: str = "partner") -> Change:
    return lambda session, actor: lists.call_also(session, actor=actor, of=of, code=code, name=name)


def uncall(code: str, name: str, of: str = "partner") -> Change:
    return lambda session, actor: lists.call_no_more(session, actor=actor, of=of, code=code, name=name)


def figures(engine: sa.Engine) -> list[object]:
    """What every figure of the day is counted from."""
    built = facts.build(register.read_register(engine), stores.AS_OF, Rules())
    return [frame.rows() for frame in vars(built).values() if hasattr(frame, "rows")]


def listed(engine: sa.Engine) -> list[tuple[object, ...]]:
    return lists.read(engine, "partner").rows()


def test_what_is_changed_moves_no_figure_and_is_taken_back_whole(filled: sa.Engine) -> None:
    list_before, figures_before = listed(filled), figures(filled)
    assert figures_before

    for change in (add(TEXAS), add(BANK), call("ORG-X1", "CRB"), rename("JP", "Nhật Bản quốc", "State of Japan")):
        done(filled, change)

    now = {row["code"]: row for row in lists.read(filled, "partner").to_dicts()}
    assert (now["SUB-US-TX"]["region"], now["SUB-US-TX"]["counts_under"]) == (now["US"]["region"], "US")
    assert now["ORG-X1"]["also"] == "CRB"
    assert {"Nhật Bản", "Japan"} <= set(str(now["JP"]["also"]).split("; "))
    assert figures(filled) == figures_before
    told = json.loads(coordination.read_settled(filled)["detail"][0])
    assert told == {
        "JP": {"list": "partner", "entry": "Nhật Bản", "name": "Nhật Bản quốc", "name_en": ["Japan", "State of Japan"]}
    }

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
        (add(Entry("jp", "a", "a", "country", "Asia")), "entry_taken"),
        (add(Entry("X Y", "a", "a", "country", "Asia")), "entry_unfit"),
        (add(Entry("XY", "a", "a", "planet", "Asia")), "entry_unfit"),
        (add(Entry("XY", "a", "a", "country", "Moon")), "entry_unfit"),
        (add(Entry("XY", "a", "a", "subnational", "Asia")), "entry_unfit"),
        (add(Entry("XY", "a", "a", "subnational", under="nowhere")), "entry_unfit"),
        (add(Entry("XY", "Nước Xy", " ", "country", "Asia")), "name_invalid"),
        (add(Entry("XY", "Nước Xy", "Japan", "country", "Asia")), "name_taken"),
        (call("JP", "Hàn Quốc"), "name_taken"),
        (call("JP", "han quoc"), "name_taken"),
        (call("JP", "Nhật Bản"), "no_change"),
        (call("nowhere", "Nhật"), "entry_unknown"),
        (rename("JP", "Trung Quốc", "Japan"), "name_taken"),
        (rename("JP", "Nhật Bản", "Japan"), "no_change"),
        (remove("JP"), "entry_listed"),
        (uncall("CN", "Trung Hoa"), "entry_listed"),
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

    with pytest.raises(Refused, match="entry_used"):
        done(filled, remove("ZZ-1"))


# --- From a day on ---------------------------------------------------------------------------------------------------

DAY = stores.AS_OF
EVE = DAY - dt.timedelta(days=1)


def merge(of: str, code: str, into: str, day: dt.date = DAY) -> Change:
    return lambda session, actor: lists.merge(session, actor=actor, of=of, code=code, into=into, effective_on=day)


def close(of: str, code: str, day: dt.date = DAY) -> Change:
    return lambda session, actor: lists.close(session, actor=actor, of=of, code=code, effective_on=day)


def reopen(of: str, code: str) -> Change:
    return lambda session, actor: lists.reopen(session, actor=actor, of=of, code=code)


def split(code: str, into: str, *refs: str, day: dt.date = DAY) -> Change:
    return lambda session, actor: lists.split(session, actor=actor, code=code, into=into, refs=refs, effective_on=day)


def tier(code: str, to: str, day: dt.date = DAY) -> Change:
    return lambda session, actor: lists.set_tier(session, actor=actor, code=code, tier=to, effective_on=day)


def split_tier(code: str, into: str, *partners: str, day: dt.date = DAY) -> Change:
    return lambda session, actor: lists.split_tier(
        session, actor=actor, code=code, into=into, partners=partners, effective_on=day
    )


def untier(code: str) -> Change:
    return lambda session, actor: lists.unset_tier(session, actor=actor, code=code)


def counts(engine: sa.Engine, column: str, day: dt.date) -> dict[str, int]:
    """How many agreements each value of a column of the facts has on a day."""
    agreements = facts.build(register.read_register(engine), day, Rules()).agreements
    return dict(agreements[column].value_counts().sort(column).iter_rows())


def most(engine: sa.Engine, column: str) -> tuple[str, str]:
    """The entry that most agreements name, and another one of its list that has not ended."""
    named = counts(engine, column, DAY)
    held = lists.read(engine, column).filter(pl.col("until").is_null())["code"].to_list()
    first, second, *_ = sorted(held, key=lambda code: (-named.get(code, 0), code))
    return first, second


def test_what_is_merged_counts_under_its_successor_from_the_day_on_and_not_before(filled: sa.Engine) -> None:
    for of in ("agency", "partner", "sector", "doc_type"):
        code, into = most(filled, of)
        today, before = counts(filled, of, DAY), counts(filled, of, EVE)

        done(filled, merge(of, code, into))

        after = counts(filled, of, DAY)
        assert (code in after, after[into]) == (False, today[code] + today.get(into, 0))
        assert counts(filled, of, EVE) == before
        row = lists.read(filled, of).row(by_predicate=pl.col("code") == code, named=True)
        assert (row["until"], row["successor"]) == (EVE, into)

        done(filled, reopen(of, code))

        assert counts(filled, of, DAY) == today
        assert lists.read(filled, of).filter(code=code)["until"].to_list() == [None]


def test_names_of_a_merged_entry_are_read_as_its_successor_s_from_the_day_on(filled: sa.Engine) -> None:
    for of, later in (("partner", 0), ("sector", 0), ("doc_type", 400)):
        code, into = most(filled, of)
        done(filled, merge(of, code, into, DAY + dt.timedelta(days=later)))
        name = lists.read(filled, of).filter(code=code)["name_vi"].item()
        form = names_of_choices(updates.current_rows(filled, "BCT").lists[of])
        held = packs.stored(filled)
        assert held is not None
        mapping = reference.partner_names(held) if of == "partner" else reference.entry_names(held, of)
        for names in (form, mapping):
            found = names.find(name)
            assert (found.code, found.former) == ((code, None) if later else (into, code))
            assert (names.find(code).code, names.find(into).code) == (code if later else into, into)


def test_what_stands_beside_a_merged_entry_is_its_successor_s(filled: sa.Engine) -> None:
    built = facts.build(register.read_register(filled), DAY, Rules()).agreements
    code, into = most(filled, "partner")
    expected = built.filter(partner=into).select("partner_region", "partner_tier").row(0)
    moved = built.filter(partner=code)["agreement_id"]

    done(filled, merge("partner", code, into))

    agreements = facts.build(register.read_register(filled), DAY, Rules()).agreements
    seen = agreements.filter(pl.col("agreement_id").is_in(moved.implode()))
    assert seen.select("partner_region", "partner_tier").unique().rows() == [expected]
    offered = {choice.code for choice in updates.current_rows(filled, "BCT").lists["partner"]}
    assert (code in offered, into in offered) == (False, True)


def test_an_agency_is_added_split_off_and_closed(filled: sa.Engine) -> None:
    code, _ = most(filled, "agency")
    new = Entry("BDM", "Bộ Đám mây", "Ministry of Clouds", "ministry", abbr_vi="BĐM", abbr_en="MOCL", since=EVE)
    refs = register.read_register(filled).agreements.filter(responsible_agency=code)["ref"].sort().to_list()
    done(filled, lambda session, actor: lists.add(session, actor=actor, of="agency", entry=new))

    done(filled, split(code, "BDM", refs[0], day=DAY))

    assert counts(filled, "agency", DAY)["BDM"] == 1
    assert "BDM" not in counts(filled, "agency", EVE)
    assert lists.read(filled, "agency").filter(code=code)["until"].to_list() == [None]
    with pytest.raises(Refused, match="has_agreements"):
        done(filled, close("agency", "BDM"))
    with store.session(filled) as session:  # somebody updates what was handed over
        session.execute(sa.update(models.Agreement).where(sa.column("ref") == refs[0]).values(row_version=9))
    with pytest.raises(Refused, match="changed_since"):
        done(filled, reopen("agency", code))

    done(filled, split("BDM", code, refs[0]))
    done(filled, close("agency", "BDM"))

    assert "BDM" not in counts(filled, "agency", DAY)
    assert audit.verify(filled) is None


def test_who_has_ended_hands_nothing_in(filled: sa.Engine) -> None:
    person = next(who for who in OTHERS if who.agency)
    assert person.agency is not None
    done(filled, merge("agency", person.agency, "BNG"))

    with store.session(filled) as session, pytest.raises(Refused, match="not_allowed"):
        acting.agency_of(session, person)


def test_a_tier_holds_from_its_day_and_is_taken_back(filled: sa.Engine) -> None:
    before = counts(filled, "partner_tier", DAY)
    done(filled, tier("JP", "SPECIAL"))

    assert counts(filled, "partner_tier", DAY).get("SPECIAL", 0) > before.get("SPECIAL", 0)
    assert counts(filled, "partner_tier", EVE).get("SPECIAL", 0) == before.get("SPECIAL", 0)
    with pytest.raises(Refused, match="no_change"):
        done(filled, tier("JP", "SPECIAL", DAY + dt.timedelta(days=1)))

    done(filled, untier("JP"))

    assert counts(filled, "partner_tier", DAY) == before
    with pytest.raises(Refused, match="no_change"):
        done(filled, untier("JP"))


def test_a_tier_is_added_renamed_merged_split_and_closed(filled: sa.Engine) -> None:
    ally = Entry("ALLY", "Đồng minh", "Ally")
    before = counts(filled, "partner_tier", DAY)
    close_ones = lists.read(filled, "partner").filter(tier="CSP")["code"].to_list()
    close_ones.remove("ORG-EU")  # whose day has not come

    done(filled, lambda session, actor: lists.add(session, actor=actor, of="tier", entry=ally))
    done(filled, split_tier("CSP", "ALLY", *close_ones))

    assert counts(filled, "partner_tier", EVE) == before
    assert counts(filled, "partner_tier", DAY).get("ALLY", 0) == before["CSP"]
    held = {row["code"]: row for row in lists.read(filled, "tier").to_dicts()}
    assert (held["ALLY"]["agreements"], held["CSP"]["agreements"], held["CSP"]["until"]) == (before["CSP"], 0, None)

    done(filled, merge("tier", "ALLY", "OTHER"))
    assert "ALLY" not in counts(filled, "partner_tier", DAY)
    with pytest.raises(Refused, match="ended_already"):
        done(filled, tier("KR", "ALLY"))
    done(filled, reopen("tier", "ALLY"))
    done(filled, tier("JP", "SPECIAL", DAY + dt.timedelta(days=1)))
    with pytest.raises(Refused, match="changed_since"):
        done(filled, reopen("tier", "CSP"))
    done(filled, untier("JP"))
    done(filled, reopen("tier", "CSP"))

    assert counts(filled, "partner_tier", DAY) == before
    done(filled, close("tier", "ALLY"))
    done(filled, reopen("tier", "ALLY"))
    renamed = {"name_vi": "Bạn gần", "name_en": "Close friend"}
    done(filled, lambda session, actor: lists.rename(session, actor=actor, of="tier", code="ALLY", **renamed))
    assert lists.read(filled, "tier").filter(code="ALLY")["also"].to_list() == ["Ally; Đồng minh"]
    names = register.read_names(filled).filter(kind="tier")["code"].to_list()
    assert names == ["CSP", "SP", "CP", "SPECIAL", "OTHER", "ORG", "ALLY"]


def test_every_list_has_further_names(filled: sa.Engine) -> None:
    for of, name in (("sector", "Việc khác hẳn"), ("doc_type", "Văn kiện khác hẳn"), ("tier", "Bạn khác hẳn")):
        codes = lists.read(filled, of)
        code = codes["code"][0]
        taken = codes.filter(pl.col("code") != code)["name_vi"][0]

        done(filled, call(code, name, of))
        assert lists.read(filled, of).filter(code=code)["also"].to_list() == [name]
        with pytest.raises(Refused, match="name_taken"):
            done(filled, call(code, taken, of))
        done(filled, uncall(code, name, of))
        assert lists.read(filled, of).rows() == codes.rows()


def test_what_cannot_be_from_a_day_on_is_refused_and_nothing_stored(filled: sa.Engine) -> None:
    before = [lists.read(filled, of).rows() for of in lists.LISTS]
    refused: tuple[tuple[Change, str], ...] = (
        (merge("partner", "JP", "JP"), "into_itself"),
        (merge("agency", "BCT", "BCT"), "into_itself"),
        (merge("partner", "JP", "nowhere"), "entry_unknown"),
        (merge("partner", "nowhere", "JP"), "entry_unknown"),
        (merge("planets", "JP", "KR"), "list_unknown"),
        (merge("partner", "JP", "KR", EVE), "day_shown"),
        (merge("agency", "BXD", "BCT", dt.date(2025, 3, 1)), "before_validity"),
        (merge("agency", "BKHDT", "BCT"), "ended_already"),
        (merge("agency", "BCT", "BKHDT"), "successor_unfit"),
        (merge("agency", "BCT", "BXD", dt.date(2999, 1, 1)), "day_ahead"),
        (close("agency", "BKHDT"), "ended_already"),
        (reopen("agency", "BKHDT"), "no_change"),
        (split("BCT", "BXD", "no such reference"), "no_agreements"),
        (split("BCT", "BXD"), "no_agreements"),
        (tier("JP", "FRIEND"), "entry_unfit"),
        (tier("JP", "CP", EVE), "day_shown"),
        (lambda session, actor: lists.add(session, actor=actor, of="agency", entry=AGENCY_TWICE), "entry_taken"),
        (lambda session, actor: lists.add(session, actor=actor, of="agency", entry=NAME_TWICE), "name_taken"),
        (lambda session, actor: lists.add(session, actor=actor, of="exchange", entry=NO_DAY), "entry_unfit"),
        (merge("tier", "CSP", "CSP"), "into_itself"),
        (close("tier", "OTHER"), "tier_needed"),
        (split_tier("CSP", "CSP", "JP"), "into_itself"),
        (split_tier("CSP", "SP"), "no_partners"),
        (split_tier("CSP", "SP", "nowhere"), "no_partners"),
        (split_tier("CSP", "FRIEND", "JP"), "entry_unfit"),
        (split_tier("CSP", "SP", "JP", day=EVE), "day_shown"),
    )

    for change, code in refused:
        with pytest.raises(Refused) as declined:
            done(filled, change)
        assert declined.value.code == code

    assert [lists.read(filled, of).rows() for of in lists.LISTS] == before
    assert coordination.read_settled(filled).is_empty()


AGENCY_TWICE = Entry("bct", "Bộ Khác", "Another Ministry", "ministry")
NAME_TWICE = Entry("BKX", "Bộ Công Thương", "Another Ministry", "ministry")
NO_DAY = Entry("X-1", "Chuyến thăm", "A visit", "visit")
