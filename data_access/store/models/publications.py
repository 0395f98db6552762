"""What was published, to the letter, and what agencies said of it before."""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class Publication(SQLModel, table=True):
    """The scorecards of one day as they were known at the end of another: drafted, commented on by agencies and published; or the
    draft was taken back. What was drafted never changes."""

    id: int | None = Field(default=None, primary_key=True)
    as_of: dt.date = Field(index=True, description="the day the figures speak of")
    known_on: dt.date = Field(description="the day at whose end they were known; over when they were drafted")
    scope: str = Field(default="", description="of which agreements; empty: all")
    comments_due_on: dt.date = Field(description="the last day on which agencies may comment")
    content: str = Field(description="the figures, as `kpi.studies.publication` writes them")
    sha256: str = Field(description="of the content, in UTF-8")
    rules: str = Field(description="the numbers they were judged by, as JSON")
    code_version: str = Field(description="of the programs that worked them out")
    data_version: int
    drafted_by: str
    drafted_at: NaiveDatetime = Field(default_factory=utc_now)
    published_by: str = ""
    published_at: NaiveDatetime | None = None
    withdrawn_by: str = ""
    withdrawn_at: NaiveDatetime | None = None


class PublicationComment(SQLModel, table=True):
    """What an agency says of a draft: of one of its figures or of all; printed beside the light where it does not agree."""

    id: int | None = Field(default=None, primary_key=True)
    publication_id: int = Field(foreign_key="publication.id", index=True)
    agency: str = Field(foreign_key="agency.key", index=True)
    kpi: str = Field(default="", description="empty: of all its figures")
    agrees: bool
    text: str = ""
    given_by: str
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = Field(default=None, description="another comment took its place")
