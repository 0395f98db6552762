"""What one browser, account or network may have of a process, and whose files it may fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from data_access import accounts, settings, store
from tests.web.conftest import SignedIn, open_client
from tests.web.test_gate import HERE, STREAM
from web import file_addresses, limits, server
from web.file_addresses import Offered
from web.house import House
from web.limits import Runs, Sockets
from web.websocket import Conversation

FILE = f"/media/{'a' * 32}.csv"


def offer(address: str) -> bytes:
    """A message with a button that downloads a file."""
    message = ForwardMsg()
    message.delta.new_element.download_button.url = address
    return bytes(message.SerializeToString())


def rerun(text: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = text
    return bytes(message.SerializeToString())


# --- Files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_for_the_session_it_was_offered_to() -> None:
    offered = Offered()
    offered.note("own", offer(FILE))

    assert offered.is_to("own", FILE)
    assert not offered.is_to("other", FILE)


def test_an_address_somebody_typed_is_not_an_offer() -> None:
    echoed = ForwardMsg()
    echoed.delta.new_element.text.body = f"Không tìm thấy {FILE}"
    linked = ForwardMsg()
    linked.delta.new_element.link_button.url = FILE
    offered = Offered()

    for message in (echoed, linked):
        offered.note("own", message.SerializeToString())
    offered.note("own", FILE.encode())

    assert not offered.is_to("own", FILE)


def test_where_uploads_go_is_offered_too() -> None:
    address = f"/_stcore/upload_file/{'1' * 36}/{'2' * 36}"
    message = ForwardMsg()
    message.file_urls_response.file_urls.add(upload_url=address, delete_url=address)
    offered = Offered()
    offered.note("own", message.SerializeToString())

    assert offered.is_to("own", address)


def test_nobody_s_files_are_forgotten_for_those_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_addresses, "_OF_SESSION", 3)
    offered = Offered()
    offered.note("own", offer(FILE))
    for number in range(50):
        offered.note("greedy", offer(f"/media/{number:032x}.csv"))

    assert offered.is_to("own", FILE)
    assert [offered.is_to("greedy", f"/media/{number:032x}.csv") for number in (0, 46, 47, 49)] == [
        False,
        False,
        True,
        True,
    ]


# --- Messages --------------------------------------------------------------------------------------------------------


def said(
    data: bytes, *, owner: str | None, turn: Callable[[], Awaitable[None]] | None = None
) -> tuple[Message, list[Message]]:
    """What reaches Streamlit of a message, and what was sent to the browser before."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.receive", "bytes": data} if not sent else {"type": "websocket.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def yes() -> bool:
        return True

    async def at_once() -> None:
        return None

    talk = Conversation(receive, send, owner=owner, holds=yes, turn=turn or at_once, offered=Offered())
    return asyncio.run(talk.receive()), sent


@pytest.mark.parametrize(
    ("owner", "most"),
    [(None, limits.MESSAGE_BYTES_SIGNED_OUT), ("own", limits.MESSAGE_BYTES)],
    ids=["signed out", "signed in"],
)
def test_a_message_that_is_too_long_ends_the_conversation(owner: str | None, most: int) -> None:
    fits, _ = said(rerun("x" * (most - 100)), owner=owner)
    message, sent = said(rerun("x" * most), owner=owner)

    assert fits["type"] == "websocket.receive"
    assert message == {"type": "websocket.disconnect", "code": 1009}
    assert sent == [{"type": "websocket.close", "code": 1009}]


def test_addresses_for_ever_so_many_files_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = BackMsg()
    asked.file_urls_request.file_names.extend(["x"] * limits.FILES_AT_ONCE)
    assert said(asked.SerializeToString(), owner="own")[0]["bytes"] == asked.SerializeToString()

    asked.file_urls_request.file_names.append("x")
    passed: list[Message] = []

    async def receive() -> Message:
        passed.append({})
        return {"type": "websocket.receive", "bytes": asked.SerializeToString() if len(passed) == 1 else rerun()}

    async def nothing(*_: object) -> bool:
        return True

    talk = Conversation(receive, nothing, owner="own", holds=nothing, turn=nothing, offered=Offered())  # type: ignore[arg-type]
    assert asyncio.run(talk.receive())["bytes"] == rerun()


def test_a_text_that_is_too_long_ends_it_too() -> None:
    async def receive() -> Message:
        return {"type": "websocket.receive", "text": "x" * (limits.MESSAGE_BYTES_SIGNED_OUT + 1)}

    async def nothing(*_: object) -> bool:
        return True

    talk = Conversation(receive, nothing, owner=None, holds=nothing, turn=nothing, offered=Offered())  # type: ignore[arg-type]
    assert asyncio.run(talk.receive()) == {"type": "websocket.disconnect", "code": 1009}


def test_a_page_is_run_when_its_turn_has_come() -> None:
    turns = []

    async def turn() -> None:
        turns.append(1)

    for owner in (None, "own"):
        said(rerun(), owner=owner, turn=turn)

    assert len(turns) == 2


# --- Runs and websockets ---------------------------------------------------------------------------------------------


def test_who_runs_pages_without_pause_waits_and_nobody_else_does() -> None:
    runs = Runs(0.6)  # three at once

    async def crowd() -> tuple[list[bool], bool, bool]:
        greedy = [await runs.wait(known="bct", network="10.0.0.1") for _ in range(3)]
        fourth = asyncio.create_task(runs.wait(known="bct", network="10.0.0.1"))
        leader = await runs.wait(known="lanhdao", network="10.0.0.1")
        await asyncio.sleep(0.05)
        is_waiting = not fourth.done()
        fourth.cancel()
        return greedy, leader, is_waiting

    assert asyncio.run(crowd()) == ([False, False, False], False, True)


def test_before_signing_in_networks_and_all_of_them_together_have_their_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_AT_ONCE_SECONDS", 0.2)
    runs = Runs(10)  # two at once for an account, three for a network, six for all

    async def crowd(networks: str) -> list[bool]:
        return [await runs.wait(known=None, network=network) for network in networks]

    assert asyncio.run(crowd("aaaa")) == [False, False, False, True]
    runs = Runs(10)
    assert asyncio.run(crowd("abcdefg")) == [False] * 6 + [True]


def test_websockets_are_counted_while_they_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_NETWORK", 2)
    monkeypatch.setattr(limits, "SOCKETS_OF_KNOWN", 1)
    sockets = Sockets()

    with sockets.one_more(known=None, network="a") as first, sockets.one_more(known=None, network="a") as second:
        with sockets.one_more(known=None, network="a") as third, sockets.one_more(known=None, network="b") as other:
            assert (first, second, third, other) == (True, True, False, True)
        with sockets.one_more(known="bct", network="a") as own, sockets.one_more(known="bct", network="c") as again:
            assert (own, again) == (True, False)
    with sockets.one_more(known=None, network="a") as later:
        assert later


def test_one_websocket_more_than_a_network_may_have_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_NETWORK", 0)
    client = open_client(house)

    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(STREAM, headers=HERE),
    ):
        pass

    assert refused.value.code == 1013


def test_an_account_s_websocket_is_counted_for_the_account(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_NETWORK", 0)
    headers = {**HERE, **signed_in.cookie}

    with open_client(house).websocket_connect(STREAM, headers=headers) as socket:
        assert socket.receive_json()


def test_strangers_do_not_keep_the_owner_of_an_account_from_the_sign_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SOCKETS_OF_NETWORK", 0)
    monkeypatch.setattr(limits, "SOCKETS_SIGNED_OUT", 0)
    with store.session(house.engine) as session:
        browser = accounts.hash_token("own")
        ticket = accounts.issue_ticket(session, username="nga", browser=browser)
        assert accounts.redeem_ticket(session, ticket=ticket, browser=browser) == "nga"
    client = open_client(house)

    with client.websocket_connect(STREAM, headers={**HERE, "cookie": "kpi_browser=own"}) as socket:
        assert socket.receive_json()
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(STREAM, headers={**HERE, "cookie": "kpi_browser=other"}),
    ):
        pass
    assert refused.value.code == 1013


# --- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [("dashboard.example.vn", 200), ("dashboard.example.vn:8443", 200), ("127.0.0.1:8501", 200), ("evil.test", 400)],
)
def test_only_names_of_ours_are_answered_where_they_are_set(house: House, host: str, status: int) -> None:
    named = House(settings.load({"ALLOWED_HOSTS": "Dashboard.example.vn"}), house.engine)
    application = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("ok"))], middleware=server.known_hosts(named)
    )

    assert TestClient(application).get("/", headers={"host": host}).status_code == status


def test_a_name_that_is_none_stops_the_start() -> None:
    with pytest.raises(settings.SettingsError, match="ALLOWED_HOSTS"):
        settings.load({"ALLOWED_HOSTS": "https://dashboard.example.vn"})
