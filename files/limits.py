"""How large a file may be, and what reading it may take."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds checked while a file is read, each before the memory it guards is taken.

    `bytes` and `rows` are the operator's (5 MB, 20,000 rows). `cell_characters` is the most a spreadsheet cell can hold. A
    workbook's parts may unfold to `unfolded_bytes` in all; its largest honest form at these limits takes about a third of it.
    Reading may take `memory` (`memory_bytes` and more) and `seconds`. `problems_of_a_kind` is how many problems of one kind are
    listed before the rest is only counted.
    """

    bytes: int = 5 * 1024 * 1024
    rows: int = 20_000
    columns: int = 100
    cell_characters: int = 32_767
    unfolded_bytes: int = 120 * 1024 * 1024
    parts: int = 500
    memory_bytes: int = 512 * 1024 * 1024
    seconds: float = 60
    problems_of_a_kind: int = 200

    @property
    def memory(self) -> int:
        """The address space of whoever reads: `memory_bytes`, and more where the operator lets in files of more than 20 MB."""
        return max(self.memory_bytes, 24 * self.bytes)

    @property
    def answer(self) -> int:
        """How many bytes the cells may come to: as many as a workbook may unfold to, or a large CSV file."""
        return max(self.unfolded_bytes, 4 * self.bytes)
