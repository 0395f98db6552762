"""Claims looked at on screen: what waits in the order of the draw, one form, one clear refusal, the results, and the way back."""

from __future__ import annotations

import datetime as dt
import types

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import select
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts, register, samples, store, verification
from data_access.documents import Document
from data_access.store import models
from data_access.store.models import base
from data_access.verification import Claim
from kpi.facts.standing import with_standing
from tests.pages.conftest import Visit

VERIFIER = accounts.Person("thanhtra", "verifier", "TTCP", "Thanh tra Chính phủ")
PAPER = Document("12/KL", "Thanh tra Chính phủ", dt.date(2026, 1, 3))


def _set_clock(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    shown = types.SimpleNamespace(now=moment.astimezone)
    monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))


@pytest.fixture
def drawn(shown_store: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The sample of the fourth quarter, drawn on 2 January 2026; nothing was looked at."""
    with store.session(shown_store) as session:
        session.execute(
            sa.update(models.StatusEvent)
            .where(sa.column("state").in_(("IN_PROGRESS", "COMPLETED")))
            .values(received_on=dt.date(2025, 11, 3))
        )
    _set_clock(monkeypatch, dt.datetime(2025, 12, 30, 3, tzinfo=dt.UTC))
    with store.session(shown_store) as session:
        samples.announce(session, actor="manage.py", period="2025-Q4")
    _set_clock(monkeypatch, dt.datetime(2026, 1, 4, 3, tzinfo=dt.UTC))
    with store.session(shown_store) as session:
        samples.draw(session, actor="manage.py", period="2025-Q4")
    monkeypatch.undo()
    monkeypatch.setenv("DATABASE_URL", shown_store.url.render_as_string(hide_password=False))
    monkeypatch.setattr("pages.ui.session.browser", lambda: "mark")
    return shown_store


def look_at_all(engine: sa.Engine, *, verdict: str = "confirmed") -> None:
    items = verification.read_items(engine, 1)
    with store.session(engine) as session:
        for row in items.iter_rows(named=True):
            claim = Claim(row["agreement_id"], row["state"], row["effective_on"])
            verification.record(
                session,
                actor=VERIFIER,
                claim=claim,
                verdict=verdict,
                document=PAPER,
                reason="" if verdict == "confirmed" else "x",
            )


def choose(page: AppTest, verdict: str) -> None:
    next(group for group in page.button_group if str(group.key).endswith("_verdict")).set_value(verdict)


def said(page: AppTest) -> str:
    return "\n".join(
        part.value
        for part in (*page.text, *page.markdown, *page.caption, *page.info, *page.error, *page.success, *page.warning)
    )


@pytest.mark.parametrize("language", w.languages())
def test_what_waits_stands_in_the_order_of_the_draw(drawn: sa.Engine, visit: Visit, language: str) -> None:
    page = visit("verification", "thanhtra", language)

    assert not page.exception
    items = verification.read_items(drawn, 1)
    with w.in_language(language):
        assert w.t("verification.not_finished") in said(page)
    assert page.dataframe[0].value.iloc[:, 1].to_list()[:20] == items["ref"].to_list()[:20]


def test_a_finding_is_recorded_by_the_form_and_taken_back_with_a_reason(drawn: sa.Engine, visit: Visit) -> None:
    page = visit("verification", "thanhtra", claim="1")
    choose(page, "confirmed")
    fields = {field.key.rsplit("_", 1)[1]: field for field in page.text_input if field.key}
    fields["number"].set_value("12/KL")
    fields["issuer"].set_value("Thanh tra Chính phủ")
    page.date_input[0].set_value(dt.date(2026, 1, 3))
    submit = next(button for button in page.button if button.label == "Ghi kết quả")

    submit.click().run()

    first = verification.read_items(drawn, 1).row(0, named=True)
    assert (first["verdict"], first["verified_by"], first["document_number"]) == ("confirmed", "thanhtra", "12/KL")
    assert "Đã ghi kết quả" in said(page)

    page = visit("verification", "thanhtra", claim="1")
    next(field for field in page.text_input if field.key and field.key.endswith("_why")).set_value("nhầm hồ sơ")
    next(button for button in page.button if button.label == "Rút lại kết quả này").click().run()

    assert verification.read_items(drawn, 1)["verdict"].null_count() == verification.read_items(drawn, 1).height
    with store.session(drawn) as session:
        assert session.exec(select(models.Verification.retracted_reason)).all() == ["nhầm hồ sơ"]


def test_a_refusal_is_one_sentence_and_what_was_typed_stays(drawn: sa.Engine, visit: Visit) -> None:
    page = visit("verification", "thanhtra", claim="1")
    choose(page, "refuted")
    page.text_area[0].set_value("Chưa nghiệm thu")

    next(button for button in page.button if button.label == "Ghi kết quả").click().run()

    assert [error.value for error in page.error] == [w.t("refused.document_missing")]
    assert page.text_area[0].value == "Chưa nghiệm thu"
    assert verification.read_items(drawn, 1)["verdict"].null_count() == verification.read_items(drawn, 1).height


@pytest.mark.parametrize("username", ["lanhdao", "quantri"])
def test_others_who_read_everything_see_it_without_the_form(drawn: sa.Engine, visit: Visit, username: str) -> None:
    page = visit("verification", username, claim="1")

    assert w.t("verification.only_verifiers") in said(page)
    assert [button.label for button in page.button if button.label == "Ghi kết quả"] == []


def test_once_all_was_looked_at_each_agency_has_its_share_with_limits(drawn: sa.Engine, visit: Visit) -> None:
    look_at_all(drawn)

    page = visit("verification", "lanhdao")

    table = page.dataframe[0].value
    assert set(table.iloc[:, 1]) == {100.0}
    assert w.t("verification.not_finished") not in said(page)
    assert w.t("verification.drift_first") in said(page)


def test_what_was_found_stands_beside_the_rank(drawn: sa.Engine, visit: Visit) -> None:
    with store.session(drawn) as session:
        session.execute(sa.update(models.DataVersion).values(data_date=dt.date(2026, 1, 14)))
    look_at_all(drawn)
    with store.session(drawn) as session:
        session.execute(sa.update(models.Verification).values(received_on=dt.date(2026, 1, 5)))

    page = visit("ranking", "lanhdao")

    heads = [config for frame in page.dataframe for config in frame.value.columns]
    assert "reliable" in heads


def test_what_was_found_stands_on_the_agreements_page_and_what_is_false_counts_no_more(
    drawn: sa.Engine, visit: Visit
) -> None:
    look_at_all(drawn, verdict="refuted")
    first = verification.read_items(drawn, 1).row(0, named=True)

    page = visit("agreement", "lanhdao", ref=first["ref"])

    assert w.t("agreement.refuted_counts_not") in said(page)


def test_one_claim_found_false_asks_for_the_rest_to_be_seen(drawn: sa.Engine, visit: Visit) -> None:
    """The sample finished with one refuted: what nobody has seen of that agency is listed and can be opened."""
    with store.session(drawn) as session:
        session.execute(sa.delete(models.SampleItem).where(sa.column("position") > 1))
    (first,) = verification.read_items(drawn, 1).to_dicts()
    look_at_all(drawn, verdict="refuted")
    held = register.read_register(drawn)
    waiting = with_standing(held).filter(pl.col("withheld_for") == "2025-Q4")

    page = visit("verification", "thanhtra", "en")
    card = visit("scorecard", "lanhdao", "en", agency=first["agency"])
    event = waiting["id"].to_list()[0]
    opened = visit("verification", "thanhtra", "en", claim=f"e{event}")

    assert waiting.height > 0
    assert any("since a claim was found false" in line.value for line in page.header)
    assert len(page.dataframe[0].value) == waiting.height
    assert any(tab.label.startswith("Claims that lack something") for tab in card.tabs)
    assert any("not drawn" in line.value for line in opened.caption)
    assert not any(one.exception for one in (page, card, opened))
