"""The sections about one sample: how far claims can be relied on, what waits, what was found; and samples over time."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access import verification
from data_access.clock import today
from kpi.verification import reliability
from kpi.vocabulary import Verdict
from pages.ui import cards, data_edition, links, loaders, session, tables
from pages.ui.tables import Column
from pages.verification import finding

_CLAIM = (
    Column("number", "verification.position", pinned=True, width=70, by="position"),
    Column("ref", "verification.ref", width=120),
    Column("title_{language}", "verification.title", width=300),
    Column("agency", "verification.agency", "code", of="agency", width=180),
    Column("state", "verification.state", "code", of="state", width=170),
    Column("effective_on", "verification.effective_on", "date", width=110),
    Column("received_on", "verification.received_on", "date", width=110),
    Column("note", "verification.document_named", width=220),
    Column("evidence_url", "verification.evidence", width=200),
)


def show_reliability(sample: dict[str, Any], items: pl.DataFrame) -> None:
    """How far along the sample is; once all of it was looked at, what was found, by agency and in all."""
    seen = items["verdict"].count()
    st.progress(seen / items.height, w.t("verification.progress", seen=w.number(seen), all=w.number(items.height)))
    if seen < items.height:
        st.caption(w.t("verification.not_finished"))
        return
    agencies = reliability.by_agency(items)
    share = reliability.overall(agencies)
    assert share.value is not None  # all was looked at
    st.markdown(
        w.t(
            "verification.found_in_all",
            share=w.percent(100 * share.value),
            low=_percent(share.low),
            high=_percent(share.high),
            n=w.number(share.n),
            claims=w.number(sample["claims"]),
        )
    )
    st.header(w.t("verification.by_agency"), anchor=False)
    tables.show(
        agencies.with_columns((100 * pl.col(name)).alias(name) for name in ("value", "low", "high")).with_columns(
            interval=_intervals(agencies)
        ),
        [
            Column("agency", "verification.agency", "code", of="agency", pinned=True, width=240),
            Column("value", "verification.share", "percent", width=110),
            Column("interval", "verification.interval", width=130, by="low", help_key="verification.interval_help"),
            Column("claims", "verification.claims", "number", width=100),
            Column("n", "verification.seen", "number", width=90),
            *(Column(str(one), f"terms.verdict.{one}", "number", width=110) for one in Verdict),
            Column("further", "verification.further", "number", width=110, help_key="verification.further_help"),
        ],
        "verification_agencies",
        file_name=w.t("verification.by_agency"),
        alt=w.t("verification.by_agency"),
    )


def show_waiting(items: pl.DataFrame) -> None:
    """What is still to be looked at, in the order of the draw; a row opens one."""
    waiting = _numbered(items.filter(pl.col("verdict").is_null()))
    if waiting.is_empty():
        return
    st.header(w.t("verification.waiting"), anchor=False)
    tables.show(
        waiting,
        _CLAIM,
        "verification_waiting",
        file_name=w.t("verification.waiting"),
        alt=w.t("verification.waiting"),
        on_row=_open,
    )


def show_again() -> None:
    """What is to be looked at although it was not drawn, or once more; a row opens one: what does not count since a claim of the
    same agency and period was found false, and what was confirmed and names another document since."""
    period = Column("period", "verification.period", width=90)
    _show_again("withheld", withheld_claims(), [*_CLAIM[:2], period, *_CLAIM[2:]])
    _show_again("exchanged", exchanged_claims(), [*_CLAIM])


def _show_again(name: str, claims: pl.DataFrame, columns: list[Column]) -> None:
    if claims.is_empty():
        return
    st.header(w.t(f"verification.{name}"), anchor=False)
    st.caption(w.t(f"verification.{name}_help"))
    place = pl.int_range(1, pl.len() + 1)
    tables.show(
        claims.with_columns(number=place.cast(pl.String), position=place),
        columns,
        f"verification_{name}",
        file_name=w.t(f"verification.{name}"),
        alt=w.t(f"verification.{name}"),
        on_row=lambda row: links.go("verification", claim=f"{finding.BESIDES}{row['event_id']}"),
    )


def withheld_claims() -> pl.DataFrame:
    """The claims that are withheld and nobody has looked at, with `period`, as `verification.read_claims` tells of them."""
    held = loaders.withheld().filter(pl.col("seen_on").is_null())
    told = verification.read_claims(session.store(), held["event_id"].to_list())
    return told.join(held.select("event_id", "period"), on="event_id", maintain_order="left")


def exchanged_claims() -> pl.DataFrame:
    """The claims that were confirmed and name another document since, as `verification.read_claims` tells of them."""
    return verification.read_claims(session.store(), loaders.out_of_date()["event_id"].to_list())


def show_found(items: pl.DataFrame) -> None:
    """What was looked at, with what was found and the document it rests on."""
    found = _numbered(items.filter(pl.col("verdict").is_not_null()))
    if found.is_empty():
        return
    st.header(w.t("verification.found"), anchor=False)
    columns = [
        *_CLAIM[:4],
        Column("state", "verification.state", "code", of="state", width=140),
        Column("verdict", "verification.verdict", "code", of="verdict", width=130),
        Column("found_state", "verification.found_state", "code", of="state", width=140),
        Column("document_number", "verification.document_number", width=150),
        Column("document_on", "verification.document_on", "date", width=110),
        Column("verified_by", "verification.verified_by", width=110),
        Column("verified_on", "verification.verified_on", "date", width=110),
    ]
    tables.show(
        found,
        columns,
        "verification_found",
        file_name=w.t("verification.found"),
        alt=w.t("verification.found"),
        on_row=_open,
        file_columns=[
            *_CLAIM,
            *columns[5:],
            Column("document_issuer", "verification.document_issuer"),
            Column("document_url", "verification.document_url"),
            Column("reason", "verification.reason"),
        ],
    )


def show_drift(periods: pl.DataFrame) -> None:
    """Sample after sample: what was declared, what of it was verified, and whether the two drift apart."""
    finished = _finished(periods)
    if finished.is_empty():
        return
    limit = loaders.rules(data_edition.shown().data_date or today(None)).drift_z
    told = reliability.drift(finished, limit=limit)
    last = told.row(-1, named=True)
    st.header(w.t("verification.drift"), anchor=False)
    if last["is_alarm"]:
        cards.notice("verification.drift_alarm", period=last["period"], z=w.number(last["z"], 2))
    elif last["z"] is None:
        st.text(w.t("verification.drift_first"))
    else:
        st.text(w.t("verification.drift_none", period=last["period"], z=w.number(last["z"], 2)))
    tables.show(
        told.reverse().with_columns(
            declared=pl.lit(100.0),
            share=100 * pl.col("share"),
            before=100 * pl.col("before"),
            interval=_intervals(told.reverse()),
        ),
        [
            Column("period", "verification.period", pinned=True, width=100),
            Column("declared", "verification.declared", "percent", width=120, help_key="verification.declared_help"),
            Column("share", "verification.share", "percent", width=120),
            Column("interval", "verification.interval", width=130, by="low"),
            Column("n", "verification.seen", "number", width=90),
            Column("before", "verification.before", "percent", width=120),
            Column("z", "verification.z", "number", digits=2, width=90, help_key="verification.z_help"),
            Column("is_alarm", "verification.alarm", "flag", width=90),
        ],
        "verification_drift",
        file_name=w.t("verification.drift"),
        alt=w.t("verification.drift"),
    )


def _finished(periods: pl.DataFrame) -> pl.DataFrame:
    """The samples of which everything was looked at, in the order of their periods: period, n, confirmed, share, low, high (0 to 1,
    weighted)."""
    rows = []
    for sample in periods.filter(pl.col("drawn_at").is_not_null()).sort("ends_on").iter_rows(named=True):
        items = verification.read_items(session.store(), sample["id"])
        if items["verdict"].null_count():
            continue
        share = reliability.overall(reliability.by_agency(items))
        confirmed = int((items["verdict"] == Verdict.CONFIRMED).sum())
        rows.append((sample["period"], items.height, confirmed, share.value, share.low, share.high))
    schema = {"period": pl.String, "n": pl.Int64, str(Verdict.CONFIRMED): pl.Int64}
    return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(("share", "low", "high"), pl.Float64)}, orient="row")


def _numbered(items: pl.DataFrame) -> pl.DataFrame:
    """The items with their position as something to click."""
    return items.with_columns(number=pl.col("position").cast(pl.String))


def _open(row: tables.Row) -> None:
    links.go("verification", claim=row["position"], sample=st.query_params.get("sample"))


def _intervals(shares: pl.DataFrame) -> pl.Series:
    """The limits of shares (low and high, 0 to 1) as they are read."""
    read = [
        w.t("verification.limits", low=_percent(low), high=_percent(high))
        for low, high in shares.select("low", "high").iter_rows()
    ]
    return pl.Series(read, dtype=pl.String)


def _percent(share: float | None) -> str:
    return w.percent(None if share is None else 100 * share)
