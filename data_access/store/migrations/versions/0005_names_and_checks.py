"""Names assigned to agencies and checks of the audit's chain get tables; until now both were read out of the audit

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ENTRY = sa.table(
    "auditentry", *(sa.column(name) for name in ("id", "actor", "action", "detail")), sa.column("at", sa.DateTime)
)


def upgrade() -> None:
    assigned = op.create_table(
        "nameassignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("agreements", sa.String(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(), nullable=False),
        sa.Column("assigned_by", sa.String(), nullable=False),
        sa.Column("released_at", sa.DateTime(), nullable=True),
        sa.Column("released_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_nameassignment_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nameassignment")),
    )
    op.create_index(op.f("ix_nameassignment_text"), "nameassignment", ["text"], unique=False)
    checked = op.create_table(
        "chaincheck",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("first_broken", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chaincheck")),
    )
    connection = op.get_bind()
    entries = connection.execute(
        sa.select(_ENTRY)
        .where(_ENTRY.c.action.in_(("names.assign", "names.release", "audit.verify")))
        .order_by(_ENTRY.c.id)
    ).all()
    latest: dict[str, int] = {}
    for entry in entries:
        detail = json.loads(entry.detail)
        if entry.action == "audit.verify":
            connection.execute(sa.insert(checked).values(at=entry.at, actor=entry.actor, **detail))
            continue
        ((text, told),) = detail.items()
        if entry.action == "names.release":
            released = sa.update(assigned).where(assigned.c.id == latest[text])
            connection.execute(released.values(released_at=entry.at, released_by=entry.actor))
            continue
        added = sa.insert(assigned).values(
            text=text,
            agency=told["agency"],
            agreements=json.dumps(told["agreements"], separators=(",", ":")),
            assigned_at=entry.at,
            assigned_by=entry.actor,
            released_by="",
        )
        latest[text] = connection.execute(added.returning(assigned.c.id)).scalar_one()
    if connection.dialect.name == "postgresql":
        acts_for = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"
        op.execute("ALTER TABLE nameassignment ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE nameassignment FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON nameassignment USING ({acts_for} = '' OR agency = {acts_for}) "
            f"WITH CHECK ({acts_for} = '' OR agency = {acts_for})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
