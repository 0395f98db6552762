"""The frame: every page is known to it, offered to those who may see it, and guards itself."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

import pages
import words
from data_access import accounts, store
from data_access.accounts import passwords
from pages.screen import Screen, screens
from pages.ui import session as page_session
from tests.pages import stores
from tests.pages.running import at_page

PAGES = pathlib.Path(pages.__file__).parent
ROLES = {"leader", "agency", "coordinator", "verifier", "administrator"}
KEPT_FROM_SOME = {
    "upload": {"agency", "coordinator"},
    "review": {"leader", "coordinator", "verifier", "administrator"},
    "verification": {"leader", "coordinator", "verifier", "administrator"},
    "integrity": {"leader", "coordinator", "verifier"},
    "contacts": {"agency", "coordinator"},
    "coordination": {"coordinator"},
    "lists": {"coordinator"},
    "accounts": {"administrator"},
    "audit": {"administrator"},
}


# --- What a screen is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", screens(), ids=lambda screen: screen.name)
def test_a_page_begins_with_the_guard_of_its_own_declaration(screen: Screen) -> None:
    """After its constants and functions, the guard is the first thing it does."""
    statements = [
        node
        for node in ast.parse(screen.page.read_text(encoding="utf-8")).body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
        and not re.match(r"([A-Z][A-Z_]*|_log)\b", ast.unparse(node))
    ]

    assert ast.unparse(statements[1]) == "person = session.require(SCREEN)"  # the first is the docstring
    assert importlib.import_module(f"pages.{screen.name}").SCREEN is screen


@pytest.mark.parametrize("screen", screens(), ids=lambda screen: screen.name)
def test_a_screen_is_open_to_the_roles_it_is_for(screen: Screen) -> None:
    let_in = {role for role in ROLES if screen.is_open_to(accounts.Person("x", role, "BCT", ""))}

    assert let_in == set(screen.roles) == KEPT_FROM_SOME.get(screen.name, ROLES)
    assert not screen.needs or not screen.is_open_to(accounts.Person("x", "root", "BCT", ""))


@pytest.mark.parametrize("language", words.languages())
def test_every_screen_and_every_role_has_its_words(language: str) -> None:
    sections = {screen.section for screen in screens()} - {""}

    with words.in_language(language):
        said = [words.t(f"frame.page_{screen.name}") for screen in screens()]
        said += [words.t(f"frame.section_{section}") for section in sections]
        said += [words.name("role", role) for role in accounts.ROLES]

    assert all(said)
    assert not {*accounts.ROLES} & {*said}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"icon": "rule"}, "icon 'rule'"),
        ({"section": "How sure"}, "section 'How sure'"),
        ({"formerly": ("../trust",)}, "former address '../trust'"),
        ({"declared_in": str(PAGES / "ui" / "__init__.py")}, "no page.py beside it"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_when_it_is_made(wrong: dict[str, object], said: str) -> None:
    right = {"declared_in": str(PAGES / "ranking" / "__init__.py"), "icon": ":material/rule:", "order": 1}

    with pytest.raises(ValueError, match=said):
        Screen(**{**right, **wrong})  # type: ignore[arg-type]


@pytest.fixture
def shown_elsewhere(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """A folder beside `pages` whose screens are found as well."""
    monkeypatch.setattr(pages, "__path__", [*pages.__path__, str(tmp_path)])
    screens.cache_clear()
    yield tmp_path
    screens.cache_clear()
    sys.modules.pop("pages.weather", None)


def declare(folder: pathlib.Path, declaration: str) -> None:
    """Make a page called weather."""
    page = folder / "weather" / "page.py"
    page.parent.mkdir()
    page.write_text(
        "import streamlit as st\n"
        "from pages.ui import session\n"
        "from pages.weather import SCREEN\n"
        "person = session.require(SCREEN)\n"
        "st.text(f'Sunny, {person.username}')\n"
    )
    page.with_name("__init__.py").write_text(f"from pages.screen import Screen\n{declaration}\n")


def test_a_folder_with_its_declaration_and_its_words_is_a_screen(
    shown_store: sa.Engine, shown_elsewhere: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(shown_elsewhere, "SCREEN = Screen(__file__, icon=':material/sunny:', order=15)")
    monkeypatch.setattr(words, "t", lambda key, **_placeholders: f"words of {key}")
    with store.session(shown_store) as session:
        token = accounts.start_session(session, username="lanhdao")
    monkeypatch.setattr(page_session, "session_id", lambda: accounts.hash_token(token))
    frame = AppTest.from_file(str(PAGES / "frame.py"), default_timeout=20)

    shown = at_page(frame, "weather").run()

    assert not shown.exception
    assert "Sunny, lanhdao" in [text.value for text in shown.text]
    assert [screen.name for screen in screens()][:3] == ["overview", "weather", "ranking"]


@pytest.mark.parametrize(
    ("declaration", "error"),
    [
        ("", AttributeError),
        ("SCREEN = Screen(__file__, icon=':material/sunny:', order=20)", ValueError),
        ("SCREEN = Screen(__file__, icon=':material/sunny:', order=15, formerly=('trust',))", ValueError),
    ],
)
def test_a_page_without_a_declaration_or_a_place_of_its_own_is_not_passed_over(
    shown_elsewhere: pathlib.Path, declaration: str, error: type[Exception]
) -> None:
    declare(shown_elsewhere, declaration)

    with pytest.raises(error):
        screens()


# --- The frame around it ---------------------------------------------------------------------------------------------


@pytest.fixture
def shown_store(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A small register in the store that pages read."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(page_session, "browser", lambda: "mark")
    stores.fill(sqlite_engine)
    with store.session(sqlite_engine) as session:
        accounts.ensure_demo_accounts(session)
    return sqlite_engine


@pytest.mark.usefixtures("shown_store")
@pytest.mark.parametrize("page", ["overview", "stalled", "upload"])
def test_signed_out_the_sign_in_stands_where_the_page_would(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setattr(page_session, "session_id", lambda: None)
    frame = AppTest.from_file(str(PAGES / "frame.py"), default_timeout=20)
    at_page(frame, page)

    shown = frame.run()

    assert not shown.exception
    assert [field.label for field in shown.text_input] == ["Tên đăng nhập", "Mật khẩu"]
    assert not shown.metric


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_header_says_which_register_and_that_it_is_a_demo(
    shown_store: sa.Engine, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    with store.session(shown_store) as session:
        token = accounts.start_session(session, username="lanhdao")
    monkeypatch.setattr(page_session, "session_id", lambda: accounts.hash_token(token))
    frame = AppTest.from_file(str(PAGES / "frame.py"), default_timeout=20)
    frame.query_params["lang"] = language

    shown = frame.run()

    expected = {
        "vi": ("Sổ thử", "14/01/2026", "Dữ liệu minh họa: kết quả thực hiện là giả định"),
        "en": ("Test register", "14 Jan 2026", "Illustrative data: implementation results are invented"),
    }[language]
    assert not shown.exception
    assert expected[0] in shown.markdown[0].value
    assert expected[1] in shown.markdown[0].value
    assert any(expected[2] in caption.value for caption in shown.caption)


def test_a_lone_string_in_a_page_is_not_shown() -> None:
    """Streamlit's magic would write it out for everybody to read."""
    assert st.get_option("runner.magicEnabled") is False
