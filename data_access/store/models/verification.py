"""What is looked at by somebody outside the agency: samples of what agencies claimed, and what was found."""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import local_day, utc_now


class VerificationSample(SQLModel, table=True):
    """The sample of a reporting period: announced by the SHA-256 of its seed before the period closes, drawn once after it.

    The seed is nowhere in the store until it is drawn; from then on everybody can redo the draw. `claims` is how many there were
    to draw from, `size` how many were to be drawn; the least number of each agency comes on top.
    """

    id: int | None = Field(default=None, primary_key=True)
    period: str = Field(foreign_key="reportingperiod.code", unique=True)
    seed_sha256: str
    published_at: NaiveDatetime = Field(default_factory=utc_now)
    published_by: str
    seed: str | None = None
    drawn_at: NaiveDatetime | None = None
    drawn_by: str = ""
    claims: int | None = None
    size: int | None = None


class SampleItem(SQLModel, table=True):
    """A claim that was drawn, at its place in the order of the draw. `agency` is who was responsible then, and `stratum` how many
    claims that agency had to draw from."""

    sample_id: int = Field(foreign_key="verificationsample.id", primary_key=True)
    position: int = Field(primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    state: str
    effective_on: dt.date
    agency: str = Field(foreign_key="agency.key")
    stratum: int


class Verification(SQLModel, table=True):
    """What was found of a claim: that an agreement came into `state` on `effective_on`.

    `verdict` is `confirmed`, `refuted` or `not_shown`, `found_state` the state that was found. The document it rests on has a
    number, an issuer and a day. Who recorded it may take it back with a reason; the row stays.
    """

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    state: str
    effective_on: dt.date
    verdict: str
    found_state: str | None = None
    document_number: str = ""
    document_issuer: str = ""
    document_on: dt.date | None = None
    document_url: str = ""
    reason: str = ""
    sample_id: int | None = Field(default=None, foreign_key="verificationsample.id")
    verified_by: str
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    retracted_reason: str = ""
