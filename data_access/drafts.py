"""Drafts: what somebody uploaded, corrected or typed and has not handed in, kept for their account alone.

    kept = keep(session, actor=person, content=Content(...), draft_id=None)     # begun; afterwards with the id and the revision
    for draft in read_own(engine, actor=person): ...                            # offered after signing in again, anywhere
    opened = open_draft(engine, actor=person, draft_id=draft.id)
    throw_away(session, actor=person, draft_id=draft.id)

A draft belongs to an account and an agency, and nobody else reads it: not the coordinator, not a colleague of the same agency. One
that is somebody else's is answered like one there is not. It lasts for `DRAFT_DAYS` after its last change; an account has the
newest `MOST` of them, and in all no more bytes than of uploads at a time. What is not handed in is no figure: it is in no backup,
in no audit, and raises no version.

It is kept as legible as what waits for review, which is the same bytes an hour later: whoever has the database has those.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import secrets
import zlib
from types import MappingProxyType
from typing import Final, Literal

import sqlalchemy as sa
from sqlmodel import Session, col

from data_access import settings, store
from data_access.acting import Person, Refused, account_of, agency_of, logged
from data_access.roles import May, may
from data_access.store.models import UploadDraft, UploadDraftFile, utc_now
from data_access.updates import submissions
from files.encodings import well_formed
from kpi.update import Table
from kpi.update.columns import BY_CODE

Way = Literal["file", "rows", "form"]
"""How it came in: a file, the rows of a returned batch put right on the screen, the form of one agreement."""

MOST: Final = 5
"""Drafts of one account; the oldest gives way."""

NAME_MAX: Final = 255

FILES: Final = 4
"""So many files as large as a file may be: the room of an account, as for its uploads in memory."""


@dataclasses.dataclass(frozen=True)
class Content:
    """What is kept: the file's name or the agreement's reference, the returned batch it corrects, how many corrections, what was
    typed (JSON), and the table as it was read, which is needed once (None for a form)."""

    way: Way
    name: str
    typed: str
    corrections: int = 0
    batch_id: int | None = None
    table: Table | None = None


@dataclasses.dataclass(frozen=True)
class Draft:
    """A draft as it is offered."""

    id: str
    agency: str
    way: str
    name: str
    batch_id: int | None
    corrections: int
    changed_at: dt.datetime
    revision: int


@dataclasses.dataclass(frozen=True)
class Opened:
    """A draft to go on with."""

    draft: Draft
    typed: str
    table: Table | None


@dataclasses.dataclass(frozen=True)
class Kept:
    """Which draft it is, and after which change."""

    id: str
    revision: int


def are_kept() -> bool:
    """Whether drafts are kept at all."""
    return settings.load().draft_days > 0


# --- Keeping ---------------------------------------------------------------------------------------------------------


def keep(
    session: Session,
    *,
    actor: Person,
    content: Content,
    draft_id: str | None,
    revision: int = 0,
    now: dt.datetime | None = None,
) -> Kept:
    """Keep what is under way: as a new draft, or in place of what one of the actor's own says after `revision`.

    Raises `Refused`: `draft_gone` where there is none such (any more) or another window changed it meanwhile, `draft_too_large`
    where it alone is more than the account's room, `not_allowed` for whoever hands in nothing. The caller commits.
    """
    now = now or utc_now()
    with logged("draft.keep", actor):
        agency = agency_of(session, actor)
        if draft_id is None:
            with store.whole_register(session):  # whosever they are
                _delete(session, col(UploadDraft.changed_at) <= _since(now))
        store.own_drafts_only(session, actor.username)
        content = dataclasses.replace(content, typed=well_formed(content.typed), name=_named(content.name))
        typed = content.typed.encode()
        own = (col(UploadDraft.username) == actor.username, col(UploadDraft.agency) == agency)
        if draft_id is None:
            packed = "" if content.table is None else _packed(content.table)
            kept = Kept(secrets.token_urlsafe(12), 1)
            size = len(packed) + len(typed)
            # The same once more, sent or opened anew before anything was put right, is one draft.
            same = (col(UploadDraft.way) == content.way, col(UploadDraft.name) == content.name)
            batch = col(UploadDraft.batch_id).is_not_distinct_from(content.batch_id)
            _delete(session, *own, *same, batch, col(UploadDraft.corrections) == 0)
            _make_room(session, actor.username, size, beside=kept.id)
            session.add(
                UploadDraft(
                    id=kept.id,
                    username=actor.username,
                    agency=agency,
                    way=content.way,
                    name=content.name,
                    batch_id=content.batch_id,
                    corrections=content.corrections,
                    typed=content.typed,
                    size=size,
                    created_at=now,
                    changed_at=now,
                )
            )
            session.flush()
            if packed:
                session.add(UploadDraftFile(draft_id=kept.id, content=packed))
                session.flush()
            return kept
        which = (col(UploadDraft.id) == draft_id, *own, col(UploadDraft.revision) == revision)
        before = session.execute(sa.select(col(UploadDraft.size), col(UploadDraft.typed)).where(*which)).one_or_none()
        if before is None:
            raise Refused("draft_gone")
        size = before.size - len(before.typed.encode()) + len(typed)
        _make_room(session, actor.username, size, beside=draft_id)
        said = {"typed": content.typed, "corrections": content.corrections, "size": size}
        session.execute(sa.update(UploadDraft).where(*which).values(**said, revision=revision + 1, changed_at=now))
        return Kept(draft_id, revision + 1)


def _make_room(session: Session, username: str, size: int, *, beside: str) -> None:
    """Let the oldest drafts of the account go that find no place beside this one."""
    room = settings.load().upload_max_mb * 1024 * 1024 * FILES
    if size > room:
        raise Refused("draft_too_large")
    others = (
        sa.select(col(UploadDraft.id), col(UploadDraft.size))
        .where(col(UploadDraft.username) == username, col(UploadDraft.id) != beside)
        .order_by(col(UploadDraft.changed_at).desc(), col(UploadDraft.id))
    )
    too_many = []
    for number, other in enumerate(session.execute(others).all()):
        size += other.size
        if number >= MOST - 1 or size > room:
            too_many.append(other.id)
    if too_many:
        _delete(session, col(UploadDraft.id).in_(too_many))


def _named(name: str) -> str:
    """A name as the store takes it."""
    return well_formed(name).replace("\0", "")[:NAME_MAX]


def forget_all(session: Session, username: str) -> None:
    """Delete the drafts of an account, which is being closed. The caller commits."""
    _delete(session, col(UploadDraft.username) == username)


def _since(now: dt.datetime) -> dt.datetime:
    return now - dt.timedelta(days=settings.load().draft_days)


def _delete(session: Session, *which: sa.ColumnElement[bool]) -> int:
    ids = session.execute(sa.select(col(UploadDraft.id)).where(*which)).scalars().all()
    if ids:
        session.execute(sa.delete(UploadDraftFile).where(col(UploadDraftFile.draft_id).in_(ids)))
        session.execute(sa.delete(UploadDraft).where(col(UploadDraft.id).in_(ids)))
    return len(ids)


# --- Going on --------------------------------------------------------------------------------------------------------


def read_own(engine: sa.Engine, *, actor: Person, now: dt.datetime | None = None) -> list[Draft]:
    """The drafts of this account, the last changed first: for the agency they hand in for at this moment, or whichever they were
    made for. None of an account that hands in nothing."""
    if not are_kept():
        return []
    with store.session(engine, read_only=True) as session:
        try:
            own = _own(session, actor)
        except Refused:
            return []
        if actor.hands_in_for:
            own = (*own, col(UploadDraft.agency) == actor.hands_in_for)
        found = sa.select(*_OFFERED).where(*own, col(UploadDraft.changed_at) > _since(now or utc_now()))
        rows = session.execute(found.order_by(col(UploadDraft.changed_at).desc(), col(UploadDraft.id)))
        return [Draft(*row) for row in rows]


def open_draft(engine: sa.Engine, *, actor: Person, draft_id: str, now: dt.datetime | None = None) -> Opened:
    """A draft of this account's own, with what is kept of it. Raises `Refused`: `draft_gone`, `not_allowed`."""
    with store.session(engine, read_only=True) as session, logged("draft.open", actor):
        own = _own(session, actor)
        found = (
            sa.select(*_OFFERED, col(UploadDraft.typed), col(UploadDraftFile.content))
            .outerjoin(UploadDraftFile, col(UploadDraftFile.draft_id) == col(UploadDraft.id))
            .where(col(UploadDraft.id) == draft_id, *own, col(UploadDraft.changed_at) > _since(now or utc_now()))
        )
        row = session.execute(found).one_or_none()
        if row is None:
            raise Refused("draft_gone")
        draft = Draft(*row[:-2])
    return Opened(draft, row.typed, None if row.content is None else _unpacked(row.content))


def throw_away(session: Session, *, actor: Person, draft_id: str) -> None:
    """Delete a draft of this account's own. Raises `Refused`: `draft_gone`, `not_allowed`. The caller commits."""
    with logged("draft.throw_away", actor):
        if not _delete(session, col(UploadDraft.id) == draft_id, *_own(session, actor)):
            raise Refused("draft_gone")


_OFFERED: Final = (
    *(col(UploadDraft.id), col(UploadDraft.agency), col(UploadDraft.way), col(UploadDraft.name)),
    *(col(UploadDraft.batch_id), col(UploadDraft.corrections), col(UploadDraft.changed_at), col(UploadDraft.revision)),
)


def _own(session: Session, actor: Person) -> tuple[sa.ColumnElement[bool], ...]:
    """What is true of this account's own drafts: those of its agency, or of any where it may hand in for any."""
    account = account_of(session, actor)
    store.own_drafts_only(session, account.username)
    own = col(UploadDraft.username) == account.username
    if may(account.role, May.HAND_IN_FOR):
        return (own,)
    if not may(account.role, May.HAND_IN) or not account.agency:
        raise Refused("not_allowed")
    return (own, col(UploadDraft.agency) == account.agency)


# --- A table in few bytes --------------------------------------------------------------------------------------------


def _packed(table: Table) -> str:
    described = {
        "rows": submissions.content_of(table),
        "name": table.file_name,
        "sha256": table.sha256,
        "notices": submissions.told(table.notices),
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "is_excerpt": table.is_excerpt,
    }
    return base64.b64encode(zlib.compress(json.dumps(described, ensure_ascii=False).encode())).decode()


def _unpacked(packed: str) -> Table:
    described = json.loads(zlib.decompress(base64.b64decode(packed)))
    content = json.loads(described["rows"])
    frame = submissions.frame_of(content)
    there = [name for name in frame.columns[1:] if name in BY_CODE]  # after an update a column may be gone
    return Table(
        frame=frame.select(frame.columns[0], *there),
        file_name=described["name"],
        sha256=described["sha256"],
        headers=MappingProxyType({code: content["headers"][code] for code in there}),
        notices=submissions.heard(described["notices"]),
        encoding=described["encoding"],
        delimiter=described["delimiter"],
        is_excerpt=described["is_excerpt"],
        is_cleaned=False,  # limits may be others by now
    )
