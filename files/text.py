"""What the text of a cell may hold, and the one spelling under which it is compared."""

from __future__ import annotations

import polars as pl

from files.limits import Limits
from files.problems import FileProblem

FORBIDDEN = r"[\p{Cc}&&[^\t\n\r]]|[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{NChar}\u{FFFD}]"
"""Characters no cell may hold: controls, whatever is invisible (zero-width signs, marks of direction, soft hyphens), the mark
of text lost in an earlier conversion (U+FFFD) and code points that are no characters."""


_SPACES = "[\u00a0\u2002-\u200a\u202f\u205f\u3000]"
"""Spaces that look like the plain one: nobody types them knowingly, and a difference that nobody sees is none."""


def canonical(text: pl.Expr) -> pl.Expr:
    """The one spelling under which a text is compared: form C, line ends as LF, spaces as the plain one, trimmed, forbidden
    characters left out.

    Applied twice it gives the same as once. Reading refuses forbidden characters before it comes here; a text that is already
    in the store may hold some, and its template shows it without them.
    """
    plain = text.str.replace_all("\r\n?", "\n").str.replace_all(FORBIDDEN, "").str.replace_all(_SPACES, " ")
    return plain.str.normalize("NFC").str.strip_chars()


LEGIBLE = r"[\p{L}\p{N}]"
"""A letter or a digit: without one a text says nothing, whatever signs fill it (dashes, dots, blank Braille)."""


def legible(text: pl.Expr) -> pl.Expr:
    """The text, null where it says nothing."""
    return pl.when(text.str.contains(LEGIBLE)).then(text)


def unfit(frame: pl.DataFrame, limits: Limits, *, row: str) -> list[FileProblem]:
    """The cells that hold what no cell may hold, or too much, as many as are kept; `row` is the column with the numbers of the
    rows."""
    found: list[FileProblem] = []
    if frame.columns == [row]:
        return found
    texts = pl.exclude(row)
    # Nearly always there are none, which each row as one text shows sooner than cell by cell.
    whole = pl.concat_str(texts, ignore_nulls=True)
    hides, is_long = frame.select(
        whole.str.contains(FORBIDDEN).any(), long=(whole.str.len_bytes() > limits.cell_characters).any()
    ).row(0)
    if not (hides or is_long):
        return found
    hidden = frame.select(texts.str.contains(FORBIDDEN).any())
    for name in (name for name in hidden.columns if hidden[name][0]):
        text = pl.col(name)
        seen = text.str.slice(0, 120).str.replace_all(FORBIDDEN, "\u25a1")
        cells = frame.filter(text.str.contains(FORBIDDEN)).select(row, text.str.extract(f"({FORBIDDEN})"), seen=seen)
        for number, sign, shown in cells.head(limits.faults - len(found)).iter_rows():
            code = "text_lost" if sign == "\ufffd" else "invisible_character"
            found.append(FileProblem(code, number, name, shown, {"sign": f"U+{ord(sign):04X}"}))
    longest = frame.select(texts.str.len_chars().max())
    for name in (name for name in longest.columns if (longest[name][0] or 0) > limits.cell_characters):
        length = pl.col(name).str.len_chars()
        cells = frame.filter(length > limits.cell_characters).select(row, length)
        for number, count in cells.head(limits.faults - len(found)).iter_rows():
            params = {"length": count, "most": limits.cell_characters}
            found.append(FileProblem("cell_too_long", number, name, params=params))
    return found
