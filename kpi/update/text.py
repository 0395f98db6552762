"""How typed text is compared: one spelling for each text, and a looser form in which names are recognised."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from words.letters import bare_expr

FORBIDDEN = r"[\p{Cc}&&[^\t\n\r]]|[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{NChar}\u{FFFD}]"
"""Characters no cell may hold: controls, whatever is invisible (zero-width signs, marks of direction, soft hyphens), the mark
of text lost in an earlier conversion (U+FFFD) and code points that are no characters."""


def canonical(text: pl.Expr) -> pl.Expr:
    """The one spelling under which a text is compared: form C, line ends as LF, trimmed, forbidden characters left out.

    Applied twice it gives the same as once. Reading refuses forbidden characters before it comes here; a text that is already
    in the store may hold some, and its template shows it without them.
    """
    return text.str.replace_all("\r\n?", "\n").str.replace_all(FORBIDDEN, "").str.normalize("NFC").str.strip_chars()


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


def well_formed(text: str) -> str:
    """The text with each half of a surrogate pair replaced by U+FFFD, which is then refused: no store can hold a half."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
