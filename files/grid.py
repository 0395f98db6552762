"""A file's cells before anything is known about their columns."""

from __future__ import annotations

import dataclasses

from files.problems import FileProblem


@dataclasses.dataclass(frozen=True)
class Grid:
    """The rows of a file: row numbers as a spreadsheet shows them, and the texts of the cells.

    `faults` are cells that cannot be taken, `notices` what should be known. `encoding` and `delimiter` are those of a CSV file.
    """

    rows: list[tuple[int, list[str]]]
    faults: list[FileProblem] = dataclasses.field(default_factory=list)
    notices: list[FileProblem] = dataclasses.field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""

    def uneven(self) -> list[FileProblem]:
        """The rows of a CSV file that are not as wide as its heading. In a workbook a row ends with its last filled cell."""
        width = len(self.rows[0][1]) if self.delimiter else None
        return [
            FileProblem("row_width", row=number, params={"found": len(cells), "expected": width})
            for number, cells in self.rows
            if width is not None and len(cells) != width
        ]


def letters(column: int) -> str:
    """The letters a spreadsheet gives a column, counted from 0."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
