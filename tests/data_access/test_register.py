"""The register as frames, rules, names, the data version, the dossier of one agreement: on both stores."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import register, store
from data_access.store import models
from kpi import register as shape
from kpi.rules import Rules
from kpi.vocabulary import REPORT_FIELDS

DAY = dt.date(2024, 3, 1)
LATER = dt.datetime(2025, 1, 1)


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """Two agreements; the first has one row of everything that holds, and one that was retracted."""
    batch = models.UploadBatch(username="agency", file_name="bao-cao.csv", file_sha256="0" * 64, status="applied")
    with store.session(engine) as session:
        session.add_all(
            [
                models.Agency(
                    key="MOF", code="MOF", kind="ministry", abbr_vi="BTC", abbr_en="MOF",
                    name_vi="Bộ Tài chính", name_en="Ministry of Finance",
                ),
                models.Agency(
                    key="T20", code="20", kind="province", abbr_vi="", abbr_en="",
                    name_vi="Lạng Sơn", name_en="Lang Son",
                ),
                models.Partner(code="LA", name_vi="Lào", name_en="Laos", kind="country", region="ASEAN"),
                models.Sector(code="trade", name_vi="Thương mại", name_en="Trade", sector_group="economy", position=1),
                models.DocType(
                    code="mou", name_vi="Biên bản ghi nhớ", name_en="Memorandum", legal_class="agreement", position=1
                ),
                models.ReportingPeriod(
                    code="2024H1", starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2024, 6, 30), due_on=DAY
                ),
                batch,
            ]
        )  # fmt: skip
        session.flush()
        session.add_all(
            [
                models.PartnerTier(partner="LA", valid_from=dt.date(2009, 9, 5), tier="special"),
                models.Exchange(
                    code="V1", name_vi="Thăm Lào", name_en="Visit to Laos", kind="visit", held_on=DAY, partner="LA"
                ),
            ]
        )
        session.flush()
        session.add_all(
            [
                models.Agreement(
                    id=1, ref="A-1", title_vi="Một", title_en="One", doc_type="mou", scope="high_level", sector="trade",
                    responsible_agency="MOF", exchange="V1", flagship=True,
                ),
                models.Agreement(id=2, ref="A-2", title_vi="Hai", title_en="Two", scope="local"),
            ]
        )  # fmt: skip
        session.flush()
        session.add_all(
            [
                models.AgreementPartner(agreement_id=1, partner="LA"),
                models.AgreementAgency(agreement_id=1, agency="T20"),
                models.StatusEvent(agreement_id=1, state="SIGNED", effective_on=DAY),
                models.StatusEvent(agreement_id=1, state="VOID", effective_on=DAY, retracted_at=LATER),
                models.StatusEvent(agreement_id=2, state="SIGNED", effective_on=DAY),
                models.TargetDate(agreement_id=1, target_on=dt.date(2025, 6, 1), effective_on=DAY, batch_id=batch.id),
                models.TargetDate(agreement_id=1, target_on=DAY, effective_on=DAY, retracted_at=LATER),
                models.ProgressReport(agreement_id=1, period="2024H1", reported_on=DAY, progress_pct=40),
                models.ProgressReport(agreement_id=1, reported_on=DAY, retracted_at=LATER),
                models.Blocker(id=1, agreement_id=1, cause="funding", severity="severe", authority_level="ministry"),
                models.Blocker(
                    id=2, agreement_id=1, cause="other", severity="minor", authority_level="agency", retracted_at=LATER
                ),
                models.BatchChange(batch_id=batch.id or 0, agreement_id=1, field="target_on", new="2025-06-01"),
                models.LoadFinding(agreement_id=1, field="agency", value="Bo Tai chinh?", code="agency_guessed"),
            ]
        )
        session.flush()
        session.add_all(
            [
                models.BlockerEvent(blocker_id=1, kind="opened", effective_on=DAY),
                models.BlockerEvent(blocker_id=1, kind="resolved", effective_on=DAY, retracted_at=LATER),
                models.BlockerEvent(blocker_id=2, kind="opened", effective_on=DAY),
            ]
        )
    return engine


def test_the_register_has_every_frame_with_exactly_its_columns(filled: sa.Engine) -> None:
    found = register.read_register(filled)

    assert {field.name for field in dataclasses.fields(shape.Register)} == {*shape.DECLARED, "not_kept", "starts_with"}
    assert {name: getattr(found, name).schema for name in shape.DECLARED} == {
        name: declared.create_empty().schema for name, declared in shape.DECLARED.items()
    }


def test_an_empty_store_is_an_empty_register(engine: sa.Engine) -> None:
    found, empty = register.read_register(engine), shape.Register()

    for name in shape.DECLARED:
        assert getattr(found, name).equals(getattr(empty, name)), name
        assert getattr(found, name).schema == getattr(empty, name).schema
    assert found.not_kept == empty.not_kept == frozenset()


def test_retracted_rows_are_left_out_of_the_register(filled: sa.Engine) -> None:
    found = register.read_register(filled)

    assert found.agreements["ref"].to_list() == ["A-1", "A-2"]
    assert found.status_events.select("agreement_id", "state").rows() == [(1, "SIGNED"), (2, "SIGNED")]
    assert found.targets["target_on"].to_list() == [dt.date(2025, 6, 1)]
    assert found.reports["progress_pct"].to_list() == [40.0]
    assert found.blockers["id"].to_list() == [1]
    assert found.blocker_events.select("blocker_id", "kind").rows() == [(1, "opened")]


def test_a_state_says_whether_a_document_is_named_and_who_reviewed_it(filled: sa.Engine) -> None:
    with store.session(filled) as session:
        reviewed = models.UploadBatch(
            username="agency", file_name="2.csv", file_sha256="1" * 64, status="applied", reviewed_by="coordinator",
            reviewed_at=LATER, applied_at=LATER,
        )  # fmt: skip
        session.add(reviewed)
        session.flush()
        for state, note in (("PLAN_ISSUED", " \u3000"), ("IN_PROGRESS", "12/BC")):
            session.add(
                models.StatusEvent(
                    agreement_id=1, state=state, effective_on=DAY, note=note, received_on=DAY, batch_id=reviewed.id
                )
            )
    found, dossier = register.read_register(filled), register.read_agreement(filled, 1)
    assert dossier is not None

    told = found.status_events.join(found.batches, left_on="batch_id", right_on="id", how="left")
    assert told.select("state", "is_documented", "reviewed_at").rows() == [
        ("SIGNED", False, None),
        ("SIGNED", False, None),
        ("PLAN_ISSUED", False, LATER),
        ("IN_PROGRESS", True, LATER),
    ]
    assert dict(dossier.events.select("state", "reviewed_by").rows())["IN_PROGRESS"] == "coordinator"


def test_the_store_counts_the_filled_texts_of_a_report_as_frames_do(filled: sa.Engine) -> None:
    said = [
        "",
        *map(chr, range(9, 14)),
        " ",
        "\x85",
        "\xa0",
        "\u2003",
        "\u3000",
        " \t\u2028 ",
        "có",
        " x ",
        "\u200b",
        *("12/BCT", "x", "không", "được"),
        "'",
        "%",
        "…\u2800–",
    ]
    texts = [dict(zip(REPORT_FIELDS, said[start:] + said[:start], strict=False)) for start in range(len(said))]
    with store.session(filled) as session:
        session.add_all(
            models.ProgressReport.model_validate({"agreement_id": 1, "reported_on": DAY, **of_report})
            for of_report in texts
        )

    counted = register.read_register(filled).reports.select("id", "fields_filled")

    written = register.read_report_texts(filled, counted["id"]).sort("report_id")
    assert written.tail(len(texts)).drop("report_id").to_dicts() == texts
    assert written.select(shape.FIELDS_FILLED)["fields_filled"].to_list() == counted["fields_filled"].to_list()
    assert counted["fields_filled"].n_unique() > 5


def test_the_data_version_is_none_until_something_is_loaded_and_then_counts(engine: sa.Engine) -> None:
    assert register.read_data_version(engine) is None

    with store.session(engine) as session:
        assert register.raise_data_version(session) == 1
    with store.session(engine) as session:
        held = session.get(models.DataVersion, 1)
        assert held is not None
        held.register_code = "demo"
        assert register.raise_data_version(session) == 2
        assert register.raise_data_version(session) == 3

    found = register.read_data_version(engine)
    assert found is not None
    assert (found.version, found.register_code) == (3, "demo")


def test_rules_are_those_in_code_until_the_store_says_otherwise(engine: sa.Engine) -> None:
    assert register.read_rules(engine, DAY) == Rules()


def test_of_several_settings_the_latest_effective_holds(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.add_all(
            [
                models.Setting(key="grace_days", value="30", effective_on=dt.date(2024, 6, 1)),
                models.Setting(key="grace_days", value="60", effective_on=dt.date(2024, 1, 1)),
                models.Setting(key="grace_days", value="45", effective_on=dt.date(2025, 1, 1)),
                models.Setting(key="stall_days", value='{"SIGNED": 99}', effective_on=dt.date(2024, 1, 1)),
                models.Setting(key="goalposts", value='{"K02": [10, 90]}', effective_on=dt.date(2024, 1, 1)),
            ]
        )

    before, within, after = (
        register.read_rules(engine, day) for day in (dt.date(2023, 12, 31), dt.date(2024, 6, 1), dt.date(2026, 1, 1))
    )

    assert (before.grace_days, within.grace_days, after.grace_days) == (90, 30, 45)
    assert (within.stall_days["SIGNED"], within.stall_days["IN_FORCE"]) == (99, 90)
    assert within.goalposts["K02"] == (10, 90)


def test_of_two_settings_of_one_day_the_last_recorded_holds(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.add(models.Setting(key="grace_days", value="1", effective_on=DAY, recorded_at=dt.datetime(2024, 5, 2)))
        session.add(models.Setting(key="grace_days", value="2", effective_on=DAY, recorded_at=dt.datetime(2024, 5, 1)))

    assert register.read_rules(engine, DAY).grace_days == 1


def test_everything_has_a_name_and_a_short_one(filled: sa.Engine) -> None:
    names = register.read_names(filled)

    assert names.columns == ["kind", "code", "name_vi", "name_en", "abbr_vi", "abbr_en"]
    assert names.rows() == [
        ("agency", "MOF", "Bộ Tài chính", "Ministry of Finance", "BTC", "MOF"),
        ("agency", "T20", "Lạng Sơn", "Lang Son", "Lạng Sơn", "Lang Son"),
        ("doc_type", "mou", "Biên bản ghi nhớ", "Memorandum", "Biên bản ghi nhớ", "Memorandum"),
        ("exchange", "V1", "Thăm Lào", "Visit to Laos", "Thăm Lào", "Visit to Laos"),
        ("partner", "LA", "Lào", "Laos", "Lào", "Laos"),
        ("sector", "trade", "Thương mại", "Trade", "Thương mại", "Trade"),
    ]


def test_the_dossier_of_an_agreement_has_everything_about_it(filled: sa.Engine) -> None:
    dossier = register.read_agreement(filled, 1)

    assert dossier is not None
    assert dossier.agreement.select("ref", "flagship").rows() == [("A-1", True)]
    assert dossier.partners["partner"].to_list() == ["LA"]
    assert dossier.agencies.select("agency", "role").rows() == [("T20", "coordinating")]
    assert dossier.events["state"].to_list() == ["SIGNED", "VOID"]
    assert dossier.events["retracted_at"].to_list() == [None, LATER]
    assert len(dossier.targets) == len(dossier.reports) == len(dossier.blockers) == 2
    assert dossier.blocker_events.select("blocker_id", "kind").rows() == [(1, "opened"), (1, "resolved"), (2, "opened")]
    assert dossier.changes.select("field", "new", "username", "file_name").rows() == [
        ("target_on", "2025-06-01", "agency", "bao-cao.csv")
    ]
    assert dossier.findings["code"].to_list() == ["agency_guessed"]
    assert dossier.exchange["name_en"].to_list() == ["Visit to Laos"]


def test_a_dossier_holds_nothing_of_other_agreements(filled: sa.Engine) -> None:
    dossier = register.read_agreement(filled, 2)

    assert dossier is not None
    sizes = {field.name: len(getattr(dossier, field.name)) for field in dataclasses.fields(dossier)}
    assert {name for name, size in sizes.items() if size} == {"agreement", "events"}


def test_an_agreement_nobody_knows_has_no_dossier(engine: sa.Engine) -> None:
    assert register.read_agreement(engine, 1) is None
