"""What each claimed state rests on: declared, evidenced, reviewed, verified or refused (see `kpi.vocabulary.Standing`).

A claim is that an agreement came into a state on a day; what somebody outside the agency found of it prevails over everything else
that is known of it. Only events of states that claim something (`CLAIM_KINDS`) have a standing.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.register import Register
from kpi.vocabulary import CLAIM_KINDS, SEEN, ClaimKind, Standing, State, Verdict

CLAIM: Final = ["agreement_id", "state", "effective_on"]
"""What makes one claim."""

IS_SEEN: Final = pl.col("standing").is_in(list(SEEN)).fill_null(value=False)
"""Whether somebody outside the agency has seen a claim and it holds."""


def kind(state: pl.Expr) -> pl.Expr:
    """What each state claims (a `ClaimKind`), null where nothing."""
    kinds = {state_: str(claimed) for state_, claimed in CLAIM_KINDS.items()}
    return state.replace_strict(kinds, default=None, return_dtype=pl.String)


def with_standing(register: Register) -> pl.DataFrame:
    """The status events of a register with `standing` (null for states that claim nothing, unless refused) and `seen_on`: the day
    on which somebody outside the agency recorded what was found, or published it; null where nobody did. Like what was found false
    they go by all that is known, whatever day a figure is of.

    A finding that nothing could be shown leaves a claim the word it is, whatever document it names. Evidence of the result, which
    an agreement has as a whole, is evidence of its completion.
    """
    found = register.verifications.sort("id").unique(CLAIM, keep="last")
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
    return (
        register.status_events.join(
            found.select(*CLAIM, "verdict", _found_on="received_on"), on=CLAIM, how="left", maintain_order="left"
        )
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


def first_seen(*kinds: ClaimKind) -> pl.Expr:
    """The first day of a claim of these kinds that somebody outside the agency has seen; for groups of `with_standing`."""
    of_kind = kind(pl.col("state")).is_in([str(one) for one in kinds])
    return pl.col("effective_on").filter(of_kind & IS_SEEN).min()
