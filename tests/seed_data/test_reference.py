"""The reference lists: who exists when, who took over from whom, which tier a partner holds."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import store
from data_access.store import models
from seed_data import reference
from seed_data.shape import schema_of, shaped

LISTS = reference.frames()
REUSED_CODES = ("15", "24", "44", "52", "80", "82", "91")
DATA_DATE = dt.date(2026, 1, 14)


def valid_on(day: dt.date) -> pl.DataFrame:
    """Agencies that exist on a day."""
    from_, to = pl.col("valid_from"), pl.col("valid_to")
    return LISTS["Agency"].filter((from_.is_null() | (from_ <= day)) & (to.is_null() | (to >= day)))


def provinces_on(day: dt.date) -> pl.DataFrame:
    return valid_on(day).filter(pl.col("kind").is_in(["province", "centrally_run_city"]))


# --- Shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_exactly_the_columns_of_its_table(name: str) -> None:
    assert dict(LISTS[name].schema) == schema_of(getattr(models, name))


def test_names_are_given_in_both_languages() -> None:
    for name in ("Agency", "Partner", "Sector", "DocType"):
        assert LISTS[name].filter((pl.col("name_vi") == "") | (pl.col("name_en") == "")).is_empty(), name


def test_lists_can_be_stored_in_the_order_given(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        for name, frame in LISTS.items():
            store.write_frame(session, getattr(models, name), frame)

    for name, frame in LISTS.items():
        model: type[SQLModel] = getattr(models, name)
        assert store.read_frame(engine, sa.select(sa.func.count().label("n")).select_from(model)).item() == frame.height


def test_shaping_names_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="Sector has no column colour"):
        shaped(models.Sector, LISTS["Sector"].with_columns(colour=pl.lit("red")))
    with pytest.raises(ValueError, match=r"Sector.position has no default"):
        shaped(models.Sector, LISTS["Sector"].drop("position"))
    with pytest.raises(ValueError, match=r"Sector.name_vi is null in 14 rows"):
        shaped(models.Sector, LISTS["Sector"].with_columns(name_vi=pl.lit(None)))


# --- Agencies and provinces ------------------------------------------------------------------------------------------


def test_todays_machinery_is_complete() -> None:
    counts = dict(valid_on(DATA_DATE).group_by("kind").len().iter_rows())

    assert counts == {
        "ministry": 14,
        "ministerial_level_agency": 3,
        "government_agency": 5,
        "other_state_body": 7,
        "province": 28,
        "centrally_run_city": 6,
    }


@pytest.mark.parametrize(
    ("day", "provinces", "cities"),
    [
        (dt.date(2024, 12, 31), 58, 5),
        (dt.date(2025, 1, 1), 57, 6),
        (dt.date(2025, 6, 30), 57, 6),
        (dt.date(2025, 7, 1), 28, 6),
    ],
)
def test_provinces_and_cities_before_and_after_each_change(day: dt.date, provinces: int, cities: int) -> None:
    counts = dict(provinces_on(day).group_by("kind").len().iter_rows())

    assert counts == {"province": provinces, "centrally_run_city": cities}


def test_a_code_means_one_province_on_any_day() -> None:
    for day in (dt.date(2024, 6, 1), dt.date(2025, 3, 1), dt.date(2025, 7, 1), DATA_DATE):
        assert provinces_on(day)["code"].is_unique().all()


def test_reused_codes_are_told_apart_by_key() -> None:
    names = dict(LISTS["Agency"].select("key", "name_vi").iter_rows())

    assert names["T24"] == "Tỉnh Bắc Ninh"
    assert names["T24-2025"] == "Tỉnh Bắc Giang"
    assert names["T46-2024"] == "Tỉnh Thừa Thiên Huế"
    for code in REUSED_CODES:
        assert names[f"T{code}"] != names[f"T{code}-2025"]
    assert names["T19"] == names["T19-2025"] == "Tỉnh Thái Nguyên"


def test_a_province_that_becomes_a_city_stays_the_same_agency() -> None:
    before = reference.frames(dt.date(2026, 4, 29))["Agency"].row(by_predicate=pl.col("key") == "T75", named=True)
    after = reference.frames(dt.date(2026, 4, 30))["Agency"].row(by_predicate=pl.col("key") == "T75", named=True)

    assert (before["kind"], before["name_vi"]) == ("province", "Tỉnh Đồng Nai")
    assert (after["kind"], after["name_vi"]) == ("centrally_run_city", "Thành phố Đồng Nai")
    assert before["valid_from"] == after["valid_from"]


def test_whoever_has_ended_has_exactly_one_default_successor_from_the_next_day() -> None:
    agencies = LISTS["Agency"].select("key", "valid_from", "valid_to")
    ended = agencies.filter(pl.col("valid_to").is_not_null() & (pl.col("key") != "UBDNQH"))
    default = LISTS["AgencySuccession"].filter("is_default")

    joined = ended.join(default, left_on="key", right_on="predecessor", how="left")

    assert joined.height == ended.height
    assert (joined["effective_on"] == joined["valid_to"] + dt.timedelta(days=1)).all()
    successors = joined.join(agencies, left_on="successor", right_on="key", suffix="_new")
    assert successors["valid_to_new"].is_null().all()
    assert (successors["valid_from_new"].is_null() | (successors["valid_from_new"] <= successors["effective_on"])).all()


def test_tasks_that_were_split_off_are_never_the_default() -> None:
    split = LISTS["AgencySuccession"].filter(pl.col("change") == "split")

    assert not split["is_default"].any()
    assert (split["tasks"] != "").all()
    vocational = split.filter(pl.col("tasks") == "vocational education")
    assert vocational.select("predecessor", "successor").row(0) == ("BLDTBXH", "BGDDT")


def test_aliases_lead_to_agencies_and_repeat_no_official_name() -> None:
    aliases = LISTS["AgencyAlias"]
    agencies = LISTS["Agency"]

    assert aliases["agency"].is_in(agencies["key"].to_list()).all()
    own = aliases.join(agencies, left_on="agency", right_on="key")
    for name in ("code", "abbr_vi", "abbr_en", "name_vi", "name_en"):
        assert own.filter(pl.col("alias") == pl.col(name)).is_empty()
    found = aliases.filter(pl.col("alias") == "UBND tỉnh Bắc Ninh")["agency"].to_list()
    assert sorted(found) == ["T24", "T27-2025"]


# --- Partners --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "csp", "sp", "cp"),
    [
        (dt.date(2021, 1, 1), 3, 14, 13),
        (dt.date(2025, 8, 22), 13, 10, 15),
        (dt.date(2026, 1, 14), 14, 14, 14),
        (dt.date(2026, 1, 29), 14, 14, 14),
    ],
)
def test_published_tallies_of_partners_come_out_of_the_dated_tiers(day: dt.date, csp: int, sp: int, cp: int) -> None:
    counts = reference.tier_counts(LISTS["PartnerTier"], LISTS["Partner"], on=day)

    assert (counts["CSP"], counts["SP"], counts["CP"]) == (csp, sp, cp)


def test_the_bloc_is_raised_after_the_tally() -> None:
    tiers = LISTS["PartnerTier"].filter(pl.col("partner") == "ORG-EU").select("valid_from", "valid_to", "tier")

    assert tiers.rows()[-1] == (dt.date(2026, 1, 29), None, "CSP")
    assert tiers.rows()[0][1:] == (dt.date(2026, 1, 28), "ORG")


def test_a_partner_holds_one_tier_on_any_day() -> None:
    tiers = LISTS["PartnerTier"].sort("partner", "valid_from")
    following = tiers.with_columns(next_from=pl.col("valid_from").shift(-1).over("partner"))

    gaps = following.filter(pl.col("next_from") != pl.col("valid_to") + dt.timedelta(days=1))

    assert gaps.is_empty()
    assert (following.filter(pl.col("next_from").is_null())["valid_to"].is_null()).all()


def test_a_tier_known_to_the_month_counts_from_its_first_day() -> None:
    month = LISTS["PartnerTier"].filter(pl.col("precision") == "month")

    assert (month["valid_from"].dt.day() == 1).all()
    assert month.filter(pl.col("partner") == "ZA")["valid_from"].to_list() == [
        dt.date(2004, 11, 1),
        dt.date(2025, 11, 1),
    ]


def test_a_sub_national_partner_counts_under_its_country() -> None:
    partners = LISTS["Partner"]

    assert dict(partners.select("code", "counts_under").iter_rows())["SUB-CN-GX"] == "CN"
    assert LISTS["PartnerTier"].filter(pl.col("partner") == "SUB-CN-GX").is_empty()


# --- Sectors and documents -------------------------------------------------------------------------------------------


def test_only_treaties_wait_for_ratification_or_approval() -> None:
    documents = LISTS["DocType"]

    assert documents.filter("needs_approval")["code"].to_list() == ["TREATY", "FTA"]
    assert documents.filter(~pl.col("implementable_default"))["code"].to_list() == ["JS"]
    assert LISTS["Sector"].filter(pl.col("sector_group") == "INF")["code"].to_list() == ["ENE", "TRA", "CON"]
