"""Files that are small and turn into much: each is refused at once, by name, and a table as large as it may be is read.

The parts below are cut off after what is too much, so that a reader that went on would find them broken.
"""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator

import pytest
import xlsxwriter

from files import FileProblem, Form, Grid, Heading, Limits, apart, reading

REFS = Heading(lambda cells: cells.count("ref"), lambda cells: "ref" in cells)
ROW = b'<row><c t="inlineStr"><is><t>ref</t></is></c></row>'
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = b"</sheetData></worksheet>"
MERGES = b"</sheetData><mergeCells>"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FEW = Limits(rows=100, cells_a_row=1, characters_a_byte=1, bytes=100_000)


def relations(*targets: tuple[str, str]) -> str:
    inside = "".join(
        f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="x">{inside}</Relationships>'


def workbook(*sheets: bytes, texts: bytes = b"", styles: bytes = b"") -> bytes:
    """A workbook of these parts, as they stand."""
    parts = [("worksheet", f"s{number}.xml", content) for number, content in enumerate(sheets)]
    parts += [("sharedStrings", "t.xml", texts)] if texts else []
    parts += [("styles", "f.xml", styles)] if styles else []
    named = "".join(f'<sheet name="{number}" r:id="r{number}"/>' for number in range(len(sheets)))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", relations(("officeDocument", "xl/b.xml")))
        archive.writestr("xl/b.xml", f'<workbook xmlns:r="{RELATIONS}"><sheets>{named}</sheets></workbook>')
        archive.writestr("xl/_rels/b.xml.rels", relations(*((kind, name) for kind, name, _ in parts)))
        for _, name, content in parts:
            archive.writestr(f"xl/{name}", content)
    return data.getvalue()


def outcome(data: bytes, limits: Limits | None = None, name: str = "a.xlsx") -> Grid | list[FileProblem]:
    return reading.read(data, name, form=Form(), limits=limits or Limits(), heading=REFS)


def refused(data: bytes, limits: Limits | None = None, name: str = "a.xlsx") -> tuple[str, object]:
    """The one problem of a file, and the limit it names."""
    found = outcome(data, limits, name)
    assert isinstance(found, list), found
    (problem,) = found
    return problem.code, problem.params.get("most")


def cell(text: str) -> bytes:
    return b'<c t="inlineStr"><is><t>%b</t></is></c>' % text.encode()


# --- Workbooks -------------------------------------------------------------------------------------------------------


def test_a_text_that_many_cells_share_counts_in_each_of_them() -> None:
    rows = b'<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 20_000
    bomb = workbook(SHEET + ROW + rows, texts=b"<sst><si><t>%b</t></si></sst>" % (b"x" * 32_000))
    assert len(bomb) < 20_000

    assert refused(bomb) == ("too_many_characters", 2 * 5 * 1024 * 1024)


@pytest.mark.parametrize(
    "bomb",
    [
        workbook(SHEET + ROW + END, texts=b"<sst>" + b"<si><t/></si>" * 300_000),
        workbook(SHEET + ROW + MERGES + b'<x a="" b="" c="" d=""/>' * 100_000),
        workbook(SHEET + ROW + END, styles=b"<styleSheet><cellXfs>" + b"<xf/>" * 300_000),
        workbook(*[SHEET + b"<row>" + b"<c/>" * 25_000 + b"</row>" + END] * 99),
    ],
    ids=["texts", "attributes", "styles", "sheets"],
)
def test_a_workbook_holds_no_more_xml_than_its_size_is_good_for(bomb: bytes) -> None:
    assert refused(bomb) == ("too_many_elements", 100_000 + 2 * len(bomb))


@pytest.mark.parametrize(
    ("bomb", "problem"),
    [
        (workbook(SHEET + ROW + b"<row>" + b"<c/>" * 100), ("too_many_cells", 100)),
        (workbook(SHEET + ROW + b"<row/>" * 500), ("too_many_lines", 500)),
        (workbook(SHEET + ROW + END, texts=b"<sst>" + b"<si/>" * 101), ("too_many_texts", 100)),
        (workbook(SHEET + ROW + (b"<row>" + cell("x" * 9_999) + b"</row>") * 11), ("too_many_characters", 100_000)),
        (workbook(SHEET + ROW + b"<row>" + b"<a>" * 64), ("too_deep", 64)),
        (workbook(SHEET + b"<!--" + b"x" * 1_000_000), ("tag_too_long", 128)),
        (workbook(SHEET + b'<row a="' + b"x" * 1_000_000), ("tag_too_long", 128)),
        (workbook(SHEET + ROW + b"<row>" + cell("x" * 32_768)), ("cell_too_long", 32_767)),
        (workbook(SHEET + ROW + MERGES + b'<mergeCell ref="A2:B2"/>' * 50), ("merged_cells", None)),
        (workbook(*[SHEET + ROW + END] * 101), ("too_many_sheets", 100)),
    ],
    ids=["cells", "lines", "texts", "characters", "depth", "comment", "tag", "cell", "merges", "sheets"],
)
def test_what_is_too_much_ends_the_reading_and_is_named(bomb: bytes, problem: tuple[str, object]) -> None:
    assert refused(bomb, FEW) == problem


def test_a_cell_that_is_too_long_is_named_with_its_place_wherever_its_text_is_kept() -> None:
    texts = b"<sst><si><r><t>%b</t></r><r><t>%b</t></r></si></sst>" % (b"x" * 20_000, b"y" * 20_000)
    own = workbook(SHEET + ROW + b"<row>" + cell("a") + cell("x" * 300_000) + b"</row>" + END)
    shared = workbook(SHEET + ROW + b'<row><c t="n"/><c t="s"><v>0</v></c></row>' + END, texts=texts)

    for bomb in (own, shared):
        found = outcome(bomb)
        assert isinstance(found, list)
        assert [(problem.code, problem.row, problem.column) for problem in found] == [("cell_too_long", 2, 1)]


def test_a_text_that_fits_is_whole_however_it_is_written() -> None:
    written = workbook(SHEET + ROW + b"<row>" + cell("_x0041_" * 32_767) + b"</row>" + END)

    found = outcome(written)

    assert isinstance(found, Grid)
    assert found.rows[1] == (2, ["A" * 32_767])


def test_a_sheet_is_looked_at_as_far_as_a_heading_may_stand() -> None:
    other = SHEET + b"<row>" + b"<c/>" * 4_000

    found = outcome(workbook(other, SHEET + ROW + END))

    assert isinstance(found, Grid)
    assert found.rows == [(1, ["ref"])]


def test_cells_that_cannot_be_taken_are_kept_as_long_as_somebody_may_read_of_them() -> None:
    formulas = b"<row>" + b"<c><f>1</f><v>1</v></c>" * 50 + b"</row>"

    found = outcome(workbook(SHEET + ROW + formulas * 250))

    assert isinstance(found, Grid)
    assert len(found.faults) == 10_000


def test_the_form_of_a_number_is_read_once_through() -> None:
    """Each bracket that is not closed would be looked after to the end of the text: the square of its length."""
    code = b"[" * 120_000
    styles = b'<styleSheet><numFmts><numFmt numFmtId="200" formatCode="%b"/></numFmts></styleSheet>' % code
    assert len(workbook(SHEET + ROW + END, styles=styles)) < 3_000

    found = apart.read(workbook(SHEET + ROW + END, styles=styles), "a.xlsx", limits=Limits(seconds=10), heading=REFS)

    assert isinstance(found, Grid)


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"ref,title\n" + b"\n" * 500, ("too_many_lines", 500)),
        (b"ref,title\n" + b",\n" * 50, ("too_many_cells", 100)),
        (b"\n" * 600 + b"ref,title\n", ("too_many_lines", 500)),
    ],
)
def test_a_csv_file_holds_no_more_lines_and_cells_than_a_table(text: bytes, problem: tuple[str, object]) -> None:
    assert refused(text, FEW, "a.csv") == problem


# --- What it takes ---------------------------------------------------------------------------------------------------

PEAKS = """
import pathlib, re, resource, sys
from files import Heading, apart
found = apart.read(sys.stdin.buffer.read(), "a.xlsx", heading=Heading(is_ours=lambda cells: "ref" in cells))
reader = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
asking = re.search(r"VmHWM:\\s+([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1]
print(found[0].code, reader // 1024, int(asking) // 1024)
"""


def shared_text() -> bytes:
    rows = b'<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 20_000
    return workbook(SHEET + ROW + rows + END, texts=b"<sst><si><t>%b</t></si></sst>" % (b"x" * 32_000))


def long_cell() -> bytes:
    return workbook(SHEET + ROW + b"<row>" + cell("x" * 40_000_000) + b"</row>" + END)


@pytest.mark.parametrize(
    ("bomb", "code"), [(shared_text, "too_many_characters"), (long_cell, "cell_too_long")], ids=["shared", "long"]
)
def test_neither_the_reader_nor_who_asks_it_takes_memory_for_what_is_refused(
    bomb: Callable[[], bytes], code: str
) -> None:
    told = subprocess.run([sys.executable, "-c", PEAKS], input=bomb(), capture_output=True, check=True)

    said, reader, asking = told.stdout.split()
    assert said.decode() == code
    assert int(reader) < 60
    assert int(asking) < 60


# --- What must pass --------------------------------------------------------------------------------------------------


def cells_of_a_row(number: int) -> Iterator[str | None]:
    """What a full row of a template may hold: forty columns, most of them the same in every row, some blank with a form."""
    yield from (f"A-{number}", f"Thỏa thuận số {number} về hợp tác giữa hai bên trong lĩnh vực thương mại và đầu tư")
    yield from [None] * 8
    yield from ["Đang triển khai", "2024-02-29", "45", "Thương mại", "Bộ Công Thương"] * 6


@pytest.mark.slow
def test_a_table_as_large_as_it_may_be_is_read() -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet, form = book.add_worksheet(), book.add_format({"locked": True})
        sheet.write_row(0, 0, ["ref", *map(str, range(39))])
        for number in range(1, 20_001):
            for place, text in enumerate(cells_of_a_row(number)):
                sheet.write(number, place, text, form)

    found = outcome(data.getvalue(), Limits(elements_a_byte=1))  # with half of what it may take

    assert isinstance(found, Grid), found
    assert len(found.rows) == 20_001
