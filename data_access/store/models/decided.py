"""What was decided in the room and what is asked of it: directives with deadlines, and escalations to whoever can settle them.

Each has a row that never changes and steps that follow it. Where it stands is worked out from the steps that are not taken back.
"""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class Directive(SQLModel, table=True):
    """What an agency was told to do, by when, by whom. `about` says what kind of thing it is about, the rest which one."""

    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(foreign_key="agency.key", index=True)
    about: str
    about_code: str = Field(default="", description="the partner's or the KPI's code; empty: about neither")
    agreement_id: int | None = Field(default=None, foreign_key="agreement.id", index=True)
    blocker_id: int | None = Field(default=None, foreign_key="blocker.id")
    task: str
    due_on: dt.date
    said_by: str = Field(
        default="", description="whose word it is, where somebody else recorded it; empty: the account's"
    )
    issued_on: dt.date
    issued_by: str
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)


class DirectiveStep(SQLModel, table=True):
    """What was said or done about a directive: by the agency, or by whoever issued it. Taken back, it stays."""

    id: int | None = Field(default=None, primary_key=True)
    directive_id: int = Field(foreign_key="directive.id", index=True)
    kind: str
    taken_on: dt.date
    taken_by: str
    text: str = ""
    due_on: dt.date | None = Field(default=None, description="the deadline from then on; null: as before")
    document_number: str = ""
    document_issuer: str = ""
    document_on: dt.date | None = None
    document_url: str = ""
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    retracted_by: str = ""


class Escalation(SQLModel, table=True):
    """What an agency asks a level above it to settle: what it asks for, what it proposes, what follows if nothing is decided.

    `event_id` is the entry of the register that it left on its blocker, null where there was one already.
    """

    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(foreign_key="agency.key", index=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    blocker_id: int | None = Field(default=None, foreign_key="blocker.id")
    event_id: int | None = Field(default=None, foreign_key="blockerevent.id")
    level: str
    ask: str
    proposal: str = ""
    otherwise: str = ""
    due_on: dt.date
    raised_on: dt.date
    raised_by: str
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)


class EscalationStep(SQLModel, table=True):
    """What became of an escalation: a decision, a working group and its meetings, another level, a return."""

    id: int | None = Field(default=None, primary_key=True)
    escalation_id: int = Field(foreign_key="escalation.id", index=True)
    kind: str
    taken_on: dt.date
    taken_by: str
    text: str = ""
    members: str = ""
    level: str = Field(default="", description="the level it waits for from then on; empty: as before")
    due_on: dt.date | None = Field(
        default=None, description="the day by which that level is to answer; null: as before"
    )
    document_number: str = ""
    document_issuer: str = ""
    document_on: dt.date | None = None
    document_url: str = ""
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    retracted_by: str = ""
