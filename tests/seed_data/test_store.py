"""The registers that are made here are as declared, and a register that is not does not get into a store."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from sqlmodel import select

from data_access import store
from data_access.register import read_register
from data_access.store import models
from kpi import facts as kpi_facts
from kpi import frames
from kpi import register as kpi_register
from kpi.facts import columns
from seed_data import demo, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.store import fill, folded_from
from tests.seed_data import invented_worldbank


@pytest.mark.parametrize("name", ["demo", "worldbank"])
def test_registers_and_their_facts_are_as_declared(name: str) -> None:
    made = RegisterFrames(demo.frames()) if name == "demo" else invented_worldbank.register()
    register = folded_from(made, reference.frames())

    kpi_register.check(register)
    for as_of in (dt.date(2026, 1, 14), dt.date(2025, 3, 31), dt.date(2019, 6, 30), dt.date(1980, 1, 1)):
        facts = kpi_facts.build(register, as_of)
        for frame, declared in columns.DECLARED.items():
            frames.check(declared, getattr(facts, frame))


def in_parts(whole: RegisterFrames) -> list[RegisterFrames]:
    """The same register in two parts, each with all that belongs to its agreements."""
    own = {name: frame for name, frame in whole.frames.items() if {"agreement_id", "ref"} & set(frame.columns)}
    late = {name: pl.col("agreement_id" if "agreement_id" in own[name].columns else "id") > 200 for name in own}
    first = {name: frame.filter(~late[name]) if name in late else frame for name, frame in whole.frames.items()}
    return [RegisterFrames(first), RegisterFrames({name: own[name].filter(late[name]) for name in own})]


def test_a_register_in_parts_is_stored_as_the_whole_of_it(engine: sa.Engine) -> None:
    whole, told = invented_worldbank.register(), list[int]()
    first, further = in_parts(whole)

    with store.session(engine) as session:
        fill(session, actor="test", register=first, origin="worldbank", further=[further], told=told.append)

    stored, meant = read_register(engine), folded_from(whole, reference.frames())
    for name in kpi_register.DECLARED:
        assert_frame_equal(getattr(stored, name), getattr(meant, name), check_row_order=False, check_column_order=False)
    rows = {name: frame.height for name, frame in whole.frames.items()}
    assert sum(told) == sum(rows.values())
    detail = store.read_frame(engine, select(models.AuditEntry.detail)).item()
    assert rows.items() <= json.loads(detail).items()


@pytest.mark.parametrize("spoilt_part", [0, 1])
def test_a_register_that_is_not_as_declared_is_not_stored(sqlite_engine: sa.Engine, spoilt_part: int) -> None:
    parts = in_parts(invented_worldbank.register())
    spoilt = parts[spoilt_part].frames["StatusEvent"].with_columns(state=pl.lit("IN_THE_POST"))
    parts[spoilt_part] = RegisterFrames({**parts[spoilt_part].frames, "StatusEvent": spoilt})

    with (
        pytest.raises(ValueError, match=r"StatusEvents"),
        store.session(sqlite_engine) as session,
    ):
        fill(session, actor="manage.py", register=parts[0], origin="worldbank", further=parts[1:])

    with store.session(sqlite_engine, read_only=True) as session:
        assert session.exec(select(models.Agreement)).all() == []
