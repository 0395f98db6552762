"""Every claim keeps the day it was received; the day a report gives itself is called what it is

What was handed in was received on the local day on which it was recorded, what was loaded on the day it is about: the source's
word. A report's own day, called `received_on` until now, is `reported_on`.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FIRST_EVENT = "(SELECT min(e.effective_on) FROM {events} AS e WHERE e.{owner} = {table}.id AND e.batch_id IS NULL)"
_REGISTERED = (
    "EXISTS (SELECT 1 FROM batchchange AS c "
    "WHERE c.agreement_id = agreement.id AND c.field = '_row_version' AND c.old IS NULL)"
)
_BROUGHT = "{table}.batch_id IS NOT NULL"

# Of each table: the day its rows are about, and which of them were handed in.
_ABOUT = {
    "statusevent": ("effective_on", _BROUGHT),
    "targetdate": ("effective_on", _BROUGHT),
    "progressreport": ("reported_on", _BROUGHT),
    "blockerevent": ("effective_on", _BROUGHT),
    "blocker": (_FIRST_EVENT.format(events="blockerevent", owner="blocker_id", table="blocker"), _BROUGHT),
    "agreement": (_FIRST_EVENT.format(events="statusevent", owner="agreement_id", table="agreement"), _REGISTERED),
}


def upgrade() -> None:
    local_day = {
        "sqlite": "date(recorded_at, '+7 hours')",
        "postgresql": "CAST(recorded_at + INTERVAL '7 hours' AS date)",
    }[op.get_bind().dialect.name]
    op.alter_column("progressreport", "received_on", new_column_name="reported_on")
    for table, (about, handed_in) in _ABOUT.items():
        # Columns are added, not tables copied; the default is for the rows there are, which get their own day right after.
        op.add_column(table, sa.Column("received_on", sa.Date(), nullable=False, server_default="0001-01-01"))
        op.execute(
            f"UPDATE {table} SET received_on = CASE WHEN {handed_in.format(table=table)} THEN {local_day} "
            f"ELSE coalesce({about}, {local_day}) END"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
