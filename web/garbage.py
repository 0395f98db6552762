"""Collects garbage while nobody waits for a page.

Streamlit would do it after every run, a quarter of the time a run takes and more; `runner.postScriptGC` switches that off.
Python's own collector goes on, so nothing depends on this but how soon memory is given back.
"""

from __future__ import annotations

import gc
import resource
import time
from typing import Final

import anyio
from anyio import to_thread

_QUIET_SECONDS: Final = 1.0
_GROWTH_KB: Final = 200 * 1024


class Garbage:
    """When something was last said over a websocket, and what follows from it."""

    def __init__(self) -> None:
        self._heard_at = self._collected_at = time.monotonic()
        self._peak = _peak()

    def heard(self) -> None:
        """Somebody is at work."""
        self._heard_at = time.monotonic()

    def is_quiet(self, now: float, *, for_seconds: float = _QUIET_SECONDS) -> bool:
        """Whether nobody has been at work for so long."""
        return now - self._heard_at >= for_seconds

    def is_due(self, now: float) -> bool:
        """Whether nobody has been at work for a moment since the last time, or the process has grown a lot."""
        is_new = self._heard_at > self._collected_at
        return is_new and (self.is_quiet(now) or _peak() - self._peak >= _GROWTH_KB)

    def collect(self) -> None:
        """Once, now."""
        gc.collect()
        self._collected_at, self._peak = time.monotonic(), _peak()

    async def watch(self) -> None:
        """Until cancelled: collect whenever it is due."""
        while True:
            await anyio.sleep(_QUIET_SECONDS)
            if self.is_due(time.monotonic()):
                await to_thread.run_sync(self.collect)


def _peak() -> int:
    """The most memory this process has had, in KB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
