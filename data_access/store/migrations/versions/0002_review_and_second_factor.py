"""Uploads that wait for review; a second factor and single sign-on for accounts

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recoverycode",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_recoverycode_username")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recoverycode")),
    )
    op.create_index(op.f("ix_recoverycode_username"), "recoverycode", ["username"], unique=False)
    op.create_table(
        "uploadsubmission",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_uploadsubmission_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_uploadsubmission")),
    )
    # Columns are added, not tables copied: SQLite would have to empty a table that others refer to.
    op.add_column("account", sa.Column("subject", sa.String(), nullable=True))
    op.add_column("account", sa.Column("totp_secret", sa.String(), nullable=True))
    op.add_column("account", sa.Column("totp_confirmed_at", sa.DateTime(), nullable=True))
    op.add_column("account", sa.Column("totp_last_step", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_account_subject"), "account", ["subject"], unique=True)
    # The defaults are for the rows there are; new rows always name a value.
    op.add_column("uploadbatch", sa.Column("reviewed_by", sa.String(), nullable=False, server_default=""))
    op.add_column("uploadbatch", sa.Column("reviewed_at", sa.DateTime(), nullable=True))
    op.add_column("uploadbatch", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    for name in ("part_of", "corrects"):
        refers = sa.ForeignKey("uploadbatch.id", name=op.f(f"fk_uploadbatch_{name}"))
        op.add_column("uploadbatch", sa.Column(name, sa.Integer(), refers, nullable=True), inline_references=True)


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
