"""Which entry of a list a text stands for: one matcher for uploads, mappings and the form."""

from __future__ import annotations

import pytest

from kpi.names import AmbiguousNameError, Names
from seed_data import reference

LISTS = reference.frames()


@pytest.fixture(scope="module")
def partners() -> Names:
    return reference.partner_names(LISTS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MY", "MY"),
        ("Mỹ", "US"),
        ("MỸ", "US"),
        ("mỹ", "US"),
        ("Hoa Kỳ", "US"),
        ("hoa ky", "US"),
        ("Áo", "AT"),
        ("ÁO", "AT"),
        ("AO", "AO"),
        ("Angola", "AO"),
        ("Nga", "RU"),
        ("NGA", "RU"),
        ("Anh", "GB"),
        ("Hàn", "KR"),
        ("Hàn Quốc", "KR"),
        ("han quoc", "KR"),
        ("Úc", "AU"),
        ("UAE", "AE"),
        ("I-xra-en", "IL"),
        ("EU", "ORG-EU"),
        ("ADB", "ORG-ADB"),
        ("CHDCND Lào", "LA"),
        ("Cộng hòa Pháp", "FR"),
        ("Cộng hoà Pháp", "FR"),
        ("Thụy Sỹ", "CH"),
        ("Thuỵ Sĩ", "CH"),
        ("Pakistan", "PK"),
        ("Nigeria", "NG"),
        ("Côte d’Ivoire", "CI"),
        ("Szwajcaria", "CH"),
        ("Quảng Tây", "SUB-CN-GX"),
        ("Phnom Penh", "SUB-KH-12"),
        ("Bosnia & Herzegovina", "BA"),
        ("bosnia and herzegovina", "BA"),
        ("Republic of Rwanda", "RW"),
        ("Egypt, Arab Republic of", "EG"),
    ],
)
def test_partners_are_found_by_code_name_and_alias(partners: Names, written: str, meant: str) -> None:
    assert partners.find(written).code == meant


@pytest.mark.parametrize(
    ("written", "suggested"),
    [
        ("Ao", "AT"),  # the letters of a code are no code
        ("My", "US"),
        ("my", "US"),
        ("vn", None),
        ("Kr", "KR"),  # a code is written as it is
        ("Hán", "KR"),  # a short name with the wrong mark could be another name
        ("Pakistann", "PK"),
        ("Ucr", None),
        ("", None),
    ],
)
def test_a_near_miss_is_a_suggestion_and_never_a_match(partners: Names, written: str, suggested: str | None) -> None:
    assert partners.find(written).code is None
    assert partners.suggest(written) == suggested


def test_every_country_is_there_and_found_by_its_names(partners: Names) -> None:
    countries = LISTS["Partner"].filter(LISTS["Partner"]["kind"].is_in(["country", "territory"]))

    assert countries.height == 247  # ISO 3166 without Viet Nam itself, and Antarctica, which signs nothing
    for code, vi, en, pl in LISTS["Partner"].select("code", "name_vi", "name_en", "name_pl").iter_rows():
        assert {partners.find(name).code for name in (vi, en, pl) if name} == {code}, code
        assert partners.find(code).how == "code"


def test_every_declared_alias_leads_to_its_partner(partners: Names) -> None:
    for alias, partner in LISTS["PartnerAlias"].select("alias", "partner").iter_rows():
        assert partners.find(alias).code == partner, alias


def test_how_a_text_was_found_is_told(partners: Names) -> None:
    assert [partners.find(text).how for text in ("US", "Mỹ", "hop chung quoc hoa ky", "?")] == [
        "code",
        "name",
        "folded",
        "unknown",
    ]


def test_a_name_of_two_entries_finds_neither() -> None:
    shared = Names([("A", ["Sông Hồng", "Red"]), ("B", ["sông hồng", "Blue"])])

    assert shared.find("Sông Hồng").code is None
    assert shared.find("Sông Hồng").how == "ambiguous"
    assert shared.find("red").code == "A"


@pytest.mark.parametrize("alias", ["Mỹ", "hop chung quoc hoa ky", "MY", "Malaysia"])
def test_an_alias_that_would_match_two_is_refused_when_declared(partners: Names, alias: str) -> None:
    with pytest.raises(AmbiguousNameError) as refused:
        partners.declare("FR", alias)

    assert refused.value.others == {"MY": ("MY", "US"), "Malaysia": ("MY",)}.get(alias, ("US",))
    assert partners.declare("FR", "Nước Pháp").find("nuoc phap").code == "FR"


def test_what_another_entry_is_in_the_place_of_is_read_as_that_one() -> None:
    found = Names([("A", ["Sông Mây"]), ("B", ["Núi Xanh"]), ("C", ["Biển Lớn"])], {"A": "B", "B": "C"})

    read = {text: (found.find(text).code, found.find(text).former) for text in ("A", "Sông Mây", "song may", "C", "D")}
    assert read == {
        "A": ("C", "A"),
        "Sông Mây": ("C", "A"),
        "song may": ("C", "A"),
        "C": ("C", None),
        "D": (None, None),
    }
    assert found.suggest("Sông Mâyy") == "C"
    assert found.declare("C", "Sông Mây").find("Sông Mây").former is None
    with pytest.raises(AmbiguousNameError):
        found.declare("D", "Sông Mây")
