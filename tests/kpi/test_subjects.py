"""The short subject of an agreement, read from its title."""

from __future__ import annotations

import polars as pl
import pytest

from kpi import subjects

VI = {
    "Bản ghi nhớ giữa Bộ A nước CHXHCN Việt Nam và Bộ B Vương quốc C về hợp tác nghề cá": "Hợp tác nghề cá",
    "Bản ghi nhớ giữa Học viện A và Học viện B về hợp tác đào tạo sau đại học về chính sách công": (
        "Hợp tác đào tạo sau đại học về chính sách công"
    ),
    "Thỏa thuận hợp tác giữa Bộ A và Bộ B trong lĩnh vực y tế": "Y tế",
    "Bản ghi nhớ giữa Bộ A và Bộ B về hợp tác trong lĩnh vực thống kê": "Hợp tác thống kê",
    "Hiệp định vay giữa nước CHXHCN Việt Nam và Ngân hàng B cho Dự án thủy điện tích năng": "Dự án thủy điện tích năng",
    "Hiệp định về dịch vụ hàng không giữa Chính phủ A và Chính phủ B": "Dịch vụ hàng không",
    "Hiệp định Đối tác kinh tế toàn diện giữa Chính phủ A và Chính phủ B (CEPA)": "Hiệp định Đối tác kinh tế toàn diện",
    "Bản ghi nhớ giữa Bộ A và Bộ B": "Bản ghi nhớ giữa Bộ A và Bộ B",
    "Kế hoạch hợp tác giai đoạn 2024 - 2028 giữa Bộ A và Bộ B": "Kế hoạch hợp tác giai đoạn 2024 - 2028 giữa Bộ A và Bộ B",
    "Thông cáo chung Việt Nam - A về việc tăng cường hợp tác": "Tăng cường hợp tác",
    "  ": "",
    "": "",
}
EN = {
    "Memorandum of Understanding between the Ministry of A and the Ministry of B on cooperation in fisheries": (
        "Cooperation in fisheries"
    ),
    "Agreement on Air Services between the Government of A and the Government of B": "Air Services",
    "Protocol between the Government of A and the Government of B on the avoidance of double taxation": (
        "Avoidance of double taxation"
    ),
    "Comprehensive Economic Partnership Agreement between the Government of A and the Government of B": (
        "Comprehensive Economic Partnership Agreement between the Government of A and the Government of B"
    ),
    "Rwanda Urban Development Project II": "Rwanda Urban Development Project II",
}


@pytest.mark.parametrize(("language", "titles"), [("vi", VI), ("en", EN)])
def test_a_subject_is_what_tells_a_title_apart(language: str, titles: dict[str, str]) -> None:
    column = pl.DataFrame({"title": [*titles, None]}).select(subjects.subject_expr(pl.col("title"), language))

    assert column.to_series().to_list() == [*(subject[:91] for subject in map(_as_cut, titles.values())), None]
    assert [subjects.subject(title, language) for title in titles] == column.to_series().to_list()[:-1]


def test_a_long_subject_is_cut_after_a_word() -> None:
    cut = subjects.subject("Bản ghi nhớ giữa A và B về " + "rất dài " * 30, "vi")

    assert cut.startswith("Rất dài rất dài")
    assert cut.endswith("dài…")
    assert len(cut) <= subjects.MOST_CHARACTERS + 1


def _as_cut(text: str) -> str:
    limit = subjects.MOST_CHARACTERS
    return text if len(text) <= limit else text[:limit].rpartition(" ")[0] + "…"
