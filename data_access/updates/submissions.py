"""What is kept of an upload that waits: the rows as they were confirmed, and the differences as they were seen."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import polars as pl
from sqlmodel import Session

from data_access.store import models
from kpi.update import Change, Conflict, Problem, Table
from kpi.update.cells import ROW
from kpi.update.choices import Choice
from kpi.update.columns import BY_CODE, FormColumn


@dataclasses.dataclass(frozen=True, eq=False)
class Submission:
    """A waiting upload as its sender confirmed it.

    `table` is what waits of the file, `seen` its differences, `overriding` those that somebody else had changed after the
    template was taken and for which the sender chose the file's value. `days`, by row, are those on which new targets count as set
    where the file does not say. `versions` are the row versions of the whole confirmation,
    what went straight in included: they tell the same confirmation from a later one of the same file. `notices` are those that the
    sender acknowledged.
    """

    table: Table
    seen: tuple[Change, ...]
    overriding: tuple[Conflict, ...]
    days: Mapping[int, str]
    versions: Mapping[int, int]
    notices: tuple[Problem, ...] = ()


def keep(session: Session, batch_id: int, submission: Submission) -> None:
    """Store it for a batch. The caller commits."""
    session.add(
        models.UploadSubmission(batch_id=batch_id, content=content_of(submission.table), seen=_seen_of(submission))
    )
    session.flush()


def kept(batch: models.UploadBatch, stored: models.UploadSubmission) -> Submission:
    """What was stored for a batch."""
    content, seen = json.loads(stored.content), json.loads(stored.seen)
    frame = frame_of(content)
    changes = tuple(Change(*cell) for cell in seen["changes"])
    return Submission(
        table=Table(frame, batch.file_name, batch.file_sha256, MappingProxyType(content["headers"]), is_excerpt=True),
        seen=changes,
        overriding=tuple(Conflict(changes[place], base) for place, base in seen["overriding"]),
        days=MappingProxyType({int(row): day for row, day in seen["days"].items()}),
        versions=MappingProxyType({int(number): version for number, version in seen["versions"].items()}),
        notices=heard(seen.get("notices", ())),
    )


def content_of(table: Table) -> str:
    """The rows of a table as JSON. Equal tables have equal texts."""
    codes = [name for name in table.frame.columns if name != ROW]
    headers = {code: table.headers.get(code, code) for code in codes}
    rows = table.frame.select(ROW, *codes).rows()
    return _text({"columns": codes, "headers": headers, "rows": rows})


def frame_of(content: Mapping[str, Any]) -> pl.DataFrame:
    """The rows of `content_of`, read from JSON."""
    schema = {ROW: pl.Int64, **dict.fromkeys(content["columns"], pl.String)}
    return pl.DataFrame(content["rows"], schema=schema, orient="row", strict=True)


def _seen_of(submission: Submission) -> str:
    places = {change: place for place, change in enumerate(submission.seen)}
    return _text(
        {
            "changes": [dataclasses.astuple(change) for change in submission.seen],
            "overriding": [(places[conflict.change], conflict.base) for conflict in submission.overriding],
            "days": {str(row): day for row, day in submission.days.items()},
            "versions": {str(number): version for number, version in submission.versions.items()},
            "notices": told(submission.notices),
        }
    )


def told(notices: Iterable[Problem]) -> list[tuple[object, ...]]:
    """Notices as JSON has them."""
    return [
        (notice.code, notice.row, notice.column, notice.value, {k: _plain(v) for k, v in notice.params.items()})
        for notice in notices
    ]


def heard(kept: Iterable[Sequence[Any]]) -> tuple[Problem, ...]:
    """What `told` was given."""
    return tuple(_notice(*parts) for parts in kept)


def _notice(code: str, row: int | None, column: str | None, value: str | None, params: dict[str, Any]) -> Problem:
    meant = {name: _meant(content) for name, content in params.items()}
    return Problem(code, row=row, column=column, value=value, params=meant, blocking=False)


def _plain(content: object) -> object:
    """A parameter of a notice as JSON: days, columns and choices by what they are."""
    if isinstance(content, tuple):
        return [_plain(part) for part in content]
    if isinstance(content, dt.date):
        return {"day": content.isoformat()}
    if isinstance(content, FormColumn):
        return {"column": content.code}
    if isinstance(content, Choice):
        return {"choice": [content.code, content.vi, content.en]}
    return content


def _meant(content: Any) -> object:
    """What `_plain` was given."""
    if isinstance(content, list):
        return tuple(_meant(part) for part in content)
    if not isinstance(content, dict):
        return content
    kind, said = next(iter(content.items()))
    return dt.date.fromisoformat(said) if kind == "day" else BY_CODE[said] if kind == "column" else Choice(*said)


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
