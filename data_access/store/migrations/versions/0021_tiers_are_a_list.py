"""Tiers are a list of their own, and tiers, sectors, kinds of documents and exchanges have further names. A store with lists gets
the tiers it went by, called as its country pack calls them

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TIERS = (
    ("CSP", "Đối tác chiến lược toàn diện", "Comprehensive strategic partner"),
    ("SP", "Đối tác chiến lược", "Strategic partner"),
    ("CP", "Đối tác toàn diện", "Comprehensive partner"),
    ("SPECIAL", "Quan hệ đặc biệt", "Special relations"),
    ("OTHER", "Đối tác khác", "Other partner"),
    ("ORG", "Tổ chức quốc tế, khu vực", "International or regional organisation"),
)


def upgrade() -> None:
    tier = op.create_table(
        "tier",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_vi", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tier")),
    )
    op.create_table(
        "entryalias",
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("list_of", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("alias", "list_of", name=op.f("pk_entryalias")),
    )
    op.create_index(op.f("ix_entryalias_code"), "entryalias", ["code"], unique=False)
    connection = op.get_bind()
    if connection.execute(sa.select(sa.table("partnertier", sa.column("partner"))).limit(1)).first() is None:
        return
    pack = sa.table("countrypack", sa.column("words"))
    said = [json.loads(text or "{}").get("said", {}) for text in connection.execute(sa.select(pack.c.words)).scalars()]

    def named(language: str, code: str, usual: str) -> str:
        return said[0].get(language, {}).get(f"terms.tier.{code}", usual) if said else usual

    rows = [
        {
            "code": code,
            "name_vi": named("vi", code, vi),
            "name_en": named("en", code, en),
            "position": place,
            "source": "",
        }
        for place, (code, vi, en) in enumerate(_TIERS, start=1)
    ]
    connection.execute(sa.insert(tier), rows)


def downgrade() -> None:
    raise NotImplementedError("a migration is not taken back: restore the backup made before it")
