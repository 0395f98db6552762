"""Briefings on paper and in files: each form draws the same frozen blocks, works nothing out and asks the store nothing.

Who wants a file imports the form it wants by `drawn`; the libraries behind a form are read only then.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import Final

from kpi.briefing.blocks import Briefing


@dataclasses.dataclass(frozen=True)
class Form:
    """A form a briefing is drawn in: its module in this room, and what its files are."""

    module: str
    mime: str


FORMS: Final = {
    "pdf": Form("pdf", "application/pdf"),
    "docx": Form("report", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "pptx": Form("slides", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    "xlsx": Form("sheets", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Every form, by the ending of its files."""


def drawn(briefing: Briefing, ending: str) -> bytes:
    """A briefing as a file of a form, in the reader's language; the same bytes for the same facts. KeyError for no such form."""
    made: bytes = importlib.import_module(f"paper.{FORMS[ending].module}").written(briefing)
    return made
