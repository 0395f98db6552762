"""What a guard is."""

from __future__ import annotations

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]


@dataclasses.dataclass(frozen=True)
class Guard:
    """What is guarded, the text in a file that does it, what stands there without it, and the test that notices.

    `store` narrows the test to those of one store, by its mark.
    """

    name: str
    path: str
    text: str
    without: str
    test: str
    store: str = "not postgresql"

    @property
    def file(self) -> pathlib.Path:
        return ROOT / self.path
