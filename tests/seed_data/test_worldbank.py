"""A register of the World Bank's form: what it holds, what it lists as unclear, and its scorecards against a second
computation; on an invented list, and on real ones where they lie beside the project."""

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
from seed_data.store import fill, folded_from
from tests.seed_data import invented_worldbank as invented
from tests.seed_data import real
from tests.seed_data import recomputed_worldbank as again

FILES = ("invented", pytest.param("real", marks=real.only_where_they_are))


@functools.cache
def register(which: str) -> RegisterFrames:
    if which == "invented":
        return invented.register()
    data = real.VIET_NAM.read_bytes()
    return worldbank.read(data, file=real.VIET_NAM.name, lists=reference.frames(), data_date=again.DATA_DATE)


def path(which: str) -> Path:
    return invented.path() if which == "invented" else real.VIET_NAM


@pytest.fixture(scope="module", params=FILES)
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def loaded(which: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a SQLite store with the register in it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('worldbank') / 'store.sqlite'}"
    engine = store.get_engine(url)
    store.migrate(engine)
    keep(engine, which)
    store.close(engine)
    return url


def keep(engine: sa.Engine, which: str) -> None:
    with store.session(engine) as session:
        fill(session, actor="tests", register=register(which), origin="worldbank")


def codes(which: str, code: str) -> pl.DataFrame:
    refs = register(which).agreements.select(agreement_id="id", ref="ref")
    return register(which).findings.filter(pl.col("code") == code).join(refs, on="agreement_id")


def moves(which: str, ref: str) -> list[tuple[str, str, bool]]:
    """The states of an operation: code, day, whether the day is its own."""
    number = register(which).agreements.filter(pl.col("ref") == ref)["id"].item()
    events = register(which).frames["StatusEvent"].filter(pl.col("agreement_id") == number)
    return events.select("state", pl.col("effective_on").cast(pl.String), "date_known").rows()


# --- What is loaded --------------------------------------------------------------------------------------------------


def test_every_operation_is_kept() -> None:
    agreements = register("invented").agreements

    assert agreements.height == invented.COUNT
    assert agreements["scope"].unique().to_list() == ["HIGH_LEVEL"]
    kinds = dict(agreements.select("ref", "doc_type").iter_rows())
    assert kinds[invented.ref("a_grant")] == "IA"
    assert kinds[invented.ref("without_a_kind")] == "LOAN"
    assert "sector" not in agreements.columns
    assert register("invented").frames["AgreementPartner"]["partner"].unique().to_list() == ["ORG-WB"]
    pdo = agreements.filter(pl.col("ref") == invented.ref("text_of_lines"))["deliverable_en"].item()
    assert pdo == invented.PECULIAR["text_of_lines"]["pdo"]


def test_each_name_in_the_file_leads_where_a_person_would_send_it(which: str) -> None:
    named = register(which).names.filter(pl.col("field") == "responsible_agency")
    names = dict(named.select("name", "stands_for").iter_rows())

    assert len(names) > 50
    assert names == {name: key for name, key in again.AGENCIES.items() if name in names}
    listed = codes(which, "unresolved_agency")
    assert set(listed["value"]) == {name for name in names if again.AGENCIES[name] is None}


@pytest.mark.parametrize(
    ("peculiarity", "expected"),
    [
        (
            "effective_before_approval",
            [("SIGNED", "1997-06-26", True), ("IN_PROGRESS", "1996-10-10", True), ("COMPLETED", "2004-12-31", True)],
        ),
        (
            "closed_before_approval",
            [("SIGNED", "2009-06-11", True), ("IN_PROGRESS", "2009-05-31", False), ("COMPLETED", "2009-05-31", True)],
        ),
        (
            "closed_without_effect",
            [("SIGNED", "1990-02-01", True), ("IN_PROGRESS", "1995-06-30", False), ("COMPLETED", "1995-06-30", True)],
        ),
        (
            "closed_without_closing",
            [("SIGNED", "1978-08-08", True), ("IN_PROGRESS", "1979-02-22", True), ("COMPLETED", "2025-03-31", False)],
        ),
        ("dropped_once_approved", [("SIGNED", "1994-06-30", True), ("TERMINATED", "1994-06-30", False)]),
        ("dropped_once_effective", [("IN_PROGRESS", "2001-02-03", True), ("TERMINATED", "2001-02-03", False)]),
        ("dropped_before", [("ABANDONED", "2025-03-31", False)]),
        ("in_the_pipeline", [("NEGOTIATING", "2025-03-31", False)]),
        ("approved_after_the_data_date", [("NEGOTIATING", "2025-03-31", False)]),
    ],
)
def test_what_the_file_leaves_open_is_kept_as_such(peculiarity: str, expected: list[tuple[str, str, bool]]) -> None:
    assert moves("invented", invented.ref(peculiarity)) == expected


def test_rows_that_contradict_themselves_are_listed() -> None:
    early = {invented.ref("effective_before_approval"), invented.ref("effective_before_approval_too")}

    assert set(codes("invented", "effective_before_signed")["ref"]) == early
    assert codes("invented", "completed_before_signed")["ref"].to_list() == [invented.ref("closed_before_approval")]
    assert contradictions(register("invented")).height == 4
    after = codes("invented", "after_data_date").select("ref", "field", "value").rows()
    assert after == [(invented.ref("approved_after_the_data_date"), "boardapprovaldate", "2025-12-16")]


@real.only_where_they_are
def test_the_real_list_of_viet_nam() -> None:
    found = register("real")

    assert found.agreements.height == 327
    assert dict(found.agreements["doc_type"].value_counts().iter_rows()) == {"LOAN": 252, "IA": 75}
    assert found.agreements["responsible_agency"].null_count() == 183 + 32
    assert dict(found.findings["code"].value_counts().iter_rows()) == {
        "unresolved_agency": 32,
        "effective_before_signed": 11,
        "completed_before_signed": 1,
        "target_before_signed": 1,
        "no_signing_date": 17,
        "state_undated": 79,
        "after_data_date": 1,
    }
    facts = kpi_facts.build(folded_from(found, reference.frames()), again.DATA_DATE).agreements
    contradicting = facts.filter(pl.col("contradicts"))
    assert (facts.height, contradicting.height) == (327, 12)


@real.only_where_they_are
def test_the_real_list_of_another_country_names_none_of_our_agencies() -> None:
    data = real.RWANDA.read_bytes()

    found = worldbank.read(
        data, file=real.RWANDA.name, lists=reference.frames(), data_date=again.DATA_DATE, country="RW"
    )

    assert found.agreements.height == 236
    assert found.agreements["responsible_agency"].null_count() == 236
    assert found.unresolved()["name"].n_unique() == 59
    assert (found.description["register_code"], found.description["name_en"]) == (
        "worldbank-rw",
        "World Bank operations in Rwanda",
    )


def test_a_ministry_of_another_country_is_none_of_ours() -> None:
    named = (
        invented.content().replace(b",Ministry of Health,", b",Ministry of Finance,").replace(b"Viet Nam,", b"Rwanda,")
    )

    found = worldbank.read(named, file="rw.csv", lists=reference.frames(), data_date=dt.date(2026, 1, 31), country="RW")

    assert found.agreements["responsible_agency"].null_count() == invented.COUNT
    assert found.agreements.filter(responsible_as_given="Ministry of Finance").height > 0
    assert found.description["data_date"] == dt.date(2026, 1, 31)


def test_the_list_fetched_last_is_the_one_loaded(tmp_path: Path) -> None:
    for name in ("worldbank_VN_2025-12-31", "worldbank_VN_2026-01-30", "worldbank_VN_mine", "worldbank_RW_2026-02-01"):
        (tmp_path / f"{name}.csv").touch()

    assert worldbank.newest(tmp_path, "VN") == (tmp_path / "worldbank_VN_2026-01-30.csv", dt.date(2026, 1, 30))
    assert worldbank.newest(tmp_path, "LA") is None


# --- On a store ------------------------------------------------------------------------------------------------------


def test_facts_of_the_register_on_both_stores(engine: sa.Engine) -> None:
    keep(engine, "invented")

    facts = kpi_facts.build(read_register(engine), again.DATA_DATE)

    assert facts.agreements.height == invented.COUNT
    early = facts.agreements.filter(ref=invented.ref("effective_before_approval"))
    assert early.select("contradicts", "duration_days", "state").rows() == [(True, None, "COMPLETED")]
    assert facts.records == {"targets"}


AS_OF = (again.DATA_DATE, dt.date(2015, 6, 30), dt.date(2003, 12, 31))


@pytest.mark.parametrize("as_of", AS_OF, ids=str)
@pytest.mark.parametrize("by", ["agency", "partner", "sector"])
def test_scorecards_agree_with_a_second_computation(
    which: str,
    loaded: str,
    by: str,
    as_of: dt.date,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", loaded)
    operations = again.read(path(which), as_of)
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
