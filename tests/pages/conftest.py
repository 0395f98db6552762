"""A store with a small register, and words that must be there."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words
from data_access import accounts, store
from data_access.accounts import passwords
from pages.ui import loaders  # noqa: F401  (its import says where names are kept)
from pages.ui import session as page_session
from tests.pages import stores
from tests.pages.running import at_page
from tests.serving import with_demo_accounts

words.raise_on_missing()


@pytest.fixture(scope="session")
def filled(sqlite_migrated: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A SQLite file with the register of `tests.pages.stores`."""
    path = tmp_path_factory.mktemp("filled") / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    engine = store.get_engine(f"sqlite:///{path}")
    stores.fill(engine)
    store.close(engine)
    return path


@pytest.fixture
def register(filled: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """That register as the one pages show, a copy for each test."""
    path = tmp_path / "store.sqlite"
    shutil.copy(filled, path)
    monkeypatch.setitem(os.environ, "DATABASE_URL", f"sqlite:///{path}")
    engine = store.get_engine()
    yield engine
    store.close(engine)


# --- Pages as somebody sees them -------------------------------------------------------------------------------------

FRAME = pathlib.Path(page_session.__file__).parents[1] / "frame.py"
Visit = Callable[..., AppTest]


@pytest.fixture
def empty_store(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A store without a register, which pages read; it has the demo accounts that belong to no agency."""
    return _shown(with_demo_accounts(sqlite_engine), monkeypatch)


@pytest.fixture(scope="session")
def large_file(sqlite_migrated: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A SQLite file with a register large enough for a ranking, and the demo accounts."""
    path = tmp_path_factory.mktemp("large") / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    engine = store.get_engine(f"sqlite:///{path}")
    stores.fill(engine, count=240)
    store.close(with_demo_accounts(engine))
    return path


@pytest.fixture
def shown_store(
    large_file: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sa.Engine]:
    """A store of this test's own with that register and the demo accounts, which pages read."""
    path = tmp_path / "shown.sqlite"
    shutil.copy(large_file, path)
    engine = store.get_engine(f"sqlite:///{path}")
    yield _shown(engine, monkeypatch)
    store.close(engine)


@pytest.fixture(scope="session")
def browsed_file(large_file: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A copy of that file which tests share."""
    path = tmp_path_factory.mktemp("browsed") / "browsed.sqlite"
    shutil.copyfile(large_file, path)
    return path


@pytest.fixture
def browsed_store(browsed_file: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """The same for tests that change nothing: one store for all of them, so that its figures are worked out once."""
    engine = store.get_engine(f"sqlite:///{browsed_file}")
    yield _shown(engine, monkeypatch)
    store.close(engine)


def _shown(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(page_session, "browser", lambda: "mark")
    return engine


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """`visit(page, username, language, **parameters)`: the page as that demo account sees it at that address."""

    def open_page(page: str, username: str = "lanhdao", language: str = "vi", **parameters: str) -> AppTest:
        with store.session(store.get_engine()) as session:
            token = accounts.start_session(session, username=username)
        monkeypatch.setattr(page_session, "session_id", lambda: accounts.hash_token(token))
        opened = AppTest.from_file(str(FRAME), default_timeout=30)
        opened.query_params["lang"] = language
        for key, value in parameters.items():
            opened.query_params[key] = value
        at_page(opened, page)
        return opened.run()

    return open_page
