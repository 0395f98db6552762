"""Every page, for every role, in every language, signed out, on an empty store, and at a hostile address."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts
from pages.screen import screens
from pages.ui import session as page_session
from tests.pages.conftest import FRAME, Visit
from tests.pages.running import at_page

PAGES = [screen.name for screen in screens()]
FIRST, *OTHERS = [account.username for account in accounts.DEMO_ACCOUNTS]
HOSTILE = {
    "as_of": "31/02/2025",
    "compare_with": "tomorrow",
    "known": "0000-00-00",
    "scope": "'; DROP TABLE agreement; --",
    "agency_group": "??",
    "sector": "![x](http://example.org/x.png)",
    "partner_group": "tier:NONE",
    "signed_from": "0001-01-01",
    "signed_to": "9999-12-31",
    "agency": "XYZ",
    "flag": "<script>alert(1)</script>",
    "kpi": "K99",
    "part": "?",
    "bucket": "?",
    "level": "?",
    "against": "?",
    "stage": "?",
    "cause": "?",
    "ref": "../../etc/passwd",
    "q": "%_[]().*\\",
    "batch": "1 OR 1=1",
    "correct": "-1",
    "sample": "2031-Q1'; --",
    "claim": "-1",
    "of": "?",
    "number": "1 OR 1=1",
    "stands": "?",
    "lang": "xx",
}


def somebody_for(page: str, *, with_agency: bool = True) -> str:
    """Who sees more of a page than that it is for others, if anybody does."""
    roles = next(screen.roles for screen in screens() if screen.name == page)
    among = [account for account in accounts.DEMO_ACCOUNTS if with_agency or account.agency is None]
    return next((account for account in among if account.role in roles), among[0]).username


@pytest.mark.parametrize(
    ("username", "language"),
    [
        (FIRST, w.DEFAULT_LANGUAGE),
        *(
            pytest.param(name, w.DEFAULT_LANGUAGE, marks=pytest.mark.no_cover) for name in OTHERS
        ),  # the same lines again
        *(pytest.param("quantri", code, marks=pytest.mark.no_cover) for code in w.languages()[1:]),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_it_opens_without_an_error(
    browsed_store: sa.Engine, visit: Visit, page: str, username: str, language: str
) -> None:
    opened = visit(page, username, language)

    assert not opened.exception
    assert opened.main.children


@pytest.mark.parametrize("page", PAGES)
def test_signed_out_it_shows_the_sign_in_and_nothing_of_itself(
    browsed_store: sa.Engine, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(page_session, "session_id", lambda: None)
    opened = AppTest.from_file(str(FRAME), default_timeout=30)
    at_page(opened, page)

    opened.run()

    assert not opened.exception
    assert not opened.dataframe
    assert not opened.metric
    assert len(opened.text_input) == 2


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_store_is_said_in_words(empty_store: sa.Engine, visit: Visit, page: str) -> None:
    """To somebody it is for, of those who belong to no agency: there is none yet."""
    opened = visit(page, somebody_for(page, with_agency=False))

    assert not opened.exception


@pytest.mark.parametrize("page", PAGES)
def test_an_address_that_makes_no_sense_falls_back_with_a_notice(
    browsed_store: sa.Engine, visit: Visit, page: str
) -> None:
    opened = visit(page, somebody_for(page), **{**HOSTILE, "language": "vi"})

    assert not opened.exception
    assert opened.warning


@pytest.mark.parametrize("page", PAGES)
def test_it_opens_as_known_on_a_day_in_the_past(browsed_store: sa.Engine, visit: Visit, page: str) -> None:
    opened = visit(page, somebody_for(page), "en", known="2024-12-31", ref="T-0003")

    assert not opened.exception
    assert opened.main.children
    looks_back = any("As known at the end of 31 Dec 2024" in line.value for line in opened.markdown)
    screen = next(screen for screen in screens() if screen.name == page)
    assert looks_back == (screen.filtered and screen.looks_back)
    if screen.is_bare:
        return  # without a header
    header = next(line.value for line in opened.markdown if "Data as of" in line.value)
    assert ("as known on 31 Dec 2024" in header) == looks_back
