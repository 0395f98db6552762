"""The first tables

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("abbr_vi", sa.String(), nullable=False),
        sa.Column("abbr_en", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_agency")),
    )
    op.create_index(op.f("ix_agency_code"), "agency", ["code"], unique=False)

    op.create_table(
        "auditentry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditentry")),
        sa.UniqueConstraint("hash", name=op.f("uq_auditentry_hash")),
    )
    op.create_table(
        "dataversion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("register_code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("data_date", sa.Date(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("attribution", sa.String(), nullable=False),
        sa.Column("caveat_vi", sa.String(), nullable=False),
        sa.Column("caveat_en", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataversion")),
    )
    op.create_table(
        "doctype",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_pl", sa.String(), nullable=False),
        sa.Column("legal_class", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("implementable_default", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_doctype")),
    )
    op.create_table(
        "partner",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_pl", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("m49_region", sa.String(), nullable=False),
        sa.Column("m49_subregion", sa.String(), nullable=False),
        sa.Column("counts_under", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["counts_under"], ["partner.code"], name=op.f("fk_partner_counts_under")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_partner")),
    )
    op.create_table(
        "reportingperiod",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_reportingperiod")),
    )
    op.create_table(
        "sector",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("name_pl", sa.String(), nullable=False),
        sa.Column("sector_group", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_sector")),
    )
    op.create_table(
        "setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setting")),
    )
    op.create_index(op.f("ix_setting_key"), "setting", ["key"], unique=False)

    op.create_table(
        "signinattempt",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(), nullable=False),
        sa.Column("allowed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_signinattempt")),
    )
    op.create_table(
        "account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_account_agency")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_account")),
    )
    op.create_table(
        "agencyalias",
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_agencyalias_agency")),
        sa.PrimaryKeyConstraint("alias", "agency", name=op.f("pk_agencyalias")),
    )
    op.create_table(
        "agencysuccession",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("predecessor", sa.String(), nullable=False),
        sa.Column("successor", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("tasks", sa.String(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["predecessor"], ["agency.key"], name=op.f("fk_agencysuccession_predecessor")),
        sa.ForeignKeyConstraint(["successor"], ["agency.key"], name=op.f("fk_agencysuccession_successor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencysuccession")),
    )
    op.create_index(op.f("ix_agencysuccession_predecessor"), "agencysuccession", ["predecessor"], unique=False)

    op.create_table(
        "exchange",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("partner", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"], name=op.f("fk_exchange_partner")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_exchange")),
    )
    op.create_table(
        "explanation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kpi", sa.String(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("text_vi", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_explanation_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanation")),
    )
    op.create_index(op.f("ix_explanation_agency"), "explanation", ["agency"], unique=False)

    op.create_table(
        "partnertier",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("precision", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"], name=op.f("fk_partnertier_partner")),
        sa.PrimaryKeyConstraint("partner", "valid_from", name=op.f("pk_partnertier")),
    )
    op.create_table(
        "uploadbatch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("applied_at", sa.DateTime(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_uploadbatch_agency")),
        sa.ForeignKeyConstraint(["undoes"], ["uploadbatch.id"], name=op.f("fk_uploadbatch_undoes")),
        sa.ForeignKeyConstraint(["undone_by"], ["uploadbatch.id"], name=op.f("fk_uploadbatch_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploadbatch")),
    )
    op.create_index(op.f("ix_uploadbatch_agency"), "uploadbatch", ["agency"], unique=False)
    op.create_index(op.f("ix_uploadbatch_file_sha256"), "uploadbatch", ["file_sha256"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("title_vi", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("doc_type", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=True),
        sa.Column("signing_agency", sa.String(), nullable=True),
        sa.Column("responsible_agency", sa.String(), nullable=True),
        sa.Column("responsible_as_given", sa.String(), nullable=False),
        sa.Column("responsible_office", sa.String(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=True),
        sa.Column("priority", sa.Boolean(), nullable=False),
        sa.Column("flagship", sa.Boolean(), nullable=False),
        sa.Column("deliverable_vi", sa.String(), nullable=False),
        sa.Column("deliverable_en", sa.String(), nullable=False),
        sa.Column("evidence_url", sa.String(), nullable=False),
        sa.Column("implementable", sa.Boolean(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("access_level", sa.String(), nullable=False),
        sa.Column("notes_vi", sa.String(), nullable=False),
        sa.Column("notes_en", sa.String(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["doc_type"], ["doctype.code"], name=op.f("fk_agreement_doc_type")),
        sa.ForeignKeyConstraint(["exchange"], ["exchange.code"], name=op.f("fk_agreement_exchange")),
        sa.ForeignKeyConstraint(["responsible_agency"], ["agency.key"], name=op.f("fk_agreement_responsible_agency")),
        sa.ForeignKeyConstraint(["sector"], ["sector.code"], name=op.f("fk_agreement_sector")),
        sa.ForeignKeyConstraint(["signing_agency"], ["agency.key"], name=op.f("fk_agreement_signing_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
    )
    op.create_index(op.f("ix_agreement_ref"), "agreement", ["ref"], unique=True)
    op.create_index(op.f("ix_agreement_responsible_agency"), "agreement", ["responsible_agency"], unique=False)
    op.create_index(op.f("ix_agreement_scope"), "agreement", ["scope"], unique=False)

    op.create_table(
        "signinticket",
        sa.Column("ticket_hash", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_signinticket_username")),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_signinticket")),
    )
    op.create_table(
        "usersession",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.Column("client", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["account.username"], name=op.f("fk_usersession_username")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_usersession")),
    )
    op.create_index(op.f("ix_usersession_username"), "usersession", ["username"], unique=False)

    op.create_table(
        "agreementagency",
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.key"], name=op.f("fk_agreementagency_agency")),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreementagency_agreement_id")),
        sa.PrimaryKeyConstraint("agreement_id", "agency", name=op.f("pk_agreementagency")),
    )
    op.create_index(op.f("ix_agreementagency_agency"), "agreementagency", ["agency"], unique=False)

    op.create_table(
        "agreementpartner",
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreementpartner_agreement_id")),
        sa.ForeignKeyConstraint(["partner"], ["partner.code"], name=op.f("fk_agreementpartner_partner")),
        sa.PrimaryKeyConstraint("agreement_id", "partner", name=op.f("pk_agreementpartner")),
    )
    op.create_index(op.f("ix_agreementpartner_partner"), "agreementpartner", ["partner"], unique=False)

    op.create_table(
        "batchchange",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("old", sa.String(), nullable=True),
        sa.Column("new", sa.String(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("target_table", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_batchchange_agreement_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_batchchange_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batchchange")),
    )
    op.create_index(op.f("ix_batchchange_agreement_id"), "batchchange", ["agreement_id"], unique=False)
    op.create_index(op.f("ix_batchchange_batch_id"), "batchchange", ["batch_id"], unique=False)

    op.create_table(
        "blocker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("authority_level", sa.String(), nullable=False),
        sa.Column("must_act", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_blocker_agreement_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_blocker_batch_id")),
        sa.ForeignKeyConstraint(["must_act"], ["agency.key"], name=op.f("fk_blocker_must_act")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocker")),
    )
    op.create_index(op.f("ix_blocker_agreement_id"), "blocker", ["agreement_id"], unique=False)

    op.create_table(
        "loadfinding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_loadfinding_agreement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loadfinding")),
    )
    op.create_index(op.f("ix_loadfinding_agreement_id"), "loadfinding", ["agreement_id"], unique=False)

    op.create_table(
        "progressreport",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("presiding_agency", sa.String(), nullable=False),
        sa.Column("cooperation_partners", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("completion_time", sa.String(), nullable=False),
        sa.Column("difficulties", sa.String(), nullable=False),
        sa.Column("recommendations", sa.String(), nullable=False),
        sa.Column("progress_pct", sa.Float(), nullable=True),
        sa.Column("shows_progress", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_progressreport_agreement_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_progressreport_batch_id")),
        sa.ForeignKeyConstraint(["period"], ["reportingperiod.code"], name=op.f("fk_progressreport_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progressreport")),
    )
    op.create_index(op.f("ix_progressreport_agreement_id"), "progressreport", ["agreement_id"], unique=False)

    op.create_table(
        "statusevent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("date_known", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_statusevent_agreement_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_statusevent_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statusevent")),
    )
    op.create_index(op.f("ix_statusevent_agreement_id"), "statusevent", ["agreement_id"], unique=False)

    op.create_table(
        "targetdate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("target_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_targetdate_agreement_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_targetdate_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_targetdate")),
    )
    op.create_index(op.f("ix_targetdate_agreement_id"), "targetdate", ["agreement_id"], unique=False)

    op.create_table(
        "blockerevent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("blocker_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("retracted_at", sa.DateTime(), nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["uploadbatch.id"], name=op.f("fk_blockerevent_batch_id")),
        sa.ForeignKeyConstraint(["blocker_id"], ["blocker.id"], name=op.f("fk_blockerevent_blocker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blockerevent")),
    )
    op.create_index(op.f("ix_blockerevent_blocker_id"), "blockerevent", ["blocker_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
