"""Which country pack the lists and words are of

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "countrypack",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("home", sa.String(), nullable=False),
        sa.Column("starts_with", sa.String(), nullable=False),
        sa.Column("takes_names", sa.Boolean(), nullable=False),
        sa.Column("default_scope", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_countrypack")),
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
