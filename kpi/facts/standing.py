"""What each claimed state rests on: declared, evidenced, reviewed, verified or refused (see `kpi.vocabulary.Standing`).

A claim is that an agreement came into a state on a day; what somebody outside the agency found of it prevails over everything else
that is known of it. Only events of states that claim something (`CLAIM_KINDS`) have a standing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.register import Register
from kpi.vocabulary import CLAIM_KINDS, CLAIMED, SEEN, ClaimKind, Reading, Standing, State, Verdict

CLAIM: Final = ["agreement_id", "state", "effective_on"]
"""What makes one claim."""

IS_SEEN: Final = pl.col("standing").is_in(list(SEEN)).fill_null(value=False)
"""Whether somebody outside the agency has seen a claim and it holds."""


def kind(state: pl.Expr) -> pl.Expr:
    """What each state claims (a `ClaimKind`), null where nothing."""
    kinds = {state_: str(claimed) for state_, claimed in CLAIM_KINDS.items()}
    return state.replace_strict(kinds, default=None, return_dtype=pl.String)


def counting(register: Register, reading: Reading = Reading.COUNTING) -> pl.DataFrame:
    """The status events that count, with their standing: without what somebody outside the agency has found false, which like what
    was taken back never was, and without what is withheld.

    Read as declared, everything that is in the register counts; as verified, of claims only those somebody outside has seen.
    """
    return of_reading(with_standing(register), reading)


def of_reading(events: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """`counting` of events that have their standing."""
    if reading == Reading.AS_DECLARED:
        return events
    refused = pl.col("standing").eq_missing(pl.lit(str(Standing.REFUSED)))
    kept = events.filter(~refused & pl.col("withheld_for").is_null())
    return kept.filter(pl.col("standing").is_null() | IS_SEEN) if reading == Reading.AS_VERIFIED else kept


def uncounted(register: Register) -> pl.DataFrame:
    """The agreements of which something is declared that does not count: agreement_id."""
    counted = counting(register).select("id")
    declared = counting(register, Reading.AS_DECLARED)
    return declared.join(counted, on="id", how="anti").select("agreement_id").unique()


def doubted(register: Register) -> pl.DataFrame:
    """The agencies of which a claim was found false in a sample that all was looked at of, a row for each such period: agency,
    period, starts_on, ends_on, doubted_on (the day of the last finding). Days that the calendar leaves out before a period are of
    that period, whose sample is drawn from what came on them; the first period begins where it says, and withholds nothing older.

    A claim that its agency has taken back since its period closed keeps no sample open.
    """
    items = register.sample_items.join(_found(register), on=CLAIM, how="left")
    finished = (
        items.group_by("sample_id")
        .agg(
            doubted_on=pl.col("_found_on").max(),
            _all=(pl.col("verdict").is_not_null() | pl.col("taken_back_on").is_not_null()).all(),
        )
        .filter("_all")
    )
    calendar = register.periods.sort("ends_on").select(
        "ends_on",
        starts_on=(pl.col("ends_on").shift(1).dt.offset_by("1d")).fill_null(pl.col("starts_on")),
        period="code",
    )
    periods = register.samples.rename({"id": "sample_id"}).join(calendar, on="period")
    return (
        items.filter(pl.col("verdict") == Verdict.REFUTED)
        .select("sample_id", "agency")
        .unique()
        .join(finished, on="sample_id")
        .join(periods, on="sample_id")
        .select("agency", "period", "starts_on", "ends_on", "doubted_on")
        .sort("agency", "ends_on")
    )


def taken_back(register: Register) -> pl.DataFrame:
    """The claims drawn for samples that their agencies took back before anybody looked: CLAIM, sample_id, taken_back_on."""
    gone = register.sample_items.filter(pl.col("taken_back_on").is_not_null())
    return gone.join(register.verifications, on=CLAIM, how="anti", maintain_order="left").select(
        *CLAIM, "sample_id", "taken_back_on"
    )


def _found(register: Register) -> pl.DataFrame:
    """What was found, a row per claim that was looked at: CLAIM, verdict, is_exchanged, _found_on."""
    held = register.verifications.sort("id").unique(CLAIM, keep="last")
    return held.select(*CLAIM, "verdict", "is_exchanged", _found_on="received_on")


_IS_OUT_OF_DATE: Final = (pl.col("verdict") == Verdict.CONFIRMED) & pl.col("is_exchanged")
"""To exchange the document of what was confirmed undoes that; of what was found false or could not be shown it undoes nothing."""


def _holding(register: Register) -> pl.DataFrame:
    """What was found and still tells of the claims there are."""
    return _found(register).filter(~_IS_OUT_OF_DATE).drop("is_exchanged")


def out_of_date(register: Register) -> pl.DataFrame:
    """The status events that were confirmed and name another document since: id."""
    found = _found(register).filter(_IS_OUT_OF_DATE)
    return register.status_events.join(found, on=CLAIM, how="semi").select("id")


def with_standing(register: Register) -> pl.DataFrame:
    """The status events of a register with `standing` (null for states that claim nothing, unless refused), `seen_on` (the day on
    which somebody outside the agency recorded what was found, or published it; null where nobody did) and `withheld_for`.

    What an agency claimed in a period of which a claim was found false is its word alone and counts in no figure, until somebody
    outside has seen it: `withheld_for` names the period, null for all other events. Standings go by all that is known, whatever day
    a figure is of.

    A finding that nothing could be shown leaves a claim the word it is, whatever document it names. What was confirmed of a claim
    holds as long as its document is the one that was seen: of another one it falls back to what that is worth. Evidence of the
    result, which an agreement has as a whole, is evidence of its completion.
    """
    proved = register.agreements.filter(pl.col("evidence_url") != "").select(
        agreement_id="id", state=pl.lit(str(State.COMPLETED)), _proved=pl.lit(value=True)
    )
    verdict, reviewed = pl.col("verdict"), pl.col("reviewed_at")
    standing = (
        pl.when(verdict == Verdict.REFUTED)
        .then(pl.lit(str(Standing.REFUSED)))
        .when(kind(pl.col("state")).is_null())
        .then(None)
        .when(verdict == Verdict.CONFIRMED)
        .then(pl.lit(str(Standing.VERIFIED)))
        .when(verdict == Verdict.NOT_SHOWN)
        .then(pl.lit(str(Standing.DECLARED)))
        .when(reviewed.is_not_null())
        .then(pl.lit(str(Standing.REVIEWED)))
        .when(pl.col("is_documented") | pl.col("_proved"))
        .then(pl.lit(str(Standing.EVIDENCED)))
        .when(pl.col("batch_id").is_null())
        .then(pl.lit(str(Standing.SOURCED)))
        .otherwise(pl.lit(str(Standing.DECLARED)))
    )
    events = (
        register.status_events.join(_holding(register), on=CLAIM, how="left", maintain_order="left")
        .join(
            register.batches.select(batch_id="id", reviewed_at="reviewed_at"),
            on="batch_id",
            how="left",
            maintain_order="left",
        )
        .join(proved, on=["agreement_id", "state"], how="left", maintain_order="left")
        .with_columns(standing=standing, seen_on=pl.coalesce("_found_on", reviewed.dt.date()))
        .drop("verdict", "_found_on", "reviewed_at", "_proved")
    )
    return events.join(_withheld(register, events), on="id", how="left", maintain_order="left").with_columns(
        standing=pl.when(pl.col("withheld_for").is_not_null())
        .then(pl.lit(str(Standing.DECLARED)))
        .otherwise("standing")
    )


def _withheld(register: Register, events: pl.DataFrame) -> pl.DataFrame:
    """The events of claims of the periods in which their agency claimed something false that nobody has seen: id, withheld_for."""
    unseen = ~IS_SEEN & (pl.col("standing") != Standing.REFUSED)
    return (
        _by_claimant(register, events.filter(pl.col("state").is_in(list(CLAIMED)) & unseen))
        .join(doubted(register), on="agency")
        .filter(pl.col("received_on").is_between("starts_on", "ends_on"))
        .unique("id", keep="first")
        .select("id", withheld_for="period")
    )


def _by_claimant(register: Register, events: pl.DataFrame) -> pl.DataFrame:
    """Events with `agency`, which was responsible on the day they were received."""
    owners = register.agreements.select("responsible_agency", agreement_id="id")
    owned = events.join(owners, on="agreement_id")
    if register.handovers.is_empty():
        return owned.rename({"responsible_agency": "agency"})
    earlier = (
        events.select("id", "agreement_id", "received_on")
        .join(register.handovers.rename({"id": "_order"}), on="agreement_id")
        .filter(pl.col("effective_on") > pl.col("received_on"))
        .sort("effective_on", "_order")
        .unique("id", keep="first", maintain_order=True)
        .select("id", "agency", _is_other=True)
    )
    then = pl.when("_is_other").then("agency").otherwise("responsible_agency")
    return owned.join(earlier, on="id", how="left").with_columns(agency=then).drop("responsible_agency", "_is_other")


def first_seen(*kinds: ClaimKind) -> pl.Expr:
    """The first day of a claim of these kinds that somebody outside the agency has seen; for groups of `with_standing`."""
    of_kind = kind(pl.col("state")).is_in([str(one) for one in kinds])
    return pl.col("effective_on").filter(of_kind & IS_SEEN).min()
