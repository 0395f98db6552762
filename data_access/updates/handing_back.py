"""What of a newer export is not in cells of agreements, taken back: who was made responsible, and up to which day it goes."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access.acting import Refused
from data_access.agreement_cells import HANDED_OVER
from data_access.store import models
from data_access.updates import rows
from data_access.updates.applying import Batch
from data_access.updates.reading import table

_TOLD: Final = ("action", "agency", "successor")
"""What of a handover tells the one that a newer export brought: a later export's would be in the way as an overlap."""


def hand_back(session: Session, cells: pl.DataFrame, batch: Batch) -> None:
    """Take back that agreements were handed over, by the cells that say so. Raises `Refused("changed_since")` where one was
    handed on since, as lists are merged and split: whoever has it by now would lose it."""
    undone_by = session.get_one(models.UploadBatch, batch.id).username
    meant = {
        number: (new or None, HANDED_OVER, old or None, new or None)
        for number, old, new in cells.select("agreement_id", "old", "new").iter_rows()
    }
    handover, agreement = table(models.Handover).c, table(models.Agreement).c
    for part in rows.parts(list(meant)):
        live = sa.select(sa.func.max(handover.id)).where(
            handover.retracted_at.is_(None), handover.agreement_id.in_(part)
        )
        latest = live.group_by(handover.agreement_id)
        found = session.connection().execute(
            sa.select(agreement.id, agreement.responsible_agency, *(handover[name] for name in _TOLD))
            .join_from(table(models.Agreement), table(models.Handover), agreement.id == handover.agreement_id)
            .where(handover.id.in_(latest))
        )
        last = {row[0]: (row.responsible_agency, row.action, row.agency, row.successor) for row in found}
        if moved := [number for number in part if last.get(number) != meant[number]]:
            raise Refused("changed_since", refs=rows.refs_of(session, moved)[:10])
        session.connection().execute(
            sa.update(table(models.Handover))
            .where(handover.id.in_(latest))
            .values(retracted_at=batch.at, retracted_by=undone_by)
        )


def move_back(session: Session, batch_id: int) -> None:
    """Put back the day the register was loaded up to, where no later export has moved it on."""
    change = table(models.BatchChange).c
    statement = sa.select(change.old, change.new).where(change.batch_id == batch_id, change.field == "_data_date")
    version = session.get(models.DataVersion, 1)
    for old, new in session.connection().execute(statement):
        if version is not None and str(version.data_date) == new:
            version.data_date = dt.date.fromisoformat(old)
    session.flush()
