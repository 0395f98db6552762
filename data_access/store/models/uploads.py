"""What was handed in, and the audit."""

from __future__ import annotations

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class UploadBatch(SQLModel, table=True):
    """A file or form an agency sent: what it was, what became of it, who reviewed it, and which batch undid it.

    What waits for review is a batch without cells; what it would change is in `UploadSubmission`. `part_of` names the batch
    whose file this is the rest of, `corrects` the returned batch that this one was sent for.
    """

    id: int | None = Field(default=None, primary_key=True)
    username: str
    agency: str | None = Field(default=None, foreign_key="agency.key", index=True)
    file_name: str
    file_sha256: str = Field(index=True)
    rows: int = 0
    changes: int = 0
    status: str
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    applied_at: NaiveDatetime | None = None
    undoes: int | None = Field(default=None, foreign_key="uploadbatch.id")
    undone_by: int | None = Field(default=None, foreign_key="uploadbatch.id")
    reviewed_by: str = ""
    reviewed_at: NaiveDatetime | None = None
    reason: str = ""
    part_of: int | None = Field(default=None, foreign_key="uploadbatch.id")
    corrects: int | None = Field(default=None, foreign_key="uploadbatch.id")
    asked_for: str = Field(default="", description="columns a returned batch is to be completed with, apart by spaces")


class UploadSubmission(SQLModel, table=True):
    """What was sent for review: the rows as they were confirmed, and the differences as they were seen. Both are JSON."""

    batch_id: int = Field(foreign_key="uploadbatch.id", primary_key=True)
    content: str
    seen: str


class UploadDraft(SQLModel, table=True):
    """What an account has under way and has not handed in: for its owner's eyes alone, and for some days.

    `way` is `file`, `rows` (those of a returned batch, put right on the screen) or `form`. `typed` is what was typed or corrected,
    as JSON; it is small, and written anew as often as something is typed.
    """

    id: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username", index=True)
    agency: str = Field(foreign_key="agency.key")
    way: str
    name: str = Field(description="the file's, or the agreement's reference")
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")
    corrections: int = 0
    typed: str
    size: int = Field(description="bytes of what was typed and of the file's rows")
    revision: int = 1
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    changed_at: NaiveDatetime = Field(default_factory=utc_now, index=True)


class UploadDraftFile(SQLModel, table=True):
    """The rows of a draft's file as they were read, written once: JSON, compressed, in Base64."""

    draft_id: str = Field(foreign_key="uploaddraft.id", primary_key=True)
    content: str


class BatchChange(SQLModel, table=True):
    """One cell a batch changed: old and new as text, and the history row that carries it."""

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="uploadbatch.id", index=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    field: str
    old: str | None = None
    new: str | None = None
    source_row: int | None = None
    target_table: str = ""
    target_id: int | None = None


class AuditEntry(SQLModel, table=True):
    """Who did what, chained: each entry's hash covers the one before it."""

    id: int | None = Field(default=None, primary_key=True)
    at: NaiveDatetime = Field(default_factory=utc_now)
    actor: str
    action: str
    subject: str = ""
    detail: str = "{}"
    previous_hash: str = ""
    hash: str = Field(unique=True)


class ChainCheck(SQLModel, table=True):
    """A check of the audit's chain: entries that hold, and the first that does not follow from the one before it."""

    id: int | None = Field(default=None, primary_key=True)
    at: NaiveDatetime = Field(default_factory=utc_now)
    actor: str
    entries: int
    first_broken: int | None = None
