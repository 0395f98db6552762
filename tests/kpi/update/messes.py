"""Files as they go wrong on the way from a clerk, each with what was meant: the changes that the clerk had in mind.

A mess takes a sheet (rows of texts below a heading, and what the clerk meant) and gives bytes and a name. What was meant stays
the same however the file is damaged.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import random
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import xlsxwriter

from files.encodings import _TABLES
from kpi.update.columns import BY_CODE
from tests.kpi.update.samples import agreements, blocker_events, blockers, events, report, reports, targets

NUMBERS = range(1, 13)
TOPICS = (
    "Đã họp nhóm công tác lần {} về hợp tác nông nghiệp",
    "Thiếu vốn đối ứng cho hạng mục thứ {} của dự án",
    "Đề nghị bố trí kinh phí năm {} để triển khai thỏa thuận",
)
NEWS = (
    "Đã trình Chính phủ phê duyệt kế hoạch triển khai",
    "Phía bạn đề nghị lùi thời gian ký biên bản ghi nhớ",
    "Chưa thống nhất được cơ chế phối hợp giữa hai bên",
    "Tổ công tác đã khảo sát thực địa tại ba tỉnh miền núi",
    "Hoãn họp vì lý do thời tiết; hẹn quý tới",
    "Không có khó khăn",
    "Đã họp",
)
COLUMNS = (
    "ref",
    "row_version",
    "state",
    "report_period",
    "report_date",
    "progress",
    "difficulties",
    "recommendations",
    "progress_pct",
)
TEXTS = ("progress", "difficulties", "recommendations")
Meant = dict[tuple[str, str], str | None]


def register() -> dict[str, Any]:
    """Twelve agreements with a report each, whose texts are their own."""
    return {
        "agreements": agreements(*({"agreement_id": n, "title_vi": f"Thỏa thuận số {n}", "row_version": 2} for n in NUMBERS)),
        "events": events(*((n, "SIGNED", "2025-03-01") for n in NUMBERS), *((n, "IN_PROGRESS", "2025-05-01") for n in NUMBERS)),
        "targets": targets(),
        "reports": reports(*(report(n, "2025-Q4", "2026-01-02", progress_pct=5.0 * n, **_texts(n)) for n in NUMBERS)),
        "blockers": blockers(),
        "blocker_events": blocker_events(),
    }  # fmt: skip


def _texts(number: int) -> dict[str, str]:
    return {name: topic.format(number) for name, topic in zip(TEXTS, TOPICS, strict=True)}


@dataclasses.dataclass
class Sheet:
    """What a clerk has on the screen: `rows` by column, and what was `meant` by what was typed, as (ref, column) -> text."""

    rows: list[dict[str, str]]
    meant: Meant

    @property
    def names(self) -> list[str]:
        return list(self.rows[0])

    def cells(self) -> list[list[str]]:
        return [[BY_CODE[name].vi for name in self.names], *(list(row.values()) for row in self.rows)]


def filled(chance: random.Random) -> Sheet:
    """The template's rows with some texts and percentages changed."""
    rows = [
        {
            "ref": f"A-{n}",
            "row_version": "2",
            "state": "Đang triển khai",
            "report_period": "2025-Q4",
            "report_date": "2026-01-02",
            **_texts(n),
            "progress_pct": f"{5 * n}",
        }
        for n in NUMBERS
    ]
    meant: Meant = {}
    for row in chance.sample(rows, chance.choice((0, 1, 3))):
        name = chance.choice(TEXTS)
        row[name] = meant[row["ref"], name] = chance.choice(NEWS)
    for row in chance.sample(rows, chance.choice((0, 1))):
        row["progress_pct"] = meant[row["ref"], "progress_pct"] = f"{60 + chance.randrange(40)}"
    return Sheet(rows, meant)


# --- Ways of writing -------------------------------------------------------------------------------------------------


def _csv(cells: list[list[str]], delimiter: str = ",", end: str = "\r\n", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(cells)
    return out.getvalue().encode()


def as_csv(sheet: Sheet) -> tuple[bytes, str]:
    return _csv(sheet.cells()), "a.csv"


def as_xlsx(sheets: Mapping[str, list[list[Any]]], name: str = "a.xlsx") -> tuple[bytes, str]:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        for title, rows in sheets.items():
            written = book.add_worksheet(title)
            for place, cells in enumerate(rows):
                written.write_row(place, 0, cells)
    return out.getvalue(), name


def _dialect(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    data = _csv(
        sheet.cells(), chance.choice(",;\t|"), chance.choice(("\n", "\r\n")), chance.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    )  # fmt: skip
    return data.decode().encode(chance.choice(("utf-8", "utf-8-sig", "utf-16"))), chance.choice(
        ("a.csv", "a.txt", "a.xlsx")
    )


def _heading(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """Columns in another order, some left out, named in English or by code."""
    names = [*sheet.names[:1], *chance.sample(sheet.names[1:], len(sheet.names) - 1)]
    names = [name for name in names if name not in ("state", "row_version") or chance.random() < 0.7]
    write = chance.choice((lambda name: BY_CODE[name].en, lambda name: name, lambda name: BY_CODE[name].vi.upper()))
    return _csv([[write(name) for name in names], *([row[name] for name in names] for row in sheet.rows)]), "a.csv"


# --- Messes of the sheet ---------------------------------------------------------------------------------------------


def _around(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    cells = [[str(n) if n else "STT", *row, ""] for n, row in enumerate(sheet.cells())]
    cells[0][-1] = "Ghi chú"
    width = len(cells[0])
    titles = [["BỘ CÔNG THƯƠNG"], ["BÁO CÁO QUÝ IV/2025"]][: chance.choice((0, 1, 2))]
    below = [["Tổng cộng", "12"], ["", "", "Hà Nội, ngày 10 tháng 01 năm 2026"], ["", "Nguyễn Văn A"]][
        : chance.choice((0, 2, 3))
    ]
    framed = [row + [""] * (width - len(row)) for row in [*titles, *cells, *below]]
    return (_csv(framed), "a.csv") if chance.random() < 0.5 else as_xlsx({"Sheet1": framed})


def _sorted_alone(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    name = chance.choice(("progress", "difficulties", "recommendations", "progress_pct"))
    column = sorted((row[name] for row in sheet.rows), reverse=chance.random() < 0.5)
    for row, text in zip(sheet.rows, column, strict=True):
        row[name] = text
    return as_csv(sheet)


def _shifted(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    names = chance.choice((("progress",), ("difficulties", "recommendations"), TEXTS))
    for name in names:
        column = [row[name] for row in sheet.rows]
        for row, text in zip(sheet.rows, [column[-1], *column[:-1]], strict=True):
            row[name] = text
    return as_csv(sheet)


def _swapped(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    one, other = chance.sample(TEXTS, 2)
    for row in chance.sample(sheet.rows, chance.choice((1, 3, len(sheet.rows)))):
        row[one], row[other] = row[other], row[one]
    return as_csv(sheet)


def _pasted(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """One agreement's text pasted over another's."""
    one, other = chance.sample(sheet.rows, 2)
    name = chance.choice(TEXTS)
    one[name] = _texts(int(other["ref"][2:]))[name]
    sheet.meant.pop((one["ref"], name), None)
    return as_csv(sheet)


def _emptied(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    for row in chance.sample(sheet.rows, chance.choice((1, 4, len(sheet.rows)))):
        name = chance.choice((*TEXTS, "progress_pct"))
        row[name] = ""
        sheet.meant[row["ref"], name] = None
    return as_csv(sheet)


def _second_sheet(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    cells = sheet.cells()
    rest = [["Bổ sung"], *cells[8:]] if chance.random() < 0.5 else cells[8:]
    return as_xlsx({"Sheet1": cells[:8], "Sheet2": rest})


def _unnamed(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    cells = sheet.cells()
    cells[0][-1] = ""
    return (_csv(cells), "a.csv") if chance.random() < 0.5 else as_xlsx({"Sheet1": cells})


def _quoted(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """Marks of quotation in a file that nobody quoted."""
    row = chance.choice(sheet.rows)
    name, other = chance.sample(TEXTS, 2)
    marks = chance.choice(('"{}', '{}"', '"{}" và', 'ông "{}"', '{0}"{0}'))
    row[name] = sheet.meant[row["ref"], name] = marks.format(chance.choice(NEWS))
    if chance.random() < 0.5:
        row[other] = sheet.meant[row["ref"], other] = chance.choice(NEWS) + '"'
    return "\n".join(";".join(cells) for cells in sheet.cells()).encode() + b"\n", "a.csv"


# --- Messes of cells -------------------------------------------------------------------------------------------------


def _days(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    forms = (
        "{2}/{1}/{0}",
        "{0}-{1}-{2} 00:00:00",
        "{1}/{2}/{0}",
        "{0}-{1}-{2}T07:00:00",
        "{2}/{1}/{0} 0:00",
        "{2}.{1}.{0}",
    )
    form = chance.choice(forms)
    for row in sheet.rows:
        row["report_date"] = form.format(*row["report_date"].split("-"))
    return as_csv(sheet)


def _numbers(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    form = chance.choice(("{}.0", "{}%", "{} %", "share", "{},00", "nan", "  {}", "1e{}"))
    for row in sheet.rows:
        number = int(row["progress_pct"])
        row["progress_pct"] = f"{number / 100:g}" if form == "share" else form.format(number)
    if chance.random() < 0.3:
        for row in sheet.rows:
            row["row_version"] = "2.0"
    return as_csv(sheet)


def _periods(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    written = chance.choice(("Quý IV/2025", "Q4/2025", "quý 4 năm 2025", "IV", "4/2025", "2025Q4"))
    for row in sheet.rows:
        row["report_period"] = written
    return as_csv(sheet)


def _typed(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """Numbers as numbers, as a library writes them, also with a share for a percentage."""
    cells: list[list[Any]] = [list(row) for row in sheet.cells()]
    place, by = sheet.names.index("progress_pct"), chance.choice((1, 1.0, 100))
    for row in cells[1:]:
        row[place] = int(row[place]) / by
        row[sheet.names.index("row_version")] = 2.0
    return as_xlsx({"Sheet1": cells})


def _read_as(encoding: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        return "".join(_sign(byte, encoding) for byte in text.encode())

    return read


def _sign(byte: int, encoding: str) -> str:
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)


def _tcvn3(text: str) -> str:
    """As TCVN3 looks in a font of another kind: capitals with marks have none of their own."""
    places = {letter: place for place, letter in enumerate(_TABLES["tcvn3"]) if letter != "\ufffe"}
    return "".join(chr(places.get(letter, places.get(letter.lower(), 63))) for letter in text).replace("\xad", "-")


def _vni(text: str) -> str:
    marks = {"\u0301": "ùáé", "\u0300": "øàè", "\u0309": "ûåú", "\u0303": "õãü", "\u0323": "ïäë"}
    horned = {"o": "ô", "u": "ö", "O": "Ô", "U": "Ö"}
    written = ""
    for letter in text.replace("đ", "ñ").replace("Đ", "Ñ"):
        if letter in "ñÑ":
            written += letter
            continue
        base, *signs = list(unicodedata.normalize("NFD", letter))
        kind = 1 if "\u0302" in signs else 2 if "\u0306" in signs else 0
        base = horned[base] if "\u031b" in signs else base
        tone = next((marks[sign][kind] for sign in signs if sign in marks), "âê"[kind - 1] if kind else "")
        written += base + tone
    return written


def _lost(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _partly_lost(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")


DESTROYING = (_read_as("cp1252"), _read_as("latin-1"), _read_as("cp1258"), _tcvn3, _vni, _lost, _partly_lost)


def _destroyed(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """New texts, or all of a column, went through a wrong encoding."""
    destroy, name = chance.choice(DESTROYING), chance.choice(TEXTS)
    for row in sheet.rows:
        is_new = (row["ref"], name) in sheet.meant
        if is_new or chance.random() < 0.2:
            row[name] = destroy(row[name])
    return as_csv(sheet) if chance.random() < 0.5 else as_xlsx({"Sheet1": sheet.cells()})


def _written_otherwise(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    """The same text in other signs."""
    write = chance.choice(
        (
            lambda text: unicodedata.normalize("NFD", text),
            lambda text: text.replace(" ", "\u00a0"),
            lambda text: f"  {text}\t",
            lambda text: text.replace(" ", "\u200b "),
            lambda text: f"\ufeff{text}",
        )
    )
    for row in sheet.rows:
        for name in TEXTS:
            row[name] = write(row[name])
    return as_csv(sheet)


def _errors(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    row, name = chance.choice(sheet.rows), chance.choice((*TEXTS, "progress_pct", "report_date"))
    row[name] = chance.choice(("#N/A", "#REF!", "#NAME?", "########", "Err:502", "#VALUE!"))
    sheet.meant.pop((row["ref"], name), None)
    return as_csv(sheet)


def _cleared(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    row, name = chance.choice(sheet.rows), chance.choice(TEXTS)
    row[name] = chance.choice(("[xóa]", "[Xoa]", "[ xóa ]", "[CLEAR]", "(xóa)"))
    sheet.meant[row["ref"], name] = None
    return as_csv(sheet)


def _apostrophes(sheet: Sheet, chance: random.Random) -> tuple[bytes, str]:
    row, name = chance.choice(sheet.rows), chance.choice(TEXTS)
    row[name] = sheet.meant[row["ref"], name] = chance.choice(("'- Đã họp'", "'=Tổng số'", "'@ghi chú'"))
    return as_csv(sheet)


Mess = Callable[[Sheet, random.Random], tuple[bytes, str]]
MESSES: dict[str, Mess] = {
    mess.__name__.strip("_"): mess
    for mess in (
        *(
            _dialect,
            _heading,
            _around,
            _sorted_alone,
            _shifted,
            _swapped,
            _pasted,
            _emptied,
            _second_sheet,
            _unnamed,
            _quoted,
        ),
        *(_days, _numbers, _periods, _typed, _destroyed, _written_otherwise, _errors, _cleared, _apostrophes),
    )
}
"""Every family, by name."""
