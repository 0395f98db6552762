"""How much an account may have the server keep of uploads: in all its tabs together, and while they arrive."""

from __future__ import annotations

import contextlib

import pytest

from pages.ui.stored_uploads import MOST_FILES, StoredUploads

LARGEST = 5


class Tabs(dict[str, int]):
    """What each tab holds, by its name."""

    def holds(self, tab: str) -> int:
        return self.get(tab, 0)


def send(uploads: StoredUploads, tabs: Tabs, username: str, tab: str, size: int = LARGEST) -> bool:
    """Whether a file that is sent is taken; then the tab holds it as well."""
    with uploads.arriving(username, f"/_stcore/upload_file/{tab}/file") as fits:
        if fits:
            tabs[tab] = tabs.holds(tab) + size
        return fits


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


@pytest.fixture
def uploads(tabs: Tabs) -> StoredUploads:
    return StoredUploads(LARGEST, stored=tabs.holds)


def test_an_account_stores_so_much_in_all_its_tabs_together(uploads: StoredUploads, tabs: Tabs) -> None:
    taken = [send(uploads, tabs, "bct", f"tab {number}") for number in range(60)]

    assert sum(taken) == MOST_FILES
    assert sum(tabs.values()) == MOST_FILES * LARGEST
    assert send(uploads, tabs, "langson", "another's tab")


def test_small_files_are_taken_as_long_as_a_large_one_would_fit(uploads: StoredUploads, tabs: Tabs) -> None:
    assert all(send(uploads, tabs, "bct", "tab", size=1) for _ in range(16))
    assert not send(uploads, tabs, "bct", "tab", size=1)


def test_a_tab_that_is_closed_or_let_its_file_go_counts_no_more(uploads: StoredUploads, tabs: Tabs) -> None:
    for number in range(MOST_FILES):
        assert send(uploads, tabs, "bct", f"tab {number}")
    assert not send(uploads, tabs, "bct", "tab 9")

    del tabs["tab 0"]

    assert send(uploads, tabs, "bct", "tab 9")
    assert not send(uploads, tabs, "bct", "tab 9")


def test_files_that_arrive_at_once_count_in_full(uploads: StoredUploads) -> None:
    address = "/_stcore/upload_file/tab/file"
    coming = [uploads.arriving("bct", address) for _ in range(MOST_FILES + 1)]

    assert [one.__enter__() for one in coming] == [True] * MOST_FILES + [False]

    coming[0].__exit__(None, None, None)
    with uploads.arriving("bct", address) as fits:
        assert fits


def test_a_file_that_breaks_off_counts_no_more(uploads: StoredUploads) -> None:
    taken: list[bool] = []

    for _ in range(2 * MOST_FILES):
        with contextlib.suppress(ConnectionError), uploads.arriving("bct", "/_stcore/upload_file/tab/file") as fits:
            taken.append(fits)
            raise ConnectionError

    assert taken == [True] * 2 * MOST_FILES
