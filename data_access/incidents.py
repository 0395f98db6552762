"""What a reader is told when something fails: one sentence with what to do, and a number under which the log has the rest."""

from __future__ import annotations

import json
import logging
import secrets

import words
from data_access.store import failures

_log = logging.getLogger("agreements.incident")


def record(error: BaseException, *, where: str) -> str:
    """Put a failure into the log, with all that is known of it, and give its number."""
    number = secrets.token_hex(4).upper()
    told = {
        "incident": number,
        "where": where,
        "kind": failures.kind_of(error) or "other",
        "error": type(error).__name__,
        "reason": failures.reason_of(error),
    }
    _log.error(json.dumps(told, ensure_ascii=False), exc_info=error)
    return number


def sentence(error: BaseException, *, number: str) -> str:
    """What happened as far as it is the reader's business, what to do, and the number; in the reader's language."""
    kind = failures.kind_of(error)
    return words.t("frame.incident" if kind is None else f"frame.incident_{kind}", number=number)
