"""What waits: looked at again with the register of this moment, published in whole or in part, or returned with a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import audit, store
from data_access.acting import Person, Refused, account_of, logged, take_turn, tidy
from data_access.clock import local_time
from data_access.roles import May
from data_access.store import models
from data_access.updates import rows, submissions
from data_access.updates.applying import carry_out, versions_before
from data_access.updates.checking import clean_rows, current_within, rechecked
from data_access.updates.outcome import Receipt
from data_access.updates.reading import current_rows, table
from data_access.updates.submissions import Submission
from kpi.update import Change, Conflict, Current, Preview, Problem, Table, place_of
from kpi.update.changes import whole
from kpi.update.returned import ASKABLE
from kpi.update.review import narrowed, with_days, without
from kpi.update.unlikely import WAITS_OTHERWISE
from kpi.vocabulary import BatchStatus

REASON_MAX: Final = 2000
"""Characters of a reason."""


@dataclasses.dataclass(frozen=True, eq=False)
class Review:
    """A batch that was sent for review, as it stands to the register of this moment.

    `batch`: its row of `uploadbatch`. `table`: what was sent (an agency may correct it and hand it in again). `seen`: the
    differences the sender confirmed, `overriding` those among them for which the sender chose the file's value over
    somebody else's. `problems`: what keeps rows of it from being stored by now (blocking ones); `preview`: what publishing
    the other rows would store, None where none can be. `preview.conflicts` are the cells that changed in the register since
    it was sent, to be decided by who reviews: `base` is what the sender saw there, `change.old` what stands there now.
    `gone`: differences of `seen` that the register has by now. `notices`: what the sender acknowledged, and cells of which another
    waiting batch of the agency says something else by now.
    """

    batch: Mapping[str, Any]
    table: Table
    seen: tuple[Change, ...]
    overriding: tuple[Conflict, ...]
    problems: tuple[Problem, ...]
    preview: Preview | None
    gone: tuple[Change, ...]
    notices: tuple[Problem, ...]

    def decided(self, mine: Collection[Conflict]) -> Review:
        """The same review with these conflicts decided for what was sent. The others must be left out of what is published."""
        preview = None if self.preview is None else self.preview.decided(mine)
        return dataclasses.replace(self, preview=preview)


def list_waiting(engine: sa.Engine) -> pl.DataFrame:
    """The batches that wait for review, the one that waits longest first, with all columns of `uploadbatch`. For coordinators."""
    batch = table(models.UploadBatch)
    return store.read_frame(engine, sa.select(batch).where(batch.c.status == BatchStatus.WAITING).order_by(batch.c.id))


def review(engine: sa.Engine, batch_id: int, *, agency: str | None) -> Review | None:
    """A batch that was sent for review (waiting, published, returned or withdrawn), checked and compared again with the register
    of this moment, by the code that checked it.

    None for a batch that is not this agency's (any for None, which is for coordinators), that never was sent for review, and
    where there is none.
    """
    with store.session(engine, read_only=True) as session:
        if agency is not None:
            store.act_for(session, agency)
        batch = session.get(models.UploadBatch, batch_id)
        stored = None if batch is None else session.get(models.UploadSubmission, batch_id)
    if batch is None or stored is None or batch.agency is None or agency not in (None, batch.agency):
        return None
    return reviewed(batch, submissions.kept(batch, stored), current_rows(engine, batch.agency))


def reviewed(batch: models.UploadBatch, submission: Submission, current: Current) -> Review:
    """How what was sent with a batch stands to `current`, the register of its agency."""
    current = dataclasses.replace(current, waiting=current.waiting.filter(pl.col("batch_id") != batch.id))
    sent = with_days(submission.table, _days_that_hold(submission, current))
    received_on = local_time(batch.created_at).date()
    preview, problems = clean_rows(sent, current, received_on=max(received_on, current.data_date or received_on))
    there: set[tuple[int, str]] = set()
    others = () if preview is None else preview.notices
    if preview is not None:
        then = {(change.subject, change.field): change for change in submission.seen}
        moved = []
        for change in preview.changes:
            before = then.get((change.subject, change.field))
            if before is None or (before.old, before.new) != (change.old, change.new):
                moved.append(Conflict(change, None if before is None else before.old))
        preview = dataclasses.replace(preview, conflicts=tuple(moved))
        there = {_spot(change) for change in preview.changes}
    wrong = {problem.row for problem in problems}
    return Review(
        batch=batch.model_dump(),
        table=submission.table,
        seen=submission.seen,
        overriding=submission.overriding,
        problems=problems,
        preview=preview,
        gone=tuple(change for change in submission.seen if _spot(change) not in there and change.row not in wrong),
        notices=(
            *(notice for notice in submission.notices if notice.code != WAITS_OTHERWISE),
            *(notice for notice in others if notice.code == WAITS_OTHERWISE and batch.status == BatchStatus.WAITING),
        ),
    )


def _days_that_hold(submission: Submission, current: Current) -> dict[int, str]:
    """The days that were settled when it was sent, for targets that still move and to none from before the one that is moved;
    for the others a day is settled anew."""
    standing = {
        number: (None if target is None else target.isoformat(), None if day is None else day.isoformat())
        for number, target, day in current.standing.select("agreement_id", "current_target", "target_on").iter_rows()
    }
    wanted = {change.subject: change.new for change in submission.seen if change.column == "current_target"}
    holding = {}
    for change in submission.seen:
        if change.column == "target_set_on" and change.row in submission.days:
            target, day = standing.get(change.agreement_id, (None, None))
            if wanted.get(change.subject) != target and (day is None or submission.days[change.row] >= day):
                holding[change.row] = submission.days[change.row]
    return holding


def _spot(change: Change) -> tuple[int, str]:
    """The part of a row that a change is in. What the item of a part is called may change: a blocker gets its number."""
    return change.row, place_of(change)[1]


# --- Deciding --------------------------------------------------------------------------------------------------------


def publish(
    session: Session, *, actor: Person, review: Review, only: Collection[Change] | None = None, reason: str = ""
) -> Receipt:
    """Store what a review shows, or of it `only` some changes, under the batch's own number. For coordinators.

    `only` must name places in whole (`intake.review.whole`; ValueError otherwise). What is not published, rows with problems
    included, becomes a returned batch of its own, `part_of` this one, and needs a `reason`. What is stored is worked out again
    from what the store keeps, and has to be what the review showed. Raises `Refused`: `not_allowed`; `stale` where the
    register is not as reviewed; `own_batch` for whoever sent it; `already_reviewed` where somebody else was faster, or it was
    withdrawn; `undecided` for conflicts among what is to be published; `reason_missing`; `text_too_long`; `nothing_chosen`.
    Repeated by the same person it changes nothing and names the batch. The caller commits.
    """
    number = int(review.batch["id"])
    chosen = _chosen(review, only)
    with logged("upload.publish", actor, f"batch {number}"):
        _be_coordinator(session, actor)
        version = take_turn(session)
        batch, submission = _sent(session, number)
        if batch.username == actor.username:
            raise Refused("own_batch")
        if batch.status != BatchStatus.WAITING:
            versions = None if review.preview is None else _versions_of(review.preview, chosen)
            is_same = versions_before(session, number) == versions and batch.changes == len(chosen)
            if is_same and batch.reviewed_by == actor.username:
                return Receipt(number, applied=False, changes=0, data_version=version.version)
            raise Refused("already_reviewed")
        if not chosen or review.preview is None:
            raise Refused("nothing_chosen")
        if any(conflict.change in chosen for conflict in review.preview.conflicts):
            raise Refused("undecided")
        assert batch.agency is not None
        current = current_within(session, batch.agency)
        fresh = reviewed(batch, submission, current)
        preview = _as_reviewed(session, review, fresh)
        rest = _rest(fresh, submission, chosen)
        if rest is not None and not _tidy(reason):
            raise Refused("reason_missing")
        if len(chosen) < len(preview.changes):
            found = rechecked(narrowed(submission.table, preview, chosen), current, chosen)
            if found is None:
                raise Refused("stale", refs=rows.refs_of(session, list(preview.versions)))
            preview = dataclasses.replace(found, file_sha256=batch.file_sha256)
        store.act_for(session, batch.agency)
        batch.reviewed_by, batch.reviewed_at = actor.username, models.utc_now()
        batch.rows, batch.changes = preview.rows, len(preview.changes)
        returned = None if rest is None else _add_rest(session, batch, rest, reason)
        receipt = carry_out(
            session,
            actor=actor,
            preview=preview.decided(preview.conflicts),
            batch=batch,
            action="upload.publish",
            sent_by=batch.username,
            returned=returned,
        )
        if returned is not None:
            _tell_returned(session, actor, batch, returned, reason)
        return dataclasses.replace(receipt, returned=returned)


def send_back(session: Session, *, actor: Person, batch_id: int, reason: str, asked_for: Collection[str] = ()) -> None:
    """Return a waiting batch to its agency with a reason, which is kept; done twice it changes nothing. For coordinators.

    `asked_for` are columns (`kpi.update.returned.ASKABLE`, ValueError for others) that the agency then finds in what it puts right.

    Raises `Refused`: `not_allowed`, `already_reviewed`, `reason_missing`, `text_too_long`. The caller commits.
    """
    asked = " ".join(code for code in ASKABLE if code in asked_for)
    if not set(asked_for) <= set(ASKABLE):
        raise ValueError(f"no columns to ask for: {sorted(set(asked_for) - set(ASKABLE))}")
    with logged("upload.return", actor, f"batch {batch_id}"):
        _be_coordinator(session, actor)
        take_turn(session)
        batch, _ = _kept(session, batch_id)
        why = _tidy(reason)
        if not why:
            raise Refused("reason_missing")
        if batch.status == BatchStatus.RETURNED and (
            batch.reviewed_by,
            batch.reason,
            batch.asked_for,
        ) == (actor.username, why, asked):
            return
        if batch.status != BatchStatus.WAITING:
            raise Refused("already_reviewed")
        batch.status, batch.reason, batch.asked_for = BatchStatus.RETURNED, why, asked
        batch.reviewed_by, batch.reviewed_at = actor.username, models.utc_now()
        session.flush()
        _tell_returned(session, actor, batch, batch_id, reason)


def _be_coordinator(session: Session, actor: Person) -> None:
    """Refuses everybody but coordinators; an administrator keeps accounts and settles nothing about figures."""
    account_of(session, actor, May.REVIEW)


def _sent(session: Session, batch_id: int) -> tuple[models.UploadBatch, Submission]:
    """A batch that was sent for review, as it is now that this transaction has its turn."""
    batch, stored = _kept(session, batch_id)
    if batch.agency is None:  # of the source, not of an agency
        raise Refused("not_allowed")
    return batch, submissions.kept(batch, stored)


def _kept(session: Session, batch_id: int) -> tuple[models.UploadBatch, models.UploadSubmission]:
    """A batch that was sent for review, with what is kept of it as it is stored."""
    batch = session.get(models.UploadBatch, batch_id, populate_existing=True)
    stored = None if batch is None else session.get(models.UploadSubmission, batch_id)
    if batch is None or stored is None:
        raise Refused("not_allowed")
    return batch, stored


def _chosen(review: Review, only: Collection[Change] | None) -> frozenset[Change]:
    """The changes to be published. ValueError where they are not among those shown, or would halve one."""
    shown = frozenset() if review.preview is None else frozenset(review.preview.changes)
    if only is None:
        return shown
    chosen = frozenset(only)
    if not chosen <= shown or whole(shown, chosen) != chosen:
        raise ValueError("only whole places of what the review shows can be published")
    return chosen


def _versions_of(preview: Preview, chosen: Collection[Change]) -> dict[int, int]:
    """The row versions that were seen of the agreements these changes are about."""
    touched = {change.agreement_id for change in chosen}
    return {number: seen for number, seen in preview.versions.items() if number in touched}


def _as_reviewed(session: Session, review: Review, fresh: Review) -> Preview:
    """The preview of this moment, which must be the one that was reviewed."""
    shown, now = review.preview, fresh.preview
    assert shown is not None
    same = now is not None and (
        (shown.changes, dict(shown.versions), review.problems) == (now.changes, dict(now.versions), fresh.problems)
    )
    if now is None or not same:
        seen = {} if now is None else now.versions
        moved = [number for number, version in shown.versions.items() if seen.get(number) != version]
        raise Refused("stale", refs=rows.refs_of(session, moved or list(shown.versions)))
    return now


# --- The rest --------------------------------------------------------------------------------------------------------


def _rest(fresh: Review, submission: Submission, chosen: Collection[Change]) -> Submission | None:
    """What was sent, without what is published and what the register has by now; None where nothing is left."""
    done = {_spot(change) for change in (*chosen, *fresh.gone)}
    left = without(submission.table, [*chosen, *fresh.gone])
    if left.frame.is_empty():
        return None
    return dataclasses.replace(
        submission,
        table=left,
        seen=tuple(change for change in submission.seen if _spot(change) not in done),
        overriding=tuple(conflict for conflict in submission.overriding if _spot(conflict.change) not in done),
        days={
            row: day for row, day in submission.days.items() if (row, "target") not in done and (row, "") not in done
        },
    )


def _add_rest(session: Session, batch: models.UploadBatch, rest: Submission, reason: str) -> int:
    """The batch in which the rest goes back; its number."""
    returned = models.UploadBatch(
        username=batch.username,
        agency=batch.agency,
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        rows=rest.table.frame.height,
        changes=len(rest.seen),
        status=BatchStatus.RETURNED,
        created_at=batch.created_at,
        reviewed_by=batch.reviewed_by,
        reviewed_at=batch.reviewed_at,
        reason=_tidy(reason),
        part_of=batch.id,
    )
    session.add(returned)
    session.flush()
    assert returned.id is not None
    submissions.keep(session, returned.id, rest)
    return returned.id


def _tell_returned(session: Session, actor: Person, batch: models.UploadBatch, number: int, reason: str) -> None:
    detail = {"file": batch.file_name, "agency": batch.agency, "reason": _tidy(reason), "sent_by": batch.username}
    if batch.status == BatchStatus.RETURNED and batch.asked_for:
        detail["asked_for"] = batch.asked_for
    audit.write(session, actor=actor.username, action="upload.return", subject=f"batch {number}", detail=detail)


def _tidy(reason: str) -> str:
    """A reason as it is kept: signs that nobody sees are left out. Raises `Refused` for one that is too long."""
    return tidy(reason, REASON_MAX)
