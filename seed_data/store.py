"""Filling an empty store with a register: all of it or nothing, once."""

from __future__ import annotations

import collections
import json
import types
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl
from sqlmodel import Session, select

from data_access import audit, store
from data_access.packs import pack_of
from data_access.refreshing.held import READS
from data_access.register import TABLES
from data_access.store import Told, models
from kpi import register as declared
from kpi.register import DECLARED, FIELDS_FILLED, IS_DOCUMENTED, NOT_EXCHANGED, NOT_TAKEN_BACK, Register
from kpi.vocabulary import REPORT_FIELDS
from seed_data import reference
from seed_data.mapping.build import RegisterFrames
from seed_data.mapping.further import together
from seed_data.shape import shaped

_TEXTS: Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {"reports": REPORT_FIELDS, "status_events": ("note",)}
)
"""The texts of which a register's frames hold what is told by them, not themselves."""


class StoreInUseError(Exception):
    """The store is not empty; `code` and `name` say which register it holds (empty where it does not say)."""

    def __init__(self, code: str, name: str) -> None:
        self.code, self.name = code, name
        super().__init__(f"the store already holds the register {code!r}" if code else "the store is not empty")


def folded_from(loaded: RegisterFrames, lists: Mapping[str, pl.DataFrame]) -> Register:
    """The register that facts are folded from, once `loaded` and the reference lists are stored."""
    frames = {**lists, **loaded.frames}
    found = {
        name: shaped(model, frames[model.__name__], only=[*DECLARED[name].column_names(), *_TEXTS.get(name, ())])
        for name, model in TABLES.items()
        if model.__name__ in frames
    }
    for name, counted in (
        ("reports", FIELDS_FILLED),
        ("status_events", IS_DOCUMENTED),
        ("verifications", NOT_EXCHANGED),
        ("sample_items", NOT_TAKEN_BACK),
    ):
        if name in found:
            found[name] = found[name].with_columns(counted).select(DECLARED[name].column_names())
    described = loaded.description if "DataVersion" in loaded.frames else {}
    not_kept = frozenset(described.get("not_kept", "").split())
    return Register(**found, not_kept=not_kept, starts_with=pack_of(lists).starts_with)


def fill(
    session: Session,
    *,
    actor: str,
    register: RegisterFrames,
    origin: str,
    further: Iterable[RegisterFrames] = (),
    lists: Mapping[str, pl.DataFrame] | None = None,
    told: Told | None = None,
) -> None:
    """Write the reference lists and a register into an empty store, within the session's transaction.

    A store holds one register: raises `StoreInUseError` where there is one. Of two processes that fill at once the
    second waits for the first, and then finds the store in use. `origin` (a file's name) goes into the audit entry.
    Raises `ValueError` for a register that is not as declared in `kpi/register.py`. One larger than memory comes in
    `further` parts, each with all that belongs to its agreements; only one at a time is looked at. `told` hears of its rows.
    `lists` are those the register was read with; Viet Nam's if left out. They are written where the store has none yet.
    """
    lists = together(reference.frames() if lists is None else lists, register.further)
    declared.check(folded_from(register, lists))
    store.take_turn(session, "register")
    version = _next_version(session)
    if session.exec(select(models.Partner.code).limit(1)).first() is None:
        _write(session, lists)
    elif register.further:
        _write(session, register.further)
    described = register.frames["DataVersion"].with_columns(version=pl.lit(version))
    _write(session, {**register.frames, "DataVersion": described}, told)
    counts = collections.Counter({name: frame.height for name, frame in register.frames.items()})
    for part in further:
        declared.check(folded_from(part, lists))
        _write(session, part.frames, told)
        counts.update({name: frame.height for name, frame in part.frames.items()})
    if register.reads:
        _keep_reads(session, register, actor)
    code = register.description["register_code"]
    audit.write(session, actor=actor, action="register.load", subject=code, detail={"origin": origin, **counts})


def begin(session: Session, lists: Mapping[str, pl.DataFrame], *, actor: str) -> None:
    """Write a pack's lists into a store that has none, within the session's transaction. Raises `StoreInUseError` where it has."""
    store.take_turn(session, "register")
    if session.exec(select(models.Partner.code).limit(1)).first() is not None:
        held = session.get(models.DataVersion, 1)
        raise StoreInUseError(*(("", "") if held is None else (held.register_code, held.name_en)))
    _write(session, lists)
    pack = pack_of(lists)
    audit.write(session, actor=actor, action="lists.load", subject=pack.code, detail={"name": pack.name_en})


def _keep_reads(session: Session, register: RegisterFrames, actor: str) -> None:
    """Remember what the register was read from: a newer export of its source is read the same way."""
    day, text = register.description["data_date"], json.dumps(register.reads, ensure_ascii=False)
    session.add(models.Setting(key=READS, value=text, effective_on=day, recorded_by=actor))
    session.flush()


def _next_version(session: Session) -> int:
    """The number after the store's own, whose row makes room: changes of settings count before anything is loaded."""
    held = session.get(models.DataVersion, 1)
    if held is not None and held.register_code:
        raise StoreInUseError(held.register_code, held.name_en)
    if session.exec(select(models.Agreement.id).limit(1)).first() is not None:
        raise StoreInUseError("", "")
    if held is None:
        return 1
    session.delete(held)
    session.flush()
    return held.version + 1


def _write(session: Session, frames: Mapping[str, pl.DataFrame], told: Told | None = None) -> None:
    for name, frame in frames.items():
        store.write_frame(session, getattr(models, name), frame, told=told)
