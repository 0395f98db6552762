"""The operator's tool: prepare a store, load a register, read scorecards, keep accounts, serve.

`python manage.py --help` lists the commands, `docs/command_line.md` the contract of their JSON. Exit status: 0 done,
1 the file to be loaded has problems (they are listed, nothing is stored), 2 the command could not run (one line why).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence

import typer
import typer.main

from cli import (
    directives,
    explaining,
    fetching,
    figures,
    keeping,
    lists,
    mappings,
    people,
    periods,
    printing,
    publications,
    refreshing,
    registers,
    reminders,
    review,
    samples,
    serving,
    uploads,
)
from cli.packs import speaking
from cli.reading import CannotRunError
from data_access import settings
from data_access.acting import Refused
from data_access.store import failures
from seed_data.store import StoreInUseError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__
)
for room in (
    registers,
    refreshing,
    mappings,
    fetching,
    figures,
    explaining,
    people,
    uploads,
    review,
    periods,
    printing,
    lists,
    reminders,
    samples,
    directives,
    publications,
    keeping,
    serving,
):
    room.add_to(app)


@functools.cache
def _command() -> Callable[..., None]:
    """All commands, put together once: who runs several in one process, as tests do, would wait longer for that than for many of
    them."""
    return typer.main.get_command(app)


def _with_lists(arguments: Sequence[str]) -> list[str]:
    """The arguments, those of `init --lists` without a folder as `--lists ""`: an option cannot do without a value by itself."""
    found = list(arguments)
    if found[:1] == ["init"] and "--lists" in found:
        after = found.index("--lists") + 1
        if after == len(found) or found[after].startswith("-"):
            found.insert(after, "")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    try:
        with speaking():
            _command()(args=_with_lists(sys.argv[1:] if arguments is None else arguments), prog_name="manage.py")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except StoreInUseError as error:
        held = f"The store already holds the register {error.code!r} ({error.name})" if error.code else str(error)
        reason = f"{held}. Name an empty one with DATABASE_URL, or with REGISTER=name for a SQLite file of its own."
    except failures.STORE_ERRORS as error:
        reason = f"The store does not answer as it should: {failures.reason_of(error)}"
    except (CannotRunError, settings.SettingsError, Refused, OSError) as error:
        reason = str(error)
    print(f"manage.py: {' '.join(reason.split())}", file=sys.stderr)
    return 2
