"""A confirmed upload on its way: what may go straight in does, the rest waits for review."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from sqlmodel import Session, col, select

from data_access import audit
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn
from data_access.roles import May
from data_access.store import models
from data_access.updates import rows, submissions
from data_access.updates.applying import apply, batch_of, carry_out, check_versions, codes_of
from data_access.updates.checking import current_within, rechecked
from data_access.updates.outcome import HandedIn, Receipt
from data_access.updates.routes import routes_on
from data_access.updates.submissions import Submission
from kpi.update import Change, Preview, Table
from kpi.update.cells import ROW
from kpi.update.review import days_settled, held_back, split, with_days
from kpi.vocabulary import BatchStatus


def hand_in(
    session: Session,
    *,
    actor: Person,
    table: Table,
    preview: Preview,
    corrects: int | None = None,
    acknowledged: bool = False,
) -> HandedIn:
    """Store what a preview shows, each kind of change by its route: straight in (see `apply`), or as a batch that waits.

    `table` must be the one `preview` was made from, without what was set aside (ValueError otherwise); conflicts must be decided.
    Both parts are written in the caller's transaction; the waiting batch is `part_of` the one that was applied. `corrects` names
    an own batch that was returned. The same confirmation again changes nothing and names its batches, also while they wait.
    Notices of the preview must have been `acknowledged`; they are kept with what waits. Raises `Refused` as `apply` does, `waits`
    where this file waits already with other differences, and `unacknowledged`. The caller commits.
    """
    if table.sha256 != preview.file_sha256:
        raise ValueError("this preview was made from another table")
    with logged("upload.submit", actor):
        agency = agency_of(session, actor)
        if preview.agency != agency:
            raise Refused("not_allowed")
        version = take_turn(session)
        _check_corrected(session, corrects, agency)
        found = _sent_before(session, preview)
        if found is not None:
            part = found.part_of if found.status == BatchStatus.WAITING else found.id
            receipt = None if part is None else Receipt(part, applied=False, changes=0, data_version=version.version)
            return HandedIn(receipt, found.id if found.status == BatchStatus.WAITING else None, repeated=True)
        if preview.notices and preview.changes and not acknowledged:
            raise Refused("unacknowledged")
        held = {kind for kind, route in routes_on(session, None).items() if route == "review"}
        if not held_back(preview, held):
            receipt = apply(session, actor=actor, preview=preview, corrects=corrects)
            return HandedIn(receipt, None, repeated=receipt.batch_id is not None and not receipt.applied)
        if preview.conflicts:
            raise Refused("undecided")
        check_versions(session, preview, agency)
        return _in_parts(session, actor, table, preview, held, corrects)


def withdraw(session: Session, *, actor: Person, batch_id: int) -> None:
    """Take an own batch back while it waits; done twice it changes nothing. Raises `Refused`: `already_reviewed` where it does
    not wait any more. The caller commits."""
    with logged("upload.withdraw", actor, f"batch {batch_id}"):
        agency = None  # whoever acts for none may have brought what the register's source says
        if actor.hands_in_for is None:
            account_of(session, actor, May.HAND_IN_FOR)
        else:
            agency = agency_of(session, actor)
        take_turn(session)
        batch = session.get(models.UploadBatch, batch_id, populate_existing=True)
        is_theirs = batch is not None and batch.agency == agency
        if batch is None or not is_theirs or (not actor.may(May.HAND_IN) and batch.username != actor.username):
            raise Refused("not_allowed")
        if batch.status == BatchStatus.WITHDRAWN:
            return
        if batch.status != BatchStatus.WAITING:
            raise Refused("already_reviewed")
        batch.status = BatchStatus.WITHDRAWN
        session.flush()
        detail = {"file": batch.file_name, "agency": agency}
        audit.write(session, actor=actor.username, action="upload.withdraw", subject=f"batch {batch_id}", detail=detail)


# --- Seen before -----------------------------------------------------------------------------------------------------


def _check_corrected(session: Session, corrects: int | None, agency: str) -> None:
    if corrects is None:
        return
    batch = session.get(models.UploadBatch, corrects)
    if batch is None or batch.agency != agency or batch.status != BatchStatus.RETURNED:
        raise Refused("not_allowed")


def _sent(session: Session, preview: Preview, *statuses: str) -> list[tuple[models.UploadBatch, Submission]]:
    """What this agency sent for review of this very file, newest first."""
    batch = models.UploadBatch
    statement = (
        select(batch, models.UploadSubmission)
        .join(models.UploadSubmission, col(models.UploadSubmission.batch_id) == col(batch.id))
        .where(
            col(batch.agency) == preview.agency,
            col(batch.file_sha256) == preview.file_sha256,
            col(batch.status).in_(statuses),
        )
        .order_by(col(batch.id).desc())
    )
    return [(sent, submissions.kept(sent, stored)) for sent, stored in session.exec(statement)]


def _sent_before(session: Session, preview: Preview) -> models.UploadBatch | None:
    """The batch that waits, or waited and was published, of this very confirmation: same file, same row versions seen."""
    for batch, submission in _sent(session, preview, BatchStatus.WAITING, BatchStatus.APPLIED):
        if dict(submission.versions) == dict(preview.versions) and set(submission.seen) <= set(preview.changes):
            return batch
    return None


def _said(changes: Collection[Change]) -> set[Change]:
    """What a file says; the day on which a target counts as set may be ours, the day of receipt."""
    return {change for change in changes if change.column != "target_set_on"}


# --- In parts --------------------------------------------------------------------------------------------------------


def _in_parts(
    session: Session, actor: Person, table: Table, preview: Preview, held: Collection[str], corrects: int | None
) -> HandedIn:
    current = current_within(session, preview.agency)
    direct, waiting = split(table, preview, held)
    assert waiting is not None  # or there were no parts
    for_review = held_back(preview, held)
    day = preview.received_on  # what waits was judged by it
    stands = rechecked(
        waiting, current, [change for change in preview.changes if change in for_review], received_on=day
    )
    goes = None
    if direct is not None:
        goes = rechecked(
            direct, current, [change for change in preview.changes if change not in for_review], received_on=day
        )
    if stands is None or (direct is not None and goes is None):
        raise Refused("stale", refs=rows.refs_of(session, list(preview.versions)))
    sent = _sent(session, preview, BatchStatus.WAITING)
    if sent and _said(sent[0][1].seen) != _said(stands.changes):
        raise Refused("waits")
    receipt = None
    if goes is not None:
        goes = dataclasses.replace(goes.decided(goes.conflicts), file_sha256=preview.file_sha256)
        batch = batch_of(actor, goes, status=BatchStatus.APPLIED, corrects=corrects)
        receipt = carry_out(session, actor=actor, preview=goes, batch=batch, action="upload.apply")
    if sent:
        return HandedIn(receipt, sent[0][0].id, repeated=receipt is None)
    stands = dataclasses.replace(stands, file_sha256=preview.file_sha256)
    batch = batch_of(actor, stands, status=BatchStatus.WAITING, corrects=corrects)
    batch.part_of = None if receipt is None else receipt.batch_id
    session.add(batch)
    session.flush()
    assert batch.id is not None
    days = days_settled(table, stands.changes)
    kept = with_days(waiting, dict.fromkeys(days))
    numbers = set(kept.frame[ROW])
    notices = tuple(notice for notice in preview.notices if notice.row is None or notice.row in numbers)
    submissions.keep(
        session,
        batch.id,
        Submission(kept, stands.changes, stands.conflicts, days, versions=preview.versions, notices=notices),
    )
    audit.write(
        session,
        actor=actor.username,
        action="upload.submit",
        subject=f"batch {batch.id}",
        detail={
            "file": preview.file_name,
            "sha256": preview.file_sha256,
            "agency": preview.agency,
            "changes": len(stands.changes),
            "part_of": batch.part_of,
            "acknowledged": codes_of(preview.notices),
        },
    )
    return HandedIn(receipt, batch.id)
