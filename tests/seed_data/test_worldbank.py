"""The real register: what it holds, what it lists as unclear, and its scorecards against a second computation."""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from cli.main import main
from data_access import store
from data_access.register import read_register
from kpi import facts as kpi_facts
from seed_data import reference, worldbank
from seed_data.mapping.build import RegisterFrames
from seed_data.mapping.summary import contradictions
from seed_data.store import fill
from tests.seed_data import recomputed_worldbank as again

EFFECTIVE_BEFORE_APPROVAL = {
    *("P004830", "P039914", "P059936", "P062748", "P066051", "P079912"),
    *("P081325", "P083593", "P090374", "P109005", "P119077"),
}


@functools.cache
def register() -> RegisterFrames:
    return worldbank.read(reference.frames())


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a SQLite store with the register in it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('worldbank') / 'store.sqlite'}"
    engine = store.get_engine(url)
    store.migrate(engine)
    keep(engine)
    store.close(engine)
    return url


def keep(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        fill(session, actor="tests", register=register(), origin="worldbank")


def codes(code: str) -> pl.DataFrame:
    refs = register().agreements.select(agreement_id="id", ref="ref")
    return register().findings.filter(pl.col("code") == code).join(refs, on="agreement_id")


# --- What is loaded --------------------------------------------------------------------------------------------------


def test_every_operation_is_kept() -> None:
    agreements = register().agreements

    assert agreements.height == 327
    assert agreements["scope"].unique().to_list() == ["HIGH_LEVEL"]
    assert dict(agreements["doc_type"].value_counts().iter_rows()) == {"LOAN": 252, "IA": 75}
    assert "sector" not in agreements.columns
    assert register().frames["AgreementPartner"]["partner"].unique().to_list() == ["ORG-WB"]
    assert agreements["responsible_agency"].null_count() == 183 + 32


def test_each_name_in_the_file_leads_where_a_person_would_send_it() -> None:
    names = register().names.select("name", "agency")

    assert dict(names.iter_rows()) == {name: key for name, key in again.AGENCIES.items() if name}


def test_unresolved_names_are_listed_with_their_rows() -> None:
    listed = codes("unresolved_agency")

    assert listed.height == 32
    assert listed.filter(pl.col("value") == "EVN").select("ref", "field", "source_row").rows() == [
        ("P099460", "responsible_agency", 143)
    ]
    assert set(listed["value"]) == {name for name, key in again.AGENCIES.items() if name and key is None}


def test_rows_that_contradict_themselves_are_listed_and_left_as_they_are() -> None:
    assert set(codes("effective_before_signed")["ref"]) == EFFECTIVE_BEFORE_APPROVAL
    assert codes("completed_before_signed")["ref"].to_list() == ["P114133"]
    assert contradictions(register()).height == 13
    first = register().frames["StatusEvent"].filter(pl.col("agreement_id") == 6)
    assert first.select("state", "effective_on").rows() == [
        ("SIGNED", dt.date(1997, 6, 26)),
        ("IN_PROGRESS", dt.date(1996, 10, 10)),
        ("COMPLETED", dt.date(2004, 12, 31)),
    ]


def test_what_the_file_leaves_open_is_listed() -> None:
    counts = dict(register().findings["code"].value_counts().iter_rows())

    assert counts == {
        "unresolved_agency": 32,
        "effective_before_signed": 11,
        "completed_before_signed": 1,
        "target_before_signed": 1,
        "no_signing_date": 17,
        "state_undated": 79,
        "after_data_date": 1,
    }
    assert codes("after_data_date").select("ref", "field", "value").rows() == [
        ("P179402", "boardapprovaldate", "2025-12-16")
    ]


# --- On a store ------------------------------------------------------------------------------------------------------


def test_facts_of_the_register_on_both_stores(engine: sa.Engine) -> None:
    keep(engine)

    facts = kpi_facts.build(read_register(engine), again.DATA_DATE)

    frame = facts.agreements
    assert frame.height == 327
    contradicting = frame.filter(pl.col("ref").is_in(EFFECTIVE_BEFORE_APPROVAL))
    assert contradicting["contradicts"].all()
    assert contradicting["duration_days"].null_count() == 11
    assert contradicting["state"].unique().to_list() == ["COMPLETED"]
    assert facts.records == {"targets"}


AS_OF = (again.DATA_DATE, dt.date(2015, 6, 30), dt.date(2003, 12, 31))


@pytest.mark.parametrize("as_of", AS_OF, ids=str)
@pytest.mark.parametrize("by", ["agency", "partner", "sector"])
def test_scorecards_agree_with_a_second_computation(
    loaded: str, by: str, as_of: dt.date, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", loaded)
    operations = again.read(worldbank.FILE, as_of)
    names = {"agency": lambda op: op.agency, "partner": lambda _: "ORG-WB", "sector": lambda _: "NOT_GIVEN"}
    expected = {
        group: again.scorecard(members, as_of) for group, members in again.grouped(operations, names[by]).items()
    }

    status = main(["scorecards", "--as-of", as_of.isoformat(), "--by", by, "--format", "json"])

    cards = json.loads(capsys.readouterr().out)
    assert status == 0
    assert {card["group"] for card in cards} == set(expected)
    assert len(cards) == 13 * len(expected)
    for card in cards:
        other = expected[card["group"]][card["kpi"]]
        for column in ("n", "numerator", "denominator", "value", "low", "high", "score", "status"):
            assert agree(card[column], other[column]), (card, column, other[column])


def agree(ours: object, other: object) -> bool:
    if isinstance(ours, int | float) and isinstance(other, int | float):
        return math.isclose(ours, other, rel_tol=1e-9, abs_tol=1e-9)
    return ours == other


def test_the_file_is_as_it_was_published() -> None:
    data = worldbank.FILE.read_bytes()

    assert len(data) == 172_412
    assert "CC BY 4.0" in (Path(worldbank.FOLDER) / "README.md").read_text(encoding="utf-8")
