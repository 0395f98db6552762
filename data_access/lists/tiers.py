"""How close relations with a partner are, from a day on: raised or lowered, and taken back."""

from __future__ import annotations

import datetime as dt

from sqlmodel import Session, col, select

from data_access.acting import Person, Refused
from data_access.coordination import begin, finish
from data_access.lists import kinds
from data_access.lists.kinds import BY_HAND, PARTNERS
from data_access.responsibility import first_day
from data_access.store import models
from kpi.vocabulary import Tier, texts

_DAY = dt.timedelta(days=1)


def set_tier(session: Session, *, actor: Person, code: str, tier: str, effective_on: dt.date) -> int:
    """Let a partner be of a tier from a day on; gives the new data version. A partner below a country is of that one's tier. Raises
    `Refused`: `entry_unknown`, `entry_unfit`, `day_shown`, `before_validity` (not after the last change), `no_change`."""
    begin(session, actor, kinds.TIER)
    row = PARTNERS.held(session, code)
    if tier not in texts(Tier) or row.counts_under is not None:
        raise Refused("entry_unfit")
    if effective_on < first_day(session):
        raise Refused("day_shown")
    last = _last(session, code)
    if last is not None:
        if last.tier == tier:
            raise Refused("no_change")
        if effective_on <= last.valid_from:
            raise Refused("before_validity")
        last.valid_to = effective_on - _DAY
        session.add(last)
    session.add(models.PartnerTier(partner=code, valid_from=effective_on, tier=tier, source=BY_HAND))
    session.flush()
    detail = {"list": PARTNERS.name, "entry": row.name_vi, "name": tier, "from": effective_on.isoformat(), "count": 0}
    return finish(session, actor, kinds.TIER, {code: detail})


def unset_tier(session: Session, *, actor: Person, code: str) -> int:
    """Take the last tier of a partner back, where it was given by hand; gives the new data version. Raises `Refused`:
    `entry_unknown`, `no_change`."""
    begin(session, actor, kinds.NO_TIER)
    row, last = PARTNERS.held(session, code), _last(session, code)
    if last is None or last.source != BY_HAND or last.precision != "day":
        raise Refused("no_change")
    session.delete(last)
    session.flush()
    before = _last(session, code)
    if before is not None:
        before.valid_to = None
        session.add(before)
    session.flush()
    detail = {"list": PARTNERS.name, "entry": row.name_vi, "name": before.tier if before else ""}
    day = {"from": last.valid_from.isoformat(), "count": 0}
    return finish(session, actor, kinds.NO_TIER, {code: {**detail, **day}})


def _last(session: Session, code: str) -> models.PartnerTier | None:
    tier = models.PartnerTier
    held = select(tier).where(tier.partner == code).order_by(col(tier.valid_from).desc()).limit(1)
    return session.exec(held).first()
