"""What would move an agency: each thing it could do today, scored by the scorecard itself.

A change is a new entry in the register (a state, a report, a resolved blocker), dated the as-of day. The agreements
it touches are folded into facts again by `facts.build`, and the agency is scored from the sum of tallies in which
they take the place of the old ones. No formula of a KPI is repeated here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi import facts as folding
from kpi.facts import REPORT_FIELDS, Facts
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies.imagined import as_counted, copies
from kpi.thresholds import LEAST_RISE
from kpi.vocabulary import BlockerStep, State

Floats = npt.NDArray[np.float64]

ACTIONS = ("reported", "unblocked", "implemented", "completed")
"""What may happen to an open agreement today, from the lightest to the heaviest."""

_NEW_STATE = {"implemented": State.IN_PROGRESS, "completed": State.COMPLETED}
_LEAST_GAIN = 1e-9
_NOTHING = -1
"""The option of leaving things as they are."""
_CHANGE = ["kpi", "time"]
_GAINS = ["agreement_id", "action", "score", "points", "place", "places", "through"]


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """What an agency could gain.

    `score` and `place` are those of today (None: not ranked). `alone` has one row per open agreement and action, most
    points first: agreement_id, action, score, points (gained), place, places (gained), through (the KPI that gains
    most, null where none does). `together` takes the best step, then the best after it, and so on, at most one per
    agreement: step, then the same columns, with points and places counted from today. It ends where nothing more is
    gained; of equal gains the lightest action is taken.
    """

    score: float | None
    place: int | None
    alone: pl.DataFrame
    together: pl.DataFrame


def study(
    register: Register,
    facts: Facts,
    *,
    agency: str,
    rules: Rules | None = None,
    steps: int = 3,
    cards: pl.DataFrame | None = None,
) -> Study:
    """What each open agreement of an agency would gain it in points of the composite and in places.

    `facts` are those of `register` as of a day, perhaps narrowed; places are among the agencies of the same group in
    them. `cards` are the scorecards of `facts` by agency, where they have been computed already.
    """
    rules = rules or Rules()
    cards = cards if cards is not None else scorecard.compute(facts, by=["agency"], rules=rules)
    own = facts.where(pl.col("agency") == agency)
    options = _options(own)
    changed = folding.build(_changed(register, options, own.as_of), own.as_of, rules)
    changes = _changes(changed, own, options)
    base = _Base.of(facts, own, agency, cards, rules)
    ways = _Ways.of(changes, base.kpis)
    scored = base.scored(ways, base.kpis)
    after = base.after(options, ways, scored)
    today = after.filter(pl.col("option") == _NOTHING).row(0, named=True)
    score, place = today["score"], today["place"]
    alone = _gains(options, after, score, place)
    return Study(
        score=score,
        place=place,
        alone=alone.sort(
            _settled("points"), "action", "agreement_id", descending=[True, False, False], nulls_last=True
        ).select(_GAINS),
        together=_together(options, ways, base, scored, alone, (score, place), steps),
    )


def gains(
    facts: Facts, changed: Facts, options: pl.DataFrame, *, agency: str, rules: Rules, cards: pl.DataFrame
) -> pl.DataFrame:
    """What each option alone would gain an agency: the columns of `options` (option, agreement_id and others), with score,
    points, place, places and through as in `Study`.

    `changed` has, under the number of each option, the agreement it changes (agreement_id; null for one that is not among the
    agency's yet) as it is then; the rest as in `study`.
    """
    own = facts.where(pl.col("agency") == agency)
    base = _Base.of(facts, own, agency, cards, rules)
    ways = _Ways.of(_changes(changed, own, options), base.kpis)
    after = base.after(options, ways, base.scored(ways, base.kpis))
    today = after.filter(pl.col("option") == _NOTHING).row(0, named=True)
    return _gains(options, after, today["score"], today["place"])


def _peers(facts: Facts, agency: str, cards: pl.DataFrame) -> Floats:
    """The composites of the other agencies of the same group, as they are ranked, in rising order."""
    groups = facts.agreements.select("agency", "agency_group").unique()
    same = groups.join(groups.filter(pl.col("agency") == agency), on="agency_group", how="semi")
    others = cards.filter((pl.col("kpi") == COMPOSITE) & (pl.col("agency") != agency)).join(
        same, on="agency", how="semi"
    )
    return others.select(scorecard.as_ranked(pl.col("value")))["value"].drop_nulls().sort().to_numpy()


def _together(
    options: pl.DataFrame,
    ways: _Ways,
    base: _Base,
    scored: pl.DataFrame,
    gains: pl.DataFrame,
    today: tuple[float | None, int | None],
    steps: int,
) -> pl.DataFrame:
    score, place = today
    reached = score
    taken = [gains.clear().select(pl.lit(1).alias("step"), *_GAINS)]
    for step in range(1, steps + 1):
        best = gains.filter(pl.col("score") > (-1.0 if reached is None else reached) + _LEAST_GAIN).sort(
            _settled("score"), "action", "agreement_id", descending=[True, False, False]
        )
        if best.is_empty():
            break
        chosen = best.head(1)
        taken.append(chosen.select(pl.lit(step).alias("step"), *_GAINS))
        if step == steps:
            break
        change = ways.changes.filter(pl.col("option") == chosen["option"].item())
        base = base.with_change(change)
        reached = chosen["score"].item()
        options = options.join(chosen, on="agreement_id", how="anti")
        ways = ways.among(options)
        # What the step does not touch keeps its scores, with every change there is to it.
        touched = [kpi for kpi in base.kpis if kpi in change["kpi"]]
        kept = scored.filter(~pl.col("kpi").is_in(touched))
        scored = pl.concat([kept, base.scored(ways, touched)]) if touched else kept
        gains = _gains(options, base.after(options, ways, scored), score, place)
    return pl.concat(taken)


def _settled(sums: str) -> pl.Expr:
    """What is equal to nine digits is equal: sums of floats differ in their last digits from one run to the next."""
    return pl.col(sums).round(9)


def _gains(options: pl.DataFrame, after: pl.DataFrame, score: float | None, place: int | None) -> pl.DataFrame:
    return options.join(after, on="option", maintain_order="left").with_columns(
        points=pl.col("score") - pl.lit(score, dtype=pl.Float64),
        places=pl.lit(place, dtype=pl.Int64) - pl.col("place"),
    )


# --- Options, and what they change -----------------------------------------------------------------------------------


def _options(own: Facts) -> pl.DataFrame:
    """One row per open agreement and action it leaves room for: option (a number), agreement_id, action."""
    possible = {
        "reported": pl.lit(True),
        "unblocked": pl.col("blockers_open") > 0,
        "implemented": ~pl.col("is_started"),
        "completed": pl.lit(True),
    }
    parts = [
        own.agreements.filter(pl.col("is_open") & possible[action]).select(
            "agreement_id", pl.lit(action, dtype=pl.Enum(ACTIONS)).alias("action")
        )
        for action in ACTIONS
    ]
    return pl.concat(parts).with_row_index("option").cast({"option": pl.Int64})


def _changes(changed: Facts, own: Facts, options: pl.DataFrame) -> pl.DataFrame:
    """How each option changes the agency's tallies: option, kpi, time, counted, cases. `changed` has the agreements as they are
    after it, under its number."""
    # What a register keeps at all is a matter of the whole register, not of the few agreements imagined here.
    after = scorecard.tally(dataclasses.replace(changed, records=own.records), by=["agreement_id"])
    touched = own.where(pl.col("agreement_id").is_in(options["agreement_id"].drop_nulls().implode()))
    before = scorecard.tally(touched, by=["agreement_id"]).join(options, on="agreement_id")
    parts = [
        after.select(pl.col("agreement_id").alias("option"), *_CHANGE, "counted", "cases"),
        before.select("option", *_CHANGE, -pl.col("counted"), -pl.col("cases")),
    ]
    return (
        pl.concat(parts)
        .group_by("option", *_CHANGE)
        .agg(pl.col("counted", "cases").sum())
        .filter((pl.col("counted") != 0) | (pl.col("cases") != 0))
    )


def _changed(register: Register, options: pl.DataFrame, today: dt.date) -> Register:
    """A register of the changed agreements only, each under the number of its option."""
    # What does not count now counts no more in what is imagined; of that nothing has been found.
    there = copies(as_counted(register), options)
    unblocked = options.filter(pl.col("action") == "unblocked").select(agreement_id="option")
    resolved = there.blockers.join(unblocked, on="agreement_id", how="semi").select(
        blocker_id="id", kind=pl.lit(BlockerStep.RESOLVED), effective_on=pl.lit(today), received_on=pl.lit(today)
    )

    def with_new(frame: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([frame, new], how="diagonal")

    return dataclasses.replace(
        there,
        status_events=with_new(there.status_events, _new_states(register, options, today)),
        reports=with_new(there.reports, _new_reports(register, options, today)),
        blocker_events=with_new(there.blocker_events, resolved),
    )


def _new_states(register: Register, options: pl.DataFrame, today: dt.date) -> pl.DataFrame:
    return options.filter(pl.col("action").is_in(list(_NEW_STATE))).select(
        id=pl.lit(register.status_events["id"].max(), dtype=pl.Int64) + 1,  # recorded after all else of the day
        agreement_id="option",
        state=pl.col("action").cast(pl.String).replace_strict(_NEW_STATE, return_dtype=pl.String),
        effective_on=pl.lit(today),
        date_known=pl.lit(True),
    )


def _new_reports(register: Register, options: pl.DataFrame, today: dt.date) -> pl.DataFrame:
    """A full report of progress on the last period that has ended: in time only if that was not due before today.

    It says that more has been carried out than ever before, or it would show no progress.
    """
    ended = register.periods.filter(pl.col("ends_on") <= today).sort("ends_on")
    said = register.reports.group_by("agreement_id").agg(pl.col("progress_pct").max())
    reported = options.filter(pl.col("action") == "reported").join(
        said, on="agreement_id", how="left", maintain_order="left"
    )
    return reported.select(
        id=pl.lit(register.reports["id"].max(), dtype=pl.Int64).fill_null(0) + 1,
        agreement_id="option",
        period=pl.lit(None if ended.is_empty() else ended["code"].last(), dtype=pl.String),
        reported_on=pl.lit(today),
        received_on=pl.lit(today),
        shows_progress=pl.lit(True),
        fields_filled=pl.lit(len(REPORT_FIELDS), dtype=pl.Int64),
        progress_pct=(pl.col("progress_pct").fill_null(0.0) + LEAST_RISE).clip(upper_bound=100.0),
    )


# --- Scoring ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class _Ways:
    """The different ways in which options change a KPI. Many change one in the same way; each way is scored once.

    `changes` is a frame of `_changes`; `marks` says which way each option takes (option, kpi, _variant), and `ways` what it
    does (_variant, kpi, time, counted, cases). Variant 0 is the agency as it is.
    """

    changes: pl.DataFrame
    marks: pl.DataFrame
    ways: pl.DataFrame

    @classmethod
    def of(cls, changes: pl.DataFrame, kpis: list[str]) -> _Ways:
        scored = changes.filter(pl.col("kpi").is_in(kpis))
        one_change = pl.format(
            "{}/{}/{}", pl.col("time").cast(pl.String).fill_null("-"), pl.col("counted"), pl.col("cases")
        )
        marks = (
            scored.sort("option", "kpi", "time")
            .group_by("option", "kpi", maintain_order=True)
            .agg(_mark=one_change.str.join(","))
            .with_columns(_variant=pl.struct("kpi", "_mark").rank("dense").cast(pl.Int64))
        )
        first = marks.group_by("_variant", "kpi").agg(pl.col("option").min())
        ways = first.join(scored, on=["option", "kpi"]).select("_variant", *_CHANGE, "counted", "cases")
        return cls(changes, marks.drop("_mark"), ways)

    def among(self, options: pl.DataFrame) -> _Ways:
        """The ways that some of these options take."""
        marks = self.marks.join(options, on="option", how="semi")
        return _Ways(self.changes, marks, self.ways.join(marks, on="_variant", how="semi"))


@dataclasses.dataclass(frozen=True, eq=False)
class _Base:
    """An agency as its tallies (kpi, time, counted, cases), and what `_peers` gives."""

    tallies: pl.DataFrame
    rules: Rules
    peers: Floats

    @classmethod
    def of(cls, facts: Facts, own: Facts, agency: str, cards: pl.DataFrame, rules: Rules) -> _Base:
        """An agency as it is among the others of `facts`."""
        tallies = scorecard.tally(own, by=["agency"]).drop("agency")
        return cls(tallies=tallies, rules=rules, peers=_peers(facts, agency, cards))

    @property
    def kpis(self) -> list[str]:
        """The KPIs that count for the composite."""
        return list(self._weights)

    @property
    def _weights(self) -> dict[str, float]:
        return {code: float(weight) for code, weight in self.rules.weights.items() if weight > 0}

    def with_change(self, change: pl.DataFrame) -> _Base:
        sums = pl.concat([self.tallies, change.select(self.tallies.columns)]).group_by(_CHANGE)
        return dataclasses.replace(self, tallies=sums.agg(pl.col("counted", "cases").sum()))

    def after(self, options: pl.DataFrame, ways: _Ways, scored: pl.DataFrame) -> pl.DataFrame:
        """The agency after each option alone, and after none (option _NOTHING): option, score, place, through."""
        asked = pl.concat([pl.DataFrame({"option": [_NOTHING]}), options.select("option")])
        as_it_is = scored.filter(pl.col("_variant") == 0).select("kpi", before="score")
        after = (
            asked.join(pl.DataFrame({"kpi": self.kpis}), how="cross")
            .join(ways.marks, on=["option", "kpi"], how="left")
            .with_columns(pl.col("_variant").fill_null(0))
            .join(scored, on=["_variant", "kpi"], how="left")
        )
        composites = scorecard.composites(
            after.select("option", *scorecard.SCORED),
            self._cases(asked, ways.changes),
            by=["option"],
            rules=self.rules,
        )
        weight = pl.col("kpi").replace_strict(self._weights, return_dtype=pl.Float64)
        through = (
            after.join(as_it_is, on="kpi", how="left")
            .with_columns(_gain=weight * (pl.col("score") - pl.col("before")))
            .filter(pl.col("_gain") > _LEAST_GAIN)
            .sort(["option", "_gain", "kpi"], descending=[False, True, False])
            .unique("option", keep="first")
            .select("option", through="kpi")
        )
        ranked = composites.select(scorecard.as_ranked(pl.col("value")))["value"].to_numpy()
        above = len(self.peers) - np.searchsorted(self.peers, ranked, side="right")
        return composites.select(
            "option",
            score="value",
            place=pl.when(pl.col("value").is_not_null()).then(1 + pl.Series(above, dtype=pl.Int64)),
        ).join(through, on="option", how="left")

    def _cases(self, asked: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
        held = self.tallies.filter(pl.col("kpi") == COMPOSITE)["cases"].sum()
        more = changes.filter(pl.col("kpi") == COMPOSITE).select("option", more="cases")
        return asked.join(more, on="option", how="left").select("option", n=pl.col("more").fill_null(0) + held)

    def scored(self, ways: _Ways, kpis: list[str]) -> pl.DataFrame:
        """The scores of KPIs as they are, and after each way of changing them: _variant, kpi and `scorecard.SCORED`."""
        mine = ways.ways.filter(pl.col("kpi").is_in(kpis))
        variants = mine.select("_variant", "kpi").unique()
        base = self.tallies.filter(pl.col("kpi").is_in(kpis))
        columns = ["_variant", *_CHANGE, "counted", "cases"]
        sums = (
            pl.concat(
                [
                    base.select(pl.lit(0, dtype=pl.Int64).alias("_variant"), *columns[1:]),
                    variants.join(base, on="kpi").select(columns),
                    mine,
                ]
            )
            .group_by("_variant", *_CHANGE)
            .agg(pl.col("counted", "cases").sum())
            .filter(pl.col("time").is_null() | (pl.col("cases") > 0))
        )
        found = scorecard.scores(sums, by=["_variant"], kpis=kpis, rules=self.rules)
        meant = pl.concat([variants, pl.DataFrame({"_variant": [0] * len(kpis), "kpi": kpis}, schema=variants.schema)])
        return found.join(meant, on=["_variant", "kpi"], how="semi")
