"""Signed this period against the same period a year before."""

from __future__ import annotations

import dataclasses

MIN_BASE = 5


@dataclasses.dataclass(frozen=True)
class Growth:
    """A count, the one it is compared with, their difference, and their ratio where the base is large enough to bear one."""

    now: int
    before: int

    @property
    def difference(self) -> int:
        """How many more, or fewer."""
        return self.now - self.before

    @property
    def ratio(self) -> float | None:
        """`now / before`; None where the base is below five, when only the difference is worth showing."""
        return self.now / self.before if self.before >= MIN_BASE else None
