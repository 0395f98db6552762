"""What keeps damage to the store from going unnoticed."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class RowSeal(SQLModel, table=True):
    """The seal of one row: a hash over all its columns, kept by the store's own triggers (see `data_access.store.seals`).
    PostgreSQL with page checksums has none.

    `row_key` is the row's primary key as text, its parts joined by U+001F. A row that was not as sealed when it was next
    written has the seal `broken` from then on.
    """

    __table_args__ = {"sqlite_with_rowid": False}

    table_name: str = Field(primary_key=True)
    row_key: str = Field(primary_key=True)
    seal: str
