"""Bytes of a CSV or XLSX file to the texts of its cells, under one set of rules, whoever sends the file.

    found = apart.read(data, "mau.xlsx")    # Grid, or every problem; in a process of its own, with limits

Nothing here knows what the columns mean. What is imported on the way to `apart.read` is the standard library alone, so that its
process starts at once; `text`, `formula_injection` and `workbook` work on frames and are imported by themselves.
"""

from files.encodings import ENCODINGS
from files.form import DELIMITERS, Form, Heading
from files.grid import Grid
from files.limits import Limits
from files.problems import CODES, FileProblem

__all__ = ["CODES", "DELIMITERS", "ENCODINGS", "FileProblem", "Form", "Grid", "Heading", "Limits"]
