"""What kind of file some bytes are, and their cells."""

from __future__ import annotations

from files import package
from files.budget import Budget, Exceeded
from files.csv_file import read_csv
from files.form import Form, Heading
from files.grid import Grid
from files.limits import Limits
from files.ods_file import read_ods
from files.problems import FileProblem
from files.xlsx_file import read_xlsx

_TEXT_FILES = ("csv", "txt", "tsv")
_WORKBOOKS = ("xlsx", "xlsm", "xls", "ods")


def read(data: bytes, name: str, *, form: Form, limits: Limits, heading: Heading) -> Grid | list[FileProblem]:
    """The cells of a CSV or XLSX file, or the problems that keep it from being read; never an exception for what it holds.

    What kind of file it is, its bytes say, and not its name; only text must bear the name of a text.
    """
    if len(data) > limits.bytes:
        return [FileProblem("file_too_large", params={"most": limits.bytes // 1024 // 1024})]
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return [FileProblem("file_empty")]
    budget = Budget(limits, len(data))
    try:
        return _cells(data, name, form, budget, heading)
    except Exceeded as exceeded:
        return [exceeded.problem]


def _cells(data: bytes, name: str, form: Form, budget: Budget, heading: Heading) -> Grid | list[FileProblem]:
    if package.is_package(data):
        read_book = read_ods if package.is_open_document(data) else read_xlsx
        return read_book(data, form=form, budget=budget, heading=heading)
    if package.is_old_or_locked(data):
        return [FileProblem("old_or_locked")]
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    if ending not in _TEXT_FILES:
        return [FileProblem(_misnamed(data) if ending in _WORKBOOKS else "file_type", value=name)]
    return read_csv(data, form=form, budget=budget, heading=heading)


def _misnamed(data: bytes) -> str:
    """What the bytes of a file are that is called a workbook and is none."""
    beginning = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        return "web_page"
    try:
        data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")
    except UnicodeDecodeError:
        return "file_broken"
    return "file_broken" if b"\x00" in data[:2000] else "text_named_workbook"
