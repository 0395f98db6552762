"""How much of each fault is tried, and the figures that come of it.

`make test` takes a sample; `make faults` sets FAULTS=all, tries as much as the goals name, and prints the figures as a table.
"""

from __future__ import annotations

import os
from typing import Final

IS_SAMPLE: Final = os.environ.get("FAULTS") != "all"
BIT_FLIPS: Final = 16 if IS_SAMPLE else 300
KILLS: Final = 25 if IS_SAMPLE else 1_000
CAUGHT: Final = 2 if IS_SAMPLE else 1_000
"""So many in the middle of an apply are enough."""
CONTROL_KILLS: Final = 40 if IS_SAMPLE else 200
RESTARTS: Final = 2 if IS_SAMPLE else 20

figures: Final[list[tuple[str, str]]] = []
"""What was tried and what came of it, in the order of the tests."""


def add(what: str, figure: object) -> None:
    """Put a figure into the table printed at the end."""
    figures.append((what, str(figure)))
