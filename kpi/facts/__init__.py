"""The one table everything is read from: a register folded into one row per agreement as of a date."""

from kpi.facts.fold import CLASHES, Facts, build
from kpi.facts.history import History, records_kept
from kpi.vocabulary import MINISTRY_KINDS, NOT_GIVEN, PROVINCE_KINDS, REPORT_FIELDS, UNASSIGNED, UNRECORDED

__all__ = [
    "CLASHES",
    "MINISTRY_KINDS",
    "NOT_GIVEN",
    "PROVINCE_KINDS",
    "REPORT_FIELDS",
    "UNASSIGNED",
    "UNRECORDED",
    "Facts",
    "History",
    "build",
    "records_kept",
]
