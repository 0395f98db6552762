"""Works out what the overview of a new edition is made of, so that the first to open it does not wait for it."""

from __future__ import annotations

import logging
import time
from typing import Final

import anyio
from anyio import to_thread

from data_access.store import failures
from pages.overview import figures
from pages.ui import data_edition
from web.garbage import Garbage

_LOOK_SECONDS: Final = 2.0
_QUIET_SECONDS: Final = 5.0
_log = logging.getLogger("agreements.store")


async def watch(garbage: Garbage) -> None:
    """Until cancelled: prepare the edition the store holds, and every one that follows, as soon as nobody is at work.

    In one thread beside those that serve; whoever asks for a figure that is being worked out waits for it, and for no other.
    """
    prepared: tuple[str, int, str] | None = None
    while True:
        try:
            held = await to_thread.run_sync(data_edition.read_edition)
            if held.version and held.key != prepared and garbage.is_quiet(time.monotonic(), for_seconds=_QUIET_SECONDS):
                await to_thread.run_sync(figures.prepare, held, abandon_on_cancel=True)  # nobody waits for it to stop
                prepared = held.key
        except failures.STORE_ERRORS as error:
            _log.warning("cannot prepare the overview: %s", failures.reason_of(error))
        await anyio.sleep(_LOOK_SECONDS)
