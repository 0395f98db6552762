"""A newer export of the register's source on screen: compared, handed in, published with one decision for all that is alike."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import accounts, refreshing, store
from data_access.register import read_register
from data_access.store import models
from seed_data import reference, worldbank
from seed_data.refreshing import compare, export_of
from seed_data.store import fill
from tests.pages.conftest import Visit
from tests.seed_data import invented_worldbank as invented
from tests.serving import with_demo_accounts

DAY = dt.date(2025, 9, 30)
DESK = accounts.Person("desk", "coordinator", "BNG", "")


@pytest.fixture
def listed(empty_store: sa.Engine) -> pl.DataFrame:
    """The list of a store that pages read, and whose figures an agency has changed one text of."""
    with store.session(empty_store) as session:
        fill(session, actor="tests", register=invented.register(), origin="worldbank")
        session.add(models.User(username=DESK.username, password_hash="-", role=DESK.role, agency=DESK.agency))
        batch = models.UploadBatch(username="bct", agency="BCT", file_name="f", file_sha256="0", status="applied")
        session.add(batch)
        session.flush()
        change = models.BatchChange(
            batch_id=batch.id or 0, agreement_id=30, field="deliverable_vi", target_table="agreement"
        )
        agreement = session.get_one(models.Agreement, 30)
        change.old, change.new = agreement.deliverable_vi, "Của cơ quan"
        agreement.deliverable_vi = "Của cơ quan"
        session.add(change)
    with_demo_accounts(empty_store)
    return pl.read_csv(invented.content(), infer_schema=False).fill_null("")


def newer(rows: pl.DataFrame) -> bytes:
    """The same list without its fortieth operation, and with another text in the thirtieth."""
    number = pl.int_range(pl.len()) + 1
    text = pl.when(number == 30).then(pl.lit("The source's")).otherwise("pdo")
    return rows.with_columns(pdo=text).filter(number != 40).write_csv().encode()


def test_what_waits_is_published_with_the_source_s_word_where_that_is_chosen(
    empty_store: sa.Engine, listed: pl.DataFrame, visit: Visit
) -> None:
    data = newer(listed)
    export = export_of(worldbank.read(data, file="x.csv", lists=reference.frames(), data_date=DAY), data, file="x.csv")
    with store.session(empty_store) as session:
        seen = compare(empty_store, export)
        number = refreshing.hand_in(session, actor=DESK, newer=seen[0], seen=seen[1]).waiting
    page = visit("review", "dieuphoi", batch=str(number))
    assert [tab.label for tab in page.tabs] == ["Cơ quan ghi khác (1)", "Thay đổi (1)", "Không còn trong sổ gốc (1)"]
    page.pills(key=f"newer_{number}_taking").select("deliverable_vi").run()
    page.button(key=f"newer_publish_{number}").click().run()
    assert not page.exception
    kept = read_register(empty_store).agreements
    gone = listed["id"][39]
    assert kept.filter(ref=gone)["vanished_on"].item() == DAY
    with store.session(empty_store, read_only=True) as session:
        assert session.get_one(models.Agreement, 30).deliverable_vi == "The source's"
    marked = visit("agreement", "dieuphoi", "en", ref=gone)
    assert any("Not in the source any more" in badge.value for badge in marked.markdown)


def test_whoever_hands_in_for_agencies_finds_it_among_the_updates(
    empty_store: sa.Engine, listed: pl.DataFrame, visit: Visit
) -> None:
    page = visit("upload", "dieuphoi")
    assert "Bản xuất mới của sổ gốc" in [fold.label for fold in page.expander]
    page.file_uploader(key="newer_file").set_value(("list.csv", newer(listed), "text/csv"))
    page.date_input(key="newer_day").set_value(DAY)
    page.button(key="newer_compare").click().run()
    assert not page.exception
    page.button(key="newer_hand_in").click().run()
    assert [said.value for said in page.success] == ["Đợt 2 đã gửi duyệt: một cán bộ điều phối khác xem và công bố."]
    assert "Bản xuất mới của sổ gốc" not in [fold.label for fold in visit("upload", "bct").expander]
