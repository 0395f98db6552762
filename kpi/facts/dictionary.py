"""The page of documentation that describes the columns of `Facts`: `python -m kpi.facts.dictionary > docs/facts.md`."""

from __future__ import annotations

from collections.abc import Iterator

import dataframely as dy
import polars as pl

from kpi.facts.columns import DECLARED

_TYPES = {
    pl.String(): "text",
    pl.Int64(): "whole number",
    pl.Float64(): "number",
    pl.Boolean(): "yes or no",
    pl.Date(): "date",
}


def page() -> str:
    """The page, from the declarations."""
    lines = [
        "# The facts",
        "",
        "What a register says as of a day, and the only thing figures are made of. Written from `kpi/facts/columns.py` by",
        "`python -m kpi.facts.dictionary > docs/facts.md`; what the columns are made from is in `kpi/facts/fold.py`.",
    ]
    for name, declared in DECLARED.items():
        lines += ["", f"## {name}", "", str(declared.__doc__), "", *_table(declared)]
    return "\n".join(lines) + "\n"


def _table(declared: type[dy.Schema]) -> Iterator[str]:
    yield "| column | type | may be null | meaning |"
    yield "|---|---|---|---|"
    for name, column in declared.columns().items():
        key = ", key" if column.primary_key else ""
        codes = ", ".join(f"`{code}`" for code in (column.metadata or {}).get("codes", ()))
        meaning = f"{column.description}: {codes}" if codes else column.description
        yield f"| `{name}` | {_TYPES[column.dtype]}{key} | {'yes' if column.nullable else 'no'} | {meaning} |"


if __name__ == "__main__":
    print(page(), end="")
