"""One bit of a SQLite file turned, as a disk or a cable does it: no wrong number goes unseen by `soundness.verify`.

SQLite's own integrity check is the control: it must miss some, or this shows nothing.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random
import shutil

import polars as pl
import sqlalchemy as sa

from data_access import register, store
from data_access.keeping import soundness
from data_access.store import failures
from seed_data import demo
from seed_data.mapping.build import RegisterFrames
from seed_data.store import fill
from tests.faults import report
from tests.faults.beneath import flip_bit, path_of
from tests.seed_data import invented_worldbank


@dataclasses.dataclass(frozen=True)
class Flip:
    """What one turned bit did: `wrong` where the register is read without complaint and is not what it was, `loud` where it
    cannot be read; whether SQLite's check says so, and whether ours does."""

    wrong: bool
    loud: bool
    noticed_by_sqlite: bool
    found: bool


def test_every_bit_that_changes_a_figure_is_found(sqlite_engine: sa.Engine, tmp_path: pathlib.Path) -> None:
    with store.session(sqlite_engine) as session:
        register = invented_worldbank.register() if report.IS_SAMPLE else RegisterFrames(demo.frames())
        fill(session, actor="test", register=register, origin="test")
    whole = as_read(sqlite_engine)
    store.close(sqlite_engine)
    source = path_of(sqlite_engine)
    chance = random.Random(2026)
    flips = [
        flipped(source, tmp_path / f"{number}.sqlite", position, whole)
        for number, position in enumerate([*in_titles(source, whole[0], chance), *anywhere(source, chance)])
    ]

    wrong = [flip for flip in flips if flip.wrong]
    silent = [flip for flip in wrong if not flip.noticed_by_sqlite]
    report.add("bits turned in a SQLite file", len(flips))
    report.add("  read without complaint, and wrong", len(wrong))
    report.add("  of these unnoticed by PRAGMA integrity_check (the control)", len(silent))
    report.add("  of these not found by manage.py verify", sum(not flip.found for flip in wrong))
    report.add("  could not be read, and not found by manage.py verify", sum(f.loud and not f.found for f in flips))
    assert silent, "too few flips: none shows that the seals are needed"
    assert all(flip.found for flip in flips if flip.wrong or flip.loud)


def anywhere(source: pathlib.Path, chance: random.Random) -> list[int]:
    bits = source.stat().st_size * 8
    return [chance.randrange(bits) for _ in range(report.BIT_FLIPS)]


def in_titles(source: pathlib.Path, agreements: pl.DataFrame, chance: random.Random) -> list[int]:
    """Bits within a letter of a title: changes that a small sample of the whole file may miss, and SQLite never sees."""
    content = source.read_bytes()
    titles = chance.sample(agreements["title_en"].drop_nulls().to_list(), 4)
    return [8 * (content.index(title.encode()) + 1) + chance.randrange(5) for title in titles]


def flipped(source: pathlib.Path, path: pathlib.Path, position: int, whole: list[pl.DataFrame]) -> Flip:
    shutil.copy(source, path)
    flip_bit(path, position)
    engine = store.get_engine(f"sqlite:///{path}")
    wrong = loud = False
    try:
        wrong = not all(now.equals(then) for now, then in zip(as_read(engine), whole, strict=True))
    except (*failures.STORE_ERRORS, OSError, ValueError, TypeError, pl.exceptions.PolarsError):
        loud = True
    found = soundness.verify(engine)
    noticed = any(finding.check in ("open", "structure") for finding in found)
    store.close(engine)
    path.unlink()
    return Flip(wrong, loud, noticed, bool(found))


def as_read(engine: sa.Engine) -> list[pl.DataFrame]:
    """Everything a figure, a name or a page is made from."""
    read = register.read_register(engine)
    parts = [getattr(read, field.name) for field in dataclasses.fields(read)]
    frames = [part if isinstance(part, pl.DataFrame) else pl.DataFrame({"kept": sorted(part)}) for part in parts]
    version = register.read_data_version(engine)
    described = pl.DataFrame([version.model_dump()]) if version is not None else pl.DataFrame()
    return [*frames, register.read_names(engine), described]
