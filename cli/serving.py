"""Serving: one process of the application, or several behind one address."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.reading import CannotRunError
from data_access import accounts, log_lines, settings, store
from data_access.settings import ROOT, Settings

MOST_PROCESSES: Final = 32
_NGINX: Final = ROOT / "deploy" / "nginx"
_APPLICATION: Final = (sys.executable, str(ROOT / "app.py"))
_LOOK_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 20
_log = logging.getLogger("agreements.processes")


def add_to(app: typer.Typer) -> None:
    """Make `serve` a command of the operator's tool."""
    app.command()(serve)


def serve(
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=MOST_PROCESSES, help="How many; about one for each core.")
    ] = 1,
) -> None:
    """Serve until stopped, where HOST and PORT say; several processes on the ports that follow, with nginx in front of them."""
    configured = settings.load()
    if processes == 1:
        os.execv(sys.executable, _APPLICATION)
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        raise CannotRunError("Several processes need nginx in front of them. Install it: apt-get install nginx")
    ports = range(configured.port + 1, configured.port + processes + 1)
    for host, port in ((configured.host, configured.port), *(("127.0.0.1", port) for port in ports)):
        _check_free(host, port)
    log_lines.begin(configured.log_format)
    if not accounts.is_lasting():
        _log.warning("APP_SECRET is not set: second factors set up now cannot be read after the next start")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="dashboard") as folder, _stopped_at_the_end() as supervised:
        for port in ports:
            # All have one secret, also where it was made for this process: who signed in at one is then known to all.
            environ = settings.environment(
                HOST="127.0.0.1", PORT=str(port), TRUSTED_PROXIES="127.0.0.1", APP_SECRET=configured.app_secret
            )
            supervised.append(Supervised(_APPLICATION, ("127.0.0.1", port), environ))
        _wait_for(supervised)
        written = Path(folder) / "nginx.conf"
        written.write_text(nginx_configuration(configured, ports, folder), encoding="utf-8")
        supervised.append(
            Supervised(
                (nginx, "-e", "stderr", "-c", str(written)), (configured.host, configured.port), settings.environment()
            )
        )
        _wait_for(supervised)
        print(f"Open http://{_written(configured.host, configured.port)}", flush=True)
        if invitation := accounts.invitation(configured, store.get_engine(configured.database_url)):
            print(invitation, flush=True)
        while True:
            time.sleep(_LOOK_SECONDS)
            for process in supervised:
                process.start_again_if_ended()


class Supervised:
    """A process that listens at an address, and is started again whenever it ends."""

    def __init__(self, command: Sequence[str], address: tuple[str, int], environ: Mapping[str, str]) -> None:
        self._command = command
        self._environ = environ
        self.address = address
        self._start()

    def _start(self) -> None:
        # What the application prints as it starts is the address behind nginx.
        self._running = subprocess.Popen(self._command, cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL)

    @property
    def ended_with(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._running.poll()

    def start_again_if_ended(self) -> None:
        if self.ended_with is not None:
            _log.error("the process at %s ended with status %s", _written(*self.address), self.ended_with)
            self._start()

    def stop(self) -> None:
        """Have it end; `wait` sees to that it does."""
        self._running.terminate()

    def wait(self, seconds: float) -> None:
        """Return when it has ended, which it must within so many seconds."""
        try:
            self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()


@contextlib.contextmanager
def _stopped_at_the_end() -> Iterator[list[Supervised]]:
    """What is put into the list is stopped when the block ends, the last first, as it stands in front of the others."""
    supervised: list[Supervised] = []
    try:
        yield supervised
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    finally:
        give_up = time.monotonic() + _STOP_SECONDS
        for process in reversed(supervised):
            process.stop()
        for process in supervised:
            process.wait(max(0.0, give_up - time.monotonic()))


def _wait_for(supervised: Sequence[Supervised]) -> None:
    """Return when all of them answer. Raises `CannotRunError` where one ends instead, which has said why."""
    for process in supervised:
        while True:
            if process.ended_with is not None:
                where = _written(*process.address)
                raise CannotRunError(f"The process at {where} ended as it started, with status {process.ended_with}.")
            with contextlib.suppress(OSError), socket.create_connection(process.address, timeout=1):
                break
            time.sleep(0.1)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CannotRunError(
                f"Nothing can listen on {_written(host, port)}: {error}. Choose another PORT."
            ) from error


def nginx_configuration(configured: Settings, ports: Sequence[int], folder: str) -> str:
    """nginx in front of processes on these ports, each browser with one of them; what it writes goes into the folder.

    A proxy in front of it, where the settings name one, is believed whom it passes requests on for.
    """
    servers = "\n".join(f"        server 127.0.0.1:{port};" for port in ports)
    trusted = "\n".join(f"        set_real_ip_from {network};" for network in configured.trusted_proxies)
    return f"""\
daemon off;
pid "{folder}/pid";
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    include "{_NGINX}/http.conf";
    access_log off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    upstream dashboard {{
        hash $kpi_browser consistent;
{servers}
        keepalive 16;
    }}
    server {{
        listen {_written(configured.host, configured.port)};
        server_name dashboard;
        client_max_body_size {configured.upload_max_mb + 1}m;
        real_ip_header X-Forwarded-For;
        real_ip_recursive on;
{trusted}
        include "{_NGINX}/proxy.conf";
    }}
}}
"""


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
