"""Agencies' names that a register gave and nobody could resolve: what they are, and whose they are by the coordinator's word."""

from __future__ import annotations

import json
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import responsibility, store
from data_access.acting import Person, Refused
from data_access.coordination import begin, finish
from data_access.store import models
from data_access.store.arrow import table_of

ASSIGN: Final = "names.assign"
RELEASE: Final = "names.release"


def read_names_as_given(engine: sa.Engine) -> pl.DataFrame:
    """What the register says where the responsible agency could not be resolved: agreement_id, text."""
    agreement = table_of(models.Agreement).c
    statement = (
        sa.select(agreement.id.label("agreement_id"), agreement.responsible_as_given.label("text"))
        .where(agreement.responsible_agency.is_(None), agreement.responsible_as_given != "")
        .order_by(agreement.id)
    )
    return store.read_frame(engine, statement)


def read_assigned_names(engine: sa.Engine) -> pl.DataFrame:
    """The names that hold as assigned by a coordinator: text, agency, agreements (how many), in alphabetical order."""
    assigned = table_of(models.NameAssignment).c
    latest = sa.select(sa.func.max(assigned.id)).group_by(assigned.text)
    statement = sa.select(assigned.text, assigned.agency, assigned.agreements).where(
        assigned.id.in_(latest), assigned.released_at.is_(None)
    )
    held = pl.col("agreements").str.json_decode(pl.List(pl.List(pl.Int64)))
    return store.read_frame(engine, statement).with_columns(held.list.len().cast(pl.Int64)).sort("text")


def read_present_agencies(engine: sa.Engine) -> list[str]:
    """The keys of the agencies there are today, to which a name can be assigned."""
    agency = models.Agency
    with store.session(engine, read_only=True) as session:
        return list(session.exec(select(agency.key).where(col(agency.valid_to).is_(None)).order_by(agency.key)))


def assign_name(session: Session, *, actor: Person, text: str, agency: str, seen: int) -> int:
    """Make an agency responsible for the agreements whose register names it in these words, from the data date on: what was said of
    the days before stays. Gives the new data version.

    `seen` is how many agreements were shown under the name. The words stay in the agreements, so that the assignment can be
    taken back by `release_name`. Raises `Refused`.
    """
    begin(session, actor, ASSIGN)
    found = session.get(models.Agency, agency)
    if found is None or found.valid_to is not None:
        raise Refused("no_such_agency")
    agreement = table_of(models.Agreement).c
    statement = sa.select(agreement.id).where(
        agreement.responsible_agency.is_(None),
        agreement.responsible_as_given == text,
        agreement.responsible_as_given != "",
    )
    ids = sorted(int(number) for (number,) in session.connection().execute(statement.with_for_update()))
    if len(ids) != seen or not ids:
        raise Refused("not_as_seen")
    since = responsibility.first_day(session)
    responsibility.hand_over(session, ids, successor=agency, effective_on=since, action=ASSIGN, by=actor.username)
    held = [[number, version] for number, version in sorted(responsibility.versions(session, ids).items())]
    session.add(
        models.NameAssignment(text=text, agency=agency, agreements=json.dumps(held), assigned_by=actor.username)
    )
    detail = {"agency": agency, "agreements": held, "from": since.isoformat()}
    return finish(session, actor, ASSIGN, {text: detail})


def release_name(session: Session, *, actor: Person, text: str) -> int:
    """Take the last assignment of a name back; gives the new data version.

    Raises `Refused`: `no_change` where the name is not assigned, `changed_since` where an agreement has been updated since,
    which its agency could then not see any more.
    """
    begin(session, actor, RELEASE)
    assigned = models.NameAssignment
    statement = select(assigned).where(col(assigned.text) == text).order_by(col(assigned.id).desc()).limit(1)
    latest = session.exec(statement).first()
    if latest is None or latest.released_at is not None:
        raise Refused("no_change")
    held = dict(json.loads(latest.agreements))
    if responsibility.versions(session, sorted(held), agency=latest.agency) != held:
        raise Refused("changed_since")
    latest.released_at, latest.released_by = models.utc_now(), actor.username
    responsibility.hand_back(session, sorted(held), by=actor.username)
    return finish(session, actor, RELEASE, {text: {"agency": latest.agency, "agreements": sorted(held)}})
