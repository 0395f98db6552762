"""Agencies as an administrator sees them: who has accounts, and what they are called."""

from __future__ import annotations

import logging
from typing import Final

import polars as pl
from sqlalchemy import Engine, case, func, select
from sqlmodel import Session, col

from data_access import audit, store
from data_access.acting import Actor, Refused, authorise
from data_access.log_lines import told
from data_access.register import raise_data_version
from data_access.store.models import Agency, AgencyAlias, User

NAMES: Final = ("name_vi", "name_en", "abbr_vi", "abbr_en")
NAME_MAX: Final = 200
_log = logging.getLogger("agreements.access")


def read_agencies(engine: Engine, *, actor: Actor) -> pl.DataFrame:
    """One row per agency, by key: `key, kind`, its names and abbreviations, `valid_from, valid_to, aliases` (a text, one per
    line), `accounts, open_accounts` (numbers). Raises `Refused` unless the actor is an administrator."""
    with store.session(engine, read_only=True) as session:
        authorise(session, actor)
    held = (
        select(
            col(User.agency).label("agency"),
            func.count().label("accounts"),
            func.sum(case((col(User.active), 1), else_=0)).label("open_accounts"),
        )
        .where(col(User.agency).is_not(None))
        .group_by(col(User.agency))
        .subquery()
    )
    columns = (Agency.key, Agency.kind, *(getattr(Agency, name) for name in NAMES), Agency.valid_from, Agency.valid_to)
    agencies = store.read_frame(
        engine,
        select(
            *columns,
            func.coalesce(held.c.accounts, 0).label("accounts"),
            func.coalesce(held.c.open_accounts, 0).label("open_accounts"),
        )
        .outerjoin(held, held.c.agency == col(Agency.key))
        .order_by(col(Agency.key)),
    )
    aliases = store.read_frame(
        engine, select(col(AgencyAlias.agency), col(AgencyAlias.alias)).order_by(col(AgencyAlias.alias))
    )
    written = aliases.group_by("agency").agg(aliases=pl.col("alias").str.join("\n"))
    return agencies.join(written, left_on="key", right_on="agency", how="left", maintain_order="left").with_columns(
        pl.col("aliases").fill_null(""), pl.col("accounts", "open_accounts").cast(pl.Int64)
    )


def rename_agency(session: Session, *, actor: Actor, key: str, **names: str) -> bool:
    """Give an agency other names or abbreviations (any of `NAMES`) on all screens; whether anything changed.

    Raises `Refused` for an agency there is not, and for a name left blank.
    """
    by = authorise(session, actor)
    agency: Agency | None = session.get(Agency, key, with_for_update=True)
    if agency is None:
        raise Refused("agency_unknown", f"The register has no agency with the key {key!r}.")
    given: dict[str, str] = {name: " ".join(names[name].split()) for name in NAMES if name in names}
    if not all(text and text.isprintable() and len(text) <= NAME_MAX for text in given.values()):
        raise Refused("name_invalid", f"A name has 1 to {NAME_MAX} characters, and nothing invisible in it.")
    changed: dict[str, object] = {
        name: [getattr(agency, name), text] for name, text in given.items() if getattr(agency, name) != text
    }
    if not changed:
        return False
    for name in changed:
        setattr(agency, name, given[name])
    raise_data_version(session)
    audit.write(session, actor=by, action="agency.rename", subject=key, detail=changed)
    _log.info("agency %r renamed by %r", key, by, extra=told("agency.rename", actor=by, subject=key))
    return True
