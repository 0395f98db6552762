"""Whether a store is as it was left: its form, its structure, its row seals or page checksums, its links, its audit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from data_access import audit, store
from data_access.store import failures, seals

_SEAL_WORDS = {
    "changed": "rows are not as they were written",
    "lost": "rows are gone that nobody deleted",
    "unsealed": "rows came in past the application or have lost their seal",
    "unreadable": "the table cannot be read",
    "unguarded": "the triggers that seal its rows are missing or were changed",
}
CHAIN_BREAKS = "the chain breaks here: this entry or one before it was changed, removed or put in"

Protection = Literal["page checksums", "row seals"]
"""What finds that a fault of a disk changed what the store holds."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: which check found it, in which table, how many rows and which (the first of them)."""

    check: str
    message: str
    table: str = ""
    count: int = 1
    rows: tuple[str, ...] = ()


def verify(engine: sa.Engine) -> list[Finding]:
    """Everything that is wrong with a store; nothing where it is sound. Raises nothing: what cannot be read is a finding.

    Checks: `open` (it opens and answers), `revision` (its tables are those of this program), `structure` (SQLite's own
    integrity check), `seals` (every row is as it was written) or `pages` (the server reads every row past its page checksums, and
    met no damage before), `links` (every foreign key leads somewhere), `audit` (the chain holds). It may be in use meanwhile.
    """
    try:
        with engine.connect():
            pass
    except failures.STORE_ERRORS as error:
        return [Finding("open", f"the store cannot be opened: {failures.reason_of(error)}")]
    check, rows = ("pages", _pages) if protection_of(engine) == "page checksums" else ("seals", _seals)
    return [
        *_tried("revision", lambda: _revision(engine)),
        *_tried("structure", lambda: _structure(engine)),
        *_tried(check, lambda: rows(engine)),
        *_tried("links", lambda: _links(engine)),
        *_tried("audit", lambda: _audit(engine)),
    ]


def protection_of(engine: sa.Engine) -> Protection | None:
    """What holds for a store; None for one that cannot be opened."""
    try:
        with engine.connect() as connection:
            return "page checksums" if seals.has_page_checksums(connection) else "row seals"
    except failures.STORE_ERRORS:
        return None


def accept(engine: sa.Engine, *, actor: str, found: Sequence[Finding]) -> None:
    """Take the rows of a store as they stand for right: seal them anew, and put on record what was found to differ."""
    with store.session(engine) as session:
        store.take_turn(session, "register")
        store.take_turn(session, "audit")
        seals.renew_all(session.connection())
        told = [dataclasses.asdict(finding) for finding in found]
        audit.write(session, actor=actor, action="seals.accept", detail={"found": told})


def head_revision() -> str:
    """The revision of the tables this program works with."""
    head = _scripts().get_current_head()
    assert head is not None  # there are migrations
    return head


def knows_revision(revision: str) -> bool:
    """Whether this program has the migrations that lead to a revision."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def revision_of(connection: sa.Connection) -> str | None:
    """The revision of a store's tables; None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(store.MIGRATIONS).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def _tried(check: str, work: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from work()
    except (
        *failures.STORE_ERRORS,
        ValueError,
        TypeError,
        OSError,
    ) as error:  # also of a value that is none of its kind
        yield Finding(check, f"this check could not be carried out: {failures.reason_of(error)}")


def _reading(engine: sa.Engine) -> sa.Connection:
    """A connection that sees one state of the store."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_read_only=True).connect()
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _revision(engine: sa.Engine) -> Iterator[Finding]:
    with _reading(engine) as connection:
        found = revision_of(connection)
    if found != head_revision():
        yield Finding(
            "revision",
            f"the tables are of revision {found or 'none'}, this program's of {head_revision()}: run manage.py init",
        )


def _structure(engine: sa.Engine) -> Iterator[Finding]:
    if engine.dialect.name == "sqlite":
        with _reading(engine) as connection:
            said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        if said != ["ok"]:
            yield Finding("structure", f"the file is damaged: {'; '.join(said[:3])}", count=len(said))


def _seals(engine: sa.Engine) -> Iterator[Finding]:
    with _reading(engine) as connection, connection.begin():
        for damage in seals.check(connection):
            message = _SEAL_WORDS[damage.kind] + (f": {damage.detail}" if damage.detail else "")
            yield Finding("seals", message, damage.table, damage.count, damage.rows)


def _pages(engine: sa.Engine) -> Iterator[Finding]:
    """Reads every row whole, wherever its values are laid down: PostgreSQL checks each page it fetches from disk meanwhile."""
    with _reading(engine) as connection, connection.begin():
        seals.prepare(connection)
        for table in sa.inspect(connection).get_table_names():
            quoted = connection.dialect.identifier_preparer.quote(table)
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(f"SELECT sum(length(t::text)) FROM {quoted} AS t").all()
            except sa.exc.DBAPIError as error:
                yield Finding("pages", f"the table cannot be read: {failures.reason_of(error)}", table)
        told = connection.exec_driver_sql(
            "SELECT checksum_failures, checksum_last_failure FROM pg_stat_database "
            "WHERE datname = current_database() AND checksum_failures > 0"
        ).one_or_none()
    if told is not None:
        met, last = told
        message = f"the server read pages of this database that do not fit their checksums, the last one at {last}"
        yield Finding("pages", message, count=met)


def _links(engine: sa.Engine) -> Iterator[Finding]:
    with _reading(engine) as connection, connection.begin():
        seals.prepare(connection)
        quote = connection.dialect.identifier_preparer.quote
        links = sa.inspect(connection).get_multi_foreign_keys()
        for table, link in ((table, link) for (_, table), found in sorted(links.items()) for link in found):
            target, columns = link["referred_table"], link["constrained_columns"]
            # Written out, as the links of tables that were described anew would be compiled anew: that took most of the time.
            given = [f"own.{quote(one)} IS NOT NULL" for one in columns]
            pairs = zip(columns, link["referred_columns"], strict=True)
            same = " AND ".join(f"target.{quote(other)} = own.{quote(one)}" for one, other in pairs)
            count = connection.exec_driver_sql(
                f"SELECT count(*) FROM {quote(table)} AS own WHERE {' AND '.join(given)} "
                f"AND NOT EXISTS (SELECT 1 FROM {quote(target)} AS target WHERE {same})"
            ).scalar_one()
            if count:
                yield Finding("links", f"{', '.join(columns)} names what is not in {target}", table, count)


def _audit(engine: sa.Engine) -> Iterator[Finding]:
    broken = audit.verify(engine)
    if broken is not None:
        yield Finding("audit", CHAIN_BREAKS, "auditentry", rows=(str(broken),))
