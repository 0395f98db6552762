"""Applies batch after batch to a store until it is killed.

    python -m tests.faults.applier sqlite:///... transaction

For each `go` on standard input a process is forked that says on standard output its number (`p 4711`), `s` as it begins to
apply, and `a 7` once batch 7 is stored and it has been told so; then the next one. `d 4711` follows when it is dead. With
`statements` in place of `transaction` every statement is committed by itself: the control.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlmodel import Session

REFS = ("A-1", "A-2", "A-3", "A-4")


def content(number: int) -> str:
    """The file of batch `number`: the same cells as every other, each with the number in it."""
    lines = ["ref,deliverable_en,current_target,target_reason,report_period,report_date,shows_progress,progress"]
    day = dt.date(2026, 2, 1) + dt.timedelta(days=number % 1_400)  # further away it would wait for review
    said = f"lần {number}"
    lines += [f"{ref},{said},{day},{said},2025-Q4,2026-01-10,có,{said}" for ref in REFS]
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def apply_until_killed(address: str, mode: str) -> None:
    # Only here: declarations are checked when they are imported, which starts threads, and no thread outlives a fork.
    import sqlalchemy as sa

    from data_access import store, updates
    from data_access.settings import normalise_url
    from data_access.store import models
    from tests.data_access.updates.test_updates import INDUSTRY, preview

    address = normalise_url(address)
    engine = store.get_engine(address)
    begin = store.session if mode == "transaction" else _by_statement
    while True:
        with store.session(engine, read_only=True) as session:
            done = session.execute(sa.select(sa.func.count()).select_from(models.UploadBatch)).scalar_one()
        seen = preview(engine, content(done + 1))
        say("s")
        with begin(engine) as session:
            updates.apply(session, actor=INDUSTRY, preview=seen)
        say(f"a {done + 1}")


@contextlib.contextmanager
def _by_statement(engine: sa.Engine) -> Iterator[Session]:
    """A session as `store.session` gives, without its transaction."""
    import sqlalchemy as sa
    from sqlmodel import Session

    from data_access.store import seals

    loose = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(loose, "connect")
        def configure(driver: sqlite3.Connection, _record: Any) -> None:
            seals.add_function(driver)

    with Session(loose, expire_on_commit=False) as opened:
        yield opened
        opened.commit()
    loose.dispose()


def main(address: str, mode: str) -> None:
    """Fork a process for each line read. Nothing of ours was imported, opened or started before a fork.

    What takes longest to import and starts no thread is there already.
    """
    before = ("alembic.command", "sqlmodel", "scipy.special", "scipy.sparse", "babel.messages.pofile", "psycopg")
    for module in (*before, "xlsxwriter", "pytest"):
        importlib.import_module(module)
    assert threading.active_count() == 1
    logging.disable(logging.WARNING)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                apply_until_killed(address, mode)
            except BaseException:  # whatever it was, the process ends here and says so
                logging.disable(logging.NOTSET)
                logging.exception("applying failed")
            os._exit(3)
        say(f"p {pid}")
        os.waitpid(pid, 0)
        say(f"d {pid}")


if __name__ == "__main__":
    main(*sys.argv[1:])
