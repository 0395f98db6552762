"""What is wrong with an upload: codes here and in `files`, their words in the catalogs `intake` and `files`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import files
import words
from files import FileProblem
from files.grid import letters
from kpi.update.columns import name_of

OR = " / "
"""What stands between two readings of one date."""

LONGEST_QUOTED = 80
"""Characters of a cell that a message repeats."""


CODES = frozenset(
    (
        "already_registered", "already_registered_in_file", "apostrophe_taken", "blocker_dates",
        "blocker_twice", "blocker_unknown", "cannot_clear", "cell_emptied", "cell_kept", "changed_since",
        "choice", "column_missing", "column_moved", "column_twice", "column_unknown", "column_unnamed",
        "columns_not_read", "completed_without_evidence", "date_ambiguous", "date_backwards", "date_format",
        "date_impossible", "date_in_future", "date_range", "date_serial", "date_time", "day_of_state_moved",
        "deliverable_replaced", "file_empty", "former_entry", "header_not_first", "heading_row_absent", "heading_unknown", "link",
        "looks_registered",
        "looks_registered_in_file", "more_of_a_kind", "move_approval_not_needed", "move_back_elsewhere",
        "move_by_coordinator", "move_from_the_end", "move_not_allowed", "move_not_for_treaties",
        "new_agreement_needs", "new_blocker_needs", "new_report_needs", "no_known_columns", "no_period_open", "no_rows",
        "not_unicode", "number", "one_percent", "original_target", "percent", "percent_range", "percent_share",
        "period_missing", "progress_falls", "read_only", "ref_missing", "ref_unknown", "report_before_period",
        "report_empty", "row_version", "rows_above", "rows_below", "rows_disagree", "state_date_missing",
        "state_date_without_move", "state_document_unclear", "state_document_without_move",
        "target_before_signing", "target_far", "target_in_past", "target_not_moved", "target_reason_missing",
        "text_destroyed", "text_elsewhere", "text_odd", "text_too_long", "two_headers", "waits_otherwise",
    )
)  # fmt: skip
"""Everything that can be wrong with an upload, or worth knowing, besides `files.CODES`; each has its words in the catalog
`intake` (those of files alone in `files`), under its own name and `kind_` and it."""


@runtime_checkable
class Named(Protocol):
    """Something with a name in each language: a column, a choice."""

    def name(self, language: str) -> str: ...


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing to put right, or to know: `code` names its words (`key_of`).

    `row` is the row number a spreadsheet shows for the file (the header is in row 1). `column` is a column's code, or the
    header as it stands in the file where no column is meant by it. `suggestion` is what to write instead, where that is
    clear. A problem that is not `blocking` is a notice: it asks to be read and does not stop anything.
    """

    code: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)
    suggestion: str | Named | None = None
    blocking: bool = True

    def __post_init__(self) -> None:
        if self.code not in CODES | files.CODES:
            raise ValueError(f"no problem is called {self.code!r}")

    def placeholders(self, language: str) -> dict[str, str]:
        """What the words of this problem may contain, as texts in a language: row, column, value, suggestion and `params`."""
        return {
            "row": "" if self.row is None else str(self.row),
            "column": "" if self.column is None else name_of(self.column, language),
            "value": shortened(self.value or ""),
            "suggestion": _written(self.suggestion or "", language),
            **{name: _written(content, language) for name, content in self.params.items()},
        }


def told(found: FileProblem, *, columns: Mapping[int, str] = MappingProxyType({}), blocking: bool = True) -> Problem:
    """What was found in a file as a problem of the upload. `columns` names places of the file, others get their letters."""
    column = found.column
    if isinstance(column, int):
        column = columns.get(column, letters(column))
    return Problem(found.code, found.row, column, found.value, found.params, blocking=blocking)


def key_of(code: str, *, kind: bool = False) -> str:
    """The key of the words for a code, or of the name of its kind."""
    return f"{'intake' if code in CODES else 'files'}.{'kind_' if kind else ''}{code}"


Say = Callable[..., str]
"""Gives the words for a key of the catalogs, with values for its placeholders: `say("intake.date_format", row="3")`."""


def message(problem: Problem, *, say: Say, language: str) -> str:
    """The words of a problem in a language: where it is, what is wrong, what to do and, where there is one, the suggestion."""
    values = problem.placeholders(language)
    if problem.code == "more_of_a_kind":
        values["kind"] = say(key_of(values["kind"], kind=True))
    words = [say(key_of(problem.code), **values)]
    if problem.row is not None:
        words.insert(0, say("intake.place_row" if problem.column is None else "intake.place_cell", **values))
    if problem.suggestion:
        words.append(say("intake.suggestion", **values))
    return " ".join(words)


def _written(content: object, language: str) -> str:
    if isinstance(content, Named):
        return content.name(language)
    if isinstance(content, dt.date):
        with words.in_language(language):
            # Years before 1000 keep their zeros, which `strftime` leaves out on some systems.
            return content.strftime(words.t("intake.day_pattern").replace("%Y", f"{content.year:04}"))
    if isinstance(content, tuple):
        return ", ".join(_written(part, language) for part in content)
    return str(content)


def shortened(text: str) -> str:
    """A text as a message repeats it."""
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def capped(problems: Iterable[Problem], most: int) -> list[Problem]:
    """Problems in the order of the file, those about columns first; of each kind at most so many, then one that counts the rest."""
    ordered = sorted(problems, key=lambda problem: (problem.row is not None, problem.row or 0))
    seen: Counter[str] = Counter()
    kept = []
    for problem in ordered:
        seen[problem.code] += 1
        if seen[problem.code] <= most:
            kept.append(problem)
    for code, count in seen.items():
        if count > most:
            blocking = any(problem.blocking for problem in kept if problem.code == code)
            kept.append(Problem("more_of_a_kind", params={"kind": code, "count": count - most}, blocking=blocking))
    return kept


def are_blocking(problems: Iterable[Problem]) -> bool:
    """Whether any of them stops the upload."""
    return any(problem.blocking for problem in problems)
