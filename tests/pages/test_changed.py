"""A page of a day that is past says quietly which figures changed since, to each only what is theirs to see."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import store, updates
from data_access.store import models
from tests.pages.conftest import Visit

D = dt.date


@pytest.fixture
def changed_store(shown_store: sa.Engine) -> sa.Engine:
    """The store after a batch by which an agreement was started before the day pages show."""
    standing = updates.current_rows(shown_store, "BCT").standing
    number = standing.filter(standing["state"] == "SIGNED")["agreement_id"].max()
    assert isinstance(number, int)
    with store.session(shown_store) as session:
        moment = models.utc_now()
        session.add(
            models.UploadBatch(
                id=7,
                username="bct",
                agency="BCT",
                file_name="a.csv",
                file_sha256="x",
                status="applied",
                applied_at=moment,
            )
        )
        session.flush()
        event = models.StatusEvent(agreement_id=number, state="IN_PROGRESS", effective_on=D(2026, 1, 12), batch_id=7)
        session.add(event)
        session.flush()
        session.add(
            models.BatchChange(
                batch_id=7, agreement_id=number, field="state", target_table="statusevent", target_id=event.id
            )
        )
    return shown_store


def line_of(page: AppTest) -> list[str]:
    """The labels of what opens on the page."""
    assert not page.exception
    blocks, labels = [page.main], []
    while blocks:
        block = blocks.pop()
        labels += [block.proto.popover.label] if block.proto is not None and block.type == "popover" else []
        blocks += [child for child in getattr(block, "children", {}).values() if hasattr(child, "children")]
    return [label for label in labels if "đã thay đổi từ đó" in label]


@pytest.mark.parametrize("username", ["lanhdao", "bct"])
def test_who_may_read_of_it_finds_the_figures_and_the_batch(
    changed_store: sa.Engine, visit: Visit, username: str
) -> None:
    page = visit("ranking", username)
    (label,) = line_of(page)
    assert label.endswith("số liệu của ngày 14/01/2026 đã thay đổi từ đó")

    page.session_state["changed_since"] = True
    page.run()

    shown = next(frame.value for frame in page.dataframe if "by_what" in frame.value.columns)
    assert set(shown["by_what"]) == {"đợt 7"}
    assert set(shown["agency"]) == {"BCT"}
    assert len(shown) == int(label.split()[0])
    named = [text.value for text in page.text if "Đợt 7" in text.value]
    assert not named  # there is a link for both


def test_another_agency_and_an_earlier_day_find_nothing(changed_store: sa.Engine, visit: Visit) -> None:
    assert line_of(visit("ranking", "langson")) == []
    assert line_of(visit("ranking", "lanhdao", as_of="2025-12-31")) == []
    assert line_of(visit("ranking", "lanhdao", known="2026-01-20")) == []
