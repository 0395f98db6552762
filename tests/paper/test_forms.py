"""Every form says what the blocks say: numbers are read back out of each file, and a hostile text stays a text."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import io
import re
import zipfile
from typing import Any

import docx
import fastexcel
import polars as pl
import pptx
import pypdf
import pytest
import vl_convert

import paper
import words
from kpi.briefing.blocks import (
    Break,
    Briefing,
    Chart,
    Column,
    Figure,
    Kept,
    Phrase,
    Quantity,
    Reader,
    Sentence,
    SentenceKind,
    Source,
    Table,
)
from kpi.briefing.codes import Code
from paper import charts, lettering, pdf
from words.letters import fold

DAY, BEFORE = dt.date(2026, 1, 14), dt.date(2025, 10, 14)
HOSTILE = '#panic("x") $ \\ ]#[ *bold* _i_ <script> @ref `raw` \u202eabc\u202c 漢 🎉\x07'
READ_AS = '#panic("x") $ \\ ]#[ *bold* _i_ <script> @ref `raw` abc'
ENDLESS = "x" * 100_000
ALPHABET = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"


def _code(topic: str) -> Code:
    return Code("Q", topic, "ALL", DAY)


def _source(compared: bool = False) -> Source:
    return Source("K05", "agreements", "is_stalled", DAY, compared_with=BEFORE if compared else None)


def _said(topic: str, kind: SentenceKind, *values: float, light: str | None = None) -> Sentence:
    listed = Phrase.of(
        "common.with_limits", value=Quantity(values[0]), low=Quantity(values[1]), high=Quantity(values[2])
    )
    return Sentence(_code(topic), kind, listed, _source(), (Phrase.of("common.rows", n=77),), light)


ROWS = pl.DataFrame(
    {
        "title_vi": ["Hợp tác nghề cá", HOSTILE, "=1+1", ENDLESS, "Lâm nghiệp"],
        "title_en": ["", "", "", "", "Forestry"],
        "agency": ["BXD", "BCT", None, "BXD", "BCT"],
        "days": [1234, 3, None, 5, 4321],
        "share": [12.5, 99.0, None, 1.0, 2.0],
        "on": [DAY, None, DAY, DAY, DAY],
        "light": ["red", "amber_outlined", None, "green", "red"],
    }
)
COLUMNS = (
    Column("title", "common.chart_label", "title", wide=True),
    Column("agency", "common.agency", "code", of="agency", short=True),
    Column("days", "common.chart_days", "number"),
    Column("share", "common.chart_share_label", "percent", digits=1),
    Column("on", "common.chart_on_label", "date"),
    Column("light", "paper.column_light", "light"),
)
DRAWN = pl.DataFrame(
    {"agency": ["BXD", "BCT"], "n": [19, 8], "low": [10, 2], "high": [28, 12], "light": ["red", "green"]}
)
PARTS = pl.DataFrame({"agency": ["BXD", "BXD", "BCT"], "part": ["stalled", "overdue", "stalled"], "n": [21, 22, 23]})
TILES = pl.DataFrame({"agency": ["BXD", "BCT"], "n": [31, 0], "across": [0, 1], "down": [0, 0]})
COURSE = pl.DataFrame({"on": [BEFORE, DAY], "n": [41, 42]})
WHO, HOW_MANY = Column("agency", "common.agency", "code", of="agency"), Column("n", "common.chart_n_label", "number")
FIGURES = (
    Figure(
        _code("K05"), Phrase("common.agency"), 37.46, "percent", _source(compared=True),
        digits=1, denominator=78, light="amber", is_settled=False, low=30.0, high=50.0, change=-2.5,
    ),
    Figure(_code("NSTALLED"), Phrase("common.every_agency"), 2871, "count", _source()),
    Figure(_code("NONE"), Phrase("common.yes"), None, "days", _source()),
)  # fmt: skip


def _chart(kind: Any, frame: pl.DataFrame, category: Column = WHO, **more: Any) -> Chart:
    shown = Phrase.of("common.note_known")
    return Chart(
        _code(f"C{kind}".upper()), kind, shown, Phrase("common.no_rows"), frame, category, HOW_MANY, _source(), **more
    )


CHARTS = (
    _chart("bars", DRAWN, light="light"),
    _chart("ranges", DRAWN, low="low", high="high", light="light"),
    _chart("stacked", PARTS, series=Column("part", "common.chart_series", "code", of="bucket")),
    _chart("lines", COURSE, Column("on", "common.chart_on_label", "date")),
    _chart("tiles", TILES),
)
BRIEFING = Briefing(
    "quarterly", None, Phrase("common.every_agency"), Reader("agency", "BXD"), Kept(f"Sổ {HOSTILE}", ""), DAY, BEFORE, 7, "ab" * 16,
    is_demo=True,
    blocks=(
        Break("start", _said("START", SentenceKind.STANDING, 675, 670, 680, light="red")),
        *FIGURES,
        _said("ASKED", SentenceKind.ASK, 611, 612, 613),
        Break("rows", _said("ROWS", SentenceKind.STANDING, 511, 512, 513)),
        Table(_code("LIST"), Phrase("common.note_mark"), ROWS, COLUMNS, _source(), shown=4, left_out=3),
        Sentence(_code("LEFT"), SentenceKind.NOTE, Phrase("common.counted_own"), _source()),
        Break("drawn", _said("DRAWN", SentenceKind.STANDING, 411, 412, 413)),
        *CHARTS,
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that names nothing: codes are called as they are."""
    monkeypatch.setattr("words.names._read_names", lambda _: collections.defaultdict(dict))
    words.raise_on_missing()


_MADE: dict[tuple[str, str], bytes] = {}


def made(ending: str, language: str = "vi") -> bytes:
    """The briefing as a file, made once."""
    if (ending, language) not in _MADE:
        with words.in_language(language):
            _MADE[ending, language] = paper.drawn(BRIEFING, ending)
    return _MADE[ending, language]


LANGUAGES = {"pdf": "vi", "docx": "vi", "pptx": "en", "xlsx": "vi"}
"""In which language each form is looked at."""


# --- What each says --------------------------------------------------------------------------------------------------


def text_of(ending: str, language: str = "vi") -> str:
    """Everything a file says, without the breaks of lines."""
    data = io.BytesIO(made(ending, language))
    match ending:
        case "pdf":
            parts = [page.extract_text() for page in pypdf.PdfReader(data).pages]
        case "docx":
            document: Any = docx.Document(data)
            cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
            parts = [*(paragraph.text for paragraph in document.paragraphs), *cells]
        case "pptx":
            deck: Any = pptx.Presentation(data)
            parts = []
            for slide in deck.slides:
                parts += [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
                parts += [
                    cell.text
                    for shape in slide.shapes
                    if shape.has_table
                    for row in shape.table.rows
                    for cell in row.cells
                ]
                parts += [slide.notes_slide.notes_text_frame.text] if slide.has_notes_slide else []
        case _:
            book = fastexcel.read_excel(data.getvalue())
            frames = [book.load_sheet(name, header_row=None).to_polars() for name in book.sheet_names]
            parts = [str(cell) for frame in frames for row in frame.rows() for cell in row if cell is not None]
    return " ".join(" ".join(parts).replace("\u200b", "").split())


def written_numbers(language: str) -> list[str]:
    """The numbers of the blocks as somebody reads them."""
    with words.in_language(language):
        cells = [column.write(row) for row in ROWS.head(4).iter_rows(named=True) for column in COLUMNS[2:5]]
        figures = [words.say(figure.quantity) for figure in FIGURES]
    sentences = ["675", "670", "680", "77", "611", "612", "613", "511", "411", "78"]
    return [*filter(None, cells), *figures, *sentences]


@pytest.mark.parametrize(("ending", "language"), [("pdf", "vi"), ("pdf", "en"), ("docx", "vi"), ("pptx", "en")])
def test_numbers_codes_and_marks_are_read_back(ending: str, language: str) -> None:
    text = text_of(ending, language)

    assert [number for number in written_numbers(language) if number not in text] == []
    bare = text.replace(" ", "")
    assert [str(block.code) for block in BRIEFING.coded() if str(block.code) not in bare] == []
    with words.in_language(language):
        for said in (words.t("common.demo_mark"), words.date(DAY), words.date(BEFORE), words.t("common.counted_own")):
            assert said in text
        assert (
            words.tn("paper.rows_in_sheet", 1) in text
        )  # of five rows four are shown; two of the three left out stand nowhere
        assert words.tn("paper.rows_left_out", 2) in text


def test_a_sheet_holds_typed_numbers_and_all_rows() -> None:
    book = fastexcel.read_excel(made("xlsx"))

    table = book.load_sheet("LIST", header_row=1).to_polars()
    assert table.height == ROWS.height
    assert table.columns[2:5] == [
        words.t("common.chart_days"),
        words.t("common.chart_share_label"),
        words.t("common.chart_on_label"),
    ]
    assert table.to_series(2).to_list() == ROWS["days"].to_list()
    assert table.to_series(3).to_list() == ROWS["share"].to_list()
    assert table.to_series(4).cast(pl.Date).to_list() == ROWS["on"].to_list()
    assert table.to_series(0).to_list()[:3] == ["Hợp tác nghề cá", f"{READ_AS} 漢 🎉", "'=1+1"]
    figures = book.load_sheet(words.t("paper.sheet_figures")).to_polars()
    assert figures[words.t("paper.column_value")].to_list() == [37.46, 2871, None]
    assert figures[words.t("paper.column_change")].to_list() == [-2.5, None, None]
    for chart in CHARTS:
        shown = book.load_sheet(chart.code.topic, header_row=1).to_polars()
        assert shown[words.t("common.chart_n_label")].to_list() == chart.frame["n"].to_list()
    with zipfile.ZipFile(io.BytesIO(made("xlsx"))) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/")]
    assert all('state="frozen"' in sheet and "<f>" not in sheet for sheet in sheets)


@pytest.mark.parametrize("ending", paper.FORMS)
def test_the_same_facts_are_the_same_bytes(ending: str) -> None:
    with words.in_language(LANGUAGES[ending]):
        again = paper.drawn(dataclasses.replace(BRIEFING), ending)

    assert again == made(ending, LANGUAGES[ending])


@pytest.mark.parametrize("ending", ["pdf", "docx", "pptx"])
def test_a_hostile_text_stays_a_text_and_an_endless_one_ends(ending: str) -> None:
    text = text_of(ending, LANGUAGES[ending])

    assert READ_AS.replace(" ", "") in text.replace(" ", "")
    assert "\u202e" not in text
    assert "x" * 2000 not in text.replace(" ", "")


# --- PDF -------------------------------------------------------------------------------------------------------------


def test_a_pdf_is_tagged_in_a_language_and_every_page_says_what_it_is() -> None:
    read = pypdf.PdfReader(io.BytesIO(made("pdf", "en")))

    root: Any = read.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True)
    assert "/StructTreeRoot" in root
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert read.metadata is not None
    assert read.metadata.creation_date == dt.datetime(2026, 1, 14, tzinfo=dt.UTC)
    for number, page in enumerate(read.pages, 1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of {len(read.pages)}" in text
        assert "the outcomes are invented" in text
    pages: Any = read.pages
    fonts = {str(font.get_object()["/BaseFont"]) for page in pages for font in page["/Resources"]["/Font"].values()}
    assert {re.sub(r"^/[A-Z]{6}\+", "", font) for font in fonts} <= {
        "LiberationSans", "LiberationSans-Bold", "LiberationSerif", "LiberationSerif-Bold", "LiberationSerif-Italic",
    }  # fmt: skip


def test_a_chart_says_its_numbers_as_text_in_every_kind() -> None:
    text = text_of("pdf")

    assert [number for number in ("19 ■", "8 ●", "21", "22", "23", "42", "31") if number not in text] == []
    with words.in_language("vi"):
        drawn = [charts.svg(chart) for chart in CHARTS]
    assert [re.findall(r"https?://(?!www\.w3\.org)", svg) for svg in drawn] == [[]] * len(CHARTS)
    assert {family for svg in drawn for family in re.findall(r'font-family="([^"]+)"', svg)} == {lettering.SANS}


def test_a_chart_may_not_ask_any_address() -> None:
    spec = charts.specification(CHARTS[0]) | {"data": {"url": "https://example.org/data.json"}}

    with pytest.raises(ValueError, match="example"):
        vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def test_a_missing_font_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(lettering, "FOLDER", tmp_path)
    lettering.fonts.cache_clear()

    with pytest.raises(lettering.MissingFontError, match="missing"):
        lettering.fonts()
    for name in lettering.FONTS:
        (tmp_path / name).write_bytes(b"another")
    with pytest.raises(lettering.MissingFontError, match="not the one"):
        lettering.fonts()


def test_a_font_that_is_not_ours_is_an_error() -> None:
    source = b'#set document(title: "x")\n#set text(font: "Nimbus")\nx'

    with pytest.raises(pdf.CannotPrintError, match="nimbus"):
        pdf._compiled(source, {}, timestamp=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def test_every_vietnamese_letter_is_set() -> None:
    for letters in (ALPHABET, ALPHABET.upper(), "₫–—…“”‘’«»•≥≤±×→%●○▲■□–?"):
        assert lettering.printable(letters).replace("\u200b", "") == letters
    assert lettering.printable("Ho\u031b\u0323p ta\u0301c") == "Hợp tác"
    assert fold(lettering.printable("漢")) == "\u25a1"


# --- DOCX, PPTX ------------------------------------------------------------------------------------------------------


def test_a_report_has_the_form_of_an_administrative_document() -> None:
    document: Any = docx.Document(io.BytesIO(made("docx")))

    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(margin.mm) for margin in margins] == [20, 20, 30, 20]
    assert (document.styles["Normal"].font.name, document.styles["Normal"].font.size.pt) == ("Times New Roman", 13)
    head = " ".join(cell.text for cell in document.tables[0].rows[0].cells)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in head
    assert "Độc lập - Tự do - Hạnh phúc" in head
    assert "Nơi nhận:" in document.tables[-1].rows[0].cells[0].text
    assert next(one.text for one in document.paragraphs if one.style.name == "Heading 1").startswith("I. ")
    assert len(document.inline_shapes) == len(CHARTS)
    assert all(shape._inline.docPr.get("descr") for shape in document.inline_shapes)


def test_slides_have_tables_of_their_own_pictures_with_words_and_codes_in_their_notes() -> None:
    deck: Any = pptx.Presentation(io.BytesIO(made("pptx", "en")))

    shapes = [shape for slide in deck.slides for shape in slide.shapes]
    pictures = [shape for shape in shapes if shape.shape_type is not None and shape.shape_type.name == "PICTURE"]
    assert len(pictures) == len(CHARTS)
    assert all(picture._element.nvPicPr.cNvPr.get("descr") for picture in pictures)
    assert sum(shape.has_table for shape in shapes) >= 1
    noted = " ".join(slide.notes_slide.notes_text_frame.text for slide in deck.slides if slide.has_notes_slide)
    assert [str(block.code) for block in BRIEFING.coded() if str(block.code) not in noted] == []
    wide, high = deck.slide_width, deck.slide_height
    assert [one.name for one in shapes if one.left + one.width > wide or one.top + one.height > high] == []
