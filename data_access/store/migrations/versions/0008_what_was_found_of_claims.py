"""Samples of what agencies claimed, and what somebody outside the agency found of it

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"


def upgrade() -> None:
    op.create_table(
        "verificationsample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("seed_sha256", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(), nullable=True),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["period"], ["reportingperiod.code"], name=op.f("fk_verificationsample_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verificationsample")),
        sa.UniqueConstraint("period", name=op.f("uq_verificationsample_period")),
    )
    op.create_table(
        "sampleitem",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["verificationsample.id"], name=op.f("fk_sampleitem_sample_id")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_sampleitem_agreement_id")),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_sampleitem_agency")),
        sa.PrimaryKeyConstraint("sample_id", "position", name=op.f("pk_sampleitem")),
    )
    op.create_index(op.f("ix_sampleitem_agreement_id"), "sampleitem", ["agreement_id"], unique=False)
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("found_state", sa.String(), nullable=True),
        sa.Column("document_number", sa.String(), nullable=False),
        sa.Column("document_issuer", sa.String(), nullable=False),
        sa.Column("document_on", sa.Date(), nullable=True),
        sa.Column("document_url", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=True),
        sa.Column("verified_by", sa.String(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("retracted_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_verification_agreement_id")),
        sa.ForeignKeyConstraint(["sample_id"], ["verificationsample.id"], name=op.f("fk_verification_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_agreement_id"), "verification", ["agreement_id"], unique=False)
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("sampleitem", "verification"):
        own = (
            f"EXISTS (SELECT FROM agreement AS own WHERE own.id = {table}.agreement_id "
            f"AND own.responsible_agency = {_ACTS_FOR})"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON {table} USING ({_ACTS_FOR} = '' OR {own}) "
            f"WITH CHECK ({_ACTS_FOR} = '' OR {own})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
