"""The log: one line per event, for people or, as JSON with what a line tells of under names of their own, for programs."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
from typing import Any, Final

_EVENT: Final = "told_event"
_FIELDS: Final = "told_fields"
# JSON leaves these as they are, and programs that read lines may take them for the end of one.
_LINE_ENDS: Final = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def told(event: str, **fields: object) -> dict[str, Any]:
    """What a line tells, as the `extra` of a logging call: the event (`sign_in.failed`) and its particulars.

    The words of the line stay what people read; a program need not take them apart.
    """
    return {_EVENT: event, _FIELDS: fields}


def begin(log_format: str) -> None:
    """Write to standard error, in the form asked for, from warnings upwards. What a thread dies of and what Python warns of too."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger().handlers[0].setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.captureWarnings(True)
    threading.excepthook = _log_end_of_thread


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        name = "" if ended.thread is None else ended.thread.name
        logging.getLogger("agreements").error("a thread ended: %s", name, exc_info=ended.exc_value)


class TextLines(logging.Formatter):
    """Writes moment (UTC), level, logger and message on one line, however many the message has; below it, set in, a traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(name)s: %(message)s")
        self.converter = time.gmtime  # the clock by which the store and its audit go

    def formatMessage(self, record: logging.LogRecord) -> str:
        return "\\n".join(super().formatMessage(record).splitlines())

    def formatException(self, ei: Any) -> str:
        return "\n".join(f"    {line}" for line in super().formatException(ei).splitlines())


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
        return json.dumps(line, ensure_ascii=False, default=str).translate(_LINE_ENDS)
