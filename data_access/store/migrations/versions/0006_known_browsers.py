"""Browsers an account was signed in to with keep a count of failed tries of their own

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knownbrowser",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_knownbrowser_username")),
        sa.PrimaryKeyConstraint("username", "browser", name=op.f("pk_knownbrowser")),
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
