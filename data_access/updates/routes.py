"""Which kinds of changes go straight into the register and which wait for a coordinator.

Every kind goes straight in until somebody settles otherwise, but for new agreements and for what waits by what it says
(`kpi.update.reasons`): what waits needs a person who looks at it every day, and only the coordinator knows whether there is one.
An agreement that nobody signed would dilute every backlog of whoever invents it, and a copy of each that was signed goes to the
Ministry of Foreign Affairs anyway.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, store
from data_access.acting import Person, account_of, logged
from data_access.clock import today
from data_access.roles import May
from data_access.store import models
from kpi.update.changes import KINDS, Kind

Route = Literal["direct", "review"]
ROUTES: Final[tuple[Route, ...]] = get_args(Route)
DEFAULT: Final[Mapping[Kind, Route]] = MappingProxyType({**dict.fromkeys(KINDS, "direct"), "new": "review"})
_NAMES: Final[Mapping[str, Kind]] = MappingProxyType({f"review.{kind}": kind for kind in KINDS})
"""What these settings are called in the store."""


def read_routes(engine: sa.Engine, on: dt.date | None = None) -> Mapping[Kind, Route]:
    """The route of every kind of change (`intake.KINDS`), as it holds on a day (today if not given)."""
    with store.session(engine, read_only=True) as session:
        return routes_on(session, on)


def read_held(engine: sa.Engine) -> frozenset[str]:
    """The kinds of changes that wait for review today, whatever they say."""
    return frozenset(kind for kind, route in read_routes(engine).items() if route == "review")


def write_routes(session: Session, *, actor: Person, routes: Mapping[Kind, Route]) -> None:
    """Settle the routes of these kinds from today on; the others keep theirs. For coordinators and administrators.

    Raises `Refused("not_allowed")` for anybody else, ValueError for a kind or route there is none. The caller commits.
    """
    with logged("settings.review", actor):
        account_of(session, actor, May.OVERSEE_UPLOADS)
    wrong = [f"{kind}: {route}" for kind, route in routes.items() if kind not in KINDS or route not in ROUTES]
    if wrong:
        raise ValueError(f"no such kind of change or route: {', '.join(wrong)}")
    before = routes_on(session, None)
    changed: dict[str, object] = {kind: route for kind, route in routes.items() if before[kind] != route}
    if not changed:
        return
    session.add_all(
        models.Setting(
            key=f"review.{kind}", value=json.dumps(route), effective_on=today(None), recorded_by=actor.username
        )
        for kind, route in changed.items()
    )
    session.flush()
    audit.write(session, actor=actor.username, action="settings.review", detail=changed)


def routes_on(session: Session, on: dt.date | None) -> Mapping[Kind, Route]:
    """`read_routes` within a session. Of several settings of one kind the latest holds."""
    statement = (
        select(models.Setting)
        .where(col(models.Setting.key).in_(_NAMES), col(models.Setting.effective_on) <= (on or today(None)))
        .order_by(col(models.Setting.effective_on), col(models.Setting.recorded_at), col(models.Setting.id))
    )
    settled = {_NAMES[setting.key]: json.loads(setting.value) for setting in session.exec(statement)}
    return MappingProxyType({**DEFAULT, **settled})
