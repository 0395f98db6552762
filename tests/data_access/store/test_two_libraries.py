"""Two copies of SQLite read one file in one process: neither pulls the index of the log from under the other."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from data_access.settings import ROOT

READ = """
import pathlib, shutil, sys, threading
import sqlalchemy as sa
from data_access import store
from data_access.store import models

empty, folder = map(pathlib.Path, sys.argv[1:])
for number in range(60):
    path = shutil.copy(empty, folder / f"{number}.sqlite")
    engine = store.get_engine(f"sqlite:///{path}")
    with store.session(engine) as session:
        session.add(models.DataVersion(id=1, version=1))
    over = threading.Event()

    def read():
        while not over.is_set():
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM dataversion").fetchall()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    store.read_frame(engine, sa.select(models.Agency.__table__))  # through the driver of Arrow, for the first time
    over.set()
    for reader in readers:
        reader.join()
    store.close(engine)
"""


@pytest.mark.slow
def test_the_first_read_through_arrow_ends_nobody_who_reads(
    sqlite_migrated: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """In a process of its own, which a bus error would end."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(sqlite_migrated), str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr[-2000:]
