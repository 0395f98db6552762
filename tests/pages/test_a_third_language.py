"""A language is a folder of catalogs: with a third one every page opens, and nothing but that folder was added."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest
import sqlalchemy as sa

import words as w
from kpi.update import template
from tests.kpi.update.samples import current
from tests.pages.conftest import Visit
from tests.pages.test_every_page import PAGES
from words import spoken

VISITORS = {"upload": "bct", "coordination": "dieuphoi", "accounts": "quantri", "audit": "quantri", "review": "quantri"}
"""Who finds the pages that a leader does not."""


@pytest.fixture(scope="module")
def french(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A French in which some messages are English and every third is missing."""
    shipped, place = spoken.folder(), tmp_path_factory.mktemp("third") / "locale"
    shutil.copytree(shipped, place)
    (place / "fr").mkdir()
    for path in (shipped / "en").glob("*.po"):
        head, *messages = path.read_text(encoding="utf-8").strip().split("\n\n")
        kept = [text for number, text in enumerate(messages) if number % 3 and "common.date_pattern" not in text]
        (place / "fr" / path.name).write_text("\n\n".join([head, *kept]) + "\n", encoding="utf-8")
    with (place / "fr" / "terms.po").open("a", encoding="utf-8") as terms:
        terms.write('\nmsgid "terms.sector.ECO"\nmsgstr "Économie"\n')
    w.read_from(place)
    yield "fr"
    w.read_from(shipped)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_it(browsed_store: sa.Engine, visit: Visit, french: str, page: str) -> None:
    opened = visit(page, VISITORS.get(page, "lanhdao"), french)

    assert not opened.exception
    assert opened.main.children
    assert opened.session_state["language"] == french


def test_it_can_be_chosen_by_its_own_name(browsed_store: sa.Engine, visit: Visit, french: str) -> None:
    opened = visit("account", "lanhdao", french)
    assert not opened.get("button_group")  # nothing of a closed pop-up is sent
    opened.session_state["account"] = True
    opened.run()

    (switch,) = (group for group in opened.get("button_group") if group.key == "language_switch")
    assert [option.content for option in switch.proto.options] == ["Tiếng Việt", "English", "Français"]


def test_what_it_lacks_is_said_in_english(french: str) -> None:
    english, own = ({message.id for message in w.read_catalog(code)} for code in ("en", french))
    lacking = sorted(key for key in english - own if isinstance(key, str))

    with w.in_language(french):
        said = [w.t(key) for key in lacking]

    with w.in_language("en"):
        assert said == [w.t(key) for key in lacking]
    assert len(said) > 500


def test_numbers_dates_and_countries_are_those_of_the_language(register: sa.Engine, french: str) -> None:
    with w.in_language(french):
        assert w.number(-1234567.5, 1) == "-1\u202f234\u202f567,5"
        assert w.date(dt.date(2026, 1, 14)) == "14 janv. 2026"
        assert w.name("partner", "JP") == "Japon"
        assert w.name("agency", "BCT", short=True) == "MOIT"
        assert w.name("sector", "ECO") == "Économie", "its own folder names what the store has in two languages"
        assert pl.DataFrame({"s": ["ECO"]}).select(w.name_expr(pl.col("s"), "sector")).item() == "Économie"
        assert w.column("title") == "title_en"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_its_form_has_the_columns_of_the_english_one(french: str, form: Literal["csv", "xlsx"]) -> None:
    with w.in_language(french):
        assert template(current(), language=french, format=form, say=w.t)
