"""Names of agencies: what is sure is found, and what would be a guess is not."""

from __future__ import annotations

import functools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed_data import reference
from seed_data.resolve import AgencyResolver, fold


@functools.cache
def lists() -> dict[str, pl.DataFrame]:
    return reference.frames()


@functools.cache
def resolver() -> AgencyResolver:
    return AgencyResolver.from_lists(lists())


FOUND = {
    # Names: language, diacritics, case, punctuation, article, country
    "Bộ Y tế": "BYT",
    "BỘ Y TẾ": "BYT",
    "bo y te": "BYT",
    "The State Bank of Vietnam": "NHNN",
    "State Audit Office of Viet Nam": "KTNN",
    "Ministry of Natural Resources and Environment, Vietnam": "BNNMT",
    "Ministry of Environment and Natural Resources, Socialist Republic of Vietnam": "BNNMT",
    "Ministry of Labor, Invalids and Social Affairs": "BNV",
    "Bộ Văn hóa, Thể thao và Du lịch": "BVHTTDL",
    # Abbreviations
    "MPI": "BTC",
    "Ministry of Agriculture and Rural Development (MARD)": "BNNMT",
    "ERAV (MOIT)": "BCT",
    "GSO": "BTC",
    "CEMA": "BDTTG",
    # Predecessors
    "Ministry of Transport": "BXD",
    "Vietnam Social Security": "BTC",
    "Bộ Kế hoạch và Đầu tư": "BTC",
    # Misspellings
    "Minstry of Finance": "BTC",
    "Ministry of Public Securty": "BCA",
    "Ministry of Natural Resouces and Environment, Department of Climate Change": "BNNMT",
    # Units of a ministry
    "Department of Investment Supervision and Appraisal, Ministry of Planning and Investment": "BTC",
    "Department of Climate Change (under Ministry of Natural Resources and Environment)": "BNNMT",
    "Department of Registration and Land Information Database of MONRE": "BNNMT",
    "Vụ Hợp tác quốc tế - Bộ Y tế": "BYT",
    "Cục Đầu tư nước ngoài Bộ Kế hoạch và Đầu tư": "BTC",
    "General Statistics Office (GSO), Ministry of Planning and Investment (MPI)": "BTC",
    # Provinces, former ones too
    "Nghe An Provincial People's Committee": "T40",
    "People’s Committee of Nghe An Province": "T40",
    "UBND tỉnh Nghệ An": "T40",
    "Yen Bai Department of Health": "T15",
    "Sở Y tế tỉnh Yên Bái": "T15",
    "Department of Health, Nghe An Province": "T40",
    "Bình Dương": "T79",
    "Quang Nam Provincial People's Committee": "T48",
    "Ho Chi Minh City People's Committee": "T79",
    "UBND TP. Hồ Chí Minh": "T79",
    "ODA PMU of Vinh Long Province": "T86",
    "Thua Thien-Hue Provincial People's Committee": "T46",
    "Can Tho City": "T92",
    # Keys
    "T24": "T24",
    "T24-2025": "T24",
    "BGDDT": "BGDDT",
}

NOT_FOUND = [
    # Towns that bear a province's name, or none
    "Thai Nguyen City People's Committee",
    "UBND thành phố Thái Nguyên",
    "Vinh Long City",
    "Project Management Unit in Quy Nhon",
    "Di An Town Wastewater and Drainage Project Management Unit",
    # Units without a place or a ministry
    "Central Project Office",
    "Project Management Unit 6 (PMU6)",
    "Department of Agriculture Economics",
    # Companies, universities, organisations
    "EVN",
    "Vietnam Electricity (EVN)",
    "Vinamilk, Ho Chi Minh City",
    "Industry University of Ho Chi Minh City",
    "HelpAge International in Vietnam",
    "Max Planck Institute (MPI)",
    # Several at once
    "Hochiminh, Hanoi, other project cities and provinces",
    "Ministry of Health; Ministry of Finance",
    "Ministry of Agriculture and Rural Development (MARD) & Ministry of Health",
    "Ministry of Finance, Ministry of Minerals",
    # Other countries
    "Ministry of Health of Lao PDR",
    "Lao Ministry of Health",
    "Ministry of Finance, Cambodia",
    "Bộ Y tế, Lào",
    # Near, but something else
    "Ministry of Wealth",
    "Ministry of Minerals",
    "Hau Gianh",
    "24",
    "Bộ Y",
]


@pytest.mark.parametrize(("name", "agency"), FOUND.items())
def test_a_name_leads_to_the_agency_responsible_now(name: str, agency: str) -> None:
    assert resolver().resolve(name).agency == agency


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_would_be_a_guess_stays_unresolved(name: str) -> None:
    found = resolver().resolve(name)

    assert found.agency is None
    assert found.how in ("unknown", "ambiguous", "foreign")


def test_every_agency_is_found_by_its_own_names() -> None:
    frame = lists()["Agency"]
    wrong = [
        (key, name)
        for key, *names in frame.select("key", "name_vi", "name_en", "abbr_vi", "abbr_en").iter_rows()
        for name in names
        if resolver().resolve(name).agency != resolver().responsible_now(key)
    ]

    assert wrong == []


@given(
    st.sampled_from(lists()["Agency"].filter(~pl.col("kind").is_in(["province", "centrally_run_city"])).rows()),
    st.data(),
)
def test_one_wrong_letter_never_leads_to_another_agency(agency: tuple[str, ...], data: st.DataObject) -> None:
    row = dict(zip(lists()["Agency"].columns, agency, strict=True))
    name = row["name_en"]
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))

    found = resolver().resolve(name[:place] + letter + name[place + 1 :])

    assert found.agency in (None, resolver().responsible_now(row["key"]))


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    found = resolver().resolve(text)

    assert found.agency is None or found.agency in lists()["Agency"]["key"]


def test_a_mapping_s_alias_wins_over_everything() -> None:
    own = AgencyResolver.from_lists(lists(), {"EVN": "BCT", "Ministry of Health": "BKHDT"})

    assert own.resolve("evn").agency == "BCT"
    assert own.resolve("Ministry of Health").agency == "BTC", "the alias's agency has a successor"


def test_each_different_name_is_resolved_once() -> None:
    names = pl.Series(["MPI", None, "", "  ", "MPI", "EVN"])

    found = resolver().resolve_all(names)

    assert found.rows() == [("EVN", None, "unknown"), ("MPI", "BTC", "name")]


def test_folding_ignores_what_people_vary() -> None:
    assert fold("  The BỘ  Tài–chính & Đầu tư ") == fold("bo tai chinh and dau tu")
    assert fold("People's Committee") == fold("Peoples’ Committee")
