"""How polars runs our queries."""

from __future__ import annotations

import polars as pl

import kpi  # noqa: F401


def test_queries_run_in_memory() -> None:
    """Polars' engine for what streams adds floats up in another order each time, and takes three times as long for few rows."""
    assert pl.Config.state()["POLARS_ENGINE_AFFINITY"] == "in-memory"
