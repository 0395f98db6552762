"""To whom the address of a file was shown.

The addresses of files are hard to guess, and that is all Streamlit asks for. `Offered` notes to whom each was shown,
so that an address from somebody else's log or screen is of no use.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final

from pages.ui.streamlit_internals import addresses_of_files

# File ids have a fixed length, whatever follows them.
_ADDRESS: Final = re.compile(r"/(?:media/[0-9a-f]{32}|_stcore/upload_file/[0-9a-f-]{36}/[0-9a-f-]{36})")
_IN_BYTES: Final = re.compile(_ADDRESS.pattern.encode())
_OF_SESSION: Final = 500
_SESSIONS: Final = 2_000


class Offered:
    """Which addresses of files were shown to which session: the last 500 of each, of the last 2,000 sessions."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def note(self, owner: str, data: bytes) -> None:
        """Remember the addresses of files in a message to the pages of the session `owner`.

        Only those that Streamlit wrote where it offers a file: an address somebody typed may be anywhere else in it.
        """
        if _IN_BYTES.search(data) is None:
            return
        shown = self._known.setdefault(owner, OrderedDict())
        self._known.move_to_end(owner)
        for address in addresses_of_files(data):
            if found := _ADDRESS.match(address):
                shown[found[0]] = None
                shown.move_to_end(found[0])
        while len(shown) > _OF_SESSION:
            shown.popitem(last=False)
        while len(self._known) > _SESSIONS:
            self._known.popitem(last=False)

    def is_to(self, owner: str, path: str) -> bool:
        """Whether `path` is no file's address, or that of one shown to this session."""
        if not path.lstrip("/").startswith(("media/", "_stcore/upload_file/")):
            return True
        found = _ADDRESS.match(path)
        return found is not None and found[0] in self._known.get(owner, ())
