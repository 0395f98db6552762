"""The demo register: published counts exactly, lives that follow the rules, texts in both languages, the same each run."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import samples, store
from data_access.register import read_register, read_report_texts
from data_access.store import models
from kpi import facts as kpi_facts
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.register import FIELDS_FILLED, Register
from seed_data import demo, reference
from seed_data.demo.verifications import INFLATE, PERIODS, UNDERSTATE
from seed_data.mapping.build import RegisterFrames
from seed_data.shape import schema_of
from seed_data.store import fill, folded_from

FRAMES = demo.frames()
LISTS = reference.frames()
AGREEMENTS = FRAMES["Agreement"]
EVENTS = FRAMES["StatusEvent"]
SIGNED = EVENTS.filter(pl.col("state") == "SIGNED").select("agreement_id", signed_on="effective_on")
HIGH = AGREEMENTS.filter(pl.col("scope") == "HIGH_LEVEL").join(SIGNED, left_on="id", right_on="agreement_id")
TREATIES = ("TREATY", "FTA")
PRINT_HASH = """
import hashlib
from seed_data import demo
digest = hashlib.sha256()
for name, frame in demo.frames().items():
    digest.update(name.encode() + frame.write_csv().encode())
print(digest.hexdigest())
"""


def published(name: str, key: str, value: str) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in reference.read_list(name).select(key, value).iter_rows()}


def counted(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().iter_rows())


@pytest.fixture(scope="module")
def register() -> Register:
    return folded_from(RegisterFrames(FRAMES), LISTS)


@pytest.fixture(scope="module")
def facts(register: Register) -> Facts:
    return kpi_facts.build(register, demo.DATA_DATE).where(pl.col("scope") == "HIGH_LEVEL")


# --- Published counts ------------------------------------------------------------------------------------------------


def test_high_level_agreements_by_quarter_follow_the_published_figures() -> None:
    scenario = reference.read_list("reconciliation_year_quarter").filter(pl.col("scenario") == "A_published_strict")
    expected = {f"{row['year']}{row['quarter']}": int(row["count"]) for row in scenario.iter_rows(named=True)}
    signed = pl.col("signed_on")
    quarter = signed.dt.year().cast(pl.String) + "Q" + signed.dt.quarter().cast(pl.String)

    assert counted(HIGH.with_columns(quarter=quarter), "quarter") == expected
    assert HIGH.height == 927


def test_high_level_agreements_by_sector_and_region_follow_the_lists() -> None:
    lead = FRAMES["AgreementPartner"].filter(pl.col("position") == 0)
    regions = HIGH.join(lead, left_on="id", right_on="agreement_id").join(
        LISTS["Partner"], left_on="partner", right_on="code"
    )

    assert counted(HIGH, "sector") == published("sectors", "code", "demo_count_927")
    assert counted(regions, "region") == published("region_shares", "region", "demo_count_927")


def test_the_ocean_commitments() -> None:
    ocean = HIGH.filter(pl.col("doc_type") == "VOL")
    partners = FRAMES["AgreementPartner"].filter(pl.col("agreement_id").is_in(ocean["id"].to_list()))

    assert ocean.height == 15
    assert set(ocean["signed_on"]) == {dt.date(2025, 6, 9)}
    assert set(ocean["sector"]) == {"AGE"}
    assert set(partners["partner"]) == {"ORG-UN"}


def test_the_free_trade_agreements_have_their_published_day_and_nothing_else() -> None:
    trade = HIGH.filter(pl.col("doc_type") == "FTA").sort("signed_on")
    ids = trade["id"].to_list()

    assert trade["signed_on"].to_list() == [dt.date(2023, 7, 25), dt.date(2024, 10, 28)]
    partners = FRAMES["AgreementPartner"].filter(pl.col("agreement_id").is_in(ids)).sort("agreement_id")
    assert partners["partner"].to_list() == ["IL", "AE"]
    assert not trade["tracked"].any()
    assert EVENTS.filter(pl.col("agreement_id").is_in(ids))["state"].to_list() == ["SIGNED", "SIGNED"]
    for name in ("TargetDate", "ProgressReport", "Blocker"):
        assert FRAMES[name].filter(pl.col("agreement_id").is_in(ids)).is_empty()
    assert trade["notes_vi"].str.contains("ngày ký").all()
    assert trade["notes_en"].str.contains("date of signing").all()


def test_lang_son_signed_six_itself_and_its_bodies_forty_eight() -> None:
    local = AGREEMENTS.filter(pl.col("scope") == "LOCAL")
    own = local.filter(pl.col("doc_type") != "LOCAL")
    partners = FRAMES["AgreementPartner"].filter(pl.col("agreement_id").is_in(own["id"].to_list()))

    assert (own.height, local.height - own.height) == (6, 48)
    assert set(local["responsible_agency"]) == {"T20"}
    assert set(partners["partner"]) == {"SUB-CN-GX", "IN", "SG"}
    bodies = local.filter(pl.col("doc_type") == "LOCAL")["responsible_office"]
    assert "Sở Công Thương" in bodies.to_list()
    assert bodies.n_unique() >= 15


def test_lang_son_has_signed_nothing_beyond_what_was_reported() -> None:
    assert HIGH.filter((pl.col("responsible_agency") == "T20") | (pl.col("signing_agency") == "T20")).is_empty()


def test_a_few_are_not_signed_yet() -> None:
    last = EVENTS.sort("agreement_id", "effective_on", "id").group_by("agreement_id").agg(pl.col("state").last())
    pending = last.join(SIGNED, on="agreement_id", how="anti")

    assert pending.height == 25
    assert set(pending["state"]) == {"PROPOSED", "NEGOTIATING", "ABANDONED"}


# --- Shape and keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMES)
def test_every_frame_has_exactly_the_columns_of_its_table(name: str) -> None:
    assert dict(FRAMES[name].schema) == schema_of(getattr(models, name))


def test_every_key_leads_somewhere() -> None:
    every = {**LISTS, **FRAMES}
    tables = {str(getattr(models, name).__tablename__): frame for name, frame in every.items()}
    for name, frame in FRAMES.items():
        for foreign in SQLModel.metadata.tables[str(getattr(models, name).__tablename__)].foreign_keys:
            given = frame[foreign.parent.name].drop_nulls()
            if not given.is_empty():
                known = tables[foreign.column.table.name][foreign.column.name]
                assert given.is_in(known.implode()).all(), f"{name}.{foreign.parent.name}"


def test_keys_are_unique() -> None:
    for name, frame in FRAMES.items():
        key = [column.name for column in SQLModel.metadata.tables[getattr(models, name).__tablename__].primary_key]
        assert not frame.select(key).is_duplicated().any(), name
    assert AGREEMENTS["ref"].is_unique().all()


def test_the_register_can_be_stored_and_read(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        for name, frame in {**LISTS, **FRAMES}.items():
            store.write_frame(session, getattr(models, name), frame)

    stored = read_register(engine)

    assert stored.agreements.height == AGREEMENTS.height
    said = read_report_texts(engine, stored.reports["id"]).sort("report_id")
    assert said["progress"].equals(FRAMES["ProgressReport"].sort("id")["progress"])
    counted = FRAMES["ProgressReport"].select("id", FIELDS_FILLED).sort("id")
    assert stored.reports.select("id", "fields_filled").equals(counted)
    counts = kpi_facts.build(stored, demo.DATA_DATE).agreements["bucket"].value_counts().sort("bucket")
    assert counts["count"].sum() == AGREEMENTS.height


def test_the_quarter_under_way_is_the_one_to_report_on_next() -> None:
    day = demo.DATA_DATE
    calendar, given = FRAMES["ReportingPeriod"].sort("due_on"), FRAMES["ProgressReport"]["period"].unique()
    coming = calendar.filter(pl.col("due_on") > day)
    assert coming["code"].to_list() == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert coming["starts_on"][0] <= day < coming["ends_on"][0]
    assert given.sort().to_list() == calendar.filter(pl.col("due_on") <= day)["code"].to_list()


def test_the_register_says_that_it_is_a_demonstration() -> None:
    version = FRAMES["DataVersion"].row(0, named=True)

    assert (version["register_code"], version["is_demo"], version["data_date"]) == ("demo", True, dt.date(2026, 1, 14))
    assert "hư cấu" in version["caveat_vi"]
    assert "invented" in version["caveat_en"]


# --- Agencies --------------------------------------------------------------------------------------------------------


def test_who_signed_existed_on_the_day_and_who_answers_exists_now() -> None:
    agencies = LISTS["Agency"].select("key", "valid_from", "valid_to")
    signed = AGREEMENTS.join(SIGNED, left_on="id", right_on="agreement_id").join(
        agencies, left_on="signing_agency", right_on="key"
    )
    day = pl.col("signed_on")
    known = (day >= pl.col("valid_from").fill_null(dt.date.min)) & (day <= pl.col("valid_to").fill_null(dt.date.max))

    assert signed.filter(~known).is_empty()
    today = agencies.filter(pl.col("valid_to").is_null())["key"]
    assert AGREEMENTS["responsible_agency"].is_in(today.implode()).all()


def test_who_answers_is_a_successor_of_who_signed() -> None:
    """Except for loans, which the ministry of finance signs, whoever carries them out."""
    moved = AGREEMENTS.filter(
        (pl.col("signing_agency") != pl.col("responsible_agency")) & (pl.col("doc_type") != "LOAN")
    )
    known = LISTS["AgencySuccession"].select("predecessor", "successor")

    odd = moved.join(
        known, left_on=["signing_agency", "responsible_agency"], right_on=["predecessor", "successor"], how="anti"
    )

    assert odd.is_empty()
    assert moved.height > 150


def test_about_twenty_bodies_and_a_handful_of_provinces_can_be_ranked(facts: Facts) -> None:
    bodies = facts.agreements.filter(pl.col("is_signed")).group_by("agency_group").agg(pl.col("agency").n_unique())
    cards = scorecard.compute(facts, by=["agency", "agency_group"])
    ranked = cards.filter((pl.col("kpi") == "K13") & pl.col("value").is_not_null())

    assert 18 <= dict(bodies.iter_rows())["ministry"] <= 28
    assert 8 <= ranked.filter(pl.col("agency_group") == "province").height <= 10
    assert dict(bodies.iter_rows())["province"] >= 20


# --- Words -----------------------------------------------------------------------------------------------------------


def test_titles_are_unique_and_in_both_languages() -> None:
    for name in ("title_vi", "title_en"):
        assert AGREEMENTS[name].is_unique().all()
        assert (AGREEMENTS[name].str.len_chars() > 30).all()
    assert AGREEMENTS["title_vi"].str.contains("[ăâđêôơưáàảãạ]").all()
    accents = AGREEMENTS.filter(pl.col("title_en").str.contains("[ăđơưạảấầệộợ]"))
    assert accents.is_empty()


def test_no_placeholder_and_no_doubled_space_is_left_in_any_text() -> None:
    for name, frame in FRAMES.items():
        texts = [column for column, kind in frame.schema.items() if kind == pl.String]
        for column in texts:
            assert not frame[column].drop_nulls().str.contains(r"[{}]|  | $|^ ").any(), f"{name}.{column}"


def test_what_can_be_carried_out_has_a_deliverable_in_both_languages() -> None:
    can = AGREEMENTS.filter("implementable")

    assert (can["deliverable_vi"].str.len_chars() > 10).all()
    assert (can["deliverable_en"].str.len_chars() > 8).all()
    declaratory = AGREEMENTS.filter(~pl.col("implementable"))
    assert set(declaratory["doc_type"]) == {"JS"}
    assert ((declaratory["notes_vi"] != "") & (declaratory["notes_en"] != "")).all()


def test_every_high_level_agreement_was_signed_at_an_exchange() -> None:
    assert HIGH["exchange"].null_count() == 0


def test_exchanges_are_held_on_days_of_signing() -> None:
    at = AGREEMENTS.join(SIGNED, left_on="id", right_on="agreement_id").join(
        FRAMES["Exchange"].select("code", "held_on", "partner"), left_on="exchange", right_on="code"
    )
    days = (at["signed_on"] - at["held_on"]).dt.total_days()
    lead = FRAMES["AgreementPartner"].filter(pl.col("position") == 0).select("agreement_id", lead="partner")
    visited = at.join(lead, left_on="id", right_on="agreement_id").filter(pl.col("partner").is_not_null())

    assert days.is_between(0, 1).all()
    assert (visited["lead"] == visited["partner"]).all()
    assert 200 <= FRAMES["Exchange"].height <= 260
    assert FRAMES["Exchange"].select("code", "name_vi", "name_en").null_count().sum_horizontal().item() == 0


# --- Samples ---------------------------------------------------------------------------------------------------------


def test_every_sample_can_be_redone_from_its_seed(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        fill(session, actor="test", register=RegisterFrames(FRAMES), origin="demo")

    assert [samples.check(engine, period=period).holds for period in PERIODS] == [True] * 3


def test_two_agencies_claim_more_than_they_did_and_one_less(facts: Facts) -> None:
    found = facts.verifications.join(facts.agreements.select("agreement_id", "agency"), on="agreement_id")
    refuted = found.group_by("agency").agg(n=pl.len(), false=(pl.col("verdict") == "refuted").mean())
    several = refuted.filter(pl.col("n") >= 5).sort("false", descending=True)

    assert set(several["agency"].head(2)) == set(INFLATE)
    further = (pl.col("found_state") == "COMPLETED") & (pl.col("state") == "IN_PROGRESS") & pl.col("is_confirmed")
    assert set(found.filter(further)["agency"]) == {UNDERSTATE}


def test_of_the_last_sample_two_thirds_wait_and_nothing_was_found_later_than_the_data_date() -> None:
    found, items = FRAMES["Verification"], FRAMES["SampleItem"]

    assert items.group_by("sample_id").len().sort("sample_id")["len"].to_list() == [
        *(found.filter(sample_id=number).height for number in (1, 2)),
        pytest.approx(3 * found.filter(sample_id=3).height, abs=3),
    ]
    assert found["received_on"].max() <= demo.DATA_DATE  # type: ignore[operator]
    assert (found["document_on"] <= found["received_on"]).all()


# --- What the KPIs make of it ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kpi", "lowest", "highest"),
    [("K02", 70, 82), ("K04", 45, 60), ("K05", 14, 30), ("K08", 70, 86), ("K10", 70, 95), ("K11", 80, 97)],
)
def test_overall_rates_are_believable(facts: Facts, kpi: str, lowest: float, highest: float) -> None:
    overall = scorecard.compute(facts).filter(pl.col("kpi") == kpi)["value"].item()

    assert lowest <= overall <= highest


def test_agencies_differ_clearly(facts: Facts) -> None:
    cards = scorecard.compute(facts, by=["agency", "agency_group"])
    ranked = cards.filter((pl.col("kpi") == "K13") & pl.col("value").is_not_null())

    best, worst = ranked.select(pl.col("value").max().alias("best"), pl.col("value").min().alias("worst")).row(0)
    assert 82 <= best <= 94
    assert 25 <= worst <= 48
    for group in ("ministry", "province"):
        assert set(ranked.filter(pl.col("agency_group") == group)["status"]) == {"green", "amber", "red"}


def test_every_bucket_occurs(facts: Facts) -> None:
    occurring = set(facts.agreements["bucket"])

    assert {"on_track", "at_risk", "stalled", "overdue", "no_date", "suspended", "completed", "void"} <= occurring


def test_explanations_are_given_for_red_lights(facts: Facts) -> None:
    cards = scorecard.compute(facts, by=["agency"]).select("agency", "kpi", "status")
    explained = FRAMES["Explanation"].join(cards, on=["agency", "kpi"], how="left")

    assert set(explained["status"]) == {"red"}
    assert explained["agency"].n_unique() >= 6
    assert ((explained["text_vi"] != "") & (explained["text_en"] != "")).all()


# --- The same each time, and larger ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_process_makes_the_same_bytes() -> None:
    hashes = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "POLARS_MAX_THREADS": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", PRINT_HASH], env=environment, capture_output=True, text=True, check=True
        )
        hashes.add(done.stdout.strip())

    assert len(hashes) == 1


def test_another_seed_makes_another_register_with_the_same_counts() -> None:
    other = demo.frames(seed=7)["Agreement"]

    assert other["title_vi"].to_list() != AGREEMENTS["title_vi"].to_list()
    assert counted(other.filter(pl.col("ref").str.starts_with("TT-")), "sector") == counted(HIGH, "sector")


def test_a_larger_register_keeps_the_shares() -> None:
    large = demo.frames(n=20_000)
    agreements = large["Agreement"]
    shares = counted(agreements.filter(pl.col("ref").str.starts_with("TT-")), "sector")

    assert agreements.height == 20_000
    assert agreements["title_vi"].is_unique().all()
    assert agreements["ref"].is_unique().all()
    assert abs(shares["ECO"] / sum(shares.values()) - 278 / 927) < 0.001
    allowed = reference.read_list("transitions").select(before="from_state", state="to_state")
    made = (
        large["StatusEvent"]
        .sort("agreement_id", "effective_on", "id")
        .with_columns(before=pl.col("state").shift(1).over("agreement_id"))
        .drop_nulls("before")
    )
    assert made.join(allowed, on=["before", "state"], how="anti").is_empty()


def test_a_register_too_small_for_the_published_counts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 1006 agreements, not 100"):
        demo.frames(n=100)
