"""Typed access to a mapping's TOML, with every mistake in it noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from seed_data.mapping.declaration import DATA_DATE, DateColumn
from seed_data.mapping.problems import Problems


class Reader:
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

    def tables(self, document: Mapping[str, Any], key: str, path: str = "") -> list[tuple[str, dict[str, Any]]]:
        items, path = document.get(key, []), path or key
        if not isinstance(items, list):
            self.problems.add("wrong_type", column=path, value=str(items), expected=f"[[{path}]]")
            return []
        paths = [f"{path}[{position}]" for position in range(1, len(items) + 1)]
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
        for name in [name for name, mapped in value.items() if mapped == ""]:
            self.problems.add("mapped_to_nothing", column=f"{path}.{key}", value=name)
        return {name: self.text(value, name, f"{path}.{key}") or "" for name in value}

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
