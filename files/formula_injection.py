"""Text that a spreadsheet would run as a formula, made harmless in what we write and turned back in what we read.

A spreadsheet evaluates a cell of a CSV file that begins with `=`, `+`, `-` or `@`, also after a tab or carriage return (OWASP,
"CSV injection"). An apostrophe in front prevents it. A text that already has apostrophes there gets one more, so that no two
texts are written alike and reading restores every text exactly.
"""

from __future__ import annotations

import polars as pl

_DANGEROUS = r"^('*[=+\-@\t\r])"
_NEUTRALISED = r"^'('*[=+\-@\t\r])"


def neutralised(text: pl.Expr) -> pl.Expr:
    """The text as it is safely written into a cell of a CSV or XLSX file."""
    return text.str.replace(_DANGEROUS, "'${1}")


def restored(text: pl.Expr) -> pl.Expr:
    """The text that `neutralised` was given."""
    return text.str.replace(_NEUTRALISED, "${1}")
