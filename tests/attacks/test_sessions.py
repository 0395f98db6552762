"""Sessions that are replayed, forged, fixed and stolen."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import socket
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest

from data_access import accounts, store
from data_access.store.models import User
from tests.attacks.conftest import Attempts, Refusals, SignedIn, SignIn, is_sign_in
from tests.attacks.wire import Refused, tab
from tests.serving import Served

CLOSED = "/_stcore/metrics"
LETTERS = "ABCabc019-_"


def opens(http: httpx.Client, cookie: str, **headers: str) -> bool:
    """Whether what is closed without a session opens. Anything but a plain yes or no fails."""
    http.cookies.clear()
    status = http.get(CLOSED, headers={"Cookie": cookie, **headers}).status_code
    assert status in (200, 400, 403)
    return status == 200


def forged(token: str) -> Iterator[str]:
    """Cookie headers made from a token that is good, each by one change that must make it useless."""
    wrong = [token[:length] for length in range(len(token))]
    wrong += [token + letter for letter in LETTERS]
    wrong += [letter + token for letter in LETTERS]
    wrong += [f"{token[:place]}{letter}{token[place + 1 :]}" for place in range(len(token)) for letter in "Zz7"]
    wrong += [token.swapcase(), token.upper(), token.lower(), token[::-1], token * 2, f"{token}=", f"{token}=="]
    digest = accounts.hash_token(token)
    wrong += [digest, digest.upper(), hashlib.sha256(digest.encode()).hexdigest(), digest[:43], token.encode().hex()]
    wrong += [f"{token}%00", f"{token}%20", quote(quote(token + "%")), f"{token},{token}", f"Bearer {token}"]
    yield from (f"kpi_session={value}" for value in wrong if value != token)
    for name in (
        "kpi_Session",
        "KPI_SESSION",
        "kpi-session",
        "kpi_session2",
        "xkpi_session",
        "kpi_browser",
        "session",
        "__Host-kpi_session",
        "__Secure-kpi_session",
        "_streamlit_user",
        "_streamlit_xsrf",
        "$kpi_session",
        "kpi_session[]",
    ):
        yield f"{name}={token}"


def test_no_token_but_the_right_one_opens(
    http: httpx.Client, sign_in: SignIn, refusals: Refusals, attempts: Attempts
) -> None:
    token = sign_in("lanhdao").token
    tried = [*forged(token), *(f"kpi_session={secrets.token_urlsafe(32)}" for _ in range(100))]

    opened = [cookie for cookie in tried if opens(http, cookie)]

    assert opened == []
    attempts(len(tried))
    assert len(tried) > 250
    assert len(refusals.new()) >= len(tried) - 10  # the server itself answers what is no HTTP
    assert opens(http, f"kpi_session={token}")


@pytest.mark.parametrize(
    "how",
    ["header", "authorization", "query", "x-session", "cookie2", "path"],
)
def test_a_good_token_in_the_wrong_place_opens_nothing(http: httpx.Client, sign_in: SignIn, how: str) -> None:
    token = sign_in("lanhdao").token
    headers = {
        "header": {"kpi_session": token},
        "authorization": {"Authorization": f"Bearer {token}"},
        "x-session": {"X-Session": token, "X-Kpi-Session": token},
        "cookie2": {"Cookie2": f"kpi_session={token}"},
    }
    address = {"query": f"{CLOSED}?kpi_session={token}", "path": f"{CLOSED};kpi_session={token}"}

    assert http.get(address.get(how, CLOSED), headers=headers.get(how)).status_code == 403


def test_every_session_that_is_over_stays_over(http: httpx.Client, house: Served, sign_in: SignIn) -> None:
    """Signed out, ended everywhere, idle, past its day, of a closed account: replayed in every way."""
    signed_out, everywhere, closed = sign_in("lanhdao"), sign_in("dieuphoi"), sign_in("quantri")
    for one in (signed_out, everywhere, closed):
        assert opens(http, one.cookie)
    signed_out.end()
    with store.session(house.engine) as session:
        accounts.end_all_sessions(session, actor="test", username="dieuphoi")
        accounts.disable_user(session, actor="test", username="quantri")
    try:
        for over in (signed_out, everywhere, closed):
            for _ in range(5):
                assert not opens(http, over.cookie)
            with over.tab() as visited:
                assert is_sign_in(visited.rerun("ranking"))
    finally:
        with store.session(house.engine) as session:
            user = session.get(User, "quantri")
            assert user is not None
            user.active = True
            session.add(user)


# --- Tickets ---------------------------------------------------------------------------------------------------------


def ticket_for(house: Served, username: str, browser: str) -> str:
    with store.session(house.engine) as session:
        return accounts.issue_ticket(session, username=username, browser=accounts.hash_token(browser))


def redeemed(http: httpx.Client, ticket: str, cookie: str) -> str | None:
    """The session token that this ticket is exchanged for."""
    http.cookies.clear()
    answer = http.get(f"/session/start?{urlencode({'ticket': ticket})}", headers={"Cookie": cookie})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    token: str | None = answer.cookies.get("kpi_session")
    return token


def test_tickets_work_once_here_and_now(http: httpx.Client, house: Served, refusals: Refusals) -> None:
    ticket = ticket_for(house, "lanhdao", "mine")
    wrong = [
        *(ticket[:length] for length in range(0, len(ticket), 3)),
        ticket.swapcase(),
        f"{ticket}\n{accounts.hash_token('mine')}",
        hashlib.sha256(f"{ticket}\n{accounts.hash_token('mine')}".encode()).hexdigest(),
        "' OR 1=1 --",
        f"{ticket}\x00",
    ]
    marks = ["", "kpi_browser=", "kpi_browser=theirs", "kpi_browser=Mine", f"kpi_browser={accounts.hash_token('mine')}"]

    for guess in wrong:
        assert redeemed(http, guess, "kpi_browser=mine") is None
    for cookie in marks:
        assert redeemed(http, ticket, cookie) is None
    assert redeemed(http, ticket, "kpi_browser=mine") is not None
    for _ in range(10):
        assert redeemed(http, ticket, "kpi_browser=mine") is None
    assert len(refusals.new()) == len(wrong) + len(marks) + 10


def test_what_was_planted_before_the_sign_in_is_worth_nothing_after_it(http: httpx.Client, house: Served) -> None:
    """Both cookies fixed by somebody else: the session that opens is a new one, and the mark alone opens none."""
    planted = secrets.token_urlsafe(32)
    cookie = f"kpi_browser=fixed; kpi_session={planted}"

    token = redeemed(http, ticket_for(house, "lanhdao", "fixed"), cookie)

    assert token is not None
    assert token != planted
    assert opens(http, f"kpi_browser=fixed; kpi_session={token}")
    assert not opens(http, cookie)
    assert not opens(http, "kpi_browser=fixed")
    assert not opens(http, f"kpi_browser=fixed; kpi_session={accounts.hash_token('fixed')}")


@pytest.mark.parametrize("key", ["", "0" * 64, "đ", "null", "%00", "'"])
def test_nobody_is_signed_out_by_a_link_of_somebody_else(http: httpx.Client, sign_in: SignIn, key: str) -> None:
    victim = sign_in("lanhdao")

    for next_page in ("/", "//elsewhere.test", "https://elsewhere.test", "/\\elsewhere.test", "/session/end"):
        answer = http.get(
            f"/session/end?{urlencode({'key': key, 'next': next_page})}", headers={"Cookie": victim.cookie}
        )
        assert answer.headers["location"] == "/"

    assert opens(http, victim.cookie)


# --- Headers that name a session -------------------------------------------------------------------------------------

SPELLINGS = (
    "X-Kpi-Session",
    "x-kpi-session",
    "X-KPI-SESSION",
    "x-Kpi-sEssion",
    "X_Kpi_Session",
    "X-Kpi_Session",
    "x.kpi.session",
    "X-Kpi-Browser",
    "X-Kpi-Username",
    "X-Forwarded-User",
    "X-Remote-User",
    "Remote-User",
    "X-Streamlit-User",
    "X-Original-X-Kpi-Session",
)


def test_headers_that_name_a_session_are_worth_nothing(house: Served, sign_in: SignIn) -> None:
    victim = sign_in("lanhdao")
    digest = accounts.hash_token(victim.token)
    for name in SPELLINGS:
        for headers in ([(name, digest)], [(name, digest), (name, digest)], [(name, victim.token)]):
            with tab(house.address, headers=headers) as visited:
                assert is_sign_in(visited.rerun("ranking")), headers


def test_a_header_beside_ones_own_cookie_changes_nothing(house: Served, sign_in: SignIn) -> None:
    victim, own = sign_in("lanhdao"), sign_in("langson")
    digest = accounts.hash_token(victim.token)

    for name in SPELLINGS[:6]:
        with own.tab(headers=[(name, digest)]) as visited:
            answer = visited.rerun("ranking")
        assert answer.says("langson")
        assert not answer.says("lanhdao")


@pytest.mark.parametrize(
    "line",
    [
        ":authority: {host}",
        ":x-kpi-session: {digest}",
        "X-Kpi-Session : {digest}",
        " X-Kpi-Session: {digest}",
        "X-Kpi-Session\t: {digest}",
        "Foo: bar\r\n X-Kpi-Session: {digest}",
        "X-Kpi-Session: {digest}\r\nX-Kpi-Session: {digest}",
        "X-Kpi-Session:{digest}",
        "Cookie: kpi_browser=x\r\nX-KPI-Session: {digest}",
        "Connection: X-Kpi-Session\r\nX-Kpi-Session: {digest}",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\nX-Kpi-Session: {digest}",
    ],
)
def test_raw_headers_open_nothing(house: Served, sign_in: SignIn, line: str) -> None:
    """As no library would write them, and as HTTP/2 proxies may translate them."""
    digest = accounts.hash_token(sign_in("lanhdao").token)
    host = urlsplit(house.address).netloc
    with socket.create_connection(host.split(":"), timeout=10) as raw:  # type: ignore[arg-type]
        headers = line.format(digest=digest, host=host)
        raw.sendall(f"GET {CLOSED} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\nConnection: close\r\n\r\n".encode())
        answer = raw.recv(65536)

    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))


# --- Taking over a conversation --------------------------------------------------------------------------------------


def taken_over(session_id: str) -> tuple[str, ...]:
    """What a browser sends to go on with a conversation of this name."""
    return ("streamlit", "x", session_id)


@pytest.mark.parametrize("is_open", [True, False], ids=["while it is open", "after it was closed"])
def test_the_name_of_a_conversation_does_not_take_it_over(house: Served, sign_in: SignIn, is_open: bool) -> None:
    victim, thief = sign_in("lanhdao"), sign_in("langson")
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(victim.tab())
        name = theirs.rerun("ranking").session_id
        if not is_open:
            stack.close()
        for cookie in ("", thief.cookie, f"kpi_browser=mark-of-{victim.username}", f"kpi_session={victim.token}"):
            with tab(house.address, cookie=cookie, protocols=taken_over(name)) as visited:
                answer = visited.rerun("ranking")
            assert answer.session_id != name
            assert is_sign_in(answer) == (cookie in ("", f"kpi_browser=mark-of-{victim.username}"))
            assert victim.token in cookie or is_sign_in(answer) or answer.says(thief.username)
        if is_open:
            assert theirs.rerun("ranking").session_id == name


def test_the_same_browser_goes_on_with_its_conversation(house: Served, sign_in: SignIn) -> None:
    """Else the attacks above would prove nothing."""
    own = sign_in("lanhdao")
    with own.tab() as first:
        name = first.rerun("ranking").session_id

    with own.tab(protocols=taken_over(name)) as again:
        assert again.rerun("ranking").session_id == name


def test_a_conversation_of_an_ended_session_is_not_resumed(house: Served, sign_in: SignIn) -> None:
    own = sign_in("lanhdao")
    with own.tab() as first:
        name = first.rerun("ranking").session_id
    own.end()

    with own.tab(protocols=taken_over(name)) as again:
        answer = again.rerun("ranking")

    assert answer.session_id != name
    assert is_sign_in(answer)


# --- Where it comes from ---------------------------------------------------------------------------------------------


def origins(address: str) -> list[str | None]:
    host = urlsplit(address).netloc
    name, _, port = host.partition(":")
    return [
        None,
        "null",
        "http://elsewhere.test",
        f"http://{host}.elsewhere.test",
        f"http://elsewhere.test:{port}",
        f"http://{name}:1",
        f"http://{name}",
        f"http://localhost:{port}",
        f"http://user@{host}",
        f"http://{host}@elsewhere.test",
        "file://",
        "chrome-extension://abc",
        host,
        f"//{host}x",
        f"http://[::1]:{port}",
    ]


def test_only_our_own_pages_open_a_websocket(house: Served, sign_in: SignIn, refusals: Refusals) -> None:
    victim = sign_in("lanhdao")
    tried = 0
    for origin in origins(house.address):
        for cookie in ("", victim.cookie):
            with pytest.raises(Refused) as refused, tab(house.address, cookie=cookie, origin=origin):
                pass
            assert refused.value.code == 403
            tried += 1
    assert len(refusals.new()) == tried


def test_other_addresses_are_no_websocket(house: Served, sign_in: SignIn) -> None:
    victim = sign_in("lanhdao")
    for path in ("/", "/_stcore/stream/", "/_stcore/stream/x", "/stream", "//_stcore/stream", "/_STCORE/STREAM"):
        with pytest.raises(Refused), tab(house.address, cookie=victim.cookie, path=path) as visited:
            visited.rerun("")


def test_pages_elsewhere_change_nothing_here(
    http: httpx.Client, house: Served, sign_in: SignIn, refusals: Refusals, attempts: Attempts
) -> None:
    victim = sign_in("lanhdao")
    tried = 0
    for origin in origins(house.address)[1:]:
        for method in ("POST", "PUT", "DELETE", "PATCH", "GET"):
            for path in ("/", "/session/end", "/session/start", CLOSED, "/_stcore/upload_file/a/b"):
                answer = http.request(method, path, headers={"Cookie": victim.cookie, "Origin": str(origin)})
                assert answer.status_code == 403
                assert answer.headers.get("access-control-allow-origin") is None
                tried += 1
    attempts(tried)
    assert opens(http, victim.cookie)
    assert len(refusals.new()) == tried


def is_private(victim: SignedIn) -> bool:
    return victim.token not in victim.house.logged()


def test_the_log_keeps_no_token(http: httpx.Client, sign_in: SignIn) -> None:
    victim = sign_in("lanhdao")

    opens(http, victim.cookie)
    http.get("/media/x", headers={"Cookie": victim.cookie})

    assert is_private(victim)
