"""What an upload does to its agency: the scorecard and the place it would have, by the code that gives those it has.

Nothing is estimated. The register with the upload in it (`intake.projected`) is folded and scored as any other; of the other
agencies nothing changes, so only this one's agreements are folded again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi import facts as folding
from kpi.indicators import scorecard
from kpi.register import Register, owners_of
from kpi.rules import Rules
from kpi.update import Preview, projected


def cards_after(
    register: Register, preview: Preview, *, as_of: dt.date, rules: Rules, condition: pl.Expr | None = None
) -> pl.DataFrame:
    """The scorecard of the upload's agency as it would be: columns as in `scorecard.compute` with `by=["agency"]`.

    `condition` narrows the agreements, as a view does; empty where the agency has none in it.
    """
    after = projected(register, preview)
    found = folding.build(of_agency(after, preview.agency), as_of, rules)
    found = dataclasses.replace(found, records=folding.records_kept(after)).where(pl.col("agency") == preview.agency)
    if condition is not None:
        found = found.where(condition)
    return scorecard.compute(found, by=["agency"], rules=rules)


def with_own(cards: pl.DataFrame, own: pl.DataFrame, *, agency: str) -> pl.DataFrame:
    """`cards` of many agencies with those of one exchanged for `own`."""
    return pl.concat([cards.filter(pl.col("agency") != agency), own.select(cards.columns)])


def rank_of(cards: pl.DataFrame, *, agency: str) -> tuple[int | None, int]:
    """An agency's place among those in `cards` (None: not ranked), and how many are ranked."""
    ranking = scorecard.rank(cards, group="agency").filter(pl.col("place").is_not_null())
    own = ranking.filter(pl.col("agency") == agency)
    return (None if own.is_empty() else int(own["place"].item())), ranking.height


def of_agency(register: Register, agency: str) -> Register:
    """The part of a register that is about agreements that are or were one agency's; reference lists and periods stay whole."""
    theirs = owners_of(register).filter(pl.col("agency") == agency)
    agreements = register.agreements.join(
        theirs, left_on="id", right_on="agreement_id", how="semi", maintain_order="left"
    )
    ids = agreements.select(agreement_id="id")

    def own(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(ids, on="agreement_id", how="semi")

    blockers = own(register.blockers)
    return dataclasses.replace(
        register,
        agreements=agreements,
        agreement_partners=own(register.agreement_partners),
        status_events=own(register.status_events),
        targets=own(register.targets),
        reports=own(register.reports),
        blockers=blockers,
        blocker_events=register.blocker_events.join(blockers.select(blocker_id="id"), on="blocker_id", how="semi"),
    )
