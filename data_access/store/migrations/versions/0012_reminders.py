"""Whom to turn to at each agency, and who was reminded of which reports

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"


def upgrade() -> None:
    op.create_table(
        "agencycontact",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_agencycontact_agency")),
        sa.PrimaryKeyConstraint("agency", name=op.f("pk_agencycontact")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_reminder_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_period"), "reminder", ["period"], unique=False)
    op.create_index(op.f("ix_reminder_agency"), "reminder", ["agency"], unique=False)
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("agencycontact", "reminder"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON {table} USING ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR}) "
            f"WITH CHECK ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
