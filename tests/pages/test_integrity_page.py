"""The page on signs: for whom it is, and what it says of the agency and the sign in its address."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.pages.conftest import Visit

REFUSED = "không dành cho vai trò"


@pytest.mark.parametrize(
    ("username", "is_open"),
    [("lanhdao", True), ("dieuphoi", True), ("thanhtra", True), ("bct", False), ("quantri", False)],
)
def test_it_is_for_leader_coordinator_and_verifier(
    browsed_store: sa.Engine, visit: Visit, username: str, is_open: bool
) -> None:
    page = visit("integrity", username)

    assert any(REFUSED in text.value for text in (*page.warning, *page.error, *page.info)) is not is_open
    assert (len(page.selectbox) >= 2) is is_open


def test_it_says_how_many_there_are_how_many_are_usual_and_how_often_that_happens(
    browsed_store: sa.Engine, visit: Visit
) -> None:
    page = visit("integrity", "lanhdao", "en", agency="BCT")

    said = [text.value for text in page.markdown]
    assert any("agencies" in text and "chance" in text for text in said)
    assert any("would be usual" in text for text in said)
    assert page.selectbox(key="choice_agency").value == "BCT"
