"""The demo register beside the published figures: every exact one is met, and disagreements are named, not hidden."""

from __future__ import annotations

import collections
import datetime as dt
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from babel.messages.pofile import read_po

from data_access import store
from data_access.register import read_data_version, read_register
from kpi.register import Register
from seed_data import demo, published, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.published import Measured, Reconciliation
from seed_data.store import fill

ROOT = Path(__file__).resolve().parents[2]

NOT_ABOUT_AGREEMENTS = {
    "diplomatic_relations_countries",
    "trade_turnover_usd_bn_2025",
    "trade_turnover_usd_bn_2020",
    "implementation_limits_admitted",
    "gdp_growth_target_2025_pct",
    "directive_56_date",
    "resolution_59_date",
    "kpi_mandate",
}
CONTRADICTED = {"signed_2025_h1_over_2024", "signed_2024", "upgrades_2025", "partners_over_previous_term"}
"""Not exact, and at odds with the exact ones or with the dated list of relations."""


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    engine = store.get_engine(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'store.sqlite'}")
    store.migrate(engine)
    keep(engine)
    held = read_register(engine)
    store.close(engine)
    return held


def keep(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        fill(session, actor="tests", register=RegisterFrames(demo.frames()), origin="demo")


def figures(register: Register, *, comparable: bool = True) -> list[Reconciliation]:
    return published.reconcile(register, data_date=demo.DATA_DATE, comparable=comparable)


def test_every_exact_figure_about_agreements_is_met(register: Register) -> None:
    found = figures(register)

    exact = [figure for figure in found if figure.qualifier.startswith("exact")]
    assert [figure.key for figure in exact if figure.met is False] == []
    assert {figure.key for figure in exact if figure.met is None} <= NOT_ABOUT_AGREEMENTS
    assert [figure.ours for figure in found if figure.key == "signed_total_2021_2025"] == [927.0, 927.0]


def test_every_figure_is_listed_once_per_source_and_only_known_ones_are_unmet(register: Register) -> None:
    found = figures(register)

    assert len(found) == reference.read_list("published_figures").height
    assert {figure.key for figure in found if figure.met is False} == CONTRADICTED
    assert {figure.key for figure in found if figure.met is None} == {*NOT_ABOUT_AGREEMENTS, "stalled_projects"}
    assert all(figure.ours is None for figure in found if figure.key in NOT_ABOUT_AGREEMENTS)


def test_a_register_that_is_not_the_country_s_is_not_held_to_anything(register: Register) -> None:
    found = figures(register, comparable=False)

    assert {figure.met for figure in found} == {None}
    assert next(figure.ours for figure in found if figure.key == "signed_2025_9m") == 339.0


def test_counts_agree_with_a_count_by_hand() -> None:
    frames = demo.frames()
    signed = {
        row["agreement_id"]: row["effective_on"]
        for row in frames["StatusEvent"].iter_rows(named=True)
        if row["state"] == "SIGNED"
    }
    high = [
        row for row in frames["Agreement"].iter_rows(named=True) if row["scope"] == "HIGH_LEVEL" and row["id"] in signed
    ]
    quarters = collections.Counter((signed[row["id"]].year, (signed[row["id"]].month + 2) // 3) for row in high)

    planned = {
        (int(year), int(quarter[1])): int(count)
        for scenario, year, quarter, count in reference.read_list("reconciliation_year_quarter")
        .select("scenario", "year", "quarter", "count")
        .iter_rows()
        if scenario == "A_published_strict"
    }
    assert quarters == planned
    assert sum(row["doc_type"] == "FTA" for row in high) == 2
    assert sum(row["doc_type"] == "VOL" and signed[row["id"]] <= dt.date(2025, 6, 30) for row in high) == 15


@pytest.mark.parametrize(
    ("given", "qualifier", "ours", "met"),
    [
        (927.0, "exact", 927.0, True),
        (927.0, "exact", 926.0, False),
        (350.0, "nearly (<)", 348.0, True),
        (350.0, "nearly (<)", 350.0, False),
        (350.0, "nearly (<)", 300.0, False),
        (250.0, "more_than (>)", 253.0, True),
        (250.0, "more_than (>)", 250.0, False),
        (2.5, "approx", 2.53, True),
        (2.0, "approx (double the whole of 2024)", 1.79, False),
        (30.0, "approx", 30.9, True),
        (2.5, "external", 2.468, True),
        (38.0, "external", 37.0, False),
        ("54-63", "derived", 54.0, True),
        ("54-63", "derived", 64.0, False),
        ("2025-12-24", "exact", 1.0, None),
        (927.0, "exact", None, None),
        (None, "claim (opposite)", 3.0, None),
        ("A;B + C", "ordinal only", "A 9; B 3; C 2", True),
        ("A;B + C", "ordinal only", "A 9; B 2; C 2", False),
    ],
)
def test_a_qualifier_says_what_agreement_means(
    given: Measured, qualifier: str, ours: Measured, met: bool | None
) -> None:
    assert published.is_met(given, qualifier, ours) is met


def test_contradictions_are_worked_out_from_the_figures() -> None:
    found = {item.code: dict(item.params) for item in published.contradictions()}

    assert found == {
        "year_2024": {"half": "253", "year": "126", "nine_months": "339", "nine_months_2024": "136"},
        "external_2024": {"external": "170", "year": "140", "ratio": "2.5"},
        "last_quarter": {"nine_months": "339", "left": "10"},
        "stalled": {},
    }


def test_the_demo_fills_either_store(engine: sa.Engine) -> None:
    keep(engine)

    version = read_data_version(engine)
    assert version is not None
    assert (version.register_code, version.is_demo, version.data_date) == ("demo", True, demo.DATA_DATE)
    assert [figure.met for figure in figures(read_register(engine)) if figure.key == "signed_2025_q3"] == [True, True]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_figure_and_contradiction_has_words(language: str) -> None:
    with (ROOT / "words" / "locale" / language / "published.po").open("rb") as file:
        words = {str(message.id): str(message.string) for message in read_po(file) if message.id}

    for key in reference.read_list("published_figures")["key"].unique():
        assert words[f"published.figure.{key}"]
    for item in published.contradictions():
        placeholders = set(re.findall(r"\{(\w+)\}", words[f"published.contradiction.{item.code}"]))
        assert placeholders <= set(item.params)
