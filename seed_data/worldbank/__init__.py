"""The World Bank's operations in Viet Nam: the file as published, and the mapping that makes a register of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from seed_data.mapping.build import RegisterFrames, map_register

FOLDER = Path(__file__).parent
FILE = FOLDER / "worldbank_vietnam_2025-03-31.csv"
MAPPING = FOLDER / "mapping.toml"


def read(lists: Mapping[str, pl.DataFrame]) -> RegisterFrames:
    """The register, ready to be stored; `lists` are the reference frames by table name."""
    return map_register(FILE.read_bytes(), MAPPING.read_bytes(), file=FILE.name, mapping_file=MAPPING.name, lists=lists)
