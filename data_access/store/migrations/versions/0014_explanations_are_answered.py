"""An explanation of a red light says to whom it is addressed and by when, and may be answered

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("addressed_to", "given_by", "answer", "answered_by"):
        op.add_column("explanation", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("explanation", sa.Column("answer_due_on", sa.Date(), nullable=True))
    op.add_column("explanation", sa.Column("answered_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
