"""Review: what agencies sent waits here until a coordinator publishes it, or returns it with a reason; and everything handed in."""

from __future__ import annotations

from kpi.vocabulary import BatchStatus
from pages.review import SCREEN, decision, sections
from pages.review import batch as review_batch
from pages.review import newer as review_newer
from pages.ui import cards, session
from pages.upload import batch as upload_batch
from pages.upload import history

person = session.require(SCREEN)

decision.carry_out(person)
review_newer.carry_out(person)
upload_batch.carry_out(person)
cards.page_header("review.heading")
batches = history.batches_of(person)
asked = history.asked("batch")
batch = None if asked is None else history.find(batches, asked)
decision.show_receipt()
if batch is not None and batch["status"] == BatchStatus.WAITING and batch["agency"] is None:
    review_newer.show(person, batch, batches)
elif batch is not None and batch["status"] == BatchStatus.WAITING:
    review_batch.show(person, batch, batches)
elif batch is not None:
    upload_batch.show(person, batch, batches)
else:
    sections.show_queue()
    history.show(person, batches)
