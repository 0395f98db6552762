"""Country packs: another country's lists and words in place of Viet Nam's, or what a register names itself."""

from __future__ import annotations

import datetime as dt
import functools
import shutil
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

import words
from data_access import store
from data_access.packs import VIET_NAM, Pack, pack_of, read_pack
from data_access.register import read_register
from files import Form
from kpi import facts as kpi_facts
from kpi.vocabulary import Bucket
from seed_data import packs, reference, worldbank
from seed_data.mapping.build import RegisterFrames, map_register
from seed_data.mapping.drafting.text import drafted
from seed_data.mapping.problems import MappingError, MappingProblem
from seed_data.mapping.source import read_table
from seed_data.store import StoreInUseError, begin, fill, folded_from
from tests.seed_data import real
from tests.seed_data.invented_treaties import AS_OF, PACK, mapped, text

RWANDA = packs.FOLDER / "rwanda"


@functools.cache
def lists(folder: Path = PACK) -> dict[str, pl.DataFrame]:
    return packs.read(folder)


@functools.cache
def treaties() -> RegisterFrames:
    return mapped(lists(), text().encode())


# --- What a pack is --------------------------------------------------------------------------------------------------


def test_the_packs_that_come_along_hold_the_lists_of_their_country_and_nobody_of_ours() -> None:
    rwanda, treaties_of = lists(RWANDA), lists(PACK)
    ours = set(reference.frames()["Agency"]["key"])

    assert pack_of(reference.frames()) == VIET_NAM
    assert (pack_of(rwanda).home, pack_of(treaties_of).starts_with) == ("RW", "IN_FORCE")
    assert not set(rwanda["Agency"]["key"]) & ours
    assert treaties_of["Agency"].is_empty()
    for found in (rwanda, treaties_of):
        assert {"FR", "VN", "ORG-UN"} <= set(found["Partner"]["code"])
        assert found["PartnerTier"].filter(pl.col("partner") == "CN")["tier"].to_list() == ["OTHER"]
    held = treaties_of["PartnerTier"].filter(pl.col("partner") == "GR").sort("valid_from")
    assert held["tier"].to_list() == ["OTHER", "NATO"]
    assert treaties_of["Tier"]["code"].to_list() == ["NATO", "COMMONWEALTH", "OTHER", "ORG"]
    assert rwanda["Tier"]["code"].to_list() == ["ORG", "OTHER"]
    assert held["valid_to"].to_list() == [dt.date(1952, 2, 17), None]


def test_a_pack_is_found_by_its_country() -> None:
    found = packs.of_country("RW")

    assert found is not None
    assert pack_of(found).code == "rwanda"
    assert packs.of_country("FR") is packs.of_country("") is None


def spoilt(folder: Path, file: str, old: str, new: str | None) -> tuple[MappingProblem, ...]:
    """What is wrong with the pack of Rwanda once a text in one of its files is another; None: the file is not there."""
    shutil.copytree(RWANDA, folder)
    path = folder / file
    if new is None:
        path.unlink()
    else:
        there = path.read_text(encoding="utf-8")
        assert old in there
        path.write_text(there.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MappingError) as refused:
        packs.read(folder)
    return refused.value.problems


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "value"),
    [
        ("sectors.csv", "", None, "pack_lacks", None),
        ("pack.toml", "", None, "pack_lacks", None),
        ("agencies.csv", "\nMINAGRI,", "\nMINECOFIN,", "entry_twice", "MINECOFIN"),
        ("agencies.csv", "Ministry of Environment", "Ministry of Education", "name_ambiguous", "Ministry of Education"),
        ("agencies.csv", ",MINAGRI,,,Ministry of Agriculture", ",MINAGRI,,NOBODY,", "unknown_code", "NOBODY"),
        ("agencies.csv", ",MINAGRI,,,Ministry of Agriculture", ",MINAGRI,,MINAGRI,", "successor_itself", "MINAGRI"),
        ("agencies.csv", ",agency,RTB,,,", ",agency,RTB,2020-12-31,WDA,", "successor_itself", "RTB"),
        ("agencies.csv", ",ministry,MINECOFIN", ",empire,MINECOFIN", "unknown_code", "empire"),
        ("agencies.csv", "2020-12-31", "31/12/2020", "not_a_date", "31/12/2020"),
        ("agencies.csv", "key,name_en", "key,name", "pack_columns", "name_en"),
        ("agencies.csv", ",ministry,MINECOFIN,,,", ",ministry,MINECOFIN", "pack_cells", None),
        ("partners.csv", "ORG-EAC,East African Community", "ORG-EAC,", "value_missing", ""),
        ("partners.csv", "bloc,Multilateral", "bloc,Nowhere", "unknown_code", "Nowhere"),
        ("partners.csv", ",AfDB", ",France", "name_ambiguous", "France"),
        ("sectors.csv", "ENE,", "AGR,", "entry_twice", "AGR"),
        ("doc_types.csv", "IA,Grant,", "IA,,", "value_missing", ""),
        ("doc_types.csv", "treaty,no", "treaty,perhaps", "unknown_code", "perhaps"),
        ("pack.toml", 'home = "RW"', 'start = "SOME_DAY"', "unknown_code", "SOME_DAY"),
        ("pack.toml", 'language = "en"', 'language = "rw"', "unknown_code", "rw"),
        ("pack.toml", 'code = "rwanda"', "", "key_missing", None),
        ("pack.toml", "[words.en]", '[words.en]\n"kpi.K99.name" = "x"', "unknown_words", "kpi.K99.name"),
        ("pack.toml", "[words.en]", '[words.en]\n"kpi.K01.name" = "{secret}"', "words_strange", "kpi.K01.name"),
        ("pack.toml", "[tiers.ORG]", '[tiers.ORG]\nalso = ["Other partner"]', "name_ambiguous", "Other partner"),
        ("pack.toml", "[tiers.ORG]", '[tiers."A Bank"]', "code_strange", "A Bank"),
        ("pack.toml", "[tiers.ORG]", "[tiers.BANK]\n[tiers.ORG]", "value_missing", ""),
        ("pack.toml", "[pack]", "[pack", "toml_syntax", None),
    ],
)
def test_a_pack_with_a_mistake_is_refused_in_one_sentence(
    tmp_path: Path, file: str, old: str, new: str | None, code: str, value: str | None
) -> None:
    problems = spoilt(tmp_path / "pack", file, old, new)

    assert {problem.code for problem in problems} == {code}
    if value is not None:
        assert problems[0].value == value


# --- Registers of other countries ------------------------------------------------------------------------------------


def test_a_treaty_begins_with_its_entry_into_force_and_does_not_stall_after_it() -> None:
    register = folded_from(treaties(), lists())
    rows = {row["ref"]: row for row in kpi_facts.build(register, AS_OF).agreements.iter_rows(named=True)}

    assert {ref: row["started_on"] for ref, row in rows.items()} == {
        "1": dt.date(1951, 5, 1),
        "2": None,
        "3": dt.date(1953, 7, 1),
        "4": dt.date(1956, 10, 9),
        "5": dt.date(1955, 11, 10),
        "6": None,
    }
    assert {ref: row["bucket"] for ref, row in rows.items()} == {
        **dict.fromkeys(("1", "3", "4"), Bucket.NO_DATE),
        "2": Bucket.STALLED,
        **dict.fromkeys(("5", "6"), Bucket.VOID),
    }
    assert rows["1"]["duration_days"] == 89
    assert {ref: row["partner"] for ref, row in rows.items()} == {
        "1": "NO",
        "2": "FR",
        "3": "IT",
        "4": "MULTI",
        "5": "LK",
        "6": "NL",
    }
    assert {row["scope"] for row in rows.values()} == {"HIGH_LEVEL", "LOCAL"}


def test_a_treaty_with_somebody_unknown_is_not_stored() -> None:
    with pytest.raises(MappingError) as refused:
        mapped(lists(), text(unknown="RURITANIA").encode())

    assert [(problem.code, problem.value) for problem in refused.value.problems] == [
        ("unknown_partner_near", "RURITANIA")  # Mauritania?
    ]


def test_a_store_keeps_the_pack_it_was_begun_with(engine: sa.Engine) -> None:
    assert read_pack(engine) == VIET_NAM
    with store.session(engine) as session:
        begin(session, lists(), actor="test")
    held = packs.stored(engine)
    assert held is not None
    with store.session(engine) as session:
        fill(session, actor="test", register=treaties(), origin="x", lists=held)

    assert read_pack(engine) == pack_of(lists())
    assert read_register(engine).starts_with == "IN_FORCE"
    with pytest.raises(StoreInUseError), store.session(engine) as session:
        begin(session, lists(RWANDA), actor="test")


# --- A register's own names ------------------------------------------------------------------------------------------

OWN = """
[register]
code = "own"
name_vi = "Của tôi"
name_en = "Mine"
data_date = 2025-06-30
source = "my desk"
licence = "internal"
scope = "HIGH_LEVEL"
[dates.signed]
column = "signed"
[fields]
ref = { column = "no" }
title_en = { column = "title" }
responsible_agency = { column = "body" }
sector = { column = "field" }
doc_type = { column = "kind" }
[[partners]]
column = "with"
separator = ";"
[[events]]
state = "SIGNED"
date = "signed"
"""
FILE = """no,title,body,field,kind,with,signed
1,One,Ministry of Roads,Roads,Treaty,France,2024-01-05
2,Two,MINISTRY OF ROADS,Roads,Note,Atlantis; Japan,2024-02-05
3,Three,Port Authority,Sea,Treaty,Atlantis,2024-03-05
4,Four,,,,,2024-04-05
"""


def own(lists: dict[str, pl.DataFrame], data: str = FILE) -> RegisterFrames:
    return map_register(data.encode(), OWN.encode(), file="a.csv", mapping_file="a.toml", lists=lists)


def test_without_lists_a_store_takes_what_a_register_names(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        begin(session, packs.own_names(), actor="test")
    held = packs.stored(engine)
    assert held is not None
    register = own(held)
    with store.session(engine) as session:
        fill(session, actor="test", register=register, origin="a.csv", lists=held)

    names = dict(register.further["Agency"].select("key", "name_en").iter_rows())
    assert names == {"A0001": "MINISTRY OF ROADS", "A0002": "Port Authority"}
    assert register.agreements["responsible_agency"].to_list() == ["A0001", "A0001", "A0002", None]
    assert register.agreements["sector"].to_list() == ["S0001", "S0001", "S0002", None]
    assert register.agreements["doc_type"].to_list() == ["D0002", "D0001", "D0002", None]
    assert register.frames["AgreementPartner"]["partner"].to_list() == ["FR", "P0001", "JP", "P0001"]
    assert read_register(engine).agencies.height == 2
    # What comes later meets the names there are, and goes on from them.
    grown = packs.stored(engine)
    assert grown is not None
    again = own(grown, FILE.replace("Port Authority", "Air Authority"))
    assert again.further.keys() == {"Agency"}
    assert again.further["Agency"]["key"].to_list() == ["A0003"]
    assert again.agreements["responsible_agency"].to_list() == ["A0001", "A0001", "A0003", None]


def test_ministries_of_several_countries_are_as_many_agencies() -> None:
    file = "no,title,body,field,kind,with,signed,country\n" + "".join(
        f"{number},T,{body},,,France,2024-01-05,{country}\n"
        for number, (body, country) in enumerate(
            [
                ("Ministry of Roads", "Kenya"),
                ("ministry of roads", "Kenya"),
                ("Ministry of Roads", "Ghana"),
                ("", "Ghana"),
            ]
        )
    )
    mapping = OWN.replace("[[partners]]", '[agencies]\ncountry_column = "country"\n[[partners]]')
    lists = packs.own_names()
    register = map_register(file.encode(), mapping.encode(), file="a.csv", mapping_file="a.toml", lists=lists)

    names = dict(register.further["Agency"].select("key", "name_en").iter_rows())
    assert names == {"A0001": "Ministry of Roads (Ghana)", "A0002": "Ministry of Roads (Kenya)"}
    assert register.agreements["responsible_agency"].to_list() == ["A0002", "A0002", "A0001", None]
    assert register.agreements["responsible_as_given"].to_list()[1] == "ministry of roads"
    table = read_table(file.encode(), name="a.csv", form=Form(), used=())
    with words.in_language("en"):
        text_of = drafted(table, lists, form=Form(), name="a.csv", t=words.t)
    assert ".map]" not in text_of


# --- The real ones ---------------------------------------------------------------------------------------------------


@real.only_where_they_are
def test_the_real_registers_are_read_with_their_own_lists() -> None:
    found = mapped(lists(), real.TREATIES.read_bytes(), name=real.TREATIES.name)
    facts = kpi_facts.build(folded_from(found, lists()), AS_OF)
    assert facts.agreements.height == 1460
    assert facts.agreements["is_started"].sum() == 1007
    assert facts.agreements.filter(pl.col("partner") == "NOT_GIVEN").height == 22
    assert (facts.agreements["agency"] == "UNASSIGNED").all()

    rwanda = worldbank.read(
        real.RWANDA.read_bytes(), file=real.RWANDA.name, lists=lists(RWANDA), data_date=AS_OF, country="RW"
    )
    assert rwanda.agreements.height == 236
    assert rwanda.agreements["responsible_agency"].is_not_null().sum() == 77
    assert rwanda.unresolved()["agreements"].sum() == 10


def test_a_pack_says_what_it_calls_things() -> None:
    own_words = Pack(words=pack_of(lists()).words).own_words

    assert own_words is not None
    assert own_words.words("en", "terms.scope.LOCAL", "Local level") == "Multilateral treaties"
    assert words.t("terms.scope.LOCAL") != "Multilateral treaties"
    assert words.language() == "vi"
    with words.worded(lambda: own_words):
        assert words.language() == "en"
        assert words.t("terms.scope.LOCAL") == "Multilateral treaties"
