"""The list of guards keeps up with the code; taking them away is `make guards`."""

from __future__ import annotations

import ast
import re

import pytest

from tests.attacks.guards import GUARDS, ROOT, Guard

PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"\b(tests/[\w/]+\.py)(?:::(\w+))?")


def test_every_guard_stands_where_it_is_said_to() -> None:
    assert [guard.name for guard in GUARDS if not stands(guard)] == []


def stands(guard: Guard) -> bool:
    """Whether a guard's text is in its file once, taking it away changes something, and the test named for it is there."""
    is_there = guard.file.is_file() and guard.file.read_text(encoding="utf-8").count(guard.text) == 1
    return is_there and guard.text != guard.without and exists(guard.test)


def exists(name: str) -> bool:
    """Whether there is a test of this name: a file, or a function in it."""
    path, _, function = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return not function or any(isinstance(node, ast.FunctionDef) and node.name == function for node in ast.walk(tree))


@pytest.mark.parametrize("page", ["security.md", "asvs.md"])
def test_every_test_that_is_named_exists(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = {f"{path}::{function}" if function else path for path, function in NAMED.findall(text)}

    assert named
    assert [name for name in sorted(named) if not exists(name)] == []


def test_the_page_lists_every_guard_with_its_test() -> None:
    rows = re.findall(r"^\| (.+?) \| `(tests/.+?)` \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert rows == [(guard.name, guard.test) for guard in GUARDS]
