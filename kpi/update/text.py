"""The looser form of a text in which names are recognised."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from words.letters import bare_expr


def squeezed(text: pl.Expr) -> pl.Expr:
    """Letters and digits only, lower case, without diacritics, `đ` as `d` and `%` as `pct`: how headers and names are
    recognised."""
    return (
        bare_expr(text)
        .str.replace_all("%", "pct", literal=True)
        .str.replace_all("ð", "d", literal=True)
        .str.replace_all(r"[^\p{L}\p{N}]", "")
    )


def squeeze(texts: Sequence[str]) -> list[str]:
    """The same as `squeezed`, for a few texts."""
    return pl.Series("text", texts, dtype=pl.String).to_frame().select(squeezed(pl.col("text")))["text"].to_list()
