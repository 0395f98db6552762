"""A register laid out by time, once: what was so on a day is then looked up, for as many days as anybody asks for.

A spell is a row that holds from a day until another one (`_from`, `_until`: the latter no longer). The spells of a frame hold for
exactly one row per agreement (or report owed) on any day, in the order of `History.agreements` (or the reports), so that what
several frames say of a day stands side by side without a join. Before the first thing happened there is a spell of nulls.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl

from kpi.facts.standing import CLAIM, counting, first_seen, taken_back
from kpi.register import RECORDS, Register
from kpi.thresholds import LEAST_RISE
from kpi.vocabulary import (
    MILESTONES,
    NOT_GIVEN,
    PROVINCE_KINDS,
    REPORT_FIELDS,
    UNASSIGNED,
    UNSIGNED,
    AgencyGroup,
    Authority,
    BlockerStep,
    ClaimKind,
    Reading,
    State,
    Verdict,
    started_states,
    state_class,
)

_ALWAYS = dt.date.min
_NEVER = dt.date.max
_ALL = 100.0
_ROUNDING = 1e-9

AGENCY = ("agency", "agency_since", "agency_until", "agency_group")
"""What agreements have of their agency."""


@dataclasses.dataclass(frozen=True, eq=False)
class History:
    """The frames of a register by time.

    `agreements`: one row per agreement by its id, with what does not change, the first day of each stage
    (`first_...`), the first target and since when it was known. `states`, `milestones`, `targets`, `reports`: spells of the
    agreements. `owed`: spells of every report that may fall due (`_row` is its agreement's row in `agreements`).
    `blockers`: one row each, with the days of its steps. `verifications`: one row per finding, and per claim drawn that was taken
    back before anybody looked. `partners`, `partner_tiers`: as in the register. `handovers`: who was responsible for
    agreements until a day, the first of each first (`_row` is its agreement's row in `agreements`).
    `lists`: column of `agreements` -> what stands beside each of its values, and nothing but that; `ends`: as in the register.
    `records`: see `Facts`. `starts_with`: see `Register`.
    """

    agreements: pl.DataFrame
    states: pl.DataFrame
    milestones: pl.DataFrame
    targets: pl.DataFrame
    reports: pl.DataFrame
    owed: pl.DataFrame
    blockers: pl.DataFrame
    verifications: pl.DataFrame
    partners: pl.DataFrame
    partner_tiers: pl.DataFrame
    handovers: pl.DataFrame
    lists: Mapping[str, pl.DataFrame]
    ends: pl.DataFrame
    records: frozenset[str]
    starts_with: str

    @property
    def goes_on(self) -> bool:
        """Whether a start is followed by work that has to show progress; an entry into force is not."""
        return self.starts_with == State.IN_PROGRESS

    @property
    def spells(self) -> tuple[pl.DataFrame, ...]:
        """What stands beside `agreements` on a day."""
        return self.states, self.milestones, self.targets, self.reports

    @classmethod
    def of(cls, register: Register, reading: Reading = Reading.COUNTING) -> History:
        """A register by time, of the claims of a reading."""
        ids = register.agreements.select(agreement_id="id").sort("agreement_id")

        def of_agreements(events: pl.DataFrame) -> pl.DataFrame:
            return events.join(ids, on="agreement_id", how="semi")

        events = of_agreements(counting(register, reading))
        targets = of_agreements(register.targets).sort("agreement_id", "effective_on", "id")
        reports = of_agreements(register.reports)
        agreements = (
            _described(register)
            .join(_first_days(events, register.starts_with), on="agreement_id", how="left")
            .sort("agreement_id")
        )
        return cls(
            agreements=agreements.join(_first_targets(targets), on="agreement_id", how="left", maintain_order="left"),
            states=_states(events, ids),
            milestones=_spells(
                milestones(events).select("agreement_id", "effective_on", "id", last_milestone_on="effective_on"),
                ids,
                day="effective_on",
            ),
            targets=_spells(
                targets.select("agreement_id", "effective_on", "id", current_target="target_on"),
                ids,
                day="effective_on",
            ),
            reports=_last_reports(reports, events, ids, register.starts_with),
            owed=_owed(register.periods, agreements, reports),
            blockers=_blockers(register),
            verifications=_looked_at(register),
            partners=register.partners,
            partner_tiers=register.partner_tiers,
            handovers=_handovers(register, agreements),
            lists=_lists(register),
            ends=register.ends,
            records=records_kept(register),
            starts_with=register.starts_with,
        )


def on_day(spells: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """The spells that hold on a day, in order."""
    return spells.filter((pl.col("_from") <= day) & (pl.col("_until") > day)).drop("_from", "_until")


def records_kept(register: Register) -> frozenset[str]:
    """What a register keeps at all (see `Facts`): a matter of the whole of it, not of any part."""
    return frozenset(name for name, is_kept in RECORDS.items() if name not in register.not_kept and is_kept(register))


def _spells(
    rows: pl.DataFrame, whole: pl.DataFrame, *, day: str, by: str = "agreement_id", kind: str | None = None
) -> pl.DataFrame:
    """Rows (with `id` as the order of recording) as spells, each until the next; of one day the last recorded holds.

    `whole` has every value of `by`, so that each has a spell on every day. Where some rows are of a `kind` (a Boolean
    column) they prevail: from the first of them on the others hold no more.
    """
    kinds = [] if kind is None else [kind]
    before = whole.select(by, pl.lit(_ALWAYS).alias("_from"), *(pl.lit(False).alias(name) for name in kinds))
    ordered = pl.concat([before, rows.rename({day: "_from"})], how="diagonal").sort(by, *kinds, "_from", "id")
    is_followed = (pl.col(by) == pl.col(by).shift(-1)).fill_null(value=False)
    until = pl.when(is_followed).then(pl.col("_from").shift(-1)).otherwise(pl.lit(_NEVER))
    if kind is not None:
        prevailing = rows.filter(kind).group_by(by).agg(_first=pl.col(day).min())
        ordered = ordered.join(prevailing, on=by, how="left", maintain_order="left")
        until = pl.when(kind).then(until).otherwise(pl.min_horizontal(until, "_first"))
    return (
        ordered.with_columns(_until=until)
        .filter(pl.col("_from") < pl.col("_until"))
        .drop("id", *kinds, *(["_first"] if kinds else []))
    )


def _looked_at(register: Register) -> pl.DataFrame:
    """What was found, and what was drawn and taken back: nobody has an entry of that, and it has a number below zero."""
    found = register.verifications.rename({"id": "verification_id"}).drop("is_exchanged")
    gone = taken_back(register).select(
        *CLAIM,
        "sample_id",
        verification_id=-pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        verdict=pl.lit(str(Verdict.TAKEN_BACK)),
        found_state=pl.lit(None, pl.String),
        received_on="taken_back_on",
    )
    return pl.concat([found, gone.select(found.columns)])


def _described(register: Register) -> pl.DataFrame:
    """Agreements with what they are: agency, sector, lead partner, legal class; `_partner` is its row in `partners`."""
    lead = (
        register.agreement_partners.sort("agreement_id", "position", "partner")
        .unique("agreement_id", keep="first", maintain_order=True)
        .select("agreement_id", "partner")
    )
    lists = _lists(register)
    return (
        register.agreements.rename({"id": "agreement_id"})
        .with_columns(
            agency=pl.col("responsible_agency").fill_null(UNASSIGNED),
            sector=pl.col("sector").fill_null(NOT_GIVEN),
            doc_type=pl.col("doc_type").fill_null(NOT_GIVEN),
        )
        .join(lists["sector"], on="sector", how="left")
        .join(lists["doc_type"], on="doc_type", how="left")
        .join(lead, on="agreement_id", how="left")
        .join(lists["partner"], on="partner", how="left")
        .join(_agencies(register), on="agency", how="left")
        .select(
            "agreement_id",
            "ref",
            "title_vi",
            "title_en",
            "doc_type",
            pl.col("legal_class").fill_null(NOT_GIVEN),
            "scope",
            "sector",
            pl.col("sector_group").fill_null(NOT_GIVEN),
            "signing_agency",
            "agency",
            "agency_since",
            "agency_until",
            pl.col("agency_group").fill_null(AgencyGroup.UNASSIGNED),
            pl.col("partner").fill_null(NOT_GIVEN),
            pl.col("partner_region").fill_null(NOT_GIVEN),
            "exchange",
            "priority",
            "flagship",
            "implementable",
            "tracked",
            "access_level",
            "evidence_url",
            "received_on",
            "vanished_on",
            "_partner",
            followed=pl.col("implementable") & pl.col("tracked"),
        )
    )


def _lists(register: Register) -> dict[str, pl.DataFrame]:
    partners = register.partners.select(partner="code", partner_region="region").with_row_index("_partner")
    return {
        "sector": register.sectors.select(sector="code", sector_group="sector_group"),
        "doc_type": register.doc_types.select(doc_type="code", legal_class="legal_class"),
        "partner": partners,
        "exchange": pl.DataFrame(schema={"exchange": pl.String}),
    }


def _agencies(register: Register) -> pl.DataFrame:
    """What is said of an agency beside each of its agreements: AGENCY."""
    return register.agencies.select(
        agency="key",
        agency_since="valid_from",
        agency_until="valid_to",
        agency_group=pl.when(pl.col("kind").is_in(PROVINCE_KINDS))
        .then(pl.lit(AgencyGroup.PROVINCE))
        .otherwise(pl.lit(AgencyGroup.MINISTRY)),
    )


def _handovers(register: Register, agreements: pl.DataFrame) -> pl.DataFrame:
    """Who was responsible before a day (`_until`): AGENCY, by agreement and day; of one day's the first recorded counts."""
    rows = agreements.select("agreement_id").with_row_index("_row")
    return (
        register.handovers.with_columns(pl.col("agency").fill_null(UNASSIGNED))
        .join(_agencies(register), on="agency", how="left")
        .join(rows, on="agreement_id")
        .with_columns(pl.col("agency_group").fill_null(AgencyGroup.UNASSIGNED))
        .sort("_row", "effective_on", "id")
        .select("_row", "agreement_id", *AGENCY, _until="effective_on")
    )


def _first_days(events: pl.DataFrame, starts_with: str) -> pl.DataFrame:
    """Per agreement: the first day of each stage; what came by a day is the first day where that is not after it.
    `first_in_progress` is of a start that completion did not bring with it."""
    state, day, known = pl.col("state"), pl.col("effective_on"), pl.col("date_known")
    started = state.is_in(started_states(starts_with))

    def first(condition: pl.Expr) -> pl.Expr:
        return day.filter(condition).min()

    return events.group_by("agreement_id").agg(
        first_signed=first(known & (state == State.SIGNED)),
        first_in_force=first(known & (state == State.IN_FORCE)),
        first_plan_issued=first(known & (state == State.PLAN_ISSUED)),
        first_in_progress=first(known & started & (state != State.COMPLETED)),
        first_started=first(known & started),
        first_started_undated=first(~known & started),
        first_completed=first(known & (state == State.COMPLETED)),
        first_plan_seen=first_seen(ClaimKind.PLAN),
        first_start_seen=first_seen(ClaimKind.START, ClaimKind.COMPLETION),
        first_completion_seen=first_seen(ClaimKind.COMPLETION),
    )


def _first_targets(targets: pl.DataFrame) -> pl.DataFrame:
    return targets.unique("agreement_id", keep="first", maintain_order=True).select(
        "agreement_id", first_target="target_on", first_target_known="effective_on"
    )


def _states(events: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Spells of the state held and since when.

    A signing dated after the start of implementation contradicts it; it must not put the agreement back to "signed", so
    moves up to signing rank below all later ones, and only then by day and order of recording.
    """
    held = events.select(
        "agreement_id",
        "effective_on",
        "id",
        "state",
        state_since=pl.when("date_known").then("effective_on"),
        state_class=state_class(pl.col("state")),
        standing="standing",
        seen_on="seen_on",
    )
    early = pl.col("state_class").is_in(UNSIGNED) | (pl.col("state") == State.SIGNED)
    return _spells(held.with_columns(_late=~early), ids, day="effective_on", kind="_late")


def milestones(events: pl.DataFrame) -> pl.DataFrame:
    """The dated events by which an agreement came further than ever before, in order, with their columns.

    To be suspended and resumed is not to come further.
    """
    stage = pl.col("state").replace_strict(
        {state: place for place, state in enumerate(MILESTONES)}, default=None, return_dtype=pl.Int64
    )
    return (
        events.filter("date_known")
        .with_columns(_stage=stage)
        .drop_nulls("_stage")
        .sort("agreement_id", "effective_on", "id")
        .filter(pl.col("_stage") > pl.col("_stage").cum_max().shift(1, fill_value=-1).over("agreement_id"))
        .drop("_stage")
    )


def rises(reports: pl.DataFrame, events: pl.DataFrame, starts_with: str = State.IN_PROGRESS.value) -> pl.DataFrame:
    """All reports in the order of the days they are about, with `has_risen`: whether one shows progress.

    A report that says there is progress, and gives no share that is LEAST_RISE above the last that counted, has none to show.
    Nothing has been carried out of what, by `events`, had not been started on the day a report is about.
    """
    started = events.filter(pl.col("state").is_in(started_states(starts_with))).group_by("agreement_id")
    since = started.agg(_started=pl.col("effective_on").min())
    every = reports.sort("agreement_id", "reported_on", "id").with_row_index("_row")
    ordered = every.join(since, on="agreement_id", maintain_order="left").filter(
        pl.col("reported_on") >= pl.col("_started")
    )
    said = pl.col("progress_pct")
    # Only what is higher than ever before can be high enough: of one agreement these are few.
    higher = ordered.drop_nulls("progress_pct").filter(said > said.cum_max().shift(1).fill_null(0).over("agreement_id"))
    steps = higher.filter(_is_step(higher))["_row"]
    return every.with_columns(
        has_risen=(pl.col("shows_progress") & pl.col("_row").is_in(steps.implode())).fill_null(value=False)
    ).drop("_row")


def _is_step(higher: pl.DataFrame) -> pl.Series:
    """Of ever higher shares, in order by agreement, whether each is LEAST_RISE above the last that was, or all of it."""
    said = higher["progress_pct"].to_numpy()
    agreement = higher["agreement_id"].rle_id().to_numpy()
    place = higher.select(place=pl.int_range(pl.len()).over("agreement_id"))
    counted = np.zeros(agreement[-1] + 1 if agreement.size else 0)
    found = np.zeros(agreement.size, dtype=bool)
    # The first of every agreement at once, then the second of every one that has it.
    for rows in place.with_row_index().group_by("place").agg("index").sort("place")["index"]:
        these = rows.to_numpy()
        whose, share = agreement[these], said[these]
        found[these] = (share - counted[whose] >= LEAST_RISE - _ROUNDING) | (share >= _ALL)
        counted[whose[found[these]]] = share[found[these]]
    return pl.Series(found)


def _last_reports(reports: pl.DataFrame, events: pl.DataFrame, ids: pl.DataFrame, starts_with: str) -> pl.DataFrame:
    """Spells of when was reported last, when progress had risen last, and which progress was said last: by the days reports
    are about."""
    said = rises(reports, events, starts_with).select(
        "agreement_id",
        "reported_on",
        "id",
        last_report_on="reported_on",
        last_evidenced_on=pl.when("has_risen").then("reported_on").forward_fill().over("agreement_id"),
        progress_pct=pl.col("progress_pct").forward_fill().over("agreement_id"),
    )
    return _spells(said, ids, day="reported_on")


def _owed(periods: pl.DataFrame, agreements: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    """Spells of every report owed if the agreement is open at the period's end, by agreement, due day and period; what came and
    when goes by the days of receipt. An agreement owes reports for the periods at whose end it was signed and registered."""
    signed = agreements.with_row_index("_row").filter("followed").drop_nulls("first_signed")
    owed = (
        signed.select("_row", "agreement_id", _since=pl.max_horizontal("first_signed", "received_on"))
        .join_where(periods.select("ends_on", "due_on", period="code"), pl.col("_since") <= pl.col("ends_on"))
        .sort("_row", "due_on", "period")
        .select("_row", "agreement_id", "period", "ends_on", "due_on")
        .with_row_index("_owed")
    )
    day, good = pl.col("received_on"), pl.col("complete") & pl.col("on_time")
    # Numbered like this, one running maximum over all reports is one over those of each that is owed.
    most = pl.col("_owed").cast(pl.Int64) * (len(REPORT_FIELDS) + 1)
    came = (
        reports.select("agreement_id", "period", "received_on", "id", "fields_filled")
        .join(owed.select("_owed", "agreement_id", "period", "due_on"), on=["agreement_id", "period"])
        .sort("_owed", "received_on", "id")
        .with_columns(complete=pl.col("fields_filled") == len(REPORT_FIELDS), on_time=day <= pl.col("due_on"))
        # From the first full report in time on, that is the one; until then the latest.
        .with_columns(_good=(day >= day.filter(good).first().over("_owed")).fill_null(value=False))
        .select(
            "_owed",
            "id",
            day="received_on",
            received_on=day.first().over("_owed"),
            fields_filled=(most + pl.col("fields_filled")).cum_max() - most,
            complete=pl.col("complete") | pl.col("_good"),
            on_time=pl.col("on_time") | pl.col("_good"),
        )
    )
    return (
        _spells(came, owed, day="day", by="_owed")
        .join(owed, on="_owed", maintain_order="left")
        .drop("_owed")
        .with_columns(pl.col("complete", "on_time").fill_null(value=False))
    )


def _blockers(register: Register) -> pl.DataFrame:
    """Blockers by id, with the first day of each of their steps, and the days on which blocker and resolution were received."""
    day, kind = pl.col("effective_on"), pl.col("kind")
    steps = register.blocker_events.group_by("blocker_id").agg(
        first_opened=day.filter(kind == BlockerStep.OPENED).min(),
        first_escalated=day.filter(kind == BlockerStep.ESCALATED).min(),
        first_resolved=day.filter(kind == BlockerStep.RESOLVED).min(),
        resolution_received=pl.col("received_on").filter(kind == BlockerStep.RESOLVED).min(),
    )
    return (
        register.blockers.rename({"id": "blocker_id"})
        .join(steps.filter(pl.col("first_opened").is_not_null()), on="blocker_id")
        .sort("blocker_id")
        .select(
            "blocker_id",
            "agreement_id",
            "cause",
            "severity",
            "authority_level",
            (pl.col("authority_level") != Authority.AGENCY).alias("beyond_authority"),
            "must_act",
            "first_opened",
            "first_escalated",
            "first_resolved",
            "received_on",
            "resolution_received",
        )
    )
