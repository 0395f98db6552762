"""The numbers that turn a register into facts: from when on something is stalled, at risk, due soon or late."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kpi.vocabulary import CLAIMED, Standing, State

COUNTS_FROM: Final = (Standing.EVIDENCED, Standing.REVIEWED)
"""The standings from which a plan, a start or a completion may be set to count; everything else that ends or halts: reviewed."""

LEAST_RISE: Final = 5.0
"""By how many points, since the share that last counted as progress, the share carried out has to rise to do so again; or to all of
it. Slow work adds up to that, and a hundredth in every report does not."""


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Every number the facts depend on, with the value it starts from.

    `stall_days` maps a state to the days without evidenced progress after which an open agreement counts as stalled. A first
    target is to be set within `first_target_days` of signing. A backlog is measured against what has had time to fall behind,
    whatever was closed within `recent_days` included, so that it never looks larger because something else was finished, nor
    smaller because something new was signed; what was found of claims counts for as long. Blockers gone within
    `brief_blocker_days`, by their days or those of receipt, are not timed. What is completed `late_points_days` after its
    target is as late as can be. An agreement is to be registered within `late_registration_days` of its signing. What is
    claimed of a day more than `claim_days` before it is received waits for review, and so do a first target set later than
    that and a target more than `target_years` away. `counts_from` maps a state to the place in `COUNTS_FROM` of the standing
    on which it counts; until it has that it waits.
    """

    grace_days: int = 90
    claim_days: int = 30
    first_target_days: int = 90
    target_years: int = 5
    recent_days: int = 365
    brief_blocker_days: int = 3
    late_points_days: int = 365
    late_registration_days: int = 60
    stall_days: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: MappingProxyType(
            {
                State.SIGNED: 180,
                State.APPROVAL_PENDING: 180,
                State.IN_FORCE: 90,
                State.PLAN_ISSUED: 120,
                State.IN_PROGRESS: 180,
            }
        )
    )
    counts_from: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(CLAIMED, COUNTS_FROM.index(Standing.EVIDENCED)))
    )
    at_risk_gap: float = 0.25
    severe_blocker_days: int = 30
    due_soon_days: int = 60
    plan_days_treaty: int = 15
    plan_days_other: int = 60
    escalation_days: int = 15
