"""Log lines for programs: one JSON object per line, with what a line tells of under names of their own."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any, Final

_EVENT: Final = "told_event"
_FIELDS: Final = "told_fields"


def told(event: str, **fields: object) -> dict[str, Any]:
    """What a line tells, as the `extra` of a logging call: the event (`sign_in.failed`) and its particulars.

    The words of the line stay what people read; a program need not take them apart.
    """
    return {_EVENT: event, _FIELDS: fields}


class JsonLines(logging.Formatter):
    """Writes `at` (UTC), `level`, `logger`, `message`; where they were told `event` and particulars; `error` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        event = getattr(record, _EVENT, None)
        if event is not None:
            # What is told never takes the place of what the log itself says.
            line = {"event": event} | getattr(record, _FIELDS) | line
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
