"""Published scorecards: drafted from what was known at the end of a day, commented on by agencies, frozen, worked out again.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. What was drafted is
what is published, to the letter: a draft is never changed, another one takes its place. A draft speaks of what was known at the end
of a day that is over, so that it can be worked out again at any time.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
from pathlib import Path
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

import kpi
from data_access import audit, data_date, store
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn, tidy
from data_access.clock import today
from data_access.known import read_first_receipt
from data_access.register import raise_data_version, read_data_version, read_register, read_rules, rules_on
from data_access.roles import May
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.store.models.base import local_day
from kpi import facts
from kpi.facts import History
from kpi.indicators.catalog import KPIS
from kpi.rules import Rules
from kpi.studies import publication

TEXT_MAX: Final = 1000


@dataclasses.dataclass(frozen=True)
class Draft:
    """Figures worked out to be drafted, with what they were made of; `figures` is what `kpi.studies.publication.write` gives."""

    as_of: dt.date
    known_on: dt.date
    scope: str
    figures: str
    rules: str
    data_version: int

    @property
    def sha256(self) -> str:
        """Of the figures."""
        return _sha256(self.figures)


@dataclasses.dataclass(frozen=True, eq=False)
class Verified:
    """A publication worked out again: whether what is kept is what was drafted, whether it is still worked out the same way, and
    whether the same comes out, with what is kept and what comes out now as FIGURES of `kpi.studies.publication`."""

    is_untouched: bool
    same_code: bool
    same_rules: bool
    is_rebuilt: bool
    kept: pl.DataFrame
    rebuilt: pl.DataFrame

    @property
    def holds(self) -> bool:
        """Whether it is what was drafted, and comes out again bit for bit."""
        return self.is_untouched and self.is_rebuilt


# --- Read ------------------------------------------------------------------------------------------------------------


def read(engine: sa.Engine) -> pl.DataFrame:
    """Every publication and draft, the latest first: id, as_of, known_on, scope, comments_due_on, sha256, code_version,
    data_version, drafted_by, drafted_at, published_by, published_at, withdrawn_by, withdrawn_at; `comments` and `dissents`, of how
    many agencies."""
    table, comment = table_of(models.Publication), table_of(models.PublicationComment).c
    told = sa.func.count(comment.agency.distinct())
    dissents = sa.func.count(sa.case((~comment.agrees, comment.agency)).distinct())
    said = (
        sa.select(comment.publication_id, told.label("comments"), dissents.label("dissents"))
        .where(comment.retracted_at.is_(None))
        .group_by(comment.publication_id)
        .subquery()
    )
    columns = [column for column in table.columns if column.name not in ("content", "rules")]
    counts = (sa.func.coalesce(said.c[name], 0).label(name) for name in ("comments", "dissents"))
    statement = (
        sa.select(*columns, *counts)
        .join(said, said.c.publication_id == table.c.id, isouter=True)
        .order_by(table.c.as_of.desc(), table.c.id.desc())
    )
    return store.read_frame(engine, statement)


def read_figures(engine: sa.Engine, number: int) -> pl.DataFrame:
    """The figures of a publication or draft, as FIGURES of `kpi.studies.publication`. Raises `Refused`: `publication_gone`."""
    return publication.read(_held(engine, number).content)


def read_comments(engine: sa.Engine, number: int) -> pl.DataFrame:
    """What agencies say of a publication: agency, kpi (empty: of all), agrees, text, given_by, recorded_at; by agency and KPI."""
    comment = table_of(models.PublicationComment).c
    columns = (comment.agency, comment.kpi, comment.agrees, comment.text, comment.given_by, comment.recorded_at)
    standing = (comment.publication_id == number, comment.retracted_at.is_(None))
    return store.read_frame(engine, sa.select(*columns).where(*standing).order_by(comment.agency, comment.kpi))


@functools.cache  # a process runs one version
def code_version() -> str:
    """By which programs figures are worked out: the first twelve signs of the SHA-256 of all of `kpi`."""
    room = Path(kpi.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py"), key=lambda path: path.relative_to(room).as_posix()):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


# --- Worked out ------------------------------------------------------------------------------------------------------


def work_out(engine: sa.Engine, *, as_of: dt.date, known_on: dt.date, scope: str = "") -> Draft:
    """The figures of a day as they were known at the end of another, to be drafted. Raises `Refused`: `day_not_over` where that day
    is not over, `before_known` where nothing was known by then, `not_yet` for a day of figures after the data date."""
    if known_on >= local_day():
        raise Refused("day_not_over")
    with store.snapshot(engine) as reading:
        first = read_first_receipt(reading)
    if first is None or known_on < first:
        raise Refused("before_known")
    with store.session(engine, read_only=True) as session:
        shown = data_date.read(session)
    if shown is None or as_of > shown:
        raise Refused("not_yet")
    version = read_data_version(engine)
    figures, rules = _figures(engine, as_of, known_on, scope)
    if figures.is_empty():
        raise Refused("no_agreements")
    number = 0 if version is None else version.version
    return Draft(as_of, known_on, scope, publication.write(figures), _written(rules), number)


def verify(engine: sa.Engine, number: int) -> Verified:
    """Work a publication out again from what the store holds now. Raises `Refused`: `publication_gone`."""
    held = _held(engine, number)
    figures, rules = _figures(engine, held.as_of, held.known_on, held.scope)
    try:
        kept = publication.read(held.content)
    except ValueError:  # not even figures any more
        kept = figures.clear()
    return Verified(
        is_untouched=_sha256(held.content) == held.sha256,
        same_code=held.code_version == code_version(),
        same_rules=held.rules == _written(rules),
        is_rebuilt=publication.write(figures) == held.content,
        kept=kept,
        rebuilt=figures,
    )


def work_out_now(engine: sa.Engine, *, as_of: dt.date, scope: str) -> pl.DataFrame:
    """The figures of a day by all that is known of it now, as FIGURES of `kpi.studies.publication`."""
    return _figures(engine, as_of, None, scope)[0]


def _figures(engine: sa.Engine, as_of: dt.date, known_on: dt.date | None, scope: str) -> tuple[pl.DataFrame, Rules]:
    rules = read_rules(engine, as_of, known_on=known_on)
    register = read_register(engine, known_on=known_on)
    return publication.compute(facts.build(History.of(register), as_of, rules), rules=rules, scope=scope), rules


def _written(rules: Rules) -> str:
    held = {field.name: getattr(rules, field.name) for field in dataclasses.fields(rules)}
    return json.dumps(held, sort_keys=True, default=dict)  # mappings that cannot be changed are none to json


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- Drafted, commented on, published --------------------------------------------------------------------------------


def draft(session: Session, *, actor: Person, drafted: Draft) -> int:
    """Show agencies what is to be published, for as many days as is settled; gives its number. It takes the place of a draft of the
    same day and scope that was not published. Raises `Refused`: `not_allowed`; `no_change`, `published_already` with the same
    figures."""
    with logged("publication.draft", actor, drafted.as_of.isoformat()):
        account_of(session, actor, May.SETTLE)
        take_turn(session)
        found = models.Publication
        alike = select(found).where(
            found.as_of == drafted.as_of, found.scope == drafted.scope, col(found.withdrawn_at).is_(None)
        )
        for before in session.exec(alike).all():
            if before.sha256 == drafted.sha256 and before.known_on == drafted.known_on:
                raise Refused("published_already" if before.published_at else "no_change")
            if before.published_at is None:
                before.withdrawn_by, before.withdrawn_at = actor.username, models.utc_now()
        days = rules_on(session, today(data_date.read(session))).draft_days
        row = models.Publication(
            as_of=drafted.as_of,
            known_on=drafted.known_on,
            scope=drafted.scope,
            comments_due_on=local_day() + dt.timedelta(days=days),
            content=drafted.figures,
            sha256=drafted.sha256,
            rules=drafted.rules,
            code_version=code_version(),
            data_version=drafted.data_version,
            drafted_by=actor.username,
        )
        session.add(row)
        return _noted(session, actor, "publication.draft", row)


def comment(session: Session, *, actor: Person, number: int, agrees: bool, text: str = "", of_kpi: str = "") -> int:
    """Say of a draft, for the agency one hands in for, that its figures are right or why one of them (`of_kpi`; empty: all) is not;
    another comment takes the place of one's own on the same. Raises `Refused`: `not_allowed`, `publication_gone`,
    `comments_closed`, `text_missing` where no reason is given, `text_too_long`."""
    with logged("publication.comment", actor, str(number)):
        agency = agency_of(session, actor)
        take_turn(session)
        held = _open(session, number)
        if held.comments_due_on < local_day():
            raise Refused("comments_closed")
        if of_kpi and of_kpi not in KPIS:
            raise Refused("not_allowed")
        said = tidy(text, TEXT_MAX)
        if not agrees and not any(sign.isalnum() for sign in said):
            raise Refused("text_missing")
        found = models.PublicationComment
        standing = select(found).where(
            found.publication_id == number, found.agency == agency, col(found.retracted_at).is_(None)
        )
        for before in session.exec(standing).all():
            # Whoever agrees with all takes back what was said of any.
            if before.kpi == of_kpi or (agrees and not of_kpi) or (before.agrees and not before.kpi):
                before.retracted_at = models.utc_now()
        session.add(
            found(publication_id=number, agency=agency, kpi=of_kpi, agrees=agrees, text=said, given_by=actor.username)
        )
        return _noted(session, actor, "publication.comment", held, {"agency": agency, "agrees": agrees, "text": said})


def publish(session: Session, *, actor: Person, number: int) -> int:
    """Freeze a draft once agencies had their days to comment; the day its figures speak of is published with it. Raises `Refused`:
    `not_allowed`, `publication_gone`, `comments_open` until then, `not_as_seen` where what is kept is not what was drafted."""
    with logged("publication.publish", actor, str(number)):
        account_of(session, actor, May.SETTLE)
        version = take_turn(session)
        held = _open(session, number)
        if local_day() <= held.comments_due_on:
            raise Refused("comments_open")
        if _sha256(held.content) != held.sha256:
            raise Refused("not_as_seen")
        held.published_by, held.published_at = actor.username, models.utc_now()
        if version.published_to is None or version.published_to < held.as_of:
            version.published_to = held.as_of
        return _noted(session, actor, "publication.publish", held, {"sha256": held.sha256})


def withdraw(session: Session, *, actor: Person, number: int) -> int:
    """Take back a draft that was not published. Raises `Refused`: `not_allowed`, `publication_gone`."""
    with logged("publication.withdraw", actor, str(number)):
        account_of(session, actor, May.SETTLE)
        take_turn(session)
        held = _open(session, number)
        held.withdrawn_by, held.withdrawn_at = actor.username, models.utc_now()
        return _noted(session, actor, "publication.withdraw", held)


def read_last_day(session: Session) -> dt.date | None:
    """The last day of which scorecards were published; None where none were."""
    found = models.Publication
    last: dt.date | None = session.exec(
        select(sa.func.max(found.as_of)).where(col(found.published_at).is_not(None))
    ).one()
    return last


def _held(engine: sa.Engine, number: int) -> models.Publication:
    with store.session(engine, read_only=True) as session:
        held = session.get(models.Publication, number)
        if held is None:
            raise Refused("publication_gone")
        session.expunge(held)
        return held


def _open(session: Session, number: int) -> models.Publication:
    held = session.get(models.Publication, number, populate_existing=True)
    if held is None or held.published_at is not None or held.withdrawn_at is not None:
        raise Refused("publication_gone")
    return held


def _noted(
    session: Session, actor: Person, action: str, about: models.Publication, detail: dict[str, object] | None = None
) -> int:
    session.flush()
    assert about.id is not None  # it was flushed
    raise_data_version(session)  # finished sections show it
    said = {"number": about.id, "known_on": about.known_on.isoformat(), **(detail or {})}
    audit.write(session, actor=actor.username, action=action, subject=about.as_of.isoformat(), detail=said)
    return about.id
