"""Brings pages that follow the register up to date when somebody changes it, in this process or another."""

from __future__ import annotations

import logging
from typing import Final

import anyio
from anyio import to_thread

from data_access.store import failures
from pages.ui import data_edition, streamlit_internals
from web.garbage import Garbage

_LOOK_SECONDS: Final = 0.5
_RUN_SECONDS: Final = 5.0
_log = logging.getLogger("agreements.store")


async def watch(garbage: Garbage) -> None:
    """Until cancelled: look which edition the store holds as long as somebody follows it, and run the pages that show another.

    Two looks a second for all of them. Their pages are run one after another: the first works the figures out, and whoever
    is at work never waits behind more than one.
    """
    while True:
        await anyio.sleep(_LOOK_SECONDS)
        following = [tab for tab in streamlit_internals.open_tabs() if data_edition.followed_in(tab) is not None]
        if not following:
            continue
        try:
            held = await to_thread.run_sync(data_edition.read_edition)
        except failures.STORE_ERRORS as error:
            _log.warning("cannot see whether the register has changed: %s", failures.reason_of(error))
            continue
        for tab in following:
            if data_edition.followed_in(tab) not in (None, held.key) and streamlit_internals.is_at_rest(tab):
                garbage.heard()
                with anyio.move_on_after(_RUN_SECONDS):
                    await data_edition.bring_up_to_date(tab)
