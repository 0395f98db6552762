"""Streamlit's scripts and styles, packed for the way: a first visit fetches 1.5 MB instead of 5.

Streamlit sends them as they are, and expects a server in front to pack them for every visitor anew. Each is packed here when
it is first asked for and kept so. They are the same for everybody and hold no secret, so that nothing can be guessed from their
length (BREACH); pages travel over the websocket, which packs by itself.
"""

from __future__ import annotations

import gzip
import pathlib
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.ui import streamlit_internals

_MEDIA_TYPES: Final = {".js": "text/javascript", ".css": "text/css"}
_SMALLEST: Final = 1_000
"""Bytes; what is smaller travels in one packet either way."""

_HEADERS: Final = {
    "Content-Encoding": "gzip",
    "Vary": "Accept-Encoding",
    "Cache-Control": "public, immutable, max-age=31536000",  # their names change with what is in them
}


class PackedScripts:
    """Answers for the scripts and styles of pages where a browser takes them packed, and leaves all else to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files = {
            f"/{address}": file
            for address, file in streamlit_internals.static_files()
            if file.suffix in _MEDIA_TYPES and file.stat().st_size >= _SMALLEST
        }
        self._packed: dict[pathlib.Path, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._asked_for(scope)
        if file is None:
            await self._app(scope, receive, send)
            return
        if file not in self._packed:
            self._packed[file] = await to_thread.run_sync(lambda: gzip.compress(file.read_bytes(), mtime=0))
        await Response(self._packed[file], 200, _HEADERS, _MEDIA_TYPES[file.suffix])(scope, receive, send)

    def _asked_for(self, scope: Scope) -> pathlib.Path | None:
        """The file to answer with; None where the answer is another's."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        file = self._files.get(scope["path"].removeprefix(scope.get("root_path", "")))
        if file is None:
            return None
        headers = Request(scope).headers
        return file if "gzip" in headers.get("accept-encoding", "") and "range" not in headers else None
