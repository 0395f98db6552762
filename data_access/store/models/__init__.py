"""The store, table by table.

Three times are kept for every fact: `effective_on` (when it was so), `received_on` (the day it was received) and `recorded_at`
(when the store learned it, UTC without zone). History tables are append-only: a correction sets `retracted_at` on the row that
was wrong and adds a new one, so any screen can be shown as of a date and any published figure rebuilt as it was known then.
Nothing is deleted.

`docs/data_dictionary.md` describes every table and column; a test holds the two together.
"""

from data_access.store.models.base import utc_now
from data_access.store.models.decided import Directive, DirectiveStep, Escalation, EscalationStep
from data_access.store.models.desk import AgencyContact, AgencyHeading, Reminder
from data_access.store.models.people import KnownBrowser, RecoveryCode, SignInAttempt, SignInTicket, User, UserSession
from data_access.store.models.publications import Publication, PublicationComment
from data_access.store.models.reference import (
    Agency,
    AgencyAlias,
    AgencySuccession,
    CountryPack,
    DocType,
    EntryAlias,
    EntryEnd,
    Exchange,
    Partner,
    PartnerAlias,
    PartnerTier,
    Sector,
    Tier,
)
from data_access.store.models.register import (
    Agreement,
    AgreementAgency,
    AgreementPartner,
    Blocker,
    BlockerEvent,
    DataVersion,
    Explanation,
    Handover,
    LoadFinding,
    NameAssignment,
    ProgressReport,
    ReportingPeriod,
    Setting,
    StatusEvent,
    TargetDate,
)
from data_access.store.models.seals import RowSeal
from data_access.store.models.uploads import (
    AuditEntry,
    BatchChange,
    ChainCheck,
    UploadBatch,
    UploadDraft,
    UploadDraftFile,
    UploadSubmission,
)
from data_access.store.models.verification import SampleItem, Verification, VerificationSample

__all__ = [
    "Agency",
    "AgencyAlias",
    "AgencyContact",
    "AgencyHeading",
    "AgencySuccession",
    "Agreement",
    "AgreementAgency",
    "AgreementPartner",
    "AuditEntry",
    "BatchChange",
    "Blocker",
    "BlockerEvent",
    "ChainCheck",
    "CountryPack",
    "DataVersion",
    "Directive",
    "DirectiveStep",
    "DocType",
    "EntryAlias",
    "EntryEnd",
    "Escalation",
    "EscalationStep",
    "Exchange",
    "Explanation",
    "Handover",
    "KnownBrowser",
    "LoadFinding",
    "NameAssignment",
    "Partner",
    "PartnerAlias",
    "PartnerTier",
    "ProgressReport",
    "Publication",
    "PublicationComment",
    "RecoveryCode",
    "Reminder",
    "ReportingPeriod",
    "RowSeal",
    "SampleItem",
    "Sector",
    "Setting",
    "SignInAttempt",
    "SignInTicket",
    "StatusEvent",
    "TargetDate",
    "Tier",
    "UploadBatch",
    "UploadDraft",
    "UploadDraftFile",
    "UploadSubmission",
    "User",
    "UserSession",
    "Verification",
    "VerificationSample",
    "utc_now",
]
