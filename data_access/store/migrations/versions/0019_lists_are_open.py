"""Lists are open: entries end from a day on, and who is responsible for an agreement is dated. Of names assigned until now, whose
past days showed it already, since ever

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import datetime as dt
import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ASSIGNED = sa.table(
    "nameassignment",
    *(sa.column(name) for name in ("id", "agency", "agreements", "assigned_by", "released_by")),
    *(sa.column(name, sa.DateTime) for name in ("assigned_at", "released_at")),
)


def upgrade() -> None:
    handover = op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("successor", sa.String(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("retracted_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_handover_agreement_id")),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_handover_agency")),
        sa.ForeignKeyConstraint(["successor"], ["agency.key"], name=op.f("fk_handover_successor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_agreement_id"), "handover", ["agreement_id"], unique=False)
    op.create_table(
        "entryend",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_of", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("successor", sa.String(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("agreements", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("retracted_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entryend")),
    )
    op.create_index(op.f("ix_entryend_code"), "entryend", ["code"], unique=False)
    for name in ("sector", "doctype", "exchange"):
        op.add_column(name, sa.Column("source", sa.String(), nullable=False, server_default=""))
    connection = op.get_bind()
    there = set(connection.execute(sa.select(sa.table("agreement", sa.column("id")).c.id)).scalars())
    for row in connection.execute(sa.select(_ASSIGNED).order_by(_ASSIGNED.c.id)).all():
        made = [
            {
                "agreement_id": number,
                "agency": None,
                "successor": row.agency,
                "effective_on": dt.date.min,
                "action": "names.assign",
                "recorded_at": row.assigned_at,
                "recorded_by": row.assigned_by,
                "retracted_at": row.released_at,
                "retracted_by": row.released_by,
            }
            for number, _ in json.loads(row.agreements)
            if number in there
        ]
        if made:
            connection.execute(sa.insert(handover), made)
    if connection.dialect.name == "postgresql":
        acts_for = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"
        own = f"EXISTS (SELECT FROM agreement AS own WHERE own.id = handover.agreement_id AND own.responsible_agency = {acts_for})"
        op.execute("ALTER TABLE handover ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE handover FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON handover USING ({acts_for} = '' OR {own}) "
            f"WITH CHECK ({acts_for} = '' OR {own})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
