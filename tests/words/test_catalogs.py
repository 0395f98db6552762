"""The catalogs: complete in every language, used, and the only place where visible words stand."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import string
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

import words
from words import catalogs

LOCALE = pathlib.Path(words.__file__).parent / "locale"
HOUSE = LOCALE.parents[1]
ROOMS = sorted(path.stem for path in (LOCALE / "vi").glob("*.po"))
SOURCES = [
    *sorted(
        path for room in ("words", "pages", "web", "kpi/briefing", "paper") for path in (HOUSE / room).rglob("*.py")
    ),
    *(HOUSE / name for name in ("app.py", "manage.py", "data_access/incidents.py")),
]

DYNAMIC = {
    "files.": "codes of problems found in files (files.problems)",
    "intake.": "codes of problems found in uploads (kpi.intake)",
    "mapping.": "codes of problems with a register and its mapping (seed_data.mapping)",
}
"""Keys named by codes that no page spells out, and where the codes come from."""

SHOWN_BY = {
    "badge", "button", "caption", "checkbox", "date_input", "dialog", "download_button", "error", "expander", "file_uploader",
    "form_submit_button", "header", "info", "markdown", "metric", "multiselect", "number_input", "page_link", "pills",
    "popover", "progress", "radio", "segmented_control", "selectbox", "spinner", "status", "subheader", "success", "tabs",
    "text", "text_area", "text_input", "title", "toast", "toggle", "warning", "write",
}  # fmt: skip
SHOWN_AS = {"body", "caption", "delta", "help", "hint", "label", "placeholder", "subtitle", "text", "title", "value"}


@functools.cache
def entries(language: str, room: str) -> dict[str, tuple[str, ...]]:
    """Key -> its texts (several for a plural) in one file."""
    path = LOCALE / language / f"{room}.po"
    found: dict[str, tuple[str, ...]] = {}
    if not path.exists():
        return found
    with path.open(encoding="utf-8") as file:
        for message in read_po(file, locale=language, abort_invalid=True):
            if message.id:
                key = message.id if isinstance(message.id, str) else message.id[0]
                assert not message.fuzzy, f"{path}: {key} is marked fuzzy"
                found[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", words.languages())
def test_every_language_has_the_placeholders_of_english_and_no_key_of_its_own(language: str, room: str) -> None:
    english = entries("en", room)

    for key, texts in entries(language, room).items():
        assert key in english
        asked = {frozenset(placeholders(text)) for text in (*texts, *english[key])}
        assert len(asked) == 1, f"{key} has different placeholders: {asked}"


def test_vietnamese_and_english_lack_nothing_and_of_others_it_is_told_how_much() -> None:
    known = set.union(*(all_keys(language) for language in words.languages()))

    lacking = {language: len(known - all_keys(language)) for language in words.languages()}

    print("messages that are said in English:", lacking)
    assert (lacking["vi"], lacking["en"]) == (0, 0)


@pytest.mark.parametrize("language", words.languages())
def test_no_text_is_empty_or_carries_stray_space(language: str) -> None:
    bad = [
        key
        for room in ROOMS
        for key, texts in entries(language, room).items()
        if not texts or any(not text or text != text.strip() for text in texts)
    ]

    assert bad == []


@pytest.mark.parametrize("language", words.languages())
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    expected = words.read_catalog(language).num_plurals
    plurals = {key for room in ROOMS for key in entries(language, room) if len(entries("en", room)[key]) > 1}

    assert [key for key in plurals if len(entries(language, key.partition(".")[0])[key]) != expected] == []


def test_no_key_is_written_twice_and_each_stands_in_its_own_room() -> None:
    for language in words.languages():
        words.read_catalog(language)  # raises ValueError otherwise


# --- Code and catalogs -----------------------------------------------------------------------------------------------


NOT_KEYS = {"cast", "getLogger"}
"""Functions whose texts only look like keys."""


def keys_in(source: pathlib.Path) -> Iterator[tuple[re.Pattern[str], str]]:
    """Every key a source file names, as a pattern (an f-string may stand for several), and where."""
    begins = re.compile(rf"^(?:{'|'.join(ROOMS)})\.")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    skipped = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in NOT_KEYS
        for argument in node.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            texts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            texts = [node.value]
        else:
            continue
        if texts and (texts[-1] or "").endswith("."):
            texts.append(None)
        if (
            texts
            and begins.match(texts[0] or "")
            and not any(re.search(r"[^\w. -]|\.py$", text or "") for text in texts)
        ):
            pattern = "".join(".+" if text is None else re.escape(text) for text in texts)
            yield re.compile(f"^{pattern}$"), f"{source.relative_to(HOUSE)}:{node.lineno}: {ast.unparse(node)}"


def all_keys(language: str = "vi") -> set[str]:
    return {key for room in ROOMS for key in entries(language, room)}


def test_every_key_in_the_code_has_words() -> None:
    keys = all_keys()

    missing = [place for source in SOURCES for pattern, place in keys_in(source) if not any(map(pattern.match, keys))]

    assert missing == []


def test_every_key_is_used() -> None:
    patterns = {pattern for source in SOURCES for pattern, _ in keys_in(source)}
    static = {key for key in all_keys() if not key.startswith(tuple(DYNAMIC))}

    assert sorted(key for key in static if not any(pattern.match(key) for pattern in patterns)) == []


def visible_literals(source: pathlib.Path) -> Iterator[str]:
    """Places where words are handed to an element as they stand, rather than by key."""

    def letters(node: ast.expr) -> bool:
        if isinstance(node, ast.JoinedStr):
            return any(letters(part) for part in node.values if isinstance(part, ast.Constant))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return bool(re.search(r"[^\W\d_]", re.sub(r":[a-z]+/[a-z_]+:", "", node.value)))
        return False

    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWN_BY):
            continue
        if ast.unparse(node.func.value).endswith("log"):
            continue
        named = [keyword.value for keyword in node.keywords if keyword.arg in SHOWN_AS]
        first = node.args[1:2] if node.func.attr == "page_link" else node.args[:1]
        if any(letters(value) and not is_key(value) for value in [*first, *named]):
            yield f"{source.relative_to(HOUSE)}:{node.lineno}: {ast.unparse(node)[:80]}"


def is_key(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in all_keys()


def test_no_visible_words_stand_in_the_code() -> None:
    assert [place for source in SOURCES for place in visible_literals(source)] == []


def test_the_search_for_visible_words_finds_them(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "page.py"
    source.write_text(
        'st.title("Words")\nst.info(f"{n} rows")\nst.text(f"{a} · {b}")\nst.button(w.t("x.y"), help="Why")\n'
    )
    monkeypatch.setattr(f"{__name__}.HOUSE", tmp_path)
    monkeypatch.setattr(f"{__name__}.all_keys", lambda: set())

    assert [place.split(":")[1] for place in visible_literals(source)] == ["1", "2", "4"]


def test_a_missing_key_is_an_error_here_and_shown_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "_missing_is_error", False)
    assert words.t("common.no_such_key") == "common.no_such_key"

    words.raise_on_missing()

    with pytest.raises(KeyError, match=r"no words for 'common\.no_such_key'"):
        words.t("common.no_such_key")
