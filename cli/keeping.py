"""Keeping a store: backup, restore, verify."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import polars as pl
import sqlalchemy as sa
import typer

from cli.options import ACTOR, TableJson, TableOrJson
from cli.output import print_json, print_table, progress
from cli.reading import CannotRunError, open_store
from data_access import accounts, store
from data_access.keeping import backup, soundness
from data_access.keeping.soundness import Finding


def add_to(app: typer.Typer) -> None:
    """Make `backup`, `restore` and `verify` commands of the operator's tool."""
    app.command("backup")(make_backup)
    app.command()(restore)
    app.command()(verify)


def make_backup(
    out: Annotated[Path, typer.Option("--out", metavar="DIR|FILE", help="A folder, or the file to be written.")],
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """Write the whole store into one file, while it is in use. Exit status 1: written, but the store is damaged."""
    engine = open_store()
    try:
        written = backup.write(engine, out)
    except backup.BackupError as error:
        raise CannotRunError(str(error)) from error
    if not accounts.is_lasting():
        print(
            "APP_SECRET is not set, so nobody can tell later that this backup was made here: "
            "it takes --unauthenticated to restore it.",
            file=sys.stderr,
        )
    if output is TableOrJson.JSON:
        print_json(
            {
                "file": str(written.path),
                "sha256": written.sha256,
                "bytes": written.size,
                **_described(written.manifest),
                "findings": _told(written.findings),
            }
        )
    else:
        print(f"{written.path}: {written.size} bytes, {sum(written.manifest.rows.values())} rows")
        print(f"sha256 {written.sha256}")
        _print_findings(written.findings, "The store is damaged; so may the backup be:")
    if written.findings:
        raise typer.Exit(1)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what the store holds now; without it the store must be empty.")
    ] = False,
    unauthenticated: Annotated[
        bool, typer.Option("--unauthenticated", help="Also a backup that was not made with this APP_SECRET.")
    ] = False,
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """Fill the store from a backup, all or nothing, and check it. Restart the server afterwards."""
    if not file.is_file():
        raise CannotRunError(f"{file}: there is no such file. Name a backup made with manage.py backup.")
    damaged = backup.unreadable(file)
    if damaged:
        _print_verdict(damaged, {"restored": False}, output, good="")
        raise typer.Exit(1)
    try:
        with progress("Restoring", sum(backup.read_manifest(file).rows.values())) as told:
            restored = backup.restore(
                store.get_engine(), file, actor=ACTOR, replace=replace, unauthenticated=unauthenticated, told=told
            )
    except backup.BackupError as error:
        raise CannotRunError(str(error)) from error
    done = f"Restored {sum(restored.manifest.rows.values())} rows as of {restored.manifest.made_at}"
    described = {"restored": True, **_described(restored.manifest)}
    _print_verdict(
        restored.findings, described, output, good=f"{done}; all checks passed.", bad=f"{done}. Something is wrong:"
    )
    if restored.findings:
        raise typer.Exit(1)


def verify(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A backup; the store if left out.")] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take the rows of the store as they stand for right, and seal them anew.")
    ] = False,
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """Check the store or a backup: structure, row seals or page checksums, links, audit. Exit status 1: something is wrong."""
    described: dict[str, object]
    if file is not None:
        if accept:
            raise CannotRunError("--accept is for the store; a backup stays as it was written.")
        if not file.is_file():
            raise CannotRunError(f"{file}: there is no such file. Name a backup made with manage.py backup.")
        findings, described = backup.check(file), {"checked": str(file)}
    else:
        engine = _engine()
        protection = soundness.protection_of(engine)
        if accept and protection == "page checksums":
            raise CannotRunError("There are no row seals to make anew: this PostgreSQL server keeps page checksums.")
        findings = soundness.verify(engine)
        described = {"checked": engine.url.render_as_string(hide_password=True), "protection": protection}
        if accept and any(finding.check == "seals" for finding in findings):
            soundness.accept(engine, actor=ACTOR, found=[f for f in findings if f.check == "seals"])
            findings = soundness.verify(engine)
        if protection is not None and output is TableOrJson.TABLE:
            print(f"Faults of disks are found by {protection}.")
    _print_verdict(findings, described, output, good=f"{described['checked']}: sound.")
    if findings:
        raise typer.Exit(1)


def _engine() -> sa.Engine:
    """The store of the settings. A SQLite file that is not there is not made."""
    engine = store.get_engine()
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        raise CannotRunError("There is no store yet. Make it: python manage.py init")
    return engine


def _described(manifest: backup.Manifest) -> dict[str, object]:
    return {
        "made_at": manifest.made_at,
        "store": manifest.store,
        "revision": manifest.revision,
        "register": manifest.register_code,
        "data_version": manifest.data_version,
        "data_date": manifest.data_date,
        "audit_head": manifest.audit_head,
        "rows": manifest.rows,
    }


def _told(findings: Sequence[Finding]) -> list[dict[str, object]]:
    return [dataclasses.asdict(finding) for finding in findings]


def _print_verdict(
    findings: Sequence[Finding],
    described: dict[str, object],
    output: TableOrJson,
    *,
    good: str,
    bad: str = "Something is wrong:",
) -> None:
    if output is TableOrJson.JSON:
        print_json({"sound": not findings, **described, "findings": _told(findings)})
    elif findings:
        _print_findings(findings, bad)
    else:
        print(good)


def _print_findings(findings: Sequence[Finding], heading: str) -> None:
    if findings:
        print(heading)
        print_table(
            pl.DataFrame(
                {
                    "check": [finding.check for finding in findings],
                    "table": [finding.table or "-" for finding in findings],
                    "count": [finding.count for finding in findings],
                    "rows": [", ".join(finding.rows) or "-" for finding in findings],
                    "message": [finding.message for finding in findings],
                }
            )
        )
