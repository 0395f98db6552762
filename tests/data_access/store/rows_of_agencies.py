"""A row of an agency in every table that has such rows, and what a forger would write into it."""

from __future__ import annotations

import datetime as dt

from sqlmodel import SQLModel

from data_access.store import models

DAY = dt.date(2026, 1, 10)
OURS, THEIRS = 1, 9  # agreements of BCT and of BNG
COUNTED_FROM = 1_000

# What an agreement, a batch or a blocker can be recognised by.
LINKS = frozenset({"agreement_id", "batch_id", "blocker_id"})
OPEN_TO_ALL = frozenset(
    {
        *(
            "agency",
            "agencyalias",
            "agencysuccession",
            "countrypack",
            "publication",
            "partner",
            "partneralias",
            "partnertier",
            "sector",
            "doctype",
            "exchange",
            "entryend",
            "entryalias",
            "tier",
        ),
        *("reportingperiod", "verificationsample", "dataversion", "setting", "rowseal", "auditentry", "chaincheck"),
        *("account", "recoverycode", "usersession", "signinticket", "signinattempt", "knownbrowser"),
    }
)
"""Tables without rows of an agency's own: reference lists, accounts (which need no agency to sign in), the audit."""


def rows_of(agency: str, agreement_id: int, number: int) -> dict[str, SQLModel]:
    """One row of each guarded table, all belonging to the agency; `number` keeps their ids apart."""
    return {
        "agreement": models.Agreement(
            id=number, ref=f"N-{number}", title_vi="x", title_en="", scope="LOCAL", responsible_agency=agency
        ),
        "agreementpartner": models.AgreementPartner(agreement_id=agreement_id, partner="KR"),
        "agreementagency": models.AgreementAgency(agreement_id=agreement_id, agency="BCT"),
        "statusevent": models.StatusEvent(id=number, agreement_id=agreement_id, state="IN_PROGRESS", effective_on=DAY),
        "targetdate": models.TargetDate(id=number, agreement_id=agreement_id, target_on=DAY, effective_on=DAY),
        "progressreport": models.ProgressReport(id=number, agreement_id=agreement_id, reported_on=DAY),
        "blocker": models.Blocker(
            id=number, agreement_id=agreement_id, cause="funding", severity="severe", authority_level="agency"
        ),
        "blockerevent": models.BlockerEvent(id=number, blocker_id=number, kind="opened", effective_on=DAY),
        "explanation": models.Explanation(id=number, agency=agency, kpi="k", given_on=DAY, text_vi="x"),
        "publicationcomment": models.PublicationComment(
            id=number, publication_id=1, agency=agency, agrees=True, given_by="x"
        ),
        "agencycontact": models.AgencyContact(agency=agency, office="x"),
        "agencyheading": models.AgencyHeading(agency=agency, heading="x"),
        "reminder": models.Reminder(
            id=number, period="2025-Q3", agency=agency, missing=1, way="in_file", outcome="delivered", by="x"
        ),
        "nameassignment": models.NameAssignment(id=number, text="x", agency=agency, agreements="[]", assigned_by="x"),
        "handover": models.Handover(
            id=number, agreement_id=agreement_id, successor=agency, effective_on=DAY, action="x", recorded_by="x"
        ),
        "uploadbatch": models.UploadBatch(
            id=number, username="x", agency=agency, file_name="x", file_sha256="x", status="applied"
        ),
        "uploadsubmission": models.UploadSubmission(batch_id=number, content="[]", seen='{"changes": []}'),
        "uploaddraft": models.UploadDraft(
            id=str(number), username="bct", agency=agency, way="form", name="x", typed="{}", size=2
        ),
        "uploaddraftfile": models.UploadDraftFile(draft_id=str(number), content="x"),
        "batchchange": models.BatchChange(id=number, batch_id=number, agreement_id=agreement_id, field="state"),
        "sampleitem": models.SampleItem(
            sample_id=1,
            position=number,
            agreement_id=agreement_id,
            state="COMPLETED",
            effective_on=DAY,
            agency=agency,
            stratum=1,
        ),
        "verification": models.Verification(
            id=number,
            agreement_id=agreement_id,
            state="COMPLETED",
            effective_on=DAY,
            verdict="confirmed",
            verified_by="x",
        ),
        "loadfinding": models.LoadFinding(id=number, agreement_id=agreement_id, field="state", code="x"),
        "directive": models.Directive(
            id=number, agency=agency, about="agency", task="x", due_on=DAY, issued_on=DAY, issued_by="x"
        ),
        "directivestep": models.DirectiveStep(
            id=number, directive_id=number, kind="answered", taken_on=DAY, taken_by="x"
        ),
        "escalation": models.Escalation(
            id=number,
            agency=agency,
            agreement_id=agreement_id,
            level="prime_minister",
            ask="x",
            due_on=DAY,
            raised_on=DAY,
            raised_by="x",
        ),
        "escalationstep": models.EscalationStep(
            id=number, escalation_id=number, kind="decided", taken_on=DAY, taken_by="x"
        ),
    }


OF_A_PARENT = (
    *("blockerevent", "uploadsubmission", "uploaddraftfile", "batchchange", "directivestep", "escalationstep"),
)
GUARDED = tuple(rows_of("BCT", OURS, COUNTED_FROM))

FORGED: dict[str, dict[str, object]] = {
    "agreement": {"title_vi": "forged"},
    "agreementpartner": {"position": 7},
    "agreementagency": {"role": "forged"},
    "statusevent": {"note": "forged"},
    "targetdate": {"reason": "forged"},
    "progressreport": {"content": "forged"},
    "blocker": {"description": "forged"},
    "blockerevent": {"note": "forged"},
    "explanation": {"text_vi": "forged"},
    "publicationcomment": {"text": "forged"},
    "agencycontact": {"office": "forged"},
    "agencyheading": {"means": "forged"},
    "reminder": {"reason": "forged"},
    "nameassignment": {"text": "forged"},
    "handover": {"action": "forged"},
    "uploadbatch": {"reason": "forged"},
    "uploadsubmission": {"content": "forged"},
    "uploaddraft": {"typed": "forged"},
    "uploaddraftfile": {"content": "forged"},
    "batchchange": {"field": "forged"},
    "sampleitem": {"stratum": 7},
    "verification": {"reason": "forged"},
    "loadfinding": {"field": "forged"},
    "directive": {"task": "forged"},
    "directivestep": {"text": "forged"},
    "escalation": {"ask": "forged"},
    "escalationstep": {"text": "forged"},
}
