"""What a browser may say over its websocket.

Streamlit's protocol knows messages that no page of ours sends: empty the caches of everybody, tell the state of the
source repository, write files beside the application. And some that a page sends are answered without the page being
run, and so without its guard: one fragment alone, a file made on demand, further rows of a table. `Conversation` reads
every message before Streamlit does.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.types import Message, Receive, Send

from pages.ui.streamlit_internals import BackMsg
from web.file_addresses import Offered
from web.limits import FILES_AT_ONCE, MESSAGE_BYTES, MESSAGE_BYTES_SIGNED_OUT

_log = logging.getLogger("agreements.access")

# Of these a page is run, with its guard, or nothing happens.
_HARMLESS: Final = frozenset({"rerun_script", "stop_script", "app_heartbeat"})
# These are answered at once, so the session is looked up for them. Of the operations, files made on demand and rows.
_WITH_SESSION: Final = frozenset({"file_urls_request", "backend_operation_request"})
_OPERATIONS: Final = frozenset({"deferred_file", "dataframe_chunk"})
_TOO_BIG: Final = 1009


class Conversation:
    """The two directions of one websocket, to be given to Streamlit in place of the server's own.

    `owner` is the stored form of the session the websocket was opened with, None for none; `holds` says whether that
    session still does. `turn` returns when a page may be run.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        owner: str | None,
        holds: Callable[[], Awaitable[bool]],
        turn: Callable[[], Awaitable[None]],
        offered: Offered,
    ) -> None:
        self._receive = receive
        self._send = send
        self._owner = owner
        self._holds = holds
        self._turn = turn
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
            if message["type"] != "websocket.receive":
                return message
            data = message.get("bytes")
            length = len(data if data is not None else message.get("text") or "")
            if length > (MESSAGE_BYTES_SIGNED_OUT if self._owner is None else MESSAGE_BYTES):
                _log.warning("refused: a message of %d bytes over a websocket", length)
                await self._send({"type": "websocket.close", "code": _TOO_BIG})
                return {"type": "websocket.disconnect", "code": _TOO_BIG}
            if data is None:  # text, which Streamlit does not read
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
        if kind == "file_urls_request" and len(said.file_urls_request.file_names) > FILES_AT_ONCE:
            _log.warning("refused: addresses of %d files at once", len(said.file_urls_request.file_names))
            return None
        if kind == "rerun_script":
            await self._turn()
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
