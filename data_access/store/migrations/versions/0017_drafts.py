"""What an account has under way and has not handed in

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"
_OWNER = "(SELECT coalesce(current_setting('kpi.account', true), ''))"
# For the agency, as everywhere, and beyond that for the account: colleagues of one agency have drafts of their own.
_OWN = f"({_ACTS_FOR} = '' OR agency = {_ACTS_FOR}) AND ({_OWNER} = '' OR username = {_OWNER})"
# The policies of the draft hold within the subquery.
_OWN_DRAFT = "EXISTS (SELECT FROM uploaddraft AS own WHERE own.id = uploaddraftfile.draft_id)"


def upgrade() -> None:
    op.create_table(
        "uploaddraft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.Column("typed", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_uploaddraft_username")),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_uploaddraft_agency")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_uploaddraft_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploaddraft")),
    )
    op.create_index(op.f("ix_uploaddraft_username"), "uploaddraft", ["username"], unique=False)
    op.create_index(op.f("ix_uploaddraft_changed_at"), "uploaddraft", ["changed_at"], unique=False)
    op.create_table(
        "uploaddraftfile",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["uploaddraft.id"], name=op.f("fk_uploaddraftfile_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_uploaddraftfile")),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, own in (("uploaddraft", _OWN), ("uploaddraftfile", _OWN_DRAFT)):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_draft_only ON {table} USING ({own}) WITH CHECK ({own})")


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
