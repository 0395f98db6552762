"""An export of the register's source as it was read, and what of it is kept: what it says that the source did not say before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

_DTYPES: Final[Mapping[str, pl.DataType]] = {
    str(dtype): dtype for dtype in (pl.String(), pl.Int64(), pl.Float64(), pl.Boolean(), pl.Date())
}


@dataclasses.dataclass(frozen=True, eq=False)
class Export:
    """An export of a source, mapped.

    `code` and `source` say which register it is of, `data_date` the day it describes. `fields` are the columns of agreements that
    the mapping fills, `reads` what each part of the register is read from (part -> column; empty: not known). `frames` are by table
    name, as they would be loaded; `lists` what the mapping adds to the reference lists.
    """

    code: str
    source: str
    data_date: dt.date
    fields: tuple[str, ...]
    reads: Mapping[str, str]
    frames: Mapping[str, pl.DataFrame]
    lists: Mapping[str, pl.DataFrame]
    file_name: str
    sha256: str

    @property
    def rows(self) -> int:
        return self.frames["Agreement"].height


@dataclasses.dataclass(frozen=True, eq=False)
class Newer:
    """What an export says that the source did not say before.

    `words`: ref, field, old (what the source said last), new, for agreements that are in both. `new`, `vanished`, `appeared`:
    references that came, went, came back. `rows`: what would be written of them, by table name, with `ref` in place of the id: all
    of what is new, and the days and partners of what changed. `lists`: entries that the store's lists lack.
    """

    data_date: dt.date
    words: pl.DataFrame
    new: tuple[str, ...]
    vanished: tuple[str, ...]
    appeared: tuple[str, ...]
    rows: Mapping[str, pl.DataFrame]
    lists: Mapping[str, pl.DataFrame]
    file_name: str
    sha256: str
    file_rows: int

    @property
    def is_empty(self) -> bool:
        return self.words.is_empty() and not (self.new or self.vanished or self.appeared)

    def as_text(self) -> str:
        """All of it as JSON."""
        told: dict[str, Any] = {
            "data_date": self.data_date.isoformat(),
            "new": self.new,
            "vanished": self.vanished,
            "appeared": self.appeared,
            "file": [self.file_name, self.sha256, self.file_rows],
            "words": _written(self.words),
            "rows": {name: _written(frame) for name, frame in self.rows.items()},
            "lists": {name: _written(frame) for name, frame in self.lists.items()},
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> Newer:
        """What `as_text` gave."""
        told = json.loads(text)
        name, sha256, rows = told["file"]
        return cls(
            data_date=dt.date.fromisoformat(told["data_date"]),
            words=_read(told["words"]),
            new=tuple(told["new"]),
            vanished=tuple(told["vanished"]),
            appeared=tuple(told["appeared"]),
            rows={table: _read(frame) for table, frame in told["rows"].items()},
            lists={table: _read(frame) for table, frame in told["lists"].items()},
            file_name=name,
            sha256=sha256,
            file_rows=rows,
        )


def _written(frame: pl.DataFrame) -> dict[str, Any]:
    columns = {name: str(dtype) for name, dtype in frame.schema.items()}
    return {"columns": columns, "rows": json.loads(frame.write_json())}


def _read(kept: Mapping[str, Any]) -> pl.DataFrame:
    schema = {name: _DTYPES[dtype] for name, dtype in kept["columns"].items()}
    if not kept["rows"]:
        return pl.DataFrame(schema=schema)
    return pl.read_json(io.BytesIO(json.dumps(kept["rows"]).encode()), schema=schema)
