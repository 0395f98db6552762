"""What can be wrong with a mapping or the file it describes, as data: words are in the catalog rooms `mapping` and `files`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import files
from files import FileProblem

_SAID_HERE = frozenset(("delimiter_unclear", "file_empty", "not_unicode"))
"""Problems of files for which a mapping has a remedy of its own."""

MOST_PROBLEMS_KEPT = 500
"""Of each kind of problem no more are kept: a file whose every date is wrong has one fault, not a million."""


@dataclasses.dataclass(frozen=True)
class MappingProblem:
    """One thing that keeps a file from being loaded.

    `row` is the file's own numbering as a spreadsheet shows it: the header is row 1, and a record of several lines is
    one row. `column` is the header of the file, or the key in the mapping. `params` fill the message's placeholders. A value
    that is wrong in several rows is one problem: `count` of them, the first of which are `rows`.
    """

    file: str
    code: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    count: int = 1
    rows: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The key of its words in the catalogs."""
        return f"{'files' if self.code in files.CODES - _SAID_HERE else 'mapping'}.{self.code}"


class MappingError(Exception):
    """The file cannot be loaded; `problems` says why, in the order of the file. Nothing was stored."""

    def __init__(self, problems: Iterable[MappingProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s), first: {self.problems[0] if self.problems else None}")


class Problems:
    """Problems as they are found, so that all of them can be shown at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[MappingProblem] = []

    def __iter__(self) -> Iterator[MappingProblem]:
        return iter(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(
        self,
        code: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
        **params: object,
    ) -> None:
        """Note one problem; `params` become the placeholders of its message."""
        self.keep(code, row, column, value, params)

    def add_to_mapping(self, mapping: str, code: str, *, column: str, value: str, **params: object) -> None:
        """Note one problem of the mapping that the file brought to light."""
        filled = tuple((name, str(content)) for name, content in params.items())
        self._found.append(MappingProblem(mapping, code, None, column, value, filled))

    def add_value(
        self, code: str, *, column: str, value: str, count: int, rows: Sequence[int], **params: object
    ) -> None:
        """Note one wrong value of a column, with how many rows carry it and the first of them."""
        filled = tuple((name, str(content)) for name, content in params.items())
        self._found.append(MappingProblem(self.file, code, rows[0], column, value, filled, count, tuple(rows)))

    def keep(
        self, code: str, row: int | None, column: str | None, value: str | None, params: Mapping[str, object]
    ) -> None:
        """The same with the placeholders already together."""
        filled = tuple((name, str(content)) for name, content in params.items())
        self._found.append(MappingProblem(self.file, code, row, column, value, filled))

    def take(self, found: Iterable[FileProblem], columns: Sequence[str] = ()) -> None:
        """Note what was found in a file; `columns` are the names of its columns, in order."""
        for problem in found:
            column = problem.column
            if isinstance(column, int):
                column = columns[column] if column < len(columns) else None
            self.keep(problem.code, problem.row, column, problem.value, problem.params)

    def refuse(self) -> None:
        """Raise `MappingError` if anything was found."""
        if self._found:
            raise MappingError(self._found)


def in_words(problem: MappingProblem, t: Callable[..., str]) -> str:
    """A problem on one line: file, row (or how many, and the first), column, and what to do. `t` gives the words for a key."""
    place = [problem.file]
    if problem.count > 1:
        shown = ", ".join(map(str, problem.rows)) + (", ..." if problem.count > len(problem.rows) else "")
        place.append(t("mapping.rows", count=problem.count, rows=shown))
    elif problem.row is not None:
        place.append(t("mapping.row", row=problem.row))
    if problem.column is not None:
        place.append(t("mapping.column", column=problem.column))
    value = "" if problem.value is None else problem.value[:120]
    text = t(problem.key, **{"value": value, "row": problem.row, **dict(problem.params)})
    return " ".join(f"{', '.join(place)}: {text}".split())
