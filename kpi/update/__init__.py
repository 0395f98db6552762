"""Uploads: bytes to a table, a table to checked cells, checked cells to differences; and the template they start from.

    table = read_table(data, "mau.xlsx")               # Table, or every problem with the file's form
    checked = check_rows(table, current, today=today)  # Checked, or every problem with its rows
    preview = compare(checked, current)                # old -> new for each cell, and the rows to be stored

Nothing here knows a store or a screen. `Current` comes from `data_access.updates`, which also stores a `Preview`.
"""

from kpi.update.changes import KINDS, Change, Kind, kind_of, place_of
from kpi.update.checks import Checked, check_rows
from kpi.update.current import Current
from kpi.update.differences import Conflict, Preview, compare, set_aside
from kpi.update.effects import projected
from kpi.update.problems import Problem, key_of, message
from kpi.update.returned import with_remarks, with_room
from kpi.update.table import Table, read_table, table_of
from kpi.update.template import template

__all__ = [
    "KINDS",
    "Change",
    "Checked",
    "Conflict",
    "Current",
    "Kind",
    "Preview",
    "Problem",
    "Table",
    "check_rows",
    "compare",
    "key_of",
    "kind_of",
    "message",
    "place_of",
    "projected",
    "read_table",
    "set_aside",
    "table_of",
    "template",
    "with_remarks",
    "with_room",
]
