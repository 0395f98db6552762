"""Uploads, downloads, figures of the server and the files of components: without a session, and those of somebody else."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.attacks.conftest import Attempts, Refusals, SignedIn, SignIn
from tests.attacks.wire import Tab
from tests.serving import Served

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")
GUARDED = (
    "/_stcore/metrics",
    "/_stcore/upload_file/session/file",
    "/_stcore/script-health-check",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/bidi-components/any/index.js",
    "/_stcore/message",
    "/_stcore/allowed-message-origins",
    "/media/" + "0" * 32 + ".csv",
    "/component/streamlit_authenticator/index.html",
    "/component/extra_streamlit_components.CookieManager.cookie_manager/index.html",
    "/app/static/x.csv",
)
LIMIT_MB = 5
SECRET = ("app.py", ".git/config", "var/demo.sqlite", ".streamlit/config.toml", "etc/passwd", "pages/frame.py")
CLIMBS = ("/", "//", "/../", "/../../../../", "/%2e%2e/%2e%2e/", "/static/../../../", "/app/static/", "/media/", "/..%5c..%5c",
          "/component/streamlit_authenticator/../../../", "/static/%2e%2e%2f", "/static/....//")  # fmt: skip


def test_nothing_guarded_answers_without_a_session(http: httpx.Client, refusals: Refusals, attempts: Attempts) -> None:
    tried = 0
    for path in GUARDED:
        for method in METHODS:
            answer = http.request(method, path, content=b"x" if method in ("PUT", "POST", "PATCH") else None)
            assert (answer.status_code, len(answer.content) < 10) == (403, True), (method, path)
            tried += 1
    attempts(tried)
    assert len(refusals.new()) == tried


BEFORE = ("/", "//", "/.", "/x/..", "/x/../..", "/%2e", "/%2e%2e", "/x%2f..", "/ranking", "/ranking/..", "/static", "/static/..",
          "http://elsewhere.test", "http://127.0.0.1")  # fmt: skip
AFTER = ("/", "?", "%3f", "#", "%00", ".", "%20", "/..;/", ";x=1", "/.", "//")
BETWEEN = ("//", "/./", "%2f", "%5c", "\\", ";x=1/", "%00/", "%20/", "./", "/%2e/", "/x/../", "%252f")

# --- Ways around the gate --------------------------------------------------------------------------------------------


def detours(path: str) -> Iterator[str]:
    """Other spellings of an address, sent exactly as they stand."""
    first, _, rest = path.lstrip("/").partition("/")
    code = f"{ord(first[0]):02x}"
    yield from (f"{start}{path}" for start in BEFORE)
    yield from (f"{path}{end}" for end in AFTER)
    yield from (f"/{first}{between}{rest}" for between in BETWEEN)
    yield from (f"/{start}{first}/{rest}" for start in ("%2f", "\\", "%5c", "%20", "%09", "%00", "%2e%2f", "%ef%bc%8f"))
    yield from (
        f"/{name}/{rest}" for name in (first.upper(), first.title(), f"%{code}{first[1:]}", f"%25{code}{first[1:]}")
    )
    yield from (f"\\{first}\\{rest}", f"/?/{first}/{rest}", f"/{first.replace('_', '%ef%bc%bf')}/{rest}")


def raw(house: Served, target: str, method: str = "GET", cookie: str = "") -> tuple[int, bytes, str]:
    """Status, content and type of the answer to a request line written as it stands."""
    connection = http.client.HTTPConnection(urlsplit(house.address).netloc, timeout=10)
    connection._validate_path = lambda _: None  # type: ignore[attr-defined]  # send what no client would
    connection.request(method, target, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers.get("Content-Type", "")
    connection.close()
    return found


def test_no_other_spelling_of_an_address_leads_around_the_gate(
    house: Served, sign_in: SignIn, attempts: Attempts
) -> None:
    """Every answer is a refusal or the empty shell of the page, the same for everybody."""
    shell = raw(house, "/")[1]
    figures = raw(house, "/_stcore/metrics", cookie=sign_in("lanhdao").cookie)[1]
    assert b"cache_memory_bytes" in figures or b"# " in figures
    tried = 0
    for path in (*GUARDED, "/_stcore/stream"):
        for target in detours(path):
            for method in ("GET", "PUT"):
                status, content, kind = raw(house, target, method)
                assert content == shell or len(content) < 60, (method, target, status, kind)
                assert status in (200, 301, 307, 308, 400, 403, 404, 405), (method, target, status)
                tried += 1
    attempts(tried)
    assert tried > 900


def test_no_file_of_the_machine_is_served(house: Served, sign_in: SignIn) -> None:
    """With a session too: nothing outside what Streamlit serves, and no code."""
    cookie = sign_in("lanhdao").cookie
    shell = raw(house, "/")[1]
    for name in SECRET:
        for start in CLIMBS:
            status, content, _ = raw(house, start + name, cookie=cookie)
            assert content == shell or status in (301, 308, 400, 403, 404), (start + name, status)
            assert content == shell or len(content) < 60


# --- Files of others -------------------------------------------------------------------------------------------------


def upload_address(tab: Tab) -> str:
    """An address for one upload, as the file field asks for it."""
    message = BackMsg()
    message.file_urls_request.request_id = "1"
    message.file_urls_request.file_names.append("a.csv")
    answer = tab.ask(message, "file_urls_response")
    assert answer is not None
    return str(answer.file_urls_response.file_urls[0].upload_url)


def put(
    http: httpx.Client, address: str, cookie: str, content: bytes = b"a,b\n1,2\n", form_token: str | None = None
) -> int:
    """Upload a file, with a good form token of the sender's own unless another is given."""
    token = xsrf(http)
    http.cookies.clear()
    sent = {
        "Cookie": f"{cookie}; _streamlit_xsrf={token}".lstrip("; "),
        "X-Xsrftoken": token if form_token is None else form_token,
    }
    return http.put(address, files={"file": ("a.csv", content)}, headers=sent).status_code


def delete(http: httpx.Client, address: str, cookie: str) -> int:
    """Take an upload back, with a good form token."""
    token = xsrf(http)
    http.cookies.clear()
    sent = {"Cookie": f"{cookie}; _streamlit_xsrf={token}".lstrip("; "), "X-Xsrftoken": token}
    return http.delete(address, headers=sent).status_code


def xsrf(http: httpx.Client) -> str:
    http.cookies.clear()
    found = re.search(r"_streamlit_xsrf=([^;]+)", http.get("/_stcore/health").headers["set-cookie"])
    assert found is not None
    return found[1]


def test_an_upload_goes_only_where_this_session_was_told_to(
    http: httpx.Client, sign_in: SignIn, refusals: Refusals
) -> None:
    victim, thief = sign_in("bct"), sign_in("langson")
    with victim.tab() as theirs, thief.tab() as own:
        name = theirs.rerun("upload").session_id
        own_name = own.rerun("upload").session_id
        address, own_address = upload_address(theirs), upload_address(own)
        file_id, own_file = address.rpartition("/")[2], own_address.rpartition("/")[2]
        foreign = [
            address,
            f"/_stcore/upload_file/{name}/{own_file}",
            f"/_stcore/upload_file/{own_name}/{file_id}",
            f"/_stcore/upload_file/{name}/" + "0" * 36,
            f"/_stcore/upload_file/{name.upper()}/{file_id}",
        ]
        for target in foreign:
            assert put(http, target, thief.cookie) in (400, 403), target
            assert put(http, target, "") == 403
            for cookie in ("", thief.cookie):
                assert delete(http, target, cookie) in (400, 403)
        assert len(refusals.new()) == len(foreign) * 4
        assert put(http, address, victim.cookie) == 204
        assert put(http, own_address, thief.cookie) == 204


def test_uploads_of_an_account_are_limited_in_all_its_tabs_together(http: httpx.Client, sign_in: SignIn) -> None:
    own, other = sign_in("bct"), sign_in("langson")
    large = b"a" * (LIMIT_MB * 1024 * 1024 - 200_000)
    with own.tab() as first, own.tab() as second, other.tab() as theirs:
        for tab in (first, second, theirs):
            tab.rerun("upload")
        addresses = [upload_address(tab) for tab in (first, second, first, second, first)]
        assert [put(http, address, own.cookie, large) for address in addresses] == [204, 204, 204, 204, 413]
        their_address = upload_address(theirs)
        assert put(http, their_address, other.cookie, large) == 204

        for address in addresses[:4]:
            assert delete(http, address, own.cookie) == 204
        assert put(http, addresses[4], own.cookie, large) == 204
        assert [delete(http, addresses[4], own.cookie), delete(http, their_address, other.cookie)] == [204, 204]


def test_an_upload_needs_the_form_token_of_the_page(http: httpx.Client, sign_in: SignIn) -> None:
    own = sign_in("bct")
    with own.tab() as tab:
        tab.rerun("upload")
        address = upload_address(tab)
        assert put(http, address, own.cookie, form_token="") == 403
        assert put(http, address, own.cookie, form_token="2|00000000|" + "0" * 32 + "|1") == 403
        assert put(http, address, own.cookie) == 204


def test_an_upload_of_an_ended_session_is_refused(http: httpx.Client, sign_in: SignIn) -> None:
    own = sign_in("bct")
    with own.tab() as tab:
        tab.rerun("upload")
        address = upload_address(tab)
        own.end()
        assert put(http, address, own.cookie) == 403


def test_a_body_that_is_too_large_is_cut_off(house: Served, http: httpx.Client, sign_in: SignIn) -> None:
    own = sign_in("bct")
    with own.tab() as tab:
        tab.rerun("upload")
        address = upload_address(tab)
        assert put(http, address, own.cookie, b"x" * (LIMIT_MB * 1024 * 1024 + 1)) == 413
        assert without_length(house, address, own, xsrf(http)) == 413
        assert put(http, address, own.cookie, b"x" * 1024) == 204


def without_length(house: Served, address: str, own: SignedIn, token: str) -> int:
    """The answer to a body that never says how long it is and does not end by itself."""
    host = urlsplit(house.address).netloc
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), timeout=10) as stream:
        head = (
            f"PUT {address} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nCookie: {own.cookie}; "
            f"_streamlit_xsrf={token}\r\nX-Xsrftoken: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        stream.sendall(head.encode())
        part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        chunk = b"x" * 65536
        sent = 0
        with contextlib.suppress(OSError):  # cut off while we are sending: the answer is there to be read
            stream.sendall(b"%x\r\n%b\r\n" % (len(part), part))
            while sent < (LIMIT_MB + 3) * 1024 * 1024:
                stream.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                sent += len(chunk)
        return int(stream.recv(1024).split()[1])


def made_on_demand(tab: Tab, page: str) -> list[str]:
    """The names of the files this page makes when somebody asks."""
    return [element.deferred_file_id for kind, element in tab.rerun(page).elements() if kind == "download_button"]


def wish(tab: Tab, name: str, file_id: str) -> BackMsg:
    message = BackMsg()
    request = message.backend_operation_request
    request.request_id, request.session_id, request.deferred_file.file_id = "1", name, file_id
    return message


def test_a_file_is_for_the_session_it_was_made_for(http: httpx.Client, sign_in: SignIn, refusals: Refusals) -> None:
    victim, thief = sign_in("lanhdao"), sign_in("langson")
    with victim.tab() as theirs, thief.tab() as own:
        own.rerun("")
        name = theirs.rerun("agreements").session_id
        file_ids = made_on_demand(theirs, "agreements")
        assert file_ids
        answer = theirs.ask_and_wait(wish(theirs, name, file_ids[0]), "backend_operation_response")
        address = answer.backend_operation_response.deferred_file.url
        assert address.startswith("/media/")
        before = refusals.new()
        for target in (address, address.replace(".csv", ""), f"{address}?x=1", f"/{address}", address.upper()):
            for cookie in ("", thief.cookie):
                http.cookies.clear()
                answer_to_thief = http.get(target, headers={"Cookie": cookie})
                assert b"ZQ" not in answer_to_thief.content, target
        assert before == []
        assert len(refusals.new()) >= 6
        found = http.get(address, headers={"Cookie": victim.cookie})
        assert found.status_code == 200
        assert b"ZQBCTQZ" in found.content
        assert found.headers["cache-control"] == "no-store"
        victim.end()
        assert http.get(address, headers={"Cookie": victim.cookie}).status_code == 403
