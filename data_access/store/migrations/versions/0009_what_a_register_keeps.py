"""A register says which records it does not keep; those loaded until now said nothing of it

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataversion", sa.Column("not_kept", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
