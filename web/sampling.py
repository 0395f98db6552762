"""Announces and draws samples of claims when their time has come, so that it hangs on nobody's remembering."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Final

import anyio
from anyio import to_thread

from data_access import samples
from data_access.clock import today
from data_access.store import failures
from pages.ui import data_edition

_LOOK_SECONDS: Final = 60.0
_log = logging.getLogger("agreements.store")


async def watch() -> None:
    """Until cancelled: keep the samples up with the reporting calendar, whenever a day has begun or the register has changed.

    Every process looks; whichever is first does it, and the others find it done.
    """
    seen: tuple[tuple[str, int, str], dt.date] | None = None
    while True:
        try:
            held = await to_thread.run_sync(data_edition.read_edition)
            now = (held.key, today(None))
            if held.version and now != seen:
                await to_thread.run_sync(samples.keep_up, data_edition.store())
                seen = now
        except failures.STORE_ERRORS as error:
            _log.warning("cannot keep samples up: %s", failures.reason_of(error))
        await anyio.sleep(_LOOK_SECONDS)
