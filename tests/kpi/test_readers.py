"""What counts for whom: an agency selects among its own agreements alone."""

from __future__ import annotations

import pytest

from kpi import facts, readers
from tests.kpi.simulated import AS_OF, simulate


@pytest.mark.parametrize("reader", ["M00", "M02", readers.NOBODY])
def test_only_the_reader_s_own_may_be_selected_among(reader: str) -> None:
    whole = facts.build(simulate(400, seed=1, agencies=12), AS_OF)
    condition = readers.countable(reader)
    assert condition is not None

    counted = whole.where(condition).agreements

    own = whole.agreements.filter(agency=reader)
    assert counted.equals(own)
    assert own.is_empty() == (reader == readers.NOBODY)


def test_who_may_see_everything_counts_everything() -> None:
    assert readers.countable(readers.EVERYTHING) is None
