"""A filter is its declaration and its words: with three files touched it is in the bar, in the address and in every figure."""

from __future__ import annotations

import datetime as dt
import pathlib
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import words as w
from data_access import store
from data_access.register import raise_data_version
from kpi import readers
from pages.ui import loaders, view_codes
from pages.ui.filter_declarations import FILTERS, CodeFilter, Codes, DayFilter
from pages.ui.view import View
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF
from words import spoken

BY_DOCUMENT = CodeFilter(name="doc_type", of=(Codes("doc_type", "doc_type"),))
LAST_DAY = DayFilter(name="last_on", column="signed_on", ends="signed_from")
WORDS = {
    "vi": {"doc_type": "Loại văn kiện", "all_doc_type": "Mọi loại văn kiện", "last_on_text": "đến hết {date}"},
    "en": {"doc_type": "Kind of document", "all_doc_type": "All kinds of document", "last_on_text": "up to {date}"},
}


@pytest.fixture
def by_document(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeFilter]:
    """A filter by kind of document: a declaration, and words in two catalogs."""
    shipped, place = spoken.folder(), tmp_path / "locale"
    shutil.copytree(shipped, place)
    for language, messages in WORDS.items():
        with (place / language / "filters.po").open("a", encoding="utf-8") as catalog:
            catalog.writelines(f'\nmsgid "filters.{key}"\nmsgstr "{text}"\n' for key, text in messages.items())
    w.read_from(place)
    monkeypatch.setitem(FILTERS, BY_DOCUMENT.name, BY_DOCUMENT)
    yield BY_DOCUMENT
    w.read_from(shipped)


@pytest.fixture
def treaties(shown_store: sa.Engine) -> int:
    """A third of the memoranda become treaties; how many are shown without another filter."""
    with store.session(shown_store) as session:
        session.execute(sa.text("UPDATE agreement SET doc_type = 'TREATY' WHERE id % 3 = 0"))
        raise_data_version(session)
        count = "SELECT count(*) FROM agreement WHERE id % 3 = 0 AND scope = 'HIGH_LEVEL'"
        return int(session.execute(sa.text(count)).scalar_one())


@pytest.mark.usefixtures("by_document")
def test_it_is_offered_in_the_bar_and_its_choice_goes_into_the_address(visit: Visit, treaties: int) -> None:
    page = visit("overview")
    page.session_state["filter_more"] = True
    page.run()

    (box,) = (box for box in page.selectbox if box.key == "filter_doc_type")
    assert (box.label, box.options[0]) == ("Loại văn kiện", "Mọi loại văn kiện")
    assert [option.split(" (")[0] for option in box.options[1:]] == ["Bản ghi nhớ", "Điều ước quốc tế"]
    box.set_value("TREATY").run()

    assert not page.exception
    assert page.query_params["doc_type"] == "TREATY"
    assert any("Đang lọc (1): Điều ước quốc tế" in text.value for text in page.text)


@pytest.mark.usefixtures("by_document")
def test_it_narrows_every_figure(visit: Visit, treaties: int) -> None:
    signed = {code: visit("overview", doc_type=code).metric[0].value for code in ("TREATY", "MOU", "ALL")}

    assert int(signed["TREATY"]) == treaties
    assert int(signed["TREATY"]) + int(signed["MOU"]) == int(signed["ALL"])
    chosen = View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING).where(doc_type="TREATY")
    assert loaders.facts(chosen).agreements["doc_type"].unique().to_list() == ["TREATY"]


@pytest.mark.usefixtures("by_document")
def test_what_it_does_not_know_is_said(visit: Visit, treaties: int) -> None:
    page = visit("overview", language="en", doc_type="PAPYRUS")

    (warning,) = page.warning
    assert "“Kind of document”: PAPYRUS" in warning.value
    assert "All kinds of document" in warning.value


@pytest.mark.usefixtures("by_document", "register")
def test_days_make_a_filter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILTERS, LAST_DAY.name, LAST_DAY)

    read = view_codes.read({"last_on": "2023-12-31"}, view_codes.choices(), reader=readers.EVERYTHING)

    assert (read.codes, read.problems) == ({"last_on": "2023-12-31"}, [])
    assert loaders.facts(read.view).agreements["signed_on"].max() <= dt.date(2023, 12, 31)  # type: ignore[operator]
    with w.in_language("en"):
        assert FILTERS["last_on"].in_words("2023-12-31").startswith("up to ")


def test_a_column_that_the_facts_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no column 'doctype'"):
        Codes("doctype", "doc_type")
    with pytest.raises(ValueError, match="no column 'day'"):
        DayFilter(name="from", column="day")
