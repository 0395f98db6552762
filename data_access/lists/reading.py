"""The lists as they stand: every entry with its names, its days and what became of it."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, select

from data_access import store
from data_access.entries import further_names
from data_access.lists.kinds import AGENCIES, LISTS, PARTNERS, TIERS, ListOf
from data_access.store import models
from data_access.store.arrow import Read, table_of

SCHEMA: Final = {
    **dict.fromkeys(("code", "name_vi", "name_en", "abbr_vi", "abbr_en", "kind", "region", "counts_under"), pl.String),
    "also": pl.String,
    "tier": pl.String,
    "since": pl.Date,
    "until": pl.Date,
    "successor": pl.String,
    "source": pl.String,
    "agreements": pl.Int64,
}
"""Columns of a list as it is read; what a list does not have is empty."""


def read(engine: sa.Engine, of: str) -> pl.DataFrame:
    """A list by code, with the columns of SCHEMA. `also` are further names, "; " apart; `tier` is that of a partner now; `since`
    and `until` the first and last day of an entry (null: not known, or no end); `successor` who took its place; `agreements` how
    many name it, under whichever agency they are now."""
    kind = LISTS[of]
    with store.snapshot(engine) as read_:
        rows = _rows(read_, kind)
        parts = [_ends(read_, kind), _counted(read_, kind), _also(read_, kind)]
        if kind is PARTNERS:
            parts.append(_tiers(read_))
    for part in parts:
        rows = rows.join(part, on="code", how="left", maintain_order="left")
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in rows.columns]
    texts = [name for name, dtype in SCHEMA.items() if dtype == pl.String and name != "successor"]
    until = pl.coalesce("until", "ended") if "until" in rows.columns else pl.col("ended")
    return (
        rows.with_columns(*missing)
        .with_columns(pl.col(texts).fill_null(""), pl.col("agreements").fill_null(0), until=until)
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def told(session: Session, of: str, code: str) -> list[dict[str, str]]:
    """One entry as this transaction sees it, none where there is none: code, names, kind, further names, days, successor."""
    kind = LISTS[of]
    row: Any = session.get(kind.model, code)
    if row is None:
        return []
    held = row.model_dump()
    names = ("code", "name_vi", "name_en", "abbr_vi", "abbr_en", "region", "counts_under")
    found = {name: held[name] or "" for name in names if name in held}
    found |= {"code": code, "kind": held[kind.kind] if kind.kind else ""}
    further = session.connection().execute(further_names(kind.name))
    found["also"] = "; ".join(row.alias for row in further if row.code == code)
    for name, column in (("since", "valid_from"), ("until", "valid_to"), ("held_on", "held_on")):
        if column in held:
            found[name] = "" if held[column] is None else held[column].isoformat()
    end = last_end(session, of, code)
    if end is not None:
        found |= {"ends_on": end.effective_on.isoformat(), "successor": end.successor or ""}
    if kind is PARTNERS:
        found["tiers"] = "; ".join(
            f"{tier.tier} {tier.valid_from.isoformat()}"
            for tier in session.exec(
                select(models.PartnerTier).where(models.PartnerTier.partner == code).order_by(sa.text("valid_from"))
            )
        )
    return [found]


def last_end(session: Session, of: str, code: str, *, whole: bool = False) -> models.EntryEnd | None:
    """What made an entry end (only what ended the `whole` of it), where that was done by hand and holds; else None."""
    end = models.EntryEnd
    held = select(end).where(end.list_of == of, end.code == code, sa.column("retracted_at").is_(None))
    held = held.where(sa.column("is_whole")) if whole else held
    return session.exec(held.order_by(sa.desc(sa.column("id"))).limit(1)).first()


def _rows(read_: Read, kind: ListOf) -> pl.DataFrame:
    table = table_of(kind.model)
    named = {"valid_from": "since", "valid_to": "until", "held_on": "since", kind.key: "code", kind.kind: "kind"}
    wanted = {*SCHEMA, *named} - {"code", "kind", ""} | {kind.key, kind.kind}
    columns = [column.label(named.get(column.name, column.name)) for column in table.c if column.name in wanted]
    if kind is AGENCIES:
        columns = [column for column in columns if column.name != "code" or column.element.name == kind.key]
    if kind.name == "exchange":
        columns.append(table.c.partner.label("counts_under"))
    return read_(sa.select(*columns).order_by(table.c[kind.key]))


def _ends(read_: Read, kind: ListOf) -> pl.DataFrame:
    """Who took an entry's place, by hand or of agencies as the list came; and the last day of those without one of their own."""
    end = table_of(models.EntryEnd).c
    by_hand = read_(
        sa.select(end.code, end.successor, end.effective_on, end.id)
        .where(end.list_of == kind.name, end.retracted_at.is_(None), end.is_whole)
        .order_by(end.id),
        {"successor": pl.String, "effective_on": pl.Date},
    )
    ended = by_hand.unique("code", keep="last", maintain_order=True).select(
        "code", "successor", ended=pl.col("effective_on").dt.offset_by("-1d")
    )
    if kind is not AGENCIES:
        return ended
    took = table_of(models.AgencySuccession).c
    listed = read_(sa.select(took.predecessor.label("code"), took.successor).where(took.is_default).order_by(took.id))
    return pl.concat([ended, listed.unique("code", keep="last")], how="diagonal").unique("code", keep="first")


def _also(read_: Read, kind: ListOf) -> pl.DataFrame:
    return read_(further_names(kind.name)).group_by("code").agg(also=pl.col("alias").str.join("; "))


def _tiers(read_: Read) -> pl.DataFrame:
    tier = table_of(models.PartnerTier).c
    held = read_(sa.select(tier.partner.label("code"), tier.tier, tier.valid_from).order_by(tier.valid_from))
    return held.unique("code", keep="last").select("code", "tier")


def _counted(read_: Read, kind: ListOf) -> pl.DataFrame:
    """How many agreements name each entry; of a tier those whose lead partner is of it now."""
    if kind is TIERS:
        return _counted_by_tier(read_)
    agreement, partner = table_of(models.Agreement).c, table_of(models.AgreementPartner).c
    column = {AGENCIES.name: agreement.responsible_agency, PARTNERS.name: partner.partner}.get(kind.name)
    if column is None:
        column = agreement[kind.name]
    statement = sa.select(column.label("code"), sa.func.count().label("agreements")).where(column.is_not(None))
    return read_(statement.group_by(column), {"code": pl.String, "agreements": pl.Int64})


def _counted_by_tier(read_: Read) -> pl.DataFrame:
    named, partner = table_of(models.AgreementPartner).c, table_of(models.Partner).c
    lead = read_(sa.select(named.agreement_id, named.partner, named.position)).sort(
        "agreement_id", "position", "partner"
    )
    above = read_(sa.select(partner.code, partner.counts_under), {"code": pl.String, "counts_under": pl.String})
    return (
        lead.unique("agreement_id", keep="first")
        .join(above, left_on="partner", right_on="code")
        .select(code=pl.coalesce("counts_under", "partner"))
        .join(_tiers(read_), on="code")
        .group_by(code="tier")
        .agg(agreements=pl.len().cast(pl.Int64))
    )
