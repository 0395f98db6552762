"""What was decided and what is asked for: directives and escalations, with their steps

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"
_OWN = {
    "directive": f"agency = {_ACTS_FOR}",
    "directivestep": "EXISTS (SELECT FROM directive AS own WHERE own.id = directivestep.directive_id "
    f"AND own.agency = {_ACTS_FOR})",
    "escalation": f"agency = {_ACTS_FOR}",
    "escalationstep": "EXISTS (SELECT FROM escalation AS own WHERE own.id = escalationstep.escalation_id "
    f"AND own.agency = {_ACTS_FOR})",
}


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str, *, nullable: bool) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(), nullable=nullable)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _step(table: str, of: str, *besides: sa.Column[Any]) -> None:
    op.create_table(
        table,
        _number("id", nullable=False),
        _number(f"{of}_id", nullable=False),
        _text("kind"),
        _day("taken_on"),
        _text("taken_by"),
        _text("text"),
        *besides,
        _day("due_on", nullable=True),
        _text("document_number"),
        _text("document_issuer"),
        _day("document_on", nullable=True),
        _text("document_url"),
        _moment("recorded_at"),
        _moment("retracted_at", nullable=True),
        _text("retracted_by"),
        _foreign(table, f"{of}_id", f"{of}.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_{of}_id"), table, [f"{of}_id"], unique=False)


def upgrade() -> None:
    op.create_table(
        "directive",
        _number("id", nullable=False),
        _text("agency"),
        _text("about"),
        _text("about_code"),
        _number("agreement_id", nullable=True),
        _number("blocker_id", nullable=True),
        _text("task"),
        _day("due_on"),
        _text("said_by"),
        _day("issued_on"),
        _text("issued_by"),
        _moment("recorded_at"),
        _foreign("directive", "agency", "agency.key"),
        _foreign("directive", "agreement_id", "agreement.id"),
        _foreign("directive", "blocker_id", "blocker.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directive")),
    )
    op.create_table(
        "escalation",
        _number("id", nullable=False),
        _text("agency"),
        _number("agreement_id", nullable=False),
        _number("blocker_id", nullable=True),
        _number("event_id", nullable=True),
        _text("level"),
        _text("ask"),
        _text("proposal"),
        _text("otherwise"),
        _day("due_on"),
        _day("raised_on"),
        _text("raised_by"),
        _moment("recorded_at"),
        _foreign("escalation", "agency", "agency.key"),
        _foreign("escalation", "agreement_id", "agreement.id"),
        _foreign("escalation", "blocker_id", "blocker.id"),
        _foreign("escalation", "event_id", "blockerevent.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
    )
    for table in ("directive", "escalation"):
        for column in ("agency", "agreement_id"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
    _step("directivestep", "directive")
    _step("escalationstep", "escalation", _text("members"), _text("level"))
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, own in _OWN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON {table} "
            f"USING ({_ACTS_FOR} = '' OR {own}) WITH CHECK ({_ACTS_FOR} = '' OR {own})"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
