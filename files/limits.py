"""How large a file may be, and what reading it may take."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds checked while a file is read, each before the memory it guards is taken.

    `bytes` and `rows` are the operator's (5 MB, 20,000 rows). `cell_characters` is the most a spreadsheet cell can hold. A
    workbook's parts may unfold to `unfolded_bytes` in all; its largest honest form at these limits takes about a third of it.
    Its reader may take `memory_bytes` of address space and `seconds`; what it hands back is no longer than `unfolded_bytes`.
    `problems_of_a_kind` is how many problems of one kind are listed before the rest is only counted.
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
