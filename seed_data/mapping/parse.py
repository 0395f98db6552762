"""Reading a mapping's TOML, with every mistake in it noted rather than the first."""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from files import DELIMITERS, Form
from kpi.register import MADE_HERE, RECORDS
from kpi.vocabulary import STATES, Scope, texts
from seed_data.mapping import further
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
from seed_data.mapping.toml import Reader

TO_FILL_IN = "?"
"""What a draft has where a person has to say something."""

DEFAULT_FORMATS = ("%Y-%m-%d", "%d/%m/%Y")
_DATE_PARTS = ({"Y", "y"}, {"m", "b", "B"}, {"d"})
_FORMAT_PARTS = frozenset("YmdybBHMSf")


def parse(text: bytes, *, name: str) -> MappingDeclaration:
    """The mapping in a TOML file's bytes. Raises `MappingError` with everything wrong in it."""
    problems = Problems(name)
    document = loaded(text, problems)
    _filled_in(document, "", problems)
    problems.refuse()
    reader = Reader(problems)
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
    reader.only(agencies, "agencies", ("aliases", "country_column", "new"))
    partners, new_partners = further.partners(reader, document)
    declaration = MappingDeclaration(
        name=name,
        register=register,
        form=form,
        empty=empty,
        fields=MappingProxyType(fields),
        dates=MappingProxyType(dates),
        partners=tuple(_value(reader, item, key, split=True) for key, item in partners),
        coordinating=tuple(
            _value(reader, item, key, split=True) for key, item in reader.tables(document, "coordinating")
        ),
        exchanges=tuple(_exchange(reader, item, key) for key, item in reader.tables(document, "exchanges")),
        events=events,
        targets=targets,
        aliases=MappingProxyType(reader.texts(agencies, "aliases", "agencies")),
        settings=MappingProxyType(further.settings(reader, document)),
        country_column=reader.text(agencies, "country_column", "agencies"),
        new_partners=new_partners,
        new_agencies=further.agencies(reader, agencies),
        new_tiers=further.tiers(reader, document),
    )
    _ignoring(reader, declaration)
    problems.refuse()
    return declaration


def _filled_in(value: object, path: str, problems: Problems) -> None:
    """Note everything that a draft leaves open; until then the rest is not worth reading."""
    if value == TO_FILL_IN:
        problems.add("to_fill_in", column=path.lstrip("."))
    elif isinstance(value, dict):
        for key, item in value.items():
            _filled_in(item, f"{path}.{key}", problems)
    elif isinstance(value, list):
        for place, item in enumerate(value, start=1):
            if isinstance(item, dict):
                _filled_in(item, f"{path}[{place}]", problems)


def _ignoring(reader: Reader, declaration: MappingDeclaration) -> None:
    """What is ignored must be of a column that would decide something: elsewhere it has no meaning."""
    for column, said in declaration.settings.items():
        for key, given in (("ignore", said.ignore), ("optional", said.optional)):
            if given and column not in declaration.deciding():
                reader.problems.add("decides_nothing", column=f"columns.{column!r}.{key}")


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
    "tiers",
    "columns",
)


def loaded(text: bytes, problems: Problems) -> dict[str, Any]:
    try:
        return tomllib.loads(unicodedata.normalize("NFC", text.removeprefix(codecs.BOM_UTF8).decode("utf-8")))
    except UnicodeDecodeError as error:
        problems.add("undecodable", row=text.count(b"\n", 0, error.start) + 1, encoding="utf-8")
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"\(at line (\d+)", str(error))
        problems.add("toml_syntax", row=int(line[1]) if line else None, detail=str(error))
    problems.refuse()
    raise AssertionError("refuse() raises when a problem was added")


def _register(reader: Reader, table: dict[str, Any]) -> RegisterInfo:
    words = ("code", "name_vi", "name_en", "source", "licence", "attribution", "caveat_vi", "caveat_en", "scope")
    required = ("code", "name_vi", "name_en", "source", "licence", "scope")
    reader.only(table, "register", (*words, "data_date", "records"))
    given = {word: reader.text(table, word, "register", required=word in required) or "" for word in words}
    given["scope"] = reader.choice(given["scope"] or None, "register.scope", texts(Scope))
    return RegisterInfo(
        **given, data_date=reader.date(table, "data_date", "register"), not_kept=" ".join(_not_kept(reader, table))
    )


def _not_kept(reader: Reader, table: dict[str, Any]) -> list[str]:
    """The records that a register which names those it keeps does not; none where it names none."""
    if "records" not in table:
        return []
    kept = reader.list_of_texts(table, "records", "register")
    known = tuple(name for name in RECORDS if name not in MADE_HERE)
    for name in kept:
        reader.choice(name, "register.records", known)
    return [name for name in known if name not in kept]


def _form(reader: Reader, table: dict[str, Any]) -> tuple[Form, tuple[str, ...]]:
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


def _fields(reader: Reader, table: dict[str, Any]) -> dict[str, Value]:
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


def _value(reader: Reader, table: dict[str, Any], path: str, *, split: bool = False) -> Value:
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


def _date_column(reader: Reader, table: dict[str, Any], path: str) -> DateColumn:
    reader.only(table, path, ("column", "formats"))
    formats = reader.list_of_texts(table, "formats", path) or DEFAULT_FORMATS
    for form in formats:
        parts = re.findall(r"%(.)", form)
        known = len(parts) == len(set(parts)) and set(parts) <= _FORMAT_PARTS
        if not known or [len(group & set(parts)) for group in _DATE_PARTS] != [1, 1, 1]:
            reader.problems.add("date_format", column=f"{path}.formats", value=form)
    return DateColumn(column=reader.text(table, "column", path, required=True) or "", formats=formats)


def _event(reader: Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Event:
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


def _received(reader: Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> tuple[str, ...]:
    return reader.names(reader.list_of_texts(table, "received", path), f"{path}.received", dates)


def _condition(reader: Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Condition:
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


def _target(reader: Reader, table: dict[str, Any], path: str, dates: Mapping[str, DateColumn]) -> Target:
    reader.only(table, path, ("date", "since", "reason", "received"))
    date = reader.text(table, "date", path, required=True) or ""
    since = reader.list_of_texts(table, "since", path)
    if not since:
        reader.problems.add("key_missing", column=f"{path}.since")
    reader.names((date, *since), path, dates)
    received = _received(reader, table, path, dates)
    return Target(date=date, since=since, reason=reader.text(table, "reason", path) or "", received=received)


def _exchange(reader: Reader, table: dict[str, Any], path: str) -> Exchange:
    reader.only(table, path, ("code", "name_vi", "name_en", "kind", "held_on", "partner"))
    words = {key: reader.text(table, key, path, required=True) or "" for key in ("code", "name_vi", "name_en", "kind")}
    return Exchange(**words, held_on=reader.date(table, "held_on", path), partner=reader.text(table, "partner", path))
