"""Review: what agencies sent waits here until a coordinator publishes it, or returns it with a reason; and everything handed in."""

from __future__ import annotations

from pages.sections import review, review_batch, review_decision, upload_batch, upload_history
from pages.ui import cards, session

person = session.require(*upload_history.REVIEWERS)

review_decision.carry_out(person)
upload_batch.carry_out(person)
cards.page_header("review.heading")
batches = upload_history.batches_of(person)
asked = upload_history.asked("batch")
batch = None if asked is None else upload_history.find(batches, asked)
review_decision.show_receipt()
if batch is not None and batch["status"] == "waiting":
    review_batch.show(person, batch, batches)
elif batch is not None:
    upload_batch.show(person, batch, batches)
else:
    review.show_queue()
    upload_history.show(person, batches)
