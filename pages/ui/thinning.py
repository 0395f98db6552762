"""Fewer rows for a chart where more of them could not be seen."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def steps(curves: pl.DataFrame, columns: Sequence[str], *, of: str, least: float) -> pl.DataFrame:
    """Curves in steps, one for each value of `of`, without the steps that are too small to be seen.

    Left are the first and the last row of a curve, and each at which one of the columns has moved by `least` or more since
    the row before it that is left: what is drawn is nowhere further from the truth.
    """
    ends = curves[of].to_list()[1:]
    kept: list[int] = []
    curve: str | None = None
    drawn: tuple[float, ...] = ()
    for place, (name, *values) in enumerate(curves.select(of, *columns).iter_rows()):
        is_last = place == len(ends) or ends[place] != name
        if name != curve or is_last or any(abs(new - old) >= least for new, old in zip(values, drawn, strict=True)):
            kept.append(place)
            curve, drawn = name, tuple(values)
    return curves[kept]
