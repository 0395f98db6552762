"""The frame: every page is known to it, offered to those who may see it, and guards itself."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data_access import accounts, store
from data_access.accounts import passwords
from pages.ui import session as page_session
from tests.pages import stores
from tests.pages.running import at_page

PAGES = pathlib.Path(__file__).resolve().parents[2] / "pages"
FRAME = ast.parse((PAGES / "frame.py").read_text(encoding="utf-8"))


def screens() -> dict[str, tuple[str, ...]]:
    """Page -> roles that find it in the menu, as `frame.py` declares them."""
    found = {}
    for node in ast.walk(FRAME):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Screen":
            roles = [keyword.value for keyword in node.keywords if keyword.arg == "roles"]
            found[ast.literal_eval(node.args[0])] = ast.literal_eval(roles[0]) if roles else accounts.ROLES
    return found


def guard(page: str) -> tuple[str, ...]:
    """The roles a page lets in: after its constants and functions, the guard is the first thing it does."""
    statements = (
        node
        for node in ast.parse((PAGES / page / "page.py").read_text(encoding="utf-8")).body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
        and not re.match(r"([A-Z][A-Z_]*|_log)\b", ast.unparse(node))
    )
    first = next(
        call
        for node in statements
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    )
    assert ast.unparse(first.func) == "session.require"
    return tuple(role for argument in first.args for role in _named(page, argument)) or accounts.ROLES


def _named(page: str, argument: ast.expr) -> tuple[str, ...]:
    """A role as it stands, or those of a section's constant: `*section.ROLES`."""
    if isinstance(argument, ast.Starred):
        section, _, constant = ast.unparse(argument.value).partition(".")
        room = "upload" if section == "history" else page
        return tuple(getattr(importlib.import_module(f"pages.{room}.{section}"), constant))
    return (str(ast.literal_eval(argument)),)


def test_every_page_is_known_to_the_frame() -> None:
    files = {path.parent.name for path in PAGES.glob("*/page.py")} - {"sign_in"}

    assert set(screens()) == files


@pytest.mark.parametrize("page", sorted(screens()))
def test_a_page_begins_with_its_guard_and_is_offered_to_those_it_lets_in(page: str) -> None:
    offered = screens()[page]

    assert set(guard(page)) == set(offered or accounts.ROLES)  # not offered at all: for everybody who follows a link


@pytest.fixture
def shown_store(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A small register in the store that pages read."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(page_session, "browser", lambda: "mark")
    stores.fill(engine)
    with store.session(engine) as session:
        accounts.ensure_demo_accounts(session)
    return engine


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
