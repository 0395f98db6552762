"""The sections of one agreement."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import May
from data_access.register import AgreementDossier
from kpi.facts import REPORT_FIELDS
from kpi.subjects import subject
from kpi.vocabulary import ENDED, BlockerStep, Bucket, State, Verdict
from pages.agreement import brought
from pages.parts import pairs, standings
from pages.ui import cards, charts, filters, links, loaders, palette, session, tables
from pages.ui.tables import Column
from words.letters import fold

BUCKET_COLOURS: dict[str, palette.Badge] = {
    Bucket.ON_TRACK: "green",
    Bucket.COMPLETED: "blue",
    Bucket.AT_RISK: "orange",
    Bucket.STALLED: "red",
    Bucket.OVERDUE: "red",
}
CLOSING_STATES = tuple(state for state in State if state.kind in ENDED)

Row = dict[str, Any]
_log = logging.getLogger("agreements.access")


def found(person: session.Person, view: filters.View) -> tuple[Row, AgreementDossier]:
    """The agreement the address names, as a row of facts and as a dossier; ends the run where there is none to show."""
    ref = st.query_params.get("ref", "")
    # An agreement is shown whole, whatever the filters leave of the others.
    rows = loaders.details(view.whole, person).filter(pl.col("ref") == ref)
    dossier = None if rows.is_empty() else loaders.agreement(rows["agreement_id"].item(), person)
    if dossier is None:
        if not loaders.register().agreements.filter(pl.col("ref") == ref).is_empty():
            _log.warning("denied: %s, role %s, asked for agreement %r of others", person.username, person.role, ref)
        cards.empty_state("agreement.choose" if not ref else "agreement.not_found")
        links.page_link("agreements", w.t("agreement.to_list"), icon=":material/search:")
        st.stop()
    return rows.row(0, named=True), dossier


def given_is_name(given: str, agency: str) -> bool:
    """Whether the source's words for the responsible agency are simply its name, in either language."""
    for language in w.languages():
        with w.in_language(language):
            if fold(given) in (fold(w.name("agency", agency)), fold(w.name("agency", agency, short=True))):
                return True
    return False


def show_head(row: Row, dossier: AgreementDossier) -> None:
    """What it is, who is responsible, with whom, and how it stands."""
    kept = dossier.agreement.row(0, named=True)
    st.caption(w.plain(f"{row['ref']} · {w.name('doc_type', row['doc_type'])}"))
    title = row[w.column("title")]
    about = subject(title, w.language_in_store())
    st.title(w.plain(about), anchor=False)
    if about != title:
        st.text(title)
    with st.container(horizontal=True):
        if row["is_open"] or not row["is_signed"]:  # afterwards the standing says the same
            st.badge(w.name("state", row["state"]), color="gray")
        standings.badge(row["standing"])
        st.badge(w.name("bucket", row["bucket"]), color=BUCKET_COLOURS.get(row["bucket"], "gray"))
        for flag in ("is_stalled", "is_overdue"):
            if row[flag] and row["bucket"] != flag.removeprefix("is_"):
                st.badge(w.name("bucket", flag.removeprefix("is_")), color="red")
        for flag in ("flagship", "priority", "contradicts"):
            if row[flag]:
                st.badge(w.name("flag", flag), color="violet" if flag != "contradicts" else "orange")
        if row["source_mark"]:
            st.badge(w.t("agreement.not_in_source", date=w.date(kept["vanished_on"])), color="orange")
    others = [code for code in dossier.partners["partner"].to_list() if code != row["partner"]]
    exchange = dossier.exchange.row(0, named=True) if not dossier.exchange.is_empty() else None
    lines = {
        "agreement.agency": w.name("agency", row["agency"])
        + (f" – {kept['responsible_office']}" if kept["responsible_office"] else ""),
        "agreement.as_given": ""
        if given_is_name(kept["responsible_as_given"], row["agency"])
        else kept["responsible_as_given"],
        "agreement.signed_by": w.name("agency", row["signing_agency"])
        if row["signing_agency"] not in (None, row["agency"])
        else "",
        "agreement.coordinating": "; ".join(w.name("agency", code) for code in dossier.agencies["agency"].to_list()),
        "agreement.partner": "; ".join(
            [f"{w.name('partner', row['partner'])} ({w.name('tier', row['partner_tier'])})"]
            + [w.name("partner", code) for code in others]
        ),
        "agreement.sector": w.name("sector", row["sector"]),
        "agreement.exchange": f"{exchange[w.column('name')]} ({w.date(exchange['held_on'])})" if exchange else "",
        "agreement.deliverable": kept[w.column("deliverable")],
        "agreement.evidence": kept["evidence_url"],
        "agreement.notes": kept[w.column("notes")],
    }
    pairs.show([(w.t(key), text) for key, text in lines.items() if text])


def show_dates(row: Row) -> None:
    """From signing to completion in four figures: waiting, plan against original, progress, silence."""
    grid = st.grid(4)
    waited = "agreement.waited" if row["duration_observed"] else "agreement.waiting"
    grid.metric(w.t("agreement.signed_on"), w.date(row["signed_on"]), border=True, height="stretch")
    grid.metric(
        w.t(waited),
        w.days(row["duration_days"]) if row["is_signed"] else w.t("common.not_available"),
        border=True,
        height="stretch",
        help=w.t("agreement.waited_help"),
    )
    slip = row["slippage_days"]
    grid.metric(
        w.t("agreement.target"),
        w.date(row["original_target"]) if row["original_target"] else w.t("agreement.no_target"),
        w.t("agreement.replanned", date=w.date(row["current_target"]), days=w.days(slip)) if slip else None,
        delta_color="off",
        border=True,
        height="stretch",
        help=w.t("agreement.target_help"),
    )
    silence = w.days(row["days_since_progress"]) if row["is_open"] else w.t("agreement.closed")
    grid.metric(
        w.t("agreement.since_progress"),
        silence,
        w.t("agreement.progress", percent=w.percent(row["progress_pct"])) if row["progress_pct"] is not None else None,
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=w.t("agreement.since_progress_help", limit=w.days(row["stall_limit"])),
    )


def known_on(frame: pl.DataFrame, day_column: str, as_of: dt.date) -> pl.DataFrame:
    """The rows of a history that were so on a day and have not been taken back."""
    return frame.filter(pl.col("retracted_at").is_null() & (pl.col(day_column) <= as_of))


RECEIVED = Column("received_on", "agreement.received_on", "date", help_key="agreement.received_on_help")


def received_apart(day: str) -> pl.Expr:
    """The day a claim was received, where that is not the day it is about."""
    return pl.when(pl.col("received_on") != pl.col(day)).then("received_on")


def timeline_rows(row: Row, dossier: AgreementDossier, as_of: dt.date) -> pl.DataFrame:
    """Everything that happened, a row each, as `charts.timeline` wants it."""
    rows: list[tuple[str, str, dt.date, dt.date | None, str]] = []
    states = known_on(dossier.events, "effective_on", as_of).to_dicts()
    for event, following in zip(states, [*states[1:], None], strict=True):
        end = following["effective_on"] if following else as_of
        if event["state"] in CLOSING_STATES and following is None:
            end = None
        text = f"{w.name('state', event['state'])}: {w.date(event['effective_on'])}"
        rows.append((w.t("agreement.lane_state"), "state", event["effective_on"], end, text))
    for target in known_on(dossier.targets, "effective_on", as_of).to_dicts():
        is_original = target["target_on"] == row["original_target"]
        lane = w.t("agreement.lane_original" if is_original else "agreement.lane_current")
        rows.append((lane, "target", target["target_on"], None, w.date(target["target_on"])))
    for report in known_on(dossier.reports, "reported_on", as_of).to_dicts():
        text = w.t(
            "agreement.report_mark" if report["shows_progress"] else "agreement.report_mark_no_change",
            date=w.date(report["reported_on"]),
        )
        rows.append((w.t("agreement.lane_reports"), "report", report["reported_on"], None, text))
    for blocker in blocker_rows(dossier, as_of).to_dicts():
        text = f"{w.name('cause', blocker['cause'])}, {w.name('severity', blocker['severity'])}"
        end = blocker["resolved_on"] or as_of
        rows.append((w.t("agreement.lane_blockers"), "blocker", blocker["opened_on"], end, text))
    return pl.DataFrame(
        rows,
        schema={
            "lane": pl.String,
            "kind": pl.String,
            "start": pl.Date,
            "end": pl.Date,
            "text_label": pl.String,
        },
        orient="row",
    ).with_columns(as_of=pl.lit(as_of))


def blocker_rows(dossier: AgreementDossier, as_of: dt.date) -> pl.DataFrame:
    """Each blocker with the days it was opened, escalated and resolved, newest first."""
    day, kind = pl.col("effective_on"), pl.col("kind")
    dates = (
        known_on(dossier.blocker_events, "effective_on", as_of)
        .group_by("blocker_id")
        .agg(
            opened_on=day.filter(kind == BlockerStep.OPENED).min(),
            escalated_on=day.filter(kind == BlockerStep.ESCALATED).min(),
            resolved_on=day.filter(kind == BlockerStep.RESOLVED).min(),
        )
    )
    return (
        dossier.blockers.filter(pl.col("retracted_at").is_null())
        .join(dates, left_on="id", right_on="blocker_id", how="inner")
        .filter(pl.col("opened_on").is_not_null())
        .sort("opened_on", descending=True)
    )


def show_blockers(dossier: AgreementDossier, as_of: dt.date, person: session.Person) -> None:
    """What holds it up, or held it up, and who must act."""
    blockers = blocker_rows(dossier, as_of)
    st.header(w.t("agreement.blockers"), anchor=False)
    brought.show(
        blockers.with_columns(received_apart("opened_on")),
        [
            Column("cause", "agreement.cause", "code", of="cause"),
            Column("severity", "agreement.severity", "code", of="severity"),
            Column("description", "agreement.description", width="large"),
            Column("authority_level", "agreement.authority", "code", of="authority"),
            Column("must_act", "agreement.must_act", "code", of="agency", short=True),
            Column("opened_on", "agreement.opened_on", "date"),
            Column("escalated_on", "agreement.escalated_on", "date"),
            Column("resolved_on", "agreement.resolved_on", "date"),
            RECEIVED,
        ],
        "blockers",
        dossier=dossier,
        person=person,
        alt=w.t("agreement.blockers"),
        empty_key="agreement.no_blockers",
    )


def show_reports(dossier: AgreementDossier, as_of: dt.date, person: session.Person) -> None:
    """The last report in full, the earlier ones as a table."""
    reports = known_on(dossier.reports, "reported_on", as_of).sort("reported_on", "id", descending=True)
    st.header(w.t("agreement.reports"), anchor=False)
    if not reports.is_empty():
        last = reports.row(0, named=True)
        period = last["period"] or w.t("agreement.no_period")
        said = w.t("agreement.last_report", period=w.plain(period), date=w.date(last["reported_on"]))
        came = last["received_on"]
        st.caption(said if came == last["reported_on"] else f"{said}, {w.t('agreement.received', date=w.date(came))}")
        pairs.show(
            [
                (w.t(f"agreement.field_{field}"), last[field].strip() or w.t("agreement.blank"))
                for field in REPORT_FIELDS
            ]
        )
    columns = [
        Column("period", "agreement.period"),
        Column("reported_on", "agreement.reported_on", "date"),
        RECEIVED,
        Column("progress_pct", "agreement.progress_pct", "progress"),
        Column("shows_progress", "agreement.shows_progress", "flag"),
        *(Column(field, f"agreement.field_{field}") for field in REPORT_FIELDS),
    ]
    brought.show(
        reports.with_columns(received_apart("reported_on")),
        columns,
        "reports",
        dossier=dossier,
        person=person,
        alt=w.t("agreement.reports"),
        empty_key="agreement.no_reports",
    )


def claims_of(dossier: AgreementDossier, person: session.Person) -> pl.DataFrame:
    """The states it came into, with what each rests on: `standing`, and `seen_by` and `seen_on` where somebody looked at it.

    Who verified is told to those who read everything.
    """
    claim = ["agreement_id", "state", "effective_on"]
    found = dossier.verifications.filter(pl.col("retracted_at").is_null()).unique(claim, keep="last")
    rests_on = loaders.standings(dossier.agreement["id"].item())
    verified_by = pl.col("verified_by") if person.limited_to is None else pl.lit("")
    return (
        dossier.events.join(rests_on, on="id", how="left", maintain_order="left")
        .join(found.select(*claim, "verified_by"), on=claim, how="left", maintain_order="left")
        .with_columns(seen_by=pl.when(pl.col("verified_by").is_null()).then("reviewed_by").otherwise(verified_by))
    )


def show_history(dossier: AgreementDossier, as_of: dt.date, person: session.Person) -> None:
    """Every move and every change of plan: when it was so, when it was received where that was another day, what it rests on."""
    events = claims_of(dossier, person)
    states = events.select(
        what=w.name_expr(pl.col("state"), "state"),
        effective_on="effective_on",
        note="note",
        received_on="received_on",
        recorded_at="recorded_at",
        batch_id="batch_id",
        withdrawn=pl.col("retracted_at").is_not_null(),
        rests_on=standings.texts(events),
    )
    targets = dossier.targets.select(
        what=pl.format(
            "{}: {}",
            # Rows come in the order of their days: the first is the original.
            pl.when(pl.int_range(pl.len()) == 0)
            .then(pl.lit(w.t("agreement.lane_original")))
            .otherwise(pl.lit(w.t("agreement.lane_current"))),
            w.texts(dossier.targets["target_on"], w.date),
        ),
        effective_on="effective_on",
        note="reason",
        received_on="received_on",
        recorded_at="recorded_at",
        batch_id="batch_id",
        withdrawn=pl.col("retracted_at").is_not_null(),
    )
    history = pl.concat([states, targets], how="diagonal").filter(pl.col("effective_on") <= as_of)
    st.header(w.t("agreement.history"), anchor=False)
    brought.show(
        history.sort("effective_on", "recorded_at", descending=True).with_columns(received_apart("effective_on")),
        [
            Column("effective_on", "agreement.effective_on", "date"),
            Column("what", "agreement.what", width=290),
            Column("note", "agreement.note", width=290),
            Column("rests_on", "agreement.rests_on", width=190, help_key="agreement.rests_on_help"),
            RECEIVED,
            Column("withdrawn", "agreement.withdrawn", "flag"),
        ],
        "history",
        dossier=dossier,
        person=person,
        alt=w.t("agreement.history"),
    )
    if not dossier.changes.is_empty():
        tables.show(
            dossier.changes.sort("id", descending=True).with_columns(pl.col("applied_at").dt.date()),
            [
                Column("applied_at", "agreement.applied_at", "date"),
                Column("field", "agreement.changed_field"),
                Column("old", "agreement.old"),
                Column("new", "agreement.new"),
                Column("file_name", "agreement.file"),
            ],
            "changes",
            file_name="changes",
            alt=w.t("agreement.changes"),
        )


def show_findings(dossier: AgreementDossier) -> None:
    """What the loaded register could not say clearly about this agreement."""
    for finding in dossier.findings.iter_rows(named=True):
        st.warning(
            w.t(
                f"agreement.finding_{finding['code']}",
                field=w.plain(finding["field"]),
                value=w.plain(finding["value"]),
                row=finding["source_row"] or "–",
            ),
            icon=":material/rule:",
        )


def show_looked_at(dossier: AgreementDossier) -> None:
    """What somebody outside the agency has found of its claims, where anybody has looked."""
    found = dossier.verifications.filter(pl.col("retracted_at").is_null())
    if found.is_empty():
        return
    st.header(w.t("agreement.looked_at"), anchor=False)
    tables.show(
        found,
        [
            Column("state", "verification.state", "code", of="state"),
            Column("effective_on", "verification.effective_on", "date"),
            Column("verdict", "verification.verdict", "code", of="verdict"),
            Column("found_state", "verification.found_state", "code", of="state"),
            Column("document_number", "verification.document_number"),
            Column("document_issuer", "verification.document_issuer"),
            Column("document_on", "verification.document_on", "date"),
            Column("reason", "verification.reason", width="large"),
            Column("received_on", "verification.verified_on", "date"),
        ],
        "looked_at",
        file_name=w.t("agreement.looked_at"),
        alt=w.t("agreement.looked_at"),
    )
    if (found["verdict"] == Verdict.REFUTED).any():
        st.caption(w.t("agreement.refuted_counts_not"))


def show_update(row: Row, person: session.Person) -> None:
    """The way to the form that brings it up to date, for those who may."""
    if row["is_open"] and person.may(May.HAND_IN) and row["agency"] == person.agency:
        links.page_link("upload", w.t("agreement.update"), icon=":material/edit:", ref=row["ref"])


def show_timeline(row: Row, dossier: AgreementDossier, as_of: dt.date) -> None:
    """Everything that happened, along one line of time."""
    rows = timeline_rows(row, dossier, as_of)
    charts.show(charts.timeline, rows, key="timeline", alt=w.t("agreement.timeline_alt"))
