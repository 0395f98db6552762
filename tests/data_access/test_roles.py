"""What each role may do: said once, and asked by what is to be done."""

from __future__ import annotations

import ast
import pathlib

import pytest

from data_access.acting import Person
from data_access.roles import ROLES, May, roles_that_may

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAY = {
    May.READ_EVERYTHING: ("leader", "coordinator", "verifier", "administrator"),
    May.HAND_IN: ("agency",),
    May.HAND_IN_FOR: ("coordinator",),
    May.OVERSEE_UPLOADS: ("coordinator", "administrator"),
    May.REVIEW: ("coordinator",),
    May.VERIFY: ("coordinator", "verifier"),
    May.SEE_SIGNS: ("leader", "coordinator", "verifier"),
    May.SETTLE: ("coordinator",),
    May.REMIND: ("leader", "coordinator"),
    May.ANSWER: ("leader", "coordinator"),
    May.DIRECT: ("leader", "coordinator"),
    May.KEEP_CONTACTS: ("agency", "coordinator"),
    May.ADMINISTER: ("administrator",),
}


@pytest.mark.parametrize("permission", May, ids=lambda permission: permission.name)
def test_each_thing_is_for_the_roles_it_is_for(permission: May) -> None:
    assert roles_that_may(permission) == MAY[permission]


def test_who_decides_on_figures_or_accounts_needs_a_second_factor() -> None:
    assert [role.code for role in ROLES.values() if role.needs_second_factor] == [
        "coordinator",
        "verifier",
        "administrator",
    ]


def test_a_role_nobody_knows_may_nothing_and_reads_its_agency_s_own_at_most() -> None:
    stranger = Person("x", "visitor", "BCT")

    assert not any(stranger.may(permission) for permission in May)
    assert stranger.limited_to == "BCT"
    assert Person("x", "visitor").limited_to == ""


def test_a_coordinator_of_an_agency_is_not_limited_to_it() -> None:
    assert Person("x", "coordinator", "BNG").limited_to is None


@pytest.mark.parametrize("room", ["data_access", "pages", "web", "cli"])
def test_nobody_compares_with_the_name_of_a_role(room: str) -> None:
    """A new role is its declaration and its words: no other file would have to know it."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(
            isinstance(part, ast.Attribute | ast.Name) and ast.unparse(part).endswith("role") for part in ast.walk(node)
        )
        and any(isinstance(part, ast.Constant) and part.value in ROLES for part in ast.walk(node))
    ]

    assert wrong == []
