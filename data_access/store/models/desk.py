"""Around the register: whom to turn to at each agency, who was reminded of what, and how an agency's sheets are read."""

from __future__ import annotations

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class AgencyContact(SQLModel, table=True):
    """Whom to turn to at an agency: an office, never a person's name. What stood there before is in the audit."""

    agency: str = Field(foreign_key="agency.key", primary_key=True)
    office: str = ""
    email: str = Field(default="", description="one or several addresses, apart by a semicolon and a space")
    phone: str = ""
    updated_at: NaiveDatetime = Field(default_factory=utc_now)
    updated_by: str = ""


class Reminder(SQLModel, table=True):
    """A letter that reminded an agency of reports it owed for a period, and what became of it.

    Written before the letter leaves, so that none goes out unnoted: one that stays `under_way` was cut off on its way.
    """

    id: int | None = Field(default=None, primary_key=True)
    period: str = Field(index=True, description="its code; a period may be taken out of the calendar")
    agency: str = Field(foreign_key="agency.key", index=True)
    missing: int
    way: str
    address: str = ""
    outcome: str
    reason: str = ""
    at: NaiveDatetime = Field(default_factory=utc_now)
    by: str


class AgencyHeading(SQLModel, table=True):
    """What a heading of an agency's own sheets means, as somebody who hands in for it has said."""

    agency: str = Field(foreign_key="agency.key", primary_key=True)
    heading: str = Field(primary_key=True, description="letters and digits only, lower case, without marks")
    means: str = Field(default="", description="the code of a column; empty: nothing of it is read")
    updated_at: NaiveDatetime = Field(default_factory=utc_now)
    updated_by: str = ""
