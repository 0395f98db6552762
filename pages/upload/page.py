"""Upload: an agency brings its agreements up to date, sees what it handed in, corrects what came back and can undo what it did."""

from __future__ import annotations

from pages.ui import cards, session
from pages.upload import SCREEN, behalf, confirm, correct, drafts, history, newer, sections
from pages.upload import batch as upload_batch

person = session.require(SCREEN)

person = behalf.acting(person)
drafts.take_up(person)
confirm.carry_out(person)
upload_batch.carry_out(person)
cards.page_header("upload.heading")
behalf.choose(person)
batches = behalf.own(person, history.batches_of(person))
corrects, opened = history.asked("correct"), history.asked("batch")
asked = opened if corrects is None else corrects
batch = None if asked is None else history.find(batches, asked)
confirm.show_receipt(person)
if batch is None or corrects is not None:
    drafts.offer(person)
if batch is not None and corrects is not None:
    correct.show(person, batch, batches)
elif batch is not None:
    upload_batch.show(person, batch, batches)
elif not person.hands_in_for:
    behalf.show_none(person)
    newer.show(person)
else:
    sections.show_returned(batches)
    if sections.choose_way() == "file":
        sections.show_template(person)
        sections.show_file(person)
    else:
        sections.show_form(person)
if batch is None:
    history.show(person, batches)
