"""Several processes behind one address: what is written for nginx, and that they are kept."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
import sqlalchemy as sa

from cli import serving
from cli.main import main
from data_access import accounts, settings, store
from tests.attacks.wire import Refused, Tab, tab
from tests.pages import stores
from tests.serving import ROOT, environment, free_port

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not on this machine")


@needs_nginx
@pytest.mark.parametrize(
    "environ", [{}, {"HOST": "::1", "TRUSTED_PROXIES": "10.0.0.1, fd00::/8", "UPLOAD_MAX_MB": "9"}]
)
def test_nginx_takes_what_is_written_for_it(environ: dict[str, str], tmp_path: pathlib.Path) -> None:
    written = tmp_path / "nginx.conf"
    written.write_text(
        serving.nginx_configuration(settings.load(environ), [8502, 8503], str(tmp_path)), encoding="utf-8"
    )

    tested = subprocess.run(
        [str(NGINX), "-t", "-e", "stderr", "-c", str(written)], capture_output=True, text=True, check=False
    )

    assert tested.returncode == 0, tested.stderr
    assert "server 127.0.0.1:8503;" in written.read_text(encoding="utf-8")


def test_a_port_in_use_and_nginx_not_there_are_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1] - 1))
        monkeypatch.setattr(shutil, "which", lambda *_args, **_named: "nginx")
        assert main(["serve", "--processes", "2"]) == 2
        assert "Choose another PORT" in capsys.readouterr().err

    monkeypatch.setattr(shutil, "which", lambda *_args, **_named: None)
    assert main(["serve", "--processes", "2"]) == 2
    assert "apt-get install nginx" in capsys.readouterr().err


@needs_nginx
def test_a_process_that_cannot_start_ends_the_command(sqlite_engine: sa.Engine) -> None:
    environ = environment(sqlite_engine) | {"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:9/none"}

    with started(environ) as (command, _port):
        status = command.wait(60)

    assert status == 2


@needs_nginx
def test_who_was_at_a_process_that_was_killed_goes_on_at_another_and_it_comes_back(engine: sa.Engine) -> None:
    stores.fill(engine)
    with started(environment(engine)) as (command, port):
        address = f"http://127.0.0.1:{port}"
        _wait_until(lambda: httpx.get(f"{address}/healthz").status_code == 200)
        with store.session(engine) as session:
            accounts.ensure_demo_accounts(session)
            token = accounts.start_session(session, username="lanhdao")

        with contextlib.ExitStack() as stack:
            cookies = [f"kpi_browser=mark{number}; kpi_session={token}" for number in range(16)]
            tabs = {cookie: stack.enter_context(tab(address, cookie=cookie)) for cookie in cookies}
            before = applications(command.pid)
            os.kill(min(before), signal.SIGKILL)
            lost = [cookie for cookie, opened in tabs.items() if _is_cut(opened)]
        assert 0 < len(lost) < len(tabs), "each is with one process, and both have some"
        with tab(address, cookie=lost[0]) as opened:
            assert opened.rerun().says("lanhdao")
        _wait_until(lambda: len(applications(command.pid) - before) == 1)

        command.terminate()
        assert command.wait(30) == 0
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in before)


@contextlib.contextmanager
def started(environ: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command with two processes, and the port of both; it has ended when the block has."""
    port = free_port(count=3)
    command = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--processes", "2"], cwd=ROOT, env={**environ, "PORT": str(port)}
    )
    try:
        yield command, port
    finally:
        command.terminate()
        command.wait(30)


def applications(parent: int) -> set[int]:
    """The processes of the application that the command keeps."""
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {int(pid) for pid in children if b"app.py" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()}


def _is_cut(opened: Tab) -> bool:
    """Whether a websocket that nothing was said over has been closed."""
    try:
        opened.receive(timeout=0.5)
    except TimeoutError:
        return False
    except Refused:
        return True
    return False


def _wait_until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 90
    while time.monotonic() < give_up:
        with contextlib.suppress(httpx.TransportError):
            if holds():
                return
        time.sleep(0.2)
    pytest.fail("it did not come to that")
