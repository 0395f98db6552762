"""What is true: pure functions on polars frames, without store or screen."""

import polars as pl

# Many queries of few rows each: polars' engine for what streams, its usual one, takes three times as long to begin with each.
pl.Config.set_engine_affinity("in-memory")
