"""An agreement that a newer export of the register's source does not have any more is marked with the day of that export

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreement", sa.Column("vanished_on", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
