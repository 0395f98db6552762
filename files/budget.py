"""What a file has turned into so far, of what its limits let it turn into."""

from __future__ import annotations

from typing import Literal

from files.limits import Limits
from files.problems import FileProblem

Counted = Literal["elements", "texts", "lines", "cells", "characters"]


class Exceeded(Exception):
    """Reading ends here: `problem` says what there was too much of."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Budget:
    """Counts down while a file of `sent` bytes is read, and ends the reading at once where something is used up.

    Counted is what comes of the file and not what it says of itself: forty thousand cells of one text are forty thousand texts.
    """

    def __init__(self, limits: Limits, sent: int) -> None:
        self.limits = limits
        self._most: dict[Counted, int] = {
            "elements": limits.elements(sent),
            "texts": limits.cells,
            "lines": limits.lines,
            "cells": limits.cells,
            "characters": limits.characters,
        }
        self._left = dict(self._most)

    def take(self, what: Counted, count: int = 1, *, row: int | None = None) -> None:
        """Count `count` more; raises `Exceeded` where there are not so many left."""
        self._left[what] -= count
        if self._left[what] < 0:
            raise Exceeded(FileProblem(f"too_many_{what}", row, params={"most": self._most[what]}))
