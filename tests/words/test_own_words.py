"""A register's own words in place of the catalogs'."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import words
from words import own


@pytest.fixture
def said() -> Iterator[None]:
    told = {
        "instead": {"en": {"an agreement": "a treaty", "agreements": "treaties", "agreement": "treaty"}},
        "said": {"en": {"terms.scope.LOCAL": "Of towns"}},
    }
    found = words.OwnWords.read(json.dumps(told))
    before = own._ask
    words.worded_by(lambda: found)
    yield
    words.worded_by(before)


@pytest.mark.usefixtures("said")
def test_words_of_a_register_stand_in_place_of_ours_whole_and_with_their_capitals() -> None:
    with words.in_language("en"):
        assert words.t("kpi.K02.sentence", grace_days=90).startswith("Of every 100 treaties signed")
        assert words.tn("changed.more_agreements", 2) == "and 2 other treaties"
        assert words.name("scope", "LOCAL") == "Of towns"
        assert words.name("scope", "ALL") == "All treaties"
    assert words.name("scope", "LOCAL") == "Cấp địa phương"


def test_only_whole_words_are_others_and_placeholders_stay() -> None:
    found = words.OwnWords.read('{"instead": {"en": {"Agency": "borrower", "agencies": "borrowers"}}}')

    assert found is not None
    text = "Agency {agency}: every agency, all AGENCIES, no subagency and agencyless"
    replaced = found.words("en", "x", text)
    assert replaced == "Borrower {agency}: every borrower, all Borrowers, no subagency and agencyless"
    assert found.words("vi", "x", text) == text
    assert words.OwnWords.read(found.written()) is not None
    assert words.OwnWords.read('{"said": {"en": {}}}') is None
