"""How commands write: results on standard output as table, JSON or CSV, everything else on standard error."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import polars as pl
import typer

import words
from cli.options import Format
from data_access import store
from seed_data.mapping.build import RegisterFrames
from seed_data.mapping.problems import MappingProblem, in_words
from seed_data.mapping.summary import contradictions, names_by_kind, summarise

MOST_PROBLEMS_SHOWN = 50
MOST_NAMES_SHOWN = 10
"""So many names that stand for nobody a summary shows; the others are one line. `--show-names` lists them all."""
MOST_CONTRADICTIONS_SHOWN = 10
_MOST_LETTERS = 60


def print_frame(frame: pl.DataFrame, output: Format, notes: Mapping[str, str]) -> None:
    """A frame in the format asked for, and on standard error what its reader has to know."""
    if output is Format.JSON:
        print_json(frame.to_dicts())
    elif output is Format.CSV:
        from pages.ui import exports

        sys.stdout.buffer.write(exports.csv(frame, notes=notes))
        sys.stdout.flush()
    else:
        print_table(frame)
    print_notes(notes)


def print_notes(notes: Mapping[str, str]) -> None:
    """What a reader of figures has to know, on standard error."""
    for name, text in notes.items():
        print(f"{name}: {text}", file=sys.stderr)


def print_json(value: object) -> None:
    """JSON in UTF-8, dates as ISO."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=_iso))


def print_table(frame: pl.DataFrame) -> None:
    """Columns side by side; numbers to the right, long texts cut."""
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    lines = [frame.columns, *([_cell(value) for value in row] for row in frame.iter_rows())]
    widths = [max(len(line[place]) for line in lines) for place in range(frame.width)]
    for line in lines:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        print("  ".join(cells).rstrip())


@contextlib.contextmanager
def progress(label: str, rows: int) -> Iterator[store.Told]:
    """A bar on standard error that moves on by the rows it is told of; none where that is no terminal."""
    with typer.progressbar(length=rows, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


@contextlib.contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """The same where only what comes tells how many there are: told how many have come, and of how many."""
    with typer.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def told(come: int, total: int) -> None:
            bar.length = total
            bar.update(come - bar.pos)

        yield told


def print_summary(register: RegisterFrames, *, stored: bool, language: str) -> None:
    """What a register holds and what its file does not say clearly, in words."""
    found = summarise(register, stored=stored)
    with words.in_language(language):
        t, date = words.t, words.date(register.description["data_date"])
        name = found[words.column("name")]
        print(t("mapping.summary_stored" if stored else "mapping.summary_dry", name=name, date=date))
        print("\n" + t("mapping.summary_rows"))
        _print_counts((t(f"mapping.table.{table}"), count) for table, count in found["rows"].items() if count)
        print("\n" + t("mapping.summary_states"))
        _print_counts((words.name("state", state), count) for state, count in found["states"].items())
        print("\n" + t("mapping.summary_agencies"))
        _print_counts((t(f"mapping.agencies.{kind}"), count) for kind, count in found["agencies"].items())
        if found["unresolved"]:
            print("\n" + t("mapping.summary_unresolved"))
            _print_counts(
                (f"{item['name']}  [{t('mapping.' + item['field'])}]", item["agreements"])
                for item in found["unresolved"][:MOST_NAMES_SHOWN]
            )
            others = found["unresolved"][MOST_NAMES_SHOWN:]
            if others:
                carried = sum(item["agreements"] for item in others)
                print(f"{carried:>8}  {words.tn('mapping.summary_further', len(others))}")
        if found["findings"]:
            print("\n" + t("mapping.summary_findings"))
            _print_counts((t(f"mapping.finding.{code}"), count) for code, count in found["findings"].items())
        rows = contradictions(register)
        if rows.height:
            print("\n" + t("mapping.summary_contradictions"))
            print_table(rows.head(MOST_CONTRADICTIONS_SHOWN))
            if rows.height > MOST_CONTRADICTIONS_SHOWN:
                print(words.tn("mapping.summary_further_rows", rows.height - MOST_CONTRADICTIONS_SHOWN))


def print_names(register: RegisterFrames, language: str) -> None:
    """Every name of an agency or a partner and what it was taken for, by field and by how that was seen."""
    with words.in_language(language):
        print("\n" + words.t("mapping.names"))
        for (field, how), names in names_by_kind(register):
            print(
                "\n"
                + words.t("mapping.names_kind", field=words.t(f"mapping.{field}"), how=words.t(f"mapping.how.{how}"))
            )
            _print_counts(
                (name if code is None else f"{name}  ->  {code}", count)
                for name, code, count in names.select("name", "stands_for", "agreements").iter_rows()
            )


def print_problems(problems: Sequence[MappingProblem], language: str) -> None:
    """Every problem on a line of its own, on standard error; of many, the first and how many there are of each kind."""
    with words.in_language(language):
        for problem in problems[:MOST_PROBLEMS_SHOWN]:
            print(in_words(problem, words.t), file=sys.stderr)
        if len(problems) > MOST_PROBLEMS_SHOWN:
            kinds: collections.Counter[str] = collections.Counter()
            for problem in problems:  # some stand for several
                kinds[problem.code] += int(dict(problem.params).get("number", "1"))
            counted = ", ".join(f"{code} {count}" for code, count in kinds.most_common())
            more = words.t("mapping.more", shown=MOST_PROBLEMS_SHOWN, count=kinds.total(), kinds=counted)
            print(more, file=sys.stderr)
        print(words.t("mapping.nothing_stored"), file=sys.stderr)


def _print_counts(items: Iterable[tuple[str, int]]) -> None:
    for name, count in items:
        print(f"{count:>8}  {name}")


def _iso(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
