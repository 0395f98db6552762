"""What an agreement is about, in a few words, from its title: "Hợp tác nghề cá" of a memorandum "... về hợp tác nghề cá"."""

from __future__ import annotations

from typing import Final

import polars as pl

LONGEST: Final = 90
_ABOUT: Final = {"vi": r"(?:về việc|về|cho) ", "en": r"(?:on|concerning|regarding|for|to) (?:the )?"}
_SHORTEST: Final = 12
"""What stands between the parties and the subject of a title, by the language of the title."""


def with_subjects(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `title_vi` and `title_en`, and their subjects as subject_vi and subject_en; a title that names none stays whole."""
    return rows.with_columns(_subject(language).alias(f"subject_{language}") for language in _ABOUT)


def _subject(language: str) -> pl.Expr:
    title = pl.col(f"title_{language}").str.strip_chars()
    # What follows the last of these words, or the first of them where that says too little.
    last, first = (title.str.replace(f"^.{often} {_ABOUT[language]}", "") for often in ("*", "*?"))
    about = pl.when(last.str.len_chars() >= _SHORTEST).then(last).otherwise(first)
    kept = about.str.slice(0, 1).str.to_uppercase() + about.str.slice(1)
    return (
        pl.when(kept.str.len_chars() > LONGEST)
        .then(kept.str.slice(0, LONGEST).str.replace(r"\s\S*$", "") + " …")
        .otherwise(kept)
    )
