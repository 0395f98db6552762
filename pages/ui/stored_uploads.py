"""How much of its memory the server gives to the uploads of one account.

Streamlit keeps every file that was sent until its tab is closed, one after another, whatever the page does with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pages.ui import streamlit_internals

MOST_FILES: Final = 4
"""So many files as large as a file may be an account holds in all its tabs: some smaller ones, each in a tab, as a rule."""


class StoredUploads:
    """Whether an account may send one more file, of at most `largest` bytes; for the one thread that takes requests.

    `stored` says how many bytes a tab, by the name Streamlit has for it, holds at this moment.
    """

    def __init__(self, largest: int, *, stored: Callable[[str], int] = streamlit_internals.uploaded_bytes) -> None:
        self._largest = largest
        self._stored = stored
        self._tabs: defaultdict[str, set[str]] = defaultdict(set)
        self._arriving: Counter[str] = Counter()

    @contextmanager
    def arriving(self, username: str, address: str) -> Iterator[bool]:
        """Whether the file may come that is sent to this address of an upload. Until the block ends it counts in full."""
        tab = address.split("/")[-2]
        self._tabs[username] = {known for known in self._tabs[username] if self._stored(known)} | {tab}
        held = sum(map(self._stored, self._tabs[username]))
        fits = held + self._largest * (self._arriving[username] + 1) <= self._largest * MOST_FILES
        self._arriving[username] += fits
        try:
            yield fits
        finally:
            self._arriving[username] -= fits
