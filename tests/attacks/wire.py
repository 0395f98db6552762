"""A client that speaks Streamlit's protocol without a browser, and so says what no browser would."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

ANSWER_SECONDS = 30


def is_early(finished: ForwardMsg) -> bool:
    """Whether a script ended only to be run again."""
    return finished.script_finished == ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN


class Refused(Exception):
    """The connection was not opened, or closed on us; `code` is the HTTP status or the websocket's closing code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Answer:
    """Everything the server sent until the script had finished."""

    messages: list[ForwardMsg]
    content: bytes

    def says(self, text: str) -> bool:
        """Whether this text is anywhere in it: protobuf and Arrow keep text as it is."""
        return text.encode() in self.content

    @property
    def kinds(self) -> set[str]:
        return {str(message.WhichOneof("type")) for message in self.messages}

    @property
    def fragments(self) -> list[str]:
        """The fragments that may be run by themselves from now on."""
        return sorted({found.delta.fragment_id for found in self.messages if found.delta.fragment_id})

    @property
    def widgets(self) -> dict[str, str]:
        """Every widget's id, and the kind of element it is."""
        return {str(element.id): kind for kind, element in self.elements() if getattr(element, "id", "")}

    def elements(self) -> Iterator[tuple[str, Any]]:
        """Every element drawn, with its kind."""
        for message in self.messages:
            kind = message.delta.new_element.WhichOneof("type") if message.delta.HasField("new_element") else None
            if kind is not None:
                yield kind, getattr(message.delta.new_element, kind)

    @property
    def session_id(self) -> str:
        """Streamlit's own name of the conversation, which the browser hands in to resume it."""
        return next(message.new_session.initialize.session_id for message in self.messages if is_new(message))

    @property
    def pages(self) -> dict[str, str]:
        """Address of every page -> its hash."""
        return {
            page.url_pathname: page.page_script_hash
            for message in self.messages
            if message.WhichOneof("type") == "navigation"
            for page in message.navigation.app_pages
        }


def is_new(message: ForwardMsg) -> bool:
    return message.WhichOneof("type") == "new_session"


def wish_for(
    page: str = "",
    query: str = "",
    *,
    page_hash: str = "",
    fragment: str = "",
    widgets: Sequence[Mapping[str, Any]] = (),
) -> BackMsg:
    """The message that asks for a run of a page."""
    message = BackMsg()
    state = message.rerun_script
    state.page_name, state.query_string, state.page_script_hash, state.fragment_id = page, query, page_hash, fragment
    for widget in widgets:
        state.widget_states.widgets.add(**widget)
    return message


class Tab:
    """An open websocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def send(self, message: BackMsg | bytes | str) -> None:
        with _told():
            self._socket.send(message.SerializeToString() if isinstance(message, BackMsg) else message)

    def rerun(
        self,
        page: str = "",
        query: str = "",
        *,
        page_hash: str = "",
        fragment: str = "",
        widgets: Sequence[Mapping[str, Any]] = (),
    ) -> Answer:
        """Ask for a page and collect the answer."""
        self.send(wish_for(page, query, page_hash=page_hash, fragment=fragment, widgets=widgets))
        return self.answer()

    def answer(self) -> Answer:
        """What comes until a script has finished; one that ends early to be run again (another page, say) has not."""
        messages: list[ForwardMsg] = []
        content = bytearray()
        while not messages or messages[-1].WhichOneof("type") != "script_finished" or is_early(messages[-1]):
            data = self.receive()
            content += data
            messages.append(ForwardMsg.FromString(data))
        return Answer(messages, bytes(content))

    def ask(self, message: BackMsg, kind: str) -> ForwardMsg | None:
        """Send a message and wait for the answer of this kind; None when the server says nothing of the sort.

        A sign of life is sent along, which is answered in any case: what came before it is all there is.
        """
        self.send(message)
        self.send(BackMsg(app_heartbeat=True))
        found = None
        while True:
            received = ForwardMsg.FromString(self.receive())
            if received.WhichOneof("type") == kind:
                found = received
            if received.WhichOneof("type") == "heartbeat_ack":
                return found

    def ask_and_wait(self, message: BackMsg, kind: str) -> ForwardMsg:
        """Send a message and wait for the answer of this kind, which must come."""
        self.send(message)
        while True:
            received: ForwardMsg = ForwardMsg.FromString(self.receive())
            if received.WhichOneof("type") == kind:
                return received

    def receive(self, timeout: float = ANSWER_SECONDS) -> bytes:
        with _told():
            data = self._socket.recv(timeout=timeout)
        assert isinstance(data, bytes)
        return data


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A closed connection as `Refused`."""
    try:
        yield
    except ConnectionClosed as closed:
        raise Refused(closed.rcvd.code if closed.rcvd else 1006) from closed


@contextlib.contextmanager
def tab(
    address: str,
    *,
    cookie: str = "",
    origin: str | None = "",
    headers: Sequence[tuple[str, str]] = (),
    protocols: Sequence[str] = ("streamlit",),
    path: str = "/_stcore/stream",
) -> Iterator[Tab]:
    """Open a websocket as the pages at `address` do; every other origin (None: none said) and header can be claimed.

    Raises `Refused` where the server does not want it.
    """
    claimed = [*headers, *([("Cookie", cookie)] if cookie else [])]
    host = urlsplit(address).netloc
    try:
        with connect(
            f"ws://{host}{path}",
            origin=address if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers=claimed,
            subprotocols=[*protocols],  # type: ignore[list-item]
            max_size=None,
            compression=None,
            open_timeout=ANSWER_SECONDS,
            user_agent_header="attack",
        ) as socket:
            yield Tab(socket)
    except InvalidStatus as refused:
        raise Refused(refused.response.status_code) from refused
