"""Uploads in the store: what an agency's template is filled with, batches applied and undone.

    current = current_rows(engine, agency)                         # for template, check_rows and compare of kpi.intake
    with store.session(engine) as session:
        receipt = apply(session, actor=person, preview=preview)    # one transaction: all of it or nothing
    with store.session(engine) as session:
        receipt = undo(session, actor=person, batch_id=7)

`Refused` says why something is not done; nothing is stored then.
"""

from data_access.uploads.applying import apply
from data_access.uploads.outcome import Actor, Overlap, Receipt, Refused
from data_access.uploads.reading import current_rows, list_batches, read_changes, read_uploads_of_file
from data_access.uploads.undoing import undo

__all__ = [
    "Actor",
    "Overlap",
    "Receipt",
    "Refused",
    "apply",
    "current_rows",
    "list_batches",
    "read_changes",
    "read_uploads_of_file",
    "undo",
]
