"""Uploads in the store: what an agency's template is filled with, batches handed in, reviewed, applied and undone.

    current = current_rows(engine, agency)                         # for template, check_rows and compare of kpi.intake
    with store.session(engine) as session:                         # one transaction each: all of it or nothing
        handed_in = hand_in(session, actor=person, table=table, preview=preview)
    seen = review(engine, handed_in.waiting, agency=None)          # what waits, as it stands to the register by now
    with store.session(engine) as session:
        receipt = publish(session, actor=coordinator, review=seen)
    with store.session(engine) as session:
        receipt = undo(session, actor=person, batch_id=7)

`acting.Refused` says why something is not done; nothing is stored then.
"""

from data_access.updates.applying import apply
from data_access.updates.checking import giving_up, one_at_a_time, parted, preview_of, read_limits
from data_access.updates.handing_in import hand_in, withdraw
from data_access.updates.outcome import HandedIn, Receipt
from data_access.updates.pending import read_pending, read_pending_mark
from data_access.updates.queue import count_kinds, count_signs, count_waiting
from data_access.updates.reading import current_rows, list_batches, read_changes, read_uploads_of_file
from data_access.updates.reviewing import REASON_MAX, Review, list_waiting, publish, review, send_back
from data_access.updates.routes import Route, read_held, read_routes, write_routes
from data_access.updates.undoing import is_for_the_coordinator, undo

__all__ = [
    "REASON_MAX",
    "HandedIn",
    "Receipt",
    "Review",
    "Route",
    "apply",
    "count_kinds",
    "count_signs",
    "count_waiting",
    "current_rows",
    "giving_up",
    "hand_in",
    "is_for_the_coordinator",
    "list_batches",
    "list_waiting",
    "one_at_a_time",
    "parted",
    "preview_of",
    "publish",
    "read_changes",
    "read_held",
    "read_limits",
    "read_pending",
    "read_pending_mark",
    "read_routes",
    "read_uploads_of_file",
    "review",
    "send_back",
    "undo",
    "withdraw",
    "write_routes",
]
