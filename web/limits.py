"""How much of a process one browser, one account or one network may have at a time.

What is too much waits, and what would be kept while it waits is refused. Whoever reads pages as people do meets none of this.
"""

from __future__ import annotations

import contextlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Final

from aiolimiter import AsyncLimiter

MESSAGE_BYTES: Final = 1024 * 1024
"""The longest message over a websocket: a large table corrected by hand has some hundred kilobytes. Files take another way."""

MESSAGE_BYTES_SIGNED_OUT: Final = 16 * 1024
"""The longest before signing in: a name and a password."""

FILES_AT_ONCE: Final = 20
"""For so many files a browser may ask for addresses in one message."""

SOCKETS: Final = 2_000
SOCKETS_OF_KNOWN: Final = 60
"""Websockets of one account, or before signing in of one browser that an account was signed in to with."""

SOCKETS_SIGNED_OUT: Final = 1_000
SOCKETS_OF_NETWORK: Final = 200
"""Websockets before signing in of one network: a ministry has one address."""

_AT_ONCE_SECONDS: Final = 5.0
"""So many seconds' worth of runs may come at once."""

_OF_NETWORK: Final = 1.5
_SIGNED_OUT: Final = 3.0
"""What a network may run before signing in, and all of them together, in multiples of what an account may."""

_KEPT: Final = 10_000


class Sockets:
    """How many websockets are open, together and of whoever has them."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextlib.contextmanager
    def one_more(self, *, known: str | None, network: str) -> Iterator[bool]:
        """Whether one more may be opened; it counts until the block ends. For `known` and `network` see `Runs.wait`."""
        if known is not None:
            limits = {"all": SOCKETS, f"known {known}": SOCKETS_OF_KNOWN}
        else:
            limits = {"all": SOCKETS, "signed out": SOCKETS_SIGNED_OUT, f"network {network}": SOCKETS_OF_NETWORK}
        if any(self._open[key] >= most for key, most in limits.items()):
            yield False
            return
        self._open.update(limits.keys())
        try:
            yield True
        finally:
            self._open.subtract(limits.keys())
            for key in limits:
                if not self._open[key]:
                    del self._open[key]


class Runs:
    """How often pages are run: for whom we know, and for everybody else by network and all of them together.

    A run that comes too early waits its turn, and with it whatever the same browser says next. `per_second` is what an
    account may run for as long as it likes.
    """

    def __init__(self, per_second: float) -> None:
        self._at_once = per_second * _AT_ONCE_SECONDS
        self._of: OrderedDict[str, AsyncLimiter] = OrderedDict()
        self._signed_out = AsyncLimiter(self._at_once * _SIGNED_OUT, _AT_ONCE_SECONDS)

    async def wait(self, *, known: str | None, network: str) -> bool:
        """Return when it may go on; whether it had to wait.

        `known` is the account, or before signing in the browser, if an account was signed in to with it: a crowd of strangers
        must not keep its owner from the sign-in. None for anybody else.
        """
        if known is not None:
            return await _passed(self._limiter(f"known {known}", self._at_once))
        waited = await _passed(self._limiter(f"network {network}", self._at_once * _OF_NETWORK))
        return await _passed(self._signed_out) or waited

    def _limiter(self, key: str, at_once: float) -> AsyncLimiter:
        if key not in self._of:
            self._of[key] = AsyncLimiter(at_once, _AT_ONCE_SECONDS)
        self._of.move_to_end(key)
        if len(self._of) > _KEPT:
            self._of.popitem(last=False)
        return self._of[key]


async def _passed(limiter: AsyncLimiter) -> bool:
    has_to_wait = not limiter.has_capacity()
    await limiter.acquire()
    return has_to_wait
