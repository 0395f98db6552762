"""What agencies say and the register does not have yet: batches that wait for review, and returned ones not sent anew."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import store
from data_access.clock import local_time
from data_access.store import models
from data_access.updates import submissions
from data_access.updates.reading import current_rows, table
from data_access.updates.reviewing import reviewed
from data_access.updates.submissions import Submission
from kpi.update.pending import Pending, latest
from kpi.vocabulary import BatchStatus

_OPEN = (BatchStatus.WAITING, BatchStatus.RETURNED)


def read_pending(engine: sa.Engine, agency: str | None = None) -> tuple[Pending, ...]:
    """What is pending of an agency, or of all (None), compared with the register of this moment, by number of batch: the last word
    about each place (see `kpi.update.pending.latest`). Rows that could not be stored by now are left out.

    A returned batch counts until another one was sent that corrects it, and was not withdrawn.
    """
    with store.session(engine, read_only=True) as session:
        held = [one for one in _held(session) if agency in (None, one[0].agency)]
    current = {agency: current_rows(engine, agency) for agency in {batch.agency for batch, _ in held} if agency}
    found = []
    for batch, submission in held:
        if batch.id is None or batch.agency is None:
            continue
        preview = reviewed(batch, submission, current[batch.agency]).preview
        if preview is not None:
            received_on = local_time(batch.created_at).date()
            found.append(Pending(batch.id, BatchStatus(batch.status), batch.username, received_on, preview))
    return latest(found)


def read_pending_mark(engine: sa.Engine) -> str:
    """A mark of what is pending: another one whenever a batch was sent for review, returned, withdrawn or published."""
    batch = table(models.UploadBatch).c
    is_sent = batch.status.in_([*_OPEN, BatchStatus.WITHDRAWN])
    found = store.read_frame(engine, sa.select(batch.id, batch.status).where(is_sent).order_by(batch.id))
    if found.is_empty():
        return ""
    return hashlib.sha256(found.write_csv().encode()).hexdigest()[:16]


def _held(session: Session) -> list[tuple[models.UploadBatch, Submission]]:
    batch, stored = models.UploadBatch, models.UploadSubmission
    corrected = (
        select(batch.corrects).where(col(batch.corrects).is_not(None)).where(col(batch.status) != BatchStatus.WITHDRAWN)
    )
    statement = (
        select(batch, stored)
        .join(stored, col(stored.batch_id) == col(batch.id))
        .where(col(batch.status).in_(_OPEN), col(batch.agency).is_not(None), col(batch.id).not_in(corrected))
        .order_by(col(batch.id))
    )
    return [(sent, submissions.kept(sent, kept)) for sent, kept in session.exec(statement)]
