"""The store itself: opening it, working in it within a transaction, bringing it up to date, frames out and in.

`read_frame`, `snapshot` and `write_frame` are the bulk ways in and out; a session is for single rows.
"""

from data_access.store.arrow import Told, read_frame, snapshot, write_frame
from data_access.store.engine import (
    MIGRATIONS,
    Store,
    act_for,
    close,
    engine_of,
    get_engine,
    is_above_policies,
    migrate,
    own_drafts_only,
    reading,
    session,
    take_turn,
    whole_register,
)
from data_access.store.written_out import compile_statement

__all__ = [
    "MIGRATIONS",
    "Store",
    "Told",
    "act_for",
    "close",
    "compile_statement",
    "engine_of",
    "get_engine",
    "is_above_policies",
    "migrate",
    "own_drafts_only",
    "read_frame",
    "reading",
    "session",
    "snapshot",
    "take_turn",
    "whole_register",
    "write_frame",
]
