"""Row seals: a table for them. The triggers that keep them are made after every migration, by `data_access.store.seals.install`

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rowseal",
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_key", name=op.f("pk_rowseal")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
