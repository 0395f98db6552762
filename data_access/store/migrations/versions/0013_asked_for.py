"""What a batch was returned for may be named by its columns; until now nothing was

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("uploadbatch", sa.Column("asked_for", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
