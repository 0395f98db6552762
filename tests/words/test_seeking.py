"""What a search finds, and in which order."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest

from words import seeking

TITLES = (
    "Hiệp định hợp tác sử dụng năng lượng hạt nhân vì mục đích hoà bình",
    "Bản ghi nhớ về phát triển nhân dân hai nước",
    "Bộ Xây dựng",
    "Bản ghi nhớ giữa Bộ Xây dựng và Bộ Tư pháp Brunei",
    "Bản ghi nhớ giữa Bộ Tư pháp và Bộ Xây lắp, xây dựng",
    "TT-2021-0010 Hợp tác nghề cá",
)


def found(text: str) -> list[int]:
    """The titles that are found, best first."""
    frame = pl.DataFrame({"title": TITLES}).with_row_index("number").with_columns(seeking.index(pl.col("title")))
    return (
        frame.with_columns(place=seeking.read(text).place())
        .drop_nulls("place")
        .sort("place", "number")["number"]
        .to_list()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hạt nhân", [0]),  # not "phát triển nhân dân"
        ("hat nhan", [0]),
        ("nhân dân", [1]),
        ("nhàn dân", []),  # accents that were typed count
        ("hòa bình", [0]),  # the other way of writing it
        ("bộ xây dựng", [2, 3, 4]),  # nothing else, in one piece, every word
        ("bo xay dung", [2, 3, 4]),
        ('"xây dựng" "bộ tư pháp"', [3, 4]),
        ("“hai nước”", [1]),
        ("hai “nước hai”", []),
        ("0010", [5]),
        ("tt-2021-0010", [5]),
        ("nghề c", [5]),  # still being typed
        ("ngh cá", []),
        ("  ", []),
        ("-- '%_", []),
        ('""', []),
    ],
)
def test_whole_words_and_phrases_are_found_best_first(text: str, expected: list[int]) -> None:
    assert found(text) == expected
    assert found(unicodedata.normalize("NFD", text.upper())) == expected


def test_a_column_is_indexed_as_a_text_is() -> None:
    texts = [*TITLES, "Ａ１ ﬁ ǅ İ đĐ", "a_b", "", "Đà\u00a0Nẵng", "tiê\u0301ng việt", "ngoẵng"]

    frame = pl.DataFrame({"text": texts}).select(seeking.index(pl.col("text")))

    assert frame.rows() == [seeking.words_of(text) for text in texts]
