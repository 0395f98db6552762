"""PostgreSQL itself keeps one agency's transactions away from the rows of others

A transaction that works for an agency says so (`kpi.agency`, see `data_access.store.act_for`); from then on it sees and writes
that agency's rows only, whatever its statements ask for. One that says nothing works with the whole register, as figures need.
The owner of the tables is bound as well; superusers and roles with BYPASSRLS are not. SQLite has nothing of the kind.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# In a subquery it is looked up once for a statement, not once for a row.
_ACTS_FOR = "(SELECT coalesce(current_setting('kpi.agency', true), ''))"


def _own_agreement(agreement_id: str) -> str:
    return (
        f"EXISTS (SELECT FROM agreement AS own WHERE own.id = {agreement_id} AND own.responsible_agency = {_ACTS_FOR})"
    )


def _own_batch(batch_id: str) -> str:
    return f"EXISTS (SELECT FROM uploadbatch AS sent WHERE sent.id = {batch_id} AND sent.agency = {_ACTS_FOR})"


_OF_AGREEMENT = (
    "agreementpartner",
    "agreementagency",
    "statusevent",
    "targetdate",
    "progressreport",
    "blocker",
    "loadfinding",
)

# What an agency may see, and where it differs what it may write: a new value has to pass both.
_OWN = {
    "agreement": f"responsible_agency = {_ACTS_FOR}",
    **{name: _own_agreement(f"{name}.agreement_id") for name in _OF_AGREEMENT},
    "blockerevent": (
        "EXISTS (SELECT FROM blocker AS held JOIN agreement AS own ON own.id = held.agreement_id "
        f"WHERE held.id = blockerevent.blocker_id AND own.responsible_agency = {_ACTS_FOR})"
    ),
    "explanation": f"agency = {_ACTS_FOR}",
    "uploadbatch": f"agency = {_ACTS_FOR}",
    "uploadsubmission": _own_batch("uploadsubmission.batch_id"),
    # The past of its agreements, whichever agency was responsible then.
    "batchchange": _own_agreement("batchchange.agreement_id"),
}
_WRITES = {"batchchange": f"{_OWN['batchchange']} AND {_own_batch('batchchange.batch_id')}"}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, own in _OWN.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_agency_only ON {table} "
            f"USING ({_ACTS_FOR} = '' OR {own}) WITH CHECK ({_ACTS_FOR} = '' OR ({_WRITES.get(table, own)}))"
        )


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
