"""Real registers, which are nobody's to pass on: read where they lie beside the project, else their tests are skipped."""

from __future__ import annotations

from typing import Final

import pytest

from data_access.settings import ROOT

FOLDER: Final = ROOT.parent / "shared" / "real"
MISSING: Final = "no ../shared/real"

VIET_NAM: Final = FOLDER / "worldbank_vietnam_2025-03-31.csv"
RWANDA: Final = FOLDER / "worldbank_rwanda_2025-03-31.csv"
TREATIES: Final = FOLDER / "uk_treaties_1950_1959.csv"

only_where_they_are = pytest.mark.skipif(
    not all(path.is_file() for path in (VIET_NAM, RWANDA, TREATIES)), reason=MISSING
)
