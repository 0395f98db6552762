"""Scorecards are drafted, commented on and published

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("comments_due_on", sa.Date(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_index(op.f("ix_publication_as_of"), "publication", ["as_of"], unique=False)
    op.create_table(
        "publicationcomment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kpi", sa.String(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_publicationcomment_publication_id")
        ),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_publicationcomment_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicationcomment")),
    )
    for name in ("publication_id", "agency"):
        op.create_index(op.f(f"ix_publicationcomment_{name}"), "publicationcomment", [name], unique=False)
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE publicationcomment ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE publicationcomment FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_agency_only ON publicationcomment USING ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR}) "
        f"WITH CHECK ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR})"
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
