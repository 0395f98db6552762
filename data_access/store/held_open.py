"""A SQLite file stays open in both copies of SQLite that there are in this process, from the first connection to the last.

The driver of Arrow brings a SQLite of its own. The two know nothing of each other, and locks of one process do not keep it from
anything: whichever opens the file first takes nobody else to be there and begins the index of its log anew, on which the other
reads and ends the process with a bus error; and whichever closes it last lets go of the other's locks.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

import adbc_driver_manager
import sqlalchemy as sa
from adbc_driver_manager.dbapi import Connection

from data_access.store.arrow import file_identity, open_file

_held: dict[tuple[int, int], tuple[Connection, set[int]]] = {}
"""By file: the connection that keeps it open, and the engines on it."""

_lock = threading.Lock()
_log = logging.getLogger("agreements.store")


@contextlib.contextmanager
def held_open(engine: sa.Engine) -> Iterator[None]:
    """Around the opening of a connection of `engine`: by one at a time, and from the first one on until the engine is released."""
    path = str(engine.url.database)
    with _lock:
        yield
        identity = file_identity(path)
        if identity is not None and identity not in _held:
            try:
                connection = open_file(path)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM sqlite_master")  # only with a read is the index opened
                    cursor.fetchall()
            except adbc_driver_manager.Error as error:  # whoever opened it says what is wrong with the file
                _log.warning("%s is not kept open: %s", path, error)
                return
            _held[identity] = (connection, set())
        if identity is not None:
            _held[identity][1].add(id(engine))


def release(engine: sa.Engine) -> None:
    """Let go of the files that no other engine is on."""
    with _lock:
        for identity, (connection, engines) in [*_held.items()]:
            engines.discard(id(engine))
            if not engines:
                connection.close()
                del _held[identity]
