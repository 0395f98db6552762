"""Random draws that come out the same everywhere.

Only the bit stream of PCG64, integers and straight lines are used: functions such as `exp` differ in the last digit
between processors, so long tails are read from tables of quantiles instead.
"""

from __future__ import annotations

import datetime as dt
import functools
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from seed_data import reference

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DATA = Path(__file__).parent / "data"

_SHARES = [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999]
LONG_TAIL = [0.072, 0.138, 0.247, 0.336, 0.489, 0.64, 0.806, 1.0, 1.24, 1.562, 2.045, 2.972, 4.048, 7.224, 13.828]
"""Quantiles of a lognormal with median 1 and sigma 0.85."""
SHORT_TAIL = [0.157, 0.248, 0.373, 0.463, 0.604, 0.73, 0.859, 1.0, 1.164, 1.37, 1.657, 2.158, 2.683, 4.038, 6.386]
"""Quantiles of a lognormal with median 1 and sigma 0.6."""

_EPOCH = dt.date(1970, 1, 1)


@functools.cache
def read_data(name: str) -> pl.DataFrame:
    """One list of the demo's words and weights, every column as text, empty cells as empty text."""
    return pl.read_csv(DATA / f"{name}.csv", infer_schema=False).fill_null("")


@functools.cache
def lists() -> dict[str, pl.DataFrame]:
    """The reference lists, read once; to be used as they are."""
    return reference.frames()


def day(date: dt.date) -> int:
    """Days since 1970, as frames and arrays here count them."""
    return (date - _EPOCH).days


def stream(seed: int, name: str) -> np.random.Generator:
    """An own stream of numbers for each part, so that more draws in one do not move the others."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def quota(total: int, weights: Sequence[float] | Floats) -> Ints:
    """`total` shared out by `weights` in whole numbers that add up to it (largest remainders)."""
    shares = np.asarray(weights, dtype=np.float64)
    exact = total * shares / shares.sum()
    parts: Ints = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - parts), kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts


def dealt(random: np.random.Generator, total: int, weights: Sequence[float] | Floats) -> Ints:
    """Numbers of the weights' places, each as often as its share of `total`, in random order."""
    places: Ints = np.repeat(np.arange(len(weights), dtype=np.int64), quota(total, weights))
    return random.permutation(places)


def tailed(random: np.random.Generator, size: int, quantiles: Sequence[float] = LONG_TAIL) -> Floats:
    """Draws with median 1 from a table of quantiles."""
    return np.interp(random.random(size), _SHARES, quantiles)


def whole(values: Floats) -> Ints:
    """Rounded to whole days."""
    return np.floor(values + 0.5).astype(np.int64)


def below(random: np.random.Generator, size: int, limit: Ints | int) -> Ints:
    """Whole numbers from 0 to just below `limit`, which may differ from row to row."""
    return np.floor(random.random(size) * limit).astype(np.int64)


def dates(days: Ints) -> pl.Series:
    """Days since 1970 as dates."""
    return pl.Series(values=days.astype(np.int32), dtype=pl.Int32).cast(pl.Date)


def dates_of(days: pl.Expr) -> pl.Expr:
    """A column of days since 1970 as dates."""
    return days.cast(pl.Int32).cast(pl.Date)
