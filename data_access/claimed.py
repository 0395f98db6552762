"""What agencies claimed, for looking at how they claim it: states, targets and reports with their receipts and words."""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.integrity.claims import Claims, Record


def read_claims(engine: sa.Engine, *, texts_from: dt.date) -> pl.DataFrame:
    """Every claim that holds of agreements somebody is responsible for: columns of `Claims`, by record and number.

    Texts are those of the document a state names, the reason of a target, the progress a report tells; of what was received before
    `texts_from` they are left empty, so that years of them need not be read.
    """
    event, target, report = (
        table_of(model) for model in (models.StatusEvent, models.TargetDate, models.ProgressReport)
    )
    told = (
        (Record.STATE, event, event.c.effective_on, event.c.note, ("state",)),
        (Record.TARGET, target, target.c.effective_on, target.c.reason, ("target_on",)),
        (Record.REPORT, report, report.c.reported_on, report.c.progress, ("progress_pct", "shows_progress")),
    )
    agreement, agency = table_of(models.Agreement), table_of(models.Agency)
    with store.snapshot(engine) as read:
        whose = read(
            sa.select(
                agreement.c.id.label("agreement_id"),
                agreement.c.responsible_agency.label("agency"),
                agency.c.kind.label("agency_kind"),
            ).join(agency, agency.c.key == agreement.c.responsible_agency)
        )
        parts = [
            read(
                sa.select(
                    table.c.id.label("record_id"),
                    table.c.agreement_id,
                    about_on.label("about_on"),
                    table.c.received_on,
                    table.c.batch_id,
                    sa.case((table.c.received_on >= texts_from, text), else_="").label("text"),
                    *(table.c[name] for name in names),
                )
                .where(table.c.retracted_at.is_(None))
                .order_by(table.c.id)
            ).with_columns(record=pl.lit(str(record)))
            for record, table, about_on, text, names in told
        ]
    empty = Claims.create_empty()
    kinds = empty.schema
    claims = pl.concat(
        [
            empty.drop("agency", "agency_kind"),
            *(part.with_columns(pl.col(n).cast(kinds[n]) for n in part.columns) for part in parts),
        ],
        how="diagonal",
    )
    return claims.join(whose, on="agreement_id", how="inner", maintain_order="left").select(Claims.column_names())
