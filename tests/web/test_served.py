"""The application as it is started, asked from outside: the gate with all of Streamlit behind it."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from data_access import accounts, store
from tests.serving import ROOT, Served, environment, served, with_demo_accounts

SECRET = "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, str]]:
    """The application on an empty store, and what it had said once it was ready."""
    engine = store.get_engine(f"sqlite:///{tmp_path_factory.mktemp('served') / 'store.sqlite'}")
    store.migrate(engine)
    with served(engine) as started:
        yield started, started.logged()
    store.close(engine)


@pytest.fixture(scope="module")
def running(begun: tuple[Served, str]) -> Served:
    return begun[0]


@pytest.fixture
def token(running: Served) -> str:
    with store.session(running.engine) as session:
        return accounts.start_session(session, username="lanhdao")


def upgrade(running: Served, **headers: str) -> int:
    """The status with which a request to become a websocket is answered; 101 is yes."""
    connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=10)
    wanted = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    connection.request("GET", "/_stcore/stream", headers={**wanted, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_stcore/metrics"),
        ("PUT", "/_stcore/upload_file/session/file"),
        ("POST", "/_stcore/agent/interact"),
        ("GET", "/media/0123456789abcdef.csv"),
        ("GET", "/_stcore/bidi-components/any/index.js"),
    ],
)
def test_nothing_of_streamlit_answers_without_a_session(running: Served, method: str, path: str) -> None:
    answer = httpx.request(method, running.address + path, content=b"x" * 1000 if method == "PUT" else None)

    assert (answer.status_code, answer.text) == (403, "refused")


def test_with_a_session_streamlit_answers_itself(running: Served, token: str) -> None:
    cookies = {"kpi_session": token}

    assert httpx.get(f"{running.address}/_stcore/metrics", cookies=cookies).status_code == 200
    assert httpx.get(f"{running.address}/_stcore/bidi-components/unknown/index.js", cookies=cookies).status_code == 404


def test_the_shell_of_every_page_is_served_with_the_headers(running: Served) -> None:
    for path, language in (("/", "vi"), ("/ranking?lang=en", "en"), ("/?lang=xx", "vi")):
        answer = httpx.get(running.address + path, headers={"accept": "text/html"})
        assert f'<html lang="{language}">' in answer.text
        assert answer.status_code == 200
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        (script, *_) = re.findall("<(static/[^>]+)>; rel=modulepreload", answer.headers["link"])
        assert httpx.get(f"{running.address}/{script}").headers["content-type"].split(";")[0].endswith("/javascript")
        assert "server" not in answer.headers


def test_a_websocket_opens_for_our_own_pages_only(running: Served, token: str) -> None:
    cookie = f"kpi_session={token}"

    assert upgrade(running, Origin=running.address) == 101
    assert upgrade(running, Origin=running.address, Cookie=cookie) == 101
    assert upgrade(running, Cookie=cookie) == 403
    assert upgrade(running, Origin="http://localhost:1", Cookie=cookie) == 403
    assert upgrade(running, Origin="null", Cookie=cookie) == 403


def test_it_says_where_it_listens_and_what_the_demo_accounts_are_and_nothing_else(begun: tuple[Served, str]) -> None:
    """On an empty store: what is prepared, imported and migrated before is not worth a line while it goes well."""
    started, said = begun
    assert said.splitlines() == [
        f"Open {started.address}",
        f"Demo accounts: lanhdao, quantri. Password: {accounts.DEMO_PASSWORD}",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "uvicorn", "app:app", "--port", "{port}"),
        ("-m", "streamlit", "run", "app.py", "--server.port", "{port}"),
    ],
    ids=["uvicorn", "streamlit"],
)
def test_the_other_ways_of_starting_it_have_the_same_gate(sqlite_engine: sa.Engine, command: tuple[str, ...]) -> None:
    with served(with_demo_accounts(sqlite_engine), command=command) as started:
        assert httpx.get(f"{started.address}/_stcore/metrics").status_code == 403
        assert upgrade(started, Origin=started.address) == 101
        assert upgrade(started) == 403


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"APP_MODE": "production"}, "APP_SECRET is missing"),
        ({"APP_MODE": "production", "APP_SECRET": SECRET}, "user disable lanhdao"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "DATABASE_URL cannot be opened"),
    ],
)
def test_it_refuses_to_start_unsafely_in_one_sentence(
    sqlite_engine: sa.Engine, environ: dict[str, str], said: str
) -> None:
    with_demo_accounts(sqlite_engine)

    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**environment(sqlite_engine), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "Cannot start: " in ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_from_another_folder_it_refuses_to_start(sqlite_engine: sa.Engine, tmp_path: object) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=str(tmp_path),
        env=environment(sqlite_engine),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert f"Start the application from {ROOT}" in ended.stderr


def test_scripts_travel_packed_and_stay_in_the_browser(running: Served) -> None:
    shell = httpx.get(running.address).text
    address = next(found for found in re.findall(r'src="\./(static/js/[^"]+)"', shell))

    packed = httpx.get(f"{running.address}/{address}", headers={"Accept-Encoding": "gzip, br"})
    plain = httpx.get(f"{running.address}/{address}", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    assert "immutable" in packed.headers["Cache-Control"]
    assert packed.headers["X-Content-Type-Options"] == "nosniff"
    assert packed.content == plain.content
    assert packed.headers["Content-Type"].startswith("text/javascript")
    assert "Content-Encoding" not in httpx.get(running.address).headers  # a page, and what stands in it, never is
