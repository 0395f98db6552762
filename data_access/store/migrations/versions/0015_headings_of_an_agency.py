"""What the headings of an agency's own sheets mean

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"


def upgrade() -> None:
    op.create_table(
        "agencyheading",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_agencyheading_agency")),
        sa.PrimaryKeyConstraint("agency", "heading", name=op.f("pk_agencyheading")),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE agencyheading ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE agencyheading FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_agency_only ON agencyheading USING ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR}) "
        f"WITH CHECK ({_ACTS_FOR} = '' OR agency = {_ACTS_FOR})"
    )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
