"""Every guard of the application with the test that misses it, in the order of `docs/security.md`."""

from __future__ import annotations

from tests.attacks.guards import desk, door, leaving, reading, roles, signing_in, starting
from tests.attacks.guards.guard import ROOT, Guard

__all__ = ["GUARDS", "ROOT", "Guard"]

GUARDS = (
    *door.GUARDS,
    *signing_in.GUARDS,
    *desk.GUARDS,
    *roles.GUARDS,
    *leaving.GUARDS,
    *reading.GUARDS,
    *starting.GUARDS,
)
