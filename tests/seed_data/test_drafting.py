"""A first mapping for a file: what is recognised, what is left to a person, and that nothing loads before it is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import words
from cli.main import main
from files import Form
from seed_data.mapping.drafting.columns import FORMS, columns
from seed_data.mapping.drafting.text import drafted
from seed_data.mapping.source import read_table
from seed_data.reference import partner_names
from seed_data.resolve import AgencyResolver
from tests.seed_data import real
from tests.seed_data.test_mapping import lists, mapped, problems_of

ROWS = """\
Số hiệu;Tên văn kiện;Cơ quan chủ trì;Các bên;Loại;Ngày ký;Thời hạn;Tình trạng;Phòng\x20
1/2024;Bản ghi nhớ về năng lượng;Bộ Công Thương;Việt Nam, Nhật Bản;MOU;05/03/2024;31/12/2026;đang làm;a
2/2024;Thỏa thuận hợp tác y tế;Bộ Y tế;Việt Nam, Mỹ, Wakanda;Thỏa thuận;18/04/2024;;Xong;b
3/2024;Kế hoạch giáo dục chung;EVN;Pháp, Việt Nam;MOU;30/04/2024;31/01/2027;xong;a
4/2024;Chương trình văn hóa 2024;Bộ Y tế;Việt Nam, Đức;Thỏa thuận;01/02/2024;30/06/2025;đợi;c
"""
NAMES = {
    "code": '"own"',
    "name_vi": '"Danh mục"',
    "name_en": '"List"',
    "source": '"desk"',
    "licence": '"internal"',
    "scope": '"HIGH_LEVEL"',
    "data_date": "2025-06-30",
}


def draft_of(text: str) -> str:
    table = read_table(text.encode(), name="own.csv", form=Form(), used=())
    with words.in_language("en"):
        return drafted(table, lists(), form=Form(), name="own.csv", t=words.t)


def test_what_a_file_tells_is_filled_in_and_the_rest_is_left_open() -> None:
    draft = draft_of(ROWS)

    for line in (
        'ref = { column = "Số hiệu" }',
        'title_vi = { column = "Tên văn kiện" }',
        'responsible_agency = { column = "Cơ quan chủ trì" }',
        'column = "Các bên"\nseparator = ","\n[partners.map]\n"Wakanda" = "?"  # 1\n',
        'ignore = ["Việt Nam"]',
        '"MOU" = "MOU"  # 2\n"Thỏa thuận" = "?"  # 2',
        'state = "SIGNED"\ndate = "day1"',
        'date = "day2"\nsince = ["day1", "data_date"]',
        '# "EVN" = "?"  # 1',
        '#   "Phòng": "a" (2)',
    ):
        assert line in draft, draft
    assert draft.count('formats = ["%d/%m/%Y"]') == 2
    assert re.findall(r'is = "(.*)"', draft) == ["đang làm", "Xong", "đợi"], "capitals make no other text"


def test_a_column_of_countries_with_our_own_among_them_says_whose_the_agencies_are() -> None:
    text = "id,project name,ministry,country\n" + "".join(
        f"{place},A project of {place},Ministry of Finance,{country}\n"
        for place, country in enumerate(["Ghana", "Viet Nam", "Chad", "Peru"])
    )

    draft = draft_of(text)

    assert '[agencies]\ncountry_column = "country"' in draft
    assert '[partners.map]\n"Viet Nam" = "?"' in draft


def test_nothing_loads_before_every_open_place_is_filled_in() -> None:
    draft = draft_of(ROWS)

    assert {problem.code for problem in problems_of(ROWS, draft)} == {"to_fill_in"}
    for key, value in NAMES.items():
        draft = re.sub(rf'(?m)^{key} = "\?"', f"{key} = {value}", draft)
    answers = {
        '"Wakanda" = "?"': '"Wakanda" = "FR"',
        '"Thỏa thuận" = "?"': '"Thỏa thuận" = "IA"',
        'probably IN_PROGRESS\nstate = "?"': 'said\nstate = "IN_PROGRESS"',
        'probably COMPLETED\nstate = "?"': 'said\nstate = "COMPLETED"',
        'probably ?\nstate = "?"': 'said\nstate = "SUSPENDED"',
    }
    for line, answer in answers.items():
        assert line in draft, draft
        draft = draft.replace(line, answer)

    register = mapped(ROWS, draft)

    assert register.agreements["ref"].to_list() == ["1/2024", "2/2024", "3/2024", "4/2024"]
    assert register.frames["AgreementPartner"]["partner"].to_list() == ["JP", "US", "FR", "FR", "DE"]
    assert register.frames["TargetDate"].height == 3


@pytest.mark.parametrize(
    ("cells", "forms", "is_open"),
    [
        (["2024-01-31", "", "1999-12-01"], ("%Y-%m-%d",), False),
        (["31/01/2024", "05/06/2024"], ("%d/%m/%Y",), False),
        (["01/31/2024", "05/06/2024"], ("%m/%d/%Y",), False),
        (["03/01/2024", "05/06/2024"], ("%d/%m/%Y",), True),
        (["31/01/2024", "2024-02-01"], ("%d/%m/%Y", "%Y-%m-%d"), False),
        (["31 Jan 2024", "1 Feb 2024"], ("%d %b %Y",), False),
        (["12", "13", "31/01/2024"], None, False),
        (["", ""], None, False),
    ],
)
def test_the_form_of_dates_is_found_or_left_open(
    cells: list[str], forms: tuple[str, ...] | None, is_open: bool
) -> None:
    text = "a,b\n" + "".join(f"{place},{cell}\n" for place, cell in enumerate(cells))
    table = read_table(text.encode(), name="own.csv", form=Form(), used=())

    found = columns(table, partner_names(lists()), AgencyResolver.from_lists(lists()))[1].dates

    assert (found and set(found.forms)) == (forms and set(forms))
    assert found is None or found.is_open is is_open
    assert set(forms or ()) <= set(FORMS)


def test_the_command_writes_a_file_and_never_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/no.sqlite")  # none: not one that happens to lie here
    file, out = tmp_path / "own.csv", tmp_path / "own.toml"
    file.write_text(ROWS, encoding="utf-8")

    assert main(["mapping", "draft", str(file), "--language", "vi"]) == 0
    assert "Hãy điền mọi chỗ" in capsys.readouterr().out
    written = out.read_text(encoding="utf-8")
    assert "mapping.draft" not in written
    assert main(["mapping", "draft", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == written


@real.only_where_they_are
def test_a_real_file_says_most_of_its_mapping_itself() -> None:
    draft = draft_of(real.RWANDA.read_text(encoding="utf-8"))

    assert draft.count('= "?"') == 7 + 3 + 1 + 4, "the register, its kinds, its partner and its states"
    assert 'country_column = "countryshortname"' in draft
