"""Reading a mapping's TOML, with every mistake in it noted rather than the first."""

from __future__ import annotations

import codecs
import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from files import DELIMITERS, Form
from kpi.register import MADE_HERE, RECORDS
from kpi.vocabulary import STATES, Scope, texts
from seed_data.mapping.declaration import (
    DATA_DATE,
    FIELD_KINDS,
    Condition,
    DateColumn,
    Event,
    Exchange,
    MappingDeclaration,
    RegisterInfo,
    Target,
    Value,
)
from seed_data.mapping.problems import Problems

DEFAULT_FORMATS = ("%Y-%m-%d", "%d/%m/%Y")
_DATE_PARTS = ({"Y", "y"}, {"m", "b", "B"}, {"d"})
_FORMAT_PARTS = frozenset("YmdybBHMSf")


def parse(text: bytes, *, name: str) -> MappingDeclaration:
    """The mapping in a TOML file's bytes. Raises `MappingError` with everything wrong in it."""
    problems = Problems(name)
    document = _loaded(text, problems)
    reader = _Reader(problems)
    reader.only(document, "", _PARTS)
    register = _register(reader, reader.table(document, "register"))
    form, empty = _form(reader, reader.table(document, "file"))
    dates = {
        key: _date_column(reader, reader.as_table(value, f"dates.{key}"), f"dates.{key}")
        for key, value in reader.table(document, "dates").items()
    }
    if DATA_DATE in dates:
        problems.add("date_name_taken", column=f"dates.{DATA_DATE}")
    fields = _fields(reader, reader.table(document, "fields"))
    events = tuple(_event(reader, item, key, dates) for key, item in reader.tables(document, "events"))
    targets = tuple(_target(reader, item, key, dates) for key, item in reader.tables(document, "targets"))
    if not events:
        problems.add("key_missing", column="events")
    agencies = reader.table(document, "agencies")
    reader.only(agencies, "agencies", ("aliases",))
    declaration = MappingDeclaration(
        name=name,
        register=register,
        form=form,
        empty=empty,
        fields=MappingProxyType(fields),
        dates=MappingProxyType(dates),
        partners=tuple(_value(reader, item, key, split=True) for key, item in reader.tables(document, "partners")),
        coordinating=tuple(
            _value(reader, item, key, split=True) for key, item in reader.tables(document, "coordinating")
        ),
        exchanges=tuple(_exchange(reader, item, key) for key, item in reader.tables(document, "exchanges")),
        events=events,
        targets=targets,
        aliases=MappingProxyType(reader.texts(agencies, "aliases", "agencies")),
    )
    problems.refuse()
    return declaration


_PARTS = (
    "register",
    "file",
    "fields",
    "dates",
    "partners",
    "coordinating",
    "exchanges",
    "events",
    "targets",
    "agencies",
)


def _loaded(text: bytes, problems: Problems) -> dict[str, Any]:
    try:
        return tomllib.loads(unicodedata.normalize("NFC", text.removeprefix(codecs.BOM_UTF8).decode("utf-8")))
    except UnicodeDecodeError as error:
        problems.add("undecodable", row=text.count(b"\n", 0, error.start) + 1, encoding="utf-8")
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"\(at line (\d+)", str(error))
        problems.add("toml_syntax", row=int(line[1]) if line else None, detail=str(error))
    problems.refuse()
    raise AssertionError("refuse() raises when a problem was added")


class _Reader:
    """Typed access to a TOML document; whatever is not as expected is noted and replaced by an empty value."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def only(self, table: Mapping[str, Any], path: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self.problems.add("unknown_key", column=f"{path}.{key}".lstrip("."), known=", ".join(known))

    def as_table(self, value: Any, path: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.problems.add("wrong_type", column=path, value=str(value), expected="table")
        return {}

    def table(self, document: Mapping[str, Any], key: str) -> dict[str, Any]:
        return self.as_table(document.get(key, {}), key)

    def tables(self, document: Mapping[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
        items = document.get(key, [])
        if not isinstance(items, list):
            self.problems.add("wrong_type", column=key, expected=f"[[{key}]]")
            return []
        paths = [f"{key}[{position}]" for position in range(1, len(items) + 1)]
        return [(path, self.as_table(item, path)) for path, item in zip(paths, items, strict=True)]

    def text(self, table: Mapping[str, Any], key: str, path: str, *, required: bool = False) -> str | None:
        value = table.get(key)
        if value is None or value == "":
            if required:
                self.problems.add("key_missing", column=f"{path}.{key}")
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value)
        self.problems.add("wrong_type", column=f"{path}.{key}", value=str(value), expected="text")
        return None

    def list_of_texts(self, table: Mapping[str, Any], key: str, path: str) -> tuple[str, ...]:
        value = table.get(key, [])
        items = [value] if isinstance(value, str) else value
        if isinstance(items, list) and all(isinstance(item, str) for item in items):
            return tuple(items)
        self.problems.add("wrong_type", column=f"{path}.{key}", value=str(value), expected="list of texts")
        return ()

    def texts(self, table: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
        value = self.as_table(table.get(key, {}), f"{path}.{key}")
        return {name: self.text(value, name, f"{path}.{key}", required=True) or "" for name in value}

    def date(self, table: Mapping[str, Any], key: str, path: str) -> dt.date:
        value = table.get(key)
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        if value is None:
            self.problems.add("key_missing", column=f"{path}.{key}")
        else:
            self.problems.add("wrong_type", column=f"{path}.{key}", value=str(value), expected="date")
        return dt.date.min

    def choice(self, value: str | None, path: str, known: tuple[str, ...]) -> str:
        if value is None or value in known:
            return value or ""
        self.problems.add("unknown_code", column=path, value=value, known=", ".join(known))
        return ""

    def names(self, names: tuple[str, ...], path: str, dates: Mapping[str, DateColumn]) -> tuple[str, ...]:
        for name in names:
            if name not in dates and name != DATA_DATE:
                self.problems.add("unknown_date", column=path, value=name, known=", ".join([*dates, DATA_DATE]))
        return names


def _register(reader: _Reader, table: dict[str, Any]) -> RegisterInfo:
    words = ("code", "name_vi", "name_en", "source", "licence", "attribution", "caveat_vi", "caveat_en", "scope")
    required = ("code", "name_vi", "name_en", "source", "licence", "scope")
    reader.only(table, "register", (*words, "data_date", "records"))
    given = {word: reader.text(table, word, "register", required=word in required) or "" for word in words}
    given["scope"] = reader.choice(given["scope"] or None, "register.scope", texts(Scope))
    return RegisterInfo(
        **given, data_date=reader.date(table, "data_date", "register"), not_kept=" ".join(_not_kept(reader, table))
    )


def _not_kept(reader: _Reader, table: dict[str, Any]) -> list[str]:
    """The records that a register which names those it keeps does not; none where it names none."""
    if "records" not in table:
        return []
    kept = reader.list_of_texts(table, "records", "register")
    known = tuple(name for name in RECORDS if name not in MADE_HERE)
    for name in kept:
        reader.choice(name, "register.records", known)
    return [name for name in known if name not in kept]


def _form(reader: _Reader, table: dict[str, Any]) -> tuple[Form, tuple[str, ...]]:
    reader.only(table, "file", ("encoding", "delimiter", "sheet", "header_row", "empty"))
    delimiter = reader.text(table, "delimiter", "file")
    if delimiter is not None and delimiter not in DELIMITERS:
        known = ", ".join(repr(mark) for mark in DELIMITERS)
        reader.problems.add("unknown_code", column="file.delimiter", value=delimiter, known=known)
    header_row = table.get("header_row", 1)
    if type(header_row) is not int or header_row < 1:
        reader.problems.add("wrong_type", column="file.header_row", value=str(header_row), expected="1, 2, 3 ...")
        header_row = 1
    form = Form(
        encoding=reader.text(table, "encoding", "file"),
        delimiter=delimiter,
        sheet=reader.text(table, "sheet", "file"),
        header_row=header_row,
        keeps_blank_rows=True,
        keeps_midnight=True,
    )
    return form, reader.list_of_texts(table, "empty", "file")


def _fields(reader: _Reader, table: dict[str, Any]) -> dict[str, Value]:
    reader.only(table, "fields", tuple(FIELD_KINDS))
    fields = {
        key: _value(reader, reader.as_table(value, f"fields.{key}"), f"fields.{key}")
        for key, value in table.items()
        if key in FIELD_KINDS
    }
    if "ref" not in fields:
        reader.problems.add("key_missing", column="fields.ref")
    if "title_vi" not in fields and "title_en" not in fields:
        reader.problems.add("key_missing", column="fields.title_vi")
    return fields


def _value(reader: _Reader, table: dict[str, Any], path: str, *, split: bool = False) -> Value:
    keys = ("column", "constant", "map", "default", *(("separator",) if split else ()))
    reader.only(table, path, keys)
    column, constant = reader.text(table, "column", path), reader.text(table, "constant", path)
    if (column is None) == (constant is None):
        reader.problems.add("column_or_constant", column=path)
    if constant is not None and ("map" in table or "default" in table):
        reader.problems.add("constant_alone", column=path)
    return Value(
        column=column,
        constant=constant,
        values=MappingProxyType(reader.texts(table, "map", path)) if "map" in table else None,
        default=reader.text(table, "default", path),
        separator=reader.text(table, "separator", path) if split else None,
    )


def _date_column(reader: _Reader, table: dict[str, Any], path: str) -> DateColumn:
    reader.only(table, path, ("column", "formats"))
    formats = reader.list_of_texts(table, "formats", path) or DEFAULT_FORMATS
    for form in formats:
        parts = re.findall(r"%(.)", form)
        known = len(parts) == len(set(parts)) and set(parts) <= _FORMAT_PARTS
        if not known or [len(group & set(parts)) for group in _DATE_PARTS] != [1, 1, 1]:
            reader.problems.add("date_format", column=f"{path}.formats", value=form)
    return DateColumn(column=reader.text(table, "column", path, required=True) or "", formats=formats)


def _event(reader: _Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Event:
    reader.only(table, path, ("state", "date", "undated", "when", "received"))
    state = reader.choice(reader.text(table, "state", path, required=True), f"{path}.state", STATES)
    date = reader.text(table, "date", path)
    undated = reader.names(reader.list_of_texts(table, "undated", path), f"{path}.undated", dates)
    if date is not None:
        reader.names((date,), f"{path}.date", dates)
    elif not undated:
        reader.problems.add("key_missing", column=f"{path}.date")
    conditions = table.get("when", [])
    when = tuple(
        _condition(reader, reader.as_table(item, f"{path}.when"), f"{path}.when", dates)
        for item in (conditions if isinstance(conditions, list) else [conditions])
    )
    return Event(state=state, date=date, undated=undated, when=when, received=_received(reader, table, path, dates))


def _received(reader: _Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> tuple[str, ...]:
    return reader.names(reader.list_of_texts(table, "received", path), f"{path}.received", dates)


def _condition(reader: _Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Condition:
    reader.only(table, path, ("column", "is", "is_not", "given", "date", "has_come"))
    column, date = reader.text(table, "column", path), reader.text(table, "date", path)
    tests = [key for key in ("is", "is_not", "given", "has_come") if key in table]
    fitting = ("has_come",) if date is not None else ("is", "is_not", "given")
    if (column is None) == (date is None) or len(tests) != 1 or tests[0] not in fitting:
        reader.problems.add("condition_unclear", column=path)
        return Condition()
    if date is not None:
        reader.names((date,), path, dates)
    if tests[0] in ("is", "is_not"):
        texts = reader.list_of_texts(table, tests[0], path)
        return Condition(column=column, texts=texts, holds=tests[0] == "is")
    if not isinstance(table[tests[0]], bool):
        reader.problems.add(
            "wrong_type", column=f"{path}.{tests[0]}", value=str(table[tests[0]]), expected="true, false"
        )
    return Condition(column=column, date=date, holds=bool(table[tests[0]]))


def _target(reader: _Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Target:
    reader.only(table, path, ("date", "since", "reason", "received"))
    date = reader.text(table, "date", path, required=True) or ""
    since = reader.list_of_texts(table, "since", path)
    if not since:
        reader.problems.add("key_missing", column=f"{path}.since")
    reader.names((date, *since), path, dates)
    received = _received(reader, table, path, dates)
    return Target(date=date, since=since, reason=reader.text(table, "reason", path) or "", received=received)


def _exchange(reader: _Reader, table: dict[str, Any], path: str) -> Exchange:
    reader.only(table, path, ("code", "name_vi", "name_en", "kind", "held_on", "partner"))
    words = {key: reader.text(table, key, path, required=True) or "" for key in ("code", "name_vi", "name_en", "kind")}
    return Exchange(**words, held_on=reader.date(table, "held_on", path), partner=reader.text(table, "partner", path))
