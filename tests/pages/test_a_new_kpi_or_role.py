"""A KPI is its declaration, its words and its recomputation, a role its declaration and its words: no other file knows them."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
from collections.abc import Callable, Iterator, Mapping

import pytest
import sqlalchemy as sa
from polars import col

import words as w
from data_access import accounts, store
from data_access.accounts import ROLES, May, Role
from kpi import readers
from kpi.indicators.catalog import KPIS
from pages.screen import screens
from pages.ui import loaders
from pages.ui.view import View
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF
from words import spoken

Say = Callable[[str, Mapping[str, str]], None]


@pytest.fixture
def say(tmp_path: pathlib.Path) -> Iterator[Say]:
    """`say(catalog, {key: text})` adds words to a catalog of every language."""
    shipped, place = spoken.folder(), tmp_path / "locale"
    shutil.copytree(shipped, place)

    def add(catalog: str, messages: Mapping[str, str]) -> None:
        for language in w.languages():
            with (place / language / catalog).open("a", encoding="utf-8") as file:
                file.writelines(f'\nmsgid "{key}"\nmsgstr "{text}"\n' for key, text in messages.items())
        w.read_from(place)

    yield add
    w.read_from(shipped)


def test_a_kpi_that_is_declared_and_has_words_is_computed_and_shown_where_it_says(
    shown_store: sa.Engine, visit: Visit, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    kpi = dataclasses.replace(
        KPIS["K02"], code="K99", counted=col("is_started"), weight=None, shown=("scorecard", "method")
    )
    say("kpi.po", {key: f"Tỷ lệ thử, {key.rpartition('.')[2]}" for key in kpi.words})
    monkeypatch.setitem(KPIS, kpi.code, kpi)

    scorecard, method = visit("scorecard", agency="BCT"), visit("method")

    assert not scorecard.exception
    assert not method.exception
    name = "Tỷ lệ thử, short"
    assert any(name in metric.label for metric in scorecard.metric)
    assert any("Tỷ lệ thử" in text.value for text in (*method.text, *method.header, *method.markdown))
    view = View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING)
    (card,) = loaders.scorecards(view, by="agency").filter(agency="BCT", kpi="K99").to_dicts()
    mine = loaders.facts(view).agreements.filter(kpi.among, agency="BCT")
    assert (card["numerator"], card["denominator"]) == (mine["is_started"].sum(), mine.height)


def test_a_role_that_is_declared_and_has_words_sees_what_it_may_and_nothing_else(
    shown_store: sa.Engine, visit: Visit, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("terms.po", {"terms.role.observer": "Quan sát viên"})
    monkeypatch.setitem(ROLES, "observer", Role("observer", frozenset({May.READ_EVERYTHING, May.REMIND})))
    with store.session(shown_store) as session:
        accounts.add_user(
            session, actor="test", username="quansat", password="bốn từ bất kỳ nào", role="observer", agency=None
        )

    for screen in screens():
        page = visit(screen.name, "quansat")
        assert not page.exception
        refused = any("không dành cho vai trò" in text.value for text in (*page.warning, *page.error, *page.info))
        assert refused is (screen.needs not in (None, May.READ_EVERYTHING, May.REMIND)), screen.name
