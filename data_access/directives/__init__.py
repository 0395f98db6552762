"""Directives given in the room, and escalations to whoever can settle them: given, answered, closed; asked, decided, returned.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. Nothing is deleted:
a step that is taken back stays, and nothing can be taken back that somebody built on.
"""

from data_access.directives.escalating import escalate, settle, withdraw
from data_access.directives.escalating import take_back as take_back_settlement
from data_access.directives.giving import direct, give, respond
from data_access.directives.giving import take_back as take_back_step
from data_access.directives.reading import (
    day_of,
    read,
    read_escalation_steps,
    read_escalations,
    read_steps,
)

__all__ = [
    "day_of",
    "direct",
    "escalate",
    "give",
    "read",
    "read_escalation_steps",
    "read_escalations",
    "read_steps",
    "respond",
    "settle",
    "take_back_settlement",
    "take_back_step",
    "withdraw",
]
