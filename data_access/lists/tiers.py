"""How close relations with a partner are, from a day on: raised or lowered, and taken back; and a tier of which some partners go
over to another."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

from sqlmodel import Session, col, select

from data_access.acting import Person, Refused
from data_access.coordination import begin, finish
from data_access.lists import kinds
from data_access.lists.kinds import BY_HAND, PARTNERS, TIERS
from data_access.lists.reading import last_end
from data_access.responsibility import first_day
from data_access.store import models

_DAY = dt.timedelta(days=1)


def set_tier(session: Session, *, actor: Person, code: str, tier: str, effective_on: dt.date) -> int:
    """Let a partner be of a tier from a day on; gives the new data version. A partner below a country is of that one's tier. Raises
    `Refused`: `entry_unknown`, `entry_unfit`, `ended_already` (the tier), `day_shown`, `before_validity` (not after the last
    change), `no_change`."""
    begin(session, actor, kinds.TIER)
    row = put(session, code, tier, effective_on)
    detail = {"list": PARTNERS.name, "entry": row.name_vi, "name": tier, "from": effective_on.isoformat(), "count": 0}
    return finish(session, actor, kinds.TIER, {code: detail})


def unset_tier(session: Session, *, actor: Person, code: str) -> int:
    """Take the last tier of a partner back, where it was given by hand; gives the new data version. Raises `Refused`:
    `entry_unknown`, `no_change`."""
    begin(session, actor, kinds.NO_TIER)
    row, last = PARTNERS.held(session, code), held_last(session, code)
    if last is None or last.source != BY_HAND or last.precision != "day":
        raise Refused("no_change")
    before = take_back(session, last)
    detail = {"list": PARTNERS.name, "entry": row.name_vi, "name": before.tier if before else ""}
    day = {"from": last.valid_from.isoformat(), "count": 0}
    return finish(session, actor, kinds.NO_TIER, {code: {**detail, **day}})


def split_tier(
    session: Session, *, actor: Person, code: str, into: str, partners: Sequence[str], effective_on: dt.date
) -> int:
    """Let some partners of a tier be of another from a day on; both go on. Taken back by `reopen`. Gives the new data version.
    Raises `Refused` as `set_tier`, and `into_itself`, `no_partners` for codes that are none of the tier's."""
    begin(session, actor, kinds.SPLIT)
    row = TIERS.held(session, code)
    if into == code:
        raise Refused("into_itself")
    wanted = sorted({partner.strip() for partner in partners} - {""})
    strange = [one for one in wanted if (last := held_last(session, one)) is None or last.tier != code]
    if not wanted or strange:
        raise Refused("no_partners", refs=tuple(strange[:10]))
    for partner in wanted:
        put(session, partner, into, effective_on)
    session.add(
        models.EntryEnd(
            list_of=TIERS.name,
            code=code,
            successor=into,
            effective_on=effective_on,
            is_whole=False,
            agreements=json.dumps(wanted),
            recorded_by=actor.username,
        )
    )
    session.flush()
    day = {"from": effective_on.isoformat(), "count": len(wanted)}
    other = TIERS.held(session, into).name_vi
    return finish(session, actor, kinds.SPLIT, {code: {"list": TIERS.name, "entry": row.name_vi, "name": other, **day}})


def rejoin(session: Session, end: models.EntryEnd) -> None:
    """Take a split of a tier back. Raises `Refused`: `changed_since` where one of its partners has got another tier."""
    for partner in json.loads(end.agreements):
        last = held_last(session, partner)
        if last is None or (last.tier, last.valid_from) != (end.successor, end.effective_on):
            raise Refused("changed_since")
        take_back(session, last)


def put(session: Session, code: str, tier: str, day: dt.date) -> models.Partner:
    """The partner, now of a tier from a day on. Raises `Refused` as `set_tier`."""
    row: models.Partner = PARTNERS.held(session, code)
    if session.get(models.Tier, tier) is None or row.counts_under is not None:
        raise Refused("entry_unfit")
    end = last_end(session, TIERS.name, tier, whole=True)
    if end is not None and end.effective_on <= day:
        raise Refused("ended_already", refs=(tier,))
    if day < first_day(session):
        raise Refused("day_shown")
    last = held_last(session, code)
    if last is not None:
        if last.tier == tier:
            raise Refused("no_change")
        if day <= last.valid_from:
            raise Refused("before_validity")
        last.valid_to = day - _DAY
        session.add(last)
    session.add(models.PartnerTier(partner=code, valid_from=day, tier=tier, source=BY_HAND))
    session.flush()
    return row


def take_back(session: Session, last: models.PartnerTier) -> models.PartnerTier | None:
    """Without its last tier; gives the one before."""
    session.delete(last)
    session.flush()
    before = held_last(session, last.partner)
    if before is not None:
        before.valid_to = None
        session.add(before)
    session.flush()
    return before


def held_last(session: Session, code: str) -> models.PartnerTier | None:
    """The last tier of a partner."""
    tier = models.PartnerTier
    held = select(tier).where(tier.partner == code).order_by(col(tier.valid_from).desc()).limit(1)
    return session.exec(held).first()
