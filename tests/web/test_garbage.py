"""Garbage is collected while nobody waits."""

from __future__ import annotations

import gc
import time
import weakref

import anyio
import pytest
import streamlit as st

from web import garbage
from web.garbage import Garbage


class Knot:
    """Refers to itself, so that counting references never frees it."""

    def __init__(self) -> None:
        self.own = self


def test_streamlit_leaves_it_to_us() -> None:
    assert st.get_option("runner.postScriptGC") is False


def test_it_is_due_once_after_somebody_was_at_work_and_not_while() -> None:
    watched = Garbage()
    assert not watched.is_due(time.monotonic() + 60)

    watched.heard()
    assert not watched.is_due(time.monotonic())
    assert watched.is_due(time.monotonic() + 1)

    watched.collect()
    assert not watched.is_due(time.monotonic() + 60)


def test_a_process_that_has_grown_a_lot_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Garbage()
    watched.heard()
    peak = garbage._peak()

    monkeypatch.setattr(garbage, "_peak", lambda: peak + 200 * 1024)

    assert watched.is_due(time.monotonic())


def test_watching_frees_what_nothing_refers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_QUIET_SECONDS", 0.01)
    watched = Garbage()
    gc.disable()
    try:
        knot = Knot()
        gone = weakref.ref(knot)
        del knot
        watched.heard()

        async def for_a_while() -> None:
            with anyio.move_on_after(5):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(watched.watch)
                    while gone() is not None:
                        await anyio.sleep(0.01)
                    tasks.cancel_scope.cancel()

        anyio.run(for_a_while)
    finally:
        gc.enable()

    assert gone() is None
