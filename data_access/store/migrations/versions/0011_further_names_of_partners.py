"""Partners have further names: Mỹ is Hoa Kỳ, and nobody else

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partneralias",
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"], name=op.f("fk_partneralias_partner")),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_partneralias")),
    )
    op.create_index(op.f("ix_partneralias_partner"), "partneralias", ["partner"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
