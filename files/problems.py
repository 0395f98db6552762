"""What can be wrong with a file before anything is known about its columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

CODES = frozenset(
    (
        "cell_too_long", "delimiter_unclear", "encoding_unknown", "error_value", "file_broken", "file_empty",
        "file_too_large", "file_type", "formula", "hidden_rows", "hidden_sheets", "invisible_character",
        "line_end", "locked", "macros", "merged_cells", "needs_memory", "needs_time", "not_a_workbook",
        "not_in_encoding", "not_unicode", "old_or_locked", "quotes", "reading_stopped", "row_width",
        "several_sheets", "sheet_missing", "sheets_not_read", "tag_too_long", "text_lost",
        "text_named_workbook", "too_deep", "too_many_cells", "too_many_characters", "too_many_columns",
        "too_many_elements", "too_many_lines", "too_many_rows", "too_many_sheets", "too_many_texts",
        "unfolds_too_large", "utf16_unmarked", "web_page",
    )
)  # fmt: skip
"""Everything that is found here; each has its words in the catalog `files`, or in those of whoever says it in other words."""


@dataclasses.dataclass(frozen=True)
class FileProblem:
    """One thing that is wrong with a file, or worth knowing about it.

    `row` is the row number a spreadsheet shows. `column` is its place, counted from 0, or its name in a frame. `params` fill
    the words.
    """

    code: str
    row: int | None = None
    column: int | str | None = None
    value: str | None = None
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no problem of a file is called {self.code!r}")


MOST_RANGES_NAMED = 5


def merged_range(place: str, first: int, last: int) -> FileProblem:
    """Merged cells from one row to another, for whoever knows where the table is (`Form.keeps_merged`)."""
    return FileProblem("merged_cells", row=first, value=place, params={"first": first, "last": last})
