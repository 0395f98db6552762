"""Accounts and the audit from the command line: the same functions as the administrator's pages."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import sys
from typing import Annotated, Any

import polars as pl
import sqlalchemy as sa
import typer

from cli.options import ACTOR, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import CannotRunError, open_store, parse_day
from data_access import accounts, audit, settings, store
from data_access.audit import journal

user_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts: make, list, change, close.")
audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The audit: list entries, verify the chain.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
AgencyKey = Annotated[str | None, typer.Option(help="The agency's key, for example BCT or T20.")]
GivenPassword = Annotated[
    str | None, typer.Option(envvar="NEW_PASSWORD", help="If left out it is asked for, or read from standard input.")
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make up a password, print it, and have its owner change it.")
]


def add_to(app: typer.Typer) -> None:
    """Make `user` and `audit` commands of the operator's tool."""
    app.add_typer(user_app, name="user")
    app.add_typer(audit_app, name="audit")


# --- Accounts --------------------------------------------------------------------------------------------------------


@user_app.command("add")
def add(
    username: str,
    role: Annotated[str, typer.Option(help=", ".join(accounts.ROLES))],
    agency: AgencyKey = None,
    office: Annotated[str, typer.Option(help="The office that uses the account.")] = "",
    password: GivenPassword = None,
    generate: Generate = False,
) -> None:
    """Make an account."""
    engine = open_store()
    given = _chosen_password(password, generate=generate)
    with store.session(engine) as session:
        user = accounts.add_user(
            session,
            actor=ACTOR,
            username=username,
            password=given,
            role=role,
            agency=agency,
            office=office,
            must_change=generate,
        )
    print(f"Account {user.username} was made.")
    if generate:
        _print_password(given)


@user_app.command("list")
def list_all(output: TableJson = TableOrJson.TABLE) -> None:
    """Every account with its role and agency."""
    users = accounts.list_users(open_store()).select("username", "role", "agency", "active")
    if output is TableOrJson.JSON:
        print_json(users.to_dicts())
    else:
        print_table(users)


@user_app.command("show")
def show(username: Name, output: TableJson = TableOrJson.TABLE) -> None:
    """One account: role, second factor, open sessions, whether it has to wait."""
    _, found = _account(username)
    if output is TableOrJson.JSON:
        print_json(found)
    else:
        print_table(pl.DataFrame({"": list(found), "value": [_text(value) for value in found.values()]}))


@user_app.command("role")
def change_role(
    username: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=", ".join(accounts.ROLES))],
    agency: AgencyKey = None,
) -> None:
    """Give an account another role, and with it an agency or none. Its sessions end."""
    engine, found = _account(username)
    with store.session(engine) as session:
        changed = accounts.change_account(
            session, actor=ACTOR, username=username, role=role, agency=agency, office=found["office"]
        )
    print(f"Account {found['username']} {'now has' if changed else 'already had'} the role {role}.")


@user_app.command("disable")
def disable(username: Name) -> None:
    """Close an account and end its sessions."""
    with store.session(open_store()) as session:
        accounts.disable_user(session, actor=ACTOR, username=username)
    print(f"Account {username} is closed.")


@user_app.command("enable")
def enable(username: Name) -> None:
    """Open a closed account again."""
    with store.session(open_store()) as session:
        accounts.enable_user(session, actor=ACTOR, username=username)
    print(f"Account {username} is open.")


@user_app.command("password")
def password(username: Name, password: GivenPassword = None, generate: Generate = False) -> None:
    """Give an account another password, which its owner changes at the next sign-in. Its sessions end."""
    engine, found = _account(username)
    given = _chosen_password(password, generate=generate)
    with store.session(engine) as session:
        accounts.reset_password(session, actor=ACTOR, username=username, password=given)
    print(f"Account {found['username']} has a new password, to be changed at the next sign-in.")
    if generate:
        _print_password(given)


@user_app.command("unlock")
def unlock(username: Name) -> None:
    """Forget an account's failed tries, so that nobody has to wait for the next one."""
    with store.session(open_store()) as session:
        accounts.unlock(session, actor=ACTOR, username=username)
    print(f"Account {username} need not wait.")


@user_app.command("sessions")
def sessions(
    username: Name,
    end: Annotated[bool, typer.Option("--end", help="End them all.")] = False,
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """The open sessions of an account; with --end they end."""
    engine, found = _account(username)
    if end:
        with store.session(engine) as session:
            ended = accounts.sign_out_everywhere(session, actor=ACTOR, username=username)
        print(f"{ended} sessions of {found['username']} ended.")
        return
    listed = accounts.list_sessions(engine, actor=ACTOR, username=found["username"], idle=_idle())
    if output is TableOrJson.JSON:
        print_json(listed.to_dicts())
    else:
        print_table(listed)


@user_app.command("second-factor-reset")
def reset_second_factor(username: Name) -> None:
    """Take away a second factor that was lost. Where it is required, its owner sets up another at the next sign-in."""
    with store.session(open_store()) as session:
        accounts.reset_second_factor(session, actor=ACTOR, username=username)
    print(f"Account {username} has no second factor.")


@user_app.command("subject")
def set_subject(
    username: Name,
    subject: Annotated[str, typer.Argument(metavar="[SUBJECT]", help="If left out, nobody any more.")] = "",
) -> None:
    """Say who the single sign-on means by this account. Its sessions end."""
    with store.session(open_store()) as session:
        accounts.set_subject(session, actor=ACTOR, username=username, subject=subject)
    print(f"Account {username} {'has its subject' if subject else 'has no subject'}.")


# --- The audit -------------------------------------------------------------------------------------------------------


@audit_app.command("list")
def list_entries(
    actor: Annotated[str, typer.Option(help="Only what this account or command did.")] = "",
    action: Annotated[str, typer.Option(help="Only this action, for example user.add.")] = "",
    subject: Annotated[str, typer.Option(help="Only what was done to this.")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="From this day on.")] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="To this day.")] = "",
    text: Annotated[str, typer.Option(help="Only entries with these words; diacritics do not matter.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=journal.EXPORT_MAX, help="At most so many.")] = 50,
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """Entries, newest first."""
    sought = journal.Sought(
        actor=actor, action=action, subject=subject, since=_day(since), until=_day(until), text=text
    )
    found = journal.search(open_store(), actor=ACTOR, sought=sought, size=limit)
    if output is TableOrJson.JSON:
        print_json([{**entry, "detail": json.loads(entry["detail"])} for entry in found.entries.to_dicts()])
        return
    print_table(found.entries.select("id", pl.col("at").dt.truncate("1s"), "actor", "action", "subject", "detail"))
    if found.total > found.entries.height:
        print(f"{found.entries.height} of {found.total} entries; more with --limit.", file=sys.stderr)


@audit_app.command("verify")
def verify(output: TableJson = TableOrJson.TABLE) -> None:
    """Whether every entry follows from the one before it. Exit status 1: one does not."""
    check = audit.follow(open_store())
    if output is TableOrJson.JSON:
        print_json({"entries": check.entries, "first_broken": check.first_broken})
    elif check.first_broken is None:
        print(f"The chain holds: {check.entries} entries.")
    else:
        print(f"The chain is broken at entry {check.first_broken}; the {check.entries} before it hold.")
    if check.first_broken is not None:
        raise typer.Exit(1)


# --- Inside ----------------------------------------------------------------------------------------------------------


def _account(username: str) -> tuple[sa.Engine, dict[str, Any]]:
    """The store, and the account as `read_accounts` tells of it."""
    engine = open_store()
    name = username.strip().lower()
    found = accounts.read_accounts(engine, actor=ACTOR, idle=_idle()).filter(pl.col("username") == name)
    if found.is_empty():
        raise CannotRunError(f"There is no account named {name!r}. List them with `user list`.")
    return engine, found.row(0, named=True)


def _idle() -> dt.timedelta:
    return dt.timedelta(minutes=settings.load().session_idle_minutes)


def _chosen_password(password: str | None, *, generate: bool) -> str:
    if generate:
        return accounts.generate_password()
    return _read_password() if password is None else password


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise CannotRunError("The two passwords are not the same. Nothing was stored.")
    return first


def _print_password(password: str) -> None:
    print(f"Password: {password}")
    print("It is shown here only. Its owner is asked for another one at the first sign-in.")


def _day(text: str) -> dt.date | None:
    return parse_day(text) if text else None


def _text(value: object) -> str:
    return "" if value is None else str(value)
