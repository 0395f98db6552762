"""A store in one file, and back: the same form for both kinds of store, made while the store is in use.

A backup is a zip with `manifest.json` and one Parquet file for each table, all read in one snapshot. It holds the whole register
with its history, accounts, what was handed in and the audit. Sessions, tickets and failed sign-ins are left out: who was signed
in when a backup was made is not signed in by restoring it. So are known browsers and drafts: what is a person's own and for some
days is not kept for years, and a draft thrown away does not come back. Row seals are left out too, as the store restored to makes
its own; the manifest says what was wrong with the store when the backup was made.

`manifest.hmac` says that the manifest, and with it the hash of every table, was written with our `APP_SECRET`: hashes alone can be
worked out anew by whoever gives himself another role in the file.

Parquet keeps every value as it is (numbers to the last bit), does not depend on which database wrote it, and needs no client
program beside us, so a register can also move from SQLite to PostgreSQL this way.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import io
import json
import os
import pathlib
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from polars.exceptions import PolarsError
from sqlmodel import Session, SQLModel

from data_access import audit, register, settings, store
from data_access.derived_keys import derive_key
from data_access.keeping import soundness
from data_access.keeping.soundness import Finding
from data_access.store import arrow, failures, models, seals

FORMAT: Final = "agreement-dashboard backup"
FORMAT_VERSION: Final = 2
"""Version 1 has no `manifest.hmac`."""
LEFT_OUT: Final = seals.NOT_SEALED | {"alembic_version"}
"""Tables that are not in a backup."""

_MANIFEST: Final = "manifest.json"
_HMAC: Final = "manifest.hmac"
_USE: Final = b"international agreements dashboard, backup, 1"
_OF_PEOPLE: Final[tuple[type[SQLModel], ...]] = (
    *(models.SignInAttempt, models.SignInTicket, models.UserSession, models.KnownBrowser),
    *(models.UploadDraft, models.UploadDraftFile),
)
"""What is not in a backup and refers to what is: it goes where a store is replaced. Referred-to tables first."""
_READABLE: Final = ("audit", "origin")
_BEFORE_SEALS: Final = ("0001", "0002")
# What Python raises for a zip that is none, or no longer.
_UNREADABLE: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, OSError, EOFError),
    *(KeyError, ValueError, TypeError, AttributeError, NotImplementedError, RuntimeError),
)


class BackupError(Exception):
    """A backup cannot be made or restored; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a backup holds: when it was made (UTC), of which kind of store and revision, the register's code, version and data date,
    the newest audit entry, for each table its rows and the SHA-256 of its file, and what was wrong with the store."""

    made_at: str
    store: str
    revision: str
    register_code: str
    data_version: int
    data_date: str | None
    audit_head: str
    tables: dict[str, dict[str, Any]]
    findings: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> dict[str, int]:
        return {name: int(described["rows"]) for name, described in self.tables.items()}


@dataclasses.dataclass(frozen=True)
class Written:
    """A backup that was made: where, its SHA-256 and size, what it holds, what was wrong with the store meanwhile."""

    path: pathlib.Path
    sha256: str
    size: int
    manifest: Manifest
    findings: tuple[Finding, ...]


# --- Making one ------------------------------------------------------------------------------------------------------


def write(engine: sa.Engine, out: pathlib.Path) -> Written:
    """Write a backup to the file `out`, or to a file named after register and moment in the folder `out`.

    The file appears whole or not at all, readable by its owner only, and was read back. It is written of a damaged store too,
    so far as that can be read: `findings` says what is wrong. Raises `BackupError`, and the store's own errors.
    """
    made_at = models.utc_now().replace(microsecond=0)
    tables = _tables(engine)
    if "dataversion" not in tables:
        raise BackupError("the store has no tables yet: there is nothing to keep")
    files: dict[str, bytes] = {}
    described: dict[str, dict[str, Any]] = {}
    version: dict[str, Any] = {}
    head = ""
    with _named_failures(), store.snapshot(engine) as read:
        revision = read(sa.text("SELECT version_num FROM alembic_version"), {"version_num": pl.String}).item()
        for name, table in tables.items():
            frame = read(sa.select(table).order_by(*table.primary_key.columns))
            files[name] = _packed(frame)
            described[name] = {"rows": frame.height, "sha256": hashlib.sha256(files[name]).hexdigest()}
            if name == "dataversion" and frame.height:
                version = frame.row(0, named=True)
            if name == "auditentry" and frame.height:
                head = frame["hash"][-1]
    findings = tuple(soundness.verify(engine))  # after reading: what is damaged in the file was damaged in the store
    data_date = max(filter(None, (version.get("data_date"), version.get("published_to"))), default=None)
    manifest = Manifest(
        made_at=f"{made_at.isoformat()}Z",
        store=engine.dialect.name,
        revision=revision,
        register_code=version.get("register_code", ""),
        data_version=version.get("version", 0),
        data_date=None if data_date is None else data_date.isoformat(),
        audit_head=head,
        tables=described,
        findings=tuple(dataclasses.asdict(finding) for finding in findings),
    )
    path = _named(out, manifest, made_at)
    _place(path, manifest, files)
    lost = unreadable(path)
    if lost:
        path.unlink()
        raise BackupError(f"the backup does not read back as it was written ({lost[0].message}): try another disk")
    return Written(path, _sha256(path), path.stat().st_size, manifest, findings)


@contextlib.contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except (*failures.STORE_ERRORS, PolarsError, OSError, ValueError, TypeError) as error:
        raise BackupError(
            f"the store cannot be read whole ({failures.reason_of(error)}): manage.py verify says more, "
            "and a copy of the database's own files may hold what can be saved"
        ) from error


def _tables(engine: sa.Engine) -> dict[str, sa.Table]:
    """The tables of a store that belong into a backup, as they are in the store, referred-to ones first."""
    described = sa.MetaData()
    described.reflect(engine)
    return {str(table.name): table for table in described.sorted_tables if table.name not in LEFT_OUT}


def _packed(frame: pl.DataFrame) -> bytes:
    packed = io.BytesIO()
    frame.write_parquet(packed, compression="zstd", statistics=False)
    return packed.getvalue()


def _named(out: pathlib.Path, manifest: Manifest, made_at: dt.datetime) -> pathlib.Path:
    if not out.is_dir():
        if out.exists():
            raise BackupError(f"{out} exists already: name another file, or a folder")
        if not out.parent.is_dir():
            raise BackupError(f"{out.parent} is no folder: make it, or name another")
        return out
    path = out / f"{manifest.register_code or 'register'}-{made_at:%Y%m%dT%H%M%SZ}.backup.zip"
    if path.exists():
        raise BackupError(f"{path} exists already: wait a second, or name a file")
    return path


def _place(path: pathlib.Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    described = {"format": FORMAT, "format_version": FORMAT_VERSION, **dataclasses.asdict(manifest)}
    told = json.dumps(described, ensure_ascii=False, indent=1).encode()
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            with zipfile.ZipFile(opened, "w", zipfile.ZIP_STORED) as packed:
                packed.writestr(_MANIFEST, told)
                packed.writestr(_HMAC, _hmac_of(told))
                for name, content in files.items():
                    packed.writestr(f"tables/{name}.parquet", content)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _hmac_of(told: bytes) -> str:
    return hmac.new(derive_key(settings.load().app_secret, use=_USE), told, hashlib.sha256).hexdigest()


def _sha256(path: pathlib.Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# --- Reading one -----------------------------------------------------------------------------------------------------


def read_manifest(path: pathlib.Path) -> Manifest:
    """What a backup says it holds. Raises `BackupError` for a file that is none."""
    try:
        with zipfile.ZipFile(path) as packed:
            told = json.loads(packed.read(_MANIFEST))
        if told["format"] != FORMAT or told["format_version"] not in range(1, FORMAT_VERSION + 1):
            raise BackupError(f"{path}: its form is not one this program knows; use the version that made it")
        fields = {field.name: told[field.name] for field in dataclasses.fields(Manifest)}
        manifest = Manifest(**{**fields, "findings": tuple(fields["findings"])})
        if not all(isinstance(rows, int) for rows in manifest.rows.values()):
            raise ValueError("rows are numbers")
    except _UNREADABLE as error:
        raise BackupError(f"{path}: not a backup, or a damaged one. Take another.") from error
    return manifest


def check(path: pathlib.Path) -> list[Finding]:
    """Everything that is wrong with a backup: its form, its origin, its tables' hashes and rows, its audit chain."""
    try:
        manifest = read_manifest(path)
    except BackupError as error:
        return [Finding("form", str(error))]
    found = [*_check_origin(path)]
    for name, described in manifest.tables.items():
        try:
            content = _content(path, name)
            if hashlib.sha256(content).hexdigest() != described["sha256"]:
                found.append(Finding("tables", "the content does not have the hash that was written down", name))
                continue
            frame = pl.read_parquet(content)
            if frame.height != described["rows"]:
                found.append(Finding("tables", f"{frame.height} rows where {described['rows']} were written", name))
            if name == "auditentry":
                found.extend(_check_audit(frame, manifest))
        except (*_UNREADABLE, PolarsError) as error:
            found.append(Finding("tables", f"the content cannot be read: {error}", name))
    return found


def unreadable(path: pathlib.Path) -> list[Finding]:
    """What keeps a backup from being restored. An audit that did not hold when it was made does not; nor, for whoever says that
    it may, an origin that nobody can tell."""
    return [finding for finding in check(path) if finding.check not in _READABLE]


def _content(path: pathlib.Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as packed:
        return packed.read(f"tables/{name}.parquet")


def _check_origin(path: pathlib.Path) -> Iterator[Finding]:
    """Nothing where the manifest was written with our `APP_SECRET`."""
    try:
        with zipfile.ZipFile(path) as packed:
            told = packed.read(_MANIFEST)
            given = packed.read(_HMAC) if _HMAC in packed.namelist() else None
    except _UNREADABLE as error:
        yield Finding("origin", f"its HMAC cannot be read: {error}")
        return
    if given is None:
        yield Finding("origin", "it has no HMAC: of an older version, or taken out")
    elif not hmac.compare_digest(given, _hmac_of(told).encode()):
        yield Finding("origin", "its HMAC does not fit: changed, or of another APP_SECRET")


def _check_audit(entries: pl.DataFrame, manifest: Manifest) -> Iterator[Finding]:
    broken = audit.first_broken(models.AuditEntry(**row) for row in entries.sort("id").iter_rows(named=True))
    head = entries.sort("id")["hash"][-1] if entries.height else ""
    if broken is not None:
        yield Finding("audit", soundness.CHAIN_BREAKS, "auditentry", rows=(str(broken.id),))
    elif head != manifest.audit_head:
        yield Finding("audit", "the newest entry is not the one that was written down", "auditentry")


# --- Restoring -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Restored:
    """A store filled from a backup: what came from it, and everything that is wrong with either.

    `findings`: what the checks of the backup found, what those of the store found afterwards, and what else the backup says was
    wrong with the store it was made of.
    """

    manifest: Manifest
    findings: tuple[Finding, ...]


def restore(
    engine: sa.Engine,
    path: pathlib.Path,
    *,
    actor: str,
    replace: bool = False,
    unauthenticated: bool = False,
    told: store.Told | None = None,
) -> Restored:
    """Fill a store from a backup in one transaction; afterwards the store is checked and compared with the backup.

    The store is empty, or with `replace` loses what it holds. Every session in it ends. Numbering goes on after the highest number;
    the audit goes on with an entry that tells of this. A store without tables gets those the backup was made with and is then
    brought up to date. `told` hears how many more rows are stored. Raises `BackupError` for a damaged or unknown backup, for one
    that was not made with our `APP_SECRET` unless it may be `unauthenticated`, and for a store that is not empty.
    """
    wrong = check(path)
    damaged = [finding for finding in wrong if finding.check not in _READABLE]
    if damaged:
        raise BackupError(
            f"{path} is damaged ({damaged[0].table or damaged[0].check}: {damaged[0].message}). Take another."
        )
    manifest = read_manifest(path)
    if not soundness.knows_revision(manifest.revision):
        raise BackupError(
            f"the backup is of revision {manifest.revision}, which is newer than this program: update it first"
        )
    foreign = [finding for finding in wrong if finding.check == "origin"]
    if foreign and not unauthenticated:
        raise BackupError(
            f"{path}: {foreign[0].message}. Take another, or give the APP_SECRET it was made with; if you know where it comes "
            "from and that nobody changed it on its way, --unauthenticated restores it all the same"
        )
    with engine.connect() as connection:
        revision = soundness.revision_of(connection)
    if revision is None:
        store.migrate(engine, to=manifest.revision)
    elif revision != manifest.revision:
        raise BackupError(
            f"the backup is of revision {manifest.revision}, the store of {revision}: restore it into a store without tables "
            "(a new file or database); there it is brought up to date"
        )
    tables = _tables(engine)
    if tables.keys() != manifest.tables.keys():
        raise BackupError(f"the backup does not have the tables of revision {manifest.revision}: take another")
    with store.session(engine) as session:
        _fill(session, tables, path, manifest, actor=actor, replace=replace, authenticated=not foreign, told=told)
    differing = _differing(engine, tables, path)
    store.migrate(engine)
    found = dict.fromkeys((*wrong, *differing, *soundness.verify(engine)))
    return Restored(manifest, (*found, *_found_before(manifest, found)))


def _found_before(manifest: Manifest, now: Collection[Finding]) -> Iterator[Finding]:
    """What was wrong with the store when the backup was made and is not found `now`. That its tables were old is mended by
    restoring, and where they were older than seals, so is that no row had one."""
    mended = {"revision", "seals"} if manifest.revision in _BEFORE_SEALS else {"revision"}
    for told in manifest.findings:
        finding = Finding(**{**told, "rows": tuple(told["rows"])})
        if finding.check not in mended and finding not in now:
            yield dataclasses.replace(finding, message=f"when the backup was made: {finding.message}")


def _fill(
    session: Session,
    tables: Mapping[str, sa.Table],
    path: pathlib.Path,
    manifest: Manifest,
    *,
    actor: str,
    replace: bool,
    authenticated: bool,
    told: store.Told | None,
) -> None:
    store.take_turn(session, "register")
    store.take_turn(session, "audit")
    connection = session.connection()
    present = sa.inspect(connection).has_table  # a backup of before has its own tables
    every = [*tables.values(), *(table for table in map(arrow.table_of, _OF_PEOPLE) if present(table.name))]
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")  # batches refer to later ones
    else:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        names = ", ".join(connection.dialect.identifier_preparer.quote(table.name) for table in every)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")  # writers wait, readers do not
    held = [table for table in tables.values() if connection.execute(sa.select(1).select_from(table).limit(1)).first()]
    if held and not replace:
        raise BackupError(
            f"the store is not empty ({', '.join(sorted(table.name for table in held)[:3])} ...): name an empty one with "
            "DATABASE_URL, or give up what it holds with --replace"
        )
    before = _version_and_head(connection, tables)
    if sa.inspect(connection).has_table("rowseal"):  # all at once, and also those whose rows were lost
        connection.execute(sa.delete(arrow.table_of(models.RowSeal)))
    for table in reversed(every):
        connection.execute(sa.delete(table))
    for name, table in tables.items():
        frame = pl.read_parquet(_content(path, name)).sort([column.name for column in table.primary_key.columns])
        if frame.height:
            arrow.write_rows(connection, table, frame, told=told)
    session.expire_all()
    if before is not None or manifest.data_version:
        _raise_version(session, at_least=0 if before is None else before[0])
    detail: dict[str, object] = {"file": path.name, "sha256": _sha256(path), "made_at": manifest.made_at}
    detail["authenticated"] = authenticated
    if before is not None:
        detail["replaced"] = {"data_version": before[0], "audit_head": before[1]}
    audit.write(session, actor=actor, action="store.restore", subject=manifest.register_code, detail=detail)


def _version_and_head(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> tuple[int, str] | None:
    """The data version and the newest audit entry of a store that is to be replaced."""
    version = connection.execute(sa.select(tables["dataversion"].c.version)).scalar()
    entry = tables["auditentry"].c
    head = connection.execute(sa.select(entry.hash).order_by(entry.id.desc()).limit(1)).scalar()
    return None if version is None and head is None else (version or 0, head or "")


def _raise_version(session: Session, *, at_least: int) -> None:
    """A version number that neither the backup nor the store before it had: figures kept by a running server are found old."""
    held = session.get(models.DataVersion, 1)
    if held is not None:
        held.version = max(held.version, at_least)
        register.raise_data_version(session)


def _differing(engine: sa.Engine, tables: Mapping[str, sa.Table], path: pathlib.Path) -> list[Finding]:
    """What does not stand in the store as it stands in the backup, the two things apart that restoring adds itself."""
    found = []
    with store.snapshot(engine) as read:
        for name, table in tables.items():
            key = [column.name for column in table.primary_key.columns]  # each store has an order of its own for texts
            kept = pl.read_parquet(_content(path, name)).sort(key)
            held = read(sa.select(table)).sort(key)
            if name == "dataversion":
                kept, held = (frame.drop("version", "changed_at") for frame in (kept, held))
            if name == "auditentry":
                held = held.head(kept.height)
            if not held.equals(kept):
                found.append(Finding("restored", "what is in the store is not what is in the backup", name))
    return found
