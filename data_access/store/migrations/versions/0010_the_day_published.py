"""The coordinator publishes the register up to a day; of registers until now none was, and their data dates stay

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataversion", sa.Column("published_to", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
