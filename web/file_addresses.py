"""To whom the address of a file was shown.

The addresses of files are hard to guess, and that is all Streamlit asks for. `Offered` notes to whom each was shown,
so that an address from somebody else's log or screen is of no use.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

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
