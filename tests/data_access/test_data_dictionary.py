"""The data dictionary and the tables say the same."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access.settings import ROOT
from data_access.store import models  # noqa: F401  (its import fills the metadata)

SECTION = re.compile(r"^### (\w+)\n.*?^\|---\|---\|---\|---\|\n((?:\|[^\n]*\n?)+)", re.MULTILINE | re.DOTALL)
KINDS: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "text": sa.String,
    "whole number": sa.Integer,
    "number": sa.Float,
    "yes or no": sa.Boolean,
    "date": sa.Date,
    "moment": sa.DateTime,
}


def test_every_table_and_column_is_described_as_it_is() -> None:
    page = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    described = {
        heading: [tuple(cell.strip() for cell in row.strip("|").split("|")[:3]) for row in rows.strip().splitlines()]
        for heading, rows in re.findall(
            r"^### (\w+)\n.*?^\|---\|---\|---\|---\|\n((?:\|[^\n]*\n?)+)", page, re.M | re.S
        )
    }

    assert described == {
        table.name: [_described(column) for column in table.columns] for table in SQLModel.metadata.sorted_tables
    }


def test_every_column_has_a_meaning() -> None:
    page = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")

    meanings = re.findall(r"^\| `\w+` \|[^|]*\|[^|]*\|([^|]*)\|$", page, flags=re.MULTILINE)

    assert len(meanings) == sum(len(table.columns) for table in SQLModel.metadata.sorted_tables)
    assert all(len(meaning.strip()) > 3 for meaning in meanings)


def _described(column: sa.Column[Any]) -> tuple[str, str, str]:
    sql_type = column.type.impl_instance if isinstance(column.type, sa.types.TypeDecorator) else column.type
    kind = next(name for name, known in KINDS.items() if isinstance(sql_type, known))
    key = ", key" if column.primary_key else ""
    links = "".join(f" -> {link.target_fullname}" for link in column.foreign_keys)
    return f"`{column.name}`", f"{kind}{key}{links}", "yes" if column.nullable else "no"
