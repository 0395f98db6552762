"""The demo register: agreements that read like real ones, whose outcomes are invented.

Counts follow what was published (by quarter, sector, region, the ocean commitments, the two free-trade agreements and
Lạng Sơn); no report has published how agreements fare, so everything after signing is made up here. The same seed gives
the same bytes on every machine: no clock, no hash order, only PCG64 and straight lines.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
from sqlmodel import SQLModel

from data_access.store import models
from seed_data.demo import base, blockers, decided, exchanges, history, life, plan, reports, tables, verifications
from seed_data.demo.calendar import DATA_DATE
from seed_data.demo.tables import REGISTER_CODE
from seed_data.shape import shaped, with_receipts

__all__ = ["DATA_DATE", "REGISTER_CODE", "SEED", "frames"]

SEED = 20260114


def frames(seed: int = SEED, n: int | None = None) -> dict[str, pl.DataFrame]:
    """Table name -> frame with exactly the columns of that table, in an order in which they can be written.

    `n` is the number of agreements in all (1,006 when left out: 927 high-level, 54 local, 25 not signed yet); a larger
    register keeps all shares. Raises ValueError for a smaller one.
    """
    high, local, unsigned = plan.sizes(n)
    planned, held = exchanges.hold(seed, plan.high_level(seed, high, unsigned))
    agreements = base.agreements(seed, planned, local)
    lives = life.live(seed, agreements)
    held_up = blockers.block(seed, agreements, lives)
    written, events = tables.agreements(seed, agreements, lives), history.status_events(seed, agreements, lives)
    looked = verifications.look(seed, written, events)
    said = decided.decide(written, held_up.rows, held_up.events)
    parts: dict[type[SQLModel], pl.DataFrame] = {
        models.Exchange: held,
        models.Agreement: written,
        models.AgreementPartner: tables.partners(agreements),
        models.AgreementAgency: tables.coordinating(seed, agreements),
        models.StatusEvent: events,
        models.TargetDate: history.target_dates(seed, agreements, lives),
        models.ReportingPeriod: reports.periods(),
        models.ProgressReport: verifications.copied(reports.report(seed, agreements, lives, held_up), written),
        models.Blocker: held_up.rows,
        models.BlockerEvent: held_up.events,
        models.Explanation: tables.explanations(),
        models.VerificationSample: looked.samples,
        models.SampleItem: looked.items,
        models.Verification: looked.found,
        models.Directive: said.directives,
        models.DirectiveStep: said.directive_steps,
        models.Escalation: said.escalations,
        models.EscalationStep: said.escalation_steps,
        models.DataVersion: tables.data_version(dt.datetime.combine(DATA_DATE, dt.time(10))),
    }
    return {model.__name__: shaped(model, frame) for model, frame in with_receipts(parts).items()}
