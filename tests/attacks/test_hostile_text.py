"""Text meant to be read as something else, in every field people can fill: shown as it is on every page, or not at all."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import polars as pl
import pytest

from data_access import accounts
from files.formula_injection import neutralised
from tests.attacks.conftest import BAIT, FORMULA, SignIn
from tests.attacks.test_messages import PAGES, _file
from tests.attacks.test_pages import parameters
from tests.attacks.wire import Answer

# What each of these shows it shows as it is. Everything else may be read as Markdown by the browser.
PLAIN = {
    ("text", "body"),
    ("code", "code_text"),
    ("selectbox", "options"),
    ("selectbox", "raw_value"),
    ("multiselect", "options"),
    ("text_input", "value"),
    ("text_input", "default"),
    ("text_area", "value"),
    ("text_area", "default"),
    ("page_link", "query_string"),
    ("vega_lite_chart", "spec"),
    ("dataframe", "columns"),
    ("download_button", "url"),
}
RAW = (
    "](http://evil.test",
    "<img src=http",
    "<script>",
    "](javascript:",
    ":red[đỏ]",
    "$\\frac",
    "<b>đậm",
    "`mã`",
    "~~gạch~~",
)


def texts(kind: str, message: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in an element, with the name of the field it is in."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        for one in values:
            if field.message_type is not None:
                if hasattr(one, "ListFields"):
                    yield from texts(kind, one, path or field.name)
                elif hasattr(value, "values"):
                    yield from ((path or field.name, str(text)) for text in value.values() if isinstance(text, str))
            elif isinstance(one, str):
                yield path or field.name, one


def misread(answer: Answer) -> set[tuple[str, str, str]]:
    """Where an answer has bait in a place a browser may make something of."""
    found = set()
    for message in answer.messages:
        if message.WhichOneof("type") != "delta":
            continue
        block = message.delta.add_block if message.delta.HasField("add_block") else None
        parts: list[tuple[str, Any]] = [("block", block)] if block is not None else []
        if message.delta.HasField("new_element"):
            kind = str(message.delta.new_element.WhichOneof("type"))
            parts.append((kind, getattr(message.delta.new_element, kind)))
        for kind, element in parts:
            for field, text in texts(kind, element):
                if (kind, field) not in PLAIN:
                    found |= {(kind, field, bait) for bait in RAW if bait in text}
    return found


@pytest.mark.parametrize(
    ("username", "language"), [("lanhdao", "vi"), ("bct", "en"), ("dieuphoi", "vi"), ("quantri", "en")]
)
def test_what_people_typed_is_shown_as_it_is(sign_in: SignIn, username: str, language: str) -> None:
    """Titles, reports, blockers, explanations, results, notes, file names, reasons, offices, names of agencies."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    shown = 0
    queries = {"agreement": [{"ref": f"RF{agency}FR-{n}"} for agency, n in (("BCT", 1), ("BCT", 3), ("BXD", 5))]}
    with sign_in(username).tab() as opened:
        for page in PAGES:
            for query in queries.get(page, [{"scope": "ALL", "agency": "BXD"}, {"agency": "BCT"}]):
                answer = opened.rerun(page, urlencode({**query, "lang": language}))
                shown += answer.says("evil.test")
                if wrong := misread(answer):
                    found.setdefault(page, set()).update(wrong)
    assert found == {}
    assert shown >= 3


def test_what_an_address_says_is_shown_as_it_is(sign_in: SignIn) -> None:
    """Bait in every parameter; the search and everything that is not understood come back in words."""
    found: dict[str, set[tuple[str, str, str]]] = {}
    names = [name for name in parameters() if name != "lang"]
    with sign_in("lanhdao").tab() as opened:
        for page in PAGES:
            for value in (BAIT, "x" * 5000):
                answer = opened.rerun(page, urlencode(dict.fromkeys(names, value)))
                if wrong := misread(answer):
                    found.setdefault(page, set()).update(wrong)
    assert found == {}


@pytest.mark.parametrize("username", ["lanhdao", "quantri"])
def test_no_file_holds_a_formula(sign_in: SignIn, http: httpx.Client, username: str) -> None:
    """Every CSV and workbook of every page: no cell begins like a formula, and the text is all there."""
    person = sign_in(username)
    checked = texts_seen = 0
    with person.tab() as opened:
        for page in PAGES:
            answer = opened.rerun(page, "scope=ALL")
            for kind, element in answer.elements():
                if kind != "download_button" or not element.deferred_file_id:
                    continue
                wish = _file(answer.session_id, element.deferred_file_id)
                made = opened.ask_and_wait(wish, "backend_operation_response").backend_operation_response
                assert not made.error_msg, (page, element.label)
                content = http.get(made.deferred_file.url, headers={"Cookie": person.cookie}).content
                for frame in frames(content):
                    for column in frame.select(pl.col(pl.String)).iter_columns():
                        wrong = column.drop_nulls().filter(column.drop_nulls().str.contains(r"^[=+\-@\t\r]"))
                        assert wrong.is_empty(), (page, column.name, wrong.to_list()[:1])
                        texts_seen += sum("evil.test" in text for text in column.drop_nulls())
                checked += 1
    assert checked >= 1
    assert texts_seen >= 1


def frames(content: bytes) -> Iterator[pl.DataFrame]:
    """The tables of a file, every cell as the text it holds; a workbook with a formula would come without it."""
    if content.startswith(b"PK"):
        book = pl.read_excel(content, sheet_id=0, engine="calamine", infer_schema_length=0)
        with zipfile.ZipFile(io.BytesIO(content)) as parts:  # packed bytes hold any three letters now and then
            assert not [name for name in parts.namelist() if re.search(rb"<f[ >]", parts.read(name))]
        yield from book.values()
    else:
        yield pl.read_csv(io.BytesIO(content), infer_schema=False)


def test_bait_would_be_noticed() -> None:
    """Else the checks above would prove nothing."""
    assert all(raw in BAIT for raw in RAW)
    assert pl.select(neutralised(pl.lit(FORMULA))).item() == f"'{FORMULA}"
    assert accounts.DEMO_ACCOUNTS
