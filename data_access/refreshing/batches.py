"""A newer export as a batch: handed in, published by somebody else, each one transaction."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, get_args

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, store
from data_access.acting import Person, Refused, account_of, logged, take_turn
from data_access.refreshing.differences import KINDS, differences
from data_access.refreshing.export import Newer
from data_access.refreshing.held import read_held
from data_access.refreshing.writing import write
from data_access.roles import May
from data_access.store import models
from data_access.updates.applying import close_batch, open_batch
from data_access.updates.outcome import HandedIn, Receipt
from data_access.updates.routes import Route, routes_on
from kpi.update import Kind
from kpi.update.columns import BY_CODE
from kpi.vocabulary import BatchStatus

Sort = Kind | Literal["particulars", "vanished", "appeared"]
"""The kinds of changes that routes know, and those that only a source brings: what an agreement is, and whether it is there."""

SORTS: Final[tuple[Sort, ...]] = (*get_args(Kind), "particulars", "vanished", "appeared")

PLAIN_TEXTS: Final = frozenset({"title_vi", "title_en", "notes_vi", "notes_en"})
"""Texts that no form lets an agency change and no figure depends on; with them those of a result that it may (`result`)."""

GO_STRAIGHT_IN: Final[frozenset[Sort]] = frozenset({"result"})
"""What of an export goes in without a second person where the routes let it. Which agreements there are, what they are (whose, with
whom, counted or not) and days that move clocks wait, whatever the routes say: figures move with them. An agency's claims of states
wait for the same reasons (`kpi.update.reasons`): they are of long ago and name no document."""


@dataclasses.dataclass(frozen=True, eq=False)
class Waiting:
    """A newer export that was handed in, as it stands to the register of this moment.

    `batch`: its row of `uploadbatch`. `differences`: columns of DIFFERENCES; None where the source has said something else since,
    so that it can only be returned. `taking`: the fields in which whoever handed it in chose the source's word over agencies'.
    """

    batch: Mapping[str, Any]
    newer: Newer
    differences: pl.DataFrame | None
    taking: frozenset[str]


def counts_of(told: pl.DataFrame) -> dict[str, int]:
    """How many agreements there are of each kind of difference (KINDS)."""
    return {kind: told.filter(pl.col("kind") == kind)["ref"].n_unique() for kind in KINDS}


def decided(told: pl.DataFrame, taking: Collection[str]) -> pl.DataFrame:
    """The differences that are to be stored: in a conflict what the agency said holds, but for these fields."""
    return told.filter((pl.col("kind") != "conflict") | pl.col("field").is_in(list(taking)))


def sort_of(kind: str, field: str) -> Sort:
    """What a difference of a kind (KINDS) in a field changes; that of whole agreements has no field."""
    match kind:
        case "new" | "vanished" | "appeared":
            return kind
    if field.startswith("state_date["):
        return "status"
    if field == "current_target":
        return "target"
    is_text = field in PLAIN_TEXTS or (field in BY_CODE and BY_CODE[field].part == "result")
    return "result" if is_text else "particulars"


def _sorts(told: pl.DataFrame) -> Counter[Sort]:
    return Counter(sort_of(kind, field) for kind, field in told.select("kind", "field").iter_rows())


def waits_for_a_second(told: pl.DataFrame, routes: Mapping[Kind, Route]) -> bool:
    """Whether somebody else has to look at these differences before they are stored."""
    held = {kind for kind, route in routes.items() if route == "review"}
    return any(sort in held or sort not in GO_STRAIGHT_IN for sort in _sorts(told))


def hand_in(
    session: Session, *, actor: Person, newer: Newer, seen: pl.DataFrame, taking: Collection[str] = ()
) -> HandedIn:
    """Store what a newer export says, or keep it as a batch that waits: see GO_STRAIGHT_IN, and the routes. For coordinators.

    `seen` are the differences as they were shown; where they are others by now `Refused("stale")` is raised. `taking` are fields in
    whose conflicts the source's word is to hold. The same export again while it waits names its batch. The caller commits.
    """
    with logged("refresh.submit", actor):
        account_of(session, actor, May.HAND_IN_FOR)
        version = take_turn(session)
        waiting_already = _waiting_of(session, newer)
        if waiting_already is not None:
            return HandedIn(None, waiting_already, repeated=True)
        held = read_held(store.engine_of(session))
        told = differences(held, newer)
        if not told.equals(seen):
            raise Refused("stale", refs=tuple(told["ref"].unique().sort().head(10)))
        if told.is_empty():
            return HandedIn(Receipt(None, applied=False, changes=0, data_version=version.version), None)
        stored = decided(told, taking)
        waits = waits_for_a_second(stored, routes_on(session, None))
        batch = models.UploadBatch(
            username=actor.username,
            file_name=newer.file_name,
            file_sha256=newer.sha256,
            rows=newer.file_rows,
            changes=stored.height,
            status=BatchStatus.WAITING if waits else BatchStatus.APPLIED,
        )
        detail = _detail(newer, told, taking)
        if not waits:
            opened = open_batch(session, batch)
            _keep(session, opened.id, newer, stored, taking)
            write(session, opened, newer, held, stored)
            receipt = close_batch(session, actor, "refresh.apply", opened, changes=stored.height, detail=detail)
            return HandedIn(receipt, None)
        session.add(batch)
        session.flush()
        assert batch.id is not None
        _keep(session, batch.id, newer, stored, taking)
        audit.write(
            session,
            actor=actor.username,
            action="refresh.submit",
            subject=f"batch {batch.id}",
            detail={**detail, "changes": stored.height},
        )
        return HandedIn(None, batch.id)


def waiting(engine: sa.Engine, batch_id: int) -> Waiting | None:
    """A newer export that was handed in as this batch, compared again with the register of this moment; None where the batch is
    none. For coordinators."""
    with store.session(engine, read_only=True) as session:
        batch, kept = session.get(models.UploadBatch, batch_id), session.get(models.UploadSubmission, batch_id)
    if batch is None or kept is None or batch.agency is not None:
        return None
    newer, told = Newer.of_text(kept.content), None
    try:
        told = differences(read_held(engine), newer)
    except Refused:
        told = None
    return Waiting(batch.model_dump(), newer, told, frozenset(json.loads(kept.seen)["taking"]))


def publish(
    session: Session, *, actor: Person, batch_id: int, seen: pl.DataFrame, taking: Collection[str] = ()
) -> Receipt:
    """Store what waits under the batch's own number, as `seen` and decided (see `hand_in`). For coordinators.

    Raises `Refused`: `not_allowed`; `own_batch` for whoever handed it in; `already_reviewed`; `stale` where the register is not as
    seen. Repeated by the same person it changes nothing and names the batch. The caller commits.
    """
    with logged("refresh.publish", actor, f"batch {batch_id}"):
        account_of(session, actor, May.REVIEW)
        version = take_turn(session)
        batch = session.get(models.UploadBatch, batch_id, populate_existing=True)
        kept = session.get(models.UploadSubmission, batch_id)
        if batch is None or kept is None or batch.agency is not None:
            raise Refused("not_allowed")
        if batch.username == actor.username:
            raise Refused("own_batch")
        if batch.status == BatchStatus.APPLIED and batch.reviewed_by == actor.username:
            return Receipt(batch_id, applied=False, changes=0, data_version=version.version)
        if batch.status != BatchStatus.WAITING:
            raise Refused("already_reviewed")
        newer, held = Newer.of_text(kept.content), read_held(store.engine_of(session))
        told = differences(held, newer)
        if not told.equals(seen):
            raise Refused("stale", refs=tuple(told["ref"].unique().sort().head(10)))
        stored = decided(told, taking)
        batch.status, batch.changes = BatchStatus.APPLIED, stored.height
        batch.reviewed_by, batch.reviewed_at = actor.username, models.utc_now()
        opened = open_batch(session, batch)
        write(session, opened, newer, held, stored)
        detail = {**_detail(newer, told, taking), "sent_by": batch.username}
        return close_batch(session, actor, "refresh.publish", opened, changes=stored.height, detail=detail)


def _waiting_of(session: Session, newer: Newer) -> int | None:
    """The batch in which this very export waits."""
    batch = models.UploadBatch
    statement = (
        select(batch.id, models.UploadSubmission.content)
        .join(models.UploadSubmission, col(models.UploadSubmission.batch_id) == col(batch.id))
        .where(col(batch.agency).is_(None), col(batch.file_sha256) == newer.sha256, batch.status == BatchStatus.WAITING)
    )
    text = newer.as_text()
    return next((number for number, content in session.exec(statement) if content == text), None)


def _keep(session: Session, batch_id: int, newer: Newer, stored: pl.DataFrame, taking: Collection[str]) -> None:
    seen = {"changes": [], "kinds": _sorts(stored), "taking": sorted(taking)}
    session.add(
        models.UploadSubmission(
            batch_id=batch_id, content=newer.as_text(), seen=json.dumps(seen, separators=(",", ":"))
        )
    )
    session.flush()


def _detail(newer: Newer, told: pl.DataFrame, taking: Collection[str]) -> dict[str, object]:
    return {
        "file": newer.file_name,
        "sha256": newer.sha256,
        "data_date": newer.data_date.isoformat(),
        **counts_of(told),
        **({"taking": sorted(taking)} if taking else {}),
    }
