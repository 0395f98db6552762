"""For whom figures are made: what an agency account reads of others is what is published of them, whole.

Security and defence may not be told apart from an agency's other agreements by who is not cleared for it. Two rules see to
that. What is said of an agency is counted over all its agreements and is the same for every reader, to the last digit. And
what is counted over a part of them (by field, partner, kind of document, day of signing) an agency account reads of its own
alone (`countable`): without a slice of others there is nothing to subtract.
"""

from __future__ import annotations

from typing import Final

import polars as pl

EVERYTHING: Final = "*"
"""The reader from whom nothing is kept."""

NOBODY: Final = ""
"""The reader who has no agreements of his own."""


def countable(reader: str) -> pl.Expr | None:
    """Which rows of `Facts.agreements` may be selected among for a reader (an agency's key); None where all may."""
    return None if reader == EVERYTHING else pl.col("agency") == reader
