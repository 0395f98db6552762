"""The walls of docs/architecture.md stand: who imports whom, and what nobody does anywhere.

Read from the syntax trees, so that a wall holds for code no test runs.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import pathlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each room, and those it may use besides itself.
ROOMS = {
    "words": set(),
    "files": set(),
    "kpi": {"words", "files"},
    "paper": {"words", "files", "kpi"},
    "data_access": {"words", "files", "kpi"},
    "seed_data": {"words", "files", "kpi", "data_access"},
    "pages": {"words", "files", "kpi", "paper", "data_access", "seed_data"},
    "web": {"words", "files", "kpi", "paper", "data_access", "seed_data", "pages"},
    "cli": {"words", "files", "kpi", "paper", "data_access", "seed_data", "pages"},
}
ENTRANCES = ("app.py", "manage.py")

# What a room must not know of: `kpi` no store and no screen, `data_access` no screen, `pages` no tables and no SQL
# (nor the tables of our own, `data_access.store.models`).
FORBIDDEN = {
    "words": {"sqlalchemy", "sqlmodel", "streamlit", "altair"},
    "files": {"sqlalchemy", "sqlmodel", "sqlite3", "streamlit", "altair"},
    "kpi": {"sqlalchemy", "sqlmodel", "alembic", "psycopg", "adbc_driver_manager", "sqlite3", "streamlit", "altair"},
    "paper": {"sqlalchemy", "sqlmodel", "sqlite3", "httpx", "streamlit", "altair"},
    "data_access": {"streamlit", "altair", "streamlit_authenticator"},
    "seed_data": {"streamlit", "altair", "streamlit_authenticator"},
    "cli": {"streamlit", "altair", "streamlit_authenticator"},
    "pages": {"sqlmodel", "sqlalchemy", "alembic", "psycopg", "adbc_driver_manager", "sqlite3"},
}
FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|misc|manager|common)$")
LONGEST_MODULE = 450

SOURCES = sorted(
    path.relative_to(ROOT)
    for place in (*ROOMS, *ENTRANCES, "tests")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    if path.exists()
)
HOUSE = [path for path in SOURCES if path.parts[0] != "tests"]


@functools.cache
def nodes_of(path: pathlib.Path) -> Sequence[ast.AST]:
    """Every node of a file's syntax tree, which is read once for all that is asked of it."""
    return tuple(ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))))


def imports_of(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, inside functions too."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                package = ".".join((*path.parts[: len(path.parts) - node.level], *filter(None, [node.module])))
                yield from ((node.lineno, f"{package}.{alias.name}") for alias in node.names)
            else:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def top(name: str) -> str:
    return name.split(".")[0]


def test_a_room_imports_only_the_rooms_it_may() -> None:
    wrong = [
        f"{path}:{line} {name}"
        for path in HOUSE
        for line, name in imports_of(path)
        if top(name) in {*ROOMS, "app", "manage", "tests"} - {path.parts[0], *ROOMS.get(path.parts[0], ROOMS)}
    ]

    assert wrong == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    files = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in HOUSE}

    def file_of(name: str) -> str | None:
        return name if name in files else name.rpartition(".")[0] if name.rpartition(".")[0] in files else None

    graph = {
        module: {found for _, name in imports_of(path) if (found := file_of(name)) is not None and found != module}
        for module, path in files.items()
    }

    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_a_room_does_not_know_what_is_not_its_business() -> None:
    wrong = [
        f"{path}:{line} {name}"
        for path in HOUSE
        for line, name in imports_of(path)
        if top(name) in FORBIDDEN.get(path.parts[0], ())
        or (path.parts[0] == "pages" and name.startswith("data_access.store.models"))
    ]

    assert wrong == []


@pytest.mark.slow
def test_the_command_line_starts_without_streamlit() -> None:
    said = (
        "import sys, manage, pages.ui.exports; print([name for name in ('streamlit', 'altair') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_one_file_caches() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in HOUSE
        if path != pathlib.Path("pages/ui/kept.py")
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and node.attr in ("cache_data", "cache_resource")
    ]

    assert wrong == []


def test_no_condition_names_a_language() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in HOUSE
        for node in nodes_of(path)
        if isinstance(node, ast.Compare)
        and any(
            isinstance(side, ast.Constant) and side.value in ("vi", "en") for side in (node.left, *node.comparators)
        )
    ]

    assert wrong == []


def test_one_file_uses_the_internals_of_streamlit() -> None:
    wrong = [
        f"{path}:{line} {name}"
        for path in HOUSE
        if path != pathlib.Path("pages/ui/streamlit_internals.py")
        for line, name in imports_of(path)
        if top(name) == "streamlit" and name != "streamlit"
    ]

    assert wrong == []


def test_nothing_draws_raw_html() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in HOUSE
        for node in nodes_of(path)
        if (isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript"))
        or (
            isinstance(node, ast.Attribute)
            and node.attr == "html"
            and ast.unparse(node) in ("st.html", "components.html")
        )
    ]

    assert wrong == []


def test_no_error_is_swallowed() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        for node in nodes_of(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or all(isinstance(step, ast.Pass) or ast.unparse(step) == "..." for step in node.body))
    ]

    assert wrong == []


def test_only_the_settings_read_the_environment() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path in HOUSE
        if path != pathlib.Path("data_access/settings.py")
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv", "environb")
        and ast.unparse(node) in ("os.environ", "os.getenv", "os.environb")
    ]

    assert wrong == []


def test_no_file_is_called_after_nothing() -> None:
    assert [str(path) for path in SOURCES if FORBIDDEN_NAMES.search(path.stem)] == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines())
        for path in HOUSE
        if "versions" not in path.parts
    }

    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_how_long_a_typed_text_may_be_is_declared_where_it_is_stored() -> None:
    """The browser's own limit is for whoever uses a browser: each is a name that the store's functions look at too."""
    limits = [
        (path.name, limit.value)
        for path in ROOT.glob("pages/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for limit in node.keywords
        if limit.arg == "max_chars"
    ]

    assert len(limits) >= 10
    assert [name for name, limit in limits if isinstance(limit, ast.Constant)] == []


def test_every_package_imported_is_one_we_ask_for() -> None:
    needed = {_folded(name) for name in _pinned("requirements.in")}
    needed_by_tests = needed | {_folded(name) for name in _pinned("requirements-dev.in")}
    ours = {*ROOMS, "app", "manage", "tests", *sys.stdlib_module_names}

    for paths, known in ((HOUSE, needed), (SOURCES, needed_by_tests)):
        imported = {top(name) for path in paths for _, name in imports_of(path)} - ours
        assert {
            name
            for name in imported
            if not {_folded(name), f"{_folded(name)}_python", f"python_{_folded(name)}"} & known
        } == set()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_installed_is_what_was_asked_for_and_is_known_by_its_hash(name: str) -> None:
    lines = (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith(("#", "-c "))]
    compiled = (ROOT / f"{name}.txt").read_text(encoding="utf-8")

    assert [line for line in asked if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?==[0-9][0-9a-z.]* +# .+", line)] == []
    assert _pinned(f"{name}.in").items() <= _pinned(f"{name}.txt").items()
    # Nothing but requirements, each on lines joined by a backslash: no address to install from.
    entries = re.sub(r" *#.*", "", compiled).replace("\\\n", "").split("\n")
    entry = re.compile(r"(\S+==\S+( +--hash=sha256:[0-9a-f]{64})+)?")
    assert [line for line in entries if not entry.fullmatch(line)] == []


def test_the_changelog_begins_with_the_version_that_is_being_made() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    told = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert told[0] == version


def _pinned(name: str) -> dict[str, str]:
    """The version of each package in a list of requirements."""
    pins = re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return dict(pins)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")
