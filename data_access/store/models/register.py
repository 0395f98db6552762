"""The register: agreements with their dated events, and what is known of the register itself.

Every claim keeps the day it was received (`received_on`): the server's own where it was handed in, which nobody types, and the
source's word where it was loaded. A report says besides on which day it was made (`reported_on`).
"""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import local_day, utc_now
from kpi.vocabulary import AccessLevel


class Agreement(SQLModel, table=True):
    """One signed (or proposed) commitment or agreement.

    `tracked` is false where only published dates are known: it counts as signed and stays out of every outcome figure.
    `responsible_agency` is who is responsible now (before: `Handover`), null where the register's words could not be resolved;
    `responsible_as_given` keeps them.
    """

    id: int | None = Field(default=None, primary_key=True)
    ref: str = Field(unique=True, index=True)
    title_vi: str
    title_en: str
    doc_type: str | None = Field(default=None, foreign_key="doctype.code")
    scope: str = Field(index=True)
    sector: str | None = Field(default=None, foreign_key="sector.code")
    signing_agency: str | None = Field(default=None, foreign_key="agency.key")
    responsible_agency: str | None = Field(default=None, foreign_key="agency.key", index=True)
    responsible_as_given: str = ""
    responsible_office: str = ""
    exchange: str | None = Field(default=None, foreign_key="exchange.code")
    priority: bool = False
    flagship: bool = False
    deliverable_vi: str = ""
    deliverable_en: str = ""
    evidence_url: str = Field(default="", description="accepted evidence of the result; empty where none")
    implementable: bool = True
    tracked: bool = True
    access_level: str = AccessLevel.OPEN
    notes_vi: str = ""
    notes_en: str = ""
    row_version: int = 1
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    vanished_on: dt.date | None = Field(
        default=None, description="the day of the first export of the register's source that it stands in no more"
    )


class AgreementPartner(SQLModel, table=True):
    """The partners of an agreement; the one at position 0 is the lead partner, under whom it is counted."""

    agreement_id: int = Field(foreign_key="agreement.id", primary_key=True)
    partner: str = Field(foreign_key="partner.code", primary_key=True, index=True)
    position: int = 0


class AgreementAgency(SQLModel, table=True):
    """The agencies that coordinate with the responsible one."""

    agreement_id: int = Field(foreign_key="agreement.id", primary_key=True)
    agency: str = Field(foreign_key="agency.key", primary_key=True, index=True)
    role: str = "coordinating"


class StatusEvent(SQLModel, table=True):
    """A move into a state. `date_known` is false where the register names the state but not its date."""

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    state: str
    effective_on: dt.date
    date_known: bool = True
    note: str = ""
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class TargetDate(SQLModel, table=True):
    """A completion date as planned on `effective_on`; the first ever recorded is the original target."""

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    target_on: dt.date
    effective_on: dt.date
    reason: str = ""
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class ReportingPeriod(SQLModel, table=True):
    """A period for which every open agreement owes a progress report, and the day it is due."""

    code: str = Field(primary_key=True)
    starts_on: dt.date
    ends_on: dt.date
    due_on: dt.date


class ProgressReport(SQLModel, table=True):
    """A progress report with its seven required fields (review meeting of 1 October 2025).

    `difficulties` may say that there are none; blank is not the same. `shows_progress` is false for a report that says
    nothing has changed: it counts as reported and does not reset the clock of a stalled agreement.
    """

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    period: str | None = Field(default=None, foreign_key="reportingperiod.code")
    reported_on: dt.date
    presiding_agency: str = ""
    cooperation_partners: str = ""
    content: str = ""
    progress: str = ""
    completion_time: str = ""
    difficulties: str = ""
    recommendations: str = ""
    progress_pct: float | None = None
    shows_progress: bool = True
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class Blocker(SQLModel, table=True):
    """Something that holds an agreement up; what happens to it is in `BlockerEvent`."""

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    cause: str
    severity: str
    authority_level: str
    must_act: str | None = Field(default=None, foreign_key="agency.key")
    description: str = ""
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class BlockerEvent(SQLModel, table=True):
    """A blocker is `opened`, `escalated` or `resolved` on a day."""

    id: int | None = Field(default=None, primary_key=True)
    blocker_id: int = Field(foreign_key="blocker.id", index=True)
    kind: str
    effective_on: dt.date
    note: str = ""
    received_on: dt.date = Field(default_factory=local_day)
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class NameAssignment(SQLModel, table=True):
    """An agency's name as the register gave it, and the agency whose it is by a coordinator's word, until it is released.

    `agreements` are those it made the agency responsible for, each with its row version right after, as JSON.
    """

    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(index=True)
    agency: str = Field(foreign_key="agency.key")
    agreements: str
    assigned_at: NaiveDatetime = Field(default_factory=utc_now)
    assigned_by: str
    released_at: NaiveDatetime | None = None
    released_by: str = ""


class Handover(SQLModel, table=True):
    """An agreement came from one agency to another (null: nobody), which is responsible from `effective_on` on.

    `action` is the audit's name for what brought it about.
    """

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id", index=True)
    agency: str | None = Field(default=None, foreign_key="agency.key")
    successor: str | None = Field(default=None, foreign_key="agency.key")
    effective_on: dt.date
    action: str
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    recorded_by: str
    retracted_at: NaiveDatetime | None = None
    retracted_by: str = ""


class Explanation(SQLModel, table=True):
    """What an agency says about a figure of its own, to whom, and what it was answered; shown beside the light."""

    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(foreign_key="agency.key", index=True)
    kpi: str
    given_on: dt.date
    text_vi: str
    text_en: str = ""
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    addressed_to: str = Field(default="", description="who is asked to decide: a level, as of blockers; empty: nobody")
    answer_due_on: dt.date | None = Field(default=None, description="the day by which an answer is asked for")
    given_by: str = ""
    answer: str = ""
    answered_by: str = ""
    answered_at: NaiveDatetime | None = None


class LoadFinding(SQLModel, table=True):
    """Something a loaded register could not say clearly: an unresolved name, dates that contradict each other."""

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int | None = Field(default=None, foreign_key="agreement.id", index=True)
    source_row: int | None = None
    field: str
    value: str = ""
    code: str


class DataVersion(SQLModel, table=True):
    """One row: which register this store holds, the days its data date is made of (`data_access.data_date`), and the number
    every change raises."""

    id: int = Field(default=1, primary_key=True)
    version: int = 0
    register_code: str = ""
    name_vi: str = ""
    name_en: str = ""
    data_date: dt.date | None = Field(default=None, description="the day it was loaded up to")
    published_to: dt.date | None = Field(
        default=None, description="the day the coordinator has published it up to; null: none"
    )
    is_demo: bool = False
    source: str = ""
    licence: str = ""
    attribution: str = ""
    caveat_vi: str = ""
    caveat_en: str = ""
    not_kept: str = Field(default="", description="the records the register says it does not keep, apart by spaces")
    changed_at: NaiveDatetime = Field(default_factory=utc_now)


class Setting(SQLModel, table=True):
    """A threshold, weight or goalpost, from a date on; the latest one effective holds. Values are JSON."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    value: str
    effective_on: dt.date
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    recorded_by: str = ""
