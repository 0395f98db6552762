"""The registers that come along are as declared, and a register that is not does not get into a store."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import store
from data_access.store import models
from kpi import facts as kpi_facts
from kpi import frames
from kpi import register as kpi_register
from kpi.facts import columns
from seed_data import reference
from seed_data.store import NAMED, fill, folded_from, read_named


@pytest.mark.parametrize("name", NAMED)
def test_the_registers_that_come_along_and_their_facts_are_as_declared(name: str) -> None:
    register = folded_from(read_named(name), reference.frames())

    kpi_register.check(register)
    for as_of in (dt.date(2026, 1, 14), dt.date(2025, 3, 31), dt.date(2019, 6, 30), dt.date(1980, 1, 1)):
        facts = kpi_facts.build(register, as_of)
        for frame, declared in columns.DECLARED.items():
            frames.check(declared, getattr(facts, frame))


def test_a_register_that_is_not_as_declared_is_not_stored(sqlite_engine: sa.Engine) -> None:
    loaded = read_named("worldbank")
    spoilt = loaded.frames["StatusEvent"].with_columns(state=pl.lit("IN_THE_POST"))
    register = dataclasses.replace(loaded, frames={**loaded.frames, "StatusEvent": spoilt})

    with (
        pytest.raises(ValueError, match=r"StatusEvents"),
        store.session(sqlite_engine) as session,
    ):
        fill(session, actor="manage.py", register=register, origin="worldbank")

    with store.session(sqlite_engine, read_only=True) as session:
        assert session.exec(select(models.Agreement)).all() == []
