"""Codes are written in the vocabulary and used by name everywhere else."""

from __future__ import annotations

import ast
import inspect
import pathlib
import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from kpi import vocabulary
from kpi.update import choices
from kpi.vocabulary import Bucket, StateClass
from tests.architecture.test_walls import HOUSE, nodes_of

LISTS = [
    found for _, found in inspect.getmembers(vocabulary, inspect.isclass) if issubclass(found, StrEnum) and list(found)
]
STANDING_IN = {vocabulary.NOT_GIVEN, vocabulary.NOT_NAMED, vocabulary.UNASSIGNED, vocabulary.UNRECORDED}
CODES = {str(member) for found in LISTS for member in found} | STANDING_IN

# Words that are something else as well: signs and colours are called like buckets, columns like agencies and their groups,
# a section like a cause, a kind of document like a scope, what a command answers like what became of a batch, keys of words
# and columns like what a claim is of and what it rests on. These may stand as texts, and are looked for where they are compared
# with a column that holds codes.
ALSO_OTHERWISE = (
    {str(member) for found in (Bucket, StateClass, vocabulary.ClaimKind, vocabulary.Standing) for member in found}
    | {str(status) for status in vocabulary.BatchStatus}
    | {"agency", "coordination", "LOCAL", "ministry", "province", "resolved", "unassigned"}
)
HOLDS_CODES = re.compile(
    r"""["'.](state|state_class|bucket|scope|legal_class|access_level|agency_group|partner_tier|tier|severity|cause|standing"""
    r"""|authority_level|status)\b"""
)


def bare_codes(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    """Line and code of every code written as text where its name should stand."""
    names = {
        id(text)
        for node in nodes
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for text in ast.walk(node.value)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and id(node) not in names and node.value in CODES - ALSO_OTHERWISE:
            yield node.lineno, str(node.value)
        if isinstance(node, ast.Compare):
            codes = [
                (side.lineno, str(side.value))
                for side in (node.left, *node.comparators)
                if isinstance(side, ast.Constant) and side.value in ALSO_OTHERWISE
            ]
            if codes and HOLDS_CODES.search(ast.unparse(node)):
                yield from codes


def test_no_code_is_written_out_beside_the_vocabulary() -> None:
    wrong = [
        f"{path}:{line} {code}"
        for path in HOUSE
        if "versions" not in path.parts and path != pathlib.Path("kpi/vocabulary.py")
        for line, code in bare_codes(nodes_of(path))
    ]

    assert wrong == []


def test_a_code_written_out_is_found() -> None:
    written = 'a = pl.lit("SIGNED")\nb = pl.col("status") == "waiting"\nc = row.bucket != "stalled"\nd = {"stalled": "sign"}\n'

    assert sorted(bare_codes(tuple(ast.walk(ast.parse(written))))) == [(1, "SIGNED"), (2, "waiting"), (3, "stalled")]


def test_what_a_cell_may_hold_is_the_vocabulary_in_its_order() -> None:
    listed: dict[type[StrEnum], tuple[choices.Choice, ...]] = {
        vocabulary.State: choices.STATES,
        vocabulary.Scope: choices.SCOPES,
        vocabulary.Cause: choices.CAUSES,
        vocabulary.Severity: choices.SEVERITIES,
        vocabulary.Authority: choices.AUTHORITY_LEVELS,
    }

    for codes, known in listed.items():
        assert [choice.code for choice in known] == [str(code) for code in codes]
