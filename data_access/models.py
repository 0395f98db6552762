"""The store, table by table.

Two times are kept for every fact: `effective_on` (when it was so) and `recorded_at` (when we learned it, UTC without
zone). History tables are append-only: a correction sets `retracted_at` on the row that was wrong and adds a new one, so
any screen can be shown as of a date and any published figure rebuilt as it was known then. Nothing is deleted.

`docs/data_dictionary.md` describes every table and column; a test holds the two together.
"""

from __future__ import annotations

import datetime as dt

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

# Named constraints can be changed by a later migration on both stores; unnamed ones cannot on SQLite.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> dt.datetime:
    """The present moment in UTC, without a zone, as both stores keep it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


# --- Reference lists -------------------------------------------------------------------------------------------------


class Agency(SQLModel, table=True):
    """A ministry, agency or province in one period of its existence.

    Official province codes were reused in the mergers of 1 July 2025, so the key is ours: today's province 24 is `T24`,
    the former one `T24-2025` (the year it ended).
    """

    key: str = Field(primary_key=True)
    code: str = Field(index=True)
    kind: str
    abbr_vi: str
    abbr_en: str
    name_vi: str
    name_en: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    source: str = ""
    notes: str = ""


class AgencyAlias(SQLModel, table=True):
    """Another way people write an agency's name."""

    alias: str = Field(primary_key=True)
    agency: str = Field(foreign_key="agency.key", primary_key=True)
    source: str = ""


class AgencySuccession(SQLModel, table=True):
    """Who took over from whom, when and for which tasks; `is_default` marks the successor for tasks not split off."""

    id: int | None = Field(default=None, primary_key=True)
    predecessor: str = Field(foreign_key="agency.key", index=True)
    successor: str = Field(foreign_key="agency.key")
    effective_on: dt.date
    change: str
    tasks: str = ""
    is_default: bool = True
    source: str = ""


class Partner(SQLModel, table=True):
    """A country, bloc, organisation or sub-national partner."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    kind: str
    region: str = Field(description="reporting region")
    m49_region: str = ""
    m49_subregion: str = ""
    counts_under: str | None = Field(default=None, foreign_key="partner.code")
    source: str = ""
    notes: str = ""


class PartnerTier(SQLModel, table=True):
    """A partner's tier of relations from a date on; `precision` says how exactly that date is known."""

    partner: str = Field(foreign_key="partner.code", primary_key=True)
    valid_from: dt.date = Field(primary_key=True)
    valid_to: dt.date | None = None
    tier: str
    precision: str = "day"
    source: str = ""


class Sector(SQLModel, table=True):
    """A field of cooperation; `sector_group` is the grouping that published shares use."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    sector_group: str
    position: int


class DocType(SQLModel, table=True):
    """A kind of document and what the law asks of it."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    name_pl: str = ""
    legal_class: str
    legal_basis: str = ""
    needs_approval: bool = False
    implementable_default: bool = True
    position: int
    notes: str = ""


class Exchange(SQLModel, table=True):
    """A high-level exchange (visit, summit, conference) at which agreements were signed."""

    code: str = Field(primary_key=True)
    name_vi: str
    name_en: str
    kind: str
    held_on: dt.date
    partner: str | None = Field(default=None, foreign_key="partner.code")


# --- The register ----------------------------------------------------------------------------------------------------


class Agreement(SQLModel, table=True):
    """One signed (or proposed) commitment or agreement.

    `tracked` is false where only published dates are known: it counts as signed and stays out of every outcome figure.
    `responsible_agency` is null where the register's words could not be resolved; `responsible_as_given` keeps them.
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
    access_level: str = "open"
    notes_vi: str = ""
    notes_en: str = ""
    row_version: int = 1
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)


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
    received_on: dt.date
    presiding_agency: str = ""
    cooperation_partners: str = ""
    content: str = ""
    progress: str = ""
    completion_time: str = ""
    difficulties: str = ""
    recommendations: str = ""
    progress_pct: float | None = None
    shows_progress: bool = True
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
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None
    batch_id: int | None = Field(default=None, foreign_key="uploadbatch.id")


class Explanation(SQLModel, table=True):
    """What an agency says about a figure of its own; shown beside the light."""

    id: int | None = Field(default=None, primary_key=True)
    agency: str = Field(foreign_key="agency.key", index=True)
    kpi: str
    given_on: dt.date
    text_vi: str
    text_en: str = ""
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    retracted_at: NaiveDatetime | None = None


class LoadFinding(SQLModel, table=True):
    """Something a loaded register could not say clearly: an unresolved name, dates that contradict each other."""

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int | None = Field(default=None, foreign_key="agreement.id", index=True)
    source_row: int | None = None
    field: str
    value: str = ""
    code: str


class DataVersion(SQLModel, table=True):
    """One row: which register this store holds, its data date, and the number every change raises."""

    id: int = Field(default=1, primary_key=True)
    version: int = 0
    register_code: str = ""
    name_vi: str = ""
    name_en: str = ""
    data_date: dt.date | None = None
    is_demo: bool = False
    source: str = ""
    licence: str = ""
    attribution: str = ""
    caveat_vi: str = ""
    caveat_en: str = ""
    changed_at: NaiveDatetime = Field(default_factory=utc_now)


class Setting(SQLModel, table=True):
    """A threshold, weight or goalpost, from a date on; the latest one effective holds. Values are JSON."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    value: str
    effective_on: dt.date
    recorded_at: NaiveDatetime = Field(default_factory=utc_now)
    recorded_by: str = ""


# --- People, uploads, audit ------------------------------------------------------------------------------------------


class User(SQLModel, table=True):
    """An account. Offices and roles, not people's names.

    `subject` is who the single sign-on says this is (issuer and subject). `totp_secret` is encrypted; it counts once
    `totp_confirmed_at` is set, and a code's time step must lie after `totp_last_step`.
    """

    __tablename__ = "account"  # `user` is a reserved word in PostgreSQL

    username: str = Field(primary_key=True)
    password_hash: str
    role: str
    agency: str | None = Field(default=None, foreign_key="agency.key")
    office: str = ""
    active: bool = True
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    password_changed_at: NaiveDatetime = Field(default_factory=utc_now)
    subject: str | None = Field(default=None, unique=True, index=True)
    totp_secret: str | None = None
    totp_confirmed_at: NaiveDatetime | None = None
    totp_last_step: int | None = None


class RecoveryCode(SQLModel, table=True):
    """A code that stands in once for the second factor; only its SHA-256 is kept."""

    code_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username", index=True)
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    used_at: NaiveDatetime | None = None


class UserSession(SQLModel, table=True):
    """A signed-in browser; only the SHA-256 of its token is kept."""

    token_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username", index=True)
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    last_seen_at: NaiveDatetime = Field(default_factory=utc_now)
    expires_at: NaiveDatetime
    revoked_at: NaiveDatetime | None = None
    client: str = ""


class SignInTicket(SQLModel, table=True):
    """A one-time hand-over from the sign-in form to the route that sets the cookie."""

    ticket_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username")
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    expires_at: NaiveDatetime
    used_at: NaiveDatetime | None = None


class SignInAttempt(SQLModel, table=True):
    """Failed sign-ins per account name and per address, and when the next try is allowed."""

    key: str = Field(primary_key=True)
    failures: int = 0
    last_failed_at: NaiveDatetime = Field(default_factory=utc_now)
    allowed_at: NaiveDatetime = Field(default_factory=utc_now)


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


class UploadSubmission(SQLModel, table=True):
    """What was sent for review: the rows as they were confirmed, and the differences as they were seen. Both are JSON."""

    batch_id: int = Field(foreign_key="uploadbatch.id", primary_key=True)
    content: str
    seen: str


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
