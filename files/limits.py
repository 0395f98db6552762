"""How large a file may be, and what reading it may take."""

from __future__ import annotations

import dataclasses

_ELEMENTS_OF_ANY_FILE = 100_000


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds checked while a file is read, each before the memory or the time it guards is taken.

    `bytes` and `rows` are the operator's (5 MB, 20,000 rows), and what a file may turn into grows with them: `cells_a_row`,
    `lines_a_row` (rows that hold nothing among them) and `characters_a_byte` of a file as large as it may be. `elements_a_byte`
    is for the bytes that were sent: a workbook of a few kilobytes that makes work for minutes is no table. A table of 20,000
    rows with forty columns filled comes to four fifths of cells and characters and to a third of the elements.

    `cell_characters` is the most a spreadsheet cell can hold. A workbook's parts may unfold to `unfolded_bytes` in all; its
    largest honest form at these limits takes about a third of it. Of a sheet that is only looked at, to see whether it is ours,
    `elements_of_a_look` are read. Reading may take `memory` (`memory_bytes` and more) and `seconds`. Of cells that cannot be
    taken `faults` are kept: the first is enough to refuse the file. `problems_of_a_kind` is how many problems of one kind are
    listed before the rest is only counted.
    """

    bytes: int = 5 * 1024 * 1024
    rows: int = 20_000
    columns: int = 100
    cell_characters: int = 32_767
    cells_a_row: int = 50
    lines_a_row: int = 5
    characters_a_byte: int = 2
    elements_a_byte: int = 2
    unfolded_bytes: int = 120 * 1024 * 1024
    parts: int = 500
    sheets: int = 100
    elements_of_a_look: int = 4_000
    depth: int = 64
    tag_bytes: int = 128 * 1024
    memory_bytes: int = 512 * 1024 * 1024
    seconds: float = 30
    faults: int = 10_000
    problems_of_a_kind: int = 200

    @property
    def written_characters(self) -> int:
        """How long a text may be as it is written in a workbook, where seven characters (`_x000D_`) may stand for one."""
        return 7 * self.cell_characters

    @property
    def cells(self) -> int:
        """How many cells there may be, empty ones that have a form included; of texts that cells share as many."""
        return self.cells_a_row * max(self.rows, self.columns)

    @property
    def lines(self) -> int:
        """How many rows there may be, empty ones included."""
        return self.lines_a_row * max(self.rows, self.columns)

    @property
    def characters(self) -> int:
        """How many characters all cells may hold; a text that many cells share counts in each."""
        return self.characters_a_byte * self.bytes

    def elements(self, sent: int) -> int:
        """How many elements of XML a workbook of `sent` bytes may hold; four attributes count as one, as they take as long."""
        return _ELEMENTS_OF_ANY_FILE + self.elements_a_byte * sent

    @property
    def memory(self) -> int:
        """The address space of whoever reads: `memory_bytes`, and more where the operator lets in files of more than 20 MB."""
        return max(self.memory_bytes, 24 * self.bytes)

    @property
    def answer(self) -> int:
        """How many bytes the cells may come to: as many as a workbook may unfold to, or a large CSV file."""
        return max(self.unfolded_bytes, 4 * self.bytes)
