"""The lives of the demo register: moves, targets, reports and blockers that follow the rules, and claims with documents."""

from __future__ import annotations

import polars as pl

from kpi.facts import REPORT_FIELDS, Facts
from kpi.studies import cohorts
from seed_data import demo, reference
from tests.seed_data.test_demo import (
    AGREEMENTS,
    EVENTS,
    FRAMES,
    HIGH,
    SIGNED,
    TREATIES,
    facts,
    register,
)

__all__ = ["facts", "register"]  # fixtures, which pytest finds by their names here


def moves() -> pl.DataFrame:
    """Each move from one state to the next, with the state held before that and the document type."""
    return (
        EVENTS.sort("agreement_id", "effective_on", "id")
        .with_columns(
            before=pl.col("state").shift(1).over("agreement_id"),
            earlier=pl.col("state").shift(2).over("agreement_id"),
            on_before=pl.col("effective_on").shift(1).over("agreement_id"),
        )
        .join(AGREEMENTS.select("id", "doc_type"), left_on="agreement_id", right_on="id", maintain_order="left")
    )


def test_every_move_is_allowed() -> None:
    allowed = reference.read_list("transitions").select(before="from_state", state="to_state")
    made = moves().filter(pl.col("before").is_not_null())

    assert made.join(allowed, on=["before", "state"], how="anti").is_empty()
    first = moves().filter(pl.col("before").is_null())
    assert set(first["state"]) <= {"PROPOSED", "NEGOTIATING", "SIGNED"}


def test_the_conditions_of_moves_are_kept() -> None:
    made = moves()
    treaty = pl.col("doc_type").is_in(TREATIES)

    assert made.filter((pl.col("state") == "APPROVAL_PENDING") & ~treaty).is_empty()
    jumped = (pl.col("before") == "SIGNED") & pl.col("state").is_in(["PLAN_ISSUED", "IN_PROGRESS"])
    assert made.filter(jumped & treaty).is_empty()
    resumed = made.filter(
        (pl.col("before") == "SUSPENDED") & pl.col("state").is_in(["IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS"])
    )
    assert (resumed["state"] == resumed["earlier"]).all()
    assert resumed.height >= 3


def test_dates_never_go_backwards_and_nothing_is_later_than_the_data_date() -> None:
    made = moves()

    assert (made["on_before"].is_null() | (made["on_before"] <= made["effective_on"])).all()
    assert EVENTS["id"].is_sorted()
    for frame in FRAMES.values():
        for column in {"effective_on", "reported_on", "received_on", "given_on", "recorded_at"} & set(frame.columns):
            assert (frame[column].cast(pl.Date) <= demo.DATA_DATE).all()


def test_targets_are_planned_after_signing_and_moved_with_a_reason() -> None:
    targets = (
        FRAMES["TargetDate"]
        .join(SIGNED, on="agreement_id")
        .sort("agreement_id", "effective_on", "id")
        .with_columns(number=pl.int_range(pl.len()).over("agreement_id"))
    )
    first, later = targets.filter(pl.col("number") == 0), targets.filter(pl.col("number") > 0)
    followed = HIGH.filter(pl.col("implementable") & pl.col("tracked"))

    assert (targets["target_on"] > targets["signed_on"]).all()
    assert (first["reason"] == "").all()
    assert (later["reason"] != "").all()
    assert 0.15 <= later["agreement_id"].n_unique() / first.height <= 0.3
    assert 0.4 <= later["reason"].str.contains(r"\(Tờ trình số \d+/TTr-\S+\)\.$").mean() <= 0.8  # type: ignore[operator]
    without = followed.join(first, left_on="id", right_on="agreement_id", how="anti").height
    assert 0.05 <= without / followed.height <= 0.11


def test_reports_are_for_open_agreements_after_the_period_and_progress_never_falls() -> None:
    reports = FRAMES["ProgressReport"].join(FRAMES["ReportingPeriod"], left_on="period", right_on="code")
    ordered = reports.drop_nulls("progress_pct").sort("agreement_id", "ends_on")

    steps = ordered.with_columns(step=pl.col("progress_pct").diff().over("agreement_id"))["step"].drop_nulls()
    assert (steps >= 0).all()
    assert (reports["reported_on"] >= reports["ends_on"]).all()
    assert not reports.select("agreement_id", "period").is_duplicated().any()
    assert reports["progress_pct"].drop_nulls().is_between(0, 100).all()
    assert reports.filter(~pl.col("shows_progress")).height > 200


def test_reports_have_seven_fields_some_left_blank() -> None:
    reports = FRAMES["ProgressReport"]
    blank = {name: reports.filter(pl.col(name) == "").height for name in REPORT_FIELDS}

    assert [name for name, number in blank.items() if number] == ["completion_time", "difficulties", "recommendations"]
    assert blank["difficulties"] > blank["recommendations"]
    assert reports["progress"].n_unique() > 1000


def test_blockers_open_go_up_and_close_in_order() -> None:
    days = (
        FRAMES["BlockerEvent"]
        .pivot("kind", index="blocker_id", values="effective_on")
        .join(FRAMES["Blocker"], left_on="blocker_id", right_on="id")
        .join(SIGNED, on="agreement_id")
    )

    assert (days["opened"] >= days["signed_on"]).all()
    assert (days["escalated"].is_null() | (days["escalated"] >= days["opened"])).all()
    assert (days["resolved"].is_null() | (days["resolved"] >= days["opened"])).all()
    assert (days["resolved"].is_null() | days["escalated"].is_null() | (days["escalated"] <= days["resolved"])).all()
    assert days.filter(pl.col("authority_level") == "agency")["escalated"].is_null().all()
    assembly = days.filter(pl.col("authority_level") == "national_assembly")
    assert set(assembly["must_act"]) == {"VPQH"}
    assert set(assembly["cause"]) == {"legal_framework"}
    assert days.filter(pl.col("resolved").is_null()).height > 50


def test_most_plans_starts_and_completions_name_a_document_and_some_do_not() -> None:
    claims = EVENTS.filter(pl.col("state").is_in(["PLAN_ISSUED", "IN_PROGRESS", "COMPLETED"]))
    named = claims.group_by("state").agg(pl.col("note").str.contains(r"số \d+").mean())

    assert ((named["note"] > 0.85) & (named["note"] < 0.97)).all()
    assert set(claims.filter(~pl.col("note").str.contains(r"số \d+"))["note"]) == {""}


def test_years_of_signing_did_not_go_better_from_one_to_the_next(facts: Facts) -> None:
    shares = cohorts.by_signing(facts).drop_nulls("share")["share"].to_list()

    assert len(shares) == 4
    assert shares != sorted(shares)
    assert min(shares) > 50
    assert max(shares) < 90


def test_evidence_is_named_only_for_what_is_completed() -> None:
    shown = AGREEMENTS.filter(pl.col("evidence_url") != "")
    completed = EVENTS.filter(pl.col("state") == "COMPLETED")["agreement_id"]

    assert shown["id"].is_in(completed.implode()).all()
    assert shown["evidence_url"].str.contains(r"^Báo cáo số \d+/BC-\S+ ngày \d{2}/\d{2}/\d{4}$").all()
    assert shown.height < completed.n_unique()
