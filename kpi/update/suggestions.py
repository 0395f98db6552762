""" "Did you mean": the known spelling nearest to one that was typed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LEAST_LIKENESS = 0.75
LONGEST_COMPARED = 80


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """The known spelling most like the typed one, or None where none is near enough or there is nothing to compare."""
    if not typed or len(typed) > LONGEST_COMPARED:
        return None
    found = difflib.get_close_matches(typed, list(known), n=1, cutoff=LEAST_LIKENESS)
    return found[0] if found else None
