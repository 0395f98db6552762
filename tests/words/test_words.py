"""Words, numbers and dates in the reader's language; Vietnamese letters; typed text that must stay text."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import pathlib
import random
import re
import time
import unicodedata

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as hyp
from playwright.sync_api import Browser, expect

import words
from pages.ui import session
from tests.pages.running import streamlit_run
from words import in_language, spoken

TEXTS = hyp.text(hyp.characters(codec="utf-8"), max_size=40)


# --- Numbers and dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "digits", "vietnamese", "english"),
    [
        (1234567, 0, "1.234.567", "1,234,567"),
        (1234.56, 1, "1.234,6", "1,234.6"),
        (-5, 0, "-5", "-5"),
        (-0.04, 1, "0,0", "0.0"),
        (0, 0, "0", "0"),
        (None, 0, "chưa có số liệu", "not available"),
        (float("nan"), 0, "chưa có số liệu", "not available"),
    ],
)
def test_numbers_are_written_as_the_language_does(x: float | None, digits: int, vietnamese: str, english: str) -> None:
    with in_language("vi"):
        assert words.number(x, digits) == vietnamese
    with in_language("en"):
        assert words.number(x, digits) == english


def test_percent_days_money_and_dates() -> None:
    with in_language("vi"):
        assert words.percent(85.26, 1) == "85,3%"
        assert (words.days(1), words.days(1200)) == ("1 ngày", "1.200 ngày")
        assert words.date(dt.date(2026, 1, 4)) == "04/01/2026"
    with in_language("en"):
        assert words.percent(85.26, 1) == "85.3%"
        assert (words.days(1), words.days(1200)) == ("1 day", "1,200 days")
        assert words.date(dt.date(2026, 1, 4)) == "4 Jan 2026"


def test_what_is_not_known_is_said_and_never_zero() -> None:
    for write in (words.percent, words.days, words.date):
        assert write(None) == "chưa có số liệu"


# --- Language --------------------------------------------------------------------------------------------------------


def test_without_streamlit_the_language_is_vietnamese() -> None:
    assert words.language() == "vi"


def test_a_language_without_catalogs_is_refused() -> None:
    for speak in (session.speak, lambda code: in_language(code).__enter__()):
        with pytest.raises(ValueError, match="there are vi, en"):
            speak("xx")


def test_whoever_talks_to_a_reader_says_which_language_that_one_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "_ask_reader", lambda: "vi")
    answers = iter(["en", None, "xx"])

    words.spoken_by(lambda: next(answers))

    assert [words.t("common.yes") for _ in range(3)] == ["Yes", "Có", "Có"]


def test_languages_are_called_by_their_own_names() -> None:
    assert [words.own_name(code) for code in ("vi", "en", "fr", "pt_BR")] == [
        "Tiếng Việt",
        "English",
        "Français",
        "Português (Brasil)",
    ]


def test_each_thread_speaks_its_own_language() -> None:
    def speak(code: str) -> str:
        with in_language(code):
            time.sleep(0.01)
            return words.t("common.yes")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(speak, ["vi", "en"] * 4))

    assert spoken == ["Có", "Yes"] * 4


def test_a_catalog_with_a_key_of_another_room_or_one_twice_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vi").mkdir()
    file = tmp_path / "vi" / "common.po"
    monkeypatch.setattr(spoken, "_folder", tmp_path)

    for keys in (["other.a"], ["common.a", "common.a"]):
        file.write_text("".join(f'msgid "{key}"\nmsgstr "x"\n\n' for key in keys))

        with pytest.raises(ValueError, match=r"common\.po"):
            words.read_catalog("vi")


# --- Names -----------------------------------------------------------------------------------------------------------


def test_names_come_from_the_store_or_from_the_terms(register: sa.Engine) -> None:
    with in_language("vi"):
        assert words.name("agency", "BCT") == "Bộ Công Thương"
        assert words.name("agency", "BCT", short=True) == "BCT"
        assert words.name("agency", "UNASSIGNED") == "Chưa phân công cơ quan"
        assert words.name("state", "COMPLETED") == "Hoàn thành"
        assert words.name("partner", None) == "chưa có số liệu"
    with in_language("en"):
        assert words.name("agency", "BCT", short=True) == "MOIT"
        assert words.name("agency", "no such agency") == "no such agency"


def test_a_column_of_codes_becomes_the_same_names(register: sa.Engine) -> None:
    agencies, states = ["BCT", "UNASSIGNED", "nobody", None], ["SIGNED", "COMPLETED", "SIGNED", None]
    frame = pl.DataFrame({"agency": agencies, "state": states})

    named = frame.select(words.name_expr(pl.col("agency"), "agency"), words.name_expr(pl.col("state"), "state"))

    assert named["agency"].to_list() == [words.name("agency", code) for code in agencies]
    assert named["state"].to_list() == [words.name("state", code) for code in states]


# --- Vietnamese letters ----------------------------------------------------------------------------------------------


def test_alphabetical_order_is_vietnamese() -> None:
    ordered = [
        "An", "Ăn", "Âu", "bat", "bát", "bạt", "bắt", "Cà Mau", "Cao Bằng", "Cần Thơ", "Da", "Đà Nẵng", "Em", "Êm",
        "Hà Nội", "Hải Phòng", "Hoa", "Hồ", "Hơ", "Lạng Sơn", "ma", "mà", "mả", "mã", "má", "mạ", "Tu", "Tư", "Yên Bái",
    ]  # fmt: skip

    shuffled = random.Random(1).sample(ordered, len(ordered))

    assert sorted(shuffled, key=words.sort_key) == ordered
    assert pl.Series("text", shuffled).to_frame().sort(words.sort_keys(pl.col("text")))["text"].to_list() == ordered


@given(hyp.lists(hyp.text(hyp.sampled_from("aAăâbdđĐeêéeoơởöüỳỵzZçñ 0-/ÅæŁ漢Ω\u0301\u0323"), max_size=6), max_size=12))
def test_a_column_sorts_as_its_texts_do(texts: list[str]) -> None:
    column = pl.DataFrame({"text": texts}, schema={"text": pl.String})

    assert column.sort(words.sort_keys(pl.col("text")))["text"].to_list() == sorted(texts, key=words.sort_key)


def test_decomposed_letters_sort_where_composed_ones_do() -> None:
    assert words.sort_key(unicodedata.normalize("NFD", "Đường"))[:2] == words.sort_key("Đường")[:2]


def test_search_does_not_mind_diacritics() -> None:
    for spelled in ("Đà  Nẵng", unicodedata.normalize("NFD", "đà nẵng"), "DA NANG", "Da\u00a0Nang "):
        assert words.fold(spelled) == "da nang"


# Polars may know a later Unicode than Python, and letters that Python does not know yet.
@pytest.mark.slow
@given(hyp.text(hyp.characters(codec="utf-8", exclude_categories=["Cn"]), max_size=40))
def test_folding_a_column_gives_what_folding_a_text_does(text: str) -> None:
    column = pl.select(words.fold_expr(pl.lit(text, pl.String))).item()

    assert column == words.fold(text)
    assert words.fold(unicodedata.normalize("NFD", text)) == words.fold(text)


# --- Typed text ------------------------------------------------------------------------------------------------------

HOSTILE = [
    "**b** _i_ `c` ~~s~~",
    "![x](http://127.0.0.1:9/x.png)",
    "[l](http://e.com) <b>x</b> &lt; &copy;",
    ":smile: :material/home: :material_home: :red[x] :streamlit: :blue-badge[x] a:b:streamlit:c",
    "$x^2$ $$y$$",
    "http://example.com www.example.com a@b.com HTTPS://X.vn mailto:a@b.c xmpp:f@b.z",
    "# h\n- x\n1. y\n> q",
    "a -> b <- c -- d >= e <-> => != --->",
    "   code",
    "a | b\n--|--\n1|2",
    "\\* back",
    "@nga #1 :bar[x]{a=b} ::name [^1]",
    "45/2026/NĐ-CP; Vướng mắc: 50% & 3 < 4",
]


@given(TEXTS)
def test_plain_text_is_one_line_in_which_every_sign_is_escaped(text: str) -> None:
    safe = words.plain(text)

    bare = safe.replace("\u2060", "")
    assert "\n" not in safe
    assert re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]^-`{-~]", bare) is None
    assert re.sub(r"\\(.)", r"\1", bare) == " ".join(text.replace("\u2060", "").split())


@pytest.mark.browser
def test_the_browser_shows_hostile_text_as_it_is(chromium: Browser, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "shown.py"
    script.write_text(
        "import streamlit as st\n"
        "import words\n"
        f"for i, text in enumerate({HOSTILE!r}):\n"
        "    safe = f'x{words.plain(text)}x'\n"
        "    with st.container(key=f'text{i}'):\n"
        "        st.markdown(safe)\n"
        "        st.warning(safe)\n"
        "        st.metric(safe, safe)\n"
        "        st.button(safe)\n"
        "st.text('done')\n"
    )
    with streamlit_run(script) as address, chromium.new_context(locale="vi-VN") as context:
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=30_000)

        for i, text in enumerate(HOSTILE):
            place = page.locator(f".st-key-text{i}")
            for part in ("stMetricValue", "stAlertContentWarning", "stButton"):
                expect(place.get_by_test_id(part)).to_be_visible(timeout=30_000)
            seen = " ".join(place.inner_text().replace("\u2060", "").split())
            made = place.locator("[data-testid=stMarkdownContainer] :is(a, img, span, code, em, strong, del)")
            assert seen.count(f"x{' '.join(text.split())}x") == 5
            assert made.count() == 0, f"something is made of {text!r}"
