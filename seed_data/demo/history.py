"""The life of agreements as rows of the store: dated events with their papers, and target dates with reasons."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from kpi.vocabulary import PROVINCE_KINDS, State
from seed_data.demo.calendar import DATA_DATE, period_end, working
from seed_data.demo.draws import Ints, below, dates_of, day, lists, read_data, stream, whole
from seed_data.demo.life import END, ENDINGS, NEVER, STAGES, Life

_MERGER = day(dt.date(2025, 3, 1))
_REPLANNED_LATE, _REPLANNED_AHEAD, _AGAIN = 0.7, 0.28, 0.3
"""The shares re-planned of what is late, of what still has time, and of those once more."""

_DOCUMENTED_MOVES = 0.6
"""The share of moved targets whose reason names the document that asked for it."""

_UNDOCUMENTED, _UNDOCUMENTED_MORE = 0.03, 0.28
"""The share of plans, starts and completions for which no document is named: by the best and, added, by the worst reporters."""

_CLAIMED_STAGES = (State.PLAN_ISSUED, State.IN_PROGRESS, State.COMPLETED)
_PROPOSED_FROM, _PROPOSED_TO = day(dt.date(2025, 1, 6)), day(dt.date(2025, 11, 30))


def recorded(on: pl.Expr, lag: pl.Expr) -> pl.Expr:
    """When the register learned of something that happened on a day: some days later, never after its data date."""
    closed = dt.datetime.combine(DATA_DATE, dt.time(10))
    learned = on.cast(pl.Datetime("us")) + pl.duration(days=lag) + pl.duration(hours=9)
    return pl.min_horizontal(learned, pl.lit(closed)).dt.cast_time_unit("us")


def status_events(seed: int, base: pl.DataFrame, life: Life) -> pl.DataFrame:
    """Rows of StatusEvent in the order they happened, agreement by agreement."""
    ids = base["id"].to_numpy()
    doc = base["doc_type"].to_numpy()
    other_words = ("VOL", "LEAD")
    signed = np.where(np.isin(doc, other_words), NEVER, life.signed)
    parts = [_part(ids, signed, State.SIGNED, 2)]
    parts += [_part(ids, np.where(doc == name, life.signed, NEVER), State.SIGNED, 2, note=name) for name in other_words]
    parts += [_part(ids, life.stages[:, place], state, 3 + place) for place, state in enumerate(STAGES)]
    parts.append(_part(ids, life.suspended, State.SUSPENDED, 8))
    for place, state in enumerate(STAGES):
        back = np.where(life.resumed_to == place, life.resumed, NEVER)
        parts.append(_part(ids, back, state, 9, note="RESUMED"))
    parts += [
        _part(ids, np.where(life.ending == place, life.ended, NEVER), state, 10) for place, state in enumerate(ENDINGS)
    ]
    parts.append(_part(ids, life.reopened, State.IN_PROGRESS, 11, note="RESUMED"))
    parts += _before_signing(seed, base, life, ids)
    events = pl.concat(parts).sort("agreement_id", "on", "rank")
    return _with_papers(seed, base, events)


def _part(ids: Ints, days: Ints, state: str, rank: int, note: str | None = None) -> pl.DataFrame:
    comes = days <= END
    return pl.DataFrame({"agreement_id": ids[comes], "on": days[comes]}).with_columns(
        state=pl.lit(state), rank=pl.lit(rank), paper=pl.lit(note or state)
    )


def _before_signing(seed: int, base: pl.DataFrame, life: Life, ids: Ints) -> list[pl.DataFrame]:
    """Proposal and negotiation: of treaties before they were signed, and of what is not signed yet."""
    random = stream(seed, "before signing")
    size = base.height
    pending = (base["group"] == "unsigned").to_numpy()
    treaty = ((base["doc_type"] == "TREATY") & base["tracked"]).to_numpy() & ~pending
    back = 240 + below(random, size, 480)
    share = random.random(size)
    proposed = np.where(treaty, life.signed - back, NEVER)
    negotiated = np.where(treaty, life.signed - whole(back * (0.25 + 0.5 * share)), NEVER)
    day_proposed = _PROPOSED_FROM + below(random, size, _PROPOSED_TO - _PROPOSED_FROM)
    proposed = np.where(pending, day_proposed, proposed)
    talks = pending & (random.random(size) < 0.7)
    negotiated = np.where(talks, day_proposed + 20 + below(random, size, 150), negotiated)
    dropped = pending & (random.random(size) < 0.2)
    last = np.where(negotiated <= END, negotiated, day_proposed)
    abandoned = np.where(dropped, last + 40 + below(random, size, 120), NEVER)
    return [
        _part(ids, working(proposed), State.PROPOSED, 0),
        _part(
            ids,
            np.where(treaty, np.minimum(working(negotiated), life.signed), working(negotiated)),
            State.NEGOTIATING,
            1,
        ),
        _part(ids, working(abandoned), State.ABANDONED, 12),
    ]


def abbreviations(base: pl.DataFrame) -> pl.DataFrame:
    """id, office_before and office_now: how the numbers of official papers end, before and after 1 March 2025."""
    agencies = lists()["Agency"].select(
        agency="key",
        office=pl.when(pl.col("kind").is_in(PROVINCE_KINDS)).then(pl.lit("UBND")).otherwise("abbr_vi"),
    )
    return (
        base.select("id", "agency", "signing_agency")
        .join(agencies.rename({"office": "office_now"}), on="agency", how="left", maintain_order="left")
        .join(
            agencies.rename({"agency": "signing_agency", "office": "office_before"}),
            on="signing_agency",
            how="left",
            maintain_order="left",
        )
        .select(agreement_id="id", office_before="office_before", office_now="office_now")
    )


def _with_papers(seed: int, base: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    random = stream(seed, "papers")
    notes = read_data("event_notes").select(paper="state", note="note")
    office = pl.when(pl.col("on") < _MERGER).then("office_before").otherwise("office_now")
    number = pl.lit(pl.Series(12 + below(random, events.height, 2400))).cast(pl.String)
    lag = pl.Series(below(random, events.height, 8))
    reporting = base.select("reporting", agreement_id="id")
    share = _UNDOCUMENTED + _UNDOCUMENTED_MORE * (1 - pl.col("reporting"))
    unnamed = pl.col("paper").is_in(_CLAIMED_STAGES) & (pl.Series(random.random(events.height)) < share)
    return (
        events.join(notes, on="paper", how="left", maintain_order="left")
        .join(reporting, on="agreement_id", how="left", maintain_order="left")
        .join(abbreviations(base), on="agreement_id", how="left", maintain_order="left")
        .with_columns(
            effective_on=dates_of(pl.col("on")), _lag=lag, note=pl.when(unnamed).then(pl.lit("")).otherwise("note")
        )
        .select(
            "agreement_id",
            "state",
            "effective_on",
            id=pl.int_range(1, pl.len() + 1),
            date_known=pl.lit(True),
            note=pl.col("note").str.replace("{n}", number, literal=True).str.replace("{o}", office, literal=True),
            recorded_at=recorded(pl.col("effective_on"), pl.col("_lag")),
        )
    )


def target_dates(seed: int, base: pl.DataFrame, life: Life) -> pl.DataFrame:
    """Rows of TargetDate: the original target from the day of signing, and later ones with the reason given.

    Most of what is late has been moved, in the weeks before its target, and some of what still has time; most reasons name
    the document that asked for it.
    """
    random = stream(seed, "replanning")
    ids = base["id"].to_numpy()
    size = base.height
    dated = life.target < NEVER
    finished = np.minimum(life.completed, life.ended)
    late = dated & (finished > life.target) & (life.target <= END + 45)
    ahead = dated & ~late & (finished > life.target - 60)
    first = random.random(size) < np.where(late, _REPLANNED_LATE, np.where(ahead, _REPLANNED_AHEAD, 0.0))
    before = np.where(late, below(random, size, 75), 30 + below(random, size, 300))
    first_on = np.maximum(life.target - before, life.signed + 30)
    first &= first_on < finished
    new = period_end(life.target + 150 + below(random, size, 400), random.random(size))
    second = first & (random.random(size) < _AGAIN) & (new < np.minimum(life.closed, END))
    second_on = np.maximum(new - below(random, size, 45), first_on + 30)
    newer = period_end(new + 180 + below(random, size, 300), random.random(size))
    reasons = read_data("replan_reasons")["reason"]
    parts = [
        _target(ids, dated, life.signed, life.target, None, random.random(size)),
        _target(ids, first, first_on, new, reasons, random.random(size)),
        _target(ids, second, second_on, newer, reasons, random.random(size)),
    ]
    rows = pl.concat(parts).filter(pl.col("on") <= END).sort("agreement_id", "on")
    lag = pl.lit(pl.Series(below(random, rows.height, 8)))
    named = pl.Series(random.random(rows.height) < _DOCUMENTED_MOVES) & (rows["reason"] != "")
    number = pl.lit(pl.Series(20 + below(random, rows.height, 1900))).cast(pl.String)
    office = pl.when(pl.col("on") < _MERGER).then("office_before").otherwise("office_now")
    paper = pl.format(" (Tờ trình số {}/TTr-{})", number, office)
    return (
        rows.join(abbreviations(base), on="agreement_id", how="left", maintain_order="left")
        .with_columns(effective_on=dates_of(pl.col("on")))
        .select(
            "agreement_id",
            "effective_on",
            id=pl.int_range(1, pl.len() + 1),
            target_on=dates_of(pl.col("target")),
            reason=pl.when(named).then(pl.col("reason").str.strip_suffix(".") + paper + ".").otherwise("reason"),
            recorded_at=recorded(pl.col("effective_on"), lag),
        )
    )


def _target(
    ids: Ints,
    there: np.ndarray[tuple[int], np.dtype[np.bool_]],
    on: Ints,
    target: Ints,
    reasons: pl.Series | None,
    draws: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> pl.DataFrame:
    frame = pl.DataFrame({"agreement_id": ids[there], "on": on[there], "target": target[there]})
    if reasons is None:
        return frame.with_columns(reason=pl.lit(""))
    choice = np.floor(draws[there] * len(reasons)).astype(np.int64)
    return frame.with_columns(reason=reasons[choice].alias("reason"))
