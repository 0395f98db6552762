"""Putting a mapped register into an empty store, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from sqlmodel import Session, select

from data_access import audit, models
from data_access import engine as store
from data_access.register import raise_data_version
from seed_data.mapping.build import MappedRegister


class StoreInUseError(Exception):
    """The store already holds a register; `code` and `name` say which."""

    def __init__(self, code: str, name: str) -> None:
        self.code, self.name = code, name
        super().__init__(f"the store already holds the register {code!r}")


def store_register(
    session: Session, *, actor: str, register: MappedRegister, lists: Mapping[str, pl.DataFrame], file: str
) -> None:
    """Write reference lists, register and data version, with an audit entry, within the session's transaction.

    A store holds one register: raises `StoreInUseError` where there is one. What is known now is recorded now, so
    `recorded_at` is the time of loading.
    """
    held = session.get(models.DataVersion, 1)
    if held is not None and held.register_code:
        raise StoreInUseError(held.register_code, held.name_en)
    if session.exec(select(models.Agreement.id).limit(1)).first() is not None:
        raise StoreInUseError("", "")
    if session.exec(select(models.Agency.key).limit(1)).first() is None:
        for name, frame in lists.items():
            store.write_frame(session, getattr(models, name), frame)
    for name, frame in register.frames.items():
        store.write_frame(session, getattr(models, name), frame)
    raise_data_version(session)
    version = session.get_one(models.DataVersion, 1)
    info = register.info
    version.register_code = info.code
    version.name_vi, version.name_en = info.name_vi, info.name_en
    version.data_date = info.data_date
    version.is_demo = False
    version.source, version.licence, version.attribution = info.source, info.licence, info.attribution
    version.caveat_vi, version.caveat_en = info.caveat_vi, info.caveat_en
    session.add(version)
    counts = {name: frame.height for name, frame in register.frames.items()}
    audit.write(session, actor=actor, action="register.load", subject=info.code, detail={"file": file, **counts})
