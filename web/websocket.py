"""What a browser may say over its websocket, and which files are its own.

Streamlit's protocol knows messages that no page of ours sends: empty the caches of everybody, tell the state of the
source repository, write files beside the application. And some that a page sends are answered without the page being
run, and so without its guard: one fragment alone, a file made on demand, further rows of a table. `Conversation` reads
every message before Streamlit does.

The addresses of files are hard to guess, and that is all Streamlit asks for. `Offered` notes to whom each was shown,
so that an address from somebody else's log or screen is of no use.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

_log = logging.getLogger("agreements.access")

# Of these a page is run, with its guard, or nothing happens.
_HARMLESS: Final = frozenset({"rerun_script", "stop_script", "app_heartbeat"})
# These are answered at once, so the session is looked up for them. Of the operations, files made on demand and rows.
_WITH_SESSION: Final = frozenset({"file_urls_request", "backend_operation_request"})
_OPERATIONS: Final = frozenset({"deferred_file", "dataframe_chunk"})

# File ids have a fixed length, whatever follows them in the message.
_ADDRESS: Final = re.compile(rb"/(?:media/[0-9a-f]{32}|_stcore/upload_file/[0-9a-f-]{36}/[0-9a-f-]{36})")
_REMEMBERED: Final = 100_000


class Offered:
    """Which addresses of files were shown to which session, for as long as a process remembers 100,000 of them."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def note(self, owner: str, data: bytes) -> None:
        """Remember the addresses in a message to the pages of the session `owner`."""
        for found in _ADDRESS.finditer(data):
            key = (owner, found[0].decode())
            self._known[key] = None
            self._known.move_to_end(key)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def is_to(self, owner: str, path: str) -> bool:
        """Whether `path` is no file's address, or that of one shown to this session."""
        if not path.lstrip("/").startswith(("media/", "_stcore/upload_file/")):
            return True
        found = _ADDRESS.match(path.encode())
        return found is not None and (owner, found[0].decode()) in self._known


class Conversation:
    """The two directions of one websocket, to be given to Streamlit in place of the server's own.

    `owner` is the stored form of the session the websocket was opened with, None for none; `holds` says whether that
    session still does.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        owner: str | None,
        holds: Callable[[], Awaitable[bool]],
        offered: Offered,
    ) -> None:
        self._receive = receive
        self._send = send
        self._owner = owner
        self._holds = holds
        self._offered = offered

    async def send(self, message: Message) -> None:
        """To the browser. The addresses in it are the browser's from now on."""
        data = message.get("bytes")
        if self._owner is not None and data:
            self._offered.note(self._owner, data)
        await self._send(message)

    async def receive(self) -> Message:
        """From the browser: the next message that may pass."""
        while True:
            message = await self._receive()
            data = message.get("bytes")
            if message["type"] != "websocket.receive" or data is None:
                return message
            passed = await self._passed(data)
            if passed is not None:
                return {**message, "bytes": passed}

    async def _passed(self, data: bytes) -> bytes | None:
        """The message as Streamlit may read it; None for one it must not read. What is no message it refuses itself."""
        try:
            said = BackMsg.FromString(data)
        except Exception:  # noqa: BLE001  (what a parser raises depends on which of protobuf's parsers there is)
            return data
        kind = said.WhichOneof("type")
        operation = (
            said.backend_operation_request.WhichOneof("payload") if kind == "backend_operation_request" else None
        )
        is_known = kind in _HARMLESS or kind in _WITH_SESSION
        if not is_known or (operation or "deferred_file") not in _OPERATIONS:
            _log.warning("refused: message %s %s over a websocket", kind, operation or "")
            return None
        is_fragment = kind == "rerun_script" and said.rerun_script.fragment_id != ""
        if kind in _HARMLESS and not is_fragment:
            return data
        if self._owner is not None and await self._holds():
            return data
        _log.warning("refused: message %s without a session", "of a fragment" if is_fragment else kind)
        if not is_fragment:
            return None
        said.rerun_script.fragment_id = ""  # the whole page instead, which shows the sign-in
        whole: bytes = said.SerializeToString()
        return whole
