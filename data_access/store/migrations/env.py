"""Runs migrations on the connection `engine.migrate` hands over, or, from Alembic's command line, on our own store."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel import AutoString, SQLModel

from data_access import store
from data_access.store import (
    models,  # noqa: F401  (the import of models fills the metadata)
    seals,
)


def render_item(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """A new migration spells SQLModel's text type as SQLAlchemy's, which is what both stores hold."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_item=render_item,
        render_as_batch=True,  # SQLite changes a table by copying it
        transactional_ddl=True,  # the transaction is ours: a migration that fails leaves nothing behind, on SQLite too
    )
    with context.begin_transaction():
        context.run_migrations()
        seals.install(connection)  # tables may have got other columns


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with store.get_engine().begin() as opened:
        run(opened)
